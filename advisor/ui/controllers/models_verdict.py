"""Whether a model of the user's fits this computer: the same estimate as everywhere, called in a worker."""

import contextlib
from typing import TYPE_CHECKING

import msgspec

from advisor.errors import StorageError
from advisor.estimate.model import Verdict
from advisor.evidence import Quantity
from advisor.hardware.model import HardwareProfile
from advisor.settings import Settings
from advisor.ui.controllers.speeds import calibration_of

if TYPE_CHECKING:
    from advisor.catalog.model import Format, ModelCard
    from advisor.estimate.model import Estimate

NOT_INSPECTED = "Whether it fits is not known: this computer has not been inspected yet."


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict in words, and the figures behind it."""

    verdict: Verdict
    sentence: str
    figures: tuple[tuple[str, Quantity], ...] = ()


def judged(
    card: "ModelCard | None", format_id: str | None, profile: HardwareProfile | None, settings: Settings, *,
    weight_bytes: int, container: str,
) -> Judgement:  # fmt: skip
    """Return whether a model fits.

    Args:
        card: made from its headers; without one only its weights are held against the free memory.
        format_id: how its files hold it; the nearest that can be estimated where that is not known.
        profile: of the computer that is planned for.
        settings: the memory kept free.
        weight_bytes: [B] Of its weights as they are stored.
        container: `gguf`, `safetensors`, `onnx` or `genai`.
    """
    from advisor.report import wording

    if profile is None:
        return Judgement(verdict="unknown", sentence=NOT_INSPECTED)
    form = _format(card, format_id, weight_bytes, container) if card is not None else None
    if card is None or form is None:
        return _by_weights(weight_bytes, profile, settings)
    found = _estimate(card, form, profile, settings)
    as_stored = "" if form.id == format_id else ", the nearest format that can be estimated"
    speed = (("Speed", found.rate), ("Time per query", found.time_per_query))
    return Judgement(
        verdict=found.verdict,
        sentence=f"{wording.verdict_sentence(found)}, as {wording.format_label(form.id)}{as_stored}.",
        figures=(("Memory, peak", found.memory), *(item for item in speed if item[1].value is not None)),
    )


def _format(card: "ModelCard", format_id: str | None, weight_bytes: int, container: str) -> "Format | None":
    """Return the format of that name, else the one of the same kind of file with about as many bits a weight."""
    from advisor.catalog import formats

    possible = formats.applicable(card)
    named = next((item for item in possible if item.id == format_id), None)
    if named is not None or not possible:
        return named
    bits = 8 * weight_bytes / max(1, card.num_parameters() or 1)
    kind = "onnx" if container == "genai" else container

    def distance(item: "Format") -> tuple[bool, float]:
        return not item.id.startswith(kind), abs(item.linear_bits - bits)

    return min(possible, key=distance)


def _estimate(card: "ModelCard", form: "Format", profile: HardwareProfile, settings: Settings) -> "Estimate":
    from advisor.catalog.model import Candidate
    from advisor.estimate import estimator, roofs
    from advisor.probe.calibration_plan import runtime_version
    from advisor.recommend import single

    candidate = Candidate(model=card, format=form)
    calibration = None
    with contextlib.suppress(StorageError):  # said where the history is shown
        calibration = calibration_of(profile)
    limits = roofs.from_profile(
        profile, reserve_bytes=settings.memory_reserve_bytes, calibration=calibration, runtime_version=runtime_version()
    )
    return estimator.estimate(candidate, single.workload(candidate, None, {}), limits, None)


def _by_weights(weight_bytes: int, profile: HardwareProfile, settings: Settings) -> Judgement:
    """Return what the weights alone tell: too many is too many, whatever else is needed."""
    from advisor import units

    free = profile.memory.available_bytes.value
    if free is None:
        return Judgement(verdict="unknown", sentence="Whether it fits is not known: the free memory is not known.")
    left = max(0, free - settings.memory_reserve_bytes)
    numbers = f"its weights alone are {units.size(weight_bytes)}, {units.size(left)} are free"
    if weight_bytes > left:
        return Judgement(verdict="does-not-fit", sentence=f"Does not fit: {numbers}.")
    return Judgement(verdict="unknown", sentence=f"Whether it fits is not known: {numbers}.")
