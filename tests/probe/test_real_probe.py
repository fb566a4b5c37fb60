"""The real probe from end to end: tiny models, real graphs, real children, real faults."""

import os
import subprocess
import sys
import threading

import cards
import msgspec
import psutil
import pytest

from advisor import paths
from advisor.child import command, runner
from advisor.child.protocol import Hello, Progress, Sample
from advisor.graphs import decoder, storage
from advisor.graphs.text import DecoderRecipe
from advisor.probe import job, lock
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.plan import ProbePlan, ProbeResult
from advisor.task.model import Workload
from advisor.ui.workers.child_process import ChildProcess
from advisor.units import GIB, MIB

CHAT = Workload(num_input_tokens=24, num_output_tokens=16, num_context_tokens=128)
LONG = Workload(num_input_tokens=4096, num_output_tokens=512, num_context_tokens=8192)


def plan_of(model, format_id="onnx-int4-b32", workload=CHAT, **changes):
    fields = {
        "candidate": cards.candidate(model, format_id), "workload": workload, "num_threads": 1,
        "memory_box_bytes": GIB, "time_box_s": 6.0, "graph_folder": str(paths.cache_folder() / "graphs"), **changes,
    }  # fmt: skip
    return ProbePlan(**fields)


def run(plan, **options):
    options.setdefault("timeout_s", 120)
    return runner.run("probe", msgspec.json.encode(plan), **options)


def result_of(plan, **options):
    outcome = run(plan, **options)
    assert outcome.code == "finished", outcome.message
    return msgspec.json.decode(outcome.result, type=ProbeResult)


def slow_model():
    """Return a model that takes a while to measure: cancel and crash must find it at work."""
    return cards.tiny_decoder(
        hidden_size=512, intermediate_size=4096, num_hidden_layers=4, max_position_embeddings=16384
    )


def graphs_left():
    folder = paths.cache_folder() / "graphs"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


@pytest.mark.parametrize("format_id", ["onnx-int4-b32", "onnx-int8", "onnx-fp32"])
def test_a_decoder_is_measured_whole(format_id):
    found = result_of(plan_of(cards.tiny_decoder("qwen2"), format_id, depths=(2,)))
    assert found.depths_measured == (2,)
    assert not found.extrapolated
    assert 0 < found.time_per_token.value < found.time_to_first_token.value * 100
    assert found.rate.value == pytest.approx(1 / found.time_per_token.value)
    assert found.provider == "CPUExecutionProvider"
    assert {"python", "onnxruntime"} <= found.versions.keys()
    depth = found.depths[0]
    assert len(depth.decode_s) >= 20
    assert len(depth.prefill_s) >= 1
    assert depth.baseline_rss_bytes < depth.peak_rss_bytes == found.peak_memory.value
    assert not any("overflowed" in reason for reason in found.reasons)
    assert graphs_left() == []


def test_a_decoder_is_measured_at_two_depths_each_in_its_own_child():
    model = cards.tiny_decoder(num_hidden_layers=6)
    found = result_of(plan_of(model, depths=(2, 4)))
    assert found.extrapolated
    assert found.depths_measured == (2, 4)
    assert found.num_layers == 6
    assert [depth.num_layers for depth in found.depths] == [2, 4]
    assert "2, 4 of 6 layers" in found.time_per_token.basis


@pytest.mark.parametrize("format_id", ["onnx-fp32", "onnx-int8-dynamic"])
def test_an_encoder_is_measured(format_id):
    found = result_of(plan_of(cards.tiny_encoder(), format_id, Workload(num_input_tokens=16, num_batch=2)))
    assert found.rate.unit == "queries/s"
    assert found.time_per_token.value is None
    assert len(found.depths[0].query_s) >= 20
    assert not any("overflowed" in reason for reason in found.reasons)


def test_an_embedding_decoder_is_measured_without_a_head():
    found = result_of(plan_of(cards.tiny_decoder("qwen3"), workload=Workload(num_input_tokens=24)))
    assert found.time_per_token.value is None
    assert found.depths[0].decode_s == ()
    assert found.rate.unit == "queries/s"


