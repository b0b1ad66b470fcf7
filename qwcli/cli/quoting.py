"""What a bench would ask, and about what it would cost: counted and estimated, nothing sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qwcli.core import tokens
from qwcli.core.outcome import Usage, UsageSource
from qwcli.core.price import Cost, Money, cost, total
from qwcli.core.table import Column, Kind, Table
from qwcli.core.target import Asked, Target

if TYPE_CHECKING:
    from qwcli.cli.benching import Bench
    from qwcli.store.datasets import Dataset

_ASSUMED = 256
"""Output tokens a call is taken to have where --max-tokens does not bound them."""


def quote_of(chosen: Bench, asked: Sequence[Asked], dataset: Dataset) -> tuple[Table, dict[str, Any]]:
    """A row for everyone who would be asked: calls, input tokens, what the input costs, what it all comes to.

    Token counts are estimates; a route is quoted as if its first target answered everything.
    """
    today = dt.datetime.now(dt.UTC).date()
    inputs = [tokens.estimate("\n".join(message.content for message in case.messages)) for case in dataset.cases()]
    calls = len(inputs) * chosen.epochs
    rows = []
    for item in asked:
        target = item if isinstance(item, Target) else item.targets[0]
        sent = chosen.parameters.over(target.parameters)
        bound, thinks = sent.max_tokens, sent.thinking not in {None, False}
        empty, full = (
            _times(total(_guess(target, count, output, today, thinks=thinks) for count in inputs), chosen.epochs)
            for output in (0, bound or _ASSUMED)
        )
        rows.append((item.name, calls, sum(inputs) * chosen.epochs, empty, bound or _ASSUMED, full, item.simulated))
    notes = [
        "Token counts are estimated; nothing was sent.",
        f"Output is taken as --max-tokens, else {_ASSUMED} a call; retries, thinking and longer answers add to it.",
    ]
    if any(row[-1] for row in rows):
        notes.append("simulated: prices of simulated models are made up.")
    table = Table(
        title=f"Quote: {dataset.name}, {len(inputs)} cases",
        columns=(
            Column(name="target"),
            Column(name="calls", kind=Kind.COUNT),
            Column(name="input tokens", kind=Kind.COUNT),
            Column(name="input alone", kind=Kind.MONEY),
            Column(name="output tokens a call", kind=Kind.COUNT),
            Column(name="about", kind=Kind.MONEY),
        ),
        rows=[(f"{row[0]} (simulated)" if row[-1] else row[0], *row[1:-1]) for row in rows],
        notes=tuple(notes),
    )
    document = {
        "schema": "qwcli.quote/1",
        "dataset": dataset.name,
        "digest": dataset.digest,
        "cases": len(inputs),
        "targets": [
            {
                "target": name,
                "simulated": simulated,
                "calls": count,
                "input_tokens": size,
                "input_cost": _document(empty),
                "output_tokens_assumed": output,
                "cost": _document(full),
            }
            for name, count, size, empty, output, full, simulated in rows
        ],
    }
    return table, document


def _guess(target: Target, input_: int, output: int, day: dt.date, *, thinks: bool) -> Cost:
    usage = Usage(input=input_, output=output, source=UsageSource.ESTIMATED)
    return cost(usage, target.prices, day, thought=thinks)


def _times(sums: tuple[Money, ...], epochs: int) -> tuple[Money, ...]:
    return tuple(
        Money(amount=item.amount * Decimal(epochs), currency=item.currency, unpriced=item.unpriced * epochs)
        for item in sums
    )


def _document(sums: tuple[Money, ...]) -> list[dict[str, Any]]:
    from qwcli.reports.money import money

    return money(sums)
