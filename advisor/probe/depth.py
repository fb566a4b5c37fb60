"""One depth of a model, measured in a child of its own: what it is asked and what it answers. Pure values."""

import msgspec

from advisor.graphs.recipe import Bound, Feed, Runner
from advisor.probe.plan import DepthMeasurement
from advisor.probe.providers import Placement, ProviderUse
from advisor.probe.real_inputs import RealInputs
from advisor.probe.schedule import PILOT, Count


class DepthRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Graphs on disk and the sizes to run them at."""

    runner: Runner
    graph_files: tuple[str, ...]
    """One, or the encoder's and the decoder's."""
    num_layers: int
    feeds: tuple[Feed, ...] = ()
    """Fixed inputs of the first graph."""
    bound: tuple[Bound, ...] = ()
    """Caches and states of the last graph."""
    vocab_size: int
    """[rows] Token ids are drawn below it."""
    num_input_tokens: int
    num_output_tokens: int
    num_prompt_limit: int | None = None
    """[tokens] Longest prompt that fits the memory; null: no such limit."""
    num_capacity_tokens: int = 0
    """Cache bound, in tokens."""
    num_batch: int = 1
    num_threads: int
    budget_s: float
    """[s] Most time for warm-up and measurement, loading excluded."""
    time_left_s: float | None = None
    """[s] From the child's start; warm-up and measurement get what loading leaves of it. Null: no such limit."""
    count: Count | None = None
    """Prompts and blocks left to this launch; null: it makes the pilot that says how many."""
    pilot_share: float = 1.0
    """[1] Of what the pilot asks for, what this launch does."""
    with_contexts: bool = True
    """Tokens are timed at longer contexts too, where the cache is longer than question and answer."""
    pinned: bool = False
    """Each thread of the runtime stays on a processor of its own."""
    providers: tuple[ProviderUse, ...] = ()
    """Execution providers, best first; empty: the processor."""
    real: RealInputs | None = None
    """Null: made-up weights and drawn token numbers."""
    remove_when_loaded: bool = True
    """Delete graph and weights once the session holds them, so that nothing is left behind whatever happens."""


class SystemReadings(msgspec.Struct, frozen=True, kw_only=True):
    """What the computer did meanwhile. Null where it could not be read."""

    other_cpu_share: float | None = None
    """Processor time of all other processes over all processors, 0 to 1, mean while measuring."""
    steal_share: float | None = None
    """Processor time that the host gave to other virtual machines, 0 to 1."""
    own_cpu_share: float | None = None
    """Own processor time over threads x wall while measuring, 0 to 1."""
    frequency_start_hz: float | None = None
    """[Hz] Median of the first quarter of the readings."""
    frequency_end_hz: float | None = None
    """[Hz] Median of the last quarter."""
    temperature_max_c: float | None = None
    memory_stall_share: float | None = None
    """Time in which some task waited for memory, 0 to 1 (Linux pressure stall information)."""
    num_major_faults: int | None = None
    """Page faults that went to disk while measuring."""
    cpu_stall_share: float | None = None
    """Time in which some task waited for a processor, 0 to 1 (Linux pressure stall information)."""
    num_pushed_aside: int | None = None
    """Times the system took a processor from this process (involuntary context switches)."""
    num_swapped_pages: int | None = None
    """Pages that the whole system read back from swap."""
    num_throttles: int | None = None
    """Times the processor slowed itself down for heat or power."""
    measured_s: float | None = None
    """[s] From first to last reading."""
    core_busy_share: tuple[float, ...] = ()
    """Busy share of each processor while measuring, 0 to 1, by all programs; empty where it could not be read."""
    on_battery: bool | None = None
    num_readings: int = 0


class ContextTime(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens at one length of the context."""

    num_context_tokens: int
    token_s: float
    """[s] Median of a block."""


class DepthReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of one launch at one depth."""

    measurement: DepthMeasurement
    decode_block_s: tuple[float, ...] = ()
    """[s] Median of each block of tokens."""
    query_block_s: tuple[float, ...] = ()
    """[s] Median of each block of queries."""
    contexts: tuple[ContextTime, ...] = ()
    """Tokens at several lengths of the context, shortest first."""
    wanted: Count = PILOT
    """What the pilot asked for, of all launches together."""
    num_prompt_tokens: int
    """Length that was measured; shorter than asked where the time did not suffice."""
    short_prefill_s: float | None = None
    """[s] Prompt of half that length, read once, where the full one had to be cut."""
    peak_memory_source: str
    """`VmHWM of /proc/self/status` or `getrusage`."""
    provider: str
    """Execution provider that ran the graph."""
    registered: tuple[str, ...] = ()
    """Execution providers the session really had."""
    placement: tuple[Placement, ...] = ()
    """Nodes by the provider that got them; empty where the runtime did not record it."""
    device_memory_bytes: int | None = None
    """[B] Held in the device's own memory at the end; null on the processor and where nothing tells."""
    runtime_version: str
    outputs_finite: bool
    system: SystemReadings
    measured_s: float
    """[s] From the first to the last measured unit of work."""
