"""`calibrate`: measure the speeds of this computer, so that estimates rest on them."""

from typing import Annotated

import typer

from advisor.cli import inputs, job_run
from advisor.cli.options import JsonFlag
from advisor.cli.output import Output

EXIT_CALIBRATION_FAILED = 4


def calibrate(
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, max=1024, help="Threads; the usable physical cores by default.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure how fast this computer runs ONNX Runtime's kernels; takes under half a minute, needs no download."""
    import msgspec

    from advisor.estimate import calibration
    from advisor.hardware import detect
    from advisor.probe import calibration_plan as job
    from advisor.report import calibration as told

    output = Output(as_json=as_json)
    profile = detect.detect()
    outcome = job_run.run(
        "calibrate", msgspec.json.encode(job.request(profile, threads=threads)), output, timeout_s=job.TIME_LIMIT_S,
        memory_limit_bytes=job.MEMORY_LIMIT_BYTES,
    )  # fmt: skip
    if outcome.result is None:
        output.note(f"{outcome.message} {outcome.remedy}".strip())
        raise typer.Exit(EXIT_CALIBRATION_FAILED)
    found = msgspec.json.decode(outcome.result, type=calibration.Calibration)
    document = told.calibration_json(found)  # fitted before it is kept: half a calibration is none
    inputs.remember_calibration(found, profile)
    if as_json:
        output.document(document)
        return
    output.heading(f"Calibrated on {found.created[:10]}")
    output.table(told.TITLES, told.cells(found), right=frozenset({1, 2, 3}))
    for sentence in told.notes(found):
        output.line(sentence)
