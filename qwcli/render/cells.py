"""How values look, in every format alike: the one place that rounds."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

from qwcli.core.price import Money
from qwcli.core.table import Interval, Kind
from qwcli.render.visible import visible

NOTHING = "-"
_ROUND = Context(prec=40, rounding=ROUND_HALF_EVEN)


def cell(value: object, kind: Kind) -> str:
    """A cell as people read it, on one line. `None`, and an interval around nothing, is `-`."""
    if isinstance(value, Interval):
        return _interval(value, kind)
    if value is None:
        return NOTHING
    if isinstance(value, tuple):
        return money(value)
    if kind is Kind.SHARE and isinstance(value, (int, float)):
        return f"{100 * value:.1f} %"
    if kind is Kind.SECONDS and isinstance(value, (int, float)):
        return f"{value:.2f} s"
    if kind is Kind.PRICE and isinstance(value, Decimal):
        return plain(value)
    return visible(str(value), lines=False)


def money(sums: Iterable[Money]) -> str:
    """Money: `0.000412 USD`, a lower bound as `>= 0.000412 USD (2 unpriced)`, currencies one after the other."""
    return "; ".join(map(_sum, sums)) or NOTHING


def _sum(one: Money) -> str:
    amount = f"{digits(one.amount)} {one.currency}" if one.currency else digits(one.amount)
    return f">= {amount} ({one.unpriced} unpriced)" if one.at_least else amount


def digits(amount: Decimal) -> str:
    """An amount to three significant digits, cents always shown from 1 on; what is not zero never looks like it."""
    if not amount:
        return "0"
    places = max(2, 2 - amount.adjusted())
    return f"{amount.quantize(Decimal(1).scaleb(-places), context=_ROUND):f}"


def plain(amount: Decimal) -> str:
    """A decimal as it is, without an exponent and without zeros at its end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text


def _interval(interval: Interval, kind: Kind) -> str:
    shown = cell(interval.value, kind)
    value, low, high = interval.value, interval.low, interval.high
    if value is None or low is None or high is None:
        return shown
    if isinstance(value, tuple) and isinstance(low, tuple) and isinstance(high, tuple):
        ends = zip(value, low, high, strict=True)
        return "; ".join(f"{_sum(one)} [{digits(a.amount)}, {digits(b.amount)}]" for one, a, b in ends)
    if kind is Kind.SHARE and isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return f"{shown} [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{shown} [{cell(low, kind)}, {cell(high, kind)}]"