def test_messages_tell_the_stages_in_order_and_live_samples_come_through():
    messages = []
    found = result_of(plan_of(slow_model(), time_box_s=4.0), on_message=messages.append)
    stages = [message.stage for message in messages if isinstance(message, Progress)]
    assert list(dict.fromkeys(stages)) == ["prepare", "load", "warm-up", "measure", "cool"]
    shares = [message.done_share for message in messages if isinstance(message, Progress)]
    assert shares == sorted(shares)
    live = [message for message in messages if isinstance(message, Sample)]
    assert {sample.kind for sample in live} >= {"system", "token"}
    assert len(live) == len(found.samples)
    times = [sample.t_s for sample in live]
    assert times == sorted(times)


def test_the_peak_is_the_measuring_childs_and_not_the_builders():
    """The fp32 file is much larger than the int4 one, so its peak must be too; the builder's own peak is the same."""
    model = cards.tiny_decoder(hidden_size=1024, intermediate_size=4096, num_hidden_layers=2, vocab_size=4096)
    small, large = (result_of(plan_of(model, name, time_box_s=3.0)) for name in ("onnx-int4-b32", "onnx-fp32"))
    written = large.depths[0].weights_file_bytes - small.depths[0].weights_file_bytes
    assert large.depths[0].peak_rss_bytes - small.depths[0].peak_rss_bytes > 0.5 * written
    assert small.depths[0].baseline_rss_bytes < 120 * MIB


def measure(request):
    outcome = runner.run(job.JOB_DEPTH, msgspec.json.encode(request), timeout_s=120)
    return outcome, outcome.result and msgspec.json.decode(outcome.result, type=DepthReport)


def depth_request(tmp_path, **changes):
    shape = cards.tiny_shape()
    graph = tmp_path / "graph.onnx"
    decoder.build(shape, storage.BY_FORMAT["onnx-int4-b32"], graph, num_positions=128)
    fields = {
        "runner": "decoder", "graph_files": (str(graph),), "num_layers": 2, "vocab_size": 320, "num_input_tokens": 24,
        "num_output_tokens": 16, "num_capacity_tokens": 128, "num_batch": 1, "num_threads": 1, "budget_s": 1.0,
        **changes,
    }  # fmt: skip
    sizes = {name: fields[name] for name in ("num_input_tokens", "num_output_tokens", "num_capacity_tokens")}
    recipe = DecoderRecipe(shape=shape, storage=storage.BY_FORMAT["onnx-int4-b32"], num_batch=1, num_runs=1.0, **sizes)
    return DepthRequest(bound=recipe.bound(2), **fields)


def test_one_depth_reports_what_it_did_and_removes_its_files(tmp_path):
    outcome, report = measure(depth_request(tmp_path))
    assert outcome.code == "finished"
    assert report.outputs_finite
    assert report.num_prompt_tokens == 24
    assert report.short_prefill_s is None
    assert list(tmp_path.iterdir()) == []


def test_a_cache_shorter_than_a_block_of_tokens_is_no_obstacle(tmp_path):
    outcome, report = measure(depth_request(tmp_path, num_input_tokens=1, num_output_tokens=1, num_capacity_tokens=2))
    assert outcome.code == "finished", outcome.message
    assert len(report.measurement.decode_s) > 0


def test_a_prompt_for_which_there_is_no_time_is_cut_and_read_at_half_its_length_too(tmp_path):
    shape = cards.tiny_shape(hidden_size=512, intermediate_size=2048, max_position_embeddings=8192)
    decoder.build(shape, storage.BY_FORMAT["onnx-int4-b32"], tmp_path / "graph.onnx", num_positions=8192)
    other = tmp_path / "other"
    other.mkdir()
    request = depth_request(other, num_input_tokens=8000, num_capacity_tokens=8192, budget_s=0.2)
    outcome, report = measure(msgspec.structs.replace(request, graph_files=(str(tmp_path / "graph.onnx"),)))
    assert outcome.code == "finished"
    assert report.num_prompt_tokens < 8000
    assert 0 < report.short_prefill_s < 60


