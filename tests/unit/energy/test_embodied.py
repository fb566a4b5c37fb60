"""The making of a computer shared out by SCI, checked against the figures of the published table, assumptions shown."""

import json

import fakes_estimate as made
import msgspec
import pytest

from advisor import resources
from advisor.energy import embodied
from advisor.errors import InvalidFileError, InvalidInputError
from advisor.evidence import unknown
from advisor.hardware.model import PowerFacts
from advisor.units import GIB


def machine(source="mains", told_by="sysfs", battery=None, **changes):
    power = PowerFacts(
        source=msgspec.structs.replace(made.fact(source), source=told_by),
        battery_share=made.fact(battery),
        battery_capacity_wh=made.fact(None),
    )
    return msgspec.structs.replace(made.machine(), power=power, **changes)


LAPTOP = machine("battery", battery=0.5)
DESKTOP = machine("mains", "/sys/class/dmi/id/chassis_type")


def test_the_kind_is_read_from_the_machine_or_left_open():
    assert embodied.machine_kind(LAPTOP)[0] == "laptop"
    assert embodied.machine_kind(DESKTOP)[0] == "desktop"
    assert embodied.machine_kind(machine())[0] == "either"


@pytest.mark.parametrize(("profile", "low", "high"), [(LAPTOP, 4.0, 5.17), (DESKTOP, 5.27, 5.27)])
def test_an_hour_bears_what_the_published_life_gives(profile, low, high):
    told = embodied.whole_machine(profile)
    assert low * 0.99 <= told.rate.value <= high * 1.01
    assert told.rate.evidence == "assumed"
    assert told.rate.high / told.rate.value >= 2.0 - 1e-9
    assert told.rate.value / told.rate.low >= 2.0 - 1e-9


def test_a_query_of_twenty_seconds_on_a_laptop():
    # 20 s at 4.0 g an hour (private) is 0.022 g, at 5.2 g an hour (professional) 0.029 g.
    told = embodied.share(embodied.whole_machine(LAPTOP), made.quantity(20.0, "s"))
    assert 0.022 < told.value < 0.029
    assert told.low < 0.022 / 1.4
    assert told.high > 0.029 * 1.4
    assert (told.unit, told.evidence) == ("g", "assumed")


def test_hours_of_use_bear_more_by_the_share_of_use():
    calendar, use = (embodied.whole_machine(LAPTOP, sharing=way) for way in ("calendar", "hours-of-use"))
    assert use.rate.value / calendar.rate.value == pytest.approx(1 / 0.3)
    assert (calendar.use_share, use.use_share) == (1.0, 0.3)
    assert any("30%" in line for line in use.assumptions)


def test_a_machine_that_does_not_tell_gets_the_range_over_both():
    told = embodied.whole_machine(machine())
    assert told.kind == "either"
    assert told.total.low == pytest.approx(175_000 / 2)
    assert told.total.high == pytest.approx(277_000 * 2)
    assert "laptop or desktop is not told" in told.assumptions[0]


def test_a_screen_adds_to_the_computer():
    alone, both = embodied.whole_machine(DESKTOP), embodied.whole_machine(DESKTOP, with_monitor=True)
    assert both.rate.value - alone.rate.value == pytest.approx(64_700 / 57_816, rel=1e-6)
    assert [part.label for part in both.parts] == ["desktop computer without screen", "screen"]


def test_what_the_user_says_wins():
    told = embodied.whole_machine(LAPTOP, kind="desktop")
    assert (told.kind, told.kind_basis) == ("desktop", "you said so")


def test_parts_are_area_and_size_times_carbon():
    profile = machine(gpus=(made.gpu(name="NVIDIA H100 80GB HBM3"), made.gpu(name="Other card")))
    memory = msgspec.structs.replace(profile.memory, total_bytes=made.fact(32 * GIB))
    disk = msgspec.structs.replace(profile.disk, total_bytes=made.fact(1_000_000_000_000))
    told = embodied.of_parts(msgspec.structs.replace(profile, memory=memory, disk=disk))
    by_label = {part.label: part.total.value for part in told.parts}
    assert by_label["processor chip, 16 nm"] == pytest.approx(1470)
    assert by_label["NVIDIA H100, 4 nm"] == pytest.approx(14_652)
    assert by_label["memory, 34 GB"] == pytest.approx(32 * GIB / 1e9 * 400)
    assert by_label["disk, 1000 GB"] == pytest.approx(18_000)
    assert any("Other card" in line and line.startswith("Left out") for line in told.assumptions)
    assert told.rate.value == pytest.approx(told.total.value / (5 * 365 * 24))


def test_a_disk_that_is_not_known_is_left_out_and_not_zero():
    disk = msgspec.structs.replace(machine().disk, total_bytes=made.fact(None))
    told = embodied.of_parts(msgspec.structs.replace(machine(), disk=disk, gpus=()))
    assert not any(part.label.startswith("disk") for part in told.parts)
    assert any(line.startswith("Left out: disk") for line in told.assumptions)


def test_no_time_no_share_and_no_negative_time():
    told = embodied.whole_machine(LAPTOP)
    assert embodied.share(told, unknown("s", "no time")).value is None
    with pytest.raises(InvalidInputError, match="-1 s"):
        embodied.share(told, made.quantity(-1.0, "s"))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"schema_version": 9}, "schema_version"), ({"machines": [{}]}, "machines[0]"), ({"as_of": 3}, "as_of")],
)
def test_a_damaged_table_is_refused(change, words):
    table = json.loads(resources.read(embodied.FILE_NAME)) | change
    with pytest.raises(InvalidFileError) as caught:
        embodied.parse(json.dumps(table).encode())
    assert words in caught.value.message
    assert "energy/embodied.json" in caught.value.message


def test_an_impossible_life_is_refused():
    table = json.loads(resources.read(embodied.FILE_NAME))
    table["machines"][1]["lifetime_s"] = 0
    with pytest.raises(InvalidFileError, match=r"machines\[1\]"):
        embodied.parse(json.dumps(table).encode())
