"""About: version, licence, and every component with its licence text, searchable."""

from PySide6.QtCore import QItemSelection, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from advisor.installed.components import Component, Components
from advisor.report import about as words
from advisor.ui import theme
from advisor.ui.models.simple_table import Cell, SimpleTableModel

LOADING = "Reading what this installation is made of..."
CHOOSE = "Choose a component to read its licence."


class AboutDialog(QDialog):
    """Does not block. The components come later: they are read by a worker."""

    def __init__(self, update_sentence: str, parent: QWidget | None = None) -> None:
        """Build it.

        Args:
            update_sentence: what is known of newer versions; empty when it was never looked.
            parent: Qt parent.
        """
        super().__init__(parent)
        self.setWindowTitle("About Model Fit Advisor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        unit = theme.unit_px(self)
        self.resize(QSize(120 * unit, 76 * unit).boundedTo(self.screen().availableSize() * 0.9))
        layout = QVBoxLayout(self)
        layout.setSpacing(unit)
        heading = _label(words.version_sentence())
        heading.setFont(theme.scaled_font("heading"))
        layout.addWidget(heading)
        told = (words.WHAT, f"{words.LICENCE} {words.SENDS_NOTHING}", update_sentence)
        for sentence in filter(None, told):
            layout.addWidget(_label(sentence))
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name or licence")
        self.filter.setAccessibleName("Filter the components")
        self.filter.setClearButtonEnabled(True)
        self.filter.setEnabled(False)
        self.filter.textChanged.connect(self._on_filter_changed)
        layout.addWidget(self.filter)
        layout.addWidget(self._build_halves(), 1)
        layout.addWidget(self._build_buttons())
        self._components: Components | None = None
        self._shown: tuple[Component, ...] = ()

    def show_components(self, components: Components) -> None:
        """Fill the table."""
        self._components = components
        self.filter.setEnabled(True)
        self.licence.setPlainText(CHOOSE)
        self._fill("")
        self.filter.setFocus()

    def show_error(self, sentence: str) -> None:
        """Say in place why there is no list."""
        self.licence.setPlainText(sentence)

    def _build_halves(self) -> QSplitter:
        self.model = SimpleTableModel(words.TITLES, (), self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setAccessibleName("Components")
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setAlternatingRowColors(True)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        header = self.view.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(words.TITLES.index("Licence"), QHeaderView.ResizeMode.Stretch)
        self.view.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.licence = QPlainTextEdit(LOADING)
        self.licence.setReadOnly(True)
        self.licence.setAccessibleName("Licence of the chosen component")
        self.licence.setTabChangesFocus(True)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(self.view)
        halves.addWidget(self.licence)
        halves.setChildrenCollapsible(False)
        halves.setSizes([580, 420])  # px, of which only the ratio counts
        return halves

    def _build_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("&Copy details", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Versions and system, for a report of a fault")
        self.copy.clicked.connect(self._on_copy_clicked)
        buttons.rejected.connect(self.reject)
        return buttons

    def _fill(self, wanted: str) -> None:
        if self._components is None:
            return
        pairs = zip(self._components.components, words.rows(self._components), strict=True)
        kept = [(item, row) for item, row in pairs if wanted.casefold() in " ".join(row).casefold()]
        self._shown = tuple(item for item, _ in kept)
        self.model.show_rows(words.TITLES, tuple(tuple(Cell(text=said, tip=said) for said in row) for _, row in kept))

    @Slot(str)
    def _on_filter_changed(self, wanted: str) -> None:
        self._fill(wanted.strip())

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _now: QItemSelection, _before: QItemSelection) -> None:
        rows = self.view.selectionModel().selectedRows()
        if rows and self._components is not None:
            self.licence.setPlainText(words.text_words(self._components, self._shown[rows[0].row()]))

    @Slot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(words.details(self._components))


def _label(sentence: str) -> QLabel:
    made = QLabel(sentence)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made
