"""Cases x targets x epochs through the router, graded, and given back as they finish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random

from qwcli.core.call import Call, Identity
from qwcli.core.case import Case, Grade
from qwcli.core.journal import Journal
from qwcli.core.outcome import Reply
from qwcli.core.prompt import Prompt
from qwcli.core.target import Asked
from qwcli.core.verdict import Finding
from qwcli.engine.router import Router

Ask = Callable[[Case], Prompt]
Grading = Callable[[str, Case], Grade | None]
Deciding = Callable[[Call, Case, Grade | None], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One call to make: a case, who is asked, and the how-manieth time (epochs count from zero)."""

    case: Case
    asked: Asked
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A call that is done, with its grade and final verdict in it."""

    job: Job
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a bench does. `concurrency` is per asked target or route; `done` tells which jobs are recorded already.

    `seed` decides in which order the targets are asked for each case, so that the hour of the day favours none.
    """

    asked: Sequence[Asked]
    ask: Ask
    grade: Grading
    decide: Deciding
    run: str
    dataset: str
    epochs: int = 1
    concurrency: int = 8
    seed: int = 0
    done: Callable[[int, int, str], bool] = field(default=lambda _row, _epoch, _asked: False)

    def jobs(self, cases: Iterable[Case]) -> Iterable[Job]:
        """Every call that is still to be made, case by case, targets in a seeded random order."""
        for case in cases:
            order = list(self.asked)
            Random(f"{self.seed}:{case.row}").shuffle(order)
            for epoch in range(self.epochs):
                for asked in order:
                    if not self.done(case.row, epoch, asked.name):
                        yield Job(case=case, asked=asked, epoch=epoch)


async def bench(plan: Plan, cases: Iterable[Case], router: Router, journal: Journal) -> AsyncIterator[Graded]:
    """Make the calls of a plan and give each back, graded and recorded, as it finishes.

    Cases are drawn as they are needed: a dataset larger than memory works. Closing the iterator
    cancels what is in flight.
    """
    width = {asked.name: plan.concurrency for asked in plan.asked}
    todo: dict[str, asyncio.Queue[Job | None]] = {name: asyncio.Queue(4 * size) for name, size in width.items()}
    finished: asyncio.Queue[Graded | BaseException | None] = asyncio.Queue(4 * sum(width.values()))

    async def feed() -> None:
        for job in plan.jobs(cases):
            await todo[job.asked.name].put(job)
        for name, size in width.items():
            for _ in range(size):
                await todo[name].put(None)

    async def work(queue: asyncio.Queue[Job | None]) -> None:
        while (job := await queue.get()) is not None:
            await finished.put(await _graded(plan, job, router, journal))

    async def everything() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(feed())
                for name, size in width.items():
                    for _ in range(size):
                        group.create_task(work(todo[name]))
        except BaseExceptionGroup as failures:
            await finished.put(failures.exceptions[0])
        else:
            await finished.put(None)

    task = asyncio.create_task(everything())
    try:
        while (item := await finished.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _graded(plan: Plan, job: Job, router: Router, journal: Journal) -> Graded:
    case = job.case
    identity = Identity(
        kind="bench",
        run=plan.run,
        dataset=plan.dataset,
        case=case.id,
        row=case.row,
        epoch=job.epoch,
        lang=case.lang,
        tags=case.tags,
    )
    call = await router.ask(job.asked, plan.ask(case), identity)
    grade = plan.grade(call.outcome.text, case) if isinstance(call.outcome, Reply) else None
    call = replace(call, grade=grade, finding=plan.decide(call, case, grade))
    journal.called(call)
    return Graded(job=job, call=call)
