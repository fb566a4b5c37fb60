"""Reading a meter whose file fails, empties, vanishes: a gap with its reason, never 0, and never an exception."""

import errno
import os
import tempfile
from pathlib import Path

import fakes_energy as fake
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.energy.count_file import CountFile, open_all
from advisor.energy.counter import Counter
from advisor.energy.meter import BreakError, Channel, CounterMeter, MeterError, PowerMeter
from advisor.energy.mirror import Mirrors
from advisor.energy.rapl import PACKAGE

RANGE = fake.RANGE_UJ
FAILURES = (errno.EACCES, errno.EIO, errno.ENODATA, errno.ENODEV)


class Source:
    """A counter in a real file below a door that fails when told to."""

    def __init__(self, folder, *, start=0, num=1, mirrors=None, power=None):
        self.clock, self.files = fake.Clock(), fake.FailingFiles()
        self.paths = [fake.write(Path(folder) / f"{index}/energy_uj", start) for index in range(num)]
        self.opened = open_all(tuple(self.paths), self.files)
        channels = [
            Channel(read=file.read, counter=Counter(unit_j=1e-6, range_counts=RANGE, limit_w=100.0, refresh_s=0.001))
            for file in self.opened
        ]
        self.meter = CounterMeter(
            PACKAGE, channels, close=self._close, clock=self.clock, mirrors=mirrors, power=power
        )  # fmt: skip

    def _close(self):
        for file in self.opened:
            file.close()

    def read(self, step_s, *counts):
        self.clock.step(step_s)
        for path, count in zip(self.paths, counts, strict=False):
            path.write_text(f"{count}\n" if count != "" else "")
        return self.meter.read()


events = st.lists(
    st.tuples(
        st.floats(0.001, 30),
        st.one_of(
            st.floats(0, 100).map(lambda watts: ("run", watts)),
            st.sampled_from(FAILURES).map(lambda code: ("fail", code)),
            st.sampled_from(["", "\n", "n/a", "-5", "1.5", "9" * 30]).map(lambda text: ("text", text)),
            st.just(("reset", 0)),
            st.floats(-50, -0.1).map(lambda seconds: ("back", seconds)),
        ),
    ),
    max_size=30,
)


@given(events)
def test_any_history_of_failures(history):
    with tempfile.TemporaryDirectory() as folder:
        source = Source(folder)
        total, before = 0, source.read(0)
        for step_s, (kind, value) in history:
            source.files.on_read.clear()
            shown = total % (RANGE + 1)
            if kind in ("run", "fail", "text"):
                total += int(step_s * 1e6 * (value if kind == "run" else 50))
                shown = total % (RANGE + 1)
            if kind == "fail":
                source.files.on_read["energy_uj"] = value
            elif kind == "reset":
                total = shown = 0
            reading = source.read(value if kind == "back" else step_s, value if kind == "text" else shown)
            if kind in ("fail", "text"):
                assert reading.energy_j is None
                assert reading.gap
                continue
            assert reading.gap is None
            assert (reading.epoch > before.epoch) == (reading.broken is not None)
            if reading.broken:
                assert reading.energy_j == before.energy_j
            else:
                assert reading.energy_j >= before.energy_j
            before = reading
        source.files.on_read.clear()


@given(st.lists(st.tuples(st.floats(0.001, 30), st.floats(0, 100), st.booleans()), min_size=1, max_size=30))
def test_gaps_lose_no_energy(steps):
    """What a counter counted while it could not be read is there at the next read."""
    with tempfile.TemporaryDirectory() as folder:
        source = Source(folder, start=RANGE - 5_000_000)
        source.read(0)
        total = first = RANGE - 5_000_000
        reading = None
        for step_s, power_w, fails in [*steps, (0.02, 50.0, False)]:
            total += int(step_s * power_w * 1e6)
            source.files.on_read = {"energy_uj": errno.EIO} if fails else {}
            reading = source.read(step_s, total % (RANGE + 1))
        assert (reading.epoch, reading.gap) == (0, None)
        assert reading.energy_j == pytest.approx((total - first) * 1e-6, abs=1e-6)


@pytest.mark.parametrize("code", FAILURES)
def test_a_failed_read_is_a_gap_with_the_kernels_reason(tmp_path, code):
    source = Source(tmp_path)
    assert source.read(0, 10).energy_j == 0
    source.files.on_read["energy_uj"] = code
    reading = source.read(1, 20)
    assert (reading.energy_j, reading.power_w) == (None, None)
    assert reading.gap.lower() == os.strerror(code).lower()


