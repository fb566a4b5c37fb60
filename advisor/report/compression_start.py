"""What is said before compression is measured: of which models, in how many sentences, and why not."""

from advisor import units
from advisor.evaluate.compression_plan import TIME_LIMIT_S
from advisor.report.language import _

NO_ORIGINAL = _(
    "Its original in full precision is not on this computer. Convert it to ONNX fp32 on the page Models first."
)
NO_COMPRESSED = _(
    "None of its compressed formats is on this computer. Convert it to ONNX int8 or int4 on the page Models first."
)
NO_MODELS = _(
    "No converted model is on this computer. On the page Models convert one to ONNX fp32, then to ONNX int8 or int4; "
    "or choose folders of your own."
)
NEITHER = _(
    "Neither its original nor a compressed format is on this computer. Convert it to ONNX fp32 and to ONNX int8 or "
    "int4 on this page first."
)
NOT_CONVERTED = _("Its ONNX files are not on this computer. Convert it first, or download it as ONNX.")
NOT_AMONG_RESULTS = _(
    "It is not among the results. Add it to the candidates, then find models for a task: the results show it."
)
OWN_NAME = _("Folders of your own: {name}")
SAME_FOLDER = _("The original and the compressed model are the same folder. Choose two.")


def formats(reference: str, compressed: tuple[str, ...]) -> str:
    """Return which formats are held against which, as they are called."""
    return _("{original} against {others}").format(original=reference, others=", ".join(compressed))


def amount(num_languages: int, num_sentences: int, num_formats: int) -> str:
    """Return how much is read and how long that takes at most.

    Args:
        num_languages: that are read.
        num_sentences: of each language.
        num_formats: compressed formats.
    """
    if num_formats == 1:
        readers = _("by the original and by its compressed format")
    else:
        readers = _("by the original and by each of its {number} compressed formats").format(number=num_formats)
    return _(
        "{number} sentences in each of {languages} languages: {all} sentences, read {readers}. A small model takes "
        "a minute or a few; after {limit} it ends with fewer sentences, the same number in each language."
    ).format(
        number=num_sentences, languages=num_languages, all=num_sentences * num_languages, readers=readers,
        limit=units.duration(TIME_LIMIT_S),
    )  # fmt: skip


def kept(model: str, num_formats: int) -> str:
    """Return what was measured, once it is kept."""
    if num_formats == 1:
        return _("Measured and kept: what one compressed format of {model} costs.").format(model=model)
    return _("Measured and kept: what {number} compressed formats of {model} cost.").format(
        number=num_formats, model=model
    )
