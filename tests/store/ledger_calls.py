"""Calls to record, made from a few figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from itertools import count

from qwcli.core.call import Attempt, Call, Identity, Latency
from qwcli.core.case import Grade
from qwcli.core.journal import Sending
from qwcli.core.outcome import Fault, FaultKind, Finish, Reply, Usage
from qwcli.core.price import Basis, Cost
from qwcli.core.prompt import Message, Prompt
from qwcli.core.target import Target
from qwcli.core.verdict import Finding, Verdict
from qwcli.store.ledger import Ledger

START = 1_763_800_000.0
PLUS = Target(name="plus", provider="cloud", region="intl", model="qwen-plus", url="http://127.0.0.1")
MINI = Target(name="mini", provider="other", model="mini-4", url="http://127.0.0.1")
_ids = count()


def priced(amount: str | None, currency: str | None = "USD") -> Cost:
    if amount is None:
        return Cost(amount=None, currency=currency, why_unknown="no usage was reported")
    day = dt.date(2026, 5, 21)
    return Cost(amount=Decimal(amount), currency=currency, basis=Basis.PROVIDER, book="alibaba-intl", since=day)


def made(
    *,
    costs: Sequence[Cost] = (priced("0.001"),),
    targets: Sequence[Target] = (PLUS,),
    verdict: Verdict = Verdict.PASSED,
    asked: str = "plus",
    kind: str = "bench",
    run: str | None = None,
    case: int | None = 0,
    epoch: int = 0,
    tags: tuple[str, ...] = (),
    lang: str | None = None,
    dataset: str | None = "intents.jsonl",
    started_at: float = START,
    total: float | None = 1.5,
    simulated: bool = False,
    text: str = "答案 is B",
    prompt: str = "Which letter? 哪个字母",
    also: tuple[str, ...] = (),
    finish: Finish = Finish.STOP,
) -> tuple[list[Sending], Call]:
    """What the engine would journal of a call with an attempt for each of `costs`; the last one answers."""
    number = next(_ids)
    finding = Finding(verdict=verdict, signal="grade", rule="exact", words="evidence words")
    identity = Identity(
        kind=kind,
        run=run,
        dataset=dataset,
        case=None if case is None else str(case),
        row=case,
        epoch=epoch,
        lang=lang,
        tags=tags,
    )
    sendings, attempts = [], []
    call_id = f"call-{number}"
    usage = Usage(input=10, cache_read=3, output=7, reasoning=2)
    last = len(costs) - 1
    for n, cost in enumerate(costs):
        target = targets[min(n, len(targets) - 1)]
        reply = Reply(
            text=text, thinking="thought of it", finish=finish, finish_raw="stop", usage=usage, notes=("odd",)
        )
        fault = Fault(kind=FaultKind.RATE, message="slow down please", status=429, retry_after=0.5, retryable=True)
        timed = Fault(kind=FaultKind.TIMEOUT, message="no byte in time")
        outcome = (timed if verdict is Verdict.FAILED else reply) if n == last else fault
        latency = Latency(queue=0.1, connect=0.02, first_token=None if total is None else total / 3, total=total)
        reason = "first" if n == 0 else "retry: rate"
        attempts.append(
            Attempt(
                id=f"{call_id}-{n}", number=n + 1, target=target, reason=reason, sent_at=started_at + n, waited=0.25 * n,
                streamed=True, outcome=outcome, latency=latency, cost=cost, finding=finding,
            )
        )  # fmt: skip
        sendings.append(
            Sending(
                call=call_id, asked=asked, route=None, simulated=simulated, started_at=started_at, identity=identity,
                prompt=Prompt(messages=(Message(role="user", content=prompt),), gold="B", also=also), attempt=attempts[-1].id,
                number=n + 1, target=target, reason=reason, sent_at=started_at + n, waited=0.25 * n,
            )
        )  # fmt: skip
    grade = None
    if kind == "bench" and verdict is not Verdict.FAILED:
        grade = Grade(
            grader="exact", score=float(verdict is Verdict.PASSED), closed=True, found="B", reason="same letter"
        )
    call = Call(
        id=call_id, asked=asked, route=None, started_at=started_at, attempts=tuple(attempts), answered=attempts[-1],
        finding=finding, latency=attempts[-1].latency, grade=grade, simulated=simulated,
    )  # fmt: skip
    return sendings, call


async def journal(ledger: Ledger, sendings: Sequence[Sending], call: Call) -> None:
    """Tell the ledger of a call as the engine does."""
    for sending, attempt in zip(sendings, call.attempts, strict=True):
        await ledger.sending(sending)
        ledger.answered(call.id, attempt)
    ledger.called(call)
