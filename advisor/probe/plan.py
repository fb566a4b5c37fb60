"""What to measure, and what came out. Pure values: they travel between the app and its child."""

from typing import Literal

import msgspec

from advisor.catalog.model import Candidate
from advisor.child.protocol import OutcomeCode, Sample
from advisor.energy.model import EnergyResult
from advisor.evidence import Quantity
from advisor.probe.energy_settings import EnergySettings
from advisor.probe.providers import ProviderUse
from advisor.probe.threads import ThreadChoice
from advisor.task.model import Workload

RESULT_VERSION = 1
ProbeKind = Literal["synthetic", "weights"]
Grade = Literal["A", "B", "C"]


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What all probes of a model are asked."""

    workload: Workload
    num_threads: int | None = None
    """What the user asked for; null: found by a short sweep over `num_threads_tried`."""
    num_threads_tried: tuple[int, ...] = ()
    """Numbers worth trying, the usual one first; one alone is taken as it is."""
    pinned: bool | None = None
    """Whether each thread stays on a processor of its own; null: the sweep decides, without one they do not."""
    memory_box_bytes: int
    """[B] The probe never takes more; larger models are measured at two or three depths."""
    time_box_s: float
    """[s] Aim for the whole probe, from start to result."""
    providers: tuple[ProviderUse, ...] = ()
    """Execution providers, best first; empty: the processor."""
    fingerprint: str = ""
    """Of the machine: `HardwareProfile.fingerprint`."""
    power_source: str | None = None
    energy: EnergySettings | None = None
    """How energy is measured; null: it is not."""


class ProbePlan(RunPlan, frozen=True, kw_only=True):
    """One probe with made-up weights, ready to run."""

    kind: ProbeKind = "synthetic"
    candidate: Candidate
    depths: tuple[int, ...] = ()
    """Layer counts to build, smallest first; empty: the child chooses."""
    graph_folder: str
    """Folder for the graphs; emptied of this probe's files at its end."""
    last_level_cache_bytes: int | None = None
    """[B] Slices are chosen larger than it where possible: what fits the cache is faster than the whole model."""


class DepthMeasurement(msgspec.Struct, frozen=True, kw_only=True):
    """Raw results of one depth, of all its launches one after the other."""

    num_layers: int
    prefill_s: tuple[float, ...]
    """[s] One value a repeat, prompt of the workload's input length."""
    decode_s: tuple[float, ...]
    """[s] One value a token; for encoders empty."""
    query_s: tuple[float, ...]
    """[s] One value a query of an encoder."""
    load_s: float
    """[s] Session creation."""
    peak_rss_bytes: int
    baseline_rss_bytes: int
    """[B] Child before the session was made."""
    weights_file_bytes: int
    num_launches: int = 1
    """Processes that measured it; `load_s` and the peak are the medians over them."""


class ContextSpeed(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a token at one length of the context."""

    num_context_tokens: int
    time_per_token: Quantity


class Precision(msgspec.Struct, frozen=True, kw_only=True):
    """How well the mean of a probe's main figure is known."""

    num_launches: int
    """Of the depth launched most often."""
    num_blocks: int
    num_blocks_wanted: int
    """What the pilot asked for, for an interval of ±3 %."""
    interval_half_share: float | None
    """Half of the 95 % interval of the mean of the blocks, 0 to 1; null where there was no time for the pilot."""
    launches_apart_share: float | None
    """The slowest launch over the quickest, less one; null for a single launch."""
    line_error_share: float | None = None
    """How far the depth in the middle lies off the line through the other two, at most of all figures; null without."""


class WeightFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the model that was measured."""

    name: str
    """Relative to its folder."""
    size_bytes: int
    sha256: str | None = None
    """Null for a file too large to be read once more; size and date then stand for it."""
    modified: str | None = None
    """ISO 8601, UTC, where there is no hash."""


class WeightsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is said only of a probe with real weights."""

    folder: str
    """Its name, or the whole path where it was given so by the user."""
    layout: str
    """As `runnable.model.Layout`."""
    files: tuple[WeightFile, ...]
    """Networks, their weights and the tokenizer."""
    revision: str | None = None
    """Commit of the hub the weights came from; null where it is not known."""
    language: str | None = None
    """Code of the language of the texts; null where none were read."""
    with_template: bool = False
    """The texts were put into the model's chat template."""
    num_texts: int = 0
    unknown_share: float = 0.0
    """[1] Of the texts' tokens, those that stand for what the tokenizer does not know."""
    load_time_cold: Quantity
    """[s] The first session, with the files out of the system's cache."""
    tokenize_time: Quantity
    """[s] Splitting one text into tokens; no part of the other times."""


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe measured."""

    schema_version: int = RESULT_VERSION
    id: str
    """Random, to tell probes apart."""
    created: str
    """ISO 8601, UTC."""
    outcome: OutcomeCode
    message: str = ""
    kind: ProbeKind
    model: str
    format: str
    device: str = "cpu"
    workload: Workload
    depths_measured: tuple[int, ...]
    num_layers: int
    """Layers of the whole model; equal to the only depth when nothing was extrapolated."""
    extrapolated: bool
    time_to_first_token: Quantity
    time_per_token: Quantity
    time_per_query: Quantity
    rate: Quantity
    peak_memory: Quantity
    load_time: Quantity
    energy_per_1000_queries: Quantity
    depths: tuple[DepthMeasurement, ...]
    samples: tuple[Sample, ...]
    """Live samples, thinned to at most 2,000."""
    grade: Grade
    reasons: tuple[str, ...]
    """Why the run may be unstable, one sentence each; empty for a clean run."""
    num_threads: int
    provider: str
    """Execution provider that really ran the graph."""
    versions: dict[str, str]
    fingerprint: str
    """Of the machine: `HardwareProfile.fingerprint`."""
    power_source: str | None = None
    wall_s: float
    """[s] The whole probe."""
    build_s: float | None = None
    """[s] Of it, writing the test model."""
    contexts: tuple[ContextSpeed, ...] = ()
    """Tokens at several lengths of the context, shortest first; empty where none are generated."""
    precision: Precision | None = None
    threads: ThreadChoice | None = None
    energy: EnergyResult | None = None
    """Null in results of older versions of the app."""
    weights: WeightsFacts | None = None
    """Null for made-up weights."""
