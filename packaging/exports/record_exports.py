"""Export small random models with the tools people use and write down what their graphs hold.

`tests/contract/test_exports.py` compares our synthetic graphs with what is recorded here: operators and weight bytes of
one layer, each the difference of two exports that differ by one layer; of image networks, detectors and denoisers the
whole graph. Run it again when a tool changes, in an environment with the extra `export` (`pip install -e ".[export]"`:
torch, transformers, onnxruntime-genai, onnxscript, diffusers, timm); it needs no network and no model files.

Run: python packaging/exports/record_exports.py [name ...]
"""

import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import whole_models
from graph_facts import facts, per_layer, whole_graph
from subjects import SUBJECTS

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "tests" / "data" / "exports"
DEPTHS = (2, 3)


def main(names):
    for subject in SUBJECTS:
        if names and subject["name"] not in names:
            continue
        record(subject)


def record(subject):
    if "compared" in subject:
        record_whole(subject)
        return
    depths = subject.get("depths", DEPTHS)
    every = subject["tool"] == "genai" or subject.get("every", False)
    with tempfile.TemporaryDirectory() as folder:
        if subject["tool"] == "genai":
            graphs = [genai(subject, Path(folder) / str(depth), depth) for depth in depths]
            tool = f"onnxruntime-genai {version('onnxruntime-genai')}, models.builder, {subject['precision']}, cpu"
        else:
            graphs = [torch_export(subject, Path(folder) / str(depth), depth) for depth in depths]
            tool = f"torch.onnx of torch {version('torch').partition('+')[0]}"
        layer = per_layer(*(facts(path) for path in graphs), whole=every)
    found = {
        "name": subject["name"],
        "tool": f"{tool}; transformers {version('transformers')}",
        "class": subject["config_class"],
        "config": subject["config"],
        "architecture": subject["architecture"],
        "tasks": subject["tasks"],
        "format": subject["format"],
        "depths": list(depths),
        "compared": "every operator" if every else "kinds of operators",
        "per_layer": layer,
    }
    _write(subject, found)
    print(subject["name"], layer)


def record_whole(subject):
    """Record a whole network and, where its layers are equal, what one of them adds."""
    every, simplified = subject["compared"] == "every operator", subject.get("simplified", False)
    with tempfile.TemporaryDirectory() as folder:
        model = whole_models.model(subject)
        count = sum(parameter.numel() for parameter in model.parameters())
        whole = facts(_torch_file(subject, Path(folder) / "whole", model), simplified=simplified)
        layer = {}
        if subject.get("layer_too"):
            models = [whole_models.model(subject, depth) for depth in DEPTHS]
            files = [_torch_file(subject, Path(folder) / str(at), it) for at, it in zip(DEPTHS, models, strict=True)]
            layer = {"per_layer": per_layer(*map(facts, files), whole=every), "depths": list(DEPTHS)}
    tools = ", ".join(f"{name} {version(name)}" for name in (subject["library"], *["onnxruntime"] * simplified))
    kept = ("id", "architecture", "shape", "components", "undrawn", "tasks", "format", "simplified")
    found = {
        "name": subject["name"],
        "tool": f"torch.onnx of torch {version('torch').partition('+')[0]}; {tools}",
        "class": subject["model_class"],
        "config": subject["config"],
        **{key: subject[key] for key in kept if subject.get(key)},
        "compared": f"whole graph, {subject['compared']}{subject.get('remark', '')}",
        "num_parameters": count,
        "whole_graph": whole_graph(whole, whole=every),
        **layer,
    }
    _write(subject, found)
    print(subject["name"], found["whole_graph"])


def _write(subject, found):
    TARGET.mkdir(parents=True, exist_ok=True)
    path = TARGET / f"{subject['name']}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")


def _config(subject, depth):
    import transformers

    fields = dict(subject["config"])
    if "layer_types" in fields:
        fields |= {"layer_types": (fields["layer_types"] * depth)[:depth], "num_hidden_layers": depth}
    config = getattr(transformers, subject["config_class"])(**fields)
    for name in subject.get("depth_fields", ("num_hidden_layers",)):
        setattr(config, name, depth)
    if getattr(config, "layer_types", None):
        config.layer_types = (list(config.layer_types) * depth)[:depth]
    return config


def genai(subject, folder, depth):
    import transformers
    from tokenizers import Tokenizer, models

    source, target = folder / "source", folder / "target"
    source.mkdir(parents=True)
    model = transformers.AutoModelForCausalLM.from_config(_config(subject, depth))
    _fill_vectors(model)
    model.save_pretrained(source)
    words = Tokenizer(models.WordLevel({"a": 0, "b": 1, "c": 2}, unk_token="a"))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="c", bos_token="b", unk_token="a"
    ).save_pretrained(source)
    command = [
        sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(source), "-o", str(target),
        "-p", subject["precision"], "-e", "cpu", "-c", str(folder / "cache"),
    ]  # fmt: skip
    command += ["--extra_options", *subject["options"]] if "options" in subject else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{subject['name']}: the builder failed:\n{done.stderr[-2000:]}")
    return target / "model.onnx"


def torch_export(subject, folder, depth):
    import transformers

    return _torch_file(subject, folder, getattr(transformers, subject["model_class"])(_config(subject, depth)).eval())


def _torch_file(subject, folder, model):
    import torch

    folder.mkdir(parents=True)
    torch.manual_seed(0)
    _fill_vectors(model)
    path = folder / "model.onnx"
    inputs = whole_models.tensors(subject["inputs"])
    with whole_models.unmasked() if subject.get("unmasked") else nullcontext():
        torch.onnx.export(model, (), str(path), kwargs=inputs, dynamo=True, external_data=True, verbose=False)
    return path


def _fill_vectors(model):
    """Give biases other values than zero, and norms others than one: builders leave out what changes nothing.

    Tables full of one value get others too, as exporters keep one of two that are equal.
    """
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1 or bool((parameter == parameter.flatten()[0]).all()):
                parameter.uniform_(0.5, 1.5)


if __name__ == "__main__":
    main(sys.argv[1:])
