"""The real window on a real (virtual) display goes through the whole job with a real probe."""

import os
import subprocess
import sys

STEPS = (
    "inspect this computer",
    "understand the task",
    "find models",
    "measure a model",
    "draw the plots",
    "write a report",
)


def test_the_whole_job_in_a_window_on_a_display():
    # test.sh installs Xvfb: without it this test fails, so that nobody takes "not run" for "passed".
    env = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-m", "advisor", "gui", "--smoke"],
        capture_output=True,
        text=True,
        env=env,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines() if line.endswith(": done")] == list(STEPS)
    assert done.stdout.rstrip().endswith("ready")
    assert "Traceback" not in done.stderr
