"""Whole journeys over real sockets: retries, waits, deadlines, fallbacks, and what is recorded of them."""

import asyncio
import datetime as dt
import socket
import threading
import time
import urllib.parse
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from qwcli.core.call import Identity
from qwcli.core.outcome import Fault, FaultKind, Finish, Reply
from qwcli.core.price import PriceRow, Rates, Tier
from qwcli.core.prompt import Message, Parameters, Prompt
from qwcli.core.target import Route, Target
from qwcli.core.verdict import Finding, Verdict
from qwcli.engine.exchange import Exchanger, Patience
from qwcli.engine.pace import Pace
from qwcli.engine.retry import Retry
from qwcli.engine.router import Router
from qwcli.engine.transport import AiohttpTransport
from qwcli.errors import QwcliError

PRICE = PriceRow(
    book="b",
    model="m",
    since=dt.date(2026, 1, 1),
    currency="USD",
    tiers=(Tier(rates=Rates(input=Decimal(1), output=Decimal(2))),),
    source="here",
    checked=dt.date(2026, 1, 1),
)
PROMPT = Prompt(messages=(Message(role="user", content="hi"),), parameters=Parameters(stream=False))
STREAMED = replace(PROMPT, parameters=Parameters())
QUICK = Retry(base=0.01, cap=0.02)


class Log:
    """A journal that remembers."""

    def __init__(self):
        self.sent, self.ended = [], []

    async def sending(self, sending):
        self.sent.append(sending)

    def answered(self, call, attempt):
        self.ended.append(attempt)

    def called(self, call):
        raise AssertionError("the router leaves the end of a call to whoever asked")


def classify(outcome, prompt):
    if isinstance(outcome, Fault):
        verdict = Verdict.BLOCKED if outcome.kind is FaultKind.BLOCKED else Verdict.FAILED
    else:
        verdict = Verdict.REFUSED if "cannot" in outcome.text else Verdict.UNGRADED
    return Finding(verdict=verdict, signal="test", rule="test")


def target(provider, name="t", **changes):
    return Target(name=name, provider=name, model="m", url=provider.url, prices=(PRICE,), **changes)


def ask(asked, prompt=PROMPT, *, log=None, patience=None, retry=QUICK, sink=None, secrets=None, waiting=None, times=1):
    async def main():
        carrier = AiohttpTransport()
        bounds = patience or Patience(total=10)
        exchanger = Exchanger(
            carrier=carrier,
            secrets=secrets or {},
            patience=bounds,
            clock=time.monotonic,
            today=lambda: dt.datetime.now(dt.UTC),
        )
        router = Router(
            exchanger=exchanger,
            pace=Pace(clock=time.monotonic),
            journal=log or Log(),
            classify=classify,
            patience=bounds,
            retry=retry,
            random=Random(1),
            clock=time.monotonic,
            now=time.time,
            waiting=waiting,
        )
        try:
            calls = [await router.ask(asked, prompt, Identity(kind="ask"), sink=sink) for _ in range(times)]
        finally:
            await carrier.aclose()
        return calls[-1]

    return asyncio.run(main())


def test_an_answer_is_read_priced_and_recorded(provider):
    provider.script = [provider.said("hello")]
    log = Log()
    call = ask(target(provider), log=log)
    assert call.outcome.text == "hello"
    assert call.outcome.finish is Finish.STOP
    assert [money.amount for money in call.cost] == [Decimal("0.00002")]  # 10 at 1 and 5 at 2 a million
    assert [sending.reason for sending in log.sent] == ["first"]
    assert log.ended == list(call.attempts)
    assert call.latency.total > 0
    assert call.latency.first_token is None  # not streamed, so not known


def test_the_time_our_own_recording_takes_is_not_counted_as_the_models(provider):
    class SlowLog(Log):
        async def sending(self, sending):
            await super().sending(sending)
            await asyncio.sleep(0.2)

        def answered(self, call, attempt):
            super().answered(call, attempt)
            time.sleep(0.2)

    provider.script = [[0.1, *provider.said("hello")]]
    call = ask(target(provider), log=SlowLog())
    assert 0.1 <= call.latency.total < 0.25
    assert call.latency.total == pytest.approx(call.answered.latency.total, abs=0.02)


def test_a_stream_has_true_first_token_times(provider):
    events = [
        b'data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}\n\n',
        0.1,
        b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        0.05,
    ]
    provider.script = [provider.stream(*events)]
    latency = ask(target(provider), STREAMED).latency
    assert latency.first_token < 0.09
    assert 0.1 <= latency.first_answer <= latency.total < 0.15


