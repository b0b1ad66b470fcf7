"""`qwcli bench --answers`: grades answers that were made elsewhere, and records them as a run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from qwcli.cli import signals, wiring
from qwcli.cli.benching import INTERRUPTED, Bench, Outcome, ended, open_dataset
from qwcli.cli.judging import Judge, prompt_for
from qwcli.cli.progress import Progress
from qwcli.cli.run_config import config_of, digest_of
from qwcli.core.call import Attempt, Call, Identity, Latency
from qwcli.core.case import Case
from qwcli.core.journal import Sending
from qwcli.core.outcome import Finish, Reply
from qwcli.core.price import Cost
from qwcli.core.prompt import Parameters
from qwcli.core.run import RunState
from qwcli.core.target import Target
from qwcli.engine import identity as names
from qwcli.store.answers import open_answers
from qwcli.store.ledger import Ledger
from qwcli.verdicts import decide


def grade_answers(
    chosen: Bench, path: Path, *, mapping: Mapping[str, str], where: tuple[tuple[str, str], ...]
) -> Outcome:
    """Grade answers made elsewhere and record them as a run; what they cost and how long they took is not known."""
    dataset = open_dataset(chosen)
    answers = open_answers(path, dataset, mapping=mapping, where=where)
    for note in answers.notes:
        wiring.narrate(note)
    judge = Judge(spec=chosen.grader, hint=dataset.grader_hint)
    config = config_of(chosen, (), dataset) | {"answers": path.name, "answers_where": [list(pair) for pair in where]}
    with signals.unwinding(INTERRUPTED), Ledger.open(chosen.ledger, text=not chosen.no_text) as ledger:
        run = ledger.begin_run(
            command="bench --answers",
            started_at=time.time(),
            dataset=dataset.name,
            dataset_digest=dataset.digest,
            config_digest=digest_of(config),
            config=config,
            simulated=False,
            cases=dataset.count,
        )
        with ended(ledger, run) as end, Progress(answers.count, already=0, run=run, simulated=False) as progress:
            for answer in answers:
                now = time.time()
                sending = _elsewhere(answer.case, answer.target, run, dataset.name, names.new(now), now)
                call = _call(sending, answer.text)
                grade = judge.grade(answer.text, answer.case)
                call = replace(call, grade=grade, finding=judge.decide(call, answer.case, grade))
                ledger.append(sending, call)
                progress.took(call)
            end.state = RunState.DONE
    return Outcome(run=run, failed=0)


def _elsewhere(case: Case, target: str, run: str, dataset: str, name: str, now: float) -> Sending:
    identity = Identity(
        kind="answers", run=run, dataset=dataset, case=case.id, row=case.row, lang=case.lang, tags=case.tags
    )
    return Sending(
        call=name,
        asked=target,
        route=None,
        simulated=False,
        started_at=now,
        identity=identity,
        prompt=prompt_for(case, Parameters()),
        attempt=name,
        number=1,
        target=Target(name=target, provider="elsewhere", model=target, url=""),
        reason="made elsewhere",
        sent_at=now,
        waited=0.0,
    )


def _call(sending: Sending, text: str) -> Call:
    """A call around an answer made elsewhere; how it ended is not told."""
    reply = Reply(text=text, finish=Finish.UNKNOWN)
    finding = decide(reply, refusal=None, grade=None)
    attempt = Attempt(
        id=sending.attempt,
        number=1,
        target=sending.target,
        reason=sending.reason,
        sent_at=sending.sent_at,
        waited=0.0,
        streamed=False,
        outcome=reply,
        latency=Latency(),
        cost=Cost(amount=None),
        finding=finding,
    )
    return Call(
        id=sending.call,
        asked=sending.asked,
        route=None,
        started_at=sending.started_at,
        attempts=(),
        answered=attempt,
        finding=finding,
        latency=Latency(),
    )
