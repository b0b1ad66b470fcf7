from __future__ import annotations

import asyncio
import os
import sqlite3  # noqa: TID253 - the ledger is looked at from outside
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_calls import START, journal, made, priced

from qwcli.core.case import Grade
from qwcli.core.run import RunState
from qwcli.core.spend import Filter
from qwcli.core.verdict import Verdict
from qwcli.errors import QwcliError
from qwcli.store.ledger import Ledger
from qwcli.store.ledger_file import connect, explain
from qwcli.store.ledger_schema import MIGRATIONS, migrate
from qwcli.verdicts import decide


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own" / "ledger.sqlite"


def begun(ledger: Ledger, **also: object) -> str:
    return ledger.begin_run(command="bench", started_at=START, dataset="intents.jsonl", **also)


def record(ledger: Ledger, *calls: tuple) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(journal(ledger, *call) for call in calls))

    asyncio.run(all_of_them())


def test_a_recorded_call_reads_back_as_it_was(path: Path) -> None:
    with Ledger.open(path) as ledger:
        run = begun(ledger)
        sendings, call = made(run=run, costs=(priced(None, None), priced("0.000123456789")), tags=("b", "a"), lang="zh")
        record(ledger, (sendings, call))
        (recorded,) = ledger.calls(run)
    assert recorded.expected == "B"
    assert recorded.messages == sendings[0].prompt.messages
    assert recorded.identity == sendings[0].identity.__class__(
        kind="bench", run=run, dataset="intents.jsonl", case="0", row=0, lang="zh", tags=("a", "b")
    )
    read, told = recorded.call, call
    for name in ("id", "asked", "finding", "latency", "grade", "simulated", "cost", "verdict", "outcome"):
        assert getattr(read, name) == getattr(told, name), name
    for one, other in zip(read.attempts, told.attempts, strict=True):
        for name in (
            "id",
            "number",
            "reason",
            "sent_at",
            "waited",
            "streamed",
            "outcome",
            "latency",
            "cost",
            "finding",
        ):
            assert getattr(one, name) == getattr(other, name), name
        assert (one.target.provider, one.target.region, one.target.model) == ("cloud", "intl", "qwen-plus")


BESIDE = ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm")


def test_files_are_the_owners_alone_from_the_start(path: Path) -> None:
    before = os.umask(0)
    try:
        with Ledger.open(path) as ledger:
            run = begun(ledger)
            modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert modes == dict.fromkeys((*BESIDE, f"ledger.sqlite.{run}.lock"), 0o600)


def test_without_text_no_text_is_in_any_file(path: Path) -> None:
    with Ledger.open(path, text=False) as ledger:
        run = begun(ledger, config={"system": "secret instructions", "temperature": 0.5})
        record(ledger, made(run=run, costs=(priced(None), priced("1"))), made(run=run, verdict=Verdict.FAILED, case=1))
        ledger.flush()
        stored = b"".join(entry.read_bytes() for entry in path.parent.iterdir())
        (first, _) = ledger.calls(run)
        assert ledger.run(run).config["temperature"] == 0.5
    stored += b"".join(entry.read_bytes() for entry in path.parent.iterdir())
    for text in ("Which letter", "哪个字母", "is B", "thought of it", "evidence words", "same letter", "slow down", 'odd"',
                 "no byte in time", "secret instructions"):  # fmt: skip
        assert text.encode() not in stored, text
    assert first.call.outcome.text.startswith("hmac-sha256:")


def test_without_text_neither_rules_nor_the_configuration_quote_what_is_right(path: Path) -> None:
    canary = "CANARY-7301"
    config = {
        "grader": f"pattern:regex={canary}",
        "where": [["lang", canary]],
        "mapping": {"expected": canary},
        "limit": 7,
        "parameters": {"json_schema": {"properties": {canary: {}}}, "extra": {"stop": [canary]}, "seed": 5},
        "asked": [{"model": "qwen-plus", "body": {"hint": canary, "n": 1}}],
    }
    grade = Grade(grader=f"pattern:regex={canary}", score=None, reason=f"expected {canary!r} holds no number")
    with Ledger.open(path, text=False) as ledger:
        run = begun(ledger, config=config)
        for expected_verdict in (None, "refused"):
            sendings, call = made(run=run, also=(canary,))
            found = decide(call.outcome, refusal=None, grade=grade, expected_verdict=expected_verdict)
            assert canary in found.rule
            record(ledger, (sendings, replace(call, grade=grade, finding=found)))
        ledger.flush()
        stored = b"".join(entry.read_bytes() for entry in path.parent.iterdir())
        rules = [recorded.call.finding.rule.split(":")[0] for recorded in ledger.calls(run)]
        kept = ledger.run(run).config
    stored += b"".join(entry.read_bytes() for entry in path.parent.iterdir())
    assert canary.encode() not in stored
    assert rules == ["pattern", "expected refused"]
    assert kept["grader"].startswith("pattern: hmac-sha256:")
    assert (kept["limit"], kept["parameters"]["seed"], kept["asked"][0]["model"]) == (7, 5, "qwen-plus")
    assert kept["asked"][0]["body"]["n"] == 1


