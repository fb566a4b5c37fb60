"""Two real models on examples: an embedder and a small language model, by the job, the command line and the window."""

import csv
import json
import shutil
import subprocess
import sys

import jsonschema
import msgspec
import numpy as np
import pytest
from fakes_energy import powercap_tree
from fakes_report import profile
from simulated_rapl import running

from advisor import paths, resources
from advisor.child import runner
from advisor.child.protocol import Progress
from advisor.evaluate import examples_plan
from advisor.evaluate.examples_plan import ExamplesRequest, ExamplesResult
from advisor.evaluate.examples_prompt import INSTRUCTION
from advisor.examples import read, typed
from advisor.history.store import History
from advisor.runnable import find
from advisor.runnable.engine.decoder import Decoder
from advisor.runnable.tokenizer import Tokenizer

ROWS = [
    ("My parcel has not arrived yet.", "delivery"), ("The courier left the box at the wrong door.", "delivery"),
    ("When will my order be shipped?", "delivery"), ("The package is stuck in the depot.", "delivery"),
    ("I was charged twice this month.", "payment"), ("Please send me an invoice.", "payment"),
    ("My credit card was declined.", "payment"), ("Why is the bill so high?", "payment"),
    ("The app crashes when I open it.", "bug"), ("I get an error message when I save.", "bug"),
    ("The button does nothing.", "bug"), ("The page freezes after the update.", "bug"),
]  # fmt: skip
MEANS = {"delivery": "shipping of parcels", "payment": "invoices and money", "bug": "software that does not work"}
EXAMPLES = typed.examples(ROWS, "classification")


def run(folder, *, fails=False, messages=None, **changes):
    given = {"examples": EXAMPLES, "with_energy": False, "num_threads": 2, **changes}
    request = ExamplesRequest(path=str(folder), **given)
    outcome = runner.run(
        examples_plan.JOB, msgspec.json.encode(request), timeout_s=120,
        on_message=(lambda message: None) if messages is None else messages.append,
    )  # fmt: skip
    if fails:
        assert outcome.code != "finished"
        return outcome
    assert outcome.code == "finished", outcome
    return msgspec.json.decode(outcome.result, type=ExamplesResult)


def test_an_embedder_finds_labels_by_their_descriptions_and_by_means(minilm_fp32):
    messages = []
    found = run(minilm_fp32, descriptions=MEANS, messages=messages)
    assert (found.method, found.num_examples, found.num_input_tokens > 60) == ("descriptions", 12, True)
    assert sum(found.score.right) >= 11
    assert [item.text for item in found.outputs] == [item.text for item in run(minilm_fp32, descriptions=MEANS).outputs]
    assert found.time_per_query.low <= found.time_per_query.value <= found.time_per_query.high
    assert found.peak_memory.value > found.model_bytes
    assert found.score.accuracy.low < found.score.accuracy.value
    assert {"prepare", "load", "warm-up"} <= {item.stage for item in messages if isinstance(item, Progress)}
    by_means = run(minilm_fp32, method="centroid")
    assert sum(by_means.score.right) >= 10
    unlike = typed.examples([("alpha", "x"), ("beta", "y")], "classification")
    alone = run(minilm_fp32, method="centroid", examples=unlike)
    assert [item.text for item in alone.outputs] == ["y", "x"]  # only the other label has another example
    assert [note.code for note in alone.notes] == ["one-of-a-label"]


def test_a_language_model_takes_the_likeliest_label(smollm2_int4):
    few = typed.examples(ROWS[::4], "classification")
    found = run(smollm2_int4, examples=few)
    assert (found.method, found.scoring, found.num_output_tokens) == ("likelihood", "calibrated", 0)
    assert {item.text for item in found.outputs} <= set(MEANS)
    summed = run(smollm2_int4, examples=few, scoring="sum")
    # What the job takes is what the engine says of prompt and label, told by hand for the first example.
    model = find.open_model(smollm2_int4)
    tokenizer = Tokenizer(model)
    labels = examples_plan.labels(few)
    listed = "\n".join(f"- {label}" for label in labels)
    prompt = (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        f"<|im_start|>user\n{INSTRUCTION}\n{listed}\n\nText: {few.examples[0].text}<|im_end|>\n<|im_start|>assistant\n"
    )
    ids = tokenizer.encode(prompt, special=False)
    with Decoder(model, num_threads=2, max_tokens=512) as decoder:
        answers = [(*tokenizer.encode(label, special=False), tokenizer.token_id("<|im_end|>")) for label in labels]
        scores = decoder.score(ids, answers)
    assert summed.outputs[0].text == labels[int(np.argmax(scores))]
    assert summed.outputs[0].num_input_tokens == len(ids)


