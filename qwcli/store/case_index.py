"""Finds single cases of a dataset without holding them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import BinaryIO

from qwcli.core.case import Case
from qwcli.store.reading import Reading
from qwcli.store.rows import Row, row_at
from qwcli.store.selection import Selection

_UNSELECTED = 2**64 - 1


class CaseIndex:
    """Finds cases by id or row without holding them: eight bytes a row, and the ids where rows have their own."""

    def __init__(self, reading: Reading, found: Iterator[Row], selection: Selection) -> None:
        """Goes once through all rows of a file, as `rows` gives them."""
        self._reading = reading
        self._positions = array("Q")
        self._named = bytearray()
        self._rows: dict[str, int] = {}
        passing = self._noted(found)
        for row in selection.of(passing):
            self._positions[row.row] = row.position
            case = self._reading.own_id(row.columns)
            if case is not None:
                self._rows[case] = row.row
        for _ in passing:
            pass  # what stands after the last selected row is noted too

    def _noted(self, found: Iterator[Row]) -> Iterator[Row]:
        for row in found:
            self._positions.append(_UNSELECTED)
            case = self._reading.own_id(row.columns)
            self._named.append(case is not None)
            if case is not None:
                self._rows.setdefault(case, row.row)
            yield row

    def by_id(self, case: str) -> int | None:
        """The row of the case with this id, selected or not."""
        if case in self._rows:
            return self._rows[case]
        row = self.by_row(case)
        return None if row is None or self._named[row] else row

    def by_row(self, text: str) -> int | None:
        """The row with this number, selected or not."""
        if not (text.isascii() and text.isdecimal() and len(text) < 20):
            return None
        row = int(text)
        return row if row < len(self._positions) and text == str(row) else None

    def selected(self, row: int) -> bool:
        """Whether the row is one of the dataset's cases."""
        return self._positions[row] != _UNSELECTED

    def case(self, file: BinaryIO, row: int) -> Case:
        """A selected case, from the open file of the dataset."""
        return self._reading.case(row_at(file, self._positions[row], row))
