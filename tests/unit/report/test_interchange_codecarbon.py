"""CodeCarbon's CSV: our rows in its columns, and its files of several versions read into sums."""

import csv
import io
import tracemalloc

import energy_fakes
import fakes_report
import msgspec
import pytest
from test_interchange_canonical import banded, built, part, probe_with, result_of

from advisor.errors import InvalidFileError, InvalidInputError, OutputError
from advisor.evidence import Quantity
from advisor.report.interchange import codecarbon, codecarbon_read, compare

HEADER_3_3 = (
    "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
    "cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,"
    "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,"
    "longitude,latitude,ram_total_size,tracking_mode,cpu_utilization_percent,gpu_utilization_percent,"
    "ram_utilization_percent,ram_used_gb,on_cloud,pue,wue"
)
HEADER_2_1 = (
    "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,"
    "gpu_energy,ram_energy,energy_consumed,country_name,country_iso_code,region,cloud_provider,cloud_region,os,"
    "python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,longitude,latitude,ram_total_size,"
    "tracking_mode,on_cloud,pue"
)
HEADER_1_0 = (
    "timestamp,experiment_id,project_name,duration,emissions,energy_consumed,country_name,country_iso_code,region,"
    "on_cloud,cloud_provider,cloud_region"
)


def file_of(tmp_path, *rows, header=HEADER_2_1, encoding="utf-8", name="emissions.csv"):
    """Write rows given by column; other cells are empty."""
    names = header.split(",")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(names)
    for row in rows:
        writer.writerow([row.get(column, "") for column in names])
    made = tmp_path / name
    made.write_bytes(buffer.getvalue().encode(encoding))
    return made


def a_run(run_id="a", **cells):
    return {
        "timestamp": "2026-11-23T10:00:00", "project_name": "theirs", "run_id": run_id, "duration": "100",
        "emissions": "0.002", "cpu_energy": "0.004", "gpu_energy": "0.0", "ram_energy": "0.001",
        "energy_consumed": "0.005", "country_name": "France", "codecarbon_version": "2.1.3", **cells,
    }  # fmt: skip


def row_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# --- our rows ---


def test_the_columns_are_those_of_version_3_3_in_its_order():
    assert ",".join(codecarbon.COLUMNS) == HEADER_3_3
    assert codecarbon.render(built()).splitlines()[0] == HEADER_3_3


def test_units_are_codecarbons_and_what_nobody_measured_is_empty(tmp_path):
    file = tmp_path / "emissions.csv"
    assert codecarbon.append(built(), file) is False
    (row,) = row_of(file)
    assert float(row["energy_consumed"]) == pytest.approx(14.9e3 / 3.6e6)
    assert float(row["cpu_energy"]) == float(row["energy_consumed"])
    assert float(row["duration"]) == pytest.approx(480)
    assert float(row["cpu_power"]) == pytest.approx(14.9e3 / 480)
    assert float(row["emissions"]) == pytest.approx(14.9e3 / 3.6e6 * 0.34206)
    assert float(row["emissions_rate"]) == pytest.approx(14.9e3 / 3.6e6 * 0.34206 / 480)
    assert float(row["ram_total_size"]) == 16
    assert (row["country_name"], row["country_iso_code"]) == ("Germany", "DEU")
    assert (row["pue"], row["timestamp"], row["run_id"]) == ("1.0", "2026-11-23T11:58:00", "p-0001")
    assert row["project_name"].startswith("model-fit-advisor")
    for column in ("gpu_power", "ram_power", "gpu_energy", "ram_energy", "water_consumed", "codecarbon_version",
                   "longitude", "latitude", "cloud_provider", "cpu_utilization_percent", "wue"):  # fmt: skip
        assert row[column] == "", column


def test_without_a_country_there_are_no_emissions(tmp_path):
    codecarbon.append(built(region=None), tmp_path / "e.csv")
    (row,) = row_of(tmp_path / "e.csv")
    assert (row["emissions"], row["emissions_rate"], row["country_name"]) == ("", "", "")


def test_parts_stand_in_their_columns_and_the_whole_machine_only_in_the_sum():
    both = codecarbon.cells(built(probe_with(result_of(part("cpu", 2.0), part("gpu", 5.0), total_j=7.0))))
    assert both["gpu_energy"] == pytest.approx(5e3 / 3.6e6)
    assert both["gpu_power"] == pytest.approx(50)
    assert both["energy_consumed"] == pytest.approx(both["cpu_energy"] + both["gpu_energy"])
    whole = codecarbon.cells(built(probe_with(result_of(part("platform", 12.0), total_j=12.0))))
    assert (whole["cpu_energy"], whole["gpu_energy"], whole["ram_energy"]) == (None, None, None)
    assert whole["energy_consumed"] == pytest.approx(12e3 / 3.6e6)


