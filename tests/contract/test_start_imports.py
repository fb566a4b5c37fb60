"""What is loaded when the window can be seen, and what the window never loads."""

import json
import subprocess
import sys

LATER = {
    "numpy", "pyqtgraph", "psutil", "typer", "matplotlib", "jinja2", "typst", "rich", "pynvml",
    "msgspec", "tomllib", "typing_extensions", "sqlite3", "json.decoder", "advisor.log", "advisor.settings",
}  # fmt: skip
"""What the first frame does without, on a computer that has no settings file yet."""
NEVER = {"onnx", "onnxruntime", "torch", "transformers", "multiprocessing.pool"}
SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from advisor.ui.app import Start
qt = QApplication(sys.argv[:1])
start = Start(qt)
def first():
    seen["first"] = sorted(sys.modules)
seen = {}
start.first_frame.connect(first)
def poll():
    app = start.app
    if app is None:
        return
    snapshot = app.store.snapshot
    if snapshot.results.recommendation is not None:
        app.window.go("results")
        app.window.page("results").tabs.setCurrentIndex(1)
        for name in ("compare", "probe", "models", "report", "settings"):
            app.window.go(name)
        seen["later"] = sorted(sys.modules)
        app.window.close()
    elif snapshot.machine.profile is not None and not snapshot.results.busy:
        app.task.set_text("translate letters from German into Hindi")
        app.recommend.find()
timer = QTimer()
timer.timeout.connect(poll)
timer.start(50)
start.show()
qt.exec()
timer.stop()
start.dispose()
import json; print(json.dumps(seen))
"""


def test_the_first_frame_needs_no_heavy_import_and_the_window_never_a_runtime():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=True)
    seen = json.loads(done.stdout.splitlines()[-1])
    assert "PySide6.QtWidgets" in seen["first"]
    assert LATER & set(seen["first"]) == set()
    assert {"numpy", "pyqtgraph", "msgspec"} <= set(seen["later"])
    assert NEVER & set(seen["later"]) == set()


def test_the_ready_line_is_written_when_the_window_can_be_seen():
    with subprocess.Popen(
        [sys.executable, "-m", "advisor", "gui", "--ready-line"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        process.wait(timeout=30)
