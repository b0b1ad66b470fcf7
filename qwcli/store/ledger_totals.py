"""Sums over the ledger, exact, in SQL: nothing of a call is loaded, only what its group came to."""

from __future__ import annotations

import sqlite3  # noqa: TID253 - imported when a ledger is opened
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from qwcli.core.run import Latencies, Percentiles
from qwcli.core.spend import MEASURED, UNFINISHED, CaseSums, Filter, Group, Key, RatioSums, Sum
from qwcli.core.verdict import Verdict

_EXPRESSIONS = {
    Key.MODEL: "a.model",
    Key.PROVIDER: "a.provider",
    Key.REGION: "a.region",
    Key.TARGET: "c.asked",
    Key.ROUTE: "c.route",
    Key.DATASET: "c.dataset",
    Key.LANG: "c.lang",
    Key.TAG: "t.tag",
    Key.VERDICT: f"COALESCE(c.verdict, '{UNFINISHED}')",
    Key.RUN: "c.run",
}
_OF_ATTEMPT = frozenset({Key.MODEL, Key.PROVIDER, Key.REGION})

# A key without a value is '' inside the queries, where NULL equals nothing, and `None` outside.
_GroupKey = tuple[tuple[str, ...], str, bool]


@dataclass(slots=True)
class _Gathered:
    verdicts: dict[Verdict, int] = field(default_factory=dict)
    unfinished: int = 0
    score: float = 0.0
    scored: int = 0
    attempts: int = 0
    retries: int = 0
    unpriced: int = 0
    sums: dict[str, list[Sum]] = field(default_factory=dict)
    ratio: dict[str, RatioSums] = field(default_factory=dict)
    by_case: CaseSums | None = None


class _Query:
    """The parts of SQL that a filter and a grouping come to."""

    def __init__(self, where: Filter, by: Sequence[Key], *, utc: bool) -> None:
        day = f"date(c.started_at, 'unixepoch'{'' if utc else ', ' + repr('localtime')})"
        self.width = len(by)
        self.keys = "".join(
            f"COALESCE({day if key is Key.DAY else _EXPRESSIONS[key]}, '') AS k{n}, " for n, key in enumerate(by)
        )
        self.names = "".join(f"k{n}, " for n in range(len(by)))
        self.tags = " LEFT JOIN tags t ON t.call = c.id" if Key.TAG in by else ""
        self.answered = " JOIN attempts a ON a.id = c.answered" if _OF_ATTEMPT.intersection(by) else ""
        self.where, self.values = _where(where)

    def split(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[_GroupKey, tuple[Any, ...]]]:
        """Rows as the group they belong to (keys, kind, simulated) and the rest."""
        width = self.width
        for row in rows:
            yield (row[:width], row[width], bool(row[width + 1])), row[width + 2 :]


def totals(connection: sqlite3.Connection, where: Filter, by: tuple[Key, ...], *, utc: bool) -> list[Group]:
    """The groups, in the order of their keys; measured calls first, simulated ones last."""
    query = _Query(where, by, utc=utc)
    groups: dict[_GroupKey, _Gathered] = {}
    connection.execute("BEGIN")  # all queries see one state of the ledger
    try:
        _count(connection, query, groups)
        _count_cases(connection, query, groups)
        _add_up(connection, query, groups)
        for currency in sorted({part.currency or "" for group in groups.values() for part in _all(group)} - {""}):
            _square(connection, query, currency, groups)
    finally:
        connection.execute("COMMIT")
    ordered = sorted(groups, key=lambda key: (key[2], key[1] not in MEASURED, key[1], key[0]))
    return [_group(by, key, groups[key]) for key in ordered]


