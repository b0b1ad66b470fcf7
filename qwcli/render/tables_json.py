"""Tables as one JSON document (`qwcli.tables/1`), for commands whose table has no document of its own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from qwcli.core.price import Money
from qwcli.core.table import Interval, Table
from qwcli.render.cells import plain

SCHEMA = "qwcli.tables/1"


def document(tables: Sequence[Table]) -> dict[str, Any]:
    """Every table with its rows as objects by column; decimals are strings, so that no digit is lost."""
    return {"schema": SCHEMA, "tables": [_table(table) for table in tables]}


def _table(table: Table) -> dict[str, Any]:
    names = [column.name for column in table.columns]
    return {
        "title": table.title,
        "rows": [dict(zip(names, map(_value, row), strict=True)) for row in table.rows],
        "notes": list(table.notes),
    }


def _value(value: object) -> object:
    if isinstance(value, Interval):
        return {"value": _value(value.value), "low": _value(value.low), "high": _value(value.high)}
    if isinstance(value, Money):
        amount = plain(value.amount)
        return {"amount": amount, "currency": value.currency, "at_least": value.at_least, "unpriced": value.unpriced}
    if isinstance(value, tuple):
        return [_value(part) for part in value]
    if isinstance(value, Decimal):
        return plain(value)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
