"""Answers that providers gave in earnest, replayed over a real connection through the engine's public door.

The recordings lie beside the checkout and are no part of it; where they are not, these tests are skipped.
"""

import asyncio
import datetime as dt
import json
import time
from dataclasses import dataclass
from random import Random

import pytest

from qwcli.core.call import Identity
from qwcli.core.outcome import Fault, Finish
from qwcli.core.prompt import Message, Parameters, Prompt
from qwcli.core.target import Target
from qwcli.core.verdict import Finding, Verdict
from qwcli.engine.exchange import Exchanger, Patience
from qwcli.engine.pace import Pace
from qwcli.engine.retry import Retry
from qwcli.engine.router import Router
from qwcli.engine.transport import AiohttpTransport

DIALECTS = {"openai-chat": "openai"}
"""What the recordings call a wire, and what we call it; the rest wait for their dialects."""

DEVIATIONS = {
    "azure-011-": {
        "input_tokens": "163 tokens read from a cache cannot be among the 7 of the prompt: counted beside them, not inside"
    },
    "openrouter-003-": {
        "input_tokens": "2161 tokens written to a cache and read from it at once; the upstream cost it states bills both"
    },
    "mistral-004-": {
        "reasoning_chars": "they counted the characters of the JSON around each thought, we those of the thought"
    },
    "openai-004-": {"tool_calls": "the wire's older `function_call` is a tool call too"},
}
"""Recording -> field -> why we say something else on purpose. One that no longer differs must go."""


class Silent:
    """A journal that keeps nothing."""

    async def sending(self, sending):
        pass

    def answered(self, call, attempt):
        pass

    def called(self, call):
        pass


@dataclass
class Replay:
    recording: dict
    expected: dict


