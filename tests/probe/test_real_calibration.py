"""The calibration from end to end: real kernels at tiny sizes, real children, real faults."""

import json
import subprocess
import sys
import threading

import jsonschema
import msgspec
import psutil
import pytest

from advisor import paths, resources
from advisor.child import command, runner
from advisor.child.protocol import Hello, Progress, Sample
from advisor.estimate import calibration
from advisor.graphs import kernel_case, kernel_plan
from advisor.graphs.kernel_case import Caches, Calibration
from advisor.probe import lock
from advisor.probe.calibration_plan import CalibrationRequest
from advisor.probe.kernels import KernelGraph, KernelRequest


def request(**changes):
    fields = {
        "fingerprint": "here", "power_source": "mains", "num_threads": 1, "quick": True,
        "caches": Caches(l2_bytes=2**20, l3_bytes=2**24), "graph_folder": str(paths.cache_folder() / "calibration"),
        **changes,
    }  # fmt: skip
    return msgspec.json.encode(CalibrationRequest(**fields))


def run(asked=None, **options):
    return runner.run("calibrate", asked or request(), timeout_s=120, **options)


def files_left():
    folder = paths.cache_folder() / "calibration"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_all_kernels_are_measured_and_fitted():
    told = []
    outcome = run(on_message=told.append)
    assert outcome.code == "finished", outcome.message
    found = msgspec.json.decode(outcome.result, type=Calibration)
    wanted = [run.work for case in kernel_plan.cases(Caches(), 1, quick=True) for run in case.runs()]
    assert [time.work for time in found.times] == wanted
    assert all(0 < time.low_s <= time.median_s <= time.high_s and time.num_blocks >= 3 for time in found.times)
    assert (found.fingerprint, found.power_source, found.num_threads) == ("here", "mains", 1)
    assert found.copy_low_bytes_per_s <= found.copy_bytes_per_s <= found.copy_high_bytes_per_s
    assert sorted(load.family for load in found.loads) == sorted(kernel_case.STORAGES)
    assert found.disk_bytes_per_s > 0
    assert found.peak_rss_bytes > 2**24
    assert {roof.family for roof in calibration.fitted(found).matrices} == set(kernel_case.STORAGES)
    shares = [message.done_share for message in told if isinstance(message, Progress)]
    assert shares == sorted(shares)
    assert shares[-1] <= 1
    assert any(isinstance(message, Sample) for message in told)
    assert files_left() == []


def test_it_stops_at_once_and_leaves_nothing_behind():
    cancel, children = threading.Event(), []

    def stop_when_it_measures(message):
        if isinstance(message, Hello):
            children.append(message.pid)
        if isinstance(message, Progress) and message.stage == "measure":
            children.extend(child.pid for child in psutil.Process(children[0]).children())
            cancel.set()

    outcome = run(request(quick=False), on_message=stop_when_it_measures, cancel=cancel)
    assert outcome.code == "cancelled"
    assert outcome.result is None
    assert len(children) == 2
    gone, alive = psutil.wait_procs([psutil.Process(pid) for pid in children if psutil.pid_exists(pid)], timeout=10)
    assert alive == [], gone
    assert files_left() == []


def test_it_never_runs_beside_a_probe():
    with lock.hold(paths.cache_folder()):
        outcome = run()
    assert outcome.code == "failed"
    assert "Another measurement is running" in outcome.message
    assert files_left() == []


def test_a_crash_of_the_measuring_child_is_a_sentence_and_no_result():
    victims = []

    def kill_when_it_measures(message):
        if isinstance(message, Hello):
            victims.append(message.pid)
        if isinstance(message, Progress) and message.stage == "measure" and len(victims) == 1:
            (child,) = psutil.Process(victims[0]).children()
            victims.append(child.pid)
            child.kill()

    outcome = run(request(quick=False), on_message=kill_when_it_measures)
    assert outcome.code in {"crashed", "killed_for_memory"}
    assert outcome.message
    assert outcome.result is None
    assert files_left() == []


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    outcome = run(request(graph_folder=str(file / "graphs")))
    assert outcome.code == "failed"
    assert "cannot be written" in outcome.message


def test_a_full_disk_is_a_sentence():
    from advisor.graphs import weights

    code = (
        "import sys; from advisor.graphs import weights; weights._SPARE_BYTES = 2**60;"
        "from advisor.child import main; from advisor.probe import calibrate;"
        "main.leave(main.main('calibrate', {'calibrate': lambda: calibrate.calibrate}))"
    )
    outcome = run(argv=[sys.executable, "-c", code])
    assert weights._SPARE_BYTES < 2**60
    assert outcome.code == "failed"
    assert "are free" in outcome.message
    assert "Free some space" in outcome.remedy
    assert files_left() == []


def test_a_kernel_the_runtime_refuses_is_a_sentence(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    asked = KernelRequest(graphs=(KernelGraph(file=str(broken), runs=()),), num_threads=1, run_s=0.001, copy_bytes=4096)
    outcome = runner.run("calibrate-kernels", msgspec.json.encode(asked), timeout_s=60)
    assert outcome.code == "failed"
    assert "cannot run a test kernel" in outcome.message


@pytest.mark.parametrize("job", ["calibrate", "calibrate-kernels"])
def test_nonsense_is_refused(job):
    outcome = runner.run(job, b'{"num_threads": "two"}', timeout_s=60)
    assert outcome.code == "invalid_model"


def test_the_command_keeps_what_it_measured_and_estimates_rest_on_it():
    code = (
        "import sys, functools; from advisor.probe import calibration_plan as plan;"
        "plan.request = functools.partial(plan.request, quick=True);"
        "from advisor.cli import app; sys.exit(app.main(sys.argv[1:]))"
    )
    environment = command.environment()
    done = subprocess.run(
        [sys.executable, "-c", code, "calibrate", "--threads", "1", "--json"], capture_output=True, text=True,
        timeout=120, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    jsonschema.validate(told, json.loads(resources.read("schema/calibration.schema.json")))
    assert told["num_threads"] == 1
    assert all(rate["low"] is None or rate["low"] <= rate["value"] for rate in told["rates"])
    words = ["estimate", "sentence-transformers/all-MiniLM-L6-v2", "--format", "onnx-fp32", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "advisor", *words], capture_output=True, text=True, timeout=120, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    speed = json.loads(done.stdout)["time_per_query"]
    assert speed["evidence"] == "calibrated"
    assert speed["basis"] == f"speeds measured on this computer on {told['created'][:10]}"
