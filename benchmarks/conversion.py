"""Conversions: predicted and measured peak of memory, size and time, over models of several kinds and sizes.

Models with made-up weights are written by the conversion tools' own transformers, so that nothing is downloaded; the
two test models are real. Each is converted by the app's own job in a child.

    .venv/bin/python benchmarks/conversion.py [NAME ...]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import real_models  # noqa: E402

from advisor.child import runner  # noqa: E402
from advisor.convert import plan, tools  # noqa: E402

_LLAMA = {"class": "LlamaForCausalLM", "tie_word_embeddings": True, "vocab_size": 49152, "intermediate_size": 1536}
_BERT = {"class": "BertModel", "vocab_size": 30522}
RANDOM = {
    "llama-30m": _LLAMA | {"hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 8,
                           "num_attention_heads": 6, "num_key_value_heads": 2},
    "llama-90m-untied": _LLAMA | {"hidden_size": 512, "num_hidden_layers": 12, "num_attention_heads": 8,
                                  "num_key_value_heads": 2, "tie_word_embeddings": False},
    "llama-360m": _LLAMA | {"hidden_size": 960, "intermediate_size": 2560, "num_hidden_layers": 32,
                            "num_attention_heads": 15, "num_key_value_heads": 5},
    "llama-360m-bf16": _LLAMA | {"hidden_size": 960, "intermediate_size": 2560, "num_hidden_layers": 32,
                                 "num_attention_heads": 15, "num_key_value_heads": 5, "dtype": "bfloat16"},
    "qwen3-150m": _LLAMA | {"class": "Qwen3ForCausalLM", "hidden_size": 512, "num_hidden_layers": 20, "head_dim": 64,
                            "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 151936,
                            "dtype": "bfloat16"},
    "bert-110m": _BERT | {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
                          "num_attention_heads": 12},
    "bert-335m": _BERT | {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
                          "num_attention_heads": 16},
    "t5-60m": {"class": "T5ForConditionalGeneration", "d_model": 512, "d_ff": 2048, "num_layers": 6, "num_heads": 8,
               "vocab_size": 32128, "decoder_start_token_id": 0},
    "whisper-39m": {"class": "WhisperForConditionalGeneration", "decoder_start_token_id": 50258},
    "vit-86m": {"class": "ViTForImageClassification"},
}  # fmt: skip
WRITE = """
import json, sys
import torch, transformers
facts, folder, tokenizer = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.manual_seed(0)
kind = getattr(transformers, facts.pop("class"))
dtype = getattr(torch, facts.pop("dtype", "float32"))
kind(kind.config_class(**facts)).to(dtype).save_pretrained(folder)
place, _, name = tokenizer.rpartition("/")
found = {"gguf_file": name} if name.endswith(".gguf") else {}
transformers.AutoTokenizer.from_pretrained(place if found else tokenizer, **found).save_pretrained(folder)
"""
FORMATS = ("onnx-fp32", "onnx-int8", "onnx-int8-dynamic", "onnx-int4-b32")
DECODER_FORMATS = (*FORMATS, "onnx-int4-b32:k-quant")


def cases():
    """Return the cases: model, format."""
    for name in ("smollm2", *RANDOM, "minilm"):
        is_decoder = name.startswith(("smollm2", "llama", "qwen"))
        yield from ((name, chosen) for chosen in (DECODER_FORMATS if is_decoder else FORMATS))


def source(name, python, folder):
    """Return where a model lies, written first if its weights are made up."""
    gguf, minilm = real_models.models() / real_models.GGUF, real_models.models() / real_models.MINILM
    if name in ("smollm2", "minilm"):
        return gguf if name == "smollm2" else minilm
    place = folder / name
    if not place.exists():
        tokenizer = gguf if name.startswith(("llama", "qwen", "whisper")) else minilm
        subprocess.run([python, "-c", WRITE, json.dumps(RANDOM[name]), str(place), str(tokenizer)], check=True)
    return place


def main():
    """Print one line a case."""
    wanted = sys.argv[1:]
    python = tools.state(real_models.tools_folder()).python
    with tempfile.TemporaryDirectory() as found:
        folder = Path(found)
        print("model\tformat\tpredicted MB\tmeasured MB\tratio\tsize MB\tsize ratio\tpredicted s\tseconds\tcheck")
        for name, chosen in cases():
            if wanted and name not in wanted:
                continue
            format_id, _, method = chosen.partition(":")
            request = plan.ConvertRequest(
                source=str(source(name, python, folder)), model_id=f"bench/{name}", format_id=format_id,
                method=method or "rtn", folder=str(folder / "out" / f"{name}-{chosen.replace(':', '-')}"),
            )  # fmt: skip
            began_s = time.monotonic()
            outcome = runner.run(plan.JOB, msgspec.json.encode(request), python=python)
            if outcome.result is None:
                print(name, chosen, outcome.message, sep="\t", flush=True)
                continue
            result = msgspec.json.decode(outcome.result, type=plan.ConvertResult)
            check = result.provenance.check
            print(
                name, chosen, f"{result.predicted_memory_bytes / 1e6:.0f}", f"{result.peak_memory_bytes / 1e6:.0f}",
                f"{result.predicted_memory_bytes / result.peak_memory_bytes:.2f}", f"{result.weight_bytes / 1e6:.1f}",
                f"{result.weight_bytes / result.predicted_size_bytes:.3f}", f"{result.predicted_s:.0f}",
                f"{time.monotonic() - began_s:.1f}", f"{check.cosine:.5f}", sep="\t", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
