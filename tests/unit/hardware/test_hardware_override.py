"""What the user says instead of what was read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.errors import InvalidInputError
from advisor.hardware import override, value_text
from advisor.hardware.detect import detect

GIB = 1024**3


@pytest.fixture(scope="module")
def laptop(unpack, tmp_path_factory):
    return detect(roots=unpack("laptop_intel.txt", tmp_path_factory.mktemp("laptop")))


@pytest.fixture(scope="module")
def desktop(unpack, tmp_path_factory):
    return detect(roots=unpack("desktop_amd.txt", tmp_path_factory.mktemp("desktop")))


def test_nothing_said_changes_nothing(laptop):
    assert override.apply(laptop, {}) is laptop


@pytest.mark.parametrize("field", override.fields(), ids=lambda field: field.path)
def test_every_example_is_accepted_and_marked(laptop, field):
    planned = override.apply(laptop, {field.path: field.example})
    if field.path == "gpus.none":
        assert planned.gpus == ()
        return
    thing = planned
    for name in field.path.split("."):
        thing = thing[int(name)] if name.isdecimal() else getattr(thing, name)
    assert thing.origin == "override"
    assert thing.source == "user"
    assert thing.value is not None
    assert field.label[0].isupper()
    assert field.unit is None or field.example.endswith(field.unit)


@pytest.mark.parametrize("field", override.fields(), ids=lambda field: field.path)
def test_rubbish_is_refused_with_field_and_example(laptop, field):
    names = field.path.endswith((".model", ".vendor", ".name"))
    for text in ("", "\n", "a\0b", "x" * 201) if names else ("", "-1 GiB", "\n", "1e9", "nan", "\u0663 GiB"):
        with pytest.raises(InvalidInputError) as caught:
            override.apply(laptop, {field.path: text})
        assert caught.value.code == "override-invalid"
        assert field.path in caught.value.message
        assert field.example in caught.value.remedy


@pytest.mark.parametrize(
    "path",
    ["", "memory", "memory.total", "gpus", "gpus.x.name", "gpus.0.serial", "name", "fingerprint", "cpu.virtualised"],
)
def test_other_facts_cannot_be_planned(laptop, path):
    with pytest.raises(InvalidInputError) as caught:
        override.apply(laptop, {path: "1"})
    assert caught.value.code == "override-unknown"
    assert "memory.total_bytes" in caught.value.remedy


def test_planned_memory_keeps_a_stated_reserve(laptop):
    memory = override.apply(laptop, {"memory.total_bytes": "16 GiB"}).memory
    assert memory.total_bytes.value == 16 * GIB
    assert memory.available_bytes.value == 14 * GIB
    assert memory.available_bytes.source == "plan: memory less 2 GiB for the system and other programs"
    small = override.apply(laptop, {"memory.total_bytes": "4 GiB"}).memory
    assert small.available_bytes.value == 3 * GIB
    said = override.apply(laptop, {"memory.total_bytes": "16 GiB", "memory.available_bytes": "15 GiB"}).memory
    assert (said.available_bytes.value, said.available_bytes.source) == (15 * GIB, "user")


def test_a_planned_machine_has_no_limit_of_this_process(linux_machine):
    profile = detect(roots=linux_machine("container_v2.txt"))
    memory = override.apply(profile, {"memory.total_bytes": "32 GiB"}).memory
    assert memory.cgroup_limit_bytes.value is None
    assert memory.available_bytes.value == 30 * GIB


def test_graphics_that_share_the_memory_follow_it(laptop, desktop):
    gpu = override.apply(laptop, {"memory.total_bytes": "16 GiB"}).gpus[0]
    assert (gpu.total_bytes.value, gpu.free_bytes.value) == (16 * GIB, 14 * GIB)
    card, built_in = override.apply(desktop, {"memory.total_bytes": "16 GiB"}).gpus
    assert card == desktop.gpus[0]
    assert built_in.total_bytes.value is None


def test_more_free_than_there_is(laptop):
    with pytest.raises(InvalidInputError) as caught:
        override.apply(laptop, {"memory.available_bytes": "64 GiB"})
    assert caught.value.code == "override-contradicts"
    assert "64 GiB is more than the whole, 30.8 GiB" in caught.value.message
    with pytest.raises(InvalidInputError):
        override.apply(laptop, {"cpu.num_usable_cpus": "64"})


def test_cores_bring_their_threads(desktop):
    cpu = override.apply(desktop, {"cpu.num_physical_cores": "12"}).cpu
    assert (cpu.num_logical_cores.value, cpu.num_usable_cpus.value, cpu.num_usable_cores.value) == (24, 24.0, 12.0)
    cpu = override.apply(desktop, {"cpu.num_physical_cores": "4", "cpu.num_logical_cores": "4"}).cpu
    assert (cpu.num_logical_cores.value, cpu.num_usable_cpus.value, cpu.num_performance_cores.value) == (4, 4.0, 4)
    cpu = override.apply(desktop, {"cpu.num_logical_cores": "4"}).cpu
    assert (cpu.num_physical_cores.value, cpu.num_usable_cores.value) == (4, 4.0)


def test_another_processor_leaves_no_fact_of_the_old_one(laptop):
    planned = override.apply(laptop, {"cpu.model": "AMD Ryzen 7 7700", "cpu.max_frequency_hz": "5.3 GHz"})
    cpu = planned.cpu
    assert (cpu.num_physical_cores.value, cpu.num_logical_cores.value, cpu.vendor.value) == (8, 16, "AMD")
    assert cpu.max_frequency_hz.value == 5.3e9
    for fact in (cpu.l3_bytes, cpu.instruction_sets, cpu.power_limit_w, cpu.num_performance_cores, cpu.virtualised):
        assert fact.value is None
        assert "another processor" in fact.why_unknown
    assert planned.gpus == ()
    assert planned.npus == ()
    unknown = override.apply(laptop, {"cpu.model": "Example 9000", "cpu.num_physical_cores": "6"}).cpu
    assert (unknown.num_physical_cores.value, unknown.num_logical_cores.value, unknown.vendor.value) == (6, 6, None)


def test_cards_are_added_changed_and_left_out(desktop):
    planned = override.apply(
        desktop,
        {"gpus.2.name": "NVIDIA GeForce RTX 4090", "gpus.2.total_bytes": "24 GiB", "gpus.2.power_limit_w": "450 W"},
    )
    assert planned.gpus[:2] == desktop.gpus
    added = planned.gpus[2]
    assert (added.name.value, added.total_bytes.value, added.free_bytes.value) == (
        "NVIDIA GeForce RTX 4090", 24 * GIB, 24 * GIB,
    )  # fmt: skip
    assert added.driver.value is None
    other = override.apply(desktop, {"gpus.0.name": "Other card"}).gpus[0]
    assert other.total_bytes.value is None
    lower = override.apply(desktop, {"gpus.0.power_limit_w": "200 W"}).gpus[0]
    assert (lower.power_limit_w.value, lower.total_bytes) == (200.0, desktop.gpus[0].total_bytes)
    assert override.apply(desktop, {"gpus.none": "yes"}).gpus == ()
    assert override.apply(desktop, {"gpus.none": "no"}).gpus == desktop.gpus


@pytest.mark.parametrize(
    "overrides",
    [{"gpus.9.name": "Far away"}, {"gpus.none": "yes", "gpus.0.total_bytes": "8 GiB"}, {"gpus.999.name": "x"}],
)
def test_cards_that_contradict(desktop, overrides):
    with pytest.raises(InvalidInputError) as caught:
        override.apply(desktop, overrides)
    assert caught.value.code == "override-contradicts"


def test_measurements_of_this_machine_are_not_those_of_a_plan(laptop):
    planned = override.apply(laptop, {"memory.total_bytes": "16 GiB"})
    assert planned.fingerprint != laptop.fingerprint
    assert override.apply(laptop, {"memory.available_bytes": "8 GiB"}).fingerprint == laptop.fingerprint
    assert override.apply(laptop, {"power.source": "mains"}).fingerprint == laptop.fingerprint


def test_the_order_of_overrides_does_not_matter(desktop):
    said = {
        "memory.total_bytes": "8 GiB",
        "cpu.num_physical_cores": "4",
        "gpus.0.total_bytes": "8 GiB",
        "cpu.model": "X",
    }
    assert override.apply(desktop, said) == override.apply(desktop, dict(reversed(said.items())))


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (value_text.size_bytes, "16 GiB", 16 * GIB), (value_text.size_bytes, "16GB", 16 * 10**9),
        (value_text.size_bytes, "1,5 GiB", GIB * 3 // 2), (value_text.size_bytes, "512 mib", 512 * 1024**2),
        (value_text.size_bytes, "0 B", 0), (value_text.rate_bytes_per_s, "51.2 GB/s", 51.2e9),
        (value_text.frequency_hz, "3500 MHz", 3.5e9), (value_text.power_w, "0.5 kW", 500.0),
        (value_text.energy_wh, "56 Wh", 56.0), (value_text.share, "80 %", 0.8), (value_text.share, "0.8", 0.8),
        (value_text.count, " 8 ", 8), (value_text.number_of_cpus, "2.5", 2.5), (value_text.yes, "No", False),
        (value_text.power_source, "Battery", "battery"), (value_text.instruction_sets, "FMA, avx2", ("avx2", "fma")),
        (value_text.instruction_sets, "none", ()), (value_text.name, " A  B ", "A B"),
    ],
)  # fmt: skip
def test_values_as_people_type_them(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (value_text.size_bytes, "16"), (value_text.size_bytes, "16 GHz"), (value_text.size_bytes, "999999999 TiB"),
        (value_text.positive_size_bytes, "0 GiB"), (value_text.rate_bytes_per_s, "50 GB"),
        (value_text.frequency_hz, "0 GHz"), (value_text.count, "0"), (value_text.count, "8.5"),
        (value_text.count, "70000"), (value_text.share, "120 %"), (value_text.power_source, "sun"),
        (value_text.instruction_sets, "avx9"), (value_text.name, "a\0b"), (value_text.name, "x" * 201),
    ],
)  # fmt: skip
def test_values_that_cannot_be_used(parse, text):
    with pytest.raises(ValueError, match=r"it is|it must|is not known"):
        parse(text)


def test_sizes_for_other_fields():
    assert override.parse_size("2 GiB", field="disk_limit_bytes") == 2 * GIB
    with pytest.raises(InvalidInputError, match="disk_limit_bytes"):
        override.parse_size("big", field="disk_limit_bytes")


PARSERS = (
    value_text.size_bytes, value_text.rate_bytes_per_s, value_text.frequency_hz, value_text.power_w,
    value_text.energy_wh, value_text.count, value_text.number_of_cpus, value_text.share, value_text.power_source,
    value_text.yes, value_text.name, value_text.instruction_sets,
)  # fmt: skip


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,20}[.,]?[0-9]* ?[KMGTkmgt]?i?[BbWwHh%]?(/s)?", fullmatch=True))
def test_any_text_gives_a_value_or_a_reason(text):
    for parse in PARSERS:
        try:
            value = parse(text)
        except ValueError:
            continue
        assert value is not None
        assert not isinstance(value, float) or 0 <= value < 1e30
