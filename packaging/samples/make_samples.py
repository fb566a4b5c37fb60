"""Writes the sample reports in docs/samples: one task, this computer, one real probe, every kind of file.

Run from the repository: `python packaging/samples/make_samples.py`. Options: `--folder docs/samples`.
The report is redacted; the script stops when a name or folder of this computer is left in a file.
"""

import argparse
import getpass
import os
import platform
import sys
import tempfile
from pathlib import Path

WORDS = "Sort 500 support emails a day into 6 topics, German and Hindi, on my laptop battery, answers within a second"
REGION = "DEU"
PRICE_PER_KWH, CURRENCY = 0.30, "EUR"
"""An example, so that the sample shows cost; nobody's tariff."""
KINDS = ("html", "pdf", "md", "json", "csv")
PROBE_TIMEOUT_S = 300.0
MAX_TOTAL_BYTES = 2_000_000


def measured(answer, profile):
    """Probe the best candidate that can be measured here, with the sizes of the task."""
    import msgspec

    from advisor.child import runner
    from advisor.probe import planner
    from advisor.probe.plan import ProbeResult

    picked = answer.row(answer.pick.index)
    row = next(row for row in (picked, *answer.alternatives(len(answer))) if row.can_probe)
    part = answer.part_of(row.index)
    candidate = part.field.candidates[row.index - part.start]
    print(f"probing {row.model} as {row.format}")
    plan = planner.plan(candidate, part.approach.workload, profile)
    outcome = runner.run(
        "probe",
        msgspec.json.encode(plan),
        cancel=None,
        timeout_s=PROBE_TIMEOUT_S,
        memory_limit_bytes=plan.memory_box_bytes,
    )
    if outcome.result is None:
        sys.exit(f"the probe gave no result: {outcome.message}")
    return msgspec.json.decode(outcome.result, type=ProbeResult)


def check(files):
    """Stop when a file tells where it was made, or when all are too large for the repository."""
    private = {platform.node(), getpass.getuser(), str(Path.home()), str(Path.cwd()), tempfile.gettempdir()}
    for file in files:
        raw = file.read_bytes()
        for word in private - {"", "/", "root"}:
            if len(word) > 3 and word.encode() in raw:
                sys.exit(f"{file} holds {word!r}")
    if sum(file.stat().st_size for file in files) > MAX_TOTAL_BYTES:
        sys.exit("the samples are too large")


def write(folder):
    """Write all samples."""
    import msgspec

    from advisor.cli import inputs
    from advisor.energy import standard
    from advisor.hardware import detect
    from advisor.recommend.advise import advise
    from advisor.report import build, export
    from advisor.task import describe

    task = msgspec.structs.replace(describe.describe(WORDS).task, region=REGION)
    profile = inputs.with_runtime(detect.detect())
    probe = measured(advise(task, profile), profile)
    answer = advise(task, profile, probes=(probe,))
    chosen = standard.conditions(
        profile, num_queries_per_day=task.num_queries_per_day, region=REGION, price_per_kwh=PRICE_PER_KWH,
        currency=CURRENCY, with_embodied=True,
    )  # fmt: skip
    document = build.build(answer, probes=(probe,), redact=True, chosen=chosen)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"report.{kind}" for kind in KINDS]
    for file in files:
        export.write(document, file)
        print(f"{file}: {file.stat().st_size:,} bytes")
    check(files)


def main():
    """Read the options and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("docs/samples"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODEL_FIT_ADVISOR_HOME"] = home
        write(options.folder)


if __name__ == "__main__":
    main()
