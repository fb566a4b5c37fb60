"""What measuring an ONNX file needs of the domain: its plan, and its result in words."""

from collections.abc import Mapping

import msgspec

from advisor import paths
from advisor.errors import StorageError
from advisor.hardware.model import HardwareProfile
from advisor.probe.energy_settings import EnergyMode
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.ui.controllers.onnx_file import FileRequest
from advisor.ui.controllers.speeds import HISTORY_FILE
from advisor.ui.store import FileFigure, FileView, FreeSize

_END_SHARE, _START_S = 1.5, 30.0
"""[1] and [s] The coordinating process may take this many times the limit of the measuring one, and this much more."""


def file_plan(
    path: str, dimensions: Mapping[str, int], profile: HardwareProfile, energy_mode: EnergyMode = "quick"
) -> FileRequest:
    """Return what the job `onnx-file` is asked.

    Args:
        path: of the file.
        dimensions: sizes of free dimensions the user chose.
        profile: of this computer.
        energy_mode: how energy is measured where a meter can be read.
    """
    from advisor.probe import energy_stage
    from advisor.probe.onnx_file import planner

    plan = planner.plan(path, profile, dimensions=dimensions, energy_mode=energy_mode)
    limit_s = _END_SHARE * (plan.time_limit_s + energy_stage.EXPECTED_S.get(energy_mode, 0.0)) + _START_S
    return FileRequest(request=msgspec.json.encode(plan), limit_s=limit_s)


def keep_file(answer: bytes, profile: HardwareProfile) -> FileView:
    """Keep a measured file in the history and return what the page shows of it."""
    result = msgspec.json.decode(answer, type=OnnxFileResult)
    return _view(result, profile, _remembered(result))


def _remembered(result: OnnxFileResult) -> str:
    """Return how a measurement compares with the last one of the same file; a history in trouble is said instead."""
    from advisor.history.store import History
    from advisor.probe import agreement
    from advisor.report import probe_notes

    try:
        history = History(paths.data_folder() / HISTORY_FILE).open()
        try:
            earlier = history.file_probes(like=result)
            history.add_file_probe(result)
        finally:
            history.close()
    except StorageError as error:
        return f"Not kept: {error.sentence()}"
    found = agreement.compare_files(result, earlier)
    return "" if found is None else probe_notes.agreement_sentence(found)


def _view(result: OnnxFileResult, profile: HardwareProfile, remembered: str) -> FileView:
    from advisor.estimate import energy
    from advisor.report import onnx_file, wording

    power = energy.power_model(profile, result.device)
    figures = (
        ("Time per run", result.time_per_query), ("Rate", result.rate), ("Memory, peak", result.peak_memory),
        ("Load time", result.load_time),
        ("Energy per 1,000 queries", onnx_file.energy(result, None if power is None else power.active_power_w)),
    )  # fmt: skip
    return FileView(
        sentence=onnx_file.sentence(result),
        figures=tuple(
            FileFigure(
                name=name, value=wording.figure(figure),
                basis=f"{wording.evidence_word(figure.evidence)}: {figure.basis}",
            )
            for name, figure in figures
        ),
        about=(*onnx_file.about(result.header), *onnx_file.placed(result)),
        inputs=tuple(onnx_file.input_rows(result.inputs)),
        free=tuple(
            FreeSize(name=item.name, value=item.value, why=item.why) for item in result.inputs.free
        ),
        notes=(
            onnx_file.graded(result), *result.reasons, onnx_file.how(result),
            *((remembered,) if remembered else ()),
        ),
    )  # fmt: skip
