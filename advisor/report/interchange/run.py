"""One measurement with its energy, whatever was measured: a catalog model or an ONNX file. Pure."""

from pathlib import PurePosixPath, PureWindowsPath

import msgspec

from advisor.energy import ranges
from advisor.energy.model import EnergyResult
from advisor.errors import InvalidInputError
from advisor.evidence import Quantity, unknown
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult
from advisor.task.model import Workload

SYNTHETIC = "made-up weights of the model's shapes"
FILE = "a file of the user"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What the exports need of a measurement."""

    id: str
    created: str
    """ISO 8601, UTC."""
    model: str
    """Id in the catalog, or the file's own name without its folder."""
    source: str
    sha256: str | None
    """Of the file; null for made-up weights."""
    num_parameters: int | None
    task: str | None
    """What the model is for, as its card says; null where it is not known."""
    format: str
    provider: str
    num_threads: int
    num_layers: int | None
    workload: Workload | None
    """Sizes of a query in tokens; null for a file, which has only shapes."""
    num_batch: int
    is_extrapolated: bool
    """Measured on slices and scaled to the whole model."""
    time_per_query: Quantity
    time_to_first_token: Quantity
    rate: Quantity
    peak_memory: Quantity
    energy: EnergyResult
    query_s: tuple[float, ...] = ()
    """[s] Single queries of the whole model; empty where only slices were run."""
    versions: dict[str, str]
    fingerprint: str
    power_source: str | None


def of_probe(result: ProbeResult, *, num_parameters: int | None = None, task: str | None = None) -> Run:
    """Return the run of a probe.

    Args:
        result: of the probe.
        num_parameters: of the model, as the catalog knows it.
        task: of the model, as its card says.

    Raises:
        InvalidInputError: `energy-not-measured`.
    """
    last = result.depths[-1] if result.depths else None
    whole = last is not None and not result.extrapolated and last.num_layers == result.num_layers
    return Run(
        id=result.id, created=result.created, model=result.model,
        source=SYNTHETIC if result.kind == "synthetic" else "the model's own weights", sha256=None,
        num_parameters=num_parameters, task=task, format=result.format, provider=result.provider,
        num_threads=result.num_threads, num_layers=result.num_layers, workload=result.workload,
        num_batch=result.workload.num_batch, is_extrapolated=result.extrapolated,
        time_per_query=_of_one(result.time_per_query, result.workload.num_batch),
        time_to_first_token=result.time_to_first_token, rate=result.rate, peak_memory=result.peak_memory,
        energy=_known(result.energy, result.id), query_s=last.query_s if last is not None and whole else (),
        versions=result.versions, fingerprint=result.fingerprint, power_source=result.power_source,
    )  # fmt: skip


def of_file(result: OnnxFileResult) -> Run:
    """Return the run of an ONNX file; its folder is left out.

    Raises:
        InvalidInputError: `energy-not-measured`.
    """
    return Run(
        id=result.id, created=result.created, model=PureWindowsPath(PurePosixPath(result.file).name).name, source=FILE,
        sha256=result.sha256, num_parameters=result.header.num_parameters, task=None, format="onnx",
        provider=result.provider, num_threads=result.num_threads, num_layers=None, workload=None,
        num_batch=result.num_batch, is_extrapolated=False,
        time_per_query=_of_one(result.time_per_query, result.num_batch),
        time_to_first_token=unknown("s", "a file is run as a whole"), rate=result.rate, peak_memory=result.peak_memory,
        energy=_known(result.energy, result.id), versions=result.versions, fingerprint=result.fingerprint,
        power_source=result.power_source,
    )  # fmt: skip


def _of_one(time: Quantity, num_batch: int) -> Quantity:
    """Return the time of one query of a batch, in seconds: what its energy is stated for."""
    return ranges.scaled(time, 1.0 / max(1, num_batch), "s")


def _known(energy: EnergyResult | None, run_id: str) -> EnergyResult:
    if energy is None:
        raise InvalidInputError(
            "energy-not-measured",
            f"The measurement {run_id} has no energy: no meter was read and no typical range was known.",
            remedy="Measure again with `probe MODEL --energy quick`.",
        )
    return energy