def test_with_text_the_configuration_is_kept_as_it_is(path: Path) -> None:
    config = {"grader": "pattern:regex=a:b", "where": [["lang", "zh"]], "parameters": {"extra": {"stop": ["x"]}}}
    with Ledger.open(path) as ledger:
        assert ledger.run(begun(ledger, config=config)).config == config


def test_all_right_answers_are_kept(path: Path) -> None:
    with Ledger.open(path) as ledger:
        run = begun(ledger)
        record(ledger, made(run=run, case=0), made(run=run, case=1, also=("b", "乙")))
        assert [recorded.expected for recorded in ledger.calls(run)] == ["B", ("B", "b", "乙")]


def test_equal_texts_have_equal_digests_only_within_a_ledger(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        with Ledger.open(tmp_path / name, text=False) as ledger:
            run = begun(ledger)
            record(ledger, made(run=run, case=0), made(run=run, case=1))
            digests.append({recorded.call.outcome.text for recorded in ledger.calls(run)})
    assert [len(found) for found in digests] == [1, 1]
    assert digests[0] != digests[1]


def test_half_a_surrogate_pair_and_nul_can_be_recorded(path: Path) -> None:
    with Ledger.open(path) as ledger:
        run = begun(ledger)
        record(ledger, made(run=run, text="a\x00b\ud83d", prompt="\udc80?"))
        (recorded,) = ledger.calls(run)
    assert recorded.call.outcome.text == "a\x00b\\ud83d"


def test_runs_begin_end_and_are_found(path: Path) -> None:
    with Ledger.open(path) as ledger:
        with pytest.raises(QwcliError, match="no run yet"):
            ledger.run("last")
        run = begun(ledger, config={"targets": ["plus"]}, simulated=True, cases=3)
        assert run.startswith("20251122-082640-")
        assert ledger.run(run).state is RunState.RUNNING
        ledger.end_run(run, RunState.DONE, ended_at=START + 9)
        later = ledger.begin_run(command="bench", started_at=START + 10)
        assert ledger.run("last").id == later
        found = ledger.run(run)
        assert (found.state, found.ended_at, found.cases, found.simulated) == (RunState.DONE, START + 9, 3, True)
        assert found.config == {"targets": ["plus"]}
        with pytest.raises(QwcliError, match="no run 'nonsense'") as caught:
            ledger.run("nonsense")
        assert later in (caught.value.hint or "")


def test_only_ended_calls_need_not_be_asked_again(path: Path) -> None:
    with Ledger.open(path) as ledger:
        run = begun(ledger)
        sendings, _ = made(run=run, case=1)
        record(ledger, made(run=run, case=0, epoch=1))
        asyncio.run(ledger.sending(sendings[0]))
        assert set(ledger.answered_keys(run)) == {(0, 1, "plus")}


def test_a_resumed_run_asks_again_only_what_it_is_told_to_and_keeps_what_that_cost(path: Path) -> None:
    with Ledger.open(path) as ledger:
        run = begun(ledger)
        lost = made(run=run, case=1, verdict=Verdict.FAILED, costs=(priced("0.004"),))
        record(ledger, made(run=run, case=0), lost, made(run=run, case=2, verdict=Verdict.WRONG))
        ledger.end_run(run, RunState.DONE, ended_at=START + 9)
        assert ledger.resume_run(run) == 0
        assert {row for row, _, _ in ledger.answered_keys(run)} == {0, 1, 2}
        assert ledger.resume_run(run, retry=frozenset({Verdict.FAILED})) == 1
        assert {row for row, _, _ in ledger.answered_keys(run)} == {0, 2}
        record(ledger, made(run=run, case=1))
        (group,) = ledger.totals(Filter(runs=(run,)))
        assert ledger.latencies(run, "plus").timeouts == 0
        assert ledger.resume_run(run, retry=frozenset({Verdict.FAILED})) == 0
    assert group.verdicts == {Verdict.PASSED: 2, Verdict.WRONG: 1}
    assert (group.unfinished, group.attempts) == (1, 4)
    assert [money.amount for money in group.cost] == [Decimal("0.007")]


def test_an_answer_made_elsewhere_is_graded_and_nothing_was_spent(path: Path) -> None:
    with Ledger.open(path) as ledger:
        run = begun(ledger)
        sendings, call = made(run=run, kind="answers")
        ledger.append(sendings[0], call.__class__(**{n: getattr(call, n) for n in call.__slots__} | {"attempts": ()}))
        (group,) = ledger.totals(Filter(runs=(run,)), ("model",))
        (recorded,) = ledger.calls(run)
    assert (group.passed, group.attempts, group.cost, group.keys) == (1, 0, (), {"model": "qwen-plus"})
    assert recorded.call.attempts == ()
    assert recorded.call.outcome == call.outcome


KILLED = """
import asyncio, os, signal, sys
from decimal import Decimal
from pathlib import Path
sys.path.insert(0, {tests!r})
from ledger_calls import START, journal, made
from qwcli.store.ledger import Ledger

async def main():
    ledger = Ledger.open(Path({path!r}))
    run = ledger.begin_run(command="bench", started_at=START)
    for case in range(40):
        sendings, call = made(run=run, case=case)
        await journal(ledger, sendings, call)
    sendings, call = made(run=run, case=99)
    await ledger.sending(sendings[0])
    print(run, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def python(code: str, path: Path) -> subprocess.Popen[str]:
    code = code.format(tests=str(Path(__file__).parent), path=str(path))
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_killed_process_loses_nothing_it_was_told_is_recorded(path: Path) -> None:
    process = python(KILLED, path)
    run = process.communicate()[0].strip()
    assert process.returncode == -9
    with Ledger.open(path) as ledger:
        (group,) = ledger.totals(Filter(runs=(run,)))
        keys = {row for row, _, _ in ledger.answered_keys(run)}
    # Every call before the last `sending` was put before it, so it was written with it.
    assert keys == set(range(40))
    assert (group.attempts, group.unfinished, group.unpriced) == (41, 1, 1)
    (money,) = group.cost
    assert money.at_least


WRITING = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from ledger_calls import START
from qwcli.store.ledger import Ledger

ledger = Ledger.open(Path({path!r}))
print(ledger.begin_run(command="bench", started_at=START), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="there are no such locks")
def test_a_run_has_one_writer_at_a_time_and_none_once_that_is_killed(path: Path, tmp_path: Path) -> None:
    process = python(WRITING, path)
    run = process.stdout.readline().strip()
    (tmp_path / "link.sqlite").symlink_to(path)
    try:
        for name in (path, tmp_path / "link.sqlite"):
            with Ledger.open(name) as ledger:
                with pytest.raises(QwcliError, match=f"Run {run} is being written by another process"):
                    ledger.resume_run(run)
                begun(ledger)  # another run may be
    finally:
        process.kill()
        process.communicate()
    with Ledger.open(path) as ledger:
        ledger.resume_run(run)
        ledger.resume_run(run)  # it is ours
        with Ledger.open(path) as other:
            with pytest.raises(QwcliError, match="another process"):
                other.resume_run(run)
            ledger.end_run(run, RunState.INTERRUPTED, ended_at=START + 1)
            other.resume_run(run)
    assert not list(path.parent.glob("*.lock"))


TOGETHER = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
sys.path.insert(0, {tests!r})
from ledger_calls import START, journal, made
from qwcli.store.ledger import Ledger

import os
async def main():
    with Ledger.open(Path({path!r})) as ledger:
        run = ledger.begin_run(command="bench", started_at=START)
        for case in range(60):
            sendings, call = made(run=run, case=case)
            pid = str(os.getpid())
            import dataclasses
            sendings = [dataclasses.replace(s, call=pid + s.call, attempt=pid + s.attempt) for s in sendings]
            attempt = dataclasses.replace(call.answered, id=pid + call.answered.id)
            call = dataclasses.replace(call, id=pid + call.id, attempts=(attempt,), answered=attempt)
            await journal(ledger, sendings, call)

asyncio.run(main())
"""


def test_processes_write_to_one_new_ledger_at_once(path: Path) -> None:
    processes = [python(TOGETHER, path) for _ in range(3)]
    assert [process.communicate() and process.returncode for process in processes] == [0, 0, 0]
    with Ledger.open(path) as ledger:
        (group,) = ledger.totals(Filter())
        assert (group.calls, group.attempts, group.unfinished) == (180, 180, 0)


def test_a_failure_to_write_is_told_at_the_next_use(path: Path) -> None:
    async def twice(ledger: Ledger) -> None:
        sendings, _ = made()
        await ledger.sending(sendings[0])
        await ledger.sending(made()[0][0])

    with Ledger.open(path):
        pass
    with sqlite3.connect(path) as spoiler:
        spoiler.execute("CREATE TRIGGER full BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no room'); END")
    spoiler.close()
    ledger = Ledger.open(path)
    with pytest.raises(QwcliError, match="no room"):
        asyncio.run(twice(ledger))
    with pytest.raises(QwcliError, match="no room"):
        ledger.called(made()[1])
    with pytest.raises(QwcliError, match="no room"):
        ledger.close()


def test_an_attempt_begins_an_event_loop_at_a_time(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for case in range(2):
            record(ledger, made(case=case))
        assert ledger.totals(Filter())[0].calls == 2


def test_a_ledger_to_be_read_must_be_there_and_is_not_written_to(path: Path) -> None:
    with pytest.raises(QwcliError, match="no ledger"):
        Ledger.open(path, write=False)
    with Ledger.open(path):
        pass
    with Ledger.open(path, write=False) as ledger, pytest.raises(QwcliError, match="read only"):
        begun(ledger)


def test_a_newer_ledger_is_left_alone(path: Path) -> None:
    with Ledger.open(path):
        pass
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    for write in (True, False):
        with pytest.raises(QwcliError, match=r"newer qwcli \(schema 99") as caught:
            Ledger.open(path, write=write)
        assert str(path) in caught.value.message
        assert caught.value.hint


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read as one" * 40, b"x"])
def test_what_is_no_ledger_is_said_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(QwcliError, match="not a ledger"):
        Ledger.open(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    with pytest.raises(QwcliError, match="another program"):
        Ledger.open(path)


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(QwcliError, match="cannot be opened"):
        Ledger.open(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_read_only_ledger_can_be_read_and_says_that_it_cannot_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with Ledger.open(path) as ledger:
            record(ledger, made())
        Path(folder).chmod(0o555)
        path.chmod(0o444)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)  # the superuser may write to anything
            with pytest.raises(QwcliError, match="is read-only"):
                Ledger.open(path)
            with Ledger.open(path, write=False) as ledger:
                calls = ledger.totals(Filter())[0].calls
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o700)
        assert calls == 1


def test_sqlites_own_word_for_read_only_is_told_as_such(path: Path) -> None:
    with Ledger.open(path):
        pass
    connection = connect(path, write=False)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("DELETE FROM runs")
    connection.close()
    assert "is read-only" in explain(caught.value, path).message


def test_an_older_ledger_takes_the_steps_it_lacks_and_keeps_its_rows(path: Path) -> None:
    with Ledger.open(path) as ledger:
        record(ledger, made())
    connection = connect(path, write=True)
    steps = (*MIGRATIONS, ("ALTER TABLE calls ADD COLUMN mood TEXT", "UPDATE calls SET mood = 'good'"))
    migrate(connection, steps)
    migrate(connection, steps)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)
    assert connection.execute("SELECT mood FROM calls").fetchall() == [("good",)]
    connection.close()


def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    with Ledger.open(path):
        pass
    connection = connect(path, write=True)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (*MIGRATIONS, ("CREATE TABLE extra (a TEXT)", "nonsense")))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'extra'").fetchall() == []
    connection.close()


def test_a_lock_held_for_longer_than_a_wait_loses_nothing_and_repeats_nothing(path: Path) -> None:
    with Ledger.open(path, patience=0.2) as ledger:
        run = begun(ledger)
        blocker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        blocker.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.45, blocker.execute, ("COMMIT",))
        release.start()
        record(ledger, *(made(run=run, case=case) for case in range(5)))
        (group,) = ledger.totals(Filter(runs=(run,)))
        release.join()
        blocker.close()
    assert (group.calls, group.attempts, group.unfinished) == (5, 5, 0)


def test_a_locked_ledger_is_said_after_a_while(path: Path) -> None:
    with Ledger.open(path):
        pass
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    ledger = Ledger.open(path, patience=0.05)
    with pytest.raises(QwcliError, match="locked by another process"):
        begun(ledger)
    with pytest.raises(QwcliError, match="locked"):
        ledger.close()
    blocker.close()
