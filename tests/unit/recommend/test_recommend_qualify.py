"""Which models an approach can use."""

import msgspec
import pytest

from advisor.catalog.load import catalog
from advisor.catalog.model import ModelCard, ParameterFacts
from advisor.recommend.qualify import about_code, label_topic, qualifies, trained_on
from advisor.task.model import TaskSpec


def card(name):
    return catalog().by_id(name)


@pytest.mark.parametrize(
    ("approach", "kind", "name", "usable"),
    [
        ("generate", "generation", "HuggingFaceTB/SmolLM2-135M-Instruct", True),
        ("generate", "generation", "openai-community/gpt2", False),
        ("generate", "generation", "bigcode/starcoder2-3b", False),
        ("generate", "generation", "Qwen/Qwen2.5-Coder-0.5B-Instruct", True),
        ("generate", "summarization", "Qwen/Qwen2.5-Coder-0.5B-Instruct", False),
        ("generate", "generation", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", True),
        ("generate", "text-classification", "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", False),
        ("generate", "generation", "BAAI/bge-m3", False),
        ("seq2seq", "summarization", "facebook/bart-large-cnn", True),
        ("seq2seq", "translation", "facebook/bart-large-cnn", False),
        ("seq2seq", "translation", "facebook/nllb-200-distilled-600M", True),
        ("fine-tuned-classifier", "text-classification", "answerdotai/ModernBERT-base", False),
        ("fine-tuned-classifier", "text-classification", "cardiffnlp/twitter-roberta-base-sentiment-latest", True),
        ("embedder-head", "text-classification", "BAAI/bge-m3", True),
        ("embedder-head", "text-classification", "openai/clip-vit-base-patch32", False),
        ("zero-shot-nli", "text-classification", "facebook/bart-large-mnli", True),
        ("asr-seq2seq", "speech-recognition", "openai/whisper-tiny", True),
        ("asr-ctc", "speech-recognition", "openai/whisper-tiny", False),
        ("asr-ctc", "speech-recognition", "facebook/wav2vec2-base-960h", True),
        ("asr-seq2seq", "speech-recognition", "facebook/wav2vec2-base-960h", False),
        ("asr-ctc", "speech-recognition", "nvidia/parakeet-tdt-1.1b", True),
        ("asr-seq2seq", "speech-recognition", "google/gemma-3n-E2B-it", False),
        ("image-classifier", "image-classification", "microsoft/resnet-50", True),
        ("image-classifier", "image-classification", "facebook/dinov2-small", False),
        ("image-embedder-head", "image-classification", "facebook/dinov2-small", True),
        ("image-zero-shot", "image-classification", "openai/clip-vit-base-patch32", True),
        ("detector", "object-detection", "google/owlv2-base-patch16-ensemble", True),
        ("tts", "speech-synthesis", "facebook/mms-tts-eng", True),
    ],
)
def test_models_by_their_tags(approach, kind, name, usable):
    assert qualifies(approach, card(name), kind) is usable


def test_a_model_without_tags_serves_nothing():
    bare = ModelCard(id="a/b", family="b", tasks=(), parameters=ParameterFacts(verification="not_available"))
    assert not qualifies("generate", bare, "generation")


def test_every_approach_to_every_kind_finds_models():
    from advisor.recommend.approach import approach_ids
    from advisor.task.model import TASK_KINDS

    for kind in TASK_KINDS:
        for approach in approach_ids(kind):
            assert any(qualifies(approach, item, kind) for item in catalog().models), (kind, approach)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("refactor my Python code", True),
        ("a friendly helper", False),
        ("explain C++ to me", True),
        ("sqlite jokes", False),
    ],
)
def test_code_is_told_by_words(text, code):
    assert about_code(TaskSpec(kind="generation", text=text)) is code
    assert about_code(TaskSpec(kind="summarization", text=text)) is False


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("is it positive or negative", "sentiment"),
        ("flag toxic comments", "toxicity"),
        ("which emotion is in it", "emotion"),
        ("spam or not", "spam"),
        ("detect the language", "language"),
        ("six support topics", None),
    ],
)
def test_label_sets_are_told_by_words(text, topic):
    assert label_topic(TaskSpec(kind="text-classification", text=text)) == topic


def test_training_is_told_by_the_id():
    mood = card("distilbert/distilbert-base-uncased-finetuned-sst-2-english")
    assert trained_on(mood, "sentiment")
    assert not trained_on(mood, "spam")
    assert not trained_on(mood, None)
    assert trained_on(msgspec.structs.replace(mood, id="x/spam-detector"), "spam")
