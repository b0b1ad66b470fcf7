"""Recorded calls, back from their rows in the ledger."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3  # noqa: TID253 - imported when a ledger is opened
from collections.abc import Iterator, Sequence
from typing import Any

from qwcli.core.call import Attempt, Call, Identity, Latency
from qwcli.core.case import Grade
from qwcli.core.outcome import Fault, FaultKind, Finish, Outcome, Reply, Usage, UsageSource
from qwcli.core.price import Basis, Cost, from_units
from qwcli.core.prompt import Message
from qwcli.core.run import Recorded
from qwcli.core.target import Target
from qwcli.core.verdict import Finding, Verdict

_TIMES = ("connect", "first_token", "first_answer", "total")
_CALLS = """
SELECT c.*, p.messages, p.expected, p.also FROM calls c LEFT JOIN prompts p ON p.call = c.id
WHERE c.run = ? AND c.state = 'done' ORDER BY c.case_row, c.epoch, c.asked, c.started_at"""
_ATTEMPTS = """
SELECT a.*, t.text, t.thinking, t.refusal FROM attempts a LEFT JOIN answers t ON t.attempt = a.id
WHERE a.call = ? ORDER BY a.number, a.sent_at"""
_TAGS = "SELECT tag FROM tags WHERE call = ? ORDER BY tag"


def recorded(connection: sqlite3.Connection, run: str) -> Iterator[Recorded]:
    """The ended calls of a run, in the order of the dataset, one at a time in memory."""
    for call in _rows(connection, _CALLS, run):
        attempts = list(_rows(connection, _ATTEMPTS, call["id"]))
        yield _read_call(call, attempts, [row["tag"] for row in _rows(connection, _TAGS, call["id"])])


def _rows(connection: sqlite3.Connection, sql: str, key: str) -> Iterator[dict[str, Any]]:
    cursor = connection.execute(sql, (key,))
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _read_call(row: dict[str, Any], attempts: Sequence[dict[str, Any]], tags: Sequence[str]) -> Recorded:
    """A call from its row, those of its attempts, and its tags."""
    read = {attempt["id"]: _read_attempt(attempt) for attempt in attempts}
    grade = None if row["grader"] is None else Grade(
        grader=row["grader"], score=row["score"], threshold=row["threshold"], closed=bool(row["closed"]),
        found=row["found"], reason=row["reason"],
    )  # fmt: skip
    call = Call(
        id=row["id"], asked=row["asked"], route=row["route"], started_at=row["started_at"],
        attempts=tuple(read[attempt["id"]] for attempt in attempts if attempt["state"] != "given"),
        answered=read[row["answered"]], finding=_read_finding(row), latency=_read_latency(row), grade=grade,
        simulated=bool(row["simulated"]),
    )  # fmt: skip
    identity = Identity(
        kind=row["kind"], run=row["run"], dataset=row["dataset"], case=row["case_id"], row=row["case_row"],
        epoch=row["epoch"], lang=row["lang"], tags=tuple(tags),
    )  # fmt: skip
    messages = tuple(Message(role=role, content=content) for role, content in json.loads(row["messages"] or "[]"))
    expected = row["expected"] if row["also"] is None else (row["expected"], *json.loads(row["also"]))
    return Recorded(call=call, identity=identity, messages=messages, expected=expected)


def _read_attempt(row: dict[str, Any]) -> Attempt:
    """An attempt from its row; one whose end was never recorded is a fault at an unknown cost."""
    target = Target(
        name=row["target"], provider=row["provider"], region=row["region"], model=row["model"], dialect=row["dialect"],
        url="", simulated=bool(row["simulated"]),
    )  # fmt: skip
    ended = row["basis"] is not None
    return Attempt(
        id=row["id"], number=row["number"], target=target, reason=row["reason"], sent_at=row["sent_at"],
        waited=row["waited"], streamed=bool(row["streamed"]), latency=_read_latency(row),
        outcome=_read_outcome(row) if ended else _LOST,
        cost=_read_cost(row) if ended else Cost(amount=None, why_unknown=_LOST.message),
        finding=_read_finding(row) if ended else Finding(verdict=Verdict.FAILED, signal="fault", rule="lost"),
    )  # fmt: skip


_LOST = Fault(kind=FaultKind.ERROR, message="the end of this attempt was never recorded")


def _read_outcome(row: dict[str, Any]) -> Outcome:
    usage = None if row["usage_source"] is None else Usage(
        input=row["usage_input"], cache_read=row["usage_cache_read"], cache_write=row["usage_cache_write"],
        output=row["usage_output"], reasoning=row["usage_reasoning"], source=UsageSource(row["usage_source"]),
    )  # fmt: skip
    text, thinking, notes = row["text"] or "", row["thinking"] or "", tuple(json.loads(row["notes"] or "[]"))
    if row["fault_kind"] is None:
        return Reply(
            text=text, thinking=thinking, finish=Finish(row["finish"]), finish_raw=row["finish_raw"], usage=usage,
            refusal=row["refusal"], tool_calls=row["tool_calls"], model=row["model_reported"],
            request_id=row["request_id"], notes=notes,
        )  # fmt: skip
    return Fault(
        kind=FaultKind(row["fault_kind"]), message=row["fault_message"], retryable=bool(row["retryable"]),
        status=row["fault_status"], code=row["fault_code"], type=row["fault_type"], retry_after=row["retry_after"],
        text=text, thinking=thinking, usage=usage, finish_raw=row["finish_raw"], model=row["model_reported"],
        request_id=row["request_id"], notes=notes,
    )  # fmt: skip


def _read_cost(row: dict[str, Any]) -> Cost:
    return Cost(
        amount=None if row["cost"] is None else from_units(row["cost"]), currency=row["currency"],
        basis=Basis(row["basis"]), book=row["book"],
        since=None if row["since"] is None else dt.date.fromisoformat(row["since"]),
        why_unknown=row["why_unknown"],
    )  # fmt: skip


def _read_finding(row: dict[str, Any]) -> Finding:
    return Finding(
        verdict=Verdict(row["verdict"]), signal=row["signal"], rule=row["rule"], words=row["words"],
        hedged=bool(row["hedged"]),
    )  # fmt: skip


def _read_latency(row: dict[str, Any]) -> Latency:
    return Latency(queue=row["queue"] or 0.0, **{name: row[name] for name in _TIMES})
