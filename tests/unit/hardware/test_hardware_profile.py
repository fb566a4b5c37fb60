"""Machines kept as files, and the tables of processors."""

import json
import shutil

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.errors import InvalidFileError, OutputError
from advisor.hardware import disk, fallback, memory, override, profile, reference
from advisor.hardware.detect import detect, under
from advisor.hardware.machine import Machine
from advisor.hardware.model import CpuFacts, HardwareProfile, MemoryFacts, OsFacts, PowerFacts
from advisor.hardware.reading import blank


@pytest.fixture(scope="module")
def laptop(unpack, tmp_path_factory):
    return detect(roots=unpack("laptop_intel.txt", tmp_path_factory.mktemp("laptop")))


def test_a_saved_machine_comes_back_with_its_origin(laptop, tmp_path):
    planned = override.apply(laptop, {"memory.total_bytes": "16 GiB"})
    path = tmp_path / "new folder" / "laptop.json"
    profile.save(planned, path)
    loaded = profile.load(path)
    assert loaded.cpu.model.value == laptop.cpu.model.value
    assert loaded.cpu.model.origin == "profile"
    assert loaded.gpus[0].name.origin == "profile"
    assert loaded.memory.total_bytes.origin == "override"
    assert loaded.memory.speed_bytes_per_s.origin == "unknown"
    assert loaded.memory.speed_bytes_per_s.why_unknown == planned.memory.speed_bytes_per_s.why_unknown
    assert loaded.fingerprint == planned.fingerprint
    assert profile.parse(path.read_bytes(), path) == loaded
    profile.save(loaded, path)
    assert profile.load(path) == loaded


def error_of(tmp_path, raw):
    path = tmp_path / "machine.json"
    path.write_bytes(raw)
    with pytest.raises(InvalidFileError) as caught:
        profile.load(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy
    return caught.value


def changed(laptop, *keys, value):
    content = json.loads(msgspec.json.encode(laptop))
    thing = content
    for key in keys[:-1]:
        thing = thing[key]
    if value is None:
        del thing[keys[-1]]
    else:
        thing[keys[-1]] = value
    return json.dumps(content).encode()


def test_what_the_command_line_prints_is_told_from_a_saved_machine(laptop, tmp_path):
    from advisor.report import public

    error = error_of(tmp_path, msgspec.json.encode(public.hardware_json(laptop)))
    assert error.code == "profile-is-printed"
    assert "--save" in error.remedy


def test_a_newer_version(laptop, tmp_path):
    error = error_of(tmp_path, changed(laptop, "schema_version", value=99))
    assert error.code == "profile-newer"
    assert "newer version" in error.message
    assert "99" in error.message
    assert error_of(tmp_path, b'{"schema_version": 2, "machines": []}').code == "profile-newer"


@pytest.mark.parametrize(
    ("keys", "value", "field"),
    [
        (("memory", "total_bytes", "value"), "16", "$.memory.total_bytes.value"),
        (("memory", "total_bytes", "value"), -1, "$.memory.total_bytes.value"),
        (("gpus", 0, "name", "value"), 5, "$.gpus[0].name.value"),
        (("cpu", "model", "source"), None, "$.cpu.model"),
        (("power", "source", "value"), "sun", "$.power.source.value"),
        (("schema_version",), "one", "$.schema_version"),
        (("schema_version",), 0, "$.schema_version"),
        (("cpu",), None, "$"),
    ],
)
def test_a_wrong_field_is_named(laptop, tmp_path, keys, value, field):
    error = error_of(tmp_path, changed(laptop, *keys, value=value))
    assert error.code == "profile-field-invalid"
    assert error.facts["field"] == field
    assert field in error.message


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_cut_in_half(laptop, tmp_path, share):
    raw = msgspec.json.encode(laptop)
    error = error_of(tmp_path, raw[: int(len(raw) * share)])
    assert error.code == "profile-damaged"


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"[" * 100_000, b"no json", b"[]", b"null", b'{"schema_version": 1e400}'])
def test_what_is_no_profile(tmp_path, raw):
    assert error_of(tmp_path, raw).code in ("profile-damaged", "profile-field-invalid")


