"""What compression costs, started as the window does it: a real child, real models of the shelf, a cancel, a result."""

import shutil

import pytest
from fakes_report import profile

from advisor import paths
from advisor.convert import place
from advisor.evaluate.compression_plan import KIND, CompressionResult
from advisor.history.store import History
from advisor.ui.controllers.compression import CompressionController
from advisor.ui.store import Store, with_machine
from advisor.ui.workers.child_process import ChildProcess
from advisor.ui.workers.pool import Pool

MODEL = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def shelf(own_folders, minilm_fp32, minilm_int8):
    for source, name in ((minilm_fp32, "onnx-fp32"), (minilm_int8, "onnx-int8-dynamic")):
        target = place.target_folder(MODEL, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target)  # the shelf holds no links


def kept():
    history = History(paths.data_folder() / "history.sqlite").open()
    found = history.evaluations(KIND, CompressionResult)
    history.close()
    return found


@pytest.mark.allow_leaks("the window's own threads end with the application")
def test_the_window_measures_a_model_of_the_shelf_and_a_cancel_leaves_nothing(shelf, qtbot):
    store, pool, bugs = Store(), Pool(), []
    machine = profile()
    store.update(lambda old: with_machine(old, base=machine, profile=machine))
    controller = CompressionController(
        store, pool.run, make_child=ChildProcess, log=lambda record: None, broken=bugs.append
    )
    controller.look()
    qtbot.waitUntil(lambda: bool(store.snapshot.compression.choices))
    (choice,) = store.snapshot.compression.choices
    assert (choice.name, choice.why_not, len(choice.compressed)) == (MODEL, "", 1)

    controller.start("all")
    qtbot.waitUntil(lambda: store.snapshot.compression.done_share > 0, timeout=60_000)
    assert store.snapshot.compression.detail.startswith("Comparing: ")
    controller.stop()
    qtbot.waitUntil(lambda: store.snapshot.compression.phase == "idle", timeout=20_000)
    assert (store.snapshot.compression.error, kept()) == ("", ())
    scratch = paths.cache_folder() / "compression"
    assert not scratch.exists() or list(scratch.iterdir()) == []

    with qtbot.waitSignal(controller.measured, timeout=120_000):
        controller.start("few")
    (result,) = kept()
    assert store.snapshot.archive.compressions == (result,)
    assert (result.model, result.format, len(result.languages)) == (MODEL, "onnx-int8-dynamic", 8)
    assert result.fingerprint == machine.fingerprint
    assert "one compressed format" in store.snapshot.compression.done
    assert bugs == []
    pool.wait()
