"""The self-test of an installed app fails when something is missing that only the window would notice."""

import os
import subprocess
import sys


def test_the_self_test_fails_when_plots_cannot_be_drawn(tmp_path):
    broken = tmp_path / "pyqtgraph"
    broken.mkdir()
    (broken / "__init__.py").write_text("from pyqtgraph import left_out_of_the_bundle", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "advisor", "gui", "--smoke"], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "MODEL_FIT_ADVISOR_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "The self-test failed at" in done.stdout
    assert "left_out_of_the_bundle" in done.stdout