@pytest.mark.parametrize("total_j", [14.9, 1e-7, 1 / 3, 123456.789])
def test_there_and_back_is_the_same_energy(tmp_path, total_j):
    file = tmp_path / "emissions.csv"
    document = built(probe_with(result_of(part("cpu", total_j), total_j=total_j)))
    codecarbon.append(document, file)
    back = codecarbon_read.read(file)
    assert back.energy_wh / 1000 == pytest.approx(document["energy"]["total"]["gross_j"]["value"] / 3.6e6, rel=1e-12)
    assert back.cpu_wh == back.energy_wh
    assert (back.gpu_wh, back.ram_wh) == (None, None)
    assert back.implied_g_per_kwh == pytest.approx(342.06)
    assert back.power_w == pytest.approx(total_j / 0.1)
    assert back.versions == ()


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_a_row_is_added_behind_those_of_codecarbon(tmp_path, line_end):
    file = tmp_path / "emissions.csv"
    before = line_end.join([HEADER_3_3, "2026-01-01T00:00:00" + "," * 37])  # its last line is not ended
    file.write_bytes(before.encode())
    assert codecarbon.append(built(), file) is True
    raw = file.read_bytes()
    assert raw.startswith(before.encode() + line_end.encode())
    assert raw.count(b"\r\n") == (3 if line_end == "\r\n" else 0)
    codecarbon.append(built(), file)
    assert [row["run_id"] for row in row_of(file)] == ["", "p-0001", "p-0001"]


def test_an_empty_file_gets_the_line_of_names(tmp_path):
    file = tmp_path / "emissions.csv"
    file.write_bytes(b"\n")
    codecarbon.append(built(), file)
    assert len(row_of(file)) == 1


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (HEADER_2_1 + "\n", "column 4 is 'duration', CodeCarbon 3.3 has 'experiment_id'"),
        (HEADER_3_3.removesuffix(",wue") + "\n", "column 38 is missing, CodeCarbon 3.3 has 'wue'"),
        (HEADER_3_3 + ",more\n", "column 39 is 'more', CodeCarbon 3.3 has no more"),
        (HEADER_3_3.replace(",", ";") + "\n", "column 1 is 'timestamp;"),
        ("model,energy\n", "column 1 is 'model'"),
    ],
)
def test_a_file_with_other_columns_is_left_as_it_is(tmp_path, content, named):
    file = tmp_path / "emissions.csv"
    file.write_text(content)
    with pytest.raises(InvalidFileError) as caught:
        codecarbon.append(built(), file)
    assert named in caught.value.message
    assert str(file) in caught.value.message
    assert file.read_text() == content


def test_a_file_that_is_no_text_is_left_as_it_is(tmp_path):
    file = tmp_path / "emissions.csv"
    file.write_bytes(b"\xff\xfe\x00t\n")
    with pytest.raises(InvalidFileError, match="not a CSV file in UTF-8"):
        codecarbon.append(built(), file)
    assert file.read_bytes() == b"\xff\xfe\x00t\n"


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        codecarbon.append(built(), tmp_path)


@pytest.mark.parametrize("name", ["=cmd()|'/c calc'!A0", "+1+1", "@SUM(A1)", "-2+3"])
def test_a_cell_is_never_a_formula(tmp_path, name):
    machine = fakes_report.profile()
    machine = msgspec.structs.replace(machine, cpu=msgspec.structs.replace(machine.cpu, model=fakes_report.fact(name)))
    document = built()
    document["host"]["cpu"] = name
    document["host"]["gpu"] = [{"name": name, "memory_bytes": None}]
    codecarbon.append(document, tmp_path / "e.csv")
    (row,) = row_of(tmp_path / "e.csv")
    assert (row["cpu_model"], row["gpu_model"]) == (f"'{name}", f"'{name}")


def test_a_typical_range_is_no_measurement_and_its_middle_stands_nowhere(tmp_path):
    file = tmp_path / "emissions.csv"
    codecarbon.append(banded(), file)
    (row,) = row_of(file)
    for column in ("energy_consumed", "cpu_energy", "cpu_power", "emissions", "emissions_rate"):
        assert row[column] == "", column
    assert float(row["duration"]) == pytest.approx(100)
    assert codecarbon_read.read(file).num_without_energy == 1