def test_a_prompt_for_which_there_is_no_memory_is_cut_and_brought_to_length(tmp_path):
    outcome, report = measure(depth_request(tmp_path, num_input_tokens=64, num_prompt_limit=16))
    assert outcome.code == "finished", outcome.message
    assert report.num_prompt_tokens == 16
    assert report.short_prefill_s > 0
    big = cards.card({**cards.QWEN, "num_hidden_layers": 2, "vocab_size": 151936, "tie_word_embeddings": False})
    wanted = Workload(num_input_tokens=1024, num_output_tokens=8, num_context_tokens=1100)
    result = result_of(plan_of(big, workload=wanted, depths=(2,), memory_box_bytes=620 * MIB, time_box_s=8.0))
    assert "lengthened" in result.time_to_first_token.basis
    assert result.peak_memory.value > 620 * MIB  # the whole prompt needs more than the box: it was not run whole


def test_a_graph_the_runtime_refuses_is_an_invalid_model(tmp_path):
    request = depth_request(tmp_path)
    (tmp_path / "graph.onnx").write_bytes(b"no graph")
    outcome, _ = measure(request)
    assert outcome.code == "invalid_model"
    assert "ONNX Runtime cannot run this model" in outcome.message


def test_a_candidate_without_a_graph_is_refused_in_words():
    outcome = run(plan_of(cards.tiny_decoder("unheard-of")))
    assert outcome.code == "invalid_model"
    assert "'unheard-of'" in outcome.message


def test_a_model_larger_than_memory_even_at_two_layers_is_refused_with_numbers():
    outcome = run(plan_of(cards.card(cards.QWEN), memory_box_bytes=100 * MIB))
    assert outcome.code == "invalid_model"
    assert "Even two layers" in outcome.message
    assert graphs_left() == []


def test_a_measurement_over_its_memory_box_is_stopped():
    """The plan insists on the whole model although the box is too small for it: the watch must end the child."""
    outcome = run(plan_of(slow_model(), workload=LONG, depths=(4,), memory_box_bytes=60 * MIB, time_box_s=30.0))
    assert outcome.code == "killed_for_memory"
    assert "60 MiB" in outcome.message
    assert graphs_left() == []


def test_a_full_disk_is_said_before_anything_is_measured():
    model = cards.card(cards.QWEN, num_hidden_layers=4000, hidden_size=32768, intermediate_size=524288)
    outcome = run(plan_of(model, depths=(4000,)))
    assert outcome.code == "failed"
    assert "are free" in outcome.message
    assert graphs_left() == []


def test_a_second_probe_is_refused_while_one_runs():
    with lock.hold(paths.cache_folder()):
        outcome = run(plan_of(cards.tiny_decoder()))
    assert outcome.code == "failed"
    assert "Another measurement is running" in outcome.message


def test_graphs_left_by_a_crash_are_removed_by_the_next_probe():
    left = paths.cache_folder() / "graphs" / "old"
    left.mkdir(parents=True)
    (left / "graph.onnx.data").write_bytes(b"x" * 1000)
    result_of(plan_of(cards.tiny_decoder()))
    assert graphs_left() == []


class Tree:
    """The processes of a probe, as its messages and the system tell of them."""

    def __init__(self):
        self.pids = set()
        self.measuring = threading.Event()

    def on_message(self, message):
        if isinstance(message, Hello):
            self.pids.add(message.pid)
        if isinstance(message, Sample):
            for pid in tuple(self.pids):
                self.pids |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
            self.measuring.set()

    def alive(self):
        _, alive = psutil.wait_procs([psutil.Process(pid) for pid in self.pids if psutil.pid_exists(pid)], timeout=5)
        return [process.pid for process in alive]


