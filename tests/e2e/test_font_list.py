"""Reports leave matplotlib's list of fonts in the app's own cache folder and nothing in the user's home."""

import os
import subprocess
import sys


def test_a_report_writes_nothing_into_the_home_but_the_apps_own_folders(tmp_path):
    home, own, report = tmp_path / "home", tmp_path / "own", tmp_path / "report.html"
    home.mkdir()
    variables = {k: v for k, v in os.environ.items() if not k.startswith("XDG_") and k != "MPLCONFIGDIR"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "advisor", "report", "--task", "sort 500 emails a day", "-o", str(report)],
        capture_output=True, text=True, timeout=120,
        env={**variables, "HOME": str(home), "MODEL_FIT_ADVISOR_HOME": str(own)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "<svg" in report.read_text("utf-8")
    left = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert not [name for name in left if not name.startswith(".cache/fontconfig/")]  # that is the system's own
    assert list((own / "cache" / "matplotlib").glob("fontlist-*.json"))
