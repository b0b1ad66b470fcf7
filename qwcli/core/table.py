"""A table as a value: reports make it, rendering shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds; rendering decides how it looks."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    """A fraction between 0 and 1, shown in percent."""
    SECONDS = "seconds"
    MONEY = "money"
    """A `tuple[Money, ...]`."""
    PRICE = "price"
    """A `Decimal` per million tokens, or another plain decimal figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with the ends of its 95 % interval; ends that could not be computed are `None`."""

    value: object
    low: object | None = None
    high: object | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading, what stands under it, and whether a narrow table may leave it out."""

    name: str
    kind: Kind = Kind.TEXT
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells under columns. A cell is a value of its column's kind, an `Interval` of such, or `None` (`-`).

    `notes` are sentences that belong under the table: what is simulated, what is unknown, how small the sample is.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[object, ...]]
    notes: tuple[str, ...] = ()
