"""Real conversions by the app's own job: origin, numbers, cancel, a second one, a file too large, adapters."""

import hashlib
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest

from advisor.catalog import formats, local_model
from advisor.child import runner
from advisor.child.command import command
from advisor.child.protocol import Progress
from advisor.convert import place, plan
from advisor.convert.plan import ConvertRequest
from advisor.runnable import provenance

ROOT = Path(__file__).parents[2]
OFFLINE = {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}


def run_with_tools(python, code, *arguments):
    """Run a script with the conversion tools and this app; return what it printed."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, env=OFFLINE | {"PATH": "", "HOME": str(ROOT / ".cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def request(source, **options):
    return msgspec.json.encode(ConvertRequest(source=str(source), **options))


def nothing_left():
    return not [path for path in place.home().rglob("*") if ".locks" not in path.parts]


def test_the_origin_says_from_what_with_what_and_how_near(smollm2_gguf, smollm2_int4):
    origin = provenance.read(smollm2_int4)
    assert origin.source_kind == "gguf"
    assert origin.format_id == "onnx-int4-b32"
    assert origin.options["stored_as"] == "Q4_1"
    assert origin.options["block_size"] == "32"
    assert origin.licence == "apache-2.0"
    assert {"torch", "transformers", "onnxruntime-genai", "model-fit-advisor"} <= set(origin.versions)
    assert [file.name for file in origin.sources] == [smollm2_gguf.name]
    assert origin.sources[0].sha256 == hashlib.sha256(smollm2_gguf.read_bytes()).hexdigest()
    for file in origin.files:
        content = (smollm2_int4 / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.sha256), file.name
    written = {path.relative_to(smollm2_int4).as_posix() for path in smollm2_int4.rglob("*") if path.is_file()}
    assert written == {file.name for file in origin.files} | {provenance.FILE_NAME}
    check = origin.check
    assert check.accepted
    assert check.num_inputs >= 8
    assert 0.01 < check.mean_kl_nats < 1.0  # four bits cost something, and the model still is itself


@pytest.mark.parametrize("name", ["smollm2_fp32", "smollm2_int4", "minilm_fp32", "minilm_int8"])
def test_memory_and_size_are_what_was_said_before(request, name):
    folder = request.getfixturevalue(name)
    origin = provenance.read(folder)
    assert origin.predicted_memory_bytes == pytest.approx(origin.peak_memory_bytes, rel=0.2)
    source = request.getfixturevalue("smollm2_gguf" if name.startswith("smollm2") else "minilm_folder")
    card = local_model.load(source).known.card
    expected, _ = formats.file_bytes(formats.by_id(origin.format_id), card)
    written = sum(file.size_bytes for file in origin.files if ".onnx" in file.name)
    assert written == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", ["smollm2_fp32", "minilm_fp32"])
def test_full_precision_answers_as_pytorch_does(request, name):
    check = provenance.read(request.getfixturevalue(name)).check
    assert check.max_error < 1e-3 * check.scale
    assert check.cosine > 1 - 1e-9


def test_batch_and_length_are_free(minilm_fp32):
    session = onnxruntime.InferenceSession(minilm_fp32 / "model.onnx", providers=["CPUExecutionProvider"])
    for batch, length in ((1, 3), (5, 40)):
        ids = np.full((batch, length), 2000, dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        assert session.run(None, feeds)[0].shape == (batch, length, 384)


SWAPPED = """
from pathlib import Path
from advisor.convert import compare, network
from advisor.errors import InvalidModelError
parts = network.load(Path(sys.argv[1]), "encoder")
print(network.compare(parts, Path(sys.argv[2]), keep_packing=False).result(compare.LIMITS["onnx-fp32"]).accepted)
wrong = network.compare(parts, Path(sys.argv[3]), keep_packing=False).result(compare.LIMITS["onnx-fp32"])
try:
    compare.require(wrong)
except InvalidModelError as error:
    print(error.code)
"""


def test_other_weights_are_found_by_the_comparison(minilm_folder, minilm_fp32, export_python, tmp_path):
    swapped = tmp_path / "swapped"
    shutil.copytree(minilm_fp32, swapped)
    data = swapped / "model.onnx.data"
    whole = np.fromfile(data, dtype=np.float32)
    size = 384 * 1536  # one matrix of one layer, its numbers in another order
    whole[-size:] = whole[-size:][::-1]
    whole.tofile(data)
    assert run_with_tools(export_python, SWAPPED, minilm_folder, minilm_fp32, swapped).split() == [
        "True", "conversion-differs",
    ]  # fmt: skip


def test_a_cancel_leaves_nothing_and_a_second_conversion_is_kept_out(minilm_folder, export_python):
    cancel, second, shares = threading.Event(), [], []
    wanted = request(minilm_folder, format_id="onnx-fp32", model_id="o/minilm")

    def follow(message):
        if isinstance(message, Progress):
            shares.append(message.done_share)
            if message.stage == "load" and not second:
                second.append(runner.run(plan.JOB, wanted, python=export_python))
                assert place.work_folder(place.target_folder("o/minilm", "onnx-fp32")).is_dir()
            if message.stage == "measure":
                cancel.set()

    outcome = runner.run(plan.JOB, wanted, python=export_python, on_message=follow, cancel=cancel)
    assert outcome.code == "cancelled"
    assert second[0].reason == "conversion-running"
    assert shares == sorted(shares)
    assert nothing_left()


LIMITED = (
    "import resource, sys, os\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000_000, 30_000_000))\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


def test_a_disk_that_takes_no_more_leaves_nothing(minilm_folder, export_python):
    argv = [sys.executable, "-c", LIMITED, *command(plan.JOB, python=export_python)]
    outcome = runner.run(plan.JOB, request(minilm_folder, format_id="onnx-fp32", check=False), argv=argv)
    assert outcome.reason == "file-too-large", outcome
    assert "Nothing was left behind" in outcome.remedy
    assert nothing_left()


def test_too_little_memory_is_refused_before_anything_is_written(minilm_folder, export_python):
    wanted = request(minilm_folder, format_id="onnx-fp32", memory_limit_bytes=200_000_000)
    outcome = runner.run(plan.JOB, wanted, python=export_python)
    assert outcome.reason == "memory-too-small"
    assert nothing_left()


ADAPTER = """
import json
from pathlib import Path
import torch, transformers
from safetensors.torch import save_file
from advisor.convert import adapter
from advisor.errors import AdvisorError
folder = Path(sys.argv[1])
torch.manual_seed(0)
config = transformers.LlamaConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
                                  num_key_value_heads=2, vocab_size=64)
