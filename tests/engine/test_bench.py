"""A bench makes every call once, in a fair order, holds few cases at a time, and stops when told to."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from qwcli.core.call import Attempt, Call, Latency
from qwcli.core.case import Case, Grade
from qwcli.core.outcome import Finish, Reply
from qwcli.core.price import Cost
from qwcli.core.prompt import Message, Prompt
from qwcli.core.target import Target
from qwcli.core.verdict import Finding, Verdict
from qwcli.engine.bench import Plan, bench
from qwcli.engine.lag import Lag
from qwcli.errors import QwcliError

TARGETS = tuple(Target(name=name, provider="p", model=name, url="http://x") for name in ("a", "b", "c"))
UNGRADED = Finding(verdict=Verdict.UNGRADED, signal="test", rule="test")


def case(row):
    return Case(id=str(row), row=row, messages=(Message(role="user", content=f"question {row}"),), expected=str(row))


class Echo:
    """A router that answers with the question's number, after a pause of its own for each target."""

    def __init__(self, **pauses):
        self.pauses = pauses
        self.asked = []
        self.now = Counter()
        self.most = Counter()

    async def ask(self, asked, prompt, identity, *, sink=None):
        self.asked.append((identity.row, identity.epoch, asked.name))
        self.now[asked.name] += 1
        self.most[asked.name] = max(self.most[asked.name], self.now[asked.name])
        await asyncio.sleep(self.pauses.get(asked.name, 0))
        self.now[asked.name] -= 1
        attempt = Attempt(
            id="1",
            number=1,
            target=asked,
            reason="first",
            sent_at=0.0,
            waited=0.0,
            streamed=False,
            outcome=Reply(text=prompt.text.split()[-1], finish=Finish.STOP),
            latency=Latency(),
            cost=Cost(amount=None),
            finding=UNGRADED,
        )
        return Call(
            id="1",
            asked=asked.name,
            route=None,
            started_at=0.0,
            attempts=(attempt,),
            answered=attempt,
            finding=UNGRADED,
            latency=Latency(),
        )


class Log:
    """A journal that only counts the calls it was told of."""

    def __init__(self):
        self.calls = []

    def called(self, call):
        self.calls.append(call)


def plan(**changes):
    made = Plan(
        asked=TARGETS,
        ask=lambda case: Prompt(messages=case.messages),
        grade=lambda text, case: Grade(grader="exact", score=float(text == case.expected)),
        decide=lambda _call, _case, grade: replace(UNGRADED, verdict=Verdict.PASSED if grade.passed else Verdict.WRONG),
        run="r",
        dataset="d",
        concurrency=2,
    )
    return replace(made, **changes)


def carry_out(made, cases, router, journal=None):
    async def main():
        return [graded async for graded in bench(made, cases, router, journal or Log())]

    return asyncio.run(main())


def test_every_case_is_asked_of_every_target_in_every_epoch_graded_and_recorded():
    router, journal = Echo(), Log()
    graded = carry_out(plan(epochs=2), map(case, range(7)), router, journal)
    assert Counter(router.asked) == Counter(
        (row, epoch, name) for row in range(7) for epoch in range(2) for name in "abc"
    )
    assert {item.call.verdict for item in graded} == {Verdict.PASSED}
    assert len(journal.calls) == len(graded) == 42


def test_what_is_done_already_is_not_asked_again():
    router = Echo()
    carry_out(plan(done=lambda row, _epoch, name: row < 5 or name == "b"), map(case, range(7)), router)
    assert sorted(router.asked) == [(row, 0, name) for row in (5, 6) for name in "ac"]


def test_targets_take_turns_in_an_order_that_the_seed_decides():
    def order(seed):
        return [(job.case.row, job.asked.name) for job in plan(seed=seed).jobs(map(case, range(200)))]

    assert order(1) == order(1) != order(2)
    first = Counter(name for _, name in order(1)[::3])
    assert all(40 < first[name] < 95 for name in "abc")  # each goes first about a third of the time


def test_concurrency_is_kept_for_each_target_by_itself():
    router = Echo(a=0.001, b=0.002)
    carry_out(plan(concurrency=3), map(case, range(30)), router)
    assert max(router.most.values()) == router.most["a"] == 3


def test_cases_are_drawn_as_they_are_needed():
    drawn = []

    def cases():
        for row in range(10_000):
            drawn.append(row)
            yield case(row)

    async def main():
        calls = bench(plan(), cases(), Echo(), Log())
        async for _ in calls:
            break
        await calls.aclose()

    asyncio.run(main())
    assert len(drawn) < 100


def test_the_users_mistake_in_the_middle_ends_the_bench_with_that_mistake():
    class Mistaken(Echo):
        async def ask(self, asked, prompt, identity, *, sink=None):
            if identity.row == 3:
                raise QwcliError("no key")
            return await super().ask(asked, prompt, identity, sink=sink)

    with pytest.raises(QwcliError, match="no key"):
        carry_out(plan(), map(case, range(50)), Mistaken())


def test_lag_is_small_when_idle_and_seen_when_the_loop_is_blocked():
    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    async def main(late):
        clock = Clock()
        async with Lag(every=0.001, clock=clock) as lag:
            for _ in range(20):
                clock.now += 0.001 + late
                await asyncio.sleep(0.003)
        return lag.p95

    assert asyncio.run(main(0.0)) <= 0.02
    assert asyncio.run(main(0.03)) > 0.02