def test_a_cancel_ends_the_measuring_child_too_and_removes_its_files():
    tree, cancel = Tree(), threading.Event()

    def on_message(message):
        tree.on_message(message)
        if tree.measuring.is_set():
            cancel.set()

    outcome = run(plan_of(slow_model(), workload=LONG, time_box_s=60.0), on_message=on_message, cancel=cancel)
    assert outcome.code == "cancelled"
    assert outcome.exit_code == 3
    assert len(tree.pids) == 2
    assert tree.alive() == []
    assert graphs_left() == []


def test_a_killed_coordinator_takes_the_measuring_child_with_it():
    tree = Tree()

    def on_message(message):
        tree.on_message(message)
        if isinstance(message, Sample):
            psutil.Process(min(tree.pids)).kill()

    outcome = run(plan_of(slow_model(), workload=LONG, time_box_s=60.0), on_message=on_message)
    assert outcome.code == "crashed"
    assert "signal 9" in outcome.message
    assert len(tree.pids) == 2
    assert tree.alive() == []


def test_a_killed_measuring_child_is_a_crash_that_is_said():
    tree = Tree()

    def on_message(message):
        tree.on_message(message)
        if isinstance(message, Sample) and len(tree.pids) == 2:
            measuring = psutil.Process(min(tree.pids)).children()
            for process in measuring:
                process.kill()

    outcome = run(
        plan_of(slow_model(), workload=LONG, time_box_s=60.0, memory_box_bytes=8 * GIB), on_message=on_message
    )
    assert outcome.code == "crashed"
    assert "signal 9" in outcome.message
    assert tree.alive() == []


@pytest.fixture
def child(qapp):
    found = ChildProcess()
    yield found
    found.close()
    found.deleteLater()


def test_the_window_measures_by_the_other_driver(qtbot, child):
    outcomes = []
    child.ended.connect(outcomes.append)
    with qtbot.waitSignal(child.ended, timeout=120_000):
        child.start("probe", msgspec.json.encode(plan_of(cards.tiny_decoder())))
    assert outcomes[0].code == "finished", outcomes[0].message
    assert msgspec.json.decode(outcomes[0].result, type=ProbeResult).depths_measured == (2,)


def test_closing_the_window_during_a_probe_leaves_no_orphan(qtbot, child):
    tree, outcomes = Tree(), []
    child.message.connect(tree.on_message)
    child.ended.connect(outcomes.append)
    child.start("probe", msgspec.json.encode(plan_of(slow_model(), workload=LONG, time_box_s=60.0)))
    qtbot.waitUntil(tree.measuring.is_set, timeout=60_000)
    child.close()
    assert [outcome.code for outcome in outcomes] == ["cancelled"]
    assert len(tree.pids) == 2
    assert tree.alive() == []
    assert graphs_left() == []


def test_an_app_that_dies_during_a_probe_leaves_no_orphan(tmp_path):
    script = tmp_path / "app.py"
    script.write_text(
        "import os, sys\n"
        "from advisor.child import runner\n"
        "from advisor.child.protocol import Hello, Sample\n"
        "import psutil\n"
        "def on_message(message):\n"
        "    if isinstance(message, Sample):\n"
        "        found = psutil.Process().children(recursive=True)\n"
        "        print(*[child.pid for child in found], flush=True)\n"
        "        os.kill(os.getpid(), 9)\n"
        "runner.run('probe', open(sys.argv[1], 'rb').read(), on_message=on_message)\n"
    )
    request = tmp_path / "plan.json"
    request.write_bytes(msgspec.json.encode(plan_of(slow_model(), workload=LONG, time_box_s=60.0)))
    environment = {**command.environment(), paths.HOME_VARIABLE: os.environ[paths.HOME_VARIABLE]}
    done = subprocess.run(
        [sys.executable, str(script), str(request)], capture_output=True, text=True, check=False, env=environment,
        timeout=120,
    )  # fmt: skip
    pids = [int(word) for word in done.stdout.split()]
    assert done.returncode == -9
    assert len(pids) == 2
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=10)
    assert alive == []
