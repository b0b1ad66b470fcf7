"""The first pass over a dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from qwcli.core.case import Case
from qwcli.store.checked_file import BadLines, SeenColumns
from qwcli.store.reading import Reading
from qwcli.store.rows import BadRowError, Columns, Row, keeps, rows, shown
from qwcli.store.selection import Sampler, Selection

Check = Callable[[Case], str | None]
"""What a grader says of a case before it is asked: a problem, or `None`."""


class Survey:
    """Its digest (SHA-256, hex), what is wrong with it, how many rows it has and how many `where` keeps."""

    def __init__(self, path: Path, reading: Reading, wanted: Mapping[str, str]) -> None:
        self.total = self.kept = 0
        self.named = False
        self.columns = SeenColumns(wanted)
        self._path = path
        self._reading = reading
        self._bad = BadLines(path)
        self._hash = hashlib.sha256()
        self._unnamed = False
        self._ids: set[int] = set()
        self._twice: set[int] = set()

    @property
    def digest(self) -> str:
        """Of all bytes, once `walk` is done."""
        return self._hash.hexdigest()

    def walk(self, where: tuple[tuple[str, str], ...], sampler: Sampler | None, check: Check | None) -> None:
        """Go through the whole file; each kept row's case is checked, and offered to the sampler."""
        for row in rows(self._path, observe=self._hash.update):
            self.total += 1
            if row.problem is not None:
                self._bad.add(row.line, row.problem)
                continue
            self.columns.add(row.columns)
            if keeps(where, row.columns):
                self.kept += 1
                self._look_at(row, sampler, check)
        self._name_duplicates(where)

    def stop_if_bad(self) -> None:
        """Raise `QwcliError` with what is wrong, if anything is."""
        self.columns.stop(self._path)
        self._bad.stop()

    def _look_at(self, row: Row, sampler: Sampler | None, check: Check | None) -> None:
        try:
            case = self._reading.case(row)
        except BadRowError as error:
            self._bad.add(row.line, str(error))
            return
        self._note_id(case, row.columns)
        if check is not None and (problem := check(case)):
            self._bad.add(row.line, problem)
        if sampler is not None:
            sampler.offer(case.id, row.row)

    def _note_id(self, case: Case, columns: Columns) -> None:
        """Ids are kept as 64-bit hashes; a hash seen twice is looked into afterwards."""
        if self._reading.own_id(columns) is None:
            self._unnamed = True
            return
        self.named = True
        key = _hash(case.id)
        (self._twice if key in self._ids else self._ids).add(key)

    def _name_duplicates(self, where: tuple[tuple[str, str], ...]) -> None:
        """Where ids may stand twice, read again to name both lines; a row's number may also be another's id."""
        mixed = self.named and self._unnamed
        if not self._twice and not mixed:
            return
        first: dict[str, int] = {}
        for row in Selection(where=where).of(rows(self._path)):
            if row.problem is not None:
                continue
            case = self._reading.own_id(row.columns) or str(row.row)
            if not mixed and _hash(case) not in self._twice:
                continue
            line = first.setdefault(case, row.line)
            if line != row.line:
                self._bad.add(row.line, f"expected ids to differ, {shown(case)} is also the id of line {line}")


def _hash(case: str) -> int:
    return int.from_bytes(hashlib.blake2b(case.encode(), digest_size=8).digest())
