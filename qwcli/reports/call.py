"""One call as JSON, `qwcli.call/1`: a line of `ask --json` and of `bench --format jsonl`."""

from __future__ import annotations

from typing import Any

from qwcli.core.call import Attempt, Call, Latency
from qwcli.core.case import Grade
from qwcli.core.outcome import Fault, Outcome, Usage
from qwcli.core.price import total
from qwcli.core.run import Recorded
from qwcli.core.verdict import Finding
from qwcli.reports.money import money

SCHEMA = "qwcli.call/1"


def document(call: Call) -> dict[str, Any]:
    """The object of one call."""
    answered = call.answered
    return {
        "schema": SCHEMA,
        "id": call.id,
        "target": call.asked,
        "route": call.route,
        "simulated": call.simulated,
        "verdict": call.verdict.value,
        **_outcome(call.outcome),
        "usage": _usage(call.outcome.usage),
        "cost": money(call.cost),
        "basis": answered.cost.basis.value,
        "price": _price(answered),
        "latency": _latency(call.latency),
        "model_reported": call.outcome.model,
        "evidence": _evidence(call.finding),
        "attempts": [_attempt(attempt) for attempt in call.attempts],
    }


def line(recorded: Recorded) -> dict[str, Any]:
    """The object of one graded call of a bench."""
    call, of = recorded.call, recorded.identity
    return {
        **document(call),
        "case": of.case,
        "row": of.row,
        "epoch": of.epoch,
        "expected": list(recorded.expected) if isinstance(recorded.expected, tuple) else recorded.expected,
        "grade": _grade(call.grade),
        "lang": of.lang,
        "tags": list(of.tags),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    target = attempt.target
    return {
        "id": attempt.id,
        "number": attempt.number,
        "target": target.name,
        "provider": target.provider,
        "region": target.region,
        "model": target.model,
        "simulated": target.simulated,
        "reason": attempt.reason,
        "waited": attempt.waited,
        "streamed": attempt.streamed,
        "verdict": attempt.finding.verdict.value,
        **_outcome(attempt.outcome),
        "usage": _usage(attempt.outcome.usage),
        "cost": money(total((attempt.cost,))),
        "basis": attempt.cost.basis.value,
        "why_unknown": attempt.cost.why_unknown,
        "price": _price(attempt),
        "latency": _latency(attempt.latency),
        "model_reported": attempt.outcome.model,
        "request_id": attempt.outcome.request_id,
        "notes": list(attempt.outcome.notes),
        "evidence": _evidence(attempt.finding),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    fault = outcome if isinstance(outcome, Fault) else None
    return {
        "text": outcome.text,
        "thinking": outcome.thinking,
        "finish": None if isinstance(outcome, Fault) else outcome.finish.value,
        "finish_raw": outcome.finish_raw,
        "fault": None
        if fault is None
        else {"kind": fault.kind.value, "message": fault.message, "status": fault.status, "code": fault.code},
    }


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input": usage.input,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write,
        "output": usage.output,
        "reasoning": usage.reasoning,
        "source": usage.source.value,
    }


def _price(attempt: Attempt) -> dict[str, Any] | None:
    cost = attempt.cost
    if cost.book is None:
        return None
    return {"book": cost.book, "since": None if cost.since is None else cost.since.isoformat()}


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "queue": latency.queue,
        "connect": latency.connect,
        "first_token": latency.first_token,
        "first_answer": latency.first_answer,
        "total": latency.total,
    }


def _evidence(finding: Finding) -> dict[str, Any]:
    return {"signal": finding.signal, "rule": finding.rule, "words": finding.words, "hedged": finding.hedged}


def _grade(grade: Grade | None) -> dict[str, Any] | None:
    if grade is None:
        return None
    return {
        "grader": grade.grader,
        "score": grade.score,
        "threshold": grade.threshold,
        "passed": grade.passed,
        "found": grade.found,
        "reason": grade.reason,
    }
