"""How a ledger's file is made, opened and judged: only its owner may read it, and what is no ledger is left alone."""

from __future__ import annotations

import errno
import os
import sqlite3  # noqa: TID253 - imported when a ledger is opened
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qwcli.errors import QwcliError
from qwcli.store.files import is_file
from qwcli.store.ledger_schema import APPLICATION_ID, MIGRATIONS, migrate, version

PATIENCE = 10.0
"""Seconds to wait for other processes that write to the same ledger."""

_SMALLEST = 512
"""Bytes of the smallest database."""


def connect(path: Path, *, write: bool, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open a ledger, making or migrating it first where it may be written.

    Raises `QwcliError` for one that is missing (when only read), newer, read-only, locked for long, or not a ledger.
    """
    try:
        if write:
            _create(path)
        elif not is_file(path):
            raise QwcliError(f"There is no ledger at {path}.", hint="`qwcli ask` or `qwcli bench` begins one.")
        connection = _open(path, patience, write=write)
        try:
            _prepare(connection, path, patience, write=write)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        denied = error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} and os.access(path, os.F_OK)
        raise QwcliError(
            f"The ledger {path} is read-only." if denied else f"The ledger {path} cannot be opened: {error.strerror}.",
            hint="Make it writable, or name another file with --ledger PATH or QWCLI_LEDGER.",
        ) from error
    return connection


def explain(error: sqlite3.Error, path: Path) -> QwcliError:
    """What a failure of the database means for the user, and what to do about it."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, message, hint in _REASONS:
        if name.startswith(prefix):
            return QwcliError(f"The ledger {path} {message}.", hint=hint)
    return QwcliError(f"The ledger {path} failed: {error}.", hint="Name another file with --ledger PATH.")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever fails in the database inside is told as `explain` tells it."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error


_REASONS = (
    ("SQLITE_NOTADB", "is not a ledger", "Name another file with --ledger PATH."),
    ("SQLITE_CORRUPT", "is damaged", "Put it aside and begin a new one; `sqlite3 FILE .recover` may save its rows."),
    ("SQLITE_READONLY", "is read-only", "Make the file and its folder writable, or name another with --ledger PATH."),
    ("SQLITE_FULL", "cannot grow: the disk is full", "Make room, then resume the run."),
    ("SQLITE_IOERR", "cannot be read or written: the disk reports an error", "Check the disk, then resume the run."),
    ("SQLITE_BUSY", "is locked by another process", "Wait for it to end, or name another file with --ledger PATH."),
    ("SQLITE_CANTOPEN", "cannot be opened", "Check that its folder exists and that you may write there."),
)


def _create(path: Path) -> None:
    """Make the file before SQLite does: the journals beside it take over its mode, so none is ever open to others.

    A file that is there is never opened but by SQLite: to close it anywhere in a process takes away the locks of every
    connection of that process, and other processes then damage it (sqlite.org/howtocorrupt.html, section 2.2).
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def _open(path: Path, patience: float, *, write: bool) -> sqlite3.Connection:
    if 0 < path.stat().st_size < _SMALLEST:  # SQLite would take it for an empty one
        raise QwcliError(f"The ledger {path} is not a ledger.", hint="Name another file with --ledger PATH.")
    try:
        return _connection(path, "mode=rw" if write else "mode=ro", patience)
    except sqlite3.OperationalError:
        if write or path.with_name(path.name + "-wal").exists():
            raise
        # SQLite could not make the files it shares with writers; where it cannot, nobody writes.
        return _connection(path, "mode=ro&immutable=1", patience)


def _connection(path: Path, how: str, patience: float) -> sqlite3.Connection:
    # A connection is handed to the writer's thread, and then used by that thread alone.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}", uri=True, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, patience: float, *, write: bool) -> None:
    _check(connection, path)
    if version(connection) == len(MIGRATIONS):
        if write:
            _log_ahead(connection, patience)
        return
    if write:
        _log_ahead(connection, patience)
        migrate(connection)
        return
    # An older ledger is brought up to date before it is read: the queries know one schema only.
    connect(path, write=True, patience=patience).close()


def _check(connection: sqlite3.Connection, path: Path) -> None:
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if mark != APPLICATION_ID and connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
        raise QwcliError(
            f"{path} is a database of another program, not a ledger.", hint="Name another file with --ledger PATH."
        )
    found = version(connection)
    if found > len(MIGRATIONS):
        raise QwcliError(
            f"The ledger {path} was written by a newer qwcli (schema {found}; this one knows {len(MIGRATIONS)}).",
            hint="Update qwcli, or name another file with --ledger PATH.",
        )


def _log_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Turn on the write-ahead log; SQLite does not itself wait for a process that is just doing the same."""
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return