def test_an_energy_without_a_value_makes_no_row(tmp_path):
    below = Quantity(value=None, low=0.0, high=0.4, unit="J", evidence="measured", basis="only a limit is known")
    energy = result_of(part("cpu", 1.0, per_query_gross_j=below), total_j=1.0, per_query_gross_j=below)
    with pytest.raises(InvalidInputError, match="only a limit is known"):
        codecarbon.append(built(probe_with(energy)), tmp_path / "e.csv")
    assert not (tmp_path / "e.csv").exists()


# --- their files ---


def test_runs_are_added_up_part_by_part(tmp_path):
    found = codecarbon_read.read(file_of(tmp_path, a_run("a"), a_run("b", energy_consumed="0.015", duration="300")))
    assert (found.num_rows, found.num_runs, found.num_without_energy) == (2, 2, 0)
    assert found.duration_s == 400
    assert found.energy_wh == pytest.approx(20)
    assert (found.cpu_wh, found.ram_wh, found.gpu_wh) == (pytest.approx(8), pytest.approx(2), 0)
    assert found.power_w == pytest.approx(20 * 3600 / 400)
    assert found.emissions_g == pytest.approx(4)
    assert found.implied_g_per_kwh == pytest.approx(4 / 0.02)
    assert found.ram_share == pytest.approx(0.1)
    assert (found.versions, found.countries, found.projects) == (("2.1.3",), ("France",), ("theirs",))


@pytest.mark.parametrize("header", [HEADER_3_3, HEADER_2_1, HEADER_1_0, HEADER_3_3 + ",new_in_9"])
def test_files_of_several_versions_are_read(tmp_path, header):
    found = codecarbon_read.read(file_of(tmp_path, a_run(), header=header))
    assert found.energy_wh == pytest.approx(5)
    assert found.cpu_wh == (None if header == HEADER_1_0 else pytest.approx(4))
    assert found.ram_share == (None if header == HEADER_1_0 else pytest.approx(0.2))


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    header = "duration,emissions,energy_consumed"
    file = file_of(tmp_path, a_run(), header=header, encoding="utf-8-sig")
    assert codecarbon_read.read(file).energy_wh == pytest.approx(5)


def test_later_states_of_a_run_are_not_counted_twice(tmp_path):
    states = [a_run("a", duration=str(100 * n), energy_consumed=str(0.005 * n)) for n in (1, 2, 3)]
    found = codecarbon_read.read(file_of(tmp_path, *states, a_run("b"), a_run(""), a_run("")))
    assert (found.num_rows, found.num_runs) == (6, 4)
    assert found.energy_wh == pytest.approx(15 + 3 * 5)
    assert found.duration_s == 600


def cut(file, *columns, header=HEADER_3_3, row=-1):
    """Leave cells out of a row, as CodeCarbon does with those that have no value."""
    lines = file.read_text().splitlines()
    cells = lines[row].split(",")
    lines[row] = ",".join(cell for name, cell in zip(header.split(","), cells, strict=True) if name not in columns)
    file.write_text("\n".join(lines) + "\n")
    return file


def test_cells_that_codecarbon_left_out_behind_the_energies_do_no_harm(tmp_path):
    file = file_of(tmp_path, a_run("a"), a_run("b", country_iso_code="ESP"), header=HEADER_3_3)
    found = codecarbon_read.read(cut(file, "gpu_count", "gpu_model", "country_name"))
    assert (found.num_runs, found.num_short) == (2, 1)
    assert found.energy_wh == pytest.approx(10)
    assert found.countries == ("France",)  # what stands behind the energy of a short row is not in its place
    told = compare.sentences(found, [])
    assert told[-1] == "Rows that CodeCarbon wrote without their empty cells, read up to their energy: 1."


@pytest.mark.parametrize("column", ["experiment_id", "cpu_energy", "cpu_power", "duration"])
def test_a_cell_left_out_before_the_energies_makes_the_row_unusable(tmp_path, column):
    file = file_of(tmp_path, a_run("a", cpu_power="42", ram_power="7"), header=HEADER_3_3)
    with pytest.raises(InvalidFileError) as caught:
        codecarbon_read.read(cut(file, column))
    assert caught.value.code in ("codecarbon-row", "codecarbon-number")
    assert "row 2" in caught.value.message


def test_a_run_without_energy_is_counted_and_in_no_sum(tmp_path):
    found = codecarbon_read.read(file_of(tmp_path, a_run("a", energy_consumed=""), a_run("b", emissions="")))
    assert (found.num_without_energy, found.duration_s) == (1, 100)
    assert found.emissions_g is None
    assert found.implied_g_per_kwh is None


