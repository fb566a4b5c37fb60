"""Runs one graph with ONNX Runtime and times it. Lives in a child of its own: one session a process.

A second session in the same process keeps its threads spinning and steals cores: times were seen to be 30-90 % off.
"""

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime as ort
from typing_extensions import override

from advisor.child.main import Channel, refuse_request
from advisor.errors import AdvisorError, ChildError, InvalidModelError
from advisor.probe import schedule
from advisor.probe.depth import DepthReport, DepthRequest, SystemReadings
from advisor.probe.plan import DepthMeasurement
from advisor.probe.sampling import Sampler, WorkKind
from advisor.probe.schedule import Rounds

_PROVIDERS = ["CPUExecutionProvider"]
_LOG_ERRORS_ONLY = 3
_CACHE_VALUE = 0.1
"""[1] What unread cache positions hold: finite, no denormal, and written, so that its pages are resident."""
_NUM_IDS = 4096
_LEAST_BUDGET_S = 1.0
_TIME_LEFT_SHARE = 0.85
"""[1] The last round may run over; the rest is for that."""
_clock = time.perf_counter
_started_s = _clock()


def providers(_request: bytes, _channel: Channel) -> bytes:
    """Return the runtime's version and execution providers as JSON. Job `providers`."""
    return msgspec.json.encode({"version": ort.__version__, "providers": ort.get_available_providers()})


def measure(request: bytes, channel: Channel) -> bytes:
    """Measure one depth. Job `probe-depth`: `DepthRequest` to `DepthReport`, both as JSON.

    Raises:
        InvalidModelError: the request does not validate, or the runtime refuses the graph.
        ChildError: `killed_for_memory`; the runtime could not get memory.
    """
    try:
        wanted = msgspec.json.decode(request, type=DepthRequest)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    sampler = Sampler(channel.sample, num_threads=wanted.num_threads, started_s=_started_s)
    sampler.start()
    try:
        return msgspec.json.encode(_measure(wanted, channel, sampler))
    except AdvisorError:
        raise
    except MemoryError as error:
        raise _no_memory() from error
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        if "bad_alloc" in str(error) or "Failed to allocate" in str(error):
            raise _no_memory() from error
        raise InvalidModelError(
            "invalid_model",
            f"ONNX Runtime cannot run this model: {str(error).splitlines()[0]}",
            remedy="Choose another format of the model.",
        ) from error
    finally:
        sampler.stop()


def _measure(wanted: DepthRequest, channel: Channel, sampler: Sampler) -> DepthReport:
    baseline_rss_bytes = sampler.system.rss_bytes() or 0
    channel.progress("load", 0.0)
    weights_file_bytes = sum(path.stat().st_size for path in _graph_files(wanted))
    begin_s = _clock()
    runner: _Runner = _Decoder(wanted, sampler) if wanted.family == "decoder" else _Encoder(wanted, sampler)
    load_s = _clock() - begin_s
    if wanted.remove_when_loaded:
        _remove(wanted)
    runner.budget_s = _budget_s(wanted, _clock() - _started_s)
    gc.disable()  # a collection in the middle of a token is not part of the model
    findings = runner.run(channel)
    gc.enable()
    peak_rss_bytes, peak_source = sampler.system.peak_rss_bytes()
    blocks_s = findings.rounds.block_medians_s()
    tokens_s = tuple(value for block in findings.rounds.blocks_s for value in block)
    decoder = wanted.family == "decoder"
    return DepthReport(
        measurement=DepthMeasurement(
            num_layers=wanted.num_layers, prefill_s=findings.rounds.prompts_s, decode_s=tokens_s if decoder else (),
            query_s=() if decoder else tokens_s, load_s=load_s, peak_rss_bytes=peak_rss_bytes,
            baseline_rss_bytes=baseline_rss_bytes, weights_file_bytes=weights_file_bytes,
        ),
        decode_block_s=blocks_s if decoder else (), query_block_s=() if decoder else blocks_s,
        num_prompt_tokens=findings.num_prompt_tokens, short_prefill_s=findings.short_prefill_s,
        peak_memory_source=peak_source, provider=runner.provider(), runtime_version=ort.__version__,
        outputs_finite=runner.outputs_finite(), system=findings.system, measured_s=findings.measured_s,
    )  # fmt: skip