def test_a_language_model_answers_prompts(smollm2_int4):
    asked = typed.examples([("What is the capital of France?", "Paris"), ("Say hello.", "hello")], "generation")
    found = run(smollm2_int4, examples=asked, instruction="Answer in one word.", max_num_answer_tokens=12)
    assert found.method == "answer"
    assert "Paris" in found.outputs[0].text
    assert all(1 <= item.num_output_tokens <= 12 for item in found.outputs)
    assert found.score.token_f1.value > 0
    assert 0 < found.outputs[0].similarity_share <= 1
    written = run(smollm2_int4, method="answer", examples=typed.examples(ROWS[:5:4], "classification"))
    assert {item.text for item in written.outputs} <= {*MEANS, None}


def test_long_texts_are_cut_and_said(minilm_fp32):
    long = typed.examples([("word " * 2000, "a"), ("short", "b")], "classification")
    found = run(minilm_fp32, examples=long)
    assert [item.is_cut for item in found.outputs] == [True, False]
    assert [(note.code, note.num_examples) for note in found.notes] == [("cut", 1)]


def test_what_cannot_be_run_is_a_sentence(minilm_int8, tmp_path):
    for changes, code in (
        ({"method": "likelihood"}, "method-unsuitable"), ({"descriptions": {"x": "y"}}, "label-unknown"),
        ({"examples": typed.examples([("a", "x")], "classification")}, "labels-too-few"),
        ({"examples": typed.examples([("a", "x")], "generation")}, "method-unsuitable"),
    ):  # fmt: skip
        assert run(minilm_int8, fails=True, **changes).reason == code
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in (*minilm_int8.glob("*.onnx*"), minilm_int8 / "config.json"):
        shutil.copy(file, bare)
    assert run(bare, fails=True).reason == "tokenizer-missing"
    (bare / "tokenizer.json").write_bytes(b"")
    assert run(bare, fails=True).reason == "tokenizer-missing"
    assert run(tmp_path / "none", fails=True).reason == "model-file-missing"


def test_energy_is_measured_where_a_meter_is_and_else_a_range(minilm_fp32, tmp_path):
    powercap_tree(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 1, "long_w": 500}})
    with running(tmp_path, idle_w=10.0, core_w=30.0):
        found = run(minilm_fp32, with_energy=True, sys_root=str(tmp_path / "sys"), time_share=0.2, cpu=profile().cpu)
    assert found.energy_per_1000.evidence == "measured", found.energy_per_1000
    # One to two busy processors of 30 W above 10 W, for 1,000 queries of this time.
    query_wh = 1000 * found.time_per_query.value / 3600
    assert 20 * query_wh < found.energy_per_1000.value < 90 * query_wh
    assert found.energy_boundary.startswith("processor package")
    without = run(minilm_fp32, with_energy=True, sys_root=str(tmp_path / "none"), cpu=profile().cpu)
    assert without.energy_per_1000.evidence in ("estimated", "assumed")
    assert without.energy_per_1000.low < without.energy_per_1000.value < without.energy_per_1000.high
    assert [note.code for note in without.notes] == ["energy-band"]


def cli(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "advisor", "examples-run", *map(str, arguments)], capture_output=True, timeout=180,
        text=True,
    )  # fmt: skip


