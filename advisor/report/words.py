"""Tables of words: what the codes of the domain are called. `wording` makes sentences of them."""

from advisor.catalog.model import Runtime
from advisor.child.protocol import OutcomeCode, Stage
from advisor.estimate.model import RateUnit, Verdict
from advisor.evidence import Evidence
from advisor.probe.plan import Grade, ProbeKind
from advisor.recommend.model import ApproachId
from advisor.task.model import LicenceNeed, PowerSource, QualityNeed, TaskKind

VERDICT_WORDS: dict[Verdict, str] = {
    "fits": "Fits",
    "tight": "Tight",
    "does-not-fit": "Does not fit",
    "unknown": "Unknown",
}
VERDICT_GLYPHS: dict[Verdict, str] = {"fits": "✓", "tight": "!", "does-not-fit": "✕", "unknown": "?"}
VERDICT_HELP: dict[Verdict, str] = {
    "fits": "At least 20 % of the free memory stays free.",
    "tight": "It fits, but less than 20 % of the free memory stays free.",
    "does-not-fit": "It needs more memory than is free.",
    "unknown": "The memory it needs, or the memory that is free, is not known.",
}
VERDICT_COLOURS: dict[Verdict, tuple[str, str]] = {
    "fits": ("#0072B2", "#56B4E9"),
    "tight": ("#9A6700", "#F0E442"),
    "does-not-fit": ("#8E1B5A", "#FF8FB1"),
    "unknown": ("#595959", "#B8B8B8"),
}
"""On a light and on a dark ground; contrast and distance for colour-blind eyes are in the design notes."""

EVIDENCE_WORDS: dict[Evidence, str] = {
    "measured": "measured",
    "measured-synthetic": "measured with made-up weights",
    "calibrated": "calibrated",
    "estimated": "estimated",
    "assumed": "assumed",
    "excluded": "no data",
}
EVIDENCE_HELP: dict[Evidence, str] = {
    "measured": "Measured on this computer with the real model.",
    "measured-synthetic": "Measured on this computer with the model's exact shapes and made-up weights.",
    "calibrated": "Predicted from speeds that were measured on this computer.",
    "estimated": "Predicted from what the computer says about itself.",
    "assumed": "Taken from a table of typical or published values.",
    "excluded": "There is no meter and no honest estimate, so nothing is counted.",
}

KIND_LABELS: dict[TaskKind, str] = {
    "generation": "Chat and text generation",
    "summarization": "Summarization",
    "translation": "Translation",
    "text-classification": "Text classification",
    "zero-shot-classification": "Classification without examples",
    "token-classification": "Names and other spans in text",
    "question-answering": "Question answering",
    "sentence-embedding": "Search and similarity",
    "reranking": "Reranking of search results",
    "speech-recognition": "Speech recognition",
    "image-classification": "Image classification",
    "object-detection": "Object detection",
    "image-text": "Questions about images",
    "image-generation": "Image generation",
    "speech-synthesis": "Speech synthesis",
}

FORMAT_LABELS: dict[str, str] = {
    "onnx-fp32": "ONNX fp32",
    "onnx-fp16": "ONNX fp16",
    "onnx-int8-dynamic": "ONNX int8 (dynamic)",
    "onnx-int8": "ONNX int8 (blocks of 32)",
    "onnx-int4-b32": "ONNX int4 (blocks of 32)",
    "onnx-int4-b128": "ONNX int4 (blocks of 128)",
    "gguf-q8_0": "GGUF Q8_0",
    "gguf-q6_k": "GGUF Q6_K",
    "gguf-q5_k_m": "GGUF Q5_K_M",
    "gguf-q4_k_m": "GGUF Q4_K_M",
    "gguf-q4_0": "GGUF Q4_0",
    "gguf-q3_k_m": "GGUF Q3_K_M",
    "gguf-q2_k": "GGUF Q2_K",
    "safetensors-bf16": "safetensors bf16",
    "safetensors-fp8": "safetensors fp8",
    "safetensors-nf4": "safetensors nf4",
}
"""The same words as the labels of `catalog.formats`, which the sentences of a recommendation use."""
RUNTIME_LABELS: dict[Runtime, str] = {
    "onnxruntime": "ONNX Runtime",
    "llama.cpp": "llama.cpp",
    "transformers": "Transformers",
}

APPROACH_LABELS: dict[ApproachId, str] = {
    "generate": "Language model that follows instructions",
    "seq2seq": "Model made for this one text task",
    "fine-tuned-classifier": "Ready-made classifier",
    "embedder-head": "Embedder with a linear head on your examples",
    "zero-shot-nli": "Zero-shot classifier, one pass for each label",
    "embedder": "Embedder",
    "embedder-reranker": "Embedder, then a reranker over its best hits",
    "reranker": "Reranker",
    "token-classifier": "Ready-made tagger",
    "extractive-qa": "Reader that marks the answer in a text",
    "asr-seq2seq": "Speech model that writes text (Whisper and its kind)",
    "asr-ctc": "Speech model that spells sound by sound (CTC or transducer)",
    "image-classifier": "Ready-made image classifier",
    "image-zero-shot": "Image-text matcher (CLIP and its kind)",
    "image-embedder-head": "Image embedder with a linear head on your examples",
    "detector": "Object detector",
    "image-text": "Model that reads images and answers in text",
    "diffusion": "Image generator",
    "tts": "Speech generator",
}
"""The same words as `Approach.label`."""

