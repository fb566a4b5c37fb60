"""Readings of the computer: parsers on recorded text, shares from two readings, the thread on this machine."""

import threading
import time

import pytest

from advisor.probe import sampling
from advisor.probe.sampling import Sampler, System, Ticks

STAT = "cpu  1000 200 300 4000 500 0 100 60 70 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n"


def test_processor_time_is_read_without_counting_guests_twice():
    total_s, busy_s, steal_s = sampling.parse_cpu_line(STAT, 100.0)
    assert (total_s, busy_s, steal_s) == pytest.approx((61.6, 16.0, 0.6))


def test_an_old_kernel_without_steal():
    assert sampling.parse_cpu_line("cpu 100 0 100 800\n", 100.0) == pytest.approx((10.0, 2.0, 0.0))


CORES = "cpu  30 0 0 170 0 0 0 0 0 0\ncpu0 10 0 5 80 5 0 0 0 0 0\ncpu1 15 0 0 85 0 0 0 0 0 0\nintr 99 cpu 3\nctxt 5\n"


def test_each_processor_has_its_own_line():
    total_s, busy_s = sampling.parse_core_lines(CORES, 100.0)
    assert total_s == pytest.approx((1.0, 1.0))
    assert busy_s == pytest.approx((0.15, 0.15))
    assert sampling.parse_core_lines("", 100.0) == ((), ())


def test_busy_shares_of_each_processor_between_two_readings():
    begin = Ticks(t_s=0, own_cpu_s=0, core_total_s=(10.0, 10.0, 10.0), core_busy_s=(1.0, 2.0, 3.0))
    end = Ticks(t_s=2, own_cpu_s=1, core_total_s=(12.0, 12.0, 12.0), core_busy_s=(1.0, 3.0, 5.0))
    assert sampling.readings_between(begin, end, num_threads=1).core_busy_share == pytest.approx((0.0, 0.5, 1.0))


def test_a_processor_that_was_switched_off_leaves_no_shares():
    begin = Ticks(t_s=0, own_cpu_s=0, core_total_s=(10.0, 10.0), core_busy_s=(1.0, 2.0))
    end = Ticks(t_s=2, own_cpu_s=1, core_total_s=(12.0,), core_busy_s=(1.0,))
    assert sampling.readings_between(begin, end, num_threads=1).core_busy_share == ()


def test_a_thread_that_spins_is_seen_on_a_processor_of_this_machine():
    system = System()
    begin, end_s = system.slow_ticks(), time.perf_counter() + 0.3
    while time.perf_counter() < end_s:
        pass
    shares = sampling.readings_between(begin, system.slow_ticks(), num_threads=1).core_busy_share
    system.close()
    assert len(shares) == len(begin.core_total_s) > 0
    assert max(shares) > 0.2


def test_waiting_time_is_the_first_lines_total():
    text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
    assert sampling.parse_stall(text) == 1.5


def ticks(t_s, own_s, total_s=None, busy_s=None, steal_s=None, stall_s=None, faults=None):
    return Ticks(
        t_s=t_s, own_cpu_s=own_s, total_cpu_s=total_s, busy_cpu_s=busy_s, steal_cpu_s=steal_s, memory_stall_s=stall_s,
        num_major_faults=faults,
    )  # fmt: skip


def test_shares_between_two_readings():
    begin = ticks(10, 1, total_s=100, busy_s=50, steal_s=1, stall_s=2.0, faults=10)
    end = ticks(20, 19, total_s=140, busy_s=72, steal_s=3, stall_s=2.5, faults=13)
    found = sampling.readings_between(begin, end, num_threads=2)
    assert found.own_cpu_share == pytest.approx(0.9)
    assert found.other_cpu_share == pytest.approx((22 - 18) / 40)
    assert found.steal_share == pytest.approx(2 / 40)
    assert found.memory_stall_share == pytest.approx(0.05)
    assert found.num_major_faults == 3


def test_what_cannot_be_read_stays_unknown():
    found = sampling.readings_between(ticks(0, 0), ticks(1, 1), num_threads=1)
    assert found.own_cpu_share == 1.0
    assert (found.other_cpu_share, found.steal_share, found.memory_stall_share) == (None, None, None)


def test_shares_stay_between_0_and_1_though_the_counters_are_coarse():
    begin, end = ticks(0, 0, total_s=0, busy_s=0, steal_s=0), ticks(1, 2.2, total_s=2, busy_s=2, steal_s=0)
    found = sampling.readings_between(begin, end, num_threads=2)
    assert (found.own_cpu_share, found.other_cpu_share) == (1.0, 0.0)


def test_two_readings_at_the_same_time_say_nothing():
    assert sampling.readings_between(ticks(1, 1), ticks(1, 1), num_threads=1).own_cpu_share is None


def test_this_process_has_a_resident_set_and_a_peak():
    system = System()
    peak_bytes, source = system.peak_rss_bytes()
    rss_bytes = system.rss_bytes()
    system.close()
    assert 5_000_000 < rss_bytes <= peak_bytes * 1.05
    assert source


def test_the_peak_keeps_what_was_given_back():
    system = System()
    block = bytearray(64 * 1024 * 1024)
    block[::4096] = b"x" * len(block[::4096])
    during = system.rss_bytes()
    del block
    peak_bytes, _ = system.peak_rss_bytes()
    after = system.rss_bytes()
    system.close()
    assert peak_bytes >= 0.99 * during  # the kernel adds pages up in batches
    assert after < during


def test_the_thread_sends_readings_and_noted_work_and_ends():
    sent, enough = [], threading.Event()

    def send(sample):
        sent.append(sample)
        if len([one for one in sent if one.kind == "system"]) >= 3 and any(one.kind == "token" for one in sent):
            enough.set()

    sampler = Sampler(send, num_threads=1, period_s=0.01, started_s=time.perf_counter())
    sampler.start()
    sampler.begin_measuring()
    sampler.note("token", 0.025)
    assert enough.wait(30)
    readings = sampler.end_measuring()
    sampler.stop()
    tokens = [one for one in sent if one.kind == "token"]
    assert [one.latency_s for one in tokens] == [0.025]
    systems = [one for one in sent if one.kind == "system"]
    assert all(one.rss_bytes > 0 for one in systems)
    assert [one.t_s for one in systems] == sorted(one.t_s for one in systems)
    assert readings.num_readings >= 1
    assert not sampler._thread.is_alive()


def test_only_the_newest_work_is_sent():
    sent = []
    sampler = Sampler(sent.append, num_threads=1, started_s=time.perf_counter())
    for number in range(100):
        sampler.note("token", float(number))
    sampler._publish(sampler.system.ticks(), sampling.SystemReadings())
    sampler.stop()
    assert [one.latency_s for one in sent if one.kind == "token"] == [99.0]