def _count(connection: sqlite3.Connection, query: _Query, groups: dict[_GroupKey, _Gathered]) -> None:
    sql = f"""
        SELECT {query.keys}c.kind, c.simulated, c.verdict, COUNT(*),
            SUM(CASE WHEN c.verdict <> 'ungraded' THEN c.score END),
            COUNT(CASE WHEN c.verdict <> 'ungraded' THEN c.score END)
        FROM calls c{query.answered}{query.tags} WHERE {query.where}
        GROUP BY {query.names}c.kind, c.simulated, c.verdict"""  # noqa: S608 - fixed fragments, values are bound
    for key, (verdict, calls, score, scored) in query.split(connection.execute(sql, query.values)):
        group = groups.setdefault(key, _Gathered())
        if verdict is None:
            group.unfinished += calls
        else:
            group.verdicts[Verdict(verdict)] = calls
        group.score += score or 0.0
        group.scored += scored


def _count_cases(connection: sqlite3.Connection, query: _Query, groups: dict[_GroupKey, _Gathered]) -> None:
    """Sums over cases of how many of their calls were graded and passed."""
    sql = f"""
        SELECT {query.names}kind, simulated, COUNT(*), SUM(m > 0), SUM(m), SUM(m * m), SUM(p), SUM(p * p), SUM(m * p)
        FROM (
            SELECT {query.keys}c.kind, c.simulated, SUM(c.verdict <> 'ungraded') AS m, SUM(c.verdict = 'passed') AS p
            FROM calls c{query.answered}{query.tags}
            WHERE {query.where} AND c.kind IN {MEASURED} AND c.verdict IS NOT NULL
            GROUP BY {query.names}c.kind, c.simulated, c.dataset, COALESCE(c.case_id, c.id)
        ) AS cases GROUP BY {query.names}kind, simulated"""  # noqa: S608 - fixed fragments, values are bound
    for key, sums in query.split(connection.execute(sql, query.values)):
        cases, graded, m, mm, p, pp, mp = sums
        groups[key].by_case = CaseSums(
            cases=cases, graded=graded, calls=m, calls_calls=mm, passed=p, passed_passed=pp, calls_passed=mp
        )


def _add_up(connection: sqlite3.Connection, query: _Query, groups: dict[_GroupKey, _Gathered]) -> None:
    sql = f"""
        SELECT {query.keys}c.kind, c.simulated, COALESCE(c.verdict, '{UNFINISHED}') AS v, a.currency,
            COALESCE(SUM(a.cost), 0), SUM(CASE WHEN a.cost IS NULL THEN 1 ELSE 0 END), COUNT(*),
            SUM(CASE WHEN a.reason LIKE 'retry%' THEN 1 ELSE 0 END)
        FROM calls c JOIN attempts a ON a.call = c.id{query.tags} WHERE {query.where} AND a.state <> 'given'
        GROUP BY {query.names}c.kind, c.simulated, v, a.currency"""  # noqa: S608
    for key, (verdict, currency, units, unpriced, attempts, retries) in query.split(
        connection.execute(sql, query.values)
    ):
        group = groups.setdefault(key, _Gathered())
        group.sums.setdefault(verdict, []).append(Sum(currency, units, unpriced))
        group.attempts += attempts
        group.retries += retries
        group.unpriced += unpriced


def _square(connection: sqlite3.Connection, query: _Query, currency: str, groups: dict[_GroupKey, _Gathered]) -> None:
    """Sums of squares and products over cases, whose calls (several epochs, several models) are summed first."""
    sql = f"""
        SELECT {query.names}kind, simulated, COUNT(*), SUM(1.0 * s), SUM(1.0 * s * s), SUM(1.0 * s * p), SUM(p),
            SUM(p * p)
        FROM (
            SELECT {query.keys}c.kind, c.simulated,
                SUM(CASE WHEN a.currency = ? THEN COALESCE(a.cost, 0) ELSE 0 END) AS s,
                SUM(CASE WHEN c.verdict = 'passed' AND a.id = c.answered THEN 1 ELSE 0 END) AS p
            FROM calls c JOIN attempts a ON a.call = c.id{query.tags}
            WHERE {query.where} AND c.kind IN {MEASURED} AND c.verdict <> 'ungraded'
            GROUP BY {query.names}c.kind, c.simulated, c.dataset, COALESCE(c.case_id, c.id)
        ) AS cases GROUP BY {query.names}kind, simulated"""  # noqa: S608
    values = (currency, *query.values)
    for key, (cases, c, cc, cp, p, pp) in query.split(connection.execute(sql, values)):
        groups[key].ratio[currency] = RatioSums(cases=cases, c=c, cc=cc, cp=cp, p=p, pp=pp)


