"""NVIDIA cards through the real pynvml and a stand-in driver library whose clock the test moves."""

import ctypes

import pytest
from fakes_energy_nvml import build, run

from advisor.energy import nvml
from advisor.hardware.roots import Roots, under

FIND = """
import json, os, sys
import pynvml
from advisor.energy import nvml
from advisor.energy.meter import MeterError
from advisor.hardware.roots import Roots

now_s = 0.0
def at(t_s):
    global now_s
    now_s = t_s
    with open(os.environ["FAKE_NVML_CLOCK"], "w") as file:
        file.write(repr(t_s))
def facts(reading):
    return {name: getattr(reading, name) for name in ("energy_j", "power_w", "epoch", "gap", "broken")}
at(5.0)
found = {entry.info.id: entry for entry in nvml.find(Roots(), clock=lambda: now_s)}
balance = lambda: pynvml.nvmlLib.fake_nvml_balance()
def readings(meter, times):
    opened = found[meter].open()
    every = []
    for t_s in times:
        at(t_s)
        every.append(facts(opened.read()))
    opened.close()
    opened.close()
    return every
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def ask(library, tmp_path):
    """Run code behind `FIND` under a clock of its own; returns what it prints."""

    def asked(code, **settings):
        return run(library, f"{FIND}\n{code}", clock=tmp_path / "clock", **settings)

    return asked


@pytest.fixture
def readings(ask):
    def taken(meter, times, **settings):
        answer = ask(f"print(json.dumps([readings({meter!r}, {list(times)!r}), balance()]))", **settings)
        assert answer[1] == 0, "what was opened must be closed"
        return answer[0]

    return taken


INFOS = """
import msgspec
print(json.dumps([balance(), {name: msgspec.to_builtins(entry.info) for name, entry in found.items()}]))
"""


def test_two_meters_for_each_card(ask):
    balance, infos = ask(INFOS, limit_w=300)
    assert balance == 0
    assert list(infos) == ["nvml:0", "nvml-power:0", "nvml:1", "nvml-power:1"]
    assert {info["state"] for info in infos.values()} == {"open"}
    assert [info["method"] for info in infos.values()] == ["counter", "integral"] * 2
    assert [info["limit_w"] for info in infos.values()] == [300, 300, 150, 150]
    assert [info["k_scale"] for info in infos.values()] == [1.1, 1.3, 1.1, 1.3]
    assert infos["nvml:0"]["name"] == "Example H1, by its driver's energy counter"
    assert infos["nvml-power:1"]["name"] == "Example RTX 1000, by its power sensor (at the moment)"
    assert infos["nvml:0"]["covers"] == "graphics card with its memory"


@pytest.mark.parametrize(
    ("settings", "phrase", "refresh_s", "power_w"),
    [
        ({}, "at the moment", 0.1, 300),
        ({"no": "fields"}, "mean of the last second", 1.0, 175),
        ({"no": "instant"}, "mean of the last second", 1.0, 175),
        ({"no": "usage,instant"}, "mean of the last second", 1.0, 175),
        ({"no": "fields", "cc": "8.6"}, "mean of the last second", 1.0, 175),
        ({"no": "fields", "cc": "8.0"}, "at the moment", 0.1, 300),
        ({"no": "fields", "cc": "7.0"}, "at the moment", 0.1, 300),
        ({"no": "fields", "cc": "none"}, "mean of the last second", 1.0, 175),
    ],
)
def test_power_at_the_moment_is_told_from_an_average(ask, settings, phrase, refresh_s, power_w):
    info, taken = ask(
        "print(json.dumps([[found['nvml-power:0'].info.name, found['nvml-power:0'].info.refresh_s],"
        " readings('nvml-power:0', [20.2])]))",
        w=300, low_w=50, period_s=1, **settings,
    )  # fmt: skip
    assert info == [f"Example H1, by its power sensor ({phrase})", refresh_s]
    assert taken[0]["power_w"] == pytest.approx(power_w, abs=0.01)


def test_the_counter_gives_the_exact_energy_of_a_square_wave(readings):
    taken = readings("nvml:0", [10.0, 10.25, 10.3, 10.5, 20.0], w=300, low_w=50, period_s=1)
    # Steps of 0.1 s: at 10.25 s it shows 10.2 s.
    assert [entry["energy_j"] for entry in taken] == pytest.approx([0, 60, 90, 150, 1750], abs=0.01)
    assert [entry["power_w"] for entry in taken] == [300, 300, 300, 50, 300]
    assert {entry["gap"] for entry in taken} == {entry["broken"] for entry in taken} == {None}


def test_the_second_card_is_another(readings):
    assert readings("nvml:1", [10.0, 20.0], w=300)[1]["energy_j"] == pytest.approx(1500, abs=0.01)


def test_the_integral_follows_the_same_wave(readings):
    times = [10 + step / 20 for step in range(201)]
    taken = readings("nvml-power:0", times, w=300, low_w=50, period_s=2)
    assert taken[-1]["energy_j"] == pytest.approx(1750, abs=250 * 0.1)
    assert {entry["epoch"] for entry in taken} == {0}


def test_a_card_without_counter_keeps_its_power(ask):
    _, infos = ask(INFOS, no="counter")
    assert (infos["nvml:0"]["state"], infos["nvml:0"]["why"]) == ("absent", "this card or driver has no energy counter")
    assert infos["nvml-power:0"]["state"] == "open"


def test_a_card_without_power_keeps_its_counter(ask, readings):
    _, infos = ask(INFOS, no="fields,usage")
    assert infos["nvml:0"]["state"] == "open"
    assert (infos["nvml-power:0"]["state"], infos["nvml-power:0"]["why"]) == (
        "absent", "this card or driver states no power",
    )  # fmt: skip
    taken = readings("nvml:0", [10.0, 11.0], no="fields,usage")
    assert [entry["power_w"] for entry in taken] == [None, None]
    assert taken[1]["energy_j"] == pytest.approx(100, abs=0.01)


def test_a_counter_that_starts_again_is_a_break_and_never_energy(readings):
    taken = readings("nvml:0", [10.0, 11.0, 12.0, 13.0], w=100, reset_at_s=11.5)
    assert [entry["epoch"] for entry in taken] == [0, 0, 1, 1]
    assert taken[2]["broken"] == "the counter went back"
    assert taken[3]["energy_j"] - taken[2]["energy_j"] == pytest.approx(100, abs=0.01)


@pytest.mark.parametrize("meter", ["nvml:0", "nvml-power:0"])
def test_a_lost_card_gives_gaps_and_the_other_card_lives(ask, meter):
    code = f"print(json.dumps([readings({meter!r}, [10.0, 11.0, 12.0]), readings('nvml:1', [12.0, 13.0]), balance()]))"
    lost, other, balance = ask(code, lost_at_s=11)
    assert [entry["gap"] for entry in lost] == [None, *["the NVIDIA driver answers: GPU is lost"] * 2]
    assert [entry["energy_j"] for entry in lost] == [0, None, None]
    assert other[1]["energy_j"] == pytest.approx(50, abs=0.01)
    assert balance == 0


def test_a_card_that_comes_back_stays_a_gap(readings):
    """Its counter began anew meanwhile, perhaps higher than it was."""
    taken = readings("nvml:0", [10.0, 11.5, 10.5], lost_at_s=11)
    assert [entry["energy_j"] for entry in taken] == [0, None, None]


def test_a_card_that_is_busy_is_a_gap_that_passes(readings):
    taken = readings("nvml:0", [10.0, 11.5, 12.5], w=100, busy_at_s=11)
    assert taken[1]["gap"] == "the NVIDIA driver answers: Timeout"
    assert (taken[2]["energy_j"], taken[2]["epoch"]) == (pytest.approx(250, abs=0.01), 0)


def test_a_card_that_is_lost_before_it_is_opened(ask):
    code = """
