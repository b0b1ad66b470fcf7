"""`qwcli cost-report`: what everything recorded cost, what a success cost, and where the other money went."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from qwcli.cli import options
from qwcli.cli.output import Format, check, show
from qwcli.core.names import nearest
from qwcli.core.spend import Filter, Group, Key
from qwcli.errors import QwcliError
from qwcli.render.visible import visible


def cost_report(
    run: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="RUN", help="Only this run, or `last`; may be given several times."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="From this day or time on: 2026-11-22, 2026-11-22T14:00."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="To the end of this day, or before this time.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="NAME", help="Only calls over this dataset.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="KEY,KEY", help=f"Group by any of: {', '.join(Key)}.")
    ] = Key.MODEL.value,
    utc: Annotated[bool, typer.Option("--utc", help="Days and times are UTC instead of local.")] = False,
    format_: Annotated[Format | None, typer.Option("--format", help="How to write it. Default: table.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the result there.")] = None,
    ledger: options.Ledger = None,
) -> None:
    """Say what every attempt in the ledger cost, what a success cost, and where the money went that bought none.

    Costs are of all attempts: retries, fallbacks and abandoned answers included. Currencies are never added.

    \b
    Examples:
      qwcli cost-report --run last --by model,verdict
      qwcli cost-report --since 2026-11-01 --by day,provider --format csv --out november.csv
    """
    from qwcli.cli.wiring import ledger_path
    from qwcli.reports import cost_report as report

    keys = _keys(by)
    where = Filter(
        since=_moment(since, "--since", utc=utc), until=_moment(until, "--until", utc=utc, end=True), dataset=dataset
    )
    path = ledger_path(ledger)
    check(out, *(f"{path}{ending}" for ending in ("", "-wal", "-shm")))
    groups, totals = _read(path, tuple(run or ()), where, keys, utc=utc, named=ledger is not None)
    show([report.tabulate(keys, groups, totals)], lambda: report.document(keys, groups, totals), format_, out)


def _read(
    path: Path, runs: tuple[str, ...], where: Filter, by: tuple[Key, ...], *, utc: bool, named: bool
) -> tuple[list[Group], list[Group]]:
    """The groups, and the same without keys; says so where there is nothing."""
    from qwcli.cli.wiring import narrate
    from qwcli.store.ledger import Ledger

    if not os.path.exists(path):  # noqa: PTH110 - Path's own raises where it may not look
        if named or runs:
            raise QwcliError(f"There is no ledger at {path}.", hint="`qwcli ask` and `qwcli bench` write one.")
        narrate(f"There is no ledger at {visible(str(path))} yet: `qwcli ask` and `qwcli bench` write one.")
        return [], []
    with Ledger.open(path, write=False) as ledger:
        where = replace(where, runs=tuple(ledger.run(name).id for name in runs))
        groups = ledger.totals(where, by, utc=utc)
        totals = ledger.totals(where, utc=utc) if by else groups
    if not groups:
        narrate(f"No call recorded in {visible(str(path))} is one of those asked for.")
    return groups, totals


def _keys(text: str) -> tuple[Key, ...]:
    """The keys of a comma list, each once. Raises `QwcliError` for one that is not known."""
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    unknown = next((name for name in names if name not in set(Key)), None)
    if unknown is not None:
        close = nearest(unknown, Key)
        hint = f"Did you mean {close}? " if close else ""
        raise QwcliError(f"--by: calls cannot be grouped by {unknown!r}.", hint=f"{hint}Any of: {', '.join(Key)}.")
    return tuple(Key(name) for name in names)


def _moment(text: str | None, option: str, *, utc: bool, end: bool = False) -> float | None:
    """A day or a time as Unix seconds; with `end`, a day is meant to its end. Raises `QwcliError` for anything else."""
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
        if end and len(text) == len("2026-11-22"):
            moment += dt.timedelta(days=1)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC) if utc else moment.astimezone()
        return moment.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise QwcliError(
            f"{option}: {text!r} is not a day or a time.", hint="Write it as 2026-11-22 or 2026-11-22T14:30."
        ) from error
