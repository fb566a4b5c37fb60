"""Which meters there are, in which order, and which is used."""

import msgspec
import pytest
from fakes_energy import hwmon_tree, powercap_tree, roots, supply_tree

from advisor.energy import ladder
from advisor.energy.model import MeterInfo

METER = MeterInfo(
    id="rapl", name="RAPL", component="cpu", covers="processor package", method="counter", native_unit="µJ",
    refresh_s=0.001, permission="any user", grade="A", k_scale=1.1,
)  # fmt: skip


def info(name, component="cpu", **changes):
    return msgspec.structs.replace(METER, id=name, name=name, component=component, **changes)


def test_the_first_open_meter_of_each_component_is_used():
    infos = (
        info("rapl", state="locked", why="only the administrator may read it"), info("perf"), info("emi"),
        info("nvml:0", "gpu"), info("nvml-power:0", "gpu"),
    )  # fmt: skip
    assert {part: found.id for part, found in ladder.choose(infos).items()} == {"cpu": "perf", "gpu": "nvml:0"}
    assert ladder.reason(infos, "cpu") == (
        "perf is the best that can be read; rapl is not used: only the administrator may read it"
    )
    assert ladder.reason(infos, "platform") == "no meter of this part is known"
    assert ladder.reason(infos[:1], "cpu") == "rapl: only the administrator may read it"


def test_other_cards_are_left_out():
    found = tuple(ladder.Found(info=item) for item in (info("rapl"), info("nvml:0", "gpu"), info("nvml:1", "gpu")))
    assert [entry.info.id for entry in ladder.for_card(found, 1)] == ["rapl", "nvml:1"]
    assert len(ladder.for_card(found, None)) == 3


@pytest.fixture
def laptop(tmp_path):
    powercap_tree(tmp_path, {"intel-rapl:0": {"name": "package-0", "uj": 5, "long_w": 15}, "intel-rapl:1": "psys"})
    hwmon_tree(tmp_path, driver="amdgpu", values={"power1_input": 30_000_000, "power1_cap": 200_000_000})
    supply_tree(tmp_path, {"BAT0": {
        "type": "Battery", "present": 1, "status": "Discharging", "power_now": 9_000_000, "energy_now": 30_000_000,
        "energy_full": 50_000_000,
    }})  # fmt: skip
    return roots(tmp_path)


def test_a_laptop_has_a_meter_for_each_part_and_names_what_it_lacks(laptop):
    infos = ladder.survey(laptop)
    chosen = {part: found.id for part, found in ladder.choose(infos).items()}
    assert chosen["cpu"] == "rapl"
    assert chosen["gpu"].startswith("amdgpu")
    assert chosen["platform"] in ("rapl-psys", "battery")
    assert [ladder.COMPONENTS.index(item.component) for item in infos] == sorted(
        ladder.COMPONENTS.index(item.component) for item in infos
    )
    ids = {item.id for item in infos}
    assert any(name.startswith("nvml") for name in ids)
    assert "battery" in ids
    assert not {"emi", "ioreport"} & ids  # what other systems have is of no use to the reader
    for item in infos:
        assert item.state != "absent" or item.why, item.id
        assert item.covers
        assert item.permission


def test_one_back_end_that_breaks_hides_no_other(laptop, monkeypatch, caplog):
    def broken(_roots):
        raise RuntimeError("a strange driver")

    good = ladder._finders("Linux")
    monkeypatch.setattr(ladder, "_finders", lambda _system: (broken, *good))
    assert any(item.id == "rapl" and item.state == "open" for item in ladder.survey(laptop))
    assert "cannot be looked for" in caplog.text
    caplog.clear()


@pytest.mark.parametrize(("system", "ids"), [
    ("Windows", {"nvml", "emi"}), ("Darwin", {"ioreport"}), ("Linux", {"nvml", "rapl", "perf", "battery"}),
])  # fmt: skip
def test_each_system_looks_for_the_meters_it_can_have(tmp_path, system, ids):
    found = {item.id for item in ladder.survey(msgspec.structs.replace(roots(tmp_path), system=system))}
    assert ids <= found
    assert system == "Linux" or not {"rapl", "perf"} & found
