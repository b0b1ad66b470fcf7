"""The one thread that writes to a ledger: it takes all that waits, writes one transaction, then wakes all who wait."""

from __future__ import annotations

import asyncio
import sqlite3  # noqa: TID253 - imported when a ledger is opened for writing
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue

from qwcli.core.call import Attempt, Call
from qwcli.core.journal import Sending
from qwcli.errors import QwcliError
from qwcli.store import ledger_rows as rows
from qwcli.store.ledger_file import PATIENCE, explain

LATE = 0.05
"""Seconds an answer may wait for others to be written with; an attempt about to be sent waits for none."""

MOST = 2_000
"""Items in one transaction, and waiting ones before whoever adds more must wait for the disk."""


PERSISTENCE = 6
"""How many times as long as elsewhere a locked ledger is waited for: what is to be written has been paid for."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A call that was made elsewhere, whole: it was not sent by us, so its attempt is only carried along."""

    sending: Sending
    call: Call


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement to execute in its turn, and whom to tell; an empty one only tells when all before it is on disk."""

    sql: str = ""
    values: Sequence[object] = ()
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Waiting:
    sending: Sending
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]


class _Stop:
    """Ends the thread once everything before it is written."""


Item = _Waiting | Attempt | Call | Elsewhere | Statement | _Stop


class Writer:
    """Owns a connection and the thread that uses it. The first failure ends it; every later use raises that failure."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, texts: rows.Texts, patience: float = PATIENCE
    ) -> None:
        self._connection = connection
        self._path = path
        self._texts = texts
        self._patience = patience * PERSISTENCE
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._error: QwcliError | None = None
        self._thread = threading.Thread(target=self._write, name="qwcli-ledger", daemon=True)
        self._thread.start()

    async def sending(self, sending: Sending) -> None:
        """Write that an attempt is about to be sent; returns when a killed process would not lose it."""
        self._raise()
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._queue.put(_Waiting(sending, loop, future))
        if self._error is not None:  # it failed just now, and may not have seen this one
            future.cancel()
            raise self._error
        await future

    def put(self, item: Attempt | Call | Elsewhere) -> None:
        """Have something written a little later; waits only when the disk has fallen far behind."""
        self._raise()
        self._queue.put(item)
        if self._queue.qsize() > MOST:
            self.execute()

    def execute(self, sql: str = "", values: Sequence[object] = ()) -> None:
        """Execute a statement after all that came before it, and return when it is on disk."""
        statement = Statement(sql, values)
        self._raise()
        self._queue.put(statement)
        while not statement.done.wait(0.2) and self._thread.is_alive():
            pass
        self._raise()

    def close(self) -> None:
        """Write what waits, end the thread and close the file. Raises what went wrong, if anything did."""
        self._queue.put(_Stop())
        impatient = False
        while self._thread.is_alive():
            try:
                self._thread.join()
            except KeyboardInterrupt:
                # A second Ctrl-C must not lose what was paid for; this takes no longer than the disk does.
                impatient = True
        if impatient:
            raise KeyboardInterrupt
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        batch: list[Item] = []
        stopped = False
        try:
            while not stopped:
                batch = self._gather()
                stopped = any(isinstance(item, _Stop) for item in batch)
                self._persist(batch)
                _wake(batch, None)
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            stopped = True
            self._error = explain(error, self._path)
        finally:
            # A bug shows its traceback through `threading.excepthook`; nobody may be left waiting for it.
            if not stopped:
                self._error = QwcliError(
                    f"Writing to the ledger {self._path} failed.", hint="This is a bug: report it."
                )
            self._connection.close()
            _wake(batch, self._error)
            _wake(self._rest(), self._error or RuntimeError("the ledger is closed"))

    def _gather(self) -> list[Item]:
        """Everything that waits; where nobody waits for it, also what comes within `LATE` seconds."""
        batch = [self._queue.get()]
        until = time.monotonic() + LATE
        urgent = not isinstance(batch[0], (Attempt, Call))
        while len(batch) < MOST:
            try:
                item = (
                    self._queue.get_nowait() if urgent else self._queue.get(timeout=max(0.0, until - time.monotonic()))
                )
            except Empty:
                break
            urgent = urgent or not isinstance(item, (Attempt, Call))
            batch.append(item)
        return batch

    def _rest(self) -> list[Item]:
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def _persist(self, batch: Sequence[Item]) -> None:
        """Write a batch, again while another process holds the lock; all or nothing of it is written at a time."""
        until = time.monotonic() + self._patience
        while True:
            try:
                self._commit(batch)
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                    raise
                if self._connection.in_transaction:
                    self._connection.rollback()
                time.sleep(0.01)  # SQLite does not wait for every kind of lock
            else:
                return

    def _commit(self, batch: Iterable[Item]) -> None:
        """One transaction, beginnings first: within a call that is their order anyway, and calls are independent."""
        begun: list[tuple[Sending, str]] = []
        attempts: list[Attempt] = []
        calls: list[Call] = []
        statements: list[Statement] = []
        for item in batch:
            if isinstance(item, _Waiting):
                begun.append((item.sending, "sent"))
            elif isinstance(item, Attempt):
                attempts.append(item)
            elif isinstance(item, Call):
                calls.append(item)
            elif isinstance(item, Elsewhere):
                begun.append((item.sending, "given"))
                attempts.append(item.call.answered)
                calls.append(item.call)
            elif isinstance(item, Statement) and item.sql:
                statements.append(item)
        self._connection.execute("BEGIN IMMEDIATE")
        self._begin(begun)
        self._end(attempts, calls)
        for statement in statements:
            self._connection.execute(statement.sql, statement.values)
        self._connection.execute("COMMIT")

    def _begin(self, begun: Sequence[tuple[Sending, str]]) -> None:
        many = self._connection.executemany
        many(rows.BEGIN_CALL, [rows.call_start(sending) for sending, _ in begun])
        many(rows.BEGIN_ATTEMPT, [rows.attempt_start(sending, state) for sending, state in begun])
        many(rows.KEEP_PROMPT, [rows.prompt(sending, self._texts) for sending, _ in begun])
        tags = [(sending.call, rows.storable(tag)) for sending, _ in begun for tag in sending.identity.tags]
        many(rows.KEEP_TAG, tags)

    def _end(self, attempts: Sequence[Attempt], calls: Sequence[Call]) -> None:
        many = self._connection.executemany
        many(rows.END_ATTEMPT, [rows.attempt_end(attempt, self._texts) for attempt in attempts])
        answers = [rows.answer(attempt, self._texts) for attempt in attempts]
        many(rows.KEEP_ANSWER, [row for row in answers if row is not None])
        many(rows.END_CALL, [rows.call_end(call, self._texts) for call in calls])


def _wake(items: Iterable[Item], error: Exception | None) -> None:
    """Tell all who wait, with one message to each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for item in items:
        if isinstance(item, _Waiting):
            loops.setdefault(item.loop, []).append(item.future)
        elif isinstance(item, Statement):
            item.done.set()
    for loop, futures in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, futures, error)


def _settle(futures: Iterable[asyncio.Future[None]], error: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
