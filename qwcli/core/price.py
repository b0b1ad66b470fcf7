"""Money: amounts in one currency, dated price rows, and what an exchange cost. Unknown is `None`, never zero."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum

from qwcli.core.outcome import Usage

MILLION = Decimal(1_000_000)
UNIT = Decimal("1e-12")
"""The ledger stores amounts as whole numbers of this, so that sums are exact."""

_EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)


class Basis(StrEnum):
    """Where a cost comes from."""

    PROVIDER = "provider"
    """Our price row times the usage the provider reported."""
    GATEWAY = "gateway"
    """The gateway stated the cost itself."""
    ESTIMATED = "estimated"
    AMORTISED = "amortised"
    """A share of the hourly price of a machine."""
    NONE = "none"
    """Nothing to compute with: no price, or no usage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Prices per million tokens. `None` is not known, and what is not known is never taken for free.

    `thinking_output` covers the whole output of a request that thought, where the provider prices it apart.
    """

    input: Decimal
    output: Decimal
    thinking_output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Rates of requests of at most `up_to` input tokens (inclusive; `None`: no end), for the whole request."""

    rates: Rates
    up_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """What a model costs from a day on (UTC), with where the figure was read and when it was last checked."""

    book: str
    model: str
    since: dt.date
    currency: str
    tiers: tuple[Tier, ...]
    source: str
    checked: dt.date
    request: Decimal = Decimal(0)
    """A fee per request, beside the tokens."""

    def rates(self, prompt_tokens: int) -> Rates:
        """The rates of the tier a request of this many input tokens falls in; above the last tier, the last."""
        for tier in self.tiers:
            if tier.up_to is None or prompt_tokens <= tier.up_to:
                return tier.rates
        return self.tiers[-1].rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one exchange cost: `amount` in `currency`, or `None` with the reason in `why_unknown`."""

    amount: Decimal | None
    currency: str | None = None
    basis: Basis = Basis.NONE
    book: str | None = None
    since: dt.date | None = None
    why_unknown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A sum in one currency. `unpriced` attempts are not in it: with any of them it is only a lower bound."""

    amount: Decimal
    currency: str | None
    unpriced: int = 0

    @property
    def at_least(self) -> bool:
        """Whether the true sum may be larger."""
        return self.unpriced > 0


def row_at(rows: Sequence[PriceRow], day: dt.date) -> PriceRow | None:
    """The row in force on a day: the latest that began on it or before.

    Before the first row's day the first row is used: the oldest figure known, and its date is stored with the cost.
    """
    if not rows:
        return None
    in_force = [row for row in rows if row.since <= day]
    return max(in_force, key=lambda row: row.since) if in_force else min(rows, key=lambda row: row.since)


def cost(usage: Usage | None, rows: Sequence[PriceRow], day: dt.date, *, thought: bool) -> Cost:
    """What an exchange with this usage cost under the row in force on `day`, rounded once, to 1e-12.

    `thought` says whether the request thought; then its whole output is at the thinking price where there is one.
    """
    row = row_at(rows, day)
    if row is None:
        return Cost(amount=None, why_unknown="no price is known")
    if usage is None:
        return Cost(
            amount=None, currency=row.currency, book=row.book, since=row.since, why_unknown="no usage was reported"
        )
    rates = row.rates(usage.prompt)
    output = rates.thinking_output if thought and rates.thinking_output is not None else rates.output
    lines = (
        ("input", usage.input, rates.input),
        ("cache_read", usage.cache_read, rates.cache_read),
        ("cache_write", usage.cache_write, rates.cache_write),
        ("output", usage.output, output),
    )
    total = row.request * MILLION
    for kind, units, price in lines:
        if not units:
            continue
        if price is None:
            why = f"the book {row.book} has no {kind} price for {row.model}"
            return Cost(amount=None, currency=row.currency, book=row.book, since=row.since, why_unknown=why)
        total = _EXACT.add(total, _EXACT.multiply(Decimal(units), price))
    amount = _EXACT.quantize(_EXACT.divide(total, MILLION), UNIT)
    return Cost(amount=amount, currency=row.currency, basis=Basis.PROVIDER, book=row.book, since=row.since)


def nothing(rows: Sequence[PriceRow], day: dt.date) -> Cost:
    """The cost of an exchange that is known not to be billed: zero, in the currency of the row in force."""
    row = row_at(rows, day)
    if row is None:
        return Cost(amount=Decimal(0), basis=Basis.PROVIDER)
    return Cost(amount=Decimal(0), currency=row.currency, basis=Basis.PROVIDER, book=row.book, since=row.since)


def to_units(amount: Decimal) -> int:
    """An amount as a whole number of 1e-12 units."""
    return int(_EXACT.quantize(_EXACT.divide(amount, UNIT), Decimal(1)))


def from_units(units: int) -> Decimal:
    """The amount of a whole number of 1e-12 units."""
    return _EXACT.multiply(Decimal(units), UNIT)


def total(costs: Iterable[Cost]) -> tuple[Money, ...]:
    """Sums by currency, currencies in order of name; what could not be priced counts as unpriced.

    An unpriced cost without a currency counts in every sum, or stands alone in one without a currency.
    """
    amounts: dict[str, Decimal] = {}
    unpriced: dict[str | None, int] = {}
    for item in costs:
        if item.amount is None:
            unpriced[item.currency] = unpriced.get(item.currency, 0) + 1
            if item.currency is not None:
                amounts.setdefault(item.currency, Decimal(0))
        elif item.currency is not None:
            amounts[item.currency] = amounts.get(item.currency, Decimal(0)) + item.amount
    nowhere = unpriced.get(None, 0)
    if not amounts:
        return (Money(amount=Decimal(0), currency=None, unpriced=nowhere),) if nowhere else ()
    return tuple(
        Money(amount=amounts[currency], currency=currency, unpriced=unpriced.get(currency, 0) + nowhere)
        for currency in sorted(amounts)
    )