def test_a_huge_file_is_not_read(tmp_path):
    assert error_of(tmp_path, b" " * (profile.MAX_FILE_BYTES + 1)).code == "profile-too-large"


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(InvalidFileError) as caught:
        profile.load(tmp_path / "none.json")
    assert caught.value.code == "profile-missing"
    with pytest.raises(InvalidFileError, match="it is a folder") as caught:
        profile.load(tmp_path)
    assert caught.value.code == "profile-unreadable"
    with pytest.raises(OutputError):
        profile.save(detect(roots=under(tmp_path)), tmp_path)


def test_profiles_of_before_the_added_fields_load(laptop, tmp_path):
    content = json.loads(msgspec.json.encode(laptop))
    del content["cpu"]["num_usable_cores"], content["cpu"]["num_performance_cores"]
    (tmp_path / "old.json").write_text(json.dumps(content))
    loaded = profile.load(tmp_path / "old.json")
    assert loaded.cpu.num_usable_cores.why_unknown == "this profile does not state it"


def test_saved_machines_are_listed_with_the_damaged_ones(laptop):
    assert profile.saved() == ()
    profile.save(laptop, profile.folder() / "b.json")
    (profile.folder() / "a.json").write_text("{")
    (profile.folder() / "notes.txt").write_text("no machine")
    damaged, good = profile.saved()
    assert isinstance(damaged, profile.DamagedMachine)
    assert "cut short" in damaged.why
    assert isinstance(good, profile.SavedMachine)
    assert (good.name, good.fingerprint) == ("example-laptop", laptop.fingerprint)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_profile_changed_anywhere_loads_or_says_why(laptop, tmp_path, data):
    raw = bytearray(msgspec.json.encode(laptop))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        loaded = profile.parse(bytes(raw), tmp_path / "x.json")
    except InvalidFileError:
        return
    assert isinstance(loaded, HardwareProfile)
    assert profile.parse(msgspec.json.encode(loaded), tmp_path / "x.json") == loaded


# tables


def test_the_tables_are_plausible():
    rows = reference.processors()
    assert len(rows) >= 60
    assert len({row.name.lower() for row in rows}) == len(rows)
    for row in rows:
        assert row.tdp_w is None or 4 <= row.tdp_w <= 500, row.name
        assert row.short_power_w is None or row.tdp_w < row.short_power_w <= 350, row.name
        assert (row.num_cores is None) == (row.num_threads is None), row.name
        assert row.num_cores is None or row.num_cores <= row.num_threads <= 2 * row.num_cores, row.name
        assert row.memory_bandwidth_bytes_per_s is None or 2e10 <= row.memory_bandwidth_bytes_per_s <= 9e11, row.name
        assert "https://" in row.source
        found = reference.cpu_reference(row.name)
        assert found == row, row.name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("AMD EPYC 7763 64-Core Processor", "EPYC 7763"),
        ("12th Gen Intel(R) Core(TM) i7-1270P", "Core i7-1270P"),
        ("Intel(R) Core(TM) i7-12700K", "Core i7-12700K"),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "Xeon E5-2680 v4"),
        ("Intel(R) Xeon(R) Platinum 8480+", "Xeon Platinum 8480+"),
        ("AMD Ryzen 7 5800X3D 8-Core Processor", "Ryzen 7 5800X3D"),
        ("AMD Ryzen AI 9 HX 370 w/ Radeon 890M", "Ryzen AI 9 HX 370"),
        ("Apple M1 Pro", "Apple M1 Pro"),
        ("AWS Graviton3 (Neoverse-V1)", "AWS Graviton3"),
        ("Apple M9 Ultra", None),
        ("Apple M3 Max", None),
        ("AMD EPYC", None),
        ("Intel(R) Xeon(R) Platinum 8480C", None),
        ("Neoverse-N1", None),
        ("", None),
    ],
)
def test_names_as_systems_write_them(name, found):
    row = reference.cpu_reference(name)
    assert (row.name if row else None) == found


