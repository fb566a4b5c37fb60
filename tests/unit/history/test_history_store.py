"""The history file: round trips, and every way it can go wrong without losing anything."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading

import fakes_files
import msgspec
import pytest

from advisor.child.protocol import Sample
from advisor.errors import NotFoundError, StorageError
from advisor.evidence import Quantity, unknown
from advisor.graphs.kernel_case import Calibration, GraphLoad, KernelTime, KernelWork
from advisor.history import schema
from advisor.history.store import History
from advisor.probe.plan import DepthMeasurement, ProbeResult
from advisor.task.model import Workload


def measured(value, unit):
    return Quantity(
        value=value, low=value * 0.9, high=value * 1.1, unit=unit, evidence="measured-synthetic", basis="n = 30"
    )


def probe(id="p1", model="owner/small", format="onnx-int8", fingerprint="here", created="2026-11-23T10:00:00+00:00"):
    return ProbeResult(
        id=id,
        created=created,
        outcome="finished",
        kind="synthetic",
        model=model,
        format=format,
        workload=Workload(num_input_tokens=100, num_output_tokens=20, assumed_fields=("num_batch",)),
        depths_measured=(2, 4),
        num_layers=24,
        extrapolated=True,
        time_to_first_token=measured(0.5, "s"),
        time_per_token=measured(0.02, "s"),
        time_per_query=measured(0.9, "s"),
        rate=measured(50.0, "tokens/s"),
        peak_memory=measured(6e8, "B"),
        load_time=measured(0.4, "s"),
        energy_per_1000_queries=unknown("Wh", "no meter"),
        depths=(
            DepthMeasurement(
                num_layers=2,
                prefill_s=(0.1, 0.11),
                decode_s=(0.01,),
                query_s=(),
                load_s=0.2,
                peak_rss_bytes=2**28,
                baseline_rss_bytes=2**26,
                weights_file_bytes=123,
            ),
        ),
        samples=(Sample(t_s=0.1, kind="system", rss_bytes=5), Sample(t_s=0.2, kind="token", latency_s=0.01)),
        grade="B",
        reasons=("Another program used 12 % of the processor.",),
        num_threads=2,
        provider="CPUExecutionProvider",
        versions={"onnxruntime": "1.24"},
        fingerprint=fingerprint,
        power_source="battery",
        wall_s=12.0,
    )


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "folder" / "history.sqlite").open()


def test_a_probe_comes_back_equal_and_survives_a_new_start(history):
    history.add_probe(probe())
    history.close()
    again = History(history.path).open()
    assert again.probes() == (probe(),)
    assert again.notice == ""


def test_probes_are_found_by_model_format_and_machine_newest_first(history):
    wanted = [probe("a", created="2026-01-01T00:00:00+00:00"), probe("b", created="2026-02-01T00:00:00+00:00")]
    for result in [
        *wanted,
        probe("c", model="owner/other"),
        probe("d", format="onnx-fp32"),
        probe("e", fingerprint="x"),
    ]:
        history.add_probe(result)
    found = history.probes(model="owner/small", format="onnx-int8", fingerprint="here")
    assert [result.id for result in found] == ["b", "a"]
    assert len(history.probes(fingerprint="here")) == 4
    assert len(history.probes()) == 5


def test_the_same_probe_again_replaces_itself(history):
    history.add_probe(probe())
    history.add_probe(msgspec.structs.replace(probe(), grade="A"))
    assert [result.grade for result in history.probes()] == ["A"]


def test_profiles_and_reports_round_trip(history, machine):
    history.add_profile(machine)
    assert history.profiles() == (machine,)
    first = history.add_report(b'{"n":1}', "Emails, first try")
    second = history.add_report(b'{"n":2}', "Emails, second try")
    assert [(r.id, r.title) for r in history.reports()] == [
        (second, "Emails, second try"),
        (first, "Emails, first try"),
    ]
    assert history.reports()[0].created.endswith("+00:00")
    assert history.report(first) == b'{"n":1}'
    with pytest.raises(NotFoundError) as caught:
        history.report(99)
    assert caught.value.code == "report-not-found"


def test_the_file_is_in_wal_mode_and_carries_its_version(history):
    with sqlite3.connect(history.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
    connection.close()


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but it is long enough" * 30, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_corrupt_file_is_set_aside_and_a_fresh_one_begun(tmp_path, content):
    path = tmp_path / "history.sqlite"
    path.write_bytes(content)
    history = History(path).open()
    history.add_probe(probe())
    assert history.probes() == (probe(),)
    assert (tmp_path / "history.sqlite.corrupt-1").read_bytes() == content
    assert "history.sqlite.corrupt-1" in history.notice


def test_a_second_corrupt_file_gets_the_next_number(tmp_path):
    path = tmp_path / "history.sqlite"
    for _ in range(2):
        path.write_bytes(b"rubbish" * 100)
        History(path).open()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert (tmp_path / "history.sqlite.corrupt-2").exists()


def test_a_page_damaged_in_the_middle_is_noticed(history):
    for number in range(30):
        history.add_probe(probe(str(number)))
    history.close()
    content = bytearray(history.path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = os.urandom(4096)
    history.path.write_bytes(bytes(content))
    again = History(history.path).open()
    assert again.probes() == ()
    assert "corrupt-1" in again.notice


def test_damage_found_during_use_is_a_storage_error(history):
    history.add_probe(probe())
    history.close()
    history.path.write_bytes(b"overwritten by something else" * 50)
    with pytest.raises(StorageError) as caught:
        history.probes()
    assert caught.value.code == "history-damaged"


def test_a_newer_file_is_refused_and_left_alone(history):
    history.add_probe(probe())
    history.close()
    with sqlite3.connect(history.path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = history.path.read_bytes()
    with pytest.raises(StorageError) as caught:
        History(history.path).open()
    assert caught.value.code == "history-newer"
    assert str(schema.VERSION + 1) in caught.value.message
    assert history.path.read_bytes() == before


def test_an_older_file_is_migrated_and_keeps_its_rows(history, monkeypatch):
    history.add_probe(probe())
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("ALTER TABLE reports ADD COLUMN pinned INTEGER",)))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    again = History(history.path).open()
    assert again.probes() == (probe(),)
    with sqlite3.connect(history.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION
        assert "pinned" in [row[1] for row in connection.execute("PRAGMA table_info(reports)")]
    connection.close()


def calibration(fingerprint="here", created="2026-11-24T10:00:00+00:00"):
    work = KernelWork(kind="matrices", family="int4", level="memory", moved_bytes=1e8, num_flops=4e8, num_calls=8)
    return Calibration(
        created=created, fingerprint=fingerprint, runtime_version="1.32.0", power_source="mains", num_threads=2,
        l2_bytes=2**20, last_level_cache_bytes=2**25,
        times=(KernelTime(work=work, median_s=0.004, low_s=0.0039, high_s=0.0041, num_blocks=9),),
        loads=(GraphLoad(family="int4", file_bytes=10**8, load_s=0.1),), copy_bytes_per_s=3e10,
        copy_low_bytes_per_s=2.9e10, copy_high_bytes_per_s=3.1e10, grade="B", reasons=("It was warm.",),
        peak_rss_bytes=3 * 10**8, wall_s=12.0,
    )  # fmt: skip


def test_calibrations_come_back_equal_newest_first_and_of_their_machine_only(history):
    old, new = calibration(created="2026-11-01T10:00:00+00:00"), calibration()
    for item in (new, old, calibration("elsewhere")):
        history.add_calibration(item)
    history.close()
    again = History(history.path).open()
    assert again.calibrations(fingerprint="here") == (new, old)
    assert again.calibrations(fingerprint="nowhere") == ()
    assert again.notice == ""


def test_a_file_of_version_1_is_given_calibrations_and_keeps_what_it_holds(tmp_path, machine):
    path = tmp_path / "history.sqlite"
    rows = (
        ("profiles", "created, name, fingerprint, payload", (machine.created, "desk", "here", machine)),
        ("probes", "id, created, model, format, fingerprint, outcome, payload",
         ("p1", probe().created, "owner/small", "onnx-int8", "here", "finished", probe())),
        ("reports", "created, title, payload", ("2026-11-23T10:00:00+00:00", "Mails", {"a": 1})),
    )  # fmt: skip
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        for table, columns, row in rows:
            marks = ", ".join("?" * len(row))
            values = (*row[:-1], msgspec.json.encode(row[-1]))
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)
    history = History(path).open()
    assert history.probes() == (probe(),)
    assert history.profiles() == (machine,)
    assert [record.title for record in history.reports()] == ["Mails"]
    history.add_calibration(calibration())
    assert history.calibrations(fingerprint="here") == (calibration(),)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == schema.VERSION >= 2


def test_measured_files_come_back_equal_newest_first_and_by_their_content(history):
    old, new = fakes_files.result(id="a", created="2026-11-01T10:00:00+00:00"), fakes_files.result(id="b")
    renamed = fakes_files.result(id="c", file="/b/other name.onnx", created="2026-10-01T10:00:00+00:00")
    others = (fakes_files.result(id="d", sha256="cd" * 32), fakes_files.result(id="e", fingerprint="elsewhere"))
    for item in (new, old, renamed, *others):
        history.add_file_probe(item)
    history.close()
    again = History(history.path).open()
    assert again.file_probes(like=new) == (new, old, renamed)
    assert len(again.file_probes()) == 5
    assert again.notice == ""


def test_a_file_of_version_2_is_given_files_and_kept_as_it_was(tmp_path):
    path = tmp_path / "history.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statements in schema.MIGRATIONS[:2]:
            for statement in statements:
                connection.execute(statement)
        connection.execute("PRAGMA user_version = 2")
        connection.execute("INSERT INTO reports (created, title, payload) VALUES ('2026-11-23T10', 'Mails', '{}')")
    history = History(path).open()
    assert [record.title for record in history.reports()] == ["Mails"]
    history.add_file_probe(fakes_files.result())
    assert history.file_probes() == (fakes_files.result(),)
    with contextlib.closing(sqlite3.connect(tmp_path / "history.sqlite.v2-backup")) as backup:
        assert backup.execute("PRAGMA user_version").fetchone()[0] == 2
        assert backup.execute("SELECT title FROM reports").fetchall() == [("Mails",)]
        tables = {row[0] for row in backup.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "file_probes" not in tables


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    created: str = "2026-11-27T10:00:00+00:00"
    model: str = "owner/small"
    format: str = "onnx-int4-b32"
    fingerprint: str = "here"
    findings: tuple[str, ...] = ("de", "sw")


def test_evaluations_come_back_equal_newest_first_and_by_kind_model_format_and_machine(history):
    old, new = Judged(id="a", created="2026-11-01T10:00:00+00:00"), Judged(id="b")
    others = (Judged(id="c", model="m"), Judged(id="d", format="f"), Judged(id="e", fingerprint="elsewhere"))
    for item in (new, old, *others):
        history.add_evaluation("compression", item)
    history.add_evaluation("examples", Judged(id="x"))
    history.add_evaluation("compression", msgspec.structs.replace(old, findings=()))
    history.close()
    again = History(history.path).open()
    found = again.evaluations("compression", Judged, model="owner/small", format="onnx-int4-b32", fingerprint="here")
    assert found == (new, msgspec.structs.replace(old, findings=()))
    assert len(again.evaluations("compression", Judged)) == 5
    assert again.evaluations("examples", Judged) == (Judged(id="x"),)
    assert again.notice == ""


def test_a_file_of_version_3_is_given_evaluations_and_kept_as_it_was(tmp_path):
    path = tmp_path / "history.sqlite"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statements in schema.MIGRATIONS[:3]:
            for statement in statements:
                connection.execute(statement)
        connection.execute("PRAGMA user_version = 3")
        connection.execute("INSERT INTO reports (created, title, payload) VALUES ('2026-11-23T10', 'Mails', '{}')")
    history = History(path).open()
    assert [record.title for record in history.reports()] == ["Mails"]
    history.add_evaluation("compression", Judged(id="a"))
    assert history.evaluations("compression", Judged) == (Judged(id="a"),)
    with contextlib.closing(sqlite3.connect(tmp_path / "history.sqlite.v3-backup")) as backup:
        assert backup.execute("PRAGMA user_version").fetchone()[0] == 3
        tables = {row[0] for row in backup.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "evaluations" not in tables


def test_a_new_file_leaves_no_backup(history):
    assert [path.name for path in history.path.parent.iterdir() if "backup" in path.name] == []


def test_a_failed_migration_changes_nothing(history, monkeypatch):
    history.add_probe(probe())
    broken = ("ALTER TABLE reports ADD COLUMN pinned INTEGER", "ALTER TABLE no_such_table ADD COLUMN x INTEGER")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(StorageError):
        History(history.path).open()
    monkeypatch.undo()
    assert History(history.path).open().probes() == (probe(),)


def test_a_locked_file_is_said_and_nothing_is_lost(history):
    history.add_probe(probe())
    impatient = History(history.path, busy_timeout_s=0.0)
    holder = sqlite3.connect(history.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StorageError) as caught:
            impatient.add_probe(probe("p2"))
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert caught.value.code == "history-locked"
    assert caught.value.remedy
    impatient.add_probe(probe("p2"))
    assert len(history.probes()) == 2


def test_closing_a_busy_file_does_not_raise(history):
    history.add_probe(probe())
    reader = sqlite3.connect(history.path, isolation_level=None)
    reader.execute("BEGIN IMMEDIATE")
    try:
        History(history.path, busy_timeout_s=0.0).close()
    finally:
        reader.close()
    assert history.probes() == (probe(),)


def test_closing_after_the_folder_vanished_does_not_raise(history):
    import shutil

    shutil.rmtree(history.path.parent)
    history.close()
    with pytest.raises(StorageError) as caught:
        history.add_probe(probe())
    assert caught.value.code == "history-not-writable"


def test_a_corrupt_file_that_cannot_be_set_aside_is_left_and_said(tmp_path):
    path = tmp_path / ("h" * 250)  # no room left in the name for the suffix
    path.write_bytes(b"rubbish" * 100)
    with pytest.raises(StorageError) as caught:
        History(path).open()
    assert caught.value.code == "history-not-writable"
    assert path.read_bytes() == b"rubbish" * 100


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "history.sqlite", tmp_path):
        with pytest.raises(StorageError) as caught:
            History(path).open()
        assert caught.value.code == "history-not-writable"
        assert str(path) in caught.value.message


def test_a_full_disk_is_said(history):
    history.add_probe(probe())
    with sqlite3.connect(history.path) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()

    class Cramped(History):
        def _write(self, sql, values):
            with self._connection() as connection:
                connection.execute(f"PRAGMA max_page_count = {pages}")
                connection.execute(sql, values)
            return 0

    with pytest.raises(StorageError) as caught:
        Cramped(history.path).add_report(b"x" * 10_000_000, "too large")
    assert caught.value.code == "history-full"
    assert history.probes() == (probe(),)


def test_a_row_of_another_version_does_not_hide_the_others(history):
    history.add_probe(probe())
    with sqlite3.connect(history.path) as connection:
        connection.execute(
            "INSERT INTO probes VALUES ('alien', '2027', 'm', 'f', 'here', 'finished', ?)", (b'{"what":"is this"}',)
        )
    connection.close()
    assert history.probes() == (probe(),)
    assert history.probes() == (probe(),)
    assert history.notice.count("1 of 2 saved measurements") == 1


def test_many_threads_may_write_at_once(history):
    errors = []

    def work(name):
        try:
            for number in range(5):
                history.add_probe(probe(f"{name}-{number}"))
        except StorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(history.probes()) == 20


def test_a_crash_in_the_middle_of_a_write_leaves_the_rest_intact(history):
    history.add_probe(probe())
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('PRAGMA cache_size = 1')\n"
        "for n in range(200):\n"
        "    c.execute(\"INSERT INTO reports (created, title, payload) VALUES ('x', 'y', ?)\", (b'z' * 9000,))\n"
        "os._exit(9)\n"
    )
    child = subprocess.run([sys.executable, "-c", code, str(history.path)], check=False)
    assert child.returncode == 9
    again = History(history.path).open()
    assert again.probes() == (probe(),)
    assert again.reports() == ()
    assert again.notice == ""
