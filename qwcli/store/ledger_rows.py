"""Attempts and calls as rows of the ledger. What is text of the user's or a model's is kept, or only its digest."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qwcli.core.call import Attempt, Call, Latency
from qwcli.core.journal import Sending
from qwcli.core.outcome import Fault, Finish, Reply
from qwcli.core.price import to_units
from qwcli.core.verdict import Finding

Row = tuple[Any, ...]

_JSON = json.JSONEncoder(ensure_ascii=False)

_LATENCY = ("queue", "connect", "first_token", "first_answer", "total")
_FINDING = ("verdict", "signal", "rule", "words", "hedged")
_CALL_START = (
    "id", "run", "kind", "asked", "route", "simulated", "dataset", "case_id", "case_row", "epoch", "lang",
    "started_at", "state", "answered",
)  # fmt: skip
_CALL_END = (
    "answered", "complete", "fault_kind", *_FINDING, "grader", "score", "threshold", "closed", "found", "reason",
    *_LATENCY,
)  # fmt: skip
_ATTEMPT_START = (
    "id", "call", "number", "target", "simulated", "provider", "region", "model", "dialect", "reason", "state",
    "sent_at", "waited",
)  # fmt: skip
_ATTEMPT_END = (
    "cost", "currency", "basis", "book", "since", "why_unknown", "streamed", *_LATENCY,
    "usage_input", "usage_cache_read", "usage_cache_write", "usage_output", "usage_reasoning", "usage_source",
    "finish", "finish_raw", "fault_kind", "fault_message", "fault_status", "fault_code", "fault_type", "retryable",
    "retry_after", "tool_calls", "model_reported", "request_id", "notes", *_FINDING,
)  # fmt: skip


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our names


def _update(table: str, columns: Sequence[str], state: str) -> str:
    return f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in columns)}, {state} WHERE id = ?"  # noqa: S608 - our names


BEGIN_CALL = (
    _insert("calls", _CALL_START)
    + " ON CONFLICT (id) DO UPDATE SET answered = excluded.answered WHERE calls.state = 'open'"
)
BEGIN_ATTEMPT = _insert("attempts", _ATTEMPT_START)
KEEP_PROMPT = _insert("prompts", ("call", "messages", "expected")) + " ON CONFLICT DO NOTHING"
KEEP_TAG = _insert("tags", ("call", "tag")) + " ON CONFLICT DO NOTHING"
KEEP_ANSWER = _insert("answers", ("attempt", "text", "thinking", "refusal"))
# An attempt that is only carried along (an answer made elsewhere) stays `given`: it was never sent.
END_ATTEMPT = _update("attempts", _ATTEMPT_END, "state = CASE state WHEN 'sent' THEN 'done' ELSE state END")
END_CALL = _update("calls", _CALL_END, "state = 'done'")


@dataclass(frozen=True, slots=True)
class Texts:
    """How texts are kept: as they are, or, with a secret, as `hmac-sha256:` digests only this ledger can compare."""

    secret: bytes | None = None

    def keep(self, text: str | None) -> str | None:
        """What is stored for a text. Nothing said stays nothing."""
        if not text:
            return text
        if self.secret is None:
            return storable(text)
        return "hmac-sha256:" + hmac.new(self.secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def storable(text: str | None) -> str | None:
    """The text; half a surrogate pair, which no file can hold, becomes its escape."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def call_start(sending: Sending) -> Row:
    """The row of a call whose first attempt, or one more, is about to be sent."""
    of = sending.identity
    return (
        sending.call, of.run, of.kind, storable(sending.asked), sending.route, sending.simulated,
        storable(of.dataset), storable(of.case), of.row, of.epoch, storable(of.lang), sending.started_at, "open",
        sending.attempt,
    )  # fmt: skip


def attempt_start(sending: Sending, state: str = "sent") -> Row:
    """The row of an attempt about to be sent."""
    target = sending.target
    return (
        sending.attempt, sending.call, sending.number, storable(target.name), target.simulated, target.provider,
        target.region, storable(target.model), target.dialect, sending.reason, state, sending.sent_at, sending.waited,
    )  # fmt: skip


def prompt(sending: Sending, texts: Texts) -> Row:
    """The row of what was asked."""
    messages = [[message.role, texts.keep(message.content)] for message in sending.prompt.messages]
    return (sending.call, _JSON.encode(messages), texts.keep(sending.prompt.gold))


def attempt_end(attempt: Attempt, texts: Texts) -> Row:
    """How an attempt ended, for the row it began."""
    outcome, cost, usage = attempt.outcome, attempt.cost, attempt.outcome.usage
    counted = (None,) * 6 if usage is None else (
        usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning, usage.source,
    )  # fmt: skip
    if isinstance(outcome, Reply):
        ended: Row = (outcome.finish, storable(outcome.finish_raw), *(None,) * 7, outcome.tool_calls)
    else:
        ended = (
            None, storable(outcome.finish_raw), outcome.kind, texts.keep(outcome.message), outcome.status,
            storable(outcome.code), storable(outcome.type), outcome.retryable, outcome.retry_after, 0,
        )  # fmt: skip
    notes = _JSON.encode([texts.keep(note) for note in outcome.notes]) if outcome.notes else None
    return (
        None if cost.amount is None else to_units(cost.amount), cost.currency, cost.basis, cost.book,
        None if cost.since is None else cost.since.isoformat(), cost.why_unknown, attempt.streamed,
        *_latency(attempt.latency), *counted, *ended, storable(outcome.model), storable(outcome.request_id), notes,
        *_finding(attempt.finding, texts), attempt.id,
    )  # fmt: skip


def answer(attempt: Attempt, texts: Texts) -> Row | None:
    """The row of what came back as text, if any did."""
    outcome = attempt.outcome
    refusal = outcome.refusal if isinstance(outcome, Reply) else None
    if not (outcome.text or outcome.thinking or refusal):
        return None
    return (attempt.id, texts.keep(outcome.text), texts.keep(outcome.thinking), texts.keep(refusal))


def call_end(call: Call, texts: Texts) -> Row:
    """How a call ended, for the row it began. Complete is an answer that itself says it stopped where it meant to."""
    outcome, grade = call.outcome, call.grade
    complete = isinstance(outcome, Reply) and outcome.finish is Finish.STOP
    graded: Row = (None,) * 6 if grade is None else (
        grade.grader, grade.score, grade.threshold, grade.closed, texts.keep(grade.found), texts.keep(grade.reason),
    )  # fmt: skip
    fault = outcome.kind if isinstance(outcome, Fault) else None
    return (
        call.answered.id, complete, fault, *_finding(call.finding, texts), *graded, *_latency(call.latency), call.id,
    )  # fmt: skip


def _latency(latency: Latency) -> Row:
    return (latency.queue, latency.connect, latency.first_token, latency.first_answer, latency.total)


def _finding(finding: Finding, texts: Texts) -> Row:
    return (finding.verdict, finding.signal, finding.rule, texts.keep(finding.words), finding.hedged)
