"""Which candidates `accuracy.py` predicts and measures: two lists, so that what is published was not tuned on."""

from advisor.task.model import Workload


def chat(prompt, answer, context=None):
    return Workload(num_input_tokens=prompt, num_output_tokens=answer, num_context_tokens=context or prompt + answer)


def text(tokens, passes=1):
    return Workload(num_input_tokens=tokens, num_passes=passes)


def sound(seconds, tokens=0):
    return Workload(audio_s=seconds, num_output_tokens=tokens)


def image(**sizes):
    return Workload(num_images=1, **sizes)


TUNING = (
    ("HuggingFaceTB/SmolLM2-360M-Instruct", "onnx-int4-b32", chat(128, 64, 1024)),
    ("HuggingFaceTB/SmolLM2-360M-Instruct", "onnx-int8", chat(512, 64)),
    ("openai-community/gpt2", "onnx-fp32", chat(128, 32)),
    ("Qwen/Qwen2.5-Coder-1.5B-Instruct", "onnx-int4-b32", chat(256, 64)),
    ("BAAI/bge-small-en-v1.5", "onnx-fp32", text(128)),
    ("thenlper/gte-base", "onnx-int8-dynamic", text(256)),
    ("distilbert/distilbert-base-uncased", "onnx-fp32", text(64)),
    ("ibm-granite/granite-embedding-english-r2", "onnx-fp32", text(512)),
    ("Alibaba-NLP/gte-modernbert-base", "onnx-fp32", text(128)),
    ("sentence-transformers/all-mpnet-base-v2", "onnx-fp32", text(128)),
    ("deepset/deberta-v3-base-squad2", "onnx-fp32", text(256)),
    ("google-t5/t5-small", "onnx-fp32", chat(256, 64)),
    ("Helsinki-NLP/opus-mt-en-es", "onnx-fp32", chat(96, 48)),
    ("Helsinki-NLP/opus-mt-en-es", "onnx-int8-dynamic", chat(96, 48)),
    ("facebook/m2m100_418M", "onnx-int8-dynamic", chat(64, 48)),
    ("sshleifer/distilbart-cnn-12-6", "onnx-fp32", chat(256, 64)),
    ("openai/whisper-tiny", "onnx-fp32", sound(30.0, 100)),
    ("openai/whisper-tiny", "onnx-int8-dynamic", sound(30.0, 100)),
    ("facebook/wav2vec2-large-960h-lv60-self", "onnx-fp32", sound(10.0)),
    ("facebook/deit-small-patch16-224", "onnx-fp32", image()),
    ("timm/mobilenetv2_100.ra_in1k", "onnx-fp32", image()),
    ("facebook/convnext-tiny-224", "onnx-int8-dynamic", image()),
)
"""Constants of the estimator may be looked at with these."""
PUBLISHED = (
    # Decoders: 125 M to 3 B, all storages, 128 to 4,096 tokens of context.
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int4-b32", chat(128, 64, 512)),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-int8", chat(512, 64, 1024)),
    ("HuggingFaceTB/SmolLM2-135M-Instruct", "onnx-fp32", chat(64, 64, 128)),
    ("facebook/opt-125m", "onnx-int4-b128", chat(256, 64)),
    ("google/gemma-3-270m-it", "onnx-int4-b32", chat(1024, 64, 2048)),
    ("EleutherAI/pythia-410m", "onnx-int4-b32", chat(256, 64)),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-int4-b32", chat(512, 128, 4096)),
    ("Qwen/Qwen2.5-0.5B-Instruct", "onnx-fp32", chat(128, 32)),
    ("Qwen/Qwen3-0.6B", "onnx-int4-b32", chat(1024, 64, 4096)),
    ("Qwen/Qwen3-Embedding-0.6B", "onnx-int8", text(256)),
    ("meta-llama/Llama-3.2-1B-Instruct", "onnx-int4-b32", chat(256, 64, 1024)),
    ("ibm-granite/granite-3.1-1b-a400m-instruct", "onnx-int4-b32", chat(128, 64)),
    ("stabilityai/stablelm-2-1_6b-chat", "onnx-int4-b128", chat(128, 32)),
    ("Qwen/Qwen2.5-3B-Instruct", "onnx-int4-b32", chat(256, 32, 2048)),
    # Encoders: 20 M to 560 M.
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-fp32", text(128)),
    ("sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic", text(256)),
    ("google-bert/bert-base-uncased", "onnx-fp32", text(512)),
    ("intfloat/multilingual-e5-small", "onnx-int8-dynamic", text(128)),
    ("BAAI/bge-reranker-v2-m3", "onnx-fp32", text(128)),
    ("answerdotai/ModernBERT-base", "onnx-fp32", text(256)),
    ("microsoft/deberta-v3-base", "onnx-fp32", text(128)),
    # Encoder-decoders and speech.
    ("google/flan-t5-base", "onnx-fp32", chat(256, 64)),
    ("Helsinki-NLP/opus-mt-en-de", "onnx-int8-dynamic", chat(64, 64)),
    ("facebook/bart-large-cnn", "onnx-fp32", chat(512, 64)),
    ("facebook/nllb-200-distilled-600M", "onnx-int8-dynamic", chat(64, 64)),
    ("openai/whisper-base", "onnx-fp32", sound(30.0, 100)),
    ("openai/whisper-small", "onnx-int8-dynamic", sound(30.0, 100)),
    ("facebook/wav2vec2-base-960h", "onnx-fp32", sound(10.0)),
    # Vision.
    ("google/vit-base-patch16-224", "onnx-fp32", image()),
    ("facebook/dinov2-small", "onnx-int8-dynamic", image()),
    ("openai/clip-vit-base-patch32", "onnx-fp32", image(num_input_tokens=10)),
    ("microsoft/resnet-50", "onnx-fp32", image()),
    ("timm/efficientnet_b0.ra_in1k", "onnx-fp32", image()),
    ("facebook/convnext-base-224", "onnx-fp32", image()),
    ("facebook/detr-resnet-50", "onnx-fp32", image()),
)
"""Never looked at while constants were chosen."""
LEARNED_FROM = (0, 14, 21)
"""Places in `PUBLISHED` of the three probes that the app has learned from in the third column."""
