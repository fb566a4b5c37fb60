"""Which public figures are evidence for an approach, where a model stands among them, and whether that is enough.

Figures of different benchmarks or metrics are never put on one scale: a place is a place among models with the same
benchmark and the same metric.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from advisor.catalog.model import Figure, Format, ModelCard
from advisor.recommend.model import ApproachId, QualityView
from advisor.recommend.qualify import about_code
from advisor.task.model import QualityNeed, TaskSpec

BASIC_SHARE = 0.2
"""A place of at least this: not in the lowest fifth. Also the floor where the user named no need."""
GOOD_SHARE = 0.5
"""In the upper half."""
BEST_SHARE = 0.8
"""In the highest fifth."""
NEED_SHARES: dict[QualityNeed, float] = {
    "any": BASIC_SHARE,
    "basic": BASIC_SHARE,
    "good": GOOD_SHARE,
    "best": BEST_SHARE,
}
MIN_COMPARED = 5
"""With fewer models a place says nothing: the lowest of three may be excellent."""
LOW_BITS = 3.5
"""[bits] At 3 bits and below, instruction-tuned models of 7B to 72B lose markedly; at 4 they hardly do.
Source: arXiv 2402.16775; llama.cpp pull request 2707 (perplexity of Q2_K and Q3_K)."""
SMALL_MODEL_PARAMETERS = 500_000_000
"""Below this size 4 bits are treated like 3 in larger models: the studies behind `LOW_BITS` start at 7B, and larger
models were found more resilient (arXiv 2605.19645). The border itself is our choice."""
_SMALL_MODEL_BITS = 5.0
_FULL_BITS = 16.0
_EIGHT_BITS = 6.0

Scale = tuple[str, str]
"""Benchmark and metric, in the catalog's words."""

_LLM_ENGLISH: tuple[Scale, ...] = (
    ("Open LLM Leaderboard v2 average", "normalised score"),
    ("Chatbot Arena (text)", "Elo-style rating"),
    ("MMLU-Pro", "score"),
    ("IFEval", "score"),
    ("MMLU", "score"),
)
_LLM_MULTILINGUAL: tuple[Scale, ...] = (("MGSM", "score"), ("Global-MMLU-Lite", "score"), ("MMMLU", "score"))
_LLM_CODE: tuple[Scale, ...] = (("HumanEval", "score"), ("LiveCodeBench", "score"), ("LiveCodeBench v6", "score"))
_EMBEDDING_ENGLISH: tuple[Scale, ...] = (
    ("MTEB(eng, v2)", "mean over 41 tasks"),
    ("MTEB(eng, v1)", "mean over 56 tasks"),
)
_EMBEDDING_MULTILINGUAL: tuple[Scale, ...] = (
    ("MTEB(Multilingual, v2)", "mean over 130 of 131 tasks"),
    ("MTEB(Multilingual, v2)", "mean over 129 of 131 tasks"),
)
_RETRIEVAL_ENGLISH: tuple[Scale, ...] = (("MTEB(eng, v2) retrieval", "mean nDCG@10"),)
_RETRIEVAL_MULTILINGUAL: tuple[Scale, ...] = (("MTEB(Multilingual, v2) retrieval", "mean nDCG@10"),)
_RERANK_ENGLISH: tuple[Scale, ...] = (
    ("MTEB-R (English retrieval rerank)", "nDCG@10"),
    ("TREC DL19", "nDCG@10"),
    ("MS MARCO dev", "MRR@10"),
)
_RERANK_MULTILINGUAL: tuple[Scale, ...] = (("MMTEB-R (multilingual rerank)", "nDCG@10"),)
_ASR_ENGLISH: tuple[Scale, ...] = (
    ("Open ASR Leaderboard English short-form (8 sets)", "average WER %"),
    ("LibriSpeech test-clean", "WER %"),
)
_ASR_FIVE: Scale = ("Open ASR Leaderboard multilingual (de,fr,it,es,pt)", "average WER %")
_ASR_FIVE_LANGUAGES = frozenset({"de", "fr", "it", "es", "pt"})