def recorded(shared):
    wire = shared / "wire"
    rows = [json.loads(line) for line in (wire / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
    expected = {row["id"]: row for row in rows}
    replays = []
    for path in sorted(wire.glob("*.jsonl")):
        if path.name == "expected.jsonl":
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            recording = json.loads(line)
            if recording["dialect"] in DIALECTS:
                replays.append(Replay(recording, expected[recording["id"]]))
    return replays


def answer(recording, pieces):
    """The recorded answer as a server sends it: a stream in `pieces`, a body at once."""
    body = recording["response_body"].encode()
    dropped = {"content-length", "content-encoding", "transfer-encoding", "connection"}
    given = recording["response_headers"] or {}
    headers = [
        f"{name}: {value}\r\n"
        for name, values in given.items()
        if name.lower() not in dropped
        for value in (values if isinstance(values, list) else [values])
    ]
    head = f"HTTP/1.1 {recording['status']} Recorded\r\n{''.join(headers)}"
    if recording["stream"]:
        chunks = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces(body)]
        return [f"{head}transfer-encoding: chunked\r\n\r\n".encode(), *chunks, b"0\r\n\r\n"]
    return [f"{head}content-length: {len(body)}\r\n\r\n".encode() + body]


def chopped(body):
    """The body in pieces of odd lengths, the same every time; never at a piece's own boundaries."""
    random = Random(len(body))
    start = 0
    while start < len(body):
        stop = start + random.choice([1, 3, 17, 100, 701])
        yield body[start:stop]
        start = stop


def replay(provider, replays, pieces):
    """Every recording, one after the other over one router: its call."""

    async def main():
        carrier = AiohttpTransport()
        patience = Patience(total=20)
        exchanger = Exchanger(
            carrier=carrier, secrets={}, patience=patience, clock=time.monotonic, today=lambda: dt.datetime.now(dt.UTC)
        )
        finding = Finding(verdict=Verdict.UNGRADED, signal="test", rule="test")
        router = Router(
            exchanger=exchanger,
            pace=Pace(clock=time.monotonic),
            journal=Silent(),
            classify=lambda _outcome, _prompt: finding,
            patience=patience,
            retry=Retry(tries=1),
            random=Random(1),
            clock=time.monotonic,
            now=time.time,
        )
        try:
            return [
                await router.ask(
                    Target(
                        name="t",
                        provider=replay.recording["provider"],
                        model="m",
                        url=provider.url,
                        dialect=DIALECTS[replay.recording["dialect"]],
                    ),
                    Prompt(
                        messages=(Message(role="user", content="hi"),),
                        parameters=Parameters(stream=replay.recording["stream"]),
                    ),
                    Identity(kind="ask"),
                )
                for replay in replays
            ]
        finally:
            await carrier.aclose()

    provider.script = [answer(each.recording, pieces) for each in replays]
    return asyncio.run(main())


def found(call, expected):
    """What we say of an answer, in the words of `expected`."""
    outcome = call.outcome
    usage = outcome.usage
    fault = outcome if isinstance(outcome, Fault) else None
    said = {
        "text": outcome.text,
        "finish_reason": outcome.finish_raw,
        "input_tokens": usage and usage.prompt,
        "output_tokens": usage and usage.output,
        "cached_tokens": usage and usage.cache_read,
        "cache_write_tokens": usage and usage.cache_write,
        "reasoning_tokens": usage and usage.reasoning,
        "reasoning_chars": len(outcome.thinking),
        "refusal": None if fault else outcome.refusal,
        "tool_calls": expected["tool_calls"] if fault else outcome.tool_calls,
        "model_returned": outcome.model,
        "error_code": fault and fault.code,
        "error_type": fault and fault.type,
        "error_message": fault and fault.message,
    }
    return {name: value for name, value in said.items() if name != "model_returned" or not fault}


def wanted(expected):
    """What the recordings' own, independent reading says, in the same words."""
    inside = expected["output_tokens_incl_reasoning"]
    used = expected["input_tokens"] is not None
    error = expected["stream_error"] or {}
    code = error.get("code", expected["error_code"])
    said = {
        "text": expected["text"] or "",
        "output_tokens": expected["output_tokens"] if inside is None else inside,
        "cached_tokens": (expected["cached_tokens"] or 0) if used else None,
        "cache_write_tokens": (expected["cache_write_tokens"] or 0) if used else None,
        "error_code": None if code is None else str(code),
        "error_type": error.get("type", expected["error_type"]),
        "error_message": error.get("message", expected["error_message"]),
        "model_returned": expected["model_returned"] or None,
    }
    return {**expected, **said}


@pytest.mark.parametrize("pieces", [lambda body: [body], chopped], ids=["at once", "in pieces"])
def test_every_recording_is_read_as_an_independent_reader_reads_it(shared, provider, pieces):
    replays = recorded(shared)
    assert len(replays) > 100
    differing = {}
    for each, call in zip(replays, replay(provider, replays, pieces), strict=True):
        ours, theirs = found(call, each.expected), wanted(each.expected)
        differs = {name: (value, theirs[name]) for name, value in ours.items() if value != theirs[name]}
        if differs:
            differing[each.recording["id"]] = differs
    explained = {
        identity: set(DEVIATIONS.get(next((key for key in DEVIATIONS if identity.startswith(key)), ""), {}))
        for identity in differing
    }
    unexplained = {
        identity: {name: values for name, values in fields.items() if name not in explained[identity]}
        for identity, fields in differing.items()
    }
    assert {identity: fields for identity, fields in unexplained.items() if fields} == {}
    known = {(key, name) for key, fields in DEVIATIONS.items() for name in fields}
    seen = {
        (key, name)
        for identity, fields in differing.items()
        for key in DEVIATIONS
        for name in fields
        if identity.startswith(key)
    }
    assert seen == known, "a deviation that is gone must leave the table"


def test_every_recorded_error_is_a_fault_and_every_recorded_answer_a_reply(shared, provider):
    replays = recorded(shared)
    for each, call in zip(replays, replay(provider, replays, lambda body: [body]), strict=True):
        failed = each.recording["status"] >= 400 or each.expected["stream_error"] is not None
        assert isinstance(call.outcome, Fault) == failed, each.recording["id"]
        if failed and each.recording["status"] >= 400:
            assert call.outcome.status == each.recording["status"]


def test_no_recorded_answer_without_a_finish_is_taken_for_finished(shared, provider):
    replays = recorded(shared)
    for each, call in zip(replays, replay(provider, replays, chopped), strict=True):
        if call.reply is not None and not each.expected["finish_reason"]:
            assert call.reply.finish is Finish.UNKNOWN, each.recording["id"]


def test_a_limit_that_was_recorded_keeps_its_wait(shared, provider):
    replays = [each for each in recorded(shared) if each.recording["id"].startswith("azure-002-")]
    asked = {name.lower(): value for name, value in replays[0].recording["response_headers"].items()}
    [call] = replay(provider, replays, chopped)
    assert (call.fault.retryable, call.fault.retry_after) == (True, float(asked["retry-after"]))
