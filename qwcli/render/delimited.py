"""Tables as CSV (RFC 4180): raw values in full precision, and no text that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TextIO

from qwcli.core.price import Money
from qwcli.core.table import Column, Interval, Kind, Table
from qwcli.render.cells import plain
from qwcli.render.visible import visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(tables: Sequence[Table], stream: TextIO) -> None:
    """Write every table, an empty line between them; notes are left out, as every line is a row.

    A column with intervals has two more, `low` and `high`. Money has two more, `currency` and `unpriced`;
    several currencies stand in one cell, `;` between them, in the same order in each.
    """
    writer = csv.writer(stream, lineterminator="\n")
    quoting = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for number, table in enumerate(tables):
        if number:
            writer.writerow([])
        ranged = [any(isinstance(row[n], Interval) for row in table.rows) for n in range(len(table.columns))]
        pairs = list(zip(table.columns, ranged, strict=True))
        writer.writerow([name for column, ends in pairs for name in _names(column, ends=ends)])
        for row in table.rows:
            cells = zip(row, pairs, strict=True)
            texts = [text for value, (column, ends) in cells for text in _texts(value, column, ends=ends)]
            # A bare carriage return, which ends a line for many readers, is not quoted by itself.
            (quoting if any("\r" in text for text in texts) else writer).writerow(texts)


def _names(column: Column, *, ends: bool) -> Iterator[str]:
    yield column.name
    if column.kind is Kind.MONEY:
        yield f"{column.name} currency"
        yield f"{column.name} unpriced"
    if ends:
        yield f"{column.name} low"
        yield f"{column.name} high"


def _texts(value: object, column: Column, *, ends: bool) -> Iterator[str]:
    interval = value if isinstance(value, Interval) else Interval(value=value)
    yield _text(interval.value)
    if column.kind is Kind.MONEY:
        money = interval.value if isinstance(interval.value, tuple) else ()
        yield ";".join(one.currency or "" for one in money)
        yield ";".join(str(one.unpriced) for one in money)
    if ends:
        yield _text(interval.low)
        yield _text(interval.high)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        # What a file or a model said may be opened in a terminal, too.
        text = visible(value.encode("utf-8", "backslashreplace").decode())
        formula = value.startswith(_FORMULA)
        return "'" + text if formula else text
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, tuple):
        return ";".join(plain(one.amount) for one in value if isinstance(one, Money))
    return str(value)
