"""All meters of a machine at once, around idle times and blocks of work. Used in a measuring child."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from advisor.energy import blocks
from advisor.energy.blocks import Block
from advisor.energy.meter import Found, MeterError, reason
from advisor.energy.model import Component, MeterInfo, PowerPoint
from advisor.energy.watch import Mark, Watch, suspended_s

LIVE_W, LIVE_SHARE = 0.5, 0.05
"""[W], [1] A meter that does not rise by the larger of the two from idle to load is taken to be frozen."""
_IDLE_WINDOWS = 5
_LEAST_WINDOW_S = 0.4
_WINDOW_REFRESHES = 10.0
_SPIN_BYTES = 1 << 20
_SPIN_REFRESHES, _MOST_SPIN_S = 3.0, 8.0
"""[1], [s] A slow meter must publish at least once after the load began."""
_TRACE_POINTS = 2000
_MANY_GAPS = 3
"""Failed readings in one block that explain its silence; a single one is an accident."""
_TRACE_STEP_S = 0.1
clock = time.perf_counter


class Liveness(msgspec.Struct, frozen=True, kw_only=True):
    """One meter between idle and load."""

    meter: str
    alive: bool
    idle_w: float | None
    load_w: float | None
    text: str


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """When something ran."""

    begin_s: float
    end_s: float
    name: str


class Bench:
    """Open meters, each watched by a thread of its own."""

    def __init__(self, found: Iterable[Found]) -> None:
        """Open all that can be opened; one that fails is kept with its reason."""
        self._infos: dict[str, MeterInfo] = {}
        self._watches: dict[str, Watch] = {}
        self._phases: list[Phase] = []
        self._began_s = clock()
        for entry in found:
            self._infos[entry.info.id] = entry.info
            if entry.open is None:
                continue
            try:
                watch = Watch(entry.open())
            except (MeterError, OSError, ValueError) as error:
                self._infos[entry.info.id] = msgspec.structs.replace(entry.info, state="refused", why=reason(error))
                continue
            self._watches[entry.info.id] = watch

    def start(self) -> None:
        """Begin to read."""
        for watch in self._watches.values():
            watch.start()

    def stop(self) -> None:
        """End all threads and close the meters."""
        for watch in self._watches.values():
            watch.stop()

    @property
    def watches(self) -> dict[str, Watch]:
        """Those that are open, by id."""
        return self._watches

    def infos(self) -> tuple[MeterInfo, ...]:
        """Return all meters that were looked for, with what became of them."""
        return tuple(self._infos.values())

    def power_w(self) -> float | None:
        """Return the power of the last moment, summed over the components that are read, the whole machine apart."""
        found: dict[Component, float] = {}
        for watch in self._watches.values():
            power = watch.power_w()
            if power is not None and watch.info.component in ("cpu", "gpu"):
                found.setdefault(watch.info.component, power)
        return sum(found.values()) if found else None

    def refuse(self, meter: str, why: str) -> None:
        """Take a meter out of use."""
        self._infos[meter] = msgspec.structs.replace(self._infos[meter], state="refused", why=why)
        self._watches.pop(meter).stop()

    def idle(self, name: str, seconds: float) -> dict[str, tuple[float, ...]]:
        """Do nothing for a while and return the mean power of some windows, in watts, by meter.

        Args:
            name: shown in the trace.
            seconds: [s] At least this long; slow meters make it longer.
        """
        slowest = max((_refresh_s(watch) for watch in self._watches.values()), default=0.0)
        window_s = max(_LEAST_WINDOW_S, seconds / _IDLE_WINDOWS, min(_WINDOW_REFRESHES * slowest, 2.0))
        found: dict[str, list[float]] = {meter: [] for meter in self._watches}
        begin_s = clock()
        for _ in range(max(2, round(seconds / window_s))):
            marks = self._marks()
            time.sleep(window_s)
            for meter, watch in self._watches.items():
                power = _mean_w(marks.get(meter), watch.edge() if watch.info.refresh_s < window_s else watch.last())
                if power is not None:
                    found[meter].append(power)
        self._phases.append(Phase(begin_s=begin_s, end_s=clock(), name=name))
        return {meter: tuple(values) for meter, values in found.items()}

    def spin(self, seconds: float, num_threads: int) -> dict[str, float | None]:
        """Keep all processors busy for a while and return the mean power in watts, by meter.

        Args:
            seconds: [s] At least this long; a slow meter of the processor makes it longer, for it must show the load.
            num_threads: threads that are busy.
        """
        slowest_s = max(
            (_refresh_s(watch) for watch in self._watches.values() if watch.info.component == "cpu"), default=0
        )
        marks = self._marks()
        begin_s = clock()
        end_s = begin_s + max(seconds, min(_SPIN_REFRESHES * slowest_s, _MOST_SPIN_S))

        def work() -> None:
            data = bytes(_SPIN_BYTES)
            while clock() < end_s:
                hashlib.sha256(data).digest()  # releases the interpreter's lock

        threads = [threading.Thread(target=work, daemon=True) for _ in range(num_threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._phases.append(Phase(begin_s=begin_s, end_s=clock(), name="spin"))
        return {meter: _mean_w(marks.get(meter), watch.last()) for meter, watch in self._watches.items()}

    def block(
        self, name: str, work: Callable[[], int], least_s: float, *, once: bool = False
    ) -> tuple[dict[str, Block], int, float]:
        """Run work for at least so long and return what each meter says of it, and units and seconds of the work.

        Args:
            name: shown in the trace.
            work: runs some units and returns how many.
            least_s: [s] At least this long.
            once: the work runs one time only, however short.
        """
        asleep_s = suspended_s()
        gaps = {meter: watch.gaps() for meter, watch in self._watches.items()}
        marks = self._marks()
        begin_s = clock()
        num_units = 0
        while True:
            num_units += work()
            now_s = clock()
            if once or now_s - begin_s >= least_s:
                break
        ends = self._marks() if once else {meter: watch.last() for meter, watch in self._watches.items()}
        self._phases.append(Phase(begin_s=begin_s, end_s=now_s, name=name))
        asleep_s = suspended_s() - asleep_s
        found = {
            meter: msgspec.structs.replace(
                _block(watch, marks.get(meter), ends[meter], num_units, now_s - begin_s, asleep_s, gaps[meter]),
                whole=once,
            )
            for meter, watch in self._watches.items()
        }
        return found, num_units, now_s - begin_s

    def _marks(self) -> dict[str, Mark | None]:
        """Return a change of each counter; the quickest last, so that its window begins where the work does."""
        slow_first = sorted(self._watches.values(), key=lambda watch: -watch.info.refresh_s)
        return {watch.info.id: watch.edge() if _refresh_s(watch) <= 1 else watch.last() for watch in slow_first}

    def trace(self, meters: Iterable[str]) -> tuple[PowerPoint, ...]:
        """Return the power of some meters over time, thinned.

        Args:
            meters: ids.
        """
        points: list[PowerPoint] = []
        for meter in meters:
            if meter in self._watches:
                points += self._points(self._watches[meter])
        points.sort(key=lambda point: point.t_s)
        step = max(1, -(-len(points) // _TRACE_POINTS))
        return tuple(points[::step])

    def _points(self, watch: Watch) -> list[PowerPoint]:
        found: list[PowerPoint] = []
        kept = watch.points()
        step_s = max(_TRACE_STEP_S, 2 * watch.info.refresh_s)
        last = kept[0] if kept else None
        for point in kept:
            if last is None or point.epoch != last.epoch:
                last = point
            elif point.t_s - last.t_s >= step_s:
                power = (point.energy_j - last.energy_j) / (point.t_s - last.t_s)
                middle_s = (point.t_s + last.t_s) / 2
                found.append(
                    PowerPoint(
                        t_s=middle_s - self._began_s, component=watch.info.component, power_w=power,
                        phase=self._phase_at(middle_s),
                    )
                )  # fmt: skip
                last = point
        return found

    def _phase_at(self, t_s: float) -> str:
        return next((phase.name for phase in self._phases if phase.begin_s <= t_s <= phase.end_s), "between")


def liveness(info: MeterInfo, idle: Iterable[float], load_w: float | None) -> Liveness:
    """Return whether a meter moves between idle and load.

    Args:
        info: the meter.
        idle: [W] Windows of idle time.
        load_w: [W] Mean under load; None: no reading.
    """
    windows = tuple(idle)
    idle_w = sum(windows) / len(windows) if windows else None
    if idle_w is None or load_w is None:
        text = f"{info.name} gave no reading between idle and load."
        return Liveness(meter=info.id, alive=False, idle_w=idle_w, load_w=load_w, text=text)
    alive = load_w - idle_w >= max(LIVE_W, LIVE_SHARE * idle_w)
    moved = "rises" if alive else "does not rise"
    text = f"{info.name} {moved} from {idle_w:.1f} W idle to {load_w:.1f} W under load."
    return Liveness(meter=info.id, alive=alive, idle_w=idle_w, load_w=load_w, text=text)


def _refresh_s(watch: Watch) -> float:
    return watch.info.refresh_s


def _mean_w(begin: Mark | None, end: Mark | None) -> float | None:
    if begin is None or end is None or begin.epoch != end.epoch or end.t_s <= begin.t_s:
        return None
    return (end.energy_j - begin.energy_j) / (end.t_s - begin.t_s)


def _block(
    watch: Watch, begin: Mark | None, end: Mark | None, num_units: int, work_s: float, asleep_s: float,
    gaps: Mapping[str, int],
) -> Block:  # fmt: skip
    if begin is None or end is None:
        why = _failed_reads(watch, gaps) or "the meter did not answer"
        return Block(energy_j=0.0, window_s=0.0, work_s=work_s, num_units=num_units, rejected=why)
    block = Block(
        energy_j=end.energy_j - begin.energy_j, window_s=end.t_s - begin.t_s, work_s=work_s, num_units=num_units
    )
    why_not = blocks.refused(block, watch.info, epochs_differ=begin.epoch != end.epoch, asleep_s=asleep_s)
    if why_not is None and block.window_s < 0.5 * work_s:
        # The counter stopped moving, or its file went away, in the middle of the work.
        why_not = _failed_reads(watch, gaps) or "the meter was silent for more than half of the block"
    return msgspec.structs.replace(block, rejected=why_not)


def _failed_reads(watch: Watch, before: Mapping[str, int]) -> str | None:
    """Return why most readings failed since some counts; None where few or none did."""
    grown = {why: count - before.get(why, 0) for why, count in watch.gaps().items()}
    why, count = max(grown.items(), key=lambda item: item[1], default=("", 0))
    return why if count >= _MANY_GAPS else None
