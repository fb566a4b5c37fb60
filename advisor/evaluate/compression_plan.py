"""What compression costs: what is asked, and what came out. Pure values."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from advisor.evidence import Quantity

JOB = "compression"
KIND = "compression"
"""Under which the history keeps the results."""
Loss = Literal["next-token", "token-scores", "classes", "embedding", "answers"]
"""What is compared: the distributions of the next token; of each token's labels or masked word; of a text's labels;
vectors of texts; the distributions along the answer that the original gives (encoder-decoders)."""
TIME_LIMIT_S = 900.0
"""[s] Usual limit of the whole job: with a slow model fewer sentences are read, and the result says how many."""
LEAST_SENTENCES = 3
"""Fewer give no interval."""
LEAST_LANGUAGES = 5
"""Fewer have no average that a language could be held against."""
LEAST_EFFECT_RATIO = 1.25
"""[1] A language loses more than the average only from this many times the average on; smaller differences, however
sure, are not worth a warning. Our choice."""


ResourceClass = Literal[0, 1, 2, 3, 4, 5]
"""How much there is to train on in a language, from nothing to most (Joshi et al., 2020)."""


class CompressionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the child measures."""

    reference: str
    """Folder or file of the model that is not compressed."""
    compressed: tuple[str, ...]
    """Folders or files of the same model in other formats."""
    languages: tuple[str, ...] = ()
    """Codes; all when empty."""
    num_sentences: int | None = None
    """At most so many of each language; all when null."""
    num_threads: int
    time_limit_s: float = TIME_LIMIT_S
    memory_free_bytes: int | None = None
    """[B] For all models at once; null: what is free when the child looks."""
    scratch: str
    """Folder for what the original answered, where not all models have room at once; emptied at the end."""
    fingerprint: str = ""
    """Of the machine."""


class LanguageLoss(msgspec.Struct, frozen=True, kw_only=True):
    """What compression costs in one language."""

    code: str
    resource_class: ResourceClass
    num_sentences: int
    num_tokens: int
    """Of the model's own tokenizer, that were compared."""
    num_characters: int
    size_bytes: int
    """[B] Of the sentences in UTF-8."""
    loss: Quantity
    """Divergence from the original over a sentence, or 1 less the cosine of its vectors: what languages are compared
    by, as the sentences say the same and how they are cut into tokens does not matter."""
    divergence: Quantity | None
    """[nat/token] or of a text of a classifier; null for vectors."""
    agreement: Quantity
    """[1] Share of tokens or texts with the same first choice; for vectors, with the same nearest sentence."""
    perplexity_ratio: Quantity | None
    """[1] Null where no token that came is predicted."""
    bits_per_character: Quantity | None
    """[bit] Of the original: how much of a surprise the text is to it."""
    added_bits_per_character: Quantity | None
    """[bit] Of the compressed model, above the original."""
    bits_ratio: float | None
    """[1] Bits that the original needs for these sentences, over those in the language that it knows best."""
    cosine: Quantity | None
    """[1] Of the two models' vectors; null for scores."""
    translation_share: float | None
    """[1] Sentences of the original whose English translation is the nearest of all; null for scores and in English."""
    compressed_translation_share: float | None
    """[1] The same of the compressed model."""
    average_ratio: Quantity | None
    """[1] Loss over the average of all languages, in an interval that holds for all of them together; null with too
    few languages."""
    loses_more: bool
    """The interval lies above 1 and the ratio is at least `LEAST_EFFECT_RATIO`."""


class CompressionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one compressed format costs."""

    id: str
    created: str
    """ISO 8601, UTC."""
    model: str
    format: str
    fingerprint: str
    reference_format: str
    size_bytes: int
    reference_size_bytes: int
    kind: Loss
    languages: tuple[LanguageLoss, ...]
    """In the order of the sample."""
    average: Quantity
    """Mean of the languages' losses, each counting the same."""
    divergence: Quantity | None
    agreement: Quantity
    perplexity_ratio: Quantity | None
    cosine: Quantity | None
    num_sentences: int
    """Of each language."""
    num_sentences_left_out: int
    """Of each language, for lack of time."""
    repeated: Quantity
    """Loss of the original against itself on one sentence: 0 where it answers the same twice."""
    is_stored: bool
    """Not all models had room at once: the original's answers were kept on disk, as float16."""
    num_threads: int
    versions: dict[str, str]
    wall_s: float


class CompressionResults(msgspec.Struct, frozen=True, kw_only=True):
    """What the child answers."""

    results: tuple[CompressionResult, ...]
    """In the order of the plan."""


def losing(languages: Sequence[LanguageLoss]) -> tuple[LanguageLoss, ...]:
    """Return the languages that lose more than the average, the most first."""
    return tuple(sorted((item for item in languages if item.loses_more), key=lambda item: -(item.loss.value or 0.0)))
