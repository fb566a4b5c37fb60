"""The fields of the task page as data: what each sets, its words, its unit, and for which kinds of task it matters."""

from collections.abc import Callable

import msgspec

from advisor import units
from advisor.report import wording
from advisor.task.model import TASK_KINDS
from advisor.ui.widgets.controls import NOT_SAID, ChoiceControl, Control, NumberControl, WordsControl

_WRITING = frozenset({"generation", "summarization", "translation", "question-answering", "image-text"})
_LABELLING = frozenset(
    {
        "text-classification",
        "zero-shot-classification",
        "token-classification",
        "image-classification",
        "object-detection",
    }
)
_SEARCHING = frozenset({"sentence-embedding", "reranking", "question-answering"})
_SPEAKING = frozenset({"speech-recognition", "speech-synthesis"})
_READING = frozenset(TASK_KINDS) - {"image-classification", "object-detection", "speech-recognition"}
_ALL = frozenset(TASK_KINDS)


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One field."""

    field: str
    words: str
    group: str
    make: Callable[[], Control]
    kinds: frozenset[str] = _ALL
    hint: str = ""
    usual_unit: str = ""
    """Unit behind the usual value; empty when there is none to show."""


def _number(field: str, suffix: str, *, maximum: float = 10_000_000) -> Callable[[], Control]:
    return lambda: NumberControl(field, suffix=suffix, maximum=maximum)


def _gibibytes(field: str) -> Callable[[], Control]:
    def make() -> Control:
        return NumberControl(field, suffix=" GiB", maximum=100_000, decimals=1, factor=units.GIB)

    return make


def _seconds(field: str) -> Callable[[], Control]:
    return lambda: NumberControl(field, suffix=" s", maximum=1_000_000, decimals=2)


def _choice(field: str, *choices: tuple[str | None, str]) -> Callable[[], Control]:
    return lambda: ChoiceControl(field, choices)


def _languages(field: str, names: dict[str, str]) -> Callable[[], Control]:
    return lambda: WordsControl(field, names)


WHAT, SIZE, NEEDS, WHERE = "What", "Size of one query", "What it must do", "Where it runs"
GROUPS = (WHAT, SIZE, NEEDS, WHERE)
_TOKENS = "A token is about three quarters of an English word."


def fields(languages: dict[str, str]) -> tuple[FieldInfo, ...]:
    """Return all fields in order.

    Args:
        languages: name by code.
    """
    kinds = ((None, "Read from the words"), *((kind, wording.kind_label(kind)) for kind in TASK_KINDS))
    return (
        FieldInfo(field="kind", words="&Kind of task", group=WHAT, make=_choice("kind", *kinds)),
        FieldInfo(
            field="languages", words="&Languages", group=WHAT, make=_languages("languages", languages),
            hint="Names separated by commas, for example German, Hindi",
        ),
        FieldInfo(
            field="target_languages", words="&Into which languages", group=WHAT, kinds=frozenset({"translation"}),
            make=_languages("target_languages", languages), hint="Names separated by commas",
        ),
        FieldInfo(
            field="num_input_tokens", words="&Text read", group=SIZE, kinds=_READING, hint=_TOKENS,
            make=_number("num_input_tokens", " tokens"), usual_unit="tokens",
        ),
        FieldInfo(
            field="num_output_tokens", words="Text &written", group=SIZE, kinds=_WRITING, hint=_TOKENS,
            make=_number("num_output_tokens", " tokens"), usual_unit="tokens",
        ),
        FieldInfo(
            field="num_context_tokens", words="Longest te&xt kept in mind", group=SIZE, kinds=_WRITING,
            make=_number("num_context_tokens", " tokens"), usual_unit="tokens",
            hint="The context: everything the model has read and written so far. More needs more memory.",
        ),
        FieldInfo(
            field="num_labels", words="La&bels or topics", group=SIZE, kinds=_LABELLING,
            make=_number("num_labels", "", maximum=100_000),
        ),
        FieldInfo(
            field="num_labelled_examples", words="E&xamples you can give", group=SIZE, kinds=_LABELLING,
            make=_number("num_labelled_examples", ""), hint="Texts or images for which you know the right label",
        ),
        FieldInfo(
            field="num_documents", words="&Documents searched", group=SIZE, kinds=_SEARCHING,
            make=_number("num_documents", "", maximum=1_000_000_000),
        ),
        FieldInfo(
            field="audio_s", words="Length of one &recording", group=SIZE, kinds=_SPEAKING, make=_seconds("audio_s"),
            usual_unit="s",
        ),
        FieldInfo(
            field="num_queries_per_day", words="&Queries a day", group=NEEDS,
            make=_number("num_queries_per_day", "", maximum=1_000_000_000),
        ),
        FieldInfo(field="max_latency_s", words="&Answer within", group=NEEDS, make=_seconds("max_latency_s")),
        FieldInfo(
            field="quality_need", words="Q&uality", group=NEEDS,
            make=_choice(
                "quality_need", (None, NOT_SAID), ("any", "Any"), ("basic", "Basic"), ("good", "Good"), ("best", "Best")
            ),
        ),
        FieldInfo(
            field="licence_need", words="Li&cence", group=NEEDS,
            make=_choice(
                "licence_need", (None, NOT_SAID), ("any", "Any licence"), ("commercial", "Commercial use allowed")
            ),
        ),
        FieldInfo(field="max_memory_bytes", words="&Memory at most", group=WHERE, make=_gibibytes("max_memory_bytes")),
        FieldInfo(field="max_disk_bytes", words="Dis&k at most", group=WHERE, make=_gibibytes("max_disk_bytes")),
        FieldInfo(
            field="power_source", words="&Power", group=WHERE,
            make=_choice(
                "power_source", (None, NOT_SAID), ("mains", "Mains power"), ("battery", "Battery")
            ),
        ),
        FieldInfo(
            field="region", words="Electricity &grid", group=WHERE, make=_choice("region", (None, NOT_SAID)),
            hint="The country whose power plants are counted for CO2e",
        ),
    )  # fmt: skip
