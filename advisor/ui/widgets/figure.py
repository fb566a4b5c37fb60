"""Figures: value, range and evidence together; and the verdict with its sign, word and colour."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from advisor.estimate.model import Verdict
from advisor.evidence import Quantity
from advisor.report import wording
from advisor.ui import theme
from advisor.ui.widgets import text


class EvidenceBadge(QLabel):
    """The evidence word; its tooltip says what it means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "badge")
        self.setFont(theme.scaled_font("small"))

    def show_evidence(self, item: Quantity) -> None:
        """Show how a figure was obtained."""
        self.setText(wording.evidence_word(item.evidence))
        self.setToolTip(f"{wording.evidence_help(item.evidence)} {item.basis}")


class FigureTile(QWidget):
    """One figure as people read it: what, how much, between what, how known."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        unit = theme.unit_px(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(unit // 4)
        self.title = text.label(title, level="small", role="muted")
        self.value = text.selectable(text.label(level="figure"))
        self.span = text.label(level="small", role="muted")
        self.badge = EvidenceBadge()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.badge)
        row.addStretch(1)
        for widget in (self.title, self.value, self.span):
            layout.addWidget(widget)
        layout.addLayout(row)

    def show_quantity(self, item: Quantity, *, title: str | None = None) -> None:
        """Show a figure with its range and evidence."""
        if title is not None:
            self.title.setText(title)
        span = wording.value_range(item)
        self.value.setText(wording.amount(item))
        self.span.setText(span if item.value is not None else "")
        self.span.setVisible(bool(span) and item.value is not None)
        self.badge.setVisible(True)
        self.badge.show_evidence(item)
        self.setToolTip(item.basis)
        self.setAccessibleName(f"{self.title.text()}: {wording.figure(item)}, {wording.evidence_word(item.evidence)}")

    def show_words(self, value: str, span: str, tip: str = "") -> None:
        """Show something that is no quantity, in the same shape."""
        self.value.setText(value)
        self.span.setText(span)
        self.span.setVisible(bool(span))
        self.badge.setVisible(False)
        self.setToolTip(tip)
        self.setAccessibleName(f"{self.title.text()}: {value} {span}".strip())


class VerdictLabel(QLabel):
    """Sign, word and colour: never colour alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(theme.scaled_font("heading"))

    def show_verdict(self, verdict: Verdict) -> None:
        """Show a verdict."""
        self.setText(wording.verdict_label(verdict))
        self.setToolTip(wording.verdict_help(verdict))
        text.restyle(self, "verdict", verdict)
