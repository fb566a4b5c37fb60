"""A program that Windows starts as a window has no standard streams, and macOS names files by events."""

import json
import subprocess
import sys

import pytest

START = """
import sys
sys.stdin = sys.stdout = sys.stderr = None
sys.__stdin__ = sys.__stdout__ = sys.__stderr__ = None
place, sys.argv = sys.argv[1], sys.argv[1:]
seen = {"hooked": []}
sys.unraisablehook = lambda failure: seen["hooked"].append(repr(failure.exc_value))
from PySide6.QtCore import QTimer, QUrl
from advisor import __main__ as launcher
from advisor.ui import app, crash
shown = app.Start.show
def show(start):
    shown(start)
    start.made.connect(lambda made: made.crash.crashed.connect(seen["hooked"].append))
    start.made.connect(lambda made: QTimer.singleShot(600, made.window.close))
app.Start.show = show
try:
    launcher.main()
except SystemExit as left:
    seen["status"] = left.code
except BaseException as error:
    seen["raised"] = repr(error)
import json
open(place, "w").write(json.dumps(seen))
"""
HANDED = """
import json, sys
from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication
from advisor.ui import composition
from advisor.ui.app import Start
asked, opened = [], composition.App.open_files
composition.App.open_files = lambda app, files: (asked.append(files), opened(app, files))
qt = QApplication(sys.argv[:1])
start = Start(qt)
start.take_handed_files()
for file in sys.argv[1:3]:
    QCoreApplication.postEvent(qt, QFileOpenEvent(file))
def made(app):
    QTimer.singleShot(0, lambda: QCoreApplication.postEvent(qt, QFileOpenEvent(sys.argv[3])))
    QTimer.singleShot(800, app.window.close)
start.made.connect(made)
start.show()
qt.exec()
start.dispose()
print(json.dumps(asked))
"""


def run(script, *words):
    return subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("words", "status"),
    [((), 0), (("gui", "--ready-line"), 0), (("gui", "--nonsense"), 2), (("recommend", "--help"), 0)],
)
def test_a_program_without_streams_starts_and_ends_as_usual(tmp_path, words, status):
    done = run(START, str(tmp_path / "seen.json"), *words)
    assert done.returncode == 0
    assert json.loads((tmp_path / "seen.json").read_text()) == {"hooked": [], "status": status}


def test_files_that_macos_hands_over_are_opened_together(tmp_path):
    names = [str(tmp_path / f"{name}.mfa.json") for name in ("one", "two", "later")]
    done = run(HANDED, *names)
    assert json.loads(done.stdout.splitlines()[-1]) == [names[:2], names[2:]], done.stderr
