"""What `qwcli bench` does, step by step: check, quote or send, record, report."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwcli import dialects, graders
from qwcli.cli import audit, signals, wiring
from qwcli.cli.judging import Judge, flaw, prompt_for
from qwcli.cli.progress import Progress
from qwcli.cli.run_config import config_of, digest_of
from qwcli.core.prompt import Parameters
from qwcli.core.run import Run, RunState
from qwcli.core.spend import Filter
from qwcli.core.target import Asked
from qwcli.core.verdict import Verdict
from qwcli.errors import QwcliError
from qwcli.store.ledger import Ledger

if TYPE_CHECKING:
    from qwcli.store.datasets import Dataset


INTERRUPTED = "Interrupted. What was answered before is in the ledger."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the user asked for; see the options of `qwcli bench`."""

    dataset: str
    models: tuple[str, ...]
    system: str | None
    template: str | None
    parameters: Parameters
    timeout: float | None
    grader: str | None
    mapping: Mapping[str, str]
    where: tuple[tuple[str, str], ...]
    limit: int | None
    sample: int | None
    sample_seed: int
    epochs: int
    concurrency: int
    profile: str | None
    ledger: Path
    no_text: bool
    key_env: str | None
    price: str | None
    insecure_http: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it: the run in the ledger, how many of its calls failed, the exit code if a signal cut it short."""

    run: str
    failed: int
    interrupted: int | None = None


def open_dataset(chosen: Bench) -> Dataset:
    """The dataset, checked whole: with the grader the user named, if any."""
    from qwcli.store import datasets

    named = None if chosen.grader is None else graders.load(chosen.grader)

    found = datasets.open_dataset(
        chosen.dataset,
        mapping=chosen.mapping,
        where=chosen.where,
        limit=chosen.limit,
        sample=chosen.sample,
        sample_seed=chosen.sample_seed,
        system=chosen.system,
        template=chosen.template,
        check=lambda case: flaw(case, named),
    )
    for note in found.notes:
        wiring.narrate(note)
    return found


def carry_out(chosen: Bench, *, resume: str | None, force: bool, retry: frozenset[Verdict]) -> Outcome:
    """Ask, grade and record; what finished before Ctrl-C is kept."""
    profile = wiring.open_profile(chosen.profile)
    asked = wiring.choose(profile, chosen.models, key_env=chosen.key_env, price=chosen.price)
    wiring.check_sending(profile, asked, insecure_http=chosen.insecure_http)
    dataset = open_dataset(chosen)
    first = prompt_for(next(dataset.cases()), chosen.parameters)
    for target in wiring.targets_of(asked):
        # A parameter that the wire cannot carry is known before a run is begun.
        dialects.load(target.dialect).write(first, target)
    config = config_of(chosen, asked, dataset)
    keep_text = profile.ledger_text and not chosen.no_text
    simulated = any(item.simulated for item in asked)
    with signals.unwinding(INTERRUPTED) as ending, Ledger.open(chosen.ledger, text=keep_text) as ledger:
        done: set[tuple[int, int, str]] = set()
        if resume is not None:
            run = _resumed(ledger, resume, dataset, config, force=force, retry=retry)
            done = set(ledger.answered_keys(run))
        else:
            run = ledger.begin_run(
                command="bench",
                started_at=time.time(),
                dataset=dataset.name,
                dataset_digest=dataset.digest,
                config_digest=digest_of(config),
                config=config,
                simulated=simulated,
                cases=dataset.count,
            )
        before = audit.priced(ledger, run)
        total = dataset.count * chosen.epochs * len(asked)
        progress = Progress(total, already=len(done), run=run, simulated=simulated)
        with ended(ledger, run) as end:
            try:
                with wiring.simulators(asked) as (ready, simulator), progress:
                    asyncio.run(_send(chosen, run, ready, dataset, ledger, done, progress, end))
                    end.state = RunState.DONE
                    if simulator is not None:
                        progress.books = audit.compare(simulator.books, ledger, run, before)
            except KeyboardInterrupt:
                # What finished is recorded, and the report tells of it.
                pass
        groups = ledger.totals(Filter(runs=(run,)))
    return Outcome(
        run=run,
        failed=sum(group.verdicts.get(Verdict.FAILED, 0) for group in groups),
        interrupted=None if end.state is RunState.DONE else ending.exit_code,
    )


@dataclass(slots=True)
class _End:
    state: RunState = RunState.INTERRUPTED
    lag: float = 0.0


@contextmanager
def ended(ledger: Ledger, run: str) -> Iterator[_End]:
    """Records how a run ended: interrupted, unless the state is set to something better."""
    end = _End()
    try:
        yield end
    finally:
        ledger.end_run(run, end.state, ended_at=time.time(), lag=end.lag)


def _resumed(
    ledger: Ledger, wanted: str, dataset: Dataset, config: Mapping[str, Any], *, force: bool, retry: frozenset[Verdict]
) -> str:
    found: Run = ledger.run(wanted)
    changed = [
        what
        for what, then, now in (
            ("the dataset", found.dataset_digest, dataset.digest),
            ("what is asked, how, or of whom", found.config_digest, digest_of(config)),
        )
        if then != now
    ]
    if changed and not force:
        raise QwcliError(
            f"Run {found.id} cannot be resumed like this: {' and '.join(changed)} changed since.",
            hint="Repeat the options it was begun with, or mix old and new answers knowingly with --force.",
        )
    if changed:
        wiring.narrate(f"Resuming {found.id} although {' and '.join(changed)} changed: old and new answers are mixed.")
    if again := ledger.resume_run(found.id, retry=retry):
        calls = "call that ended as {} is" if again == 1 else "calls that ended as {} are"
        wiring.narrate(f"{again} {calls.format(' or '.join(sorted(retry)))} asked again.")
    return found.id


async def _send(
    chosen: Bench,
    run: str,
    asked: tuple[Asked, ...],
    dataset: Dataset,
    ledger: Ledger,
    done: set[tuple[int, int, str]],
    progress: Progress,
    end: _End,
) -> None:
    from qwcli.engine.bench import Plan, bench
    from qwcli.engine.lag import Lag

    judge = Judge(spec=chosen.grader, hint=dataset.grader_hint)
    plan = Plan(
        asked=asked,
        ask=lambda case: prompt_for(case, chosen.parameters),
        grade=judge.grade,
        decide=judge.decide,
        run=run,
        dataset=dataset.name,
        epochs=chosen.epochs,
        concurrency=chosen.concurrency,
        done=lambda row, epoch, name: (row, epoch, name) in done,
    )
    manner = wiring.Manner(timeout=chosen.timeout)
    with wiring.router(ledger, manner, waiting=progress.waiting) as (router, close):
        try:
            async with Lag() as lag:
                async for graded in bench(plan, dataset.cases(), router, ledger):
                    progress.took(graded.call)
                end.lag = lag.p95
        finally:
            await close()


def report(chosen: Bench, outcome: Outcome, *, fmt: str | None, out: Path | None) -> None:
    """Write what the run came to, from the ledger; `jsonl` has a line for each call."""
    from qwcli.cli.output import Format, destination, show
    from qwcli.core.spend import Filter, Key
    from qwcli.reports import bench, call

    with Ledger.open(chosen.ledger, write=False) as ledger:
        if fmt == "jsonl":
            from qwcli.render import write_json

            with destination(out) as stream:
                for recorded in ledger.calls(outcome.run):
                    write_json(call.line(recorded), stream)
            return
        run = ledger.run(outcome.run)
        groups = ledger.totals(Filter(runs=(outcome.run,)), (Key.TARGET,))
        latencies = {str(group.keys["target"]): ledger.latencies(run.id, str(group.keys["target"])) for group in groups}
    endings, figures = bench.tabulate(run, groups, latencies)
    tables = [bench.flat(endings, figures)] if fmt == "csv" else [endings, figures]
    show(tables, lambda: bench.document(run, groups, latencies), None if fmt is None else Format(fmt), out)
    sys.stdout.flush()
    wiring.narrate(f"run {outcome.run} · more: qwcli cost-report --run {outcome.run} --by tag")


def quote(chosen: Bench, *, fmt: str | None, out: Path | None) -> None:
    """Say what would be asked and what it would cost about, and send nothing."""
    from qwcli.cli.output import Format, show
    from qwcli.cli.quoting import quote_of

    profile = wiring.open_profile(chosen.profile)
    asked = wiring.choose(profile, chosen.models, key_env=chosen.key_env, price=chosen.price)
    table, document = quote_of(chosen, asked, open_dataset(chosen))
    show([table], lambda: document, Format.JSON if fmt == "jsonl" else None if fmt is None else Format(fmt), out)
