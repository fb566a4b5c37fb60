"""Questions to the catalog: by task, language, licence, size, family. What is not sourced stays unknown."""

from collections.abc import Iterator
from typing import Literal

from advisor.catalog import languages
from advisor.catalog.load import Catalog
from advisor.catalog.model import ModelCard

Structure = Literal["decoder", "encoder", "encoder-decoder", "vision", "speech", "diffusion"]

_ALLOWED = frozenset({"apache-2.0", "mit", "bsd-3-clause"})
_CONDITIONS = {
    "cc-by-4.0": "Name the authors and say what you changed.",
    "gemma": "Google's list of forbidden uses applies and must be passed on.",
    "llama2": "Meta's list of forbidden uses applies; services with over 700 million users a month must ask first.",
    "llama3": "Meta's list of forbidden uses applies; say 'Built with Meta Llama 3'; services with over 700 million "
    "users a month must ask first.",
    "llama3.1": "Meta's list of forbidden uses applies; say 'Built with Llama'; services with over 700 million users a "
    "month must ask first.",
    "llama3.2": "Meta's list of forbidden uses applies; say 'Built with Llama'; services with over 700 million users a "
    "month must ask first; the models that see images are not licensed to firms based in the European Union.",
    "llama3.3": "Meta's list of forbidden uses applies; say 'Built with Llama'; services with over 700 million users a "
    "month must ask first.",
    "falcon-llm-license": "TII's list of forbidden uses applies; say that Falcon is used.",
    "falcon-mamba-7b-license": "TII's list of forbidden uses applies; say that Falcon is used.",
    "lfm1.0": "Free for firms with less than 10 million US dollars of revenue a year; others must buy a licence.",
    "bigscience-bloom-rail-1.0": "A list of forbidden uses applies and must be passed on.",
    "bigcode-openrail-m": "A list of forbidden uses applies and must be passed on.",
    "creativeml-openrail-m": "A list of forbidden uses applies and must be passed on.",
    "openrail++": "A list of forbidden uses applies and must be passed on.",
    "deepseek": "DeepSeek's list of forbidden uses applies and must be passed on.",
    "deepseek-license": "DeepSeek's list of forbidden uses applies and must be passed on.",
    "nvidia-open-model-license": "NVIDIA's terms apply: keep its notice and do not remove guardrails.",
    "nvidia-nemotron-open-model-license": "NVIDIA's terms apply: keep its notice.",
    "qwen": "Services with over 100 million users a month must ask first; say 'Built with Qwen'.",
    "tongyi-qianwen": "Services with over 100 million users a month must ask first; say 'Built with Qwen'.",
}
_FORBIDDEN = frozenset(
    {
        "cc-by-nc-4.0",
        "mrl",
        "mnpl",
        "qwen-research",
        "exaone",
        "sai-nc-community",
        "flux-1-dev-non-commercial-license",
    }
)

_DIFFUSION = frozenset({"UNet2DCondition", "SD3Transformer2D", "FluxTransformer2D", "PixArtTransformer2D"})
_ENCODERS = frozenset(
    {
        "bert", "xlm-roberta", "roberta", "camembert", "distilbert", "mpnet", "deberta-v2", "modernbert", "nomic_bert",
        "gte", "new", "electra", "albert", "jina_embeddings_v3", "bert (JinaBERT/ALiBi)", "eurobert", "layoutlm",
        "model2vec (static embeddings)",
    }
)  # fmt: skip
_STRUCTURES: dict[str, Structure] = {
    # Families whose shape is known though their fields are not sourced.
    "florence2": "encoder-decoder",
    "internvl_chat": "decoder",
    "moondream1": "decoder",
    "rwkv7": "decoder",
}
_SPEECH_TASKS = frozenset({"automatic-speech-recognition", "text-to-speech"})
_VISION_TASKS = frozenset(
    {
        "image-classification", "object-detection", "image-segmentation", "zero-shot-image-classification",
        "mask-generation", "image-feature-extraction", "zero-shot-object-detection", "depth-estimation",
    }
)  # fmt: skip
_TASKS = {
    "generation": ("text-generation", "chat"),
    "summarization": ("summarization",),
    "translation": ("translation",),
    "text-classification": ("text-classification",),
    "zero-shot-classification": ("zero-shot-classification",),
    "token-classification": ("token-classification",),
    "question-answering": ("question-answering",),
    "sentence-embedding": ("sentence-similarity", "feature-extraction"),
    "reranking": ("text-ranking",),
    "speech-recognition": ("automatic-speech-recognition",),
    "image-classification": ("image-classification", "zero-shot-image-classification"),
    "object-detection": ("object-detection", "zero-shot-object-detection"),
    "image-text": ("image-text-to-text", "image-to-text"),
    "image-generation": ("text-to-image",),
    "speech-synthesis": ("text-to-speech",),
}


