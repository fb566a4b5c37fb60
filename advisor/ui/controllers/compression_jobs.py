"""What measuring compression needs of the domain: functions that import what they need, called in a worker."""

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from advisor import paths
from advisor.errors import AdvisorError
from advisor.evaluate.compression_plan import KIND, TIME_LIMIT_S, CompressionPlan, CompressionResult, CompressionResults
from advisor.hardware.model import HardwareProfile
from advisor.ui.compression_state import HereModel, MeasureChoice
from advisor.ui.controllers.speeds import HISTORY_FILE

ORIGINAL = "onnx-fp32"
OWN = "\x1fown"
"""Key of the folders that the user chose."""
NUM_LARGEST = 8
TIMEOUT_S = 3 * TIME_LIMIT_S + 120
"""[s] The least that is read may take longer than the limit: the job ends by itself, this is for one that hangs."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What can be measured."""

    choices: tuple[MeasureChoice, ...]
    here: tuple[HereModel, ...]
    codes: tuple[str, ...]
    largest: tuple[str, ...]
    num_sentences: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Results that were put into the history."""

    results: tuple[CompressionResult, ...]
    """Newest first, as the history returns them."""
    done: str
    trouble: str
    """Why they are not kept; empty where they are."""


def look() -> Looked:
    """Look at the converted models and at the texts. Raises: InvalidFileError."""
    from advisor.convert import shelf
    from advisor.evaluate import sample

    here = tuple(
        HereModel(folder=item.folder, model=item.model_id, format=item.format_id)
        for item in shelf.models()
        if not item.problem and item.format_id.startswith("onnx-")
    )
    texts = sample.load().languages
    largest = sorted(texts, key=lambda item: -item.resource_class)[:NUM_LARGEST]
    return Looked(
        choices=choices(here), here=here, codes=tuple(item.code for item in texts),
        largest=tuple(item.code for item in largest), num_sentences=min(len(item.sentences) for item in texts),
    )  # fmt: skip


def choices(here: Iterable[HereModel]) -> tuple[MeasureChoice, ...]:
    """Return a choice a model: those that can be measured first, each by name."""
    ordered = sorted(here, key=lambda item: (item.model, item.format))
    found = [_choice(model, tuple(group)) for model, group in itertools.groupby(ordered, lambda item: item.model)]
    return tuple(sorted(found, key=lambda item: bool(item.why_not)))


def _choice(model: str, group: Sequence[HereModel]) -> MeasureChoice:
    from advisor.report import compression_start as words
    from advisor.report import wording

    original = next((item for item in group if item.format == ORIGINAL), None)
    others = tuple(item for item in group if item.format != ORIGINAL)
    why_not = words.NO_ORIGINAL if original is None else "" if others else words.NO_COMPRESSED
    labels = tuple(wording.format_label(item.format) for item in others)
    return MeasureChoice(
        key=model, name=model, reference=original.folder if original is not None else "",
        compressed=tuple(item.folder for item in others), why_not=why_not,
        what="" if why_not else words.formats(wording.format_label(ORIGINAL), labels),
    )  # fmt: skip


def own_folders(reference: str, compressed: str) -> MeasureChoice:
    """Return the choice for folders of the user; the child says what is wrong with them."""
    from advisor.report import compression_start as words

    first, second = Path(reference), Path(compressed)
    return MeasureChoice(
        key=OWN, name=words.OWN_NAME.format(name=first.name), reference=reference, compressed=(compressed,),
        what=words.formats(str(first), (str(second),)), why_not=words.SAME_FOLDER if first == second else "",
    )  # fmt: skip


def request(choice: MeasureChoice, languages: Sequence[str], profile: HardwareProfile) -> bytes:
    """Return what the child is asked."""
    from advisor.probe import planner, threads

    return msgspec.json.encode(
        CompressionPlan(
            reference=choice.reference, compressed=choice.compressed, languages=tuple(languages),
            num_threads=threads.usual(profile), memory_free_bytes=planner.usable_bytes(profile),
            scratch=str(paths.work_folder() / "compression"), fingerprint=profile.fingerprint,
        )
    )  # fmt: skip


def keep(answer: bytes) -> Kept:
    """Keep the child's results in the history; one that cannot be written is said. Raises: msgspec.DecodeError."""
    from advisor.report import compression_start as words

    results = msgspec.json.decode(answer, type=CompressionResults).results
    done = words.kept(results[0].model, len(results))
    return Kept(results=results[::-1], done=done, trouble=_trouble(results))


def _trouble(results: Sequence[CompressionResult]) -> str:
    from advisor.history.store import History

    try:
        history = History(paths.data_folder() / HISTORY_FILE).open()
        try:
            for item in results:
                history.add_evaluation(KIND, item)
        finally:
            history.close()
    except AdvisorError as error:
        return f"Shown, but not kept: {error.sentence()}"
    return ""


def progress_words(detail: str, done_share: float) -> str:
    """Return what the child does now."""
    from advisor.report import compression as words

    return words.progress(detail, done_share)