STAGE_NAMES: dict[Stage, str] = {
    "prepare": "Prepare",
    "load": "Load",
    "warm-up": "Warm up",
    "measure": "Measure",
    "cool": "Cool",
}
STAGE_HELP: dict[Stage, str] = {
    "prepare": "Building the model's exact shape with made-up weights",
    "load": "Loading it into ONNX Runtime",
    "warm-up": "Running until the times stop improving",
    "measure": "Measuring",
    "cool": "Cleaning up",
}
OUTCOME_SENTENCES: dict[OutcomeCode, str] = {
    "finished": "The probe finished.",
    "failed_to_start": "The probe could not be started.",
    "crashed": "The probe crashed. The app goes on, and nothing was lost.",
    "killed_for_memory": "The probe was stopped because it needed more memory than it may use.",
    "timed_out": "The probe was stopped because it took too long.",
    "cancelled": "The probe was cancelled.",
    "protocol_error": "The probe was stopped because its answers could not be understood.",
    "invalid_model": "ONNX Runtime cannot run this model.",
    "failed": "The probe failed.",
}
OUTCOME_REMEDIES: dict[OutcomeCode, str] = {
    "finished": "",
    "failed_to_start": "Look into the log, or install the app again.",
    "crashed": "Try a smaller model or another format.",
    "killed_for_memory": "Try a shorter context, a smaller format or a smaller model.",
    "timed_out": "Try a smaller model, or close other programs.",
    "cancelled": "",
    "protocol_error": "Try again; if it happens again, look into the log.",
    "invalid_model": "Choose another format or another model.",
    "failed": "Look into the log.",
}
PROBE_KIND_WORDS: dict[ProbeKind, str] = {"synthetic": "made-up weights", "weights": "the real weights"}
GRADE_HELP: dict[Grade, str] = {
    "A": "Steady run",
    "B": "Some noise",
    "C": "Noisy: run it again on a quiet computer",
}

COLUMN_TITLES: dict[str, str] = {
    "verdict": "Verdict",
    "model": "Model",
    "format": "Format",
    "approach": "Approach",
    "memory": "Memory needed (GiB)",
    "memory_free": "Memory free (GiB)",
    "rate": "Speed",
    "time_to_first_token": "Time to first answer (s)",
    "time_per_token": "Time per token (s)",
    "time_per_query": "Time per query (s)",
    "energy": "Energy per 1,000 queries (Wh)",
    "carbon": "CO2e per 1,000 queries (g)",
    "token_energy": "Energy of a token written (J)",
    "day_energy": "Energy of a day at your number of queries (Wh)",
    "year_cost": "Cost of a year at your number of queries and price",
    "battery": "Battery: how much sooner it is empty after 1,000 queries (minutes)",
    "quality": "Quality",
    "evidence": "Evidence",
    "parameters": "Parameters",
    "download": "Download (GiB)",
    "licence": "Licence",
    "max_context": "Largest context that fits (tokens)",
}
FIGURE_LABELS: dict[str, str] = {
    "memory": "Memory needed",
    "memory_free": "Memory free",
    "weights": "Memory: weights",
    "cache": "Memory: cache",
    "activations": "Memory: working memory",
    "runtime": "Memory: runtime",
    "rate": "Speed",
    "time_to_first_token": "Time to first answer",
    "time_per_token": "Time per token",
    "time_per_query": "Time per query",
    "energy_per_1000_queries": "Energy per 1,000 queries",
    "carbon_per_1000_queries": "CO2e per 1,000 queries",
    "download": "Download",
    "parameters": "Parameters",
    "max_context": "Largest context that fits",
    "load_time": "Time to load",
    "flops_per_query": "Calculations per query",
    "bytes_per_query": "Memory traffic per query",
}
RATE_TITLES: dict[RateUnit, str] = {
    "tokens/s": "Speed (tokens/s)",
    "queries/s": "Speed (queries/s)",
    "x real time": "Speed (times real time)",
    "images/s": "Speed (images/s)",
}
UNIT_WORDS: dict[str, str] = {
    "B": "bytes",
    "s": "seconds",
    "W": "watts",
    "J": "joules",
    "Wh": "watt-hours",
    "g": "grams of CO2e",
    "g/kWh": "grams of CO2e per kilowatt-hour",
    "1": "share",
    "Hz": "hertz",
    "tokens": "tokens",
    "tokens/s": "tokens per second",
    "queries/s": "queries per second",
    "x real time": "times real time",
    "images/s": "images per second",
    "B/s": "bytes per second",
    "FLOP": "floating-point operations",
    "FLOP/s": "floating-point operations per second",
}
PART_WORDS: dict[str, str] = {
    "weights": "Weights",
    "cache": "Cache",
    "activations": "Working memory",
    "runtime": "Runtime",
}
LICENCE_NEEDS: dict[LicenceNeed, str] = {"any": "any licence", "commercial": "commercial use allowed"}
QUALITY_NEEDS: dict[QualityNeed, str] = {
    "any": "any quality",
    "basic": "basic quality",
    "good": "good quality",
    "best": "best quality",
}
POWER_SOURCES: dict[PowerSource, str] = {"mains": "mains power", "battery": "battery"}
REJECTION_WORDS: dict[str, str] = {
    "licence": "licence not allowed",
    "licence-unknown": "licence not known",
    "language": "language not covered",
    "memory": "too much memory",
    "unknown-memory": "memory not known",
    "disk": "too large for the disk",
    "context": "context too short",
    "latency": "too slow",
    "quality": "quality too low",
    "approach": "needs what you do not have",
}
