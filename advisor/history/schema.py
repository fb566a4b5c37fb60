"""The tables of the history file and the steps from each older version to the newest."""

import contextlib
import sqlite3

_VERSION_1 = (
    """CREATE TABLE profiles (
        id INTEGER PRIMARY KEY, created TEXT NOT NULL, name TEXT NOT NULL, fingerprint TEXT NOT NULL,
        payload BLOB NOT NULL)""",
    """CREATE TABLE probes (
        id TEXT PRIMARY KEY, created TEXT NOT NULL, model TEXT NOT NULL, format TEXT NOT NULL,
        fingerprint TEXT NOT NULL, outcome TEXT NOT NULL, payload BLOB NOT NULL)""",
    "CREATE INDEX probes_of_machine ON probes (fingerprint, model, format)",
    """CREATE TABLE reports (
        id INTEGER PRIMARY KEY, created TEXT NOT NULL, title TEXT NOT NULL, payload BLOB NOT NULL)""",
)
_VERSION_2 = (
    """CREATE TABLE calibrations (
        id INTEGER PRIMARY KEY, created TEXT NOT NULL, fingerprint TEXT NOT NULL, payload BLOB NOT NULL)""",
    "CREATE INDEX calibrations_of_machine ON calibrations (fingerprint, created)",
)
_VERSION_3 = (
    """CREATE TABLE file_probes (
        id TEXT PRIMARY KEY, created TEXT NOT NULL, sha256 TEXT NOT NULL, file_bytes INTEGER NOT NULL,
        fingerprint TEXT NOT NULL, payload BLOB NOT NULL)""",
    "CREATE INDEX file_probes_of_file ON file_probes (sha256, file_bytes, fingerprint)",
)
_VERSION_4 = (
    """CREATE TABLE evaluations (
        id TEXT PRIMARY KEY, created TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, format TEXT NOT NULL,
        fingerprint TEXT NOT NULL, payload BLOB NOT NULL)""",
    "CREATE INDEX evaluations_of_model ON evaluations (kind, model, format, fingerprint)",
)
MIGRATIONS: tuple[tuple[str, ...], ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""Entry n brings a file from version n to version n + 1."""
VERSION = len(MIGRATIONS)
"""Kept in SQLite's `user_version`."""


def sign(connection: sqlite3.Connection, version: str) -> None:
    """Note which version of the app has worked on this file, for whoever looks into it later; older ones do not mind.

    Args:
        connection: in autocommit mode.
        version: of the app.
    """
    with contextlib.suppress(sqlite3.OperationalError):  # locked, full: it is only a note
        connection.execute("CREATE TABLE IF NOT EXISTS app_versions (version TEXT PRIMARY KEY, since TEXT NOT NULL)")
        if connection.execute("SELECT 1 FROM app_versions WHERE version = ?", (version,)).fetchone() is None:
            connection.execute("INSERT OR IGNORE INTO app_versions VALUES (?, datetime('now'))", (version,))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to `VERSION`, wholly or not at all.

    The version is read again under the write lock: another program may have migrated in between.

    Args:
        connection: in autocommit mode.
    """
    connection.execute("BEGIN IMMEDIATE")
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
