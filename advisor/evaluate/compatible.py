"""Whether two folders hold the same model in two formats: only then does a difference tell what compression costs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.errors import InvalidModelError
from advisor.evaluate import reader
from advisor.evaluate.sample import LanguageText
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Tokenizer

_SIZES = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size", "d_model",
)  # fmt: skip
_REMEDY = "Give the folders of one model in several formats."


def check(reference: RunnableModel, other: RunnableModel, texts: Sequence[LanguageText]) -> None:
    """Refuse two models that cannot be one in two formats.

    Args:
        reference: the original.
        other: the compressed one.
        texts: what will be read: both must cut it into the same tokens.

    Raises:
        InvalidModelError: `compression-kind`, `compression-different-kind`, `compression-different-model`,
            `compression-different-labels`, `compression-different-tokenizer`.
        AdvisorError: as `Tokenizer`.
    """
    first, second = reader.kind(reference), reader.kind(other)
    if first != second or reference.structure != other.structure:
        raise _refused(
            "kind", f"{_names(reference, other)} are models of different kinds: "
            f"{reference.structure} ({first}) and {other.structure} ({second}).",
        )  # fmt: skip
    for name, one, two in _differences(reference, other):
        raise _refused(
            "model", f"{_names(reference, other)} are not the same model: {name} is {one} in the first and {two} in "
            "the second.",
        )  # fmt: skip
    if first in ("classes", "token-scores") and reference.labels != other.labels:
        raise _refused("labels", f"{_names(reference, other)} have different labels.")
    _check_tokens(reference, other, texts)


def _check_tokens(reference: RunnableModel, other: RunnableModel, texts: Sequence[LanguageText]) -> None:
    sides = [Tokenizer(model) for model in (reference, other)]
    counts = [side.num_tokens() for side in sides]
    if counts[0] != counts[1]:
        raise _refused(
            "tokenizer", f"{_names(reference, other)} have vocabularies of {counts[0]:,} and {counts[1]:,} tokens."
        )
    for text in texts:
        one, two = ([item.ids for item in side.encode_batch(text.sentences)] for side in sides)
        if one != two:
            raise _refused("tokenizer", f"{_names(reference, other)} cut the same text into different tokens.")


def _differences(reference: RunnableModel, other: RunnableModel) -> Iterator[tuple[str, Any, Any]]:
    one, two = _facts(reference), _facts(other)
    kind, other_kind = (str(model.config.get("model_type") or "") for model in (reference, other))
    if kind and other_kind and kind != other_kind:
        yield "model_type", kind, other_kind
    for name in _SIZES:
        if name in one and name in two and one[name] != two[name]:
            yield name, one[name], two[name]


def _facts(model: RunnableModel) -> dict[str, Any]:
    """Return the sizes that the model's settings name, those of the runtime's own settings among them."""
    found: dict[str, Any] = {}
    own = model.runtime_config.get("model")
    decoder = own.get("decoder") if isinstance(own, Mapping) else None
    for source in (decoder, own, model.config):
        if isinstance(source, Mapping):
            found.update({name: source[name] for name in _SIZES if isinstance(source.get(name), int)})
    return found


def _names(reference: RunnableModel, other: RunnableModel) -> str:
    return f"{reference.folder} and {other.folder}"


def _refused(what: str, message: str) -> InvalidModelError:
    return InvalidModelError(f"compression-different-{what}", message, remedy=_REMEDY)
