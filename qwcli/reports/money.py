"""Money per success with its interval, and money as the JSON documents have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Context, Decimal
from typing import Any

from qwcli.core.price import UNIT, Money
from qwcli.core.spend import Group
from qwcli.core.table import Interval
from qwcli.reports.intervals import fieller

_DIVIDE = Context(prec=34)


def plain(amount: Decimal) -> str:
    """A decimal as plain digits: no exponent, no zeros at its end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def money(cost: Iterable[Money]) -> list[dict[str, Any]]:
    """Sums as the JSON contract has them: a list, one entry a currency."""
    return [
        {"amount": plain(one.amount), "currency": one.currency, "at_least": one.at_least, "unpriced": one.unpriced}
        for one in cost
    ]


def per_success(group: Group) -> Interval:
    """Cost of the graded calls / passed, one sum a currency; the value is `None` without a success or without any cost.

    There is no interval where a part is unknown, or where any of the currencies has none.
    """
    if not group.passed or not group.graded_cost:
        return Interval(value=None)
    cost = tuple(_share(one, group.passed) for one in group.graded_cost)
    if any(one.at_least for one in cost):
        return Interval(value=cost)
    lows, highs = [], []
    for one in cost:
        sums = None if one.currency is None else group.ratio.get(one.currency)
        ends = None if sums is None else fieller(sums)
        if ends is None:
            return Interval(value=cost)
        low, high = (Decimal(round(end)) * UNIT for end in ends)
        lows.append(replace(one, amount=low))
        highs.append(replace(one, amount=high))
    return Interval(value=cost, low=tuple(lows), high=tuple(highs))


def per_success_document(found: Interval) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The contract's object, which has one currency only (else `None`), and the same for every currency."""
    if not isinstance(found.value, tuple):
        return None, []
    lows = found.low if isinstance(found.low, tuple) else (None,) * len(found.value)
    highs = found.high if isinstance(found.high, tuple) else (None,) * len(found.value)
    every = [
        {
            "amount": plain(one.amount),
            "low": None if low is None else plain(low.amount),
            "high": None if high is None else plain(high.amount),
            "currency": one.currency,
            "at_least": one.at_least,
        }
        for one, low, high in zip(found.value, lows, highs, strict=True)
    ]
    return (every[0] if len(every) == 1 else None), every


def _share(one: Money, passed: int) -> Money:
    return replace(one, amount=_DIVIDE.divide(one.amount, Decimal(passed)))
