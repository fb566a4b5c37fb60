"""Makes a release on Linux, in order, from a clean checkout, into dist/. Stops at the first thing that fails.

Run: `python packaging/release/release.py [--skip-tests] [--skip-proof]` after `./test.sh` has made the environment. The
proof needs root, debootstrap and a mirror; without them it says so and the release is not proven.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"


def run(*words: str | Path) -> None:
    """Run one step in the checkout; leave with its status when it fails."""
    print(f"== {' '.join(map(str, words))}", flush=True)
    done = subprocess.run([str(word) for word in words], cwd=ROOT)
    if done.returncode:
        sys.exit(done.returncode)


def main() -> None:
    """Go through the steps."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--skip-tests", action="store_true")
    parser.add_argument("--skip-proof", action="store_true")
    options = parser.parse_args()
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True).stdout
    if changed:
        sys.exit(f"A release is made of what is committed; this is not:\n{changed}")
    if not options.skip_tests:
        run("./test.sh")
    shutil.rmtree(DIST, ignore_errors=True)
    python = sys.executable
    run(python, "packaging/wheel/build.py")
    run(python, "packaging/bundle/build.py")
    run(python, "packaging/linux/stage.py")
    run(python, "packaging/linux/build_packages.py")
    run(python, "packaging/release/sbom.py")
    packages = sorted(DIST.glob("*.deb"))
    run("lintian", "--fail-on", "error,warning", *packages)
    if not options.skip_proof:
        run("packaging/linux/proof/prove.sh", *packages)
    run(python, "packaging/release/checksums.py")
    run(python, "packaging/release/checksums.py", "--check")


if __name__ == "__main__":
    main()
