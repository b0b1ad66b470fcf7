"""A prompt's whole journey: walks where the policy says, waits, tries again; prices, judges, records each attempt."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from qwcli import policies
from qwcli.core import price, tokens
from qwcli.core.call import Attempt, Call, Identity, Latency
from qwcli.core.journal import Journal, Sending
from qwcli.core.outcome import Fault, FaultKind, Finish, Outcome, Reply
from qwcli.core.prompt import Prompt
from qwcli.core.target import Asked, Route, Target, Try
from qwcli.core.verdict import Finding
from qwcli.engine import identity as names
from qwcli.engine.exchange import Exchanger, Patience, Sink
from qwcli.engine.pace import Pace, Sleep
from qwcli.engine.retry import Retry

Classifier = Callable[[Outcome, Prompt], Finding]
_BROKEN = {Finish.CUT, Finish.TIME_LIMIT}
_MAYBE_BILLED = {408, 499}
"""Statuses of requests that were begun and not finished."""
_TURNED_AWAY = {503, 529}
"""Statuses of servers that had no room: nothing was begun."""
_EXPECTED_OUTPUT = 256
"""Output tokens assumed for limits where nothing bounds them; corrected as soon as the usage is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A pause that is about to begin: `seconds`, before trying `target` again because of `fault`."""

    asked: str
    target: Target
    seconds: float
    fault: Fault


@dataclass(slots=True, kw_only=True)
class _Journey:
    """What happens to one prompt, as it happens."""

    id: str
    asked: Asked
    prompt: Prompt
    identity: Identity
    started_at: float
    sink: Sink | None
    attempts: list[Attempt] = field(default_factory=list)
    deadline: float | None = None
    first_sent: float | None = None
    last_ended: float = 0.0
    queued: float = 0.0


class Router:
    """Asks targets and routes. What it needs of other rooms it is given: the journal, the classifier, the exchanger.

    `clock` gives monotonic seconds, `now` Unix seconds; `waiting` is told of every pause before a retry.
    """

    def __init__(
        self,
        *,
        exchanger: Exchanger,
        pace: Pace,
        journal: Journal,
        classify: Classifier,
        patience: Patience,
        retry: Retry,
        random: Random,
        clock: Callable[[], float],
        now: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
        waiting: Callable[[Waiting], None] | None = None,
    ) -> None:
        self._exchanger = exchanger
        self._pace = pace
        self._journal = journal
        self._classify = classify
        self._patience = patience
        self._retry = retry
        self._random = random
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._waiting = waiting

    async def ask(self, asked: Asked, prompt: Prompt, identity: Identity, *, sink: Sink | None = None) -> Call:
        """The whole journey of one prompt. Raises `QwcliError` for the user's mistakes, never for the world's.

        The call is not yet recorded as ended: whoever asks may grade it first, and then tells the journal.
        """
        now = self._now()
        if sink is not None and policies.holds_back(asked):
            sink = None
        journey = _Journey(id=names.new(now), asked=asked, prompt=prompt, identity=identity, started_at=now, sink=sink)
        walk = policies.walk(asked, prompt)
        try:
            step = next(walk)
            while True:
                step = walk.send(await self._try(step, journey))
        except StopIteration as end:
            answered: Attempt = end.value
        return Call(
            id=journey.id,
            asked=asked.name,
            route=asked.name if isinstance(asked, Route) else None,
            started_at=journey.started_at,
            attempts=tuple(journey.attempts),
            answered=answered,
            finding=answered.finding,
            latency=_journey_latency(journey, answered),
            simulated=asked.simulated,
        )

    async def _try(self, step: Try, journey: _Journey) -> Attempt:
        """Try a target, and again where that is worth it; gives back the last attempt."""
        waited, failed, reason = 0.0, 0, step.reason
        while True:
            if journey.attempts and self._left(journey) <= 0:
                # No time is left for another member: the last attempt stands.
                return journey.attempts[-1]
            attempt = await self._attempt(step.target, reason, waited, journey)
            journey.attempts.append(attempt)
            fault = attempt.outcome
            if not isinstance(fault, Fault):
                return attempt
            failed += 1
            shown = journey.sink is not None and fault.text != ""
            pause = None if shown else self._retry.wait(fault, failed, self._left(journey), self._random)
            if pause is None:
                return attempt
            if self._waiting is not None:
                self._waiting(Waiting(asked=journey.asked.name, target=step.target, seconds=pause, fault=fault))
            await self._sleep(pause)
            waited, reason = pause, f"retry: {fault.kind}"

    async def _attempt(self, target: Target, reason: str, waited: float, journey: _Journey) -> Attempt:
        prompt = journey.prompt
        async with self._pace.slot(target, _expected_tokens(prompt, target)) as slot:
            if journey.deadline is None:
                journey.deadline = self._clock() + self._patience.total
            else:
                journey.deadline += slot.queued
                journey.queued += slot.queued
            sending = Sending(
                call=journey.id,
                asked=journey.asked.name,
                route=journey.asked.name if isinstance(journey.asked, Route) else None,
                simulated=journey.asked.simulated,
                started_at=journey.started_at,
                identity=journey.identity,
                prompt=prompt,
                attempt=names.new(self._now()),
                number=len(journey.attempts) + 1,
                target=target,
                reason=reason,
                sent_at=self._now(),
                waited=waited,
            )
            await self._journal.sending(sending)
            outcome, latency, began = await self._exchanger.send(
                prompt, target, left=max(self._left(journey), 0.001), sink=journey.sink
            )
            # Recording the attempt before, and judging it after, are no time of the target's.
            journey.first_sent = began if journey.first_sent is None else journey.first_sent
            journey.last_ended = began + (latency.total or 0.0)
            slot.settle(_used(outcome))
        streamed = prompt.parameters.over(target.parameters).stream
        attempt = Attempt(
            id=sending.attempt,
            number=sending.number,
            target=target,
            reason=reason,
            sent_at=sending.sent_at,
            waited=waited,
            streamed=streamed,
            outcome=outcome,
            latency=replace(latency, queue=slot.queued),
            cost=_cost(outcome, target, sending.sent_at, streamed=streamed),
            finding=self._classify(outcome, prompt),
        )
        self._journal.answered(journey.id, attempt)
        return attempt

    def _left(self, journey: _Journey) -> float:
        return self._patience.total if journey.deadline is None else journey.deadline - self._clock()


def _journey_latency(journey: _Journey, answered: Attempt) -> Latency:
    """The call's timings, from the first send: retries and fallbacks are in them, our own queueing and judging not."""
    before = 0.0
    for attempt in journey.attempts:
        before += attempt.waited
        if attempt is answered:
            break
        before += attempt.latency.total or 0.0

    def since_first(own: float | None) -> float | None:
        return None if own is None else before + own

    return Latency(
        queue=journey.attempts[0].latency.queue + journey.queued,
        connect=journey.attempts[0].latency.connect,
        first_token=since_first(answered.latency.first_token),
        first_answer=since_first(answered.latency.first_answer),
        total=None if journey.first_sent is None else journey.last_ended - journey.first_sent - journey.queued,
    )