def test_zero_energy_divides_by_nothing(tmp_path):
    found = codecarbon_read.read(file_of(tmp_path, a_run(energy_consumed="0", duration="0")))
    assert (found.power_w, found.implied_g_per_kwh, found.ram_share) == (None, None, None)


@pytest.mark.parametrize("column", ["duration", "emissions", "energy_consumed"])
def test_a_missing_column_is_named(tmp_path, column):
    header = ",".join(name for name in HEADER_2_1.split(",") if name != column)
    file = file_of(tmp_path, header=header)
    with pytest.raises(InvalidFileError, match=f"no column '{column}'") as caught:
        codecarbon_read.read(file)
    assert caught.value.code == "codecarbon-column-missing"
    assert str(file) in caught.value.message


@pytest.mark.parametrize(("sign", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_a_wrong_separator_is_said(tmp_path, sign, word):
    file = tmp_path / "emissions.csv"
    file.write_text(HEADER_2_1.replace(",", sign) + "\n")
    with pytest.raises(InvalidFileError, match=f"separated by {word}, not by commas"):
        codecarbon_read.read(file)


@pytest.mark.parametrize("cell", ["much", "nan", "inf", "-1", "1,5", "0x10", "1_000_000 kWh"])
@pytest.mark.parametrize("column", ["energy_consumed", "duration", "ram_energy"])
def test_a_bad_number_names_its_row_and_column(tmp_path, cell, column):
    file = file_of(tmp_path, a_run("a"), a_run("b", **{column: cell}))
    with pytest.raises(InvalidFileError) as caught:
        codecarbon_read.read(file)
    assert f"row 3, column '{column}': '{cell}'" in caught.value.message
    assert caught.value.facts["row"] == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "codecarbon-empty"),
        (HEADER_2_1.encode() + b"\n", "codecarbon-empty"),
        (HEADER_2_1.encode() + b"\n1,2\n", "codecarbon-row"),
        (b"duration,emissions,energy_consumed\n1,2,\xff\n", "codecarbon-not-text"),
        (b"duration,emissions,energy_consumed\n1,2,\"" + b"3" * 200_000 + b"\n", "codecarbon-row"),
        (b"duration,emissions,energy_consumed,duration\n1,2,3,4\n", "codecarbon-column-twice"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_with_a_sentence(tmp_path, content, code):
    file = tmp_path / "emissions.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidFileError) as caught:
        codecarbon_read.read(file)
    assert caught.value.code == code
    assert str(file) in caught.value.message


def test_a_file_that_is_not_there_or_a_folder_is_said(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InvalidFileError) as caught:
            codecarbon_read.read(path)
        assert caught.value.code == "codecarbon-not-readable"


def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(number):
        line = "t,{},1,2,3\n"
        file = tmp_path / f"{number}.csv"
        file.write_text(
            "timestamp,run_id,duration,emissions,energy_consumed\n" + "".join(map(line.format, range(number)))
        )
        tracemalloc.start()
        assert codecarbon_read.read(file).num_runs == number
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)  # what is loaded once
    assert peak(20_000) < peak(1000) + 20_000


# --- side by side ---


def test_theirs_and_ours_stand_in_the_same_units(tmp_path):
    theirs = codecarbon_read.read(file_of(tmp_path, a_run()))
    first, second = compare.rows(theirs, [built()])
    assert first[:9] == ("CodeCarbon 2.1.3", "runs: 1", "100 s", "5 Wh", "180 W", "4 Wh", "0 Wh", "1 Wh", "400 g/kWh")
    assert second[1:9] == (
        "1,000 queries of acme/small-embedder", "8 min (7.6 min to 8.4 min)", "4.1 Wh (3.8 Wh to 4.5 Wh)",
        "31 W (28 W to 34 W)", "4.1 Wh (3.8 Wh to 4.5 Wh)", "no data", "no data",
        "342 g/kWh (263 g/kWh to 445 g/kWh)",
    )  # fmt: skip
    assert second[9] == energy_fakes.measured().boundary
    assert len(compare.TITLES) == len(first) == len(second)


def test_sentences_say_what_each_counts(tmp_path):
    states = [a_run("a"), a_run("a", duration="200"), a_run("b", energy_consumed="")]
    told = compare.sentences(codecarbon_read.read(file_of(tmp_path, *states)), [built(), built()])
    assert "memory by a constant (20% of the energy in this file)" in told[0]
    assert told[1].count("processor package") == 1
    assert "earlier states of a run and not counted twice: 1." in told[2]
    assert "no energy and are in no sum: 1." in told[3]
    assert len(compare.sentences(codecarbon_read.read(file_of(tmp_path, a_run())), [])) == 1