def find(
    catalog: Catalog,
    *,
    task: str | None = None,
    language: str | None = None,
    licence: str | None = None,
    family: str | None = None,
    min_parameters: float | None = None,
    max_parameters: float | None = None,
    text: str | None = None,
) -> tuple[ModelCard, ...]:
    """Return the models that pass every given filter, in the order of the catalog.

    A model that does not say is left out of a filter on that point: unknown is not yes.

    Args:
        catalog: where to look.
        task: our word for a task (`generation`, `sentence-embedding`, ...) or a tag of the hub (`text-generation`).
        language: code of a language the model lists.
        licence: a licence id, or `commercial` for all that may be used commercially.
        family: family name, in any case.
        min_parameters: fewest parameters, as a count.
        max_parameters: most parameters, as a count.
        text: part of the id, family or a task tag, in any case; several words must all occur.
    """
    return tuple(
        card
        for card in catalog.models
        if (task is None or serves(card, task))
        and (language is None or speaks(card, language) is True)
        and (licence is None or _has_licence(card, licence))
        and (family is None or card.family.casefold() == family.strip().casefold())
        and _has_size(card, min_parameters, max_parameters)
        and (text is None or _mentions(card, text))
    )


def task_tags(task: str) -> tuple[str, ...]:
    """Return the hub's tags for one of our task words; any other word stands for itself."""
    return _TASKS.get(task, (task,))


def serves(card: ModelCard, task: str) -> bool:
    """Tell whether a model is tagged for a task, given in our word or the hub's."""
    return not set(task_tags(task)).isdisjoint(card.tasks)


def speaks(card: ModelCard, language: str) -> bool | None:
    """Tell whether a model lists a language; null when its languages are not sourced or the code is not one."""
    code = languages.normalise(language)
    if code is None or card.languages is None:
        return None
    return code in card.languages


def commercial_use(licence: str | None) -> bool | None:
    """Tell whether a licence allows commercial use, with or without conditions; null when that is not known."""
    if licence is None:
        return None
    key = licence.strip().casefold()
    if key in _ALLOWED or key in _CONDITIONS:
        return True
    return False if key in _FORBIDDEN else None


def licence_conditions(licence: str | None) -> str:
    """Return what a licence asks in return for commercial use, in one sentence; empty when nothing or not known.

    A summary to help choosing, not legal advice: the licence text decides.
    """
    return _CONDITIONS.get(licence.strip().casefold(), "") if licence is not None else ""


def structure(card: ModelCard) -> Structure | None:
    """Return how a model works inside, which decides how it is estimated; null when that is not sourced."""
    shape = card.architecture
    if card.read is not None and card.read.structure is not None:
        return card.read.structure
    if shape is None:
        return _structure_of_tasks(card)
    if shape.model_type in _STRUCTURES:
        return _STRUCTURES[shape.model_type]
    if shape.model_type in _DIFFUSION:
        return "diffusion"
    if not _SPEECH_TASKS.isdisjoint(card.tasks) and "text-generation" not in card.tasks:
        return "speech"
    if shape.model_type in _ENCODERS:
        return "encoder"
    if shape.detector is not None or not _VISION_TASKS.isdisjoint(card.tasks):
        return "vision"
    if shape.encoder_decoder is not None:
        return "encoder-decoder"
    if shape.num_hidden_layers is not None and shape.vocab_size is not None:
        return "decoder"
    return _structure_of_tasks(card)


def _structure_of_tasks(card: ModelCard) -> Structure | None:
    """Return the structure that the task alone settles."""
    if not _SPEECH_TASKS.isdisjoint(card.tasks):
        return "speech"
    if not _VISION_TASKS.isdisjoint(card.tasks):
        return "vision"
    return "diffusion" if "text-to-image" in card.tasks else None


def _has_licence(card: ModelCard, licence: str) -> bool:
    if licence == "commercial":
        return commercial_use(card.licence) is True
    return card.licence is not None and card.licence.casefold() == licence.strip().casefold()


def _has_size(card: ModelCard, smallest: float | None, largest: float | None) -> bool:
    if smallest is None and largest is None:
        return True
    size = card.num_parameters()
    return size is not None and (smallest is None or size >= smallest) and (largest is None or size <= largest)


def _mentions(card: ModelCard, text: str) -> bool:
    searched = " ".join(_searched(card)).casefold()
    return all(word in searched for word in text.casefold().split())


def _searched(card: ModelCard) -> Iterator[str]:
    yield card.id
    yield card.family
    yield from card.tasks
