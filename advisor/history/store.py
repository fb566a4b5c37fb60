"""Keep machines, measurements, evaluations, calibrations and reports between starts, in one SQLite file (WAL).

Each call opens its own connection, so any thread may call. It must not decide what is shown: `recommend.merge` does.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from advisor import __version__
from advisor.errors import NotFoundError, StorageError
from advisor.graphs.kernel_case import Calibration
from advisor.hardware.model import HardwareProfile
from advisor.history import backup, failures, schema
from advisor.probe.onnx_file.plan import OnnxFileResult
from advisor.probe.plan import ProbeResult

BUSY_TIMEOUT_S = 2.0
"""[s] How long another program may hold the file before we give up and say so."""
_SIDE_FILES = ("", "-wal", "-shm")
_T = TypeVar("_T")


class ReportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One saved report, without its content."""

    id: int
    created: str
    """ISO 8601, UTC."""
    title: str


class Evaluated(Protocol):
    """What every result of judging a model with its real weights has, whatever else it holds: a Struct."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def created(self) -> str: ...  # noqa: D102
    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102


class History:
    """The history file. `open` once, then add and ask."""

    def __init__(self, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """Remember where the file is; nothing is touched before `open`.

        Args:
            path: the SQLite file; its folder is made when missing.
            busy_timeout_s: [s] longest wait for a lock that another program holds.
        """
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._frozen: StorageError | None = None  # why nothing can be written where the file is, which can be read
        self._notices: list[str] = []

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._path

    @property
    def notice(self) -> str:
        """What the user should know about the file, empty when all is well."""
        return " ".join(self._notices)

    def open(self) -> "History":
        """Make or migrate the file. A damaged one is set aside as `<name>.corrupt-<n>` and a fresh one is begun.

        One that lies where nothing can be written is read as it is; the notice says that nothing is added.

        Raises:
            StorageError: `history-locked`, `history-not-writable`, `history-full`, `history-newer`.
        """
        try:
            self._prepare()
        except failures.DamagedError:
            self._set_aside()
            self._prepare()
        except StorageError as error:
            if not failures.is_of_place(error) or not self._readable(error):
                raise
            self._notices.append(error.sentence())
        return self

    def close(self) -> None:
        """Fold the write-ahead log into the file, so that one file holds everything. Never raises for a busy file."""
        try:
            with self._connection() as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except StorageError:
            return  # the log stays beside the file and is folded in by a later start

    def add_profile(self, profile: HardwareProfile) -> None:
        """Keep a machine. Raises: StorageError, as `open`."""
        self._write(
            "INSERT INTO profiles (created, name, fingerprint, payload) VALUES (?, ?, ?, ?)",
            (profile.created, profile.name, profile.fingerprint, msgspec.json.encode(profile)),
        )

    def profiles(self) -> tuple[HardwareProfile, ...]:
        """Return the kept machines, newest first. Raises: StorageError, as `open`."""
        rows = self._read("SELECT payload FROM profiles ORDER BY created DESC, id DESC", ())
        return self._decoded(rows, HardwareProfile, "machines")

    def add_probe(self, result: ProbeResult) -> None:
        """Keep a probe's result; the same id again replaces it. Raises: StorageError, as `open`."""
        self._write(
            "INSERT OR REPLACE INTO probes (id, created, model, format, fingerprint, outcome, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                result.id,
                result.created,
                result.model,
                result.format,
                result.fingerprint,
                result.outcome,
                msgspec.json.encode(result),
            ),
        )

    def probes(
        self, *, model: str | None = None, format: str | None = None, fingerprint: str | None = None
    ) -> tuple[ProbeResult, ...]:
        """Return kept probes, newest first.

        Args:
            model: only of this model.
            format: only of this format id.
            fingerprint: only of this machine.

        Raises:
            StorageError: as `open`.
        """
        rows = self._read(
            "SELECT payload FROM probes WHERE (:model IS NULL OR model = :model)"
            " AND (:format IS NULL OR format = :format) AND (:machine IS NULL OR fingerprint = :machine)"
            " ORDER BY created DESC, rowid DESC",
            {"model": model, "format": format, "machine": fingerprint},
        )
        return self._decoded(rows, ProbeResult, "measurements")

    def add_file_probe(self, result: OnnxFileResult) -> None:
        """Keep what was measured of an ONNX file; the same id again replaces it. Raises: StorageError, as `open`."""
        self._write(
            "INSERT OR REPLACE INTO file_probes (id, created, sha256, file_bytes, fingerprint, payload)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                result.id, result.created, result.sha256, result.header.file_bytes, result.fingerprint,
                msgspec.json.encode(result),
            ),
        )  # fmt: skip

    def file_probes(self, *, like: OnnxFileResult | None = None) -> tuple[OnnxFileResult, ...]:
        """Return kept measurements of ONNX files, newest first.

        Args:
            like: only of the same file, by content, on the same machine.

        Raises:
            StorageError: as `open`.
        """
        sha256, size_bytes, machine = (
            (None, None, None) if like is None else (like.sha256, like.header.file_bytes, like.fingerprint)
        )
        rows = self._read(
            "SELECT payload FROM file_probes WHERE (:sha256 IS NULL OR sha256 = :sha256)"
            " AND (:size IS NULL OR file_bytes = :size) AND (:machine IS NULL OR fingerprint = :machine)"
            " ORDER BY created DESC, rowid DESC",
            {"sha256": sha256, "size": size_bytes, "machine": machine},
        )
        return self._decoded(rows, OnnxFileResult, "measurements of files")

    def add_evaluation(self, kind: str, result: Evaluated) -> None:
        """Keep what judging a model with its real weights gave; the same id again replaces it.

        Args:
            kind: `compression`, `examples`: what `evaluations` is asked for; the type of `result` follows from it.
            result: a Struct.

        Raises:
            StorageError: as `open`.
        """
        self._write(
            "INSERT OR REPLACE INTO evaluations (id, created, kind, model, format, fingerprint, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                result.id, result.created, kind, result.model, result.format, result.fingerprint,
                msgspec.json.encode(result),
            ),
        )  # fmt: skip

    def evaluations(
        self, kind: str, type: type[_T], *, model: str | None = None, format: str | None = None,
        fingerprint: str | None = None,
    ) -> tuple[_T, ...]:  # fmt: skip
        """Return kept evaluations of one kind, newest first.

        Args:
            kind: as it was added.
            type: the Struct that was added.
            model: only of this model.
            format: only of this format id.
            fingerprint: only of this machine.

        Raises:
            StorageError: as `open`.
        """
        rows = self._read(
            "SELECT payload FROM evaluations WHERE kind = :kind AND (:model IS NULL OR model = :model)"
            " AND (:format IS NULL OR format = :format) AND (:machine IS NULL OR fingerprint = :machine)"
            " ORDER BY created DESC, rowid DESC",
            {"kind": kind, "model": model, "format": format, "machine": fingerprint},
        )
        return self._decoded(rows, type, "evaluations")

    def add_calibration(self, calibration: Calibration) -> None:
        """Keep what calibrating measured. Raises: StorageError, as `open`."""
        self._write(
            "INSERT INTO calibrations (created, fingerprint, payload) VALUES (?, ?, ?)",
            (calibration.created, calibration.fingerprint, msgspec.json.encode(calibration)),
        )

    def calibrations(self, *, fingerprint: str) -> tuple[Calibration, ...]:
        """Return the kept calibrations of one machine, newest first. Raises: StorageError, as `open`."""
        rows = self._read(
            "SELECT payload FROM calibrations WHERE fingerprint = ? ORDER BY created DESC, id DESC", (fingerprint,)
        )
        return self._decoded(rows, Calibration, "calibrations")

    def add_report(self, document_json: bytes, title: str) -> int:
        """Keep a report and return its id.

        Args:
            document_json: the report document as JSON.
            title: what the list shows.

        Raises:
            StorageError: as `open`.
        """
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return self._write(
            "INSERT INTO reports (created, title, payload) VALUES (?, ?, ?)", (created, title, document_json)
        )

    def reports(self) -> tuple[ReportRecord, ...]:
        """Return the kept reports, newest first. Raises: StorageError, as `open`."""
        rows = self._read("SELECT id, created, title FROM reports ORDER BY created DESC, id DESC", ())
        return tuple(ReportRecord(id=row[0], created=row[1], title=row[2]) for row in rows)

    def report(self, report_id: int) -> bytes:
        """Return the document of a kept report.

        Raises:
            NotFoundError: `report-not-found`.
            StorageError: as `open`.
        """
        rows = self._read("SELECT payload FROM reports WHERE id = ?", (report_id,))
        if not rows:
            raise NotFoundError(
                "report-not-found", f"There is no report {report_id} in the history.", remedy="Choose one of the list."
            )
        return bytes(rows[0][0])

    def _prepare(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failures.not_writable(self._path, str(error.strerror or error)) from error
        with self._connection() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > schema.VERSION:
                raise failures.newer(self._path, version)
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise failures.damaged(self._path, "quick_check")
            connection.execute("PRAGMA journal_mode = WAL")
            if version < schema.VERSION:
                if version:  # 0: a new file, there is nothing to lose
                    backup.keep(connection, self._path, version)
                schema.migrate(connection)
            schema.sign(connection, __version__)

    def _readable(self, why: StorageError) -> bool:
        """Return whether the file can be read where nothing can be written, and read it so from now on."""
        log = self._path.with_name(f"{self._path.name}-wal")
        try:
            if not self._path.is_file() or (log.exists() and log.stat().st_size):  # of the log nothing would be seen
                return False
        except OSError:
            return False
        self._frozen = why
        with self._connection() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > schema.VERSION:
            raise failures.newer(self._path, version)
        return True

    def _set_aside(self) -> None:
        number = 1
        try:
            while (aside := self._path.with_name(f"{self._path.name}.corrupt-{number}")).exists():
                number += 1
            for suffix in _SIDE_FILES:
                source = self._path.with_name(self._path.name + suffix)
                if source.exists():
                    source.replace(aside.with_name(aside.name + suffix))
        except OSError as error:
            raise failures.not_writable(self._path, str(error.strerror or error)) from error
        self._notices.append(f"The history file was damaged. It was kept as {aside.name} and a new one was begun.")

    def _write(self, sql: str, values: tuple[Any, ...]) -> int:
        if self._frozen is not None:
            raise self._frozen
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row_id = connection.execute(sql, values).lastrowid
            connection.execute("COMMIT")
        return int(row_id or 0)

    def _read(self, sql: str, values: tuple[Any, ...] | dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            try:
                return connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if self._frozen and "no such table" in str(error):
                    return []  # of an older version, which cannot be migrated here
                raise

    def _decoded(self, rows: list[tuple[Any, ...]], kind: type[_T], what: str) -> tuple[_T, ...]:
        """Decode payloads; one that a newer version wrote is left out and said, it does not hide the others."""
        good: list[_T] = []
        for (payload,) in rows:
            try:
                good.append(msgspec.json.decode(bytes(payload), type=kind))
            except msgspec.MsgspecError:
                continue
        lost = len(rows) - len(good)
        sentence = f"{lost} of {len(rows)} saved {what} cannot be read by this version and are not shown."
        if lost and sentence not in self._notices:
            self._notices.append(sentence)
        return tuple(good)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            place = f"{self._path.absolute().as_uri()}?immutable=1" if self._frozen else str(self._path)
            connection = sqlite3.connect(
                place, timeout=self._busy_timeout_s, isolation_level=None, uri=self._frozen is not None
            )  # fmt: skip
            # NORMAL in WAL: a power cut may lose the last write, it cannot damage the file.
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection
        except sqlite3.Error as error:
            raise failures.translated(error, self._path) from error
        finally:
            if connection is not None:
                connection.close()