at(20.0)
for name in ("nvml:0", "nvml-power:0"):
    try:
        found[name].open()
        print("opened")
    except MeterError as error:
        why = str(error)
again = {entry.info.id: [entry.info.state, entry.info.why] for entry in nvml.find(Roots())}
print(json.dumps([why, balance(), again]))
"""
    why, balance, again = ask(code, lost_at_s=11)
    assert why == "the NVIDIA driver answers: GPU is lost"
    assert balance == 0
    assert again["nvml:0"] == again["nvml-power:0"] == ["absent", why]
    assert again["nvml:1"] == ["open", ""]


def test_a_frozen_counter_shows_no_energy(readings):
    taken = readings("nvml:0", [10.0, 11.0, 12.0, 13.0], frozen_at_s=11)
    assert [entry["energy_j"] for entry in taken] == pytest.approx([0, 100, 100, 100], abs=0.01)


def test_more_than_the_limit_allows_is_refused(readings):
    taken = readings("nvml:0", [10.0, 20.0], w=1000, limit_w=450)
    assert taken[1]["epoch"] == 1
    assert "more than the limit of 450 W allows" in taken[1]["broken"]
    assert readings("nvml-power:0", [10.0], w=1000, limit_w=450)[0]["gap"] == "1000 W cannot be"


def test_without_a_stated_limit_any_card_is_believed(ask, readings):
    _, infos = ask(INFOS, no="limit")
    assert infos["nvml:0"]["limit_w"] is None
    assert ask(INFOS, no="enforced", limit_w=300)[1]["nvml:1"]["limit_w"] == 150
    assert readings("nvml:0", [10.0, 20.0], w=1000, no="limit")[1]["energy_j"] == pytest.approx(10_000, abs=0.01)


def test_a_shared_module_and_a_divided_card_are_named(ask, readings):
    _, infos = ask(INFOS, module_w=250)  # Grace Hopper: its counter is the module's
    assert infos["nvml:0"]["covers"] == "whole module: graphics processor, processor and their memory"
    assert (infos["nvml:0"]["limit_w"], infos["nvml-power:0"]["limit_w"]) == (None, 450)
    assert infos["nvml-power:0"]["covers"] == "graphics processor with its memory; not the processor on the same module"
    _, infos = ask(INFOS, module_w=250, cc="10.0")
    assert (
        infos["nvml:0"]["covers"] == "graphics processor with its memory, perhaps the processor on the same module too"
    )
    for capability, module_w, expected in (("9.0", 250, 350), ("10.0", 250, None), ("9.0", 0, 100)):
        taken = readings("nvml:0", [10.0], w=100, module_w=module_w, cc=capability)
        assert taken[0]["power_w"] == expected, "the counter is held against power of the same parts, or of none"
    _, infos = ask(INFOS, mig=1)
    assert infos["nvml:0"]["covers"] == "graphics card with its memory, all its parts that MIG gives out"
    _, infos = ask(INFOS, mig=0)
    assert infos["nvml:0"]["covers"] == "graphics card with its memory"


def test_two_meters_may_be_open_at_once(ask):
    code = """