model = transformers.LlamaForCausalLM(config)
model.save_pretrained(folder / "base")
before = {name: value.clone() for name, value in model.state_dict().items()}
down, up = torch.randn(4, 32), torch.randn(16, 4)
name = "base_model.model.model.layers.0.self_attn.v_proj"
place = folder / "adapter"
place.mkdir()
save_file({f"{name}.lora_A.weight": down, f"{name}.lora_B.weight": up}, str(place / "adapter_model.safetensors"))
facts = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["v_proj"]}
(place / "adapter_config.json").write_text(json.dumps(facts))
adapter.merge(folder / "base", place, folder / "merged")
merged = transformers.LlamaForCausalLM.from_pretrained(folder / "merged").state_dict()
changed = "model.layers.0.self_attn.v_proj.weight"
wanted = before[changed] + 8 / 4 * (up @ down)
same = all(torch.equal(merged[key], value) for key, value in before.items() if key != changed)
print(torch.allclose(merged[changed], wanted, atol=1e-6), same)
for change, odd in (({"use_dora": True}, name), ({}, name.replace("v_proj", "x_proj")), ({"peft_type": "IA3"}, name)):
    (place / "adapter_config.json").write_text(json.dumps(facts | change))
    save_file({f"{odd}.lora_A.weight": down, f"{odd}.lora_B.weight": up}, str(place / "adapter_model.safetensors"))
    try:
        adapter.merge(folder / "base", place, folder / "again")
    except AdvisorError as error:
        print(error.code)
"""


def test_an_adapter_is_laid_into_its_model_and_odd_ones_are_refused(export_python, tmp_path):
    assert run_with_tools(export_python, ADAPTER, tmp_path).split() == [
        "True", "True", "adapter-not-plain", "adapter-does-not-fit", "adapter-not-plain",
    ]  # fmt: skip


KINDS = """
import logging
from pathlib import Path
import torch, transformers as T
from advisor.convert import compare, network, quantize
logging.disable(logging.WARNING)
tokenizer = T.AutoTokenizer.from_pretrained(sys.argv[1])
size = dict(d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=512, pad_token_id=0, bos_token_id=1, eos_token_id=2)
kinds = {
    "encoder-decoder": T.T5ForConditionalGeneration(T.T5Config(d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2,
                                                               vocab_size=30522, decoder_start_token_id=0)),
    "speech": T.WhisperForConditionalGeneration(T.WhisperConfig(**size, max_source_positions=50,
                                                                      decoder_start_token_id=2)),
    "vision": T.ViTForImageClassification(T.ViTConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                                                      intermediate_size=64, image_size=32, num_labels=5)),
}
for kind, model in kinds.items():
    source, whole, fewer = (Path(sys.argv[2]) / kind / name for name in ("source", "whole", "fewer"))
    for folder in (source, whole, fewer):
        folder.mkdir(parents=True)
    model.save_pretrained(source)
    if kind == "encoder-decoder":
        tokenizer.save_pretrained(source)
    parts = network.load(source, kind)
    for part in parts:
        network.export(part, whole)
        quantize.quantize(whole / part.name, fewer / part.name, "onnx-int4-b32", "rtn", lambda share: None)
    names = "+".join(part.name for part in parts)
    first = network.compare(parts, whole, keep_packing=False).result(compare.LIMITS["onnx-fp32"])
    second = network.compare(parts, fewer, keep_packing=True).result(compare.LIMITS["onnx-int4-b32"])
    sizes = [sum(path.stat().st_size for path in folder.iterdir()) for folder in (whole, fewer)]
    print(kind, names, first.accepted, second.accepted, sizes[1] < sizes[0])
"""


def test_encoder_decoders_speech_and_images_by_the_exporter(minilm_folder, export_python, tmp_path):
    printed = run_with_tools(export_python, KINDS, minilm_folder, tmp_path).splitlines()
    assert [line for line in printed if not line.startswith("Progress")] == [
        "encoder-decoder encoder_model.onnx+decoder_model.onnx True True True",
        "speech encoder_model.onnx+decoder_model.onnx True True True",
        "vision model.onnx True True True",
    ]
    assert json.loads((tmp_path / "vision" / "source" / "config.json").read_text())["model_type"] == "vit"
