"""However a command ends - a signal, a reader that left, a kill - what it finished is recorded, and it says what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")

ROWS = [{"id": f"c{n}", "input": f"question {n}", "expected": "a"} for n in range(12)]


# Tells when our own code has the word; before that, Python itself has it.
BEGUN = "from qwcli.cli import main, signals; import os; signals.leave_at_once(); os.write(1, b'.'); main()"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_at_any_moment_of_the_start_ends_in_one_line(cli, provider, number, code):
    provider.script = [[30.0]]
    for pause in (0.0, 0.1, 0.2, 0.4):
        command = [sys.executable, "-c", BEGUN, "ask", "hi", "-m", f"{provider.url}#m"]
        process = subprocess.Popen(
            command,
            env=cli.env,
            cwd=cli.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout.read(1) == b"."
        time.sleep(pause)
        process.send_signal(number)
        said = cli.end(process, wait=10)
        assert (said.code, said.out, len(said.err.splitlines())) == (code, b"", 1), said.err
        assert said.err.startswith("Interrupted.")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["connecting", "streaming", "waiting"])
def test_ask_interrupted_while_sending_says_so_and_counts_what_may_be_spent(cli, provider, until, number, code, moment):
    event = b'data: {"choices": [{"delta": {"content": "so far"}}]}\n\n'
    busy = provider.json({"error": {"message": "slow down"}}, "429 Too Many Requests", retry_after="20")
    provider.script = [{"connecting": [20.0], "streaming": provider.stream(event, 20.0), "waiting": busy}[moment]]
    process = cli.start("ask", "hi", "-m", f"{provider.url}#m", "--price", "in=1,out=2,USD")
    if moment == "streaming":
        os.set_blocking(process.stdout.fileno(), True)
        assert process.stdout.read(6) == b"so far"
    elif moment == "waiting":
        first = process.stderr.readline()
        assert b"trying again in 2" in first
        assert b"as the server asked" in first
    else:
        until(lambda: provider.requests)
    process.send_signal(number)
    said = cli.end(process, wait=10)
    assert (said.code, said.err.splitlines()[-1][:12]) == (code, "Interrupted.")
    total = cli.run("cost-report", "--format", "json").json["total"]
    assert total["attempts"] == 1
    # A 429 costs nothing; what was cut off in flight may have cost something.
    assert total["unpriced"] == (0 if moment == "waiting" else 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_bench_keeps_what_finished_and_resume_asks_only_the_rest(cli, provider, until, number, code):
    provider.script = [*([provider.said("a")] * 5), [20.0]]
    rows = cli.file("rows.jsonl", ROWS)
    command = ("bench", rows, "-m", f"{provider.url}#m", "--no-stream", "--concurrency", "1", "--format", "json")
    process = cli.start(*command)
    until(lambda: len(provider.requests) == 6)
    process.send_signal(number)
    process.send_signal(number)  # impatience loses nothing
    said = cli.end(process, wait=15)
    assert said.code == code
    run = next(line.split("--resume ")[1] for line in said.err.splitlines() if "--resume " in line).strip()
    assert said.json["targets"][0]["passed"] == 5
    provider.script = [provider.said("a")]
    again = cli.run(*command, "--resume", run)
    assert (again.code, again.json["run"]) == (0, run)
    assert again.json["targets"][0]["passed"] == 12
    asked = [body["messages"][0]["content"] for body in provider.bodies()]
    assert sorted(asked) == sorted([*(row["input"] for row in ROWS), asked[5]])  # only the one in flight twice
    # A finished run, resumed, asks nobody.
    third = cli.run(*command, "--resume")
    assert (third.code, third.json["targets"][0]["passed"], len(provider.requests)) == (0, 12, 13)


def test_a_run_is_not_resumed_over_other_data_or_another_question(cli, provider):
    provider.script = [provider.said("a")]
    rows = cli.file("rows.jsonl", ROWS[:2])
    command = ("bench", rows, "-m", f"{provider.url}#m", "--no-stream")
    assert cli.run(*command).code == 0
    changed = cli.run(*command, "--max-tokens", "5", "--resume")
    assert (changed.code, changed.out) == (2, b"")
    assert "what is asked, how, or of whom changed since" in changed.err
    cli.file("rows.jsonl", ROWS[:3])
    grown = cli.run(*command, "--resume", "last")
    assert (grown.code, grown.out) == (2, b"")
    assert "the dataset changed since" in grown.err
    assert "--force" in grown.err
    assert len(provider.requests) == 2


def test_output_closed_early_is_no_failure_and_what_was_asked_is_recorded(cli, provider, until):
    event = b'data: {"choices": [{"delta": {"content": "line\\n"}, "finish_reason": null}]}\n\n'
    last = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    provider.script = [provider.stream(event, 0.3, event * 2000, 0.2, event, last)]
    process = cli.start("ask", "hi", "-m", f"{provider.url}#m")
    assert process.stdout.readline() == b"line\n"
    process.stdout.close()
    process.wait(20)
    assert process.returncode == 0
    assert b"Traceback" not in (said := process.stderr.read()), said
    provider.script = [provider.said("a")]
    rows = cli.file("rows.jsonl", [{"input": "q " * 200 + str(n), "expected": "a"} for n in range(400)])
    command = [*process.args[:3], "bench", rows, "-m", f"{provider.url}#m", "--no-stream", "--format", "jsonl"]
    shell = subprocess.run(
        ["/bin/sh", "-c", '"$@" | head -1', "sh", *command],
        env=cli.env, cwd=cli.folder, capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert "Traceback" not in shell.stderr
    assert "BrokenPipe" not in shell.stderr
    assert shell.stdout.startswith('{"schema": "qwcli.call/1"')
    rows = cli.run("cost-report", "--by", "dataset", "--format", "json").json["rows"]
    assert {row["kind"]: row["calls"] for row in rows} == {"ask": 1, "bench": 400}


def test_narration_nobody_reads_does_not_stop_a_bench(cli, provider):
    provider.script = [provider.said("a")]
    rows = cli.file("rows.jsonl", ROWS)
    process = cli.start("bench", rows, "-m", f"{provider.url}#m", "--no-stream", "--format", "json")
    process.stderr.close()
    process.stderr = None
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b'"passed": 12' in out