def _where(where: Filter) -> tuple[str, tuple[object, ...]]:
    parts: list[str] = ["1 = 1"]
    values: list[object] = []
    for column, among in (("c.run", where.runs), ("c.kind", where.kinds)):
        if among:
            parts.append(f"{column} IN ({', '.join('?' * len(among))})")
            values.extend(among)
    if where.since is not None:
        parts.append("c.started_at >= ?")
        values.append(where.since)
    if where.until is not None:
        parts.append("c.started_at < ?")
        values.append(where.until)
    if where.dataset is not None:
        ending = "/" + where.dataset
        parts.append("(c.dataset = ? OR substr(c.dataset, -?) = ?)")
        values.extend((where.dataset, len(ending), ending))
    return " AND ".join(parts), tuple(values)


def _all(group: _Gathered) -> Iterator[Sum]:
    for parts in group.sums.values():
        yield from parts


def _group(by: tuple[Key, ...], key: _GroupKey, of: _Gathered) -> Group:
    values, kind, simulated = key
    return Group(
        keys={name.value: value or None for name, value in zip(by, values, strict=True)},
        kind=kind,
        simulated=simulated,
        verdicts={verdict: of.verdicts[verdict] for verdict in Verdict if verdict in of.verdicts},
        unfinished=of.unfinished,
        attempts=of.attempts,
        retries=of.retries,
        unpriced=of.unpriced,
        score=of.score,
        scored=of.scored,
        sums=of.sums,
        ratio=of.ratio,
        by_case=of.by_case,
    )


def latencies(connection: sqlite3.Connection, run: str, asked: str) -> Latencies:
    """Percentiles of a run's calls with a complete answer; half of them needs one call, p95 20 and p99 100."""
    timeouts = connection.execute(
        # A time limit that left part of an answer is no fault: the attempt then says how it finished.
        "SELECT COUNT(*) FROM calls c JOIN attempts a ON a.id = c.answered WHERE c.run = ? AND c.asked = ?"
        " AND c.state = 'done' AND (c.fault_kind IN ('timeout', 'deadline') OR a.finish = 'time_limit')",
        (run, asked),
    ).fetchone()[0]
    total, first_token, first_answer = (
        _percentiles(connection, measure, run, asked) for measure in ("total", "first_token", "first_answer")
    )
    return Latencies(total=total, first_token=first_token, first_answer=first_answer, timeouts=timeouts)


def _percentiles(connection: sqlite3.Connection, measure: str, run: str, asked: str) -> Percentiles:
    complete = f"FROM calls WHERE run = ? AND asked = ? AND complete = 1 AND {measure} IS NOT NULL"
    count = connection.execute(f"SELECT COUNT(*) {complete}", (run, asked)).fetchone()[0]
    # The nearest rank: the smallest time that so many percent of the calls did not exceed.
    places = {share: -(-share * count // 100) for share, least in ((50, 1), (95, 20), (99, 100)) if count >= least}
    found: dict[int, float] = {}
    ordered = connection.execute(f"SELECT {measure} {complete} ORDER BY {measure}", (run, asked))
    passed = 0
    for share, place in places.items():
        (found[share],) = next(islice(ordered, place - passed - 1, None)) if place > passed else (found[50],)
        passed = place
    return Percentiles(p50=found.get(50), p95=found.get(95), p99=found.get(99), count=count)