def test_a_limit_is_waited_for_as_long_as_the_server_says_and_the_wait_is_told(provider):
    provider.script = [
        provider.json(
            {"error": {"message": "slow down", "code": "limit_requests"}}, "429 Too Many", retry_after="0.25"
        ),
        provider.said("ok"),
    ]
    pauses = []
    call = ask(target(provider), waiting=pauses.append)
    assert call.outcome.text == "ok"
    assert [attempt.reason for attempt in call.attempts] == ["first", "retry: rate"]
    assert 0.25 <= provider.times[1] - provider.times[0] < 0.35
    assert [pause.fault.retry_after for pause in pauses] == [0.25]
    assert call.attempts[1].waited == pauses[0].seconds
    assert [money.amount for money in call.cost] == [Decimal("0.00002")]  # what was refused costs nothing
    assert call.latency.total >= 0.25


def test_a_wait_longer_than_the_time_left_is_the_end_at_once(provider):
    provider.script = [provider.json({"error": {"message": "no"}}, "429 Too Many", retry_after="60")]
    began = time.monotonic()
    call = ask(target(provider), patience=Patience(total=5))
    assert time.monotonic() - began < 2
    assert call.fault.kind is FaultKind.RATE
    assert call.fault.retry_after == 60


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        ("401 Unauthorized", {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}, FaultKind.AUTH),
        ("400 Bad Request", {"error": {"message": "x", "code": "data_inspection_failed"}}, FaultKind.BLOCKED),
        ("429 Too Many", {"error": {"message": "x", "code": "insufficient_quota"}}, FaultKind.QUOTA),
        ("404 Not Found", b"<html><body><h1>404</h1></body></html>", FaultKind.NOT_FOUND),
        ("302 Found", b"", FaultKind.PROTOCOL),
    ],
)
def test_what_will_not_pass_by_waiting_is_asked_once(provider, status, document, kind):
    provider.script = [provider.json(document, status, location="https://elsewhere.example/")]
    call = ask(target(provider))
    assert (call.fault.kind, len(provider.requests)) == (kind, 1)
    assert "<" not in call.fault.message


def test_server_errors_are_tried_again_until_tries_are_used_up(provider):
    provider.script = [provider.json(b"oops", "502 Bad Gateway")]
    call = ask(target(provider), retry=Retry(tries=3, base=0.01, cap=0.01))
    assert (call.fault.kind, call.fault.status, len(provider.requests)) == (FaultKind.SERVER, 502, 3)


def test_the_deadline_ends_a_silent_server_and_keeps_partial_text(provider):
    provider.script = [[5.0]]
    silent = ask(target(provider), patience=Patience(total=0.2))
    assert silent.fault.kind is FaultKind.DEADLINE
    assert silent.cost[0].at_least  # what it may have cost is not known
    provider.requests.clear()
    provider.script = [provider.stream(b'data: {"choices":[{"index":0,"delta":{"content":"par"}}]}\n\n', 5.0)]
    partial = ask(target(provider), STREAMED, patience=Patience(total=0.3))
    assert isinstance(partial.outcome, Reply)
    assert (partial.outcome.text, partial.outcome.finish) == ("par", Finish.TIME_LIMIT)


def test_a_connection_that_breaks_after_text_is_a_cut_answer_and_before_it_is_tried_again(provider):
    event = b'data: {"choices":[{"index":0,"delta":{"content":"par"}}]}\n\n'
    provider.script = [provider.stream(close=True), provider.stream(event, close=True)]
    call = ask(target(provider), STREAMED)
    assert [attempt.reason for attempt in call.attempts] == ["first", "retry: reset"]
    assert (call.outcome.text, call.outcome.finish) == ("par", Finish.CUT)


def test_a_stream_that_said_it_was_done_is_over_even_where_its_connection_stays_open(provider):
    events = b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    provider.script = [provider.stream(events, 5.0)]
    began = time.monotonic()
    call = ask(target(provider), STREAMED)
    assert time.monotonic() - began < 2
    assert (call.outcome.text, call.outcome.finish) == ("x", Finish.STOP)
    assert call.latency.total < 0.15


@pytest.mark.parametrize(
    ("status", "free"), [("429 Too Many", True), ("503 Busy", True), ("500 Oops", False), ("504 Late", False)]
)
def test_what_a_server_may_have_begun_may_have_been_billed(provider, status, free):
    provider.script = [provider.json({"error": {"message": "x"}}, status)]
    (money,) = ask(target(provider), retry=Retry(tries=1)).cost
    assert (money.amount, money.at_least) == (0, not free)


def test_a_usage_told_before_a_stream_broke_off_is_no_bill(provider):
    event = (
        b'data: {"choices":[{"index":0,"delta":{"content":"par"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}'
    )
    provider.script = [provider.stream(event + b"\n\n", close=True)]
    call = ask(target(provider), STREAMED)
    assert (call.outcome.finish, call.outcome.usage.prompt) == (Finish.CUT, 9)
    assert call.cost[0].at_least


