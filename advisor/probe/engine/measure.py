"""The jobs of a measuring child: which runtime is there, and how fast one depth of a model is."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnxruntime as ort

from advisor.child.main import Channel, refuse_request
from advisor.graphs.recipe import Runner as RunnerName
from advisor.probe import providers as providers_of
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.engine import providers as engine_providers
from advisor.probe.engine.decoder import DecoderRunner
from advisor.probe.engine.query import QueryRunner
from advisor.probe.engine.runner import Runner
from advisor.probe.engine.seq2seq import Seq2SeqRunner
from advisor.probe.plan import DepthMeasurement
from advisor.probe.sampling import Sampler
from advisor.runnable.engine.session import refusing

RunnerMaker = Callable[[DepthRequest, Sampler], Runner]
_RUNNERS: dict[RunnerName, RunnerMaker] = {
    "decoder": DecoderRunner,
    "query": QueryRunner,
    "seq2seq": Seq2SeqRunner,
}
_LEAST_BUDGET_S = 1.0
_TIME_LEFT_SHARE = 0.85
"""[1] The last round may run over; the rest is for that."""
_clock = time.perf_counter
started_s = _clock()
"""[s] Start of this child: the zero of all times in its messages."""


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
    sampler = Sampler(channel.sample, num_threads=wanted.num_threads, started_s=started_s)
    sampler.start()
    try:
        with refusing():
            return msgspec.json.encode(take(make_runner, wanted, channel, sampler))
    finally:
        sampler.stop()


def make_runner(wanted: DepthRequest, sampler: Sampler) -> Runner:
    """Make the session of a depth and the way it is run; errors are the runtime's own, see `refusing`."""
    if wanted.real is not None and wanted.runner != "query":
        from advisor.probe.engine.weights import RealTextRunner

        return RealTextRunner(wanted, sampler)
    return _RUNNERS[wanted.runner](wanted, sampler)


def take(make: RunnerMaker, wanted: DepthRequest, channel: Channel, sampler: Sampler) -> DepthReport:
    """Make a session, warm up, measure.

    Args:
        make: the way the graphs are run.
        wanted: graphs on disk and sizes.
        channel: told how far it is.
        sampler: already running.
    """
    baseline_rss_bytes = sampler.system.rss_bytes() or 0
    channel.progress("load", 0.0)
    weights_file_bytes = sum(path.stat().st_size for path in _graph_files(wanted))
    begin_s = _clock()
    runner = make(wanted, sampler)
    load_s = _clock() - begin_s
    if wanted.remove_when_loaded:
        _remove(wanted)
    runner.budget_s = _budget_s(wanted, _clock() - started_s)
    gc.disable()  # a collection in the middle of a token is not part of the model
    findings = runner.run(channel)
    gc.enable()
    peak_rss_bytes, peak_source = sampler.system.peak_rss_bytes()
    blocks_s = findings.rounds.block_medians_s()
    tokens_s = tuple(value for block in findings.rounds.blocks_s for value in block)
    decoder = wanted.runner != "query"
    registered, placed = runner.registered(), runner.placement()
    used = providers_of.really_ran(wanted.providers, registered, placed)
    return DepthReport(
        measurement=DepthMeasurement(
            num_layers=wanted.num_layers, prefill_s=findings.rounds.prompts_s, decode_s=tokens_s if decoder else (),
            query_s=() if decoder else tokens_s, load_s=load_s, peak_rss_bytes=peak_rss_bytes,
            baseline_rss_bytes=baseline_rss_bytes, weights_file_bytes=weights_file_bytes,
        ),
        decode_block_s=blocks_s if decoder else (), query_block_s=() if decoder else blocks_s,
        contexts=findings.contexts, wanted=findings.rounds.wanted,
        num_prompt_tokens=findings.num_prompt_tokens, short_prefill_s=findings.short_prefill_s,
        peak_memory_source=peak_source, provider=used.name, registered=registered,
        placement=placed, device_memory_bytes=engine_providers.device_memory_bytes(used),
        runtime_version=ort.__version__, outputs_finite=runner.outputs_finite(), system=findings.system,
        measured_s=findings.measured_s,
    )  # fmt: skip


def _budget_s(wanted: DepthRequest, spent_s: float) -> float:
    """Return the seconds for warm-up and measurement."""
    if wanted.time_left_s is None:
        return wanted.budget_s
    return max(_LEAST_BUDGET_S, min(wanted.budget_s, _TIME_LEFT_SHARE * wanted.time_left_s - spent_s))


def _graph_files(wanted: DepthRequest) -> tuple[Path, ...]:
    graphs = [Path(name) for name in wanted.graph_files]
    files = (path for graph in graphs for path in (graph, graph.with_name(graph.name + ".data")))
    return tuple(path for path in files if path.exists())


def _remove(wanted: DepthRequest) -> None:
    """Delete the files; the runtime's map keeps what it still needs. Windows keeps open files: the parent deletes."""
    for path in _graph_files(wanted):
        try:
            path.unlink()
        except OSError:
            return
