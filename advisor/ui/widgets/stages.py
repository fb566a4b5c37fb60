"""The stages of a probe in a row: done, now, to come."""

from typing import get_args

from PySide6.QtWidgets import QHBoxLayout, QWidget

from advisor.child.protocol import Stage
from advisor.report import wording
from advisor.ui import theme
from advisor.ui.widgets import text

STAGES: tuple[str, ...] = get_args(Stage)


class StageStrip(QWidget):
    """Names of the stages, the present one marked by sign and colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3 * theme.unit_px(self))
        self._labels = {stage: text.label() for stage in STAGES}
        for label in self._labels.values():
            layout.addWidget(label)
        layout.addStretch(1)
        self.show_stage("", finished=False)

    def show_stage(self, stage: str, *, finished: bool) -> None:
        """Mark a stage; all are done when the probe has finished."""
        now = len(STAGES) if finished else (STAGES.index(stage) if stage in STAGES else -1)
        for place, (name, label) in enumerate(self._labels.items()):
            sign = "✓" if place < now else "●" if place == now else "○"
            label.setText(f"{sign} {wording.stage_name(name)}")
            text.restyle(label, "role", "accent" if place == now else "muted")
        current = wording.stage_name(STAGES[now]) if 0 <= now < len(STAGES) else "done" if finished else "not started"
        self.setAccessibleName(f"Stage: {current}")