def test_the_command_line_compares_two_and_keeps_no_text(minilm_fp32, minilm_int8, tmp_path):
    table = tmp_path / "mine.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *ROWS, ("=cmd()", "bug")])
    done = cli(
        table, "--model", minilm_fp32, "--model", minilm_int8, "--no-energy", "--json", "--errors", "--csv",
        tmp_path / "out.csv", *(f"--label-description={label}={text}" for label, text in MEANS.items()),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read("schema/examples-run.schema.json")))
    assert [item["format"] for item in value["candidates"]] == ["onnx-fp32", "onnx-int8-dynamic"]
    assert len(value["comparisons"]) == 1
    assert "more would" in value["comparisons"][0]["sentence"]
    rows = list(csv.reader((tmp_path / "out.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == 1 + 2 * 13
    assert "'=cmd()" in {row[1] for row in rows}
    kept = History(paths.data_folder() / "history.sqlite").open().evaluations("examples", ExamplesResult)
    assert len(kept) == 2
    assert all(item.outputs == () and item.examples is None and len(item.score.right) == 13 for item in kept)


def test_the_command_line_in_words_and_its_refusals(minilm_int8):
    typed_words = [word for text, label in ROWS[:2] + ROWS[4:6] for word in ("--example", f"{text}=>{label}")]
    done = cli(*typed_words, "--model", minilm_int8, "--no-energy", "--errors", "--method", "centroid")
    assert done.returncode == 0, done.stderr
    assert "1 candidate on 4 examples of typed" in done.stdout
    assert "nearest mean of the other examples" in done.stdout
    for arguments, words in (
        ((), "Give either a file of examples or typed ones."), (("--example", "a=>b"), "No model is given."),
        (("--example", "ab", "--model", minilm_int8), "'ab' is not an example."),
        ((*typed_words, "--model", minilm_int8, "--method", "guess"), "There is no method 'guess'."),
        ((*typed_words, "--model", minilm_int8, "--method", "answer"), "by the method answer"),
        ((*typed_words, "--model", minilm_int8, "--label-description", "x=y"), "There is no label 'x'"),
    ):  # fmt: skip
        failed = cli(*arguments)
        assert failed.returncode == 2, failed.stdout
        assert words in failed.stderr


def test_a_million_rows_become_a_sample_that_runs(minilm_int8, tmp_path):
    table = tmp_path / "many.csv"
    with table.open("w", encoding="utf-8-sig") as file:
        file.write("text;label\n")
        file.writelines(f"message number {i};{'ab'[i % 2]}\n" for i in range(1_000_000))
    found = read.load(table, max_num_examples=30)
    assert (found.num_rows, len(found.examples), found.delimiter) == (1_000_000, 30, ";")
    assert run(minilm_int8, examples=found).num_examples == 30


@pytest.mark.allow_leaks("the window's own threads end with the application")
def test_the_window_runs_two_models_and_shows_who_is_enough(app_home, qtbot, minilm_int8):
    from advisor.ui.controllers.examples import ExamplesController
    from advisor.ui.store import Store, with_machine
    from advisor.ui.workers.child_process import ChildProcess
    from advisor.ui.workers.pool import Pool

    store, pool = Store(), Pool()
    machine = profile()
    store.update(lambda old: with_machine(old, base=machine, profile=machine))
    bugs = []
    controller = ExamplesController(
        store, pool.run, make_child=ChildProcess, log=lambda record: None, broken=bugs.append
    )
    controller.look()
    controller.take_typed(ROWS, "classification")
    qtbot.waitUntil(lambda: bool(store.snapshot.examples.choices) and store.snapshot.examples.read is not None)
    choices = store.snapshot.examples.choices
    assert {item.method for item in choices} == {"descriptions", "centroid"}
    with qtbot.waitSignal(controller.idle, timeout=60_000):
        controller.start([item.key for item in choices], "", MEANS)
    state = store.snapshot.examples
    assert state.error == ""
    assert [len(state.view.rows), len(state.view.dots), len(state.view.wrong)] == [2, 2, 2]
    assert bugs == []
    pool.wait()


@pytest.fixture
def app_home(own_folders, minilm_int8):
    from advisor.convert import place

    target = place.target_folder("sentence-transformers/all-MiniLM-L6-v2", "onnx-int8-dynamic")
    target.parent.mkdir(parents=True)
    shutil.copytree(minilm_int8, target)  # the shelf holds no links
    return target
