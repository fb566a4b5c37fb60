"""Write `resources/conversion/requirements-*.txt`: every package that converting needs, pinned, with hashes.

Run on Linux x86-64 with Python 3.11 after a change of packages.txt: .venv/bin/python packaging/conversion/lock.py
Then packaging/manifest.py.

pip resolves once, here, and then says the hash of each pinned file for the other systems and Pythons without taking it
(`--dry-run --report`). pip judges conditions like `sys_platform` by the machine it runs on, so what only Windows needs
is named below.

torch has a file of its own, `torch-*.txt`: on Linux the index pip asks by default holds a build for NVIDIA cards of
several GB. The build for processors alone is another version, `2.13.0+cpu`, on the index of the PyTorch project; it is
named in full, so that the large one can never be taken in its place.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "conversion"
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    "linux-x86_64": (
        "manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_24_x86_64", "manylinux_2_17_x86_64",
        "manylinux2014_x86_64", "manylinux_2_12_x86_64", "manylinux2010_x86_64", "manylinux_2_5_x86_64",
        "manylinux1_x86_64",
    ),
    "macos-arm64": (
        "macosx_14_0_arm64", "macosx_13_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64", "macosx_12_0_universal2",
        "macosx_11_0_universal2", "macosx_10_13_universal2", "macosx_10_9_universal2",
    ),
    "windows-x86_64": ("win_amd64",),
}  # fmt: skip
ONLY = {"windows-x86_64": ("colorama==0.4.6",)}
CPU_BUILD = "+cpu"
_HEAD = "# Made by packaging/conversion/lock.py from packages.txt; do not edit.\n"


def name_of(requirement: str) -> str:
    """Return the normal form of a requirement's or package's name."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>!~ ;\[]", requirement, maxsplit=1)[0]).lower()


def pip_report(arguments: list[str]) -> list[dict]:
    """Return what pip would install."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--report",
                   str(report), "--only-binary=:all:", "--target", folder, *arguments]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
        return json.loads(report.read_text())["install"]


def resolve(tops: list[str]) -> dict[str, str]:
    """Return name -> version of everything that is needed, resolved for this machine."""
    found = pip_report(["-c", str(ROOT / "constraints.txt"), *tops])
    pins = {entry["metadata"]["name"].lower().replace("_", "-"): entry["metadata"]["version"] for entry in found}
    if not pins["torch"].endswith(CPU_BUILD):
        sys.exit("pip took a build of torch for NVIDIA cards; let it find the one for processors first.")
    return pins


def hashes(requirements: list[str], platform: str, python: str) -> dict[str, str]:
    """Return name -> sha256 of the file of each requirement for one system and Python."""
    digits = python.replace(".", "")
    tags = [f"--platform={tag}" for tag in PLATFORMS[platform]]
    abis = [f"--abi={abi}" for abi in (f"cp{digits}", "abi3", "none")]
    found = pip_report(["--no-deps", "--python-version", python, "--implementation", "cp", *abis, *tags, *requirements])
    return {
        name_of(entry["metadata"]["name"]): entry["download_info"]["archive_info"]["hashes"]["sha256"]
        for entry in found
    }


def lines(requirements: list[str], platform: str, pythons: tuple[str, ...]) -> str:
    """Return requirements with the hashes of their files for some Pythons."""
    known: dict[str, set[str]] = {name_of(requirement): set() for requirement in requirements}
    for python in pythons:
        for name, digest in hashes(requirements, platform, python).items():
            known[name].add(digest)
    text = ""
    for requirement in requirements:
        text += (
            requirement + "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(known[name_of(requirement)])) + "\n"
        )
    return text


def main() -> int:
    """Write the files."""
    tops = [line for line in (FOLDER / "packages.txt").read_text().splitlines() if line and not line.startswith("#")]
    pins = resolve(tops)
    torch = pins.pop("torch")
    pip = [f"pip=={pins.pop('pip')}"]
    requirements = sorted(f"{name}=={version}" for name, version in pins.items())
    for platform in PLATFORMS:
        rest = sorted([*requirements, *ONLY.get(platform, ())])
        write(f"requirements-{platform}.txt", lines(rest, platform, PYTHONS))
        linux = platform.startswith("linux")
        version = torch if linux else torch.removesuffix(CPU_BUILD)
        # On Linux the hash is known of what this machine can take.
        text = lines([f"torch=={version}"], platform, PYTHONS[:1] if linux else PYTHONS)
        write(f"torch-{platform}.txt", text)
    write("installer.txt", lines(pip, "linux-x86_64", PYTHONS[:1]))
    return 0


def write(name: str, text: str) -> None:
    """Write one file."""
    (FOLDER / name).write_text(_HEAD + text, encoding="utf-8")
    print(f"{name}: {text.count('==')} packages, {text.count('--hash')} files")


if __name__ == "__main__":
    raise SystemExit(main())
