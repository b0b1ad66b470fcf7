"""The record of every attempt and every call, on disk: one SQLite file that several processes may write to at once."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import sqlite3  # noqa: TID253 - this module is imported when a ledger is opened
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from qwcli.core.call import Attempt, Call
from qwcli.core.journal import Sending
from qwcli.core.run import Latencies, Recorded, Run, RunState
from qwcli.core.spend import Filter, Group, Key
from qwcli.core.verdict import Verdict
from qwcli.errors import QwcliError
from qwcli.store import ledger_recorded, ledger_totals
from qwcli.store.ledger_file import PATIENCE, connect, explained
from qwcli.store.ledger_lease import Lease
from qwcli.store.ledger_rows import Texts, kept_config

if TYPE_CHECKING:
    from qwcli.store.ledger_writer import Writer

_RUN = "id, command, dataset, dataset_digest, config_digest, config, started_at, ended_at, state, simulated, cases, lag"


class Ledger:
    """One ledger, open. A journal for the engine (`sending`, `answered`, `called`), and what reports read.

    Whatever is read includes all that was appended before. A failure to write raises `QwcliError` at the next use.
    """

    def __init__(self, path: Path, reader: sqlite3.Connection, texts: Texts, writer: Writer | None) -> None:
        self.path = path
        self._reader = reader
        self._texts = texts
        self._writer = writer
        self._leases: dict[str, Lease] = {}

    @classmethod
    def open(cls, path: Path, *, text: bool = True, write: bool = True, patience: float = PATIENCE) -> Self:
        """Open the ledger at `path`, which is made where it is to be written; without `text` only digests are kept.

        `patience` is how many seconds other processes that write to it are waited for; with what is to be recorded,
        six times as long.
        Raises `QwcliError` for a ledger that is missing (when only read), newer, read-only, locked, or none at all.
        """
        connection = connect(path, write=write, patience=patience)
        try:
            with explained(path):
                secret = connection.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone()[0]
            texts = Texts(None if text else bytes.fromhex(secret))
            reader = connect(path, write=False, patience=patience) if write else connection
        except BaseException:
            connection.close()
            raise
        if not write:
            return cls(path, reader, texts, None)
        from qwcli.store.ledger_writer import Writer  # noqa: PLC0415 - reading alone needs no event loop

        return cls(path, reader, texts, Writer(connection, path, texts, patience))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except QwcliError as failure:
            if failure is not error:
                raise

    def close(self) -> None:
        """Write what waits and close the file; raises what went wrong with writing, if anything did."""
        self._reader.close()
        try:
            if self._writer is not None:
                writer, self._writer = self._writer, None
                writer.close()
        finally:
            for run in tuple(self._leases):
                self._leases.pop(run).release()

    async def sending(self, sending: Sending) -> None:
        """Record that an attempt is about to be sent; when this returns, a killed process does not lose it."""
        await self._to_write.sending(sending)

    def answered(self, call: str, attempt: Attempt) -> None:  # noqa: ARG002 - the attempt was begun with its call
        """Record how an attempt ended, at most about 50 ms later."""
        self._to_write.put(attempt)

    def called(self, call: Call) -> None:
        """Record how a call ended, at most about 50 ms later; a second record of a call replaces the first."""
        self._to_write.put(call)

    def append(self, sending: Sending, call: Call) -> None:
        """Record a call that was made elsewhere and only graded here: `call.attempts` is empty, nothing was spent."""
        from qwcli.store.ledger_writer import Elsewhere  # noqa: PLC0415

        self._to_write.put(Elsewhere(sending, call))

    def flush(self) -> None:
        """Return when everything appended so far is on disk."""
        if self._writer is not None:
            self._writer.execute()

    def begin_run(
        self,
        *,
        command: str,
        started_at: float,
        dataset: str | None = None,
        dataset_digest: str | None = None,
        config_digest: str | None = None,
        config: Mapping[str, Any] | None = None,
        simulated: bool = False,
        cases: int | None = None,
    ) -> str:
        """Begin a run and give it an id, which sorts by its start (UTC). `config` is what was sent, ready for JSON.

        Until it ends or the ledger is closed, no other process can take it up.
        """
        start = dt.datetime.fromtimestamp(started_at, dt.UTC)
        run = f"{start:%Y%m%d-%H%M%S}-{''.join(secrets.choice('abcdefghjkmnpqrstuvwxyz23456789') for _ in range(4))}"
        kept = kept_config(config or {}, self._texts)
        self._lease(run)
        self._to_write.execute(
            f"INSERT INTO runs ({_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, NULL)",  # noqa: S608 - our own names
            (run, command, dataset, dataset_digest, config_digest, json.dumps(kept), started_at, RunState.RUNNING,
             simulated, cases),
        )  # fmt: skip
        return run

    def resume_run(self, run: str, *, retry: frozenset[Verdict] = frozenset()) -> int:
        """Take up a run again; gives back how many calls are opened anew because they ended in a verdict of `retry`.

        Their attempts, and what was spent on them, stay recorded, as those of unfinished calls.
        Raises `QwcliError` while another process writes the run.
        """
        self._lease(run)
        self._to_write.execute("UPDATE runs SET state = ?, ended_at = NULL WHERE id = ?", (RunState.RUNNING, run))
        if not retry:
            return 0
        which = f"run = ? AND state = 'done' AND verdict IN ({', '.join('?' * len(retry))})"
        values = (run, *sorted(retry))
        ((count,),) = self._rows(f"SELECT COUNT(*) FROM calls WHERE {which}", values)  # noqa: S608 - placeholders only
        forgotten = "verdict = NULL, signal = NULL, rule = NULL, words = NULL, hedged = NULL, fault_kind = NULL"
        sql = f"UPDATE calls SET state = 'open', complete = NULL, {forgotten} WHERE {which}"  # noqa: S608 - as above
        self._to_write.execute(sql, values)
        return int(count)

    def end_run(self, run: str, state: RunState, *, ended_at: float, lag: float | None = None) -> None:
        """Record how a run ended, after everything recorded of it; `lag` is how late (p95, seconds) the process ran."""
        sql = "UPDATE runs SET state = ?, ended_at = ?, lag = max(coalesce(lag, 0), ?) WHERE id = ?"
        self._to_write.execute(sql, (state, ended_at, lag or 0.0, run))
        if run in self._leases:
            self._leases.pop(run).release()

    def run(self, run: str = "last") -> Run:
        """The run of this id, or the one begun last. Raises `QwcliError` where there is none."""
        sql = f"SELECT {_RUN} FROM runs"  # noqa: S608 - our own names
        latest = run == "last"
        found = f"{sql} ORDER BY started_at DESC, id DESC LIMIT 1" if latest else f"{sql} WHERE id = ?"
        row = next(self._rows(found, () if latest else (run,)), None)
        if row is None:
            recent = ", ".join(name for (name,) in self._rows("SELECT id FROM runs ORDER BY started_at DESC LIMIT 3"))
            what = "no run yet" if latest else f"no run {run!r}"
            hint = f"The latest are: {recent}." if recent else "`qwcli bench` makes one."
            raise QwcliError(f"The ledger {self.path} has {what}.", hint=hint)
        return Run(
            id=row[0], command=row[1], dataset=row[2], dataset_digest=row[3], config_digest=row[4],
            config=json.loads(row[5]), started_at=row[6], ended_at=row[7], state=RunState(row[8]),
            simulated=bool(row[9]), cases=row[10], lag=row[11],
        )  # fmt: skip

    def answered_keys(self, run: str) -> Iterator[tuple[int, int, str]]:
        """Row, epoch and what was asked of each call of a run that ended: what a resumed run need not ask."""
        sql = "SELECT case_row, epoch, asked FROM calls WHERE run = ? AND state = 'done' AND case_row IS NOT NULL"
        yield from self._rows(sql, (run,))

    def calls(self, run: str) -> Iterator[Recorded]:
        """The ended calls of a run in the order of the dataset, one at a time in memory."""
        self.flush()
        with explained(self.path):
            yield from ledger_recorded.recorded(self._reader, run)

    def totals(self, where: Filter, by: Iterable[Key] = (), *, utc: bool = False) -> list[Group]:
        """What the calls came to, exactly, grouped; also always by kind, and simulated apart from real.

        Days are of the local zone unless `utc`.
        """
        self.flush()
        with explained(self.path):
            return ledger_totals.totals(self._reader, where, tuple(map(Key, by)), utc=utc)

    def latencies(self, run: str, asked: str) -> Latencies:
        """How long calls of this run to one target or route took."""
        self.flush()
        with explained(self.path):
            return ledger_totals.latencies(self._reader, run, asked)

    def _lease(self, run: str) -> None:
        if self._writer is not None and run not in self._leases:
            self._leases[run] = Lease(self.path, run)

    @property
    def _to_write(self) -> Writer:
        if self._writer is None:
            raise QwcliError(f"The ledger {self.path} was opened to be read only.")
        return self._writer

    def _rows(self, sql: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        self.flush()
        with explained(self.path):
            yield from self._reader.execute(sql, values)
