"""Attempts and calls as rows of the ledger. What is text of the user's or a model's is kept, or only its digest."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
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
KEEP_PROMPT = _insert("prompts", ("call", "messages", "expected", "also")) + " ON CONFLICT DO NOTHING"
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

    def keep_named(self, text: str | None) -> str | None:
        """What is stored for `NAME: text`: the name is ours and stays, the text behind it may quote the user's."""
        name, colon, said = (text or "").partition(":")
        if self.secret is None or not colon:
            return storable(text)
        return f"{name}: {self.keep(said)}"

    def keep_within(self, value: object) -> object:
        """The same value, ready for JSON, with what is kept of each text in it."""
        if isinstance(value, str):
            return self.keep(value)
        if isinstance(value, Mapping):
            return {name: self.keep_within(inner) for name, inner in value.items()}
        return [self.keep_within(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def storable(text: str | None) -> str | None:
    """The text; half a surrogate pair, which no file can hold, becomes its escape."""
    if text is None or text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


_SAID = frozenset({"system", "template", "mapping", "extra", "body"})
_CHOSEN = frozenset({"where", "answers_where"})


def kept_config(config: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """A run's configuration as it is stored; of what may be text of the user's, without texts only digests."""
    return dict(config) if texts.secret is None else {name: _kept(name, config[name], texts) for name in config}


def _kept(name: str, value: object, texts: Texts) -> object:
    if value is None:
        return None
    if name == "grader":
        return texts.keep_named(str(value))
    if name == "json_schema":  # the names of its fields are the user's as much as its texts
        return texts.keep(_JSON.encode(value))
    if name in _CHOSEN and isinstance(value, (list, tuple)):
        return [[column, texts.keep(wanted)] for column, wanted in value]
    if name in _SAID:
        return texts.keep_within(value)
    if isinstance(value, Mapping):
        return {inner: _kept(inner, value[inner], texts) for inner in value}
    return [_kept("", inner, texts) for inner in value] if isinstance(value, (list, tuple)) else value


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
    also = [texts.keep(answer) for answer in sending.prompt.also]
    return (sending.call, _JSON.encode(messages), texts.keep(sending.prompt.gold), _JSON.encode(also) if also else None)


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
        texts.keep_named(grade.grader), grade.score, grade.threshold, grade.closed, texts.keep(grade.found),
        texts.keep(grade.reason),
    )  # fmt: skip
    fault = outcome.kind if isinstance(outcome, Fault) else None
    return (
        call.answered.id, complete, fault, *_finding(call.finding, texts), *graded, *_latency(call.latency), call.id,
    )  # fmt: skip


def _latency(latency: Latency) -> Row:
    return (latency.queue, latency.connect, latency.first_token, latency.first_answer, latency.total)


def _finding(finding: Finding, texts: Texts) -> Row:
    # A grade's rule may end in the grader's reason, which quotes what is right; all other rules are ours.
    rule = texts.keep_named(finding.rule) if finding.signal == "grade" else finding.rule
    return (finding.verdict, finding.signal, rule, texts.keep(finding.words), finding.hedged)
