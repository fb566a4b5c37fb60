"""The table of results: two lines a row, keys of its own, columns that can be hidden."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)
from typing_extensions import override

from advisor.ui import theme
from advisor.ui.models.columns import COLUMNS
from advisor.ui.models.results_model import PICK_ROLE, SECOND_LINE_ROLE, VERDICT_ROLE, ResultsModel

FITTED_ROWS = 40
"""Rows whose texts decide how wide the columns are."""
Index = QModelIndex | QPersistentModelIndex


class TwoLineDelegate(QStyledItemDelegate):
    """Paints a value, and below it, smaller, its range or more words."""

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        item = QStyleOptionViewItem(option)
        self.initStyleOption(item, index)
        words, item.text = item.text, ""
        style = item.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, item, painter, item.widget)
        colours = theme.of(item.palette)
        chosen = bool(item.state & QStyle.StateFlag.State_Selected)
        first, second = self._colours(item, index, colours, chosen=chosen)
        unit = theme.unit_px(item.widget)
        area = item.rect.adjusted(unit, unit // 2, -unit, -unit // 2)
        below = index.data(SECOND_LINE_ROLE) or ""
        side = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole)) & Qt.AlignmentFlag.AlignHorizontal_Mask
        upper = QRect(area.topLeft(), QSize(area.width(), area.height() // 2)) if below else area
        font = item.font
        if index.data(PICK_ROLE) and index.column() < 2:
            font.setWeight(font.Weight.DemiBold)
        _draw(painter, upper, words, first, side, font)
        if below:
            lower = QRect(QPoint(area.left(), area.top() + area.height() // 2), upper.size())
            _draw(painter, lower, below, second, side, theme.scaled_font("small"))

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        unit = theme.unit_px(option.widget)
        return QSize(12 * unit, option.fontMetrics.height() * 2 + unit)

    def _colours(
        self, item: QStyleOptionViewItem, index: Index, colours: theme.Theme, *, chosen: bool
    ) -> tuple[QColor, QColor]:
        if chosen:
            text = item.palette.color(QPalette.ColorRole.HighlightedText)
            return text, text
        verdict = index.data(VERDICT_ROLE)
        return QColor(theme.verdict_colour(colours, verdict) if verdict else colours.text), QColor(colours.muted)


def _draw(painter: QPainter, area: QRect, words: str, colour: QColor, side: Qt.AlignmentFlag, font: QFont) -> None:
    painter.save()
    painter.setFont(font)
    painter.setPen(colour)
    shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter), shown)
    painter.restore()


class ResultsView(QTableView):
    """The table.

    Signals:
        selected: index of a candidate.
        pin_requested: index of a candidate.
        measure_requested: index of a candidate.
    """

    selected = Signal(int)
    pin_requested = Signal(int)
    measure_requested = Signal(int)

    def __init__(self, model: ResultsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.results = model
        self.setAccessibleName("Results")
        self.setItemDelegate(TwoLineDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setHighlightSections(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header_menu_requested)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self._natural_px = [0] * len(COLUMNS)
        self._show_default_columns()
        self.fit()

    def fit(self) -> None:
        """Set row height and column widths from the font and from what the first rows say."""
        metrics, unit = self.fontMetrics(), theme.unit_px(self)
        small = QFontMetrics(theme.scaled_font("small"))
        self.verticalHeader().setDefaultSectionSize(metrics.height() * 2 + unit)
        rows = [self.results.row_at(place) for place in range(min(FITTED_ROWS, self.results.rowCount()))]
        for place, column in enumerate(COLUMNS):
            widths = [metrics.horizontalAdvance(line) for line in column.title.split("\n")]
            for row in rows if not self.isColumnHidden(place) or column.use is None else ():
                if row is not None:
                    upper, lower = self.results.texts(column, row)
                    widths += [metrics.horizontalAdvance(upper), small.horizontalAdvance(lower)]
            limit = metrics.averageCharWidth() * column.width_chars
            self._natural_px[place] = min(max(widths), limit) + round(2.5 * unit)
        self._use_spare_room()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._use_spare_room()

    def _use_spare_room(self) -> None:
        """Share the room that is left among the columns; where it is short, the model's name gives some."""
        shown = [place for place in range(len(COLUMNS)) if not self.isColumnHidden(place)]
        spare_px = self.viewport().width() - sum(self._natural_px[place] for place in shown)
        model, share_px = self.results.column_of("model"), max(0, spare_px) // (len(shown) + 2)
        for place in shown:
            self.setColumnWidth(place, self._natural_px[place] + share_px)
        rest_px = spare_px - share_px * (len(shown) - 1)
        self.setColumnWidth(model, max(24 * theme.unit_px(self), self._natural_px[model] + rest_px))

    def show_columns(self, hidden: dict[str, bool]) -> None:
        """Hide or show columns by key."""
        for key, away in hidden.items():
            self.setColumnHidden(self.results.column_of(key), away)
        self._use_spare_room()

    def show_selected(self, index: int | None) -> None:
        """Select the row of a candidate without asking for it again."""
        place = self.results.place_of(index) if index is not None else -1
        current = self.currentIndex()
        if place < 0 or (current.isValid() and current.row() == place and self.selectionModel().hasSelection()):
            return
        self.selectRow(place)
        self.scrollTo(self.results.index(place, 0))

    @override
    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        row = self.results.row_at(current.row()) if current.isValid() else None
        if row is not None:
            self.selected.emit(row.index)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.results.row_at(self.currentIndex().row())
        if event.key() == Qt.Key.Key_Space and row is not None:
            self.pin_requested.emit(row.index)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    @Slot()
    def copy(self) -> None:
        """Put the chosen rows on the clipboard."""
        places = sorted({index.row() for index in self.selectionModel().selectedRows()})
        QGuiApplication.clipboard().setText(self.results.as_tsv(places))

    @override
    def contextMenuEvent(self, event: object) -> None:
        row = self.results.row_at(self.currentIndex().row())
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, signal in (
            ("Pin or unpin for comparison", self.pin_requested),
            ("Measure it", self.measure_requested),
        ):
            action = menu.addAction(words)
            action.setData((signal, row.index))
            action.triggered.connect(self._on_row_action_triggered)
        menu.addAction("Copy the chosen rows").triggered.connect(self.copy)
        menu.popup(event.globalPos())  # type: ignore[attr-defined]

    def _show_default_columns(self) -> None:
        for place, column in enumerate(COLUMNS):
            self.setColumnHidden(place, column.hidden)

    @Slot()
    def _on_row_action_triggered(self) -> None:
        signal, index = self.sender().data()  # type: ignore[attr-defined]
        signal.emit(index)

    @Slot(QPoint)
    def _on_header_menu_requested(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self.column_actions(menu):
            menu.addAction(action)
        menu.popup(self.horizontalHeader().mapToGlobal(place))

    def column_actions(self, parent: QWidget) -> list[QAction]:
        """Return one checkable action a column, for menus."""
        actions = []
        for place, column in enumerate(COLUMNS[2:], start=2):
            action = QAction(column.title.replace("\n", " "), parent)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setData(place)
            action.toggled.connect(self._on_column_toggled)
            actions.append(action)
        return actions

    @Slot(bool)
    def _on_column_toggled(self, shown: bool) -> None:
        self.setColumnHidden(int(self.sender().data()), not shown)  # type: ignore[attr-defined]
        self.fit()