def test_figures_of_known_processors():
    epyc = reference.cpu_reference("AMD EPYC 7763 64-Core Processor")
    assert (epyc.tdp_w, epyc.num_threads, epyc.num_memory_channels, epyc.memory_bandwidth_bytes_per_s) == (
        280.0, 128, 8, 204.8e9,
    )  # fmt: skip
    core = reference.cpu_reference("13th Gen Intel(R) Core(TM) i9-13900K")
    assert (core.tdp_w, core.short_power_w, core.num_cores, core.memory_bandwidth_bytes_per_s) == (
        125.0,
        253.0,
        24,
        None,
    )
    assert reference.cpu_reference("Apple M2").tdp_w is None


CPU = {"name": "X 1", "vendor": "X", "num_cores": 1, "num_threads": 1, "tdp_w": 1, "memory": "m", "source": "s"}
POWER = {"schema_version": 1, "as_of": "2026-01-01", "sources": {"s": "https://x"}, "processors": [CPU]}
MEMORY = {
    "schema_version": 1, "as_of": "2026-01-01", "transfer_bytes": 8, "sources": {},
    "kinds": [{"id": "m", "kind": "DDR4", "transfer_mt_per_s": 3200, "num_channels": 2, "source": "s"}],
}  # fmt: skip


def tables(**cpu):
    return json.dumps({**POWER, "processors": [{**CPU, **cpu}]}).encode(), json.dumps(MEMORY).encode()


def test_damaged_tables_name_file_and_field():
    assert reference.parse(*tables())[0].memory_bandwidth_bytes_per_s == 51.2e9
    for change, field in (
        ({"tdp_w": -1}, "$.processors[0].tdp_w"),
        ({"num_threads": 0}, "$.processors[0].num_threads"),
        ({"memory": "other"}, "$.processors[0].memory"),
        ({"source": "other"}, "$.processors[0].source"),
    ):
        with pytest.raises(InvalidFileError) as caught:
            reference.parse(*tables(**change))
        assert field in caught.value.message
        assert "cpu_power.json" in caught.value.message
    newer = json.dumps({**MEMORY, "schema_version": 2}).encode()
    with pytest.raises(InvalidFileError, match=r"memory_bandwidth\.json"):
        reference.parse(tables()[0], newer)


def test_disk_of_a_folder_that_is_not_there_yet(tmp_path, monkeypatch):
    asked = []

    def usage(path):
        asked.append(path)
        if not path.exists():
            raise FileNotFoundError
        return shutil._ntuple_diskusage(total=100, used=70, free=20)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    facts = disk.collect(tmp_path / "a" / "b")
    assert (facts.free_bytes.value, facts.total_bytes.value) == (20, 100)
    assert asked[:3] == [tmp_path / "a" / "b", tmp_path / "a", tmp_path]
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: (_ for _ in ()).throw(PermissionError))
    assert disk.collect(None).free_bytes.why_unknown == "the folder cannot be reached"
    assert disk.collect(None).folder.source == "default"


def test_psutil_fills_what_the_readers_did_not_find():
    import psutil

    part = {kind: blank(kind, "nothing", "nothing") for kind in (OsFacts, CpuFacts, MemoryFacts, PowerFacts)}
    machine = Machine(
        name="x",
        os=part[OsFacts],
        cpu=part[CpuFacts],
        memory=part[MemoryFacts],
        gpus=(),
        npus=(),
        power=part[PowerFacts],
    )
    filled = fallback.fill(machine)
    assert filled.memory.total_bytes.value == psutil.virtual_memory().total
    assert filled.memory.total_bytes.source == "psutil"
    assert filled.cpu.num_logical_cores.value == psutil.cpu_count()
    assert filled.cpu.model.value is None
    assert fallback.fill(filled).memory.total_bytes == filled.memory.total_bytes
    assert memory.available({"MemFree": 5}) == 5