def test_an_empty_file_is_a_gap(tmp_path):
    source = Source(tmp_path)
    source.read(0, 10)
    assert source.read(1, "").gap == "energy_uj is empty"
    assert source.read(1, 1_000_010).energy_j == pytest.approx(1.0)


def test_a_slow_read_says_too_little_about_when_it_was(tmp_path):
    source = Source(tmp_path)
    source.read(0, 10)
    slow = CounterMeter(
        PACKAGE,
        [Channel(read=lambda: (source.clock.step(0.006), 5)[1], counter=Counter(unit_j=1e-6))],
        clock=source.clock,
    )
    assert slow.read().gap == "the read took too long"
    seldom = CounterMeter(msgspec.structs.replace(PACKAGE, refresh_s=0.1), slow._channels, clock=source.clock)
    assert seldom.read().gap is None  # 6 ms of a tenth of a second say enough


def test_one_channel_that_fails_takes_the_whole_reading(tmp_path):
    source = Source(tmp_path, num=2)
    source.read(0, 10, 20)
    source.files.on_read["1/energy_uj"] = errno.EIO
    assert source.read(1, 5_000_010, 7_000_020).energy_j is None
    source.files.on_read.clear()
    assert source.read(1, 6_000_010, 8_000_020).energy_j == pytest.approx(14.0)


def test_a_break_of_one_channel_is_a_break_of_the_meter(tmp_path):
    source = Source(tmp_path, num=2)
    source.read(0, 10**11, 20)
    source.read(1, 10**11 + 5_000_000, 5_000_020)
    reading = source.read(1, 0, 6_000_020)
    assert (reading.energy_j, reading.epoch) == (pytest.approx(11.0), 1)
    assert "more than the limit" in reading.broken


def test_a_closed_meter_reads_nothing_even_if_its_descriptor_is_somebody_elses(tmp_path):
    source = Source(tmp_path)
    source.read(0, 10)
    source.meter.close()
    source.meter.close()
    assert source.files.num_open == 0
    reading = source.read(1, 20)
    assert (reading.energy_j, reading.gap) == (None, "the meter is closed")


def test_a_count_file_that_is_closed_says_so(tmp_path):
    file = CountFile(fake.write(tmp_path / "energy_uj", 5))
    assert file.read() == 5
    file.close()
    with pytest.raises(MeterError, match="closed"):
        file.read()


def test_opening_several_files_leaves_none_open_when_one_fails(tmp_path):
    files = fake.FailingFiles()
    paths = tuple(fake.write(tmp_path / str(index) / "energy_uj", 1) for index in range(3))
    files.on_open["2/energy_uj"] = errno.EACCES
    with pytest.raises(PermissionError):
        open_all(paths, files)
    assert files.num_open == 0


def test_the_devices_own_power_is_shown_beside_and_its_failure_is_no_gap(tmp_path):
    state = {"power": 42.0}

    def power():
        if state["power"] is None:
            raise MeterError("asleep")
        return state["power"]

    source = Source(tmp_path, power=power)
    assert source.read(0, 10).power_w == 42.0
    state["power"] = None
    reading = source.read(1, 1_000_010)
    assert (reading.power_w, reading.energy_j, reading.gap) == (None, pytest.approx(1.0), None)


# --- several counters that may be one ---


def mirrored(tmp_path, *, limit_w=280.0):
    mirrors = Mirrors(ranges_j=[(RANGE + 1) * 1e-6] * 2, limit_w=limit_w, refresh_s=0.001)
    return Source(tmp_path, num=2, mirrors=mirrors), mirrors


def test_a_counter_that_turns_out_to_be_another_one_joins_without_a_jump(tmp_path):
    source, mirrors = mirrored(tmp_path)
    source.read(0, 10**10, 10**10)
    one = source.read(1, 10**10 + 5_000_000, 10**10 + 5_000_000)
    assert (one.energy_j, mirrors.decided) == (pytest.approx(5.0), False)
    joined = source.read(1, 10**10 + 10_000_000, 10**10 + 60_000_000)
    assert joined.energy_j == pytest.approx(10.0)
    assert joined.epoch == one.epoch + 1
    assert "one more counter" in joined.broken
    assert source.read(1, 10**10 + 11_000_000, 10**10 + 62_000_000).energy_j == pytest.approx(13.0)


def test_a_mirror_is_never_added(tmp_path):
    source, mirrors = mirrored(tmp_path)
    reading = None
    for index in range(10):
        reading = source.read(1, *[10**10 + index * 5_000_000 + late for late in (0, 50_000)])
    assert mirrors.decided
    assert (reading.energy_j, reading.epoch) == (pytest.approx(45.0), 0)


