"""Which rule a family follows."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec
from typing_extensions import override

from advisor.catalog.inventory import decoder, encoder, image, moe, multimodal, recurrent, seq2seq, speech, vision
from advisor.catalog.inventory.parts import ShapeNotSourced, lump
from advisor.catalog.model import Architecture, ModelCard, Part, TensorGroup

Rule = Callable[[Architecture, Mapping[str, int]], list[TensorGroup]]
_CACHE_SIZE = 2048
_EMBEDDING_TASKS = frozenset({"sentence-similarity", "feature-extraction"})

_PARTS: dict[str, Part] = {
    "unet": "denoiser",
    "transformer": "denoiser",
    "vae": "vae",
    "text_encoder": "text",
    "text_encoder_2": "text",
    "text_encoder_3": "text",
    "text_backbone": "text",
    "encoder": "encoder",
    "decoder": "decoder",
    "vision_encoder": "vision",
}


def _shape_only(rule: Callable[[Architecture], list[TensorGroup]]) -> Rule:
    """Return a rule that needs no component counts."""
    return lambda shape, _components: rule(shape)


_RULES: dict[str, Rule] = {
    **dict.fromkeys(decoder.FAMILIES, _shape_only(decoder.dense)),
    **dict.fromkeys(moe.FAMILIES_WITH_EXPERTS, _shape_only(moe.moe_decoder)),
    **{family: _shape_only(rule) for family, rule in recurrent.RULES.items()},
    **dict.fromkeys(encoder.FAMILIES, encoder.encoder),
    "t5": seq2seq.t5,
    **dict.fromkeys(seq2seq.BART_FAMILIES, seq2seq.bart),
    **speech.RULES,
    **vision.RULES,
    **image.RULES,
    **multimodal.RULES,
}


def inventory(
    architecture: Architecture, tasks: tuple[str, ...] = (), components: Mapping[str, int] | None = None
) -> tuple[TensorGroup, ...] | None:
    """Return the tensors of a model, or null where neither its shapes nor its components are sourced.

    Args:
        architecture: the shape.
        tasks: tags of the hub; a decoder that makes sentence embeddings has no output matrix.
        components: parameters of named components, where they were computed from a configuration. They say which
            optional heads a model has, and stand in, as one vector each, for parts whose shapes are not sourced.
    """
    rule = _RULES.get(architecture.model_type)
    try:
        groups = rule(architecture, components or {}) if rule is not None else _lumps(components or {})
    except ShapeNotSourced:
        return None
    if not _EMBEDDING_TASKS.isdisjoint(tasks):
        groups = [_without_output(group) for group in groups if group.role != "lm_head"]
        if architecture.model_type == "gemma3_text":
            groups += decoder.embedding_head(architecture)
    return tuple(groups) or None


def _without_output(group: TensorGroup) -> TensorGroup:
    """Return the token table under the name it has in a model without output matrix, any other group as it is."""
    return msgspec.structs.replace(group, name="token_embd_shared") if group.name == "token_embd" else group


def has_rule(architecture: Architecture) -> bool:
    """Tell whether a rule covers the family, so that its shapes and not only its components are counted."""
    return architecture.model_type in _RULES


def _lumps(components: Mapping[str, int]) -> list[TensorGroup]:
    """Return each component as one vector: a size without shapes."""
    groups: list[TensorGroup] = []
    for name, count in components.items():
        groups += lump(name, count, _PARTS.get(name.rpartition(".")[2], "backbone"))
    return groups


def of_card(card: ModelCard) -> tuple[TensorGroup, ...] | None:
    """Return the tensors of a model, or null; of a catalog model remembered by id and content."""
    if card.read is not None:
        return card.read.groups or None
    if card.architecture is None:
        return None
    return _of_card(_Key(card))


STATIC_EMBEDDINGS = "model2vec (static embeddings)"


class _Key:
    """A card by identity: cards hold dictionaries and cannot be hashed."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    @override
    def __hash__(self) -> int:
        return hash(self.card.id)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and (self.card is other.card or self.card == other.card)


@lru_cache(maxsize=_CACHE_SIZE)
def _of_card(key: _Key) -> tuple[TensorGroup, ...] | None:
    card = key.card
    if card.architecture is None:
        return None
    if card.architecture.model_type == STATIC_EMBEDDINGS:
        return _static_table(card)
    return inventory(card.architecture, card.tasks, card.parameters.components)


def _static_table(card: ModelCard) -> tuple[TensorGroup, ...] | None:
    """Return the one table of a static embedder: a vector for each token, looked up and averaged, no layer at all.

    The rows follow from the rounded parameter count, the columns are the published width.
    """
    width, total = card.embedding_size, card.num_parameters()
    if not width or not total:
        return None
    rows = round(total / width)
    return (TensorGroup(name="token_embd", role="embedding", part="encoder", num_rows=rows, num_columns=width),)