first, second = found["nvml:0"].open(), found["nvml-power:0"].open()
open_balance = balance()
first.close()
at(10.0); second.read(); at(11.0)
taken = [facts(second.read())["energy_j"], facts(first.read())["gap"]]
second.close()
print(json.dumps([open_balance, *taken, balance()]))
"""
    assert ask(code, w=100) == [2, pytest.approx(100, abs=0.01), "the meter is closed", 0]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"no": "driver"}, "the NVIDIA driver does not answer: Driver Not Loaded"),
        ({"cards": 0}, "the NVIDIA driver shows no card"),
    ],
)
def test_no_card_is_said(ask, settings, why):
    balance, infos = ask(INFOS, **settings)
    assert balance == 0
    assert {name: (info["state"], info["why"]) for name, info in infos.items()} == {"nvml": ("absent", why)}


def test_no_driver_is_said(tmp_path):
    answer = run(tmp_path, f"{FIND}\nprint(json.dumps([found['nvml'].info.state, found['nvml'].info.why]))",
                 clock=tmp_path / "clock")  # fmt: skip
    assert answer == ["absent", "no NVIDIA driver is installed"]


def test_a_recorded_machine_does_not_ask_the_driver(tmp_path):
    (only,) = nvml.find(under(tmp_path))
    assert (only.info.state, only.info.why, only.open) == ("absent", "the NVIDIA driver was not asked", None)
    assert Roots().nvml


def test_the_stand_in_follows_a_file_and_the_processor(library, tmp_path):
    """For tests of whole probes: power by a file's content, or by what the child computes."""
    (tmp_path / "w").write_text("40")
    code = """
def watts(text):
    with open(os.environ["FAKE_NVML_FILE"], "w") as file:
        file.write(text)
opened = found["nvml:0"].open()
at(10.0); opened.read(); watts("80"); at(11.0); opened.read(); at(13.0)
print(json.dumps(facts(opened.read())))
"""
    taken = run(library, f"{FIND}\n{code}", file=tmp_path / "w", clock=tmp_path / "clock", refresh_s=0)
    assert taken["energy_j"] == pytest.approx(40 + 160, abs=0.01)
    code = """
import time
opened = found["nvml:0"].open()
opened.read()
end = time.process_time() + 0.3
while time.process_time() < end: pass
at(6.0)
print(json.dumps(facts(opened.read())["energy_j"]))
"""
    joules = run(library, f"{FIND}\n{code}", w=10, w_per_cpu=100, clock=tmp_path / "clock", refresh_s=0)
    assert 10 + 30 <= joules < 10 + 30 + 25


def test_the_fields_have_the_layout_of_the_library():
    import pynvml

    assert ctypes.sizeof(pynvml.c_nvmlFieldValue_t) == 40
    assert (pynvml.NVML_FI_DEV_POWER_AVERAGE, pynvml.NVML_FI_DEV_POWER_INSTANT) == (185, 186)
    assert (pynvml.NVML_POWER_SCOPE_GPU, pynvml.NVML_POWER_SCOPE_MODULE) == (0, 1)
