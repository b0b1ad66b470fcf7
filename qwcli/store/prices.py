"""Price books: what models cost, row by dated row, in the digits of the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from qwcli.core.names import meant
from qwcli.core.price import PriceRow, Rates, Tier
from qwcli.errors import QwcliError
from qwcli.store import bundled
from qwcli.store.files import Files

Book = Mapping[str, tuple[PriceRow, ...]]
"""All rows by model id, oldest first."""

COMMAND_LINE = "command line"
"""The book of a price the user states with `--price`."""

_RATES = ("input", "output", "thinking_output", "cache_read", "cache_write")
_SHORT = {"in": "input", "out": "output", "thinking": "thinking_output"}


def load_book(name: str, *, cwd: Path | None = None) -> Book:
    """The rows of a bundled book, by name, or of a book file, by path. Raises `QwcliError` with all its mistakes."""
    cwd = cwd or Path.cwd()
    files = Files(cwd)
    known = bundled.books()
    path = cwd / Path(name).expanduser() if is_path(name) else known.get(name)
    if path is None:
        raise QwcliError(
            f"There is no price book `{name}`{meant(name, known)}.", hint="A book of your own is named by its path."
        )
    book = read_book(path, files)
    files.refuse(f"The price book {name}")
    return book


def is_path(name: str) -> bool:
    """Whether a name of a profile or book is meant as a path."""
    return name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name


def read_book(path: Path, files: Files) -> Book:
    """The rows of a book file; its mistakes go to `files`, and what is wrong is left out."""
    from qwcli.store.schema import BookFile  # noqa: PLC0415 - loads pydantic
    from qwcli.store.shape import dotted, mistakes  # noqa: PLC0415 - loads pydantic

    before = len(files.mistakes)
    plain = files.yaml(path, exact=True)
    if len(files.mistakes) == before:
        for where, what in mistakes(BookFile, plain):
            files.note(path, dotted(where), what)
    if len(files.mistakes) > before:
        return {}
    book: dict[str, tuple[PriceRow, ...]] = {}
    for model, entry in plain["models"].items():
        rows = entry if isinstance(entry, list) else entry["rows"]
        flaws = _flaws(rows)
        for at, what in flaws:
            files.note(path, f"models.{model}.{at}", what)
        if flaws:
            continue
        built = tuple(_row(plain["book"], plain["currency"], model, row) for row in rows)
        for name in (model, *([] if isinstance(entry, list) else entry.get("aliases") or [])):
            if name in book or (name != model and name in plain["models"]):
                files.note(path, f"models.{model}", f"`{name}` has a price already")
            book[name] = built
    return book


def price_on_command_line(text: str, model: str, today: dt.date) -> PriceRow:
    """The row of `--price 'in=0.4,out=1.2,USD'`: prices per million tokens, and a currency.

    Also `thinking=`, `cache_read=`, `cache_write=` and `request=` (a fee per request). `in` holds for the whole input
    where the user states no price of its own for the cache, which servers use and report unasked. Raises `QwcliError`.
    """
    rates: dict[str, Decimal] = {}
    currencies: list[str] = []
    hint = "As in --price 'in=0.4,out=1.2,USD': per million tokens, and a currency."
    for part in (part.strip() for part in text.split(",")):
        key, equals, figure = (piece.strip() for piece in part.partition("="))
        name = _SHORT.get(key, key)
        if not equals and len(part) == 3 and part.isascii() and part.isalpha():
            currencies.append(part.upper())
        elif equals and name in {*_RATES, "request"} and name not in rates:
            rates[name] = _figure(figure, part, hint)
        else:
            raise QwcliError(f"--price: `{part}` is not understood.", hint=hint)
    if len(currencies) != 1 or not {"input", "output"} <= rates.keys():
        raise QwcliError("--price needs `in`, `out` and one currency.", hint=hint)
    request = rates.pop("request", Decimal(0))
    whole_input = {"cache_read": rates["input"], "cache_write": rates["input"]}
    return PriceRow(
        book=COMMAND_LINE,
        model=model,
        since=today,
        currency=currencies[0],
        tiers=(Tier(rates=Rates(**{**whole_input, **rates})),),
        source="--price",
        checked=today,
        request=request,
    )


def _figure(text: str, part: str, hint: str) -> Decimal:
    try:
        figure = Decimal(text)
    except InvalidOperation:
        figure = Decimal("NaN")
    if not figure.is_finite() or figure < 0:
        raise QwcliError(f"--price: `{part}` is not a price: a number, zero or more.", hint=hint)
    return figure


def _flaws(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What the shape alone does not show: pairs of dotted path and sentence."""
    found = []
    for at, row in enumerate(rows):
        if at and row["since"] <= rows[at - 1]["since"]:
            found.append((f"{at}.since", "rows stand oldest first, each with a day of its own"))
        flat = [name for name in _RATES if row.get(name) is not None]
        tiers = row.get("tiers")
        if tiers and flat:
            found.append((str(at), f"has `tiers`, so `{flat[0]}` belongs into each tier"))
        elif not tiers and not {"input", "output"} <= set(flat):
            found.append((str(at), "needs `input` and `output`, or `tiers`"))
        ends = [tier.get("up_to") for tier in tiers or []]
        if None in ends[:-1] or any(end is not None and end <= last for last, end in pairwise(ends)):
            found.append((f"{at}.tiers", "stand in order of `up_to`, and only the last may have none"))
    return found


def _row(book: str, currency: str, model: str, row: Mapping[str, Any]) -> PriceRow:
    return PriceRow(
        book=book,
        model=model,
        since=dt.date.fromisoformat(row["since"]),
        currency=currency,
        tiers=tuple(Tier(rates=_rates(tier), up_to=tier.get("up_to")) for tier in row.get("tiers") or [row]),
        source=row["source"],
        checked=dt.date.fromisoformat(row["checked"]),
        request=Decimal(row.get("request") or 0),
    )


def _rates(tier: Mapping[str, Any]) -> Rates:
    return Rates(**{name: Decimal(tier[name]) for name in _RATES if tier.get(name) is not None})