class _Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner found."""

    rounds: Rounds
    num_prompt_tokens: int
    short_prefill_s: float | None
    system: SystemReadings
    measured_s: float


class _Runner(ABC):
    """A session and the way one graph family is run and timed."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        self._wanted = wanted
        self._sampler = sampler
        self.budget_s = wanted.budget_s
        options = ort.SessionOptions()
        options.intra_op_num_threads = wanted.num_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_ERRORS_ONLY
        self._session = ort.InferenceSession(wanted.graph_file, options, providers=_PROVIDERS)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._ids = np.random.default_rng(0).integers(0, wanted.vocab_size, _NUM_IDS, dtype=np.int64)
        self._next_id = 0

    @abstractmethod
    def run(self, channel: Channel) -> _Findings:
        """Warm up and measure."""

    @abstractmethod
    def outputs_finite(self) -> bool:
        """Tell whether the outputs of the last run hold neither NaN nor infinity."""

    def provider(self) -> str:
        """Return the execution provider in use."""
        return str(self._session.get_providers()[0])

    def _some_ids(self, num_tokens: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
        """Return token ids, other ones each time. Shape (batch, tokens)."""
        count = self._wanted.num_batch * num_tokens
        # The remainder is taken here: `np.take(mode="wrap")` subtracts turn by turn, ever slower as the count grows.
        taken = self._ids[np.arange(self._next_id, self._next_id + count) % _NUM_IDS]
        self._next_id = (self._next_id + count) % _NUM_IDS
        return taken.reshape(self._wanted.num_batch, num_tokens)

    def _timed(self, kind: WorkKind, work: Callable[[], None], *, repeats: int = 1) -> float:
        begin_s = _clock()
        for _ in range(repeats):
            work()
        latency_s = (_clock() - begin_s) / repeats
        self._sampler.note(kind, latency_s)
        return latency_s

    def _rounds(
        self,
        channel: Channel,
        prompt: Callable[[], float] | None,
        block: Callable[[int], tuple[float, ...]] | None,
        *,
        end_s: float,
        prompt_s: float = 0.0,
    ) -> tuple[Rounds, SystemReadings, float]:
        channel.progress("measure", 0.25)
        self._sampler.begin_measuring()
        begin_s = _clock()
        rounds = schedule.run_rounds(
            prompt, block, _clock, end_s=end_s, prompt_s=prompt_s,
            advance=lambda share: channel.progress("measure", 0.25 + 0.75 * share),
        )  # fmt: skip
        return rounds, self._sampler.end_measuring(), _clock() - begin_s


class _Decoder(_Runner):
    """Prompts and tokens over one cache that is bound as past and as present, as onnxruntime-genai does."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        super().__init__(wanted, sampler)
        shape = (wanted.num_batch, wanted.num_kv_heads, wanted.num_capacity_tokens, wanted.head_size)
        self._cache = {
            name: ort.OrtValue.ortvalue_from_numpy(np.full(shape, _CACHE_VALUE, np.float32))
            for name in sorted(self._inputs)
            if name.startswith("past_key_values.")
        }
        self._scores = self._session.get_outputs()[-1].name  # the cache's outputs come first
        self._binding = self._bound()

    @override
    def run(self, channel: Channel) -> _Findings:
        """Warm up, choose the prompt's length, measure prompts and tokens by turns."""
        wanted = self._wanted
        begin_s = _clock()
        channel.progress("warm-up", 0.1)
        if wanted.num_output_tokens:
            limit_s = schedule.WARM_SHARE * self.budget_s
            warm = schedule.warm_up(lambda: float(np.median(self._tokens(0, 4))), _clock, limit_s=limit_s)
            self._block_units = schedule.block_units(warm[-1])
        num_tokens, short_s, expected_s = self._choose_prompt()
        end_s = begin_s + self.budget_s
        if _clock() + 3 * expected_s < end_s:
            self._prompt(num_tokens)  # its memory is got from the system the first time
        rounds, system, measured_s = self._rounds(
            channel, lambda: self._prompt(num_tokens), self._block if wanted.num_output_tokens else None,
            end_s=end_s, prompt_s=expected_s,
        )  # fmt: skip
        return _Findings(
            rounds=rounds, num_prompt_tokens=num_tokens, short_prefill_s=short_s, system=system, measured_s=measured_s
        )

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the scores of one more token hold neither NaN nor infinity."""
        past = self._wanted.num_input_tokens - (0 if self._wanted.num_output_tokens else 1)
        self._feed(self._binding, past, 1)
        self._session.run_with_iobinding(self._binding)
        return bool(np.isfinite(self._binding.get_outputs()[-1].numpy()).all())

    def _choose_prompt(self) -> tuple[int, float | None, float]:
        """Return the prompt's length, the time of half of it where it had to be cut, and the time expected."""
        wanted = self._wanted
        trial = min(schedule.TRIAL_TOKENS, wanted.num_input_tokens)
        trial_s = min(self._prompt(trial), self._prompt(trial))
        length = schedule.prompt_tokens(wanted.num_input_tokens, trial, trial_s, budget_s=self.budget_s)
        short_s = None
        if length < wanted.num_input_tokens:
            length -= length % 2
            short_s = self._prompt(length // 2)
        return length, short_s, trial_s / trial * length

    def _block(self, index: int) -> tuple[float, ...]:
        return self._tokens(index, self._block_units)

    def _tokens(self, index: int, num_tokens: int) -> tuple[float, ...]:
        """Time a block of tokens; blocks are spread over the positions that the answer has."""
        wanted = self._wanted
        num_tokens = min(num_tokens, wanted.num_capacity_tokens)
        share = (index % schedule.MIN_BLOCKS + 0.5) / schedule.MIN_BLOCKS
        past = int(wanted.num_input_tokens + share * max(0, wanted.num_output_tokens - num_tokens))
        past = min(past, wanted.num_capacity_tokens - num_tokens)
        return tuple(self._timed("token", partial(self._step, past + step)) for step in range(num_tokens))

    def _step(self, past: int) -> None:
        self._feed(self._binding, past, 1)
        self._session.run_with_iobinding(self._binding)

    def _prompt(self, num_tokens: int) -> float:
        binding = self._bound()
        self._feed(binding, 0, num_tokens)
        return self._timed("prefill", lambda: self._session.run_with_iobinding(binding))

    def _feed(self, binding: ort.IOBinding, past: int, num_tokens: int) -> None:
        binding.bind_cpu_input("input_ids", self._some_ids(num_tokens))
        binding.bind_cpu_input("attention_mask", np.ones((self._wanted.num_batch, past + num_tokens), np.int64))
        if "position_ids" in self._inputs:
            positions = np.arange(past, past + num_tokens, dtype=np.int64)
            binding.bind_cpu_input("position_ids", np.tile(positions, (self._wanted.num_batch, 1)))

    def _bound(self) -> ort.IOBinding:
        binding = self._session.io_binding()
        for name, value in self._cache.items():
            binding.bind_ortvalue_input(name, value)
            binding.bind_ortvalue_output(name.replace("past_key_values", "present"), value)
        binding.bind_output(self._scores, "cpu")
        return binding


class _Encoder(_Runner):
    """Whole texts, one batch a query."""

    def __init__(self, wanted: DepthRequest, sampler: Sampler) -> None:
        super().__init__(wanted, sampler)
        shape = (wanted.num_batch, wanted.num_input_tokens)
        self._fixed = {"attention_mask": np.ones(shape, np.int64)}
        if "token_type_ids" in self._inputs:
            self._fixed["token_type_ids"] = np.zeros(shape, np.int64)
        self._output: Any = None
        self._repeats = 1

    @override
    def run(self, channel: Channel) -> _Findings:
        """Warm up and measure."""
        wanted = self._wanted
        end_s = _clock() + self.budget_s
        channel.progress("warm-up", 0.1)
        query_s = self._warm_up(schedule.WARM_SHARE * self.budget_s)
        units = schedule.block_units(query_s * self._repeats)
        rounds, system, measured_s = self._rounds(channel, None, lambda _: self._queries(units), end_s=end_s)
        return _Findings(
            rounds=rounds, num_prompt_tokens=wanted.num_input_tokens, short_prefill_s=None, system=system,
            measured_s=measured_s,
        )  # fmt: skip

    @override
    def outputs_finite(self) -> bool:
        """Tell whether the last query's output holds neither NaN nor infinity."""
        return bool(np.isfinite(self._output).all())

    def _warm_up(self, limit_s: float) -> float:
        """Warm up until neither the time of a query nor the number that share a time stamp changes any more.

        The first queries of a quick model are many times slower than the later ones, so a number found with them would
        end the measurement after a blink.
        """
        end_s = _clock() + limit_s
        while True:
            left_s = end_s - _clock()
            query_s = schedule.warm_up(lambda: float(np.median(self._queries(2))), _clock, limit_s=left_s)[-1]
            wanted = schedule.repeats(query_s)
            if wanted <= self._repeats or _clock() >= end_s:
                return query_s
            self._repeats = wanted

    def _queries(self, num_queries: int) -> tuple[float, ...]:
        return tuple(self._timed("query", self._query, repeats=self._repeats) for _ in range(num_queries))

    def _query(self) -> None:
        feeds = {"input_ids": self._some_ids(self._wanted.num_input_tokens), **self._fixed}
        self._output = self._session.run(None, feeds)[0]


def _budget_s(wanted: DepthRequest, spent_s: float) -> float:
    """Return the seconds for warm-up and measurement."""
    if wanted.time_left_s is None:
        return wanted.budget_s
    return max(_LEAST_BUDGET_S, min(wanted.budget_s, _TIME_LEFT_SHARE * wanted.time_left_s - spent_s))


def _graph_files(wanted: DepthRequest) -> tuple[Path, ...]:
    graph = Path(wanted.graph_file)
    return tuple(path for path in (graph, graph.with_name(graph.name + ".data")) if path.exists())


def _remove(wanted: DepthRequest) -> None:
    """Delete the files; the runtime's map keeps what it still needs. Windows keeps open files: the parent deletes."""
    for path in _graph_files(wanted):
        try:
            path.unlink()
        except OSError:
            return


def _no_memory() -> ChildError:
    return ChildError(
        "killed_for_memory",
        "ONNX Runtime could not get the memory this model needs.",
        remedy="Try a shorter context, a smaller format or a smaller model.",
    )