def _expected_tokens(prompt: Prompt, target: Target) -> int:
    bound = prompt.parameters.over(target.parameters).max_tokens
    return tokens.estimate(prompt.text) + (_EXPECTED_OUTPUT if bound is None else min(bound, _EXPECTED_OUTPUT))


def _cost(outcome: Outcome, target: Target, sent_at: float, *, streamed: bool) -> price.Cost:
    """What the exchange cost under the price of the day it was sent (UTC).

    A fault without usage is not billed where the provider never began to answer; whether it did is not always known.
    """
    day = dt.datetime.fromtimestamp(sent_at, dt.UTC).date()
    thought = bool(outcome.thinking) or bool(outcome.usage is not None and outcome.usage.reasoning)
    if isinstance(outcome, Fault) and outcome.usage is None and _unbilled(outcome):
        return price.nothing(target.prices, day)
    known = price.cost(outcome.usage, target.prices, day, thought=thought)
    if streamed and isinstance(outcome, Reply) and outcome.finish in _BROKEN and not outcome.finish_raw:
        # A usage told in the middle of a stream is that of a part of the answer.
        return replace(known, amount=None, basis=price.Basis.NONE, why_unknown="the stream broke off")
    return known


def _used(outcome: Outcome) -> int | None:
    """How many tokens the exchange took from the account's limit; `None` where that is not known."""
    if outcome.usage is not None:
        return outcome.usage.prompt + outcome.usage.output
    return 0 if isinstance(outcome, Fault) and _unbilled(outcome) else None


def _unbilled(fault: Fault) -> bool:
    """No provider bills a request it refused, or that never reached it; one it gave up on in the middle it may."""
    never_sent = fault.kind in {FaultKind.CONNECT, FaultKind.DNS, FaultKind.TLS}
    status = fault.status or 0
    refused = (400 <= status < 500 and status not in _MAYBE_BILLED) or status in _TURNED_AWAY
    return not fault.text and not fault.thinking and (never_sent or refused)
