"""A conversion: into which format and how, what that takes, how far it is."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QWidget
from typing_extensions import override

from advisor.report import conversion, wording
from advisor.ui import theme
from advisor.ui.models_state import ConvertState, WorkState
from advisor.ui.widgets.controls import ChoiceControl, LabelledField
from advisor.ui.widgets.work_card import WorkCard

FORMATS = ("onnx-int4-b32", "onnx-int4-b128", "onnx-int8", "onnx-int8-dynamic", "onnx-fp32")
METHODS = tuple((name, words[:1].upper() + words[1:]) for name, words in conversion.METHOD_WORDS.items())


class ConvertCard(WorkCard):
    """Choices above the plan.

    Signals:
        plan_requested: format and method to plan for.
    """

    plan_requested = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        direction = QBoxLayout.Direction
        super().__init__("Conversion", "&Start the conversion", "Convert it anyway", parent)
        self.choices = QWidget()
        row = QBoxLayout(direction.TopToBottom if theme.is_wide_text(self) else direction.LeftToRight, self.choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * theme.unit_px(self))
        self.format = ChoiceControl("format", tuple((name, wording.format_label(name)) for name in FORMATS))
        self.method = ChoiceControl("method", METHODS)
        for control in (self.format, self.method):
            control.setMinimumContentsLength(24)
            control.chosen.connect(self._on_chosen)
        row.addWidget(LabelledField("For&mat", self.format))
        row.addWidget(LabelledField("How weights are &rounded", self.method))
        row.addStretch(1)
        self.top.addWidget(self.choices)

    @override
    def show_state(self, state: WorkState, why_not: str) -> None:
        super().show_state(state, why_not)
        if isinstance(state, ConvertState):
            self.choices.setVisible(state.phase in ("planning", "planned"))
            self.format.show_value(state.format_id)
            self.method.show_value(state.method)

    @Slot(str, object)
    def _on_chosen(self, _field: str, _value: object) -> None:
        self.plan_requested.emit(FORMATS[self.format.currentIndex()], METHODS[self.method.currentIndex()][0])
