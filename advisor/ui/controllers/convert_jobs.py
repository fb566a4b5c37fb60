"""What a conversion in the window needs of the domain: functions that import what they need, called in a worker."""

from typing import TYPE_CHECKING, Any

import msgspec

from advisor.errors import AdvisorError
from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.models_verdict import judged
from advisor.ui.models_state import ModelView, WorkPlan

if TYPE_CHECKING:
    from advisor.convert.plan import ConvertPlan


def plan(view: ModelView, format_id: str, method: str, profile: HardwareProfile | None, settings: Settings) -> WorkPlan:
    """Return what converting a model takes, and whether the result fits; errors as `convert.plan.plan`."""
    from advisor.convert import plan as plans
    from advisor.report import own_models as words

    own: Any = view.own
    request = plans.ConvertRequest(
        source=view.path, model_id=own.hub_id if own is not None else None, format_id=format_id,
        revision=own.commit if own is not None else None, licence=own.card.licence if own is not None else None,
        method=msgspec.convert(method if format_id in plans.IN_BLOCKS else "rtn", plans.Method),
    )  # fmt: skip
    found = plans.plan(request)
    verdict = judged(
        own.card if own is not None else None, format_id, profile, settings,
        weight_bytes=int(found.size.value or 0), container="onnx",
    )  # fmt: skip
    python, why_not = _tools()
    return WorkPlan(
        facts=tuple(words.convert_facts(found)), verdict=verdict.verdict, verdict_sentence=verdict.sentence,
        why_not=_refusal(found, profile) or why_not, request=msgspec.json.encode(request), python=python,
        notes=found.notes,
    )  # fmt: skip


def converted(answer: bytes) -> tuple[str, str]:
    """Return what a finished conversion made, in a sentence, and the folder it lies in."""
    from advisor.convert.plan import ConvertResult
    from advisor.report import conversion as words

    result = msgspec.json.decode(answer, type=ConvertResult)
    return f"{words.done_sentence(result)} {words.check_sentence(result.provenance.check)}", result.folder


def _refusal(found: "ConvertPlan", profile: HardwareProfile | None) -> str:
    from advisor.convert import plan as plans

    free = profile.memory.available_bytes.value if profile is not None else None
    try:
        plans.check(found, memory_bytes=free)
    except AdvisorError as error:
        return error.sentence()
    return ""


def _tools() -> tuple[str, str]:
    """Return the Python that converts, and why there is none."""
    import sys

    from advisor.convert import tools

    try:
        python = tools.interpreter()
    except AdvisorError as error:
        return "", error.sentence()
    return "" if python == sys.executable else python, ""
