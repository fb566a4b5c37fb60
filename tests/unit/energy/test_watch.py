"""A meter read by a thread of its own: edges, power, gaps, and what hangs."""

import statistics
import threading
import time

import msgspec
import pytest
from fakes_energy import powercap_tree, roots, set_count

from advisor.energy import bench, rapl, self_check
from advisor.energy.bench import Bench
from advisor.energy.meter import Found
from advisor.energy.model import MeterInfo, Reading
from advisor.energy.watch import Watch, period_s

ZONE = "intel-rapl:0"


@pytest.fixture
def machine(tmp_path):
    powercap_tree(tmp_path, {ZONE: {"name": "package-0", "uj": 1_000_000, "long_w": 65}})
    return tmp_path


class Driver(threading.Thread):
    """Moves the counter at a constant power, as the hardware does."""

    def __init__(self, root, watts):
        super().__init__(daemon=True)
        self.root, self.watts, self.ended = root, watts, threading.Event()

    def run(self):
        begin_s = time.perf_counter()
        while not self.ended.wait(0.002):
            set_count(self.root, ZONE, 1_000_000 + int(1e6 * self.watts * (time.perf_counter() - begin_s)))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def package(root):
    return next(entry for entry in rapl.find(roots(root)) if entry.info.id == "rapl")


def wait(condition, seconds=5.0):
    end_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.005)


def test_edges_give_the_energy_between_them_whatever_else_runs(machine):
    with Driver(machine, 40.0):
        watch = Watch(package(machine).open())
        watch.start()
        first = watch.edge()
        wait(lambda: time.perf_counter() - first.t_s > 0.5)
        last = watch.last()
        power = watch.power_w()
        watch.stop()
    assert (last.energy_j - first.energy_j) / (last.t_s - first.t_s) == pytest.approx(40.0, rel=0.2)
    assert power == pytest.approx(40.0, rel=0.5)
    assert watch.cpu_share() < 0.5


def test_a_counter_that_stands_still_has_no_edge(machine):
    watch = Watch(package(machine).open())
    watch.start()
    wait(watch.points)
    assert watch.edge() is None
    watch.stop()


def test_a_file_that_goes_away_is_a_gap_and_never_zero(machine):
    with Driver(machine, 40.0):
        watch = Watch(package(machine).open())
        watch.start()
        before = watch.edge()
    (machine / "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj").write_text("")
    wait(watch.gaps)
    watch.stop()
    assert watch.last().energy_j >= before.energy_j
    assert all(point.energy_j >= 0 for point in watch.points())


class Hanging:
    """A driver that never answers."""

    info = MeterInfo(
        id="hang", name="A driver that hangs", component="cpu", covers="processor package", method="counter",
        native_unit="J", refresh_s=0.001, permission="any user", grade="A", k_scale=1.1,
    )  # fmt: skip

    def __init__(self):
        self.released = threading.Event()

    def read(self):
        self.released.wait(30)
        return Reading(before_s=0.0, after_s=0.0, gap="it hung")

    def close(self):
        self.released.set()


@pytest.mark.allow_leaks("a thread in a driver that hangs is left behind on purpose; it ends when the driver does")
def test_a_meter_that_hangs_holds_nothing_up():
    meter = Hanging()
    watch = Watch(meter)
    watch.start()
    assert watch.edge() is None
    assert watch.last() is None
    assert watch.power_w() is None
    watch.stop()
    assert not meter.released.is_set()  # all this came back while the driver still hung
    meter.released.set()


def test_meters_are_read_twenty_times_a_second_at_most():
    assert period_s(Hanging.info) == 0.05
    slow = msgspec.structs.replace(Hanging.info, refresh_s=60.0)
    assert period_s(slow) == 1.0


def test_the_bench_measures_idle_load_and_blocks(machine):
    with Driver(machine, 40.0):
        made = Bench([package(machine)])
        made.start()
        idle = made.idle("idle", 1.0)
        found, num_units, work_s = made.block("query", lambda: time.sleep(0.05) or 2, 0.5)
        trace = made.trace(["rapl"])
        made.stop()
    assert num_units >= 4
    assert work_s >= 0.5
    assert statistics.median(idle["rapl"]) == pytest.approx(40.0, rel=0.2)
    assert found["rapl"].rejected is None
    assert found["rapl"].power_w == pytest.approx(40.0, rel=0.3)
    assert {point.phase for point in trace} >= {"idle", "query"}
    assert statistics.median(point.power_w for point in trace) == pytest.approx(40.0, rel=0.3)


class Seldom:
    """A counter at 30 W that is published every quarter of a second only, as the energy model of some chips is."""

    info = MeterInfo(
        id="seldom", name="Seldom", component="cpu", covers="processor", method="os-model", native_unit="mJ",
        refresh_s=0.25, permission="any user", grade="B", k_scale=1.2,
    )  # fmt: skip

    def read(self):
        now_s = time.perf_counter()
        return Reading(before_s=now_s, after_s=now_s, energy_j=30.0 * 0.25 * (now_s // 0.25))

    def close(self):
        pass


def test_the_load_lasts_until_a_slow_meter_shows_it():
    made = Bench([Found(info=Seldom.info, open=Seldom)])
    made.start()
    loads = [made.spin(0.02, 1)["seldom"] for _ in range(4)]
    made.stop()
    shown = [load for load in loads if load is not None]  # a computer that stands still may hide one of them
    assert shown
    assert statistics.median(shown) == pytest.approx(30.0, rel=0.5)


def test_a_counter_that_stops_in_the_middle_of_the_work_spoils_its_block(machine):
    driver = Driver(machine, 40.0)
    with driver:
        made = Bench([package(machine)])
        made.start()
        made.idle("idle", 0.5)

        def work():
            time.sleep(0.15)
            driver.ended.set()  # after a moment of work the counter stands still
            return 1

        found, _, _ = made.block("query", work, 0.6)
        made.stop()
    silent = "the meter was silent for more than half of the block"
    assert found["rapl"].rejected in (silent, "the meter gave no two readings", "energy_uj is empty")


def test_a_meter_that_cannot_be_opened_is_refused_with_its_reason(machine):
    entry = package(machine)

    def fail():
        raise OSError(5, "Input/output error")

    made = Bench([Found(info=entry.info, open=fail)])
    assert made.infos()[0].state == "refused"
    assert "input/output" in made.infos()[0].why
    assert not made.watches


@pytest.mark.parametrize(("idle", "load", "alive"), [
    ((10.0, 10.0), 30.0, True), ((10.0,), 10.4, False), ((10.0,), 9.0, False), ((), 30.0, False),
    ((10.0,), None, False), ((100.0,), 104.0, False),
])  # fmt: skip
def test_idle_against_load_must_move_the_meter(idle, load, alive):
    assert bench.liveness(Hanging.info, idle, load).alive is alive


def test_a_card_that_stays_idle_while_the_processor_works_is_not_called_dead():
    card = msgspec.structs.replace(Hanging.info, component="gpu", name="the card's counter")
    live = bench.liveness(card, (73.7,), 71.8)
    said = self_check._sentence(card, live)
    assert "does not rise" not in said
    assert "73.7 W idle, 71.8 W while the processor worked" in said
    assert "does not rise" in self_check._sentence(Hanging.info, bench.liveness(Hanging.info, (10.0,), 10.0))
