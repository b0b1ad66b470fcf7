"""The table of a bench: what each target or route got right, and what a right answer cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qwcli.core.run import Latencies, Percentiles, Run
from qwcli.core.spend import Group
from qwcli.core.table import Column, Interval, Kind, Table
from qwcli.core.verdict import Verdict
from qwcli.reports.intervals import wilson, worth
from qwcli.reports.money import money, per_success, per_success_document
from qwcli.reports.remarks import remarks

SCHEMA = "qwcli.bench/1"

_NONE = Latencies()
_LATE = 0.02
"""Lateness in seconds from which latencies are no longer the provider's alone."""


def tabulate(run: Run, groups: Sequence[Group], latencies: Mapping[str, Latencies]) -> tuple[Table, Table]:
    """Two tables, a row a target each: the verdicts the calls ended in; and accuracy, money and time.

    `groups` are the run's by target, and give the order; `latencies` are by the target's name.
    """
    marked = any(group.simulated for group in groups)
    repeated = any(group.calls != group.cases for group in groups)
    columns = (
        Column(name="target"),
        Column(name="cases", kind=Kind.COUNT),
        *([Column(name="calls", kind=Kind.COUNT)] if repeated else []),
        Column(name="accuracy", kind=Kind.SHARE),
        Column(name="cost", kind=Kind.MONEY),
        Column(name="cost per success", kind=Kind.MONEY),
        Column(name="p50", kind=Kind.SECONDS),
        Column(name="p95", kind=Kind.SECONDS, optional=True),
        Column(name="first token", kind=Kind.SECONDS, optional=True),
        Column(name="of answered", kind=Kind.SHARE, optional=True),
        *([Column(name="simulated", optional=True)] if marked else []),
    )
    rows = []
    for group in groups:
        took = latencies.get(_target(group), _NONE)
        rows.append(
            (
                _target(group),
                group.cases,
                *([group.calls] if repeated else []),
                accuracy(group),
                group.cost or None,
                per_success(group),
                took.total.p50,
                took.total.p95,
                took.first_token.p50,
                group.passed / group.answered if group.answered else None,
                *([_mark(group)] if marked else []),
            )
        )
    title = f"{run.dataset or 'bench'} · run {run.id}" + (" · simulated" if marked else "")
    notes = (*remarks(groups), *_time_notes(run, groups, latencies))
    return _endings(groups), Table(title=title, columns=columns, rows=rows, notes=notes)


def flat(endings: Table, figures: Table) -> Table:
    """Both tables as one, for formats in which a line is a row."""
    return Table(
        title=figures.title,
        columns=(*figures.columns, *endings.columns[1:]),
        rows=[(*one, *other[1:]) for one, other in zip(figures.rows, endings.rows, strict=True)],
        notes=figures.notes,
    )


def _endings(groups: Sequence[Group]) -> Table:
    verdicts = [verdict for verdict in Verdict if any(verdict in group.verdicts for group in groups)]
    marked = any(group.simulated for group in groups)
    return Table(
        title="How the calls ended" + (" · simulated" if marked else ""),
        columns=(Column(name="target"), *(Column(name=verdict.value, kind=Kind.COUNT) for verdict in verdicts)),
        rows=[(_target(group), *(group.verdicts.get(verdict, 0) for verdict in verdicts)) for group in groups],
    )


def document(run: Run, groups: Sequence[Group], latencies: Mapping[str, Latencies]) -> dict[str, Any]:
    """The same as `qwcli.bench/1`."""
    return {
        "schema": SCHEMA,
        "run": run.id,
        "dataset": run.dataset,
        "digest": run.dataset_digest,
        "cases": run.cases,
        "simulated": any(group.simulated for group in groups) or run.simulated,
        "state": run.state,
        "lag": run.lag,
        "targets": [_entry(group, latencies.get(_target(group), _NONE)) for group in groups],
        "comparisons": [],
        "notes": [*remarks(groups), *_time_notes(run, groups, latencies)],
    }


def accuracy(group: Group) -> Interval:
    """Passed / graded with its interval, in which cases are independent; `None` where nothing was graded."""
    cases = group.by_case
    ends = wilson(group.passed, group.graded, worth=worth(cases) if cases is not None and cases.calls else None)
    if ends is None:
        return Interval(value=None)
    return Interval(value=group.passed / group.graded, low=ends[0], high=ends[1])


def _entry(group: Group, took: Latencies) -> dict[str, Any]:
    right = accuracy(group)
    one, every = per_success_document(per_success(group))
    return {
        "target": _target(group),
        "simulated": group.simulated,
        "cases": group.cases,
        "calls": group.calls,
        "passed": group.passed,
        "accuracy": {"value": right.value, "low": right.low, "high": right.high},
        "of_answered": group.passed / group.answered if group.answered else None,
        "score": group.score / group.scored if group.scored else None,
        "cost": money(group.cost),
        "grading_cost": [],
        "cost_per_success": one,
        "cost_per_success_by_currency": every,
        "latency": _percentiles(took.total),
        "first_token": _percentiles(took.first_token),
        "first_answer": _percentiles(took.first_answer),
        "timeouts": took.timeouts,
        "verdicts": {verdict.value: count for verdict, count in group.verdicts.items()},
        "unfinished": group.unfinished,
        "attempts": group.attempts,
        "retries": group.retries,
        "unpriced": group.unpriced,
    }


def _percentiles(of: Percentiles) -> dict[str, Any]:
    return {"p50": of.p50, "p95": of.p95, "p99": of.p99, "count": of.count}


def _time_notes(run: Run, groups: Sequence[Group], latencies: Mapping[str, Latencies]) -> Iterator[str]:
    if run.lag is not None and run.lag > _LATE:
        yield (
            f"The process that measured was itself the bottleneck: it ran up to {run.lag * 1000:.0f} ms late (p95), "
            "and so do these latencies. Lower --concurrency for true ones."
        )
    timeouts = sum(latencies.get(_target(group), _NONE).timeouts for group in groups)
    if timeouts:
        yield f"{timeouts} calls ran out of time; latencies are of complete answers only, so they are not among them."


def _target(group: Group) -> str:
    return group.keys["target"] or "-"


def _mark(group: Group) -> str:
    return "simulated" if group.simulated else "no"