_BY_LANGUAGE: dict[ApproachId, tuple[tuple[Scale, ...], tuple[Scale, ...]]] = {
    "generate": (_LLM_ENGLISH, _LLM_MULTILINGUAL),
    "embedder-head": (_EMBEDDING_ENGLISH, _EMBEDDING_MULTILINGUAL),
    "embedder": (_RETRIEVAL_ENGLISH, _RETRIEVAL_MULTILINGUAL),
    "embedder-reranker": (_RERANK_ENGLISH, _RERANK_MULTILINGUAL),
    "reranker": (_RERANK_ENGLISH, _RERANK_MULTILINGUAL),
    "fine-tuned-classifier": ((("SST-2 dev", "accuracy %"),), ()),
    "zero-shot-nli": ((("MNLI matched", "accuracy %"),), ()),
    "token-classifier": ((("CoNLL-2003 test", "F1"),), ()),
    "extractive-qa": ((("SQuAD 2.0 dev", "F1"), ("SQuAD 1.1 dev", "F1")), ()),
}
"""Approach -> figures that count for English, figures that count for other languages."""
_LANGUAGE_FREE: dict[ApproachId, tuple[Scale, ...]] = {
    "image-classifier": (
        ("ImageNet-1k top-1", "% at 224 px"),
        ("ImageNet-1k top-1", "% at 288 px"),
        ("ImageNet-1k top-1", "% at 256 px"),
        ("ImageNet-1k top-1", "% at 320 px"),
    ),
    "image-zero-shot": (("ImageNet-1k zero-shot", "top-1 %"), ("open_clip 38-dataset average", "%")),
    "image-embedder-head": (("ImageNet-1k linear probe", "%"), ("ImageNet-1k k-NN", "%")),
    "detector": (("COCO val2017 AP", "mAP"),),
    "image-text": (("MMMU-Pro", "score"), ("SmolVLM report, mean of image+video benchmarks", "%"), ("MMMU", "score")),
    "diffusion": (("GenEval", "score 0-1"),),
}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A model's figure on one scale."""

    figure: Figure
    rank_share: float | None
    """0 worst to 1 best among the catalog's models on this scale; null with fewer than `MIN_COMPARED`."""
    num_compared: int
    higher_is_better: bool


def higher_is_better(scale: Scale) -> bool:
    """Return False for error rates."""
    return "WER" not in scale[1]


def scales_for(approach: ApproachId, task: TaskSpec) -> tuple[Scale, ...]:
    """Return the scales that are evidence for an approach, the most telling first.

    An English figure is no evidence for German; a multilingual one is some for English. What a language model knows
    of sums and facts is no evidence that it translates, so it does not go before a translator on that ground; only
    where the user named a quality need does it stand for strength, as there is nothing else.
    """
    if approach in _LANGUAGE_FREE:
        return _LANGUAGE_FREE[approach]
    if approach in ("asr-seq2seq", "asr-ctc"):
        return _speech_scales(frozenset(task.languages))
    if approach == "seq2seq":
        return _seq2seq_scales(task)
    if approach == "generate" and about_code(task):
        return _LLM_CODE
    if approach == "generate" and task.kind == "translation" and task.quality_need == "any":
        return ()
    english, multilingual = _BY_LANGUAGE.get(approach, ((), ()))
    return (*english, *multilingual) if _only_english(task) else multilingual


def _only_english(task: TaskSpec) -> bool:
    """No language said counts as English, the language of most figures."""
    return set(task.languages) | set(task.target_languages) <= {"en"}


def _speech_scales(languages: frozenset[str]) -> tuple[Scale, ...]:
    if languages <= {"en"}:
        return _ASR_ENGLISH
    if len(languages) == 1 and languages <= _ASR_FIVE_LANGUAGES:
        return ((f"FLEURS {next(iter(languages))}", "WER %"), _ASR_FIVE)
    return (_ASR_FIVE,) if languages <= _ASR_FIVE_LANGUAGES | {"en"} else ()


