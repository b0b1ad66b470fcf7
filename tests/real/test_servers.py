"""A real inference server, where `QWCLI_TEST_SERVER` names one as `URL#MODEL`: what it says is read, whole or streamed.

Any OpenAI-compatible server will do (llama-server, transformers serve, vLLM, Ollama ...); only its own words are
compared with each other, since models differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHORT = ("12+7=", "--max-tokens", "8")
LONG = ("Count from 3 to 9.", "--max-tokens", "4")


@pytest.fixture(scope="module")
def server() -> str:
    """The server to ask, as `-m` takes it."""
    named = os.environ.get("QWCLI_TEST_SERVER", "")
    if not named:
        pytest.skip("QWCLI_TEST_SERVER=URL#MODEL names no server to ask")
    return named


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing of the user's own is found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QWCLI_", "XDG_"))}
    return {**kept, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "QWCLI_LEDGER": str(tmp_path / "l.sqlite")}


def qwcli(home: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qwcli", *arguments]
    return subprocess.run(command, env=home, cwd=home["HOME"], capture_output=True, text=True, timeout=50, check=False)


def asked(home: dict[str, str], *arguments: str) -> dict[str, object]:
    """The call of `ask --json`, at temperature 0; `took` is how long the whole process ran."""
    began = time.monotonic()
    done = qwcli(home, "ask", *arguments, "--temperature", "0", "--json")
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "took": time.monotonic() - began}


def test_an_answer_is_the_same_streamed_and_whole(server: str, home: dict[str, str]) -> None:
    streamed = asked(home, *SHORT, "-m", server)
    whole = asked(home, *SHORT, "-m", server, "--no-stream")
    assert streamed["text"]
    assert [call["attempts"][0]["streamed"] for call in (streamed, whole)] == [True, False]
    for field in ("text", "finish", "fault", "verdict", "model_reported"):
        assert streamed[field] == whole[field], field
    assert streamed["finish"] in {"stop", "length"}


def test_usage_comes_from_the_server_and_agrees_streamed_and_whole(server: str, home: dict[str, str]) -> None:
    usages = [asked(home, *SHORT, "-m", server, *also)["usage"] for also in ((), ("--no-stream",))]
    for usage in usages:
        assert usage["source"] == "provider"
        # What a cache gave differs between two askings, the prompt does not.
        assert usage["input"] + usage["cache_read"] + usage["cache_write"] > 0
        assert 1 <= usage["output"] <= 9  # some servers count the token that ends the answer
    prompts = [usage["input"] + usage["cache_read"] + usage["cache_write"] for usage in usages]
    assert prompts[0] == prompts[1]
    assert usages[0]["output"] == usages[1]["output"]


def test_an_answer_cut_by_max_tokens_says_so_and_its_cost_is_unknown_not_zero(
    server: str, home: dict[str, str]
) -> None:
    for also in ((), ("--no-stream",)):
        call = asked(home, *LONG, "-m", server, *also)
        assert (call["finish"], call["verdict"]) == ("length", "truncated")
        assert call["usage"]["output"] <= 4
        assert call["cost"] == [{"amount": "0", "currency": None, "at_least": True, "unpriced": 1}]


def test_times_are_in_order_and_only_a_stream_has_a_first_token(server: str, home: dict[str, str]) -> None:
    streamed = asked(home, *SHORT, "-m", server)
    latency = streamed["latency"]
    assert 0 < latency["first_token"] <= latency["first_answer"] <= latency["total"] < streamed["took"]
    assert asked(home, *SHORT, "-m", server, "--no-stream")["latency"]["first_token"] is None


def test_a_parameter_the_server_cannot_take_is_a_clear_fault(server: str, home: dict[str, str]) -> None:
    done = qwcli(home, "ask", *SHORT, "-m", server, "--param", "messages=none of the wanted shape")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr


def test_a_bench_with_prices_adds_up(server: str, home: dict[str, str]) -> None:
    rows = [{"id": str(n), "input": f"{n}+{n}=", "expected": str(2 * n)} for n in range(10)]
    dataset = Path(home["HOME"]) / "sums.jsonl"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = ("--grader", "number", "--temperature", "0", "--max-tokens", "8", "--price", "in=1000000,out=1000000,USD")
    done = qwcli(home, "bench", str(dataset), "-m", server, *options, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["targets"][0]
    lines = qwcli(home, "bench", str(dataset), "-m", server, *options, "--resume", "--format", "jsonl")
    usages = [json.loads(line)["usage"] for line in lines.stdout.splitlines()]
    assert len(usages) == sum(report["verdicts"].values()) == report["attempts"] == 10
    spent = sum(usage["input"] + usage["cache_read"] + usage["cache_write"] + usage["output"] for usage in usages)
    assert [float(money["amount"]) for money in report["cost"]] == [spent]
    assert report["unpriced"] == 0
