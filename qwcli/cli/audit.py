"""The ledger against the simulator's own books: two independent counts of the same spending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qwcli.core.spend import Filter

if TYPE_CHECKING:
    from qwcli.store.ledger import Ledger


def priced(ledger: Ledger, run: str) -> Decimal:
    """What the ledger has of a run's priced spending, in the simulator's one currency."""
    groups = ledger.totals(Filter(runs=(run,)))
    return sum((one.amount for group in groups for one in group.cost), Decimal(0))


def compare(books: Callable[[], Mapping[str, Any]], ledger: Ledger, run: str, before: Decimal) -> str:
    """One line: what the simulator says it served and billed, and whether the ledger says the same."""
    try:
        total = books()["total"]
    except OSError as error:
        return f"The simulator's own books cannot be read: {error}"
    reported, unreported = Decimal(total["cost_reported"]), Decimal(total["cost_unreported"])
    spent = priced(ledger, run) - before
    line = f"simulator's own books: {total['requests']} requests, {reported:f} USD billed with usage"
    if unreported:
        line += f" and {unreported:f} without (streams that broke off)"
    return f"{line}; the ledger says {'the same' if spent == reported else f'{spent:f} USD'}"
