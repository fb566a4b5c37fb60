"""The energy child: idle, load, idle with the model, blocks of work, idle again, under all meters of the machine.

A child of its own, as a meter needs blocks of seconds where the clock needs fractions of one, and nothing else may run.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from advisor.child.main import Channel, refuse_request
from advisor.energy import bench as benches
from advisor.energy import blocks, ladder
from advisor.energy.bench import Bench, Liveness
from advisor.energy.blocks import Block
from advisor.energy.model import MeterInfo, PhaseName
from advisor.energy.watch import Watch
from advisor.hardware.roots import Roots
from advisor.probe import energy_stage, schedule
from advisor.probe.energy import EnergyReport, EnergyRequest, MeterReport, PhaseBlocks, WorkTime
from advisor.probe.engine.measure import make_runner
from advisor.probe.engine.runner import Runner, clock
from advisor.probe.sampling import Sampler, readings_between
from advisor.runnable.engine.session import refusing

_SPIN_S = {"quick": 1.2, "standard": 2.0}
_WARM_S = {"quick": 3.0, "standard": 10.0}
_CROSS_LEAST_J = 1.0
started_s = clock()


def measure_energy(request: bytes, channel: Channel) -> bytes:
    """Measure the energy of one depth. Job `probe-energy`: `EnergyRequest` to `EnergyReport`, both as JSON.

    Raises:
        InvalidModelError: the request does not validate, or the runtime refuses the graph.
        ChildError: `killed_for_memory`; the runtime could not get memory.
    """
    try:
        wanted = msgspec.json.decode(request, type=EnergyRequest)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    card = energy_stage.card(wanted.depth.providers)
    bench = Bench(ladder.for_card(ladder.find(Roots(sys=Path(wanted.sys_root))), card))
    sampler = Sampler(
        channel.sample, num_threads=wanted.depth.num_threads, started_s=started_s, power_w=bench.power_w
    )  # fmt: skip
    with refusing():
        try:
            bench.start()
            sampler.start()
            return msgspec.json.encode(_Session(wanted, channel, bench, sampler).run())
        finally:
            sampler.stop()
            bench.stop()


class _Session:
    """One energy child from its first idle window to its last."""

    def __init__(self, wanted: EnergyRequest, channel: Channel, bench: Bench, sampler: Sampler) -> None:
        self._wanted, self._channel, self._bench, self._sampler = wanted, channel, bench, sampler
        self._mode = wanted.mode
        self._blocks: dict[str, dict[PhaseName, list[Block]]] = {}
        self._work: dict[PhaseName, WorkTime] = {}
        self._liveness: list[Liveness] = []
        self._runner: Runner | None = None

    def run(self) -> EnergyReport:
        """Take all measurements."""
        begin_s, wall_s = clock(), time.time()
        idle_s = self._wanted.time_share * blocks.BASELINE_S[self._mode] if self._wanted.with_idle else 0.0
        idle, idle_share = self._idle("idle", idle_s, 0.0)
        self._judge(idle)
        load = self._load()
        before, _ = self._idle("loaded idle", idle_s, 0.25)
        self._channel.progress("warm-up", 0.35)
        work = self._warm_up()
        ticks = self._sampler.system.ticks()
        self._measure(work)
        busy = readings_between(ticks, self._sampler.system.ticks(), num_threads=self._wanted.depth.num_threads)
        self._judge_cards(idle)
        after, _ = self._idle("loaded idle", idle_s, 0.9)
        repeated = self._any_drift(before, after)
        if repeated:
            after, _ = self._idle("loaded idle", idle_s, 0.95)
        self._channel.progress("cool", 1.0)
        watches = self._bench.watches
        return EnergyReport(
            meters=self._bench.infos(),
            reports=tuple(
                self._report(watch, idle.get(name, ()), before.get(name, ()), after.get(name, ()), load.get(name))
                for name, watch in watches.items()
            ),
            liveness=tuple(self._liveness), work=tuple(self._work.values()),
            trace=self._bench.trace(info.id for info in ladder.choose(self._bench.infos()).values()),
            load_share=_total_share(busy.other_cpu_share, busy.own_cpu_share, self._wanted.depth.num_threads),
            idle_load_share=idle_share, other_load_share=busy.other_cpu_share,
            clock_jump_s=(time.time() - wall_s) - (clock() - begin_s), baseline_repeated=repeated,
            measured_s=clock() - begin_s,
        )  # fmt: skip

    def _idle(self, name: str, seconds: float, done: float) -> tuple[dict[str, tuple[float, ...]], float | None]:
        """Return windows of idle power by meter, and the load of the machine meanwhile."""
        if not seconds:
            return {}, None
        self._channel.progress("measure", done, detail=f"{name}, {seconds:.0f} s")
        ticks = self._sampler.system.ticks()
        found = self._bench.idle(name, seconds)
        shares = readings_between(ticks, self._sampler.system.ticks(), num_threads=1)
        return found, shares.other_cpu_share

    def _judge(self, idle: dict[str, tuple[float, ...]]) -> None:
        """Refuse the meters that stand still while all processors work; cards are judged by the model itself."""
        if not idle:
            return
        num_threads = self._wanted.depth.num_threads
        loads = self._bench.spin(self._wanted.time_share * _SPIN_S[self._mode], num_threads)
        for meter, watch in list(self._bench.watches.items()):
            info = watch.info
            if info.component == "cpu" or (info.component == "platform" and info.refresh_s < _SPIN_S[self._mode] / 2):
                self._settle(benches.liveness(info, idle.get(meter, ()), loads.get(meter)))

    def _judge_cards(self, idle: dict[str, tuple[float, ...]]) -> None:
        if not idle or energy_stage.card(self._wanted.depth.providers) is None:
            return
        for meter, watch in list(self._bench.watches.items()):
            if watch.info.component == "gpu":
                every = [block for found in self._blocks.get(meter, {}).values() for block in found]
                load_w = max((block.power_w for block in every if block.window_s > 0), default=None)
                self._settle(benches.liveness(watch.info, idle.get(meter, ()), load_w))

    def _settle(self, found: Liveness) -> None:
        self._liveness.append(found)
        if not found.alive:
            self._bench.refuse(found.meter, found.text[:1].lower() + found.text[1:].rstrip("."))

    def _load(self) -> dict[str, Block]:
        self._channel.progress("load", 0.2)

        def load() -> int:
            self._runner = _runner(self._wanted, self._sampler)
            return 1

        found, _, _ = self._bench.block("load", load, 0.0, once=True)
        return found

    def _warm_up(self) -> tuple[tuple[PhaseName, Callable[[], int]], ...]:
        """Run each kind of work until its time stops falling."""
        if self._runner is None:  # pragma: no cover - `_load` has just made it
            raise RuntimeError("no session was made")
        works = self._runner.works(self._wanted.num_prompt_tokens)
        works = tuple(entry for entry in works if not self._wanted.only or entry[0] in self._wanted.only)

        warm_s = self._wanted.time_share * _WARM_S[self._mode]
        for _, work in works:
            schedule.warm_up(partial(_per_unit, work), clock, limit_s=warm_s / len(works))
        return works

    def _measure(self, works: tuple[tuple[PhaseName, Callable[[], int]], ...]) -> None:
        """Take a pilot of blocks, phases by turns, then as many more as its scatter asks for."""
        least_s = self._block_s()
        pilot = self._wanted.num_blocks or blocks.PILOT_BLOCKS[self._mode]
        done = 0
        wanted = pilot
        while done < wanted:
            for name, work in works:
                share = 0.4 + 0.5 * done / max(wanted, 1)
                self._channel.progress("measure", share, detail=f"{name}, block {done + 1} of {wanted}")
                self._take(name, work, least_s)
            done += 1
            if done == pilot and self._wanted.num_blocks is None:
                wanted = max(pilot, self._asked_for())

    def _take(self, name: PhaseName, work: Callable[[], int], least_s: float) -> None:
        found, num_units, work_s = self._bench.block(name, work, least_s)
        for meter, block in found.items():
            self._blocks.setdefault(meter, {}).setdefault(name, []).append(block)
        before = self._work.get(name)
        self._work[name] = WorkTime(
            phase=name, num_units=num_units + (before.num_units if before else 0),
            work_s=work_s + (before.work_s if before else 0.0), num_blocks=1 + (before.num_blocks if before else 0),
        )  # fmt: skip

    def _main_meters(self) -> list[MeterInfo]:
        chosen = ladder.choose(self._bench.infos())
        mine = [info for component, info in chosen.items() if component in ("cpu", "gpu")]
        if energy_stage.card(self._wanted.depth.providers) is None:
            mine = [info for info in mine if info.component == "cpu"]
        return mine or list(chosen.values())

    def _block_s(self) -> float:
        lengths = [blocks.block_s(info, self._mode) for info in self._main_meters()]
        return self._wanted.time_share * max(lengths, default=blocks.LEAST_BLOCK_S[self._mode])

    def _asked_for(self) -> int:
        """Return the blocks that the scatter of the main meters' pilot asks for."""
        asked = [0]
        for info in self._main_meters():
            for found in self._blocks.get(info.id, {}).values():
                powers = [block.power_w * block.unit_s for block in found if block.rejected is None]
                asked.append(blocks.needed(powers, self._mode) if len(powers) > 1 else 0)
        return max(asked)

    def _any_drift(self, before: dict[str, tuple[float, ...]], after: dict[str, tuple[float, ...]]) -> bool:
        return any(
            blocks.drifted(blocks.baseline(before[info.id], after[info.id]))
            for info in self._main_meters()
            if before.get(info.id) and after.get(info.id)
        )

    def _report(
        self, watch: Watch, idle: tuple[float, ...], before: tuple[float, ...], after: tuple[float, ...],
        load: Block | None,
    ) -> MeterReport:  # fmt: skip
        gaps = watch.gaps()
        return MeterReport(
            info=watch.info, idle_w=idle, before_w=before, after_w=after, load=load,
            phases=tuple(
                PhaseBlocks(phase=name, blocks=tuple(found))
                for name, found in self._blocks.get(watch.info.id, {}).items()
            ),
            num_readings=len(watch.points()), num_gaps=sum(gaps.values()), gap_reasons=tuple(gaps),
            cpu_share=watch.cpu_share(), cross_ratio=_cross_ratio(watch),
        )  # fmt: skip