def test_a_mirror_is_known_across_a_wrap(tmp_path):
    source, mirrors = mirrored(tmp_path)
    start = RANGE - 10_020_000  # in the third round one of them has started again and the other has not
    for index in range(5):
        reading = source.read(1, *[(start + index * 5_000_000 + late) % (RANGE + 1) for late in (0, 50_000)])
    assert (mirrors.decided, reading.energy_j) == (True, pytest.approx(20.0))


def test_equal_steps_do_not_make_two_sockets_one(tmp_path):
    source, mirrors = mirrored(tmp_path)
    for index in range(5):
        reading = source.read(1, 9 * 10**10 + index * 68_000_000, 9 * 10**10 + 500_000_000 + index * 68_000_000)
    assert (mirrors.decided, reading.epoch) == (True, 0)
    assert reading.energy_j == pytest.approx(2 * 4 * 68.0)


def test_counters_that_stand_still_decide_nothing(tmp_path):
    source, mirrors = mirrored(tmp_path)
    for _ in range(10):
        source.read(1, 10**10, 10**10)
    assert not mirrors.decided


def test_a_counter_that_stands_still_beside_one_that_moves_is_no_mirror_yet():
    mirrors = Mirrors(ranges_j=[None] * 2, limit_w=280.0, refresh_s=0.001)
    for index in range(10):
        mirrors.kept([50.0 + 0.01 * index, 50.0], 0.0)
    assert not mirrors.decided


def test_counters_of_different_range_are_different():
    mirrors = Mirrors(ranges_j=[100.0, 200.0], limit_w=280.0, refresh_s=0.001)
    assert mirrors.kept([5.0, 5.0], 0.0) == (True, True)


def test_of_three_dies_with_one_counter_one_is_kept():
    mirrors = Mirrors(ranges_j=[None] * 3, limit_w=280.0, refresh_s=0.001)
    for index in range(4):
        kept = mirrors.kept([50.0 + index] * 3, 0.0)
    assert (kept, mirrors.decided) == ((True, False, False), True)


# --- power ---


class Watts:
    """A sensor that says what it is told; an exception is raised."""

    def __init__(self):
        self.clock, self.now = fake.Clock(), 0.0
        self.meter = PowerMeter(PACKAGE, self._power, clock=self.clock)

    def _power(self):
        if isinstance(self.now, Exception):
            raise self.now
        return self.now

    def read(self, step_s, now):
        self.clock.step(step_s)
        self.now = now
        return self.meter.read()


@given(st.lists(st.tuples(st.floats(0.001, 2.9), st.floats(0, 500)), min_size=2, max_size=40))
def test_energy_of_power_is_its_trapezoids(samples):
    sensor = Watts()
    expected, last = 0.0, None
    for step_s, power_w in samples:
        reading = sensor.read(step_s, power_w)
        if last is not None:
            expected += step_s * (power_w + last) / 2
        last = power_w
        assert (reading.power_w, reading.epoch) == (power_w, 0)
    assert reading.energy_j == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), MeterError("asleep"), ValueError("x")])
def test_a_short_failure_of_a_sensor_is_bridged_a_long_one_is_a_break(failure):
    sensor = Watts()
    sensor.read(0, 10.0)
    assert sensor.read(1, failure).energy_j is None
    assert sensor.read(1, 10.0).energy_j == pytest.approx(20.0)
    sensor.read(2, failure)
    reading = sensor.read(2, 10.0)
    assert (reading.energy_j, reading.epoch, reading.broken) == (pytest.approx(20.0), 1, "no reading for 4 s")


def test_what_stopped_measuring_is_never_bridged():
    sensor = Watts()
    sensor.read(0, 10.0)
    gap = sensor.read(0.5, BreakError("on mains"))
    assert (gap.energy_j, gap.epoch) == (None, 1)
    assert sensor.read(0.1, BreakError("on mains")).epoch == 1
    assert sensor.read(0.5, 10.0).energy_j == 0
    assert sensor.read(1, 10.0).energy_j == pytest.approx(10.0)


@pytest.mark.parametrize("power_w", [-1.0, float("nan"), float("inf")])
def test_a_power_that_cannot_be_is_a_gap(power_w):
    sensor = Watts()
    sensor.read(0, 10.0)
    reading = sensor.read(1, power_w)
    assert reading.energy_j is None
    assert "cannot be" in reading.gap


def test_a_clock_that_goes_back_adds_nothing():
    sensor = Watts()
    sensor.read(0, 10.0)
    reading = sensor.read(-1, 10.0)
    assert (reading.energy_j, reading.epoch, reading.broken) == (0, 1, "the clock went back")


def test_a_closed_sensor_is_not_asked():
    sensor = Watts()
    sensor.meter.close()
    assert sensor.read(0, 10.0).gap == "the meter is closed"