def test_a_server_that_never_pauses_is_held_to_the_deadline(provider):
    piece = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 60_000 + b'"}}]}\n\n'
    provider.script = [provider.stream(*[piece] * 100, 30.0)]
    began = time.monotonic()
    call = ask(target(provider), STREAMED, patience=Patience(total=0.5))
    assert time.monotonic() - began < 10
    assert call.outcome.finish is Finish.TIME_LIMIT


def test_a_kept_connection_that_the_server_closed_is_replaced_without_counting_as_a_fault(provider):
    provider.script = [[*provider.said("one"), 0.01], [provider.CLOSE], provider.said("two")]
    call = ask(target(provider), times=2)
    assert (call.outcome.text, len(call.attempts)) == ("two", 1)


def test_when_every_kept_connection_is_closed_the_request_goes_over_a_new_one(provider):
    slow = [0.2, *provider.said("one")]
    provider.script = [slow, slow, slow, [provider.CLOSE], provider.said("two")]

    async def main():
        carrier = AiohttpTransport()
        exchanger = Exchanger(
            carrier=carrier,
            secrets={},
            patience=Patience(),
            clock=time.monotonic,
            today=lambda: dt.datetime.now(dt.UTC),
        )
        try:
            await asyncio.gather(*(exchanger.send(PROMPT, target(provider), left=9) for _ in range(3)))
            return await exchanger.send(PROMPT, target(provider), left=9)
        finally:
            await carrier.aclose()

    outcome, latency, _ = asyncio.run(main())
    assert outcome.text == "two"
    assert latency.connect is not None  # none of the three connections that were still kept


def speak_plainly(server):
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 400 no TLS here\r\n\r\n")


def test_places_that_cannot_be_reached_are_told_apart(provider):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = replace(target(provider), url=f"http://127.0.0.1:{free.getsockname()[1]}/v1")
        refused = ask(closed).fault
        assert refused.kind is FaultKind.CONNECT
        assert refused.message == f"no connection to {urllib.parse.urlsplit(closed.url).netloc}: Connection refused"
    assert ask(replace(target(provider), url="http://no-such-host.invalid/v1")).fault.kind is FaultKind.DNS
    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(target=speak_plainly, args=(plain,), daemon=True).start()
        secure = replace(target(provider), url=f"https://127.0.0.1:{plain.getsockname()[1]}/v1")
        assert ask(secure).fault.kind is FaultKind.TLS


def test_a_fallback_goes_on_when_the_answer_is_not_wanted_and_costs_are_summed(provider):
    provider.script = [
        provider.said("I cannot"),
        provider.json({"error": {"message": "x", "code": "data_inspection_failed"}}, "400 Bad Request"),
        provider.said("fine"),
    ]
    members = tuple(target(provider, name) for name in ("a", "b", "c"))
    call = ask(Route(name="safe", policy="fallback", members=members))
    assert (call.outcome.text, call.answered.target.name, call.route) == ("fine", "c", "safe")
    assert [attempt.reason for attempt in call.attempts] == ["first", "fallback: refused", "fallback: blocked"]
    assert [money.amount for money in call.cost] == [Decimal("0.00004")]


def test_pieces_of_a_route_that_may_reject_are_not_shown_and_a_target_streams(provider):
    shown = []

    class Sink:
        def show(self, asked, piece):
            shown.append(piece.text)

    provider.script = [provider.stream(b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n')]
    ask(Route(name="r", policy="fallback", members=(target(provider),)), STREAMED, sink=Sink())
    assert shown == []
    ask(target(provider), STREAMED, sink=Sink())
    assert shown == ["x"]


def test_a_key_is_filled_in_when_sending_and_never_stands_in_what_is_recorded(provider):
    provider.script = [provider.said("ok")]
    log = Log()
    ask(target(provider, key="MY_KEY"), log=log, secrets={"MY_KEY": "sk-canary"})
    assert provider.requests[0][1]["authorization"] == "Bearer sk-canary"
    assert "sk-canary" not in repr(log.sent) + repr(log.ended)
    with pytest.raises(QwcliError, match="MY_KEY is not set"):
        ask(target(provider, key="MY_KEY"))


def test_only_a_simulated_target_sees_the_expected_answer(provider):
    provider.script = [provider.said("ok")]
    told = replace(PROMPT, gold="四十二")
    ask(target(provider), told)
    ask(target(provider, simulated=True), told)
    assert [("x-qwcli-sim-gold" in headers) for _, headers, _ in provider.requests] == [False, True]
