"""What to measure of an ONNX file, and what came out. Pure values: they travel between the app and its children."""

import msgspec

from advisor.child.protocol import OutcomeCode, Sample
from advisor.energy.model import EnergyResult
from advisor.evidence import Quantity
from advisor.graphs.onnx_file.model import OnnxHeader
from advisor.probe.depth import DepthRequest
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.file_feed import FileFeed
from advisor.probe.plan import Grade
from advisor.probe.providers import Placement, ProviderUse

RESULT_VERSION = 1


class OnnxFilePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One file to measure, ready to run."""

    file: str
    shapes: dict[str, tuple[int, ...]] = {}
    """Input -> its whole shape, as the user asked."""
    dimensions: dict[str, int] = {}
    """Name of a free dimension -> its size, as the user asked."""
    providers: tuple[ProviderUse, ...] = ()
    """Execution providers, best first; empty: the processor."""
    num_threads: int
    pinned: bool = False
    """Each thread stays on a processor of its own."""
    memory_box_bytes: int
    """[B] The measuring process never takes more."""
    time_box_s: float = 20.0
    """[s] Aim for loading and measuring."""
    time_limit_s: float = 120.0
    """[s] After it the measuring process is stopped."""
    fingerprint: str = ""
    """Of the machine: `HardwareProfile.fingerprint`."""
    power_source: str | None = None
    energy: EnergySettings | None = None
    """How energy is measured; null: it is not."""


class FreeDimension(msgspec.Struct, frozen=True, kw_only=True):
    """A size that the file leaves open and that was chosen."""

    name: str
    """As the file names it, else `input[axis]`."""
    value: int
    why: str
    """One phrase: `asked for`, or the rule behind the default."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """All inputs of one run."""

    feeds: tuple[FileFeed, ...]
    free: tuple[FreeDimension, ...]


class FileRunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the measuring child is asked."""

    depth: DepthRequest
    feeds: tuple[FileFeed, ...]
    memory_limit_bytes: int
    """[B] The system refuses the child more, where it can."""


class OnnxFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of an ONNX file."""

    schema_version: int = RESULT_VERSION
    id: str
    """Random, to tell probes apart."""
    created: str
    """ISO 8601, UTC."""
    outcome: OutcomeCode
    file: str
    """As the user gave it."""
    sha256: str
    """Of the file itself, in hexadecimal digits; files beside it are known by name and size."""
    header: OnnxHeader
    inputs: Inputs
    time_per_query: Quantity
    rate: Quantity
    peak_memory: Quantity
    device_memory: Quantity
    load_time: Quantity
    num_batch: int
    """Items answered by one run, as far as the shapes tell."""
    num_measurements: int
    num_launches: int = 1
    """Processes with a session of their own that the runs come from."""
    launches_apart_share: float | None = None
    """[1] How far the slowest launch is above the quickest; null for one."""
    samples: tuple[Sample, ...]
    grade: Grade
    reasons: tuple[str, ...]
    """Why the run may be unstable or ran elsewhere than asked, one sentence each."""
    num_threads: int
    pinned: bool = False
    """Each thread stayed on a processor of its own."""
    device: str
    provider: str
    """Execution provider that ran most of the model."""
    placement: tuple[Placement, ...]
    versions: dict[str, str]
    fingerprint: str
    power_source: str | None = None
    wall_s: float
    """[s] The whole probe."""
    energy: EnergyResult | None = None
    """Null where it was not asked for, and in results of older versions of the app."""
