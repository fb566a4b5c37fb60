"""What measuring an ONNX file needs of the domain: its plan, and its result in words."""

from collections.abc import Mapping

import msgspec

from advisor.hardware.model import HardwareProfile
from advisor.ui.controllers.onnx_file import FileRequest
from advisor.ui.store import FileFigure, FileView, FreeSize

_END_SHARE, _START_S = 1.5, 30.0
"""[1] and [s] The coordinating process may take this many times the limit of the measuring one, and this much more."""


def file_plan(path: str, dimensions: Mapping[str, int], profile: HardwareProfile) -> FileRequest:
    """Return what the job `onnx-file` is asked.

    Args:
        path: of the file.
        dimensions: sizes of free dimensions the user chose.
        profile: of this computer.
    """
    from advisor.probe.onnx_file import planner

    plan = planner.plan(path, profile, dimensions=dimensions)
    return FileRequest(request=msgspec.json.encode(plan), limit_s=_END_SHARE * plan.time_limit_s + _START_S)


def file_view(answer: bytes, profile: HardwareProfile) -> FileView:
    """Return what the page shows of a measured file."""
    from advisor.estimate import energy
    from advisor.probe.onnx_file.plan import OnnxFileResult
    from advisor.report import onnx_file, wording

    result = msgspec.json.decode(answer, type=OnnxFileResult)
    power = energy.power_model(profile, result.device)
    figures = (
        ("Time per run", result.time_per_query), ("Rate", result.rate), ("Memory, peak", result.peak_memory),
        ("Load time", result.load_time),
        ("Energy per 1,000 queries", onnx_file.energy(result, None if power is None else power.active_power_w)),
    )  # fmt: skip
    help_words = wording.grade_help(result.grade)
    return FileView(
        sentence=onnx_file.sentence(result),
        figures=tuple(
            FileFigure(
                name=name, value=wording.figure(figure),
                basis=f"{wording.evidence_word(figure.evidence)}: {figure.basis}",
            )
            for name, figure in figures
        ),
        about=onnx_file.about(result.header),
        inputs=tuple(onnx_file.input_rows(result.inputs)),
        free=tuple(
            FreeSize(name=item.name, value=item.value, why=item.why) for item in result.inputs.free
        ),
        notes=(*onnx_file.placed(result), f"Grade {result.grade}: {help_words}.", *result.reasons),
    )  # fmt: skip
