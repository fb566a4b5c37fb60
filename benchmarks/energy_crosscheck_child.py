"""The side of `energy_crosscheck.py` that runs under the Python of CodeCarbon: its tracker around ONNX Runtime.

Takes nothing of this app. The tracker works offline (a country is given, nothing is sent). With `--rapl` it looks for
RAPL in that folder instead of the system's, by the parameter its own reader has for it; nothing else is changed.
"""

import argparse
import json
import os
import sys
import time

os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def redirect(folder):
    """Let CodeCarbon's own reader of RAPL look in another folder."""
    from codecarbon.core import cpu
    from codecarbon.external import hardware

    known, reader = cpu.is_rapl_available, cpu.IntelRAPL
    cpu.is_rapl_available = lambda rapl_dir=None: known(rapl_dir or folder)
    hardware.IntelRAPL = lambda **given: reader(**{**given, "rapl_dir": folder})


def session(model, feeds, num_threads):
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    made = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    with np.load(feeds) as stored:
        feed = dict(stored)
    return lambda: made.run(None, feed)


def products(size=8192, num_products=16):
    """Matrix products on an NVIDIA card, for its meter."""
    import torch

    left, right = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty_like(left)

    def run():
        for _ in range(num_products):
            torch.matmul(left, right, out=out)
        torch.cuda.synchronize()

    return run


def tracker(every_s, country):
    from codecarbon import OfflineEmissionsTracker

    return OfflineEmissionsTracker(
        country_iso_code=country, measure_power_secs=every_s, tracking_mode="machine", save_to_file=False,
        log_level="error", allow_multiple_runs=True,
    )  # fmt: skip


def say(**fields):
    print(json.dumps(fields), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("feeds")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--every", type=float, default=15.0)
    parser.add_argument("--country", default="FRA")
    parser.add_argument("--rapl")
    parser.add_argument("--cuda", action="store_true")
    given = parser.parse_args()
    import codecarbon
    import onnxruntime

    if given.rapl:
        redirect(given.rapl)
    run = products() if given.cuda else session(given.model, given.feeds, given.threads)
    for _ in range(3):
        run()
    measure = tracker(given.every, given.country)
    say(event="ready", codecarbon=codecarbon.__version__, onnxruntime=onnxruntime.__version__)
    sys.stdin.readline()
    measure.start()
    begin_s, num_runs = measure._start_time, 0
    say(event="started")
    end_s = time.perf_counter() + given.seconds
    while time.perf_counter() < end_s:
        run()
        num_runs += 1
    say(event="stopping")
    measure.stop()
    found = measure.final_emissions_data
    say(
        event="done", begin_s=begin_s, end_s=measure._last_measured_time, num_runs=num_runs,
        cpu_way=next((item._mode for item in measure._hardware if type(item).__name__ == "CPU"), "none"),
        **{name: getattr(found, name) for name in (
            "duration", "cpu_power", "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy",
            "energy_consumed", "emissions", "cpu_model", "ram_total_size", "tracking_mode",
        )},
    )  # fmt: skip


if __name__ == "__main__":
    main()