def _runner(wanted: EnergyRequest, sampler: Sampler) -> Runner:
    if not wanted.feeds:
        return make_runner(wanted.depth, sampler)
    from advisor.probe.engine.onnx_file import FileRunner

    return FileRunner(wanted.depth, sampler, wanted.feeds)


def _per_unit(work: Callable[[], int]) -> float:
    begin_s = clock()
    num_units = work()
    return (clock() - begin_s) / num_units


def _total_share(other: float | None, own: float | None, num_threads: int) -> float | None:
    """Return the busy share of all processors from that of others and of this process's threads."""
    import os

    if other is None or own is None:
        return None
    return min(1.0, other + own * num_threads / (os.cpu_count() or num_threads))


def _cross_ratio(watch: Watch) -> float | None:
    """Return counted energy over the integral of the power that the device states, where it states both."""
    points = watch.points()
    if watch.info.method == "integral" or len(points) < 2:
        return None
    integral_j = counted_j = 0.0
    for before, now in itertools.pairwise(points):
        if before.epoch != now.epoch or before.power_w is None or now.power_w is None:
            continue
        integral_j += (now.t_s - before.t_s) * (before.power_w + now.power_w) / 2
        counted_j += now.energy_j - before.energy_j
    return counted_j / integral_j if integral_j > _CROSS_LEAST_J else None
