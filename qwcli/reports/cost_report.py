"""The cost report: what all attempts cost, what a success cost, and where the money went that bought none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qwcli.core.spend import UNFINISHED, Group, Key, Sum
from qwcli.core.table import Column, Kind, Table
from qwcli.core.verdict import Verdict
from qwcli.reports.money import money, per_success, per_success_document
from qwcli.reports.remarks import remarks

SCHEMA = "qwcli.cost-report/1"


def tabulate(by: Sequence[Key], groups: Sequence[Group], totals: Sequence[Group]) -> Table:
    """A row a group, then a row each of `totals`: the same calls without keys, by kind, real and simulated apart."""
    everything = [*groups, *totals]
    kinds = any(not group.benched for group in everything)
    marked = any(group.simulated for group in everything)
    wasted = _wasted(everything)
    columns = (
        *(Column(name=key.value) for key in by),
        *([Column(name="kind")] if kinds or not by else []),
        *([Column(name="simulated")] if marked else []),
        Column(name="calls", kind=Kind.COUNT),
        Column(name="attempts", kind=Kind.COUNT),
        Column(name="passed", kind=Kind.COUNT),
        Column(name="cost", kind=Kind.MONEY),
        Column(name="cost per success", kind=Kind.MONEY),
        *(Column(name=f"lost: {name}", kind=Kind.MONEY, optional=True) for name in wasted),
    )
    rows = []
    for group in (*groups, *(totals if by and len(groups) > 1 else ())):
        total = bool(by) and not group.keys
        names = ["total", *[""] * (len(by) - 1)] if total else [group.keys[key.value] for key in by]
        rows.append(
            (
                *names,
                *([group.kind] if kinds or not by else []),
                *(["simulated" if group.simulated else "no"] if marked else []),
                group.calls,
                group.attempts,
                group.passed if group.benched else None,
                group.cost or None,
                per_success(group),
                *(group.waste.get(name) or None for name in wasted),
            )
        )
    return Table(title="cost report", columns=columns, rows=rows, notes=_notes(by, totals, wasted))


def document(by: Sequence[Key], groups: Sequence[Group], totals: Sequence[Group]) -> dict[str, Any]:
    """The same as `qwcli.cost-report/1`.

    `total` is of what is real, whatever its kind, or of what is simulated if nothing is real; `totals` are by kind.
    """
    return {
        "schema": SCHEMA,
        "by": [key.value for key in by],
        "simulated": bool(totals) and all(group.simulated for group in totals),
        "rows": [_entry(group) for group in groups],
        "total": _total([group for group in totals if group.simulated == totals[0].simulated]),
        "totals": [_entry(group) for group in totals],
        "notes": list(_notes(by, totals, _wasted(totals))),
    }


def _total(groups: Sequence[Group]) -> dict[str, Any]:
    """All kinds together; graded, passed and cost per success are of the calls of kind bench alone.

    Answers made elsewhere cost nothing here, so what was paid is never shared among their successes: they stand apart.
    """
    sums: dict[str, list[Sum]] = {}
    for group in groups:
        for name, parts in group.sums.items():
            sums.setdefault(name, []).extend(parts)
    asked = next((group for group in groups if group.kind == "bench"), _NOTHING)
    given = next((group for group in groups if group.kind == "answers"), _NOTHING)
    spent = replace(_NOTHING, sums=sums)
    return {
        **_entry(asked),
        "kind": None,
        "simulated": any(group.simulated for group in groups),
        **{name: sum(getattr(group, name) for group in groups) for name in _COUNTS},
        "cost": money(spent.cost),
        "waste": _waste(spent),
        "ungraded_cost": money(spent.ungraded_cost),
        "answers": {"calls": given.calls, "graded": given.graded, "passed": given.passed},
    }


_COUNTS = ("calls", "unfinished", "attempts", "retries", "unpriced")
_NOTHING = Group(
    keys={}, kind="bench", simulated=False, verdicts={}, unfinished=0, attempts=0, retries=0, unpriced=0, score=0.0,
    scored=0, sums={},
)  # fmt: skip


def _entry(group: Group) -> dict[str, Any]:
    one, every = per_success_document(per_success(group))
    return {
        **group.keys,
        "kind": group.kind,
        "simulated": group.simulated,
        "calls": group.calls,
        "unfinished": group.unfinished,
        "attempts": group.attempts,
        "retries": group.retries,
        "passed": group.passed if group.benched else None,
        "graded": group.graded if group.benched else None,
        "cost": money(group.cost),
        "grading_cost": [],
        "cost_per_success": one,
        "cost_per_success_by_currency": every,
        "waste": _waste(group),
        "ungraded_cost": money(group.ungraded_cost),
        "unpriced": group.unpriced,
    }


def _waste(group: Group) -> dict[str, Any]:
    return {name: money(lost) for name, lost in group.waste.items()}


def _wasted(groups: Sequence[Group]) -> list[str]:
    """The verdicts without success for which anything was, or may have been, spent."""
    return [
        name
        for name in (*(verdict.value for verdict in Verdict), UNFINISHED)
        if any(_any(group, name) for group in groups)
    ]


def _any(group: Group, name: str) -> bool:
    return any(one.amount or one.unpriced for one in group.waste.get(name, ()))


def _notes(by: Sequence[Key], totals: Sequence[Group], wasted: Sequence[str]) -> tuple[str, ...]:
    notes = list(remarks(totals))
    if wasted:
        notes.append("'lost': cost of calls that ended in no success, by verdict; it is part of the cost.")
    if Key.TAG in by:
        notes.append("Rows by tag overlap: a call with several tags is in each of them; the total counts it once.")
    if any(not group.benched for group in totals):
        notes.append("Only calls of kind bench are graded; what the others cost is in no cost per success.")
    if any(group.kind == "answers" for group in totals):
        notes.append("Answers made elsewhere (kind answers) cost nothing here; they are in no cost per success.")
    return tuple(notes)
