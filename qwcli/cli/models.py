"""`qwcli models`: which targets and routes there are, what they cost, and whether their keys are set."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

from qwcli.cli import options
from qwcli.cli.output import Format, show
from qwcli.core.price import PriceRow, row_at
from qwcli.core.profile import Profile
from qwcli.core.table import Column, Kind, Table
from qwcli.core.target import Limits, Route, Target


def models(
    profile: options.Profile = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="How to write it. Default: table."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """List the targets and routes that can be asked, with prices, limits, and whether their keys are set.

    Prices are per million tokens, today's. Keys are named and never shown.

    \b
    Examples:
      qwcli models
      qwcli models -p qwen --format csv
    """
    from qwcli.cli.wiring import open_profile
    from qwcli.render import tables_json

    opened = open_profile(profile)
    today = dt.datetime.now(dt.UTC).date()
    tables = [targets_table(opened, os.environ, today)]
    if opened.routes:
        tables.append(routes_table(opened.routes.values()))
    show(tables, lambda: tables_json.document(tables), Format.JSON if json else format_, None)


def targets_table(profile: Profile, env: Mapping[str, str], day: dt.date) -> Table:
    """A row a target, with the first tier of the prices in force on `day`; of keys only whether `env` has them."""
    from qwcli.store.variables import key_problem, variables

    columns = (
        Column(name="target"),
        Column(name="provider"),
        Column(name="region"),
        Column(name="residency", optional=True),
        Column(name="model"),
        Column(name="input", kind=Kind.PRICE),
        Column(name="output", kind=Kind.PRICE),
        Column(name="thinking", kind=Kind.PRICE, optional=True),
        Column(name="currency"),
        Column(name="context", kind=Kind.COUNT),
        Column(name="max output", kind=Kind.COUNT, optional=True),
        Column(name="limits"),
        Column(name="key", optional=True),
        Column(name="key set"),
    )
    rows = []
    for target in profile.targets.values():
        row = row_at(target.prices, day)
        rates = row.tiers[0].rates if row else None
        names = variables(target)
        key_set = "none needed" if not names else "no" if key_problem(target, env) else "yes"
        rows.append(
            (
                target.name,
                target.provider,
                target.region,
                target.residency,
                target.model,
                rates.input if rates else None,
                rates.output if rates else None,
                rates.thinking_output if rates else None,
                row.currency if row else None,
                target.context,
                target.max_output,
                _limits(target.limits),
                ", ".join(names) or None,
                key_set,
            )
        )
    return Table(title=f"Targets of the profile {profile.name}", columns=columns, rows=rows, notes=_notes(profile, day))


def routes_table(routes: Iterable[Route]) -> Table:
    """A row a route, with its members in order."""
    columns = (
        Column(name="route"),
        Column(name="policy"),
        Column(name="targets"),
        Column(name="options", optional=True),
    )
    rows = [
        (
            route.name,
            route.policy,
            ", ".join(member.name for member in route.members),
            ", ".join(f"{name}: {_flat(value)}" for name, value in route.options.items()) or None,
        )
        for route in routes
    ]
    return Table(title="Routes", columns=columns, rows=rows)


def _notes(profile: Profile, day: dt.date) -> tuple[str, ...]:
    targets: list[Target] = list(profile.targets.values())
    in_force: list[PriceRow] = [row for target in targets if (row := row_at(target.prices, day))]
    notes = []
    if in_force:
        books = ", ".join(sorted({row.book for row in in_force}))
        oldest = min(row.checked for row in in_force)
        notes.append(f"Prices per million tokens, by {books}; last checked on {oldest} or later.")
    if any(len(row.tiers) > 1 for row in in_force):
        notes.append("Some models cost more for long inputs: the price of the shortest is shown.")
    if any(target.simulated for target in targets):
        notes.append("Simulated targets: figures made with them say nothing of real models.")
    if not profile.trusted:
        notes.append(f"{profile.name} lies in this folder and is not trusted: nothing is asked before `qwcli trust`.")
    return tuple(notes)


def _limits(limits: Limits) -> str | None:
    parts = [
        f"{_short(limits.rpm)} requests/min" if limits.rpm else None,
        f"{_short(limits.tpm)} tokens/min" if limits.tpm else None,
        f"{limits.concurrency} at once" if limits.concurrency else None,
    ]
    return ", ".join(part for part in parts if part) or None


def _short(count: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size and count % (size // 10) == 0:
            return f"{count / size:g}{letter}"
    return str(count)


def _flat(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
