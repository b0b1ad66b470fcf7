"""A bench that is killed again and again loses nothing it has recorded, asks none of it again, and says what is unknown."""

from __future__ import annotations

import os
import random
import signal
import sqlite3  # noqa: TID253 - looks into the ledger from outside
import subprocess
import time

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's"),
]


def recorded(path) -> dict[tuple[int, str], str]:
    """Row and target of every ended call, with its id; each stands once."""
    if not path.exists():
        return {}
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT case_row, asked, id FROM calls WHERE state = 'done'").fetchall()
    except sqlite3.OperationalError:  # nothing in it yet
        rows = []
    finally:
        connection.close()
    found = {(row, asked): call for row, asked, call in rows}
    assert len(found) == len(rows)
    return found


def children(pid: int) -> list[int]:
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in said.split()]


def alive(pid: int) -> bool:
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(said.strip()) and not said.strip().startswith("Z")


def test_killed_at_random_moments_and_resumed_until_done(cli, until):
    rows = cli.file(
        "rows.jsonl", [{"id": f"c{n}", "input": f"What is {n} + {n}?", "expected": str(2 * n)} for n in range(300)]
    )
    command = ["bench", rows, "-p", "simulated", "-m", "sim/plus", "-m", "sim/flash", "--grader", "number",
               "--concurrency", "4", "--format", "json"]  # fmt: skip
    chance, before, orphans, kills, run = random.Random(3), {}, [], 0, None
    for _ in range(6):
        process = cli.start(
            *command, *(["--resume", run] if run else []), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        goal = len(before) + chance.randrange(1, 80)
        until(lambda goal=goal, process=process: len(recorded(cli.ledger)) >= goal or process.poll() is not None)
        time.sleep(chance.random() * 0.05)
        if process.poll() is None:
            kills += 1
            orphans = children(process.pid)
            assert orphans, "the simulator runs beside the bench"
            process.send_signal(signal.SIGKILL)
            process.wait()
            until(lambda orphans=orphans: not any(map(alive, orphans)), seconds=2.0)
        after = recorded(cli.ledger)
        assert {key: after.get(key) for key in before} == before  # the very same calls, under their ids
        before = after
        run = run or cli.run("cost-report", "--by", "run", "--format", "json").json["rows"][0]["run"]
    assert kills >= 4
    said = cli.run(*command, "--resume", run)
    after = recorded(cli.ledger)
    assert {key: after[key] for key in before} == before
    assert set(after) == {(row, name) for row in range(300) for name in ("sim/plus", "sim/flash")}
    assert sum(row["cases"] for row in said.json["targets"]) == 600
    total = cli.run("cost-report", "--run", run, "--format", "json").json["total"]
    assert total["calls"] == 600
    # What was in flight when we were killed may have been spent: the sum says so.
    assert total["unfinished"] >= 1
    assert total["cost"][0]["at_least"] is True
    assert 1 <= total["cost"][0]["unpriced"] <= total["unfinished"]
    assert ">= " in cli.run("cost-report", "--run", run).out.decode()
