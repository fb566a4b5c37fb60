"""Files of earlier versions, made by those versions: read with the same values, backed up, and never lost."""

import contextlib
import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import limited
import pytest

from advisor import __version__, paths, settings
from advisor.catalog import own_models
from advisor.convert import shelf
from advisor.energy import wall_store
from advisor.hardware import profile as machines
from advisor.history import schema
from advisor.history.store import History
from advisor.runnable import provenance
from advisor.ui.controllers import jobs

DATA = Path(__file__).resolve().parents[1] / "data" / "upgrade"
SCHEMAS = {"history-1": 1, "history-2": 2, "history-3": 3, "0.1.0": 4}
TASK = "sort 500 emails a day into 6 topics, English, 100 examples"


def lay(version):
    """Put the files of an earlier version where this one looks; return the history file."""
    home = Path(os.environ[paths.HOME_VARIABLE])
    shutil.copytree(DATA / version, home, dirs_exist_ok=True)
    packed = home / "data" / "history.sqlite.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    for folder in home.glob("data/converted/*/*"):
        for file in provenance.read(folder).files:
            with (folder / file.name).open("ab") as stream:
                stream.truncate(file.size_bytes)
    return packed.with_suffix("")


def rows(file, table):
    """Return what a table of a history file holds."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


def tables(file):
    """Return the tables of a history file."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in names if not name.startswith("sqlite_")]


def version_of(file):
    with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def holds(new, old):
    """Return whether a value says all that an older one says; fields may have been added."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(name in new and holds(new[name], value) for name, value in old.items())
    if isinstance(old, list):
        return isinstance(new, list) and len(new) == len(old) and all(map(holds, new, old))
    return new == old


def everything(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def app(*words, limit=None, **variables):
    return subprocess.run(
        limited.words(sys.executable, "-m", "advisor", *words), capture_output=True, text=True, timeout=120,
        env={**os.environ, **variables}, preexec_fn=limit,
    )  # fmt: skip


def test_there_are_files_of_every_version_of_the_history():
    assert sorted(SCHEMAS.values()) == list(range(1, schema.VERSION + 1))


@pytest.mark.parametrize("version", SCHEMAS)
def test_everything_of_an_older_version_is_there_with_the_same_values(version):
    history, before = lay(version), SCHEMAS[version]
    old = {table: rows(history, table) for table in tables(history)}
    assert version_of(history) == before
    shown = jobs.load_archive()  # what the window lists
    assert shown.notice == ""
    assert version_of(history) == schema.VERSION
    assert {table: rows(history, table) for table in old} == old
    listed = {"probes": shown.probes, "file_probes": shown.files}
    if before >= 4:
        listed["evaluations"] = (*shown.compressions, *jobs.examples_jobs.last_run(shown.compressions[0].fingerprint))
    for table, found in listed.items():
        payloads = sorted((row[0], json.loads(row[-1])) for row in old.get(table, ()))
        values = sorted((item.id, json.loads(jobs.msgspec.json.encode(item))) for item in found)
        assert all(holds(now[1], then[1]) for now, then in zip(values, payloads, strict=True))
    assert len(shown.probes) == 1
    assert [report.title for report in shown.reports] == ["Model advice: text classification"]
    assert jobs.read_report(shown.reports[0].id).answer is not None
    store = History(history).open()
    (machine,) = {profile.fingerprint for profile in store.profiles()}
    assert len(store.calibrations(fingerprint=machine)) == (before >= 2)
    store.close()
    backup = history.with_name(f"history.sqlite.v{before}-backup")
    assert backup.exists() == (before < schema.VERSION)
    if backup.exists():
        assert version_of(backup) == before
        assert {table: rows(backup, table) for table in tables(backup)} == old
    assert rows(history, "app_versions")[-1][0] == __version__


@pytest.mark.parametrize("version", SCHEMAS)
def test_opening_again_changes_nothing_more(version):
    history = lay(version)
    jobs.load_archive()
    before = everything(history.parents[1])
    jobs.load_archive()
    settings.load()
    assert everything(history.parents[1]) == before


@pytest.mark.parametrize("version", SCHEMAS)
def test_settings_and_a_saved_machine_of_an_older_version_are_used(version):
    home = lay(version).parents[1]
    chosen = settings.load()
    assert (chosen.theme, chosen.text_size_share, chosen.region) == ("dark", 1.25, "DE")
    assert (chosen.memory_reserve_bytes, chosen.redact_reports, chosen.unknown_fields) == (2**30, False, {})
    if SCHEMAS[version] >= 3:
        assert (chosen.grid_g_per_kwh, chosen.price_per_kwh, chosen.currency) == (321.0, 0.31, "CHF")
        assert chosen.energy_mode == "standard"
    settings.save(chosen)
    assert settings.load() == chosen
    assert f'written_by = "{__version__}"' in settings.file().read_text()
    assert machines.load(home / "server.json").memory.total_bytes.value == 64 * 2**30


def test_own_models_converted_models_and_the_wall_meter_of_the_release_before_are_listed():
    history = lay("0.1.0")
    (own,) = own_models.read().models
    assert own.card.id == "tiny-bert"
    (model,) = shelf.models()
    assert (model.format_id, model.problem) == ("onnx-fp32", "")
    (machine,) = {row[3] for row in rows(history, "profiles")}
    assert len(wall_store.load(machine).pairs) == 8
    assert [item["model"] for item in json.loads(app("models", "list", "--json").stdout)["models"]] == ["tiny-bert"]
    assert "tiny-bert" in app("converted", "list").stdout


def test_the_command_line_uses_what_an_older_version_measured(tmp_path):
    history = lay("history-1")
    machine = tmp_path / "machine.json"
    machine.write_bytes(rows(history, "profiles")[0][-1])
    done = app("recommend", "--machine", str(machine), "--task", TASK, "--all", "--json")
    assert done.returncode == 0, done.stderr
    assert "measured-synthetic" in done.stdout
    assert version_of(history) == schema.VERSION


KILLED = """
import os, signal, sys
from pathlib import Path
from advisor.history import schema
from advisor.history.store import History

def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def steps(first):
    yield first
    dies()

if sys.argv[2] == "copy":
    Path.replace = dies
else:
    schema.MIGRATIONS = (schema.MIGRATIONS[0], steps(schema.MIGRATIONS[1][0]), *schema.MIGRATIONS[2:])
History(Path(sys.argv[1])).open()
"""


@pytest.mark.parametrize("moment", ["copy", "tables"])
def test_killed_in_the_middle_nothing_is_lost_and_the_next_start_completes(moment):
    history = lay("history-1")
    old = {table: rows(history, table) for table in tables(history)}
    done = subprocess.run([sys.executable, "-c", KILLED, history, moment], check=False)
    assert done.returncode == -signal.SIGKILL
    assert version_of(history) == 1
    assert {table: rows(history, table) for table in tables(history)} == old
    assert jobs.load_archive().notice == ""
    assert version_of(history) == schema.VERSION
    assert {table: rows(history, table) for table in old} == old
    assert version_of(history.with_name("history.sqlite.v1-backup")) == 1


READS = """
import sys
from pathlib import Path
from advisor.history.store import History
history = History(Path(sys.argv[1])).open()
print(history.notice, len(history.probes()), len(history.file_probes()), sep="\\n")
"""


def test_without_space_for_the_copy_the_file_is_read_as_it_is_and_migrated_later():
    history = lay("history-1")
    old = history.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", READS, history], capture_output=True, text=True, timeout=60,
        preexec_fn=limited.no_file_above(len(old) // 2),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith(("The history file", "There is no space"))
    assert done.stdout.splitlines()[1:] == ["1", "0"]
    assert history.read_bytes() == old
    assert [path.name for path in history.parent.iterdir()] == ["history.sqlite"]
    jobs.load_archive()
    assert version_of(history) == schema.VERSION


def test_the_newest_two_backups_stay():
    history = lay("history-3")
    for version in (1, 2):
        shutil.copy(history, history.with_name(f"history.sqlite.v{version}-backup"))
    jobs.load_archive()
    assert sorted(path.name for path in history.parent.glob("*-backup")) == [
        "history.sqlite.v2-backup", "history.sqlite.v3-backup",
    ]  # fmt: skip


ADDS = """
import sys
from pathlib import Path
from advisor.history.store import History
history = History(Path(sys.argv[1])).open()
for number in range(20):
    history.add_report(b"{}", sys.argv[2])
"""


def test_two_versions_that_start_at_once_on_one_old_file_migrate_it_once_and_lose_nothing():
    history = lay("history-2")
    both = [subprocess.Popen([sys.executable, "-c", ADDS, history, name]) for name in "ab"]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    titles = [record.title for record in History(history).open().reports()]
    assert sorted(titles) == ["Model advice: text classification", *["a"] * 20, *["b"] * 20]
    (backup,) = history.parent.glob("*-backup")
    assert version_of(backup) == 2
    assert len(rows(backup, "reports")) == 1


@pytest.mark.allow_log("a setting of a newer version is announced")
def test_beside_a_newer_version_this_one_goes_on_says_so_once_and_changes_nothing_of_it():
    history = lay("0.1.0")
    with contextlib.closing(sqlite3.connect(history, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    newer = 'version = 9\nwritten_by = "9.0.0"\nregion = "FR"\ntheme = "sepia"\nsparkle = 3\n'
    settings.file().write_text(newer)
    own_models.file().write_text('{"version": 9, "models": [{"what": "is this"}]}')
    before = everything(history.parents[1])
    done = app("recommend", "--task", TASK)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stderr.count("has version 99") == 1, done.stderr
    assert done.stderr.count("newer version of this app") == 1, done.stderr
    assert everything(history.parents[1]) == before
    settings.save(settings.load())
    written = settings.tomllib.loads(settings.file().read_text())
    assert {name: written[name] for name in ("version", "region", "theme", "sparkle")} == {
        "version": 9, "region": "FR", "theme": "sepia", "sparkle": 3,
    }  # fmt: skip


@pytest.fixture
def read_only_home(tmp_path):
    """A home that holds the files of an older version, in which nothing can be written."""
    home = lay("history-3").parents[1]
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield home
    for folder in folders:
        folder.chmod(0o755)


def test_a_home_that_cannot_be_written_is_read_and_said_once(read_only_home, tmp_path):
    before = everything(read_only_home)
    (tmp_path / "machine.json").write_bytes(rows(read_only_home / "data" / "history.sqlite", "profiles")[0][-1])
    done = app("recommend", "--machine", str(tmp_path / "machine.json"), "--task", TASK, "--all", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be written") == 1, done.stderr
    assert "measured-synthetic" in done.stdout
    written = app("report", "--task", TASK, "--output", str(tmp_path / "report.html"), TMPDIR=str(tmp_path))
    assert written.returncode == 0, written.stderr
    assert written.stderr.count("\n") == 1, written.stderr  # nothing of the libraries either
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert everything(read_only_home) == before


def test_the_window_does_the_whole_job_with_an_empty_home_that_cannot_be_written(tmp_path):
    home = Path(os.environ[paths.HOME_VARIABLE])
    home.chmod(0o555)
    try:
        done = app("gui", "--smoke", TMPDIR=str(tmp_path))
    finally:
        home.chmod(0o755)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "write a report: done" in done.stdout
    assert not list(home.iterdir())
    (private,) = tmp_path.glob("model-fit-advisor-*")
    assert private.stat().st_mode & 0o777 == 0o700


def test_no_space_for_a_file_names_it_and_leaves_the_old_one(tmp_path):
    target = tmp_path / "machine.json"
    target.write_text("old")
    done = app("hardware", "--save", str(target), limit=limited.no_file_above(1000))
    assert done.returncode == 2
    assert str(target) in done.stderr
    assert "Traceback" not in done.stderr
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["machine.json"]


def test_no_space_for_the_test_model_is_a_sentence_that_names_the_folder():
    done = app(
        "probe", "sentence-transformers/all-MiniLM-L6-v2", "-f", "onnx-fp32", limit=limited.no_file_above(400_000)
    )
    assert done.returncode == 4
    assert str(paths.cache_folder() / "graphs") in done.stderr, done.stderr
    assert "fault of this app" not in done.stderr
    assert not list((paths.cache_folder() / "graphs").iterdir())