def _seq2seq_scales(task: TaskSpec) -> tuple[Scale, ...]:
    if task.kind == "summarization":
        return (("CNN/DailyMail", "ROUGE-2"), ("XSum", "ROUGE-2")) if _only_english(task) else ()
    pairs = [f"{source}-{target}" for source in task.languages for target in task.target_languages if source != target]
    return tuple((f"{name} {pair}", "BLEU") for pair in pairs for name in ("newstest2018", "Tatoeba"))


Standings = Mapping[Scale, Mapping[str, Standing]]
"""Scale -> model id -> standing."""


def standings(models: Iterable[ModelCard]) -> Standings:
    """Return for each scale the models that have a figure on it, with their place among them."""
    figures: dict[Scale, dict[str, Figure]] = {}
    for card in models:
        for figure in card.quality:
            figures.setdefault((figure.benchmark, figure.metric), {}).setdefault(card.id, figure)
    return {scale: _placed(scale, placed) for scale, placed in figures.items()}


def _placed(scale: Scale, models: dict[str, Figure]) -> dict[str, Standing]:
    higher = higher_is_better(scale)
    values = [figure.value if higher else -figure.value for figure in models.values()]
    enough = len(values) >= MIN_COMPARED
    return {
        model_id: Standing(
            figure=figure,
            rank_share=_share(figure.value if higher else -figure.value, values) if enough else None,
            num_compared=len(values),
            higher_is_better=higher,
        )
        for model_id, figure in models.items()
    }


def _share(value: float, values: Sequence[float]) -> float:
    worse = sum(other < value for other in values)
    equal = sum(other == value for other in values) - 1
    return (worse + 0.5 * equal) / (len(values) - 1)


def standing(known: Standings, model_id: str, scales: Sequence[Scale]) -> Standing | None:
    """Return a model's standing on the first of `scales` it has a figure on, preferring scales that give a place."""
    found = [known[scale][model_id] for scale in scales if model_id in known.get(scale, ())]
    placed = [item for item in found if item.rank_share is not None]
    return next(iter(placed or found), None)


def meets(found: Standing | None, need: QualityNeed) -> bool | None:
    """Return whether a standing meets a need; null when that is not known.

    Without a need the floor is `BASIC_SHARE`, and a figure that too few models share to give a place is enough: the
    model was at least tested on this very job.
    """
    if found is None:
        return None
    if found.rank_share is None:
        return True if need == "any" else None
    return found.rank_share >= NEED_SHARES[need]


def view(found: Standing | None, need: QualityNeed, format: Format, card: ModelCard) -> QualityView:
    """Return what is shown of a candidate's quality."""
    note = format_note(format, card.num_parameters())
    if found is None:
        return QualityView(format_note=note)
    return QualityView(
        benchmark=found.figure.benchmark,
        metric=found.figure.metric,
        value=found.figure.value,
        source=found.figure.source,
        rank_share=found.rank_share,
        num_compared=found.num_compared,
        higher_is_better=found.higher_is_better,
        meets_need=meets(found, need),
        format_note=note,
    )


def low_bit(format: Format, num_parameters: int | None) -> bool:
    """Return whether a format is likely to cost a model of this size quality that is not shown in its figure.

    Args:
        format: how the weights are stored.
        num_parameters: size of the model; unknown counts as large.
    """
    if format.linear_bits <= LOW_BITS:
        return True
    small = num_parameters is not None and num_parameters < SMALL_MODEL_PARAMETERS
    return small and format.linear_bits < _SMALL_MODEL_BITS


def format_note(format: Format, num_parameters: int | None) -> str:
    """Return one sentence on what the format does to the published figure."""
    if format.linear_bits >= _FULL_BITS:
        return "The figure was published for weights of this precision or close to it."
    if low_bit(format, num_parameters):
        return "The figure is for the original weights; so few bits can cost a model of this size much of it."
    bits = "8" if format.linear_bits >= _EIGHT_BITS else "4"
    return f"The figure is for the original weights; studies find little lost at {bits} bits."
