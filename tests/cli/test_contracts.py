"""The JSON that scripts rely on: every promised key is there, and the three commands and the simulator agree."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from urllib.request import ProxyHandler, build_opener

import pytest

CALL = {
    "schema", "id", "target", "route", "simulated", "verdict", "text", "finish", "finish_raw", "fault", "usage", "cost",
    "basis", "price", "latency", "model_reported", "evidence", "attempts",
}  # fmt: skip
USAGE = {"input", "cache_read", "cache_write", "output", "reasoning", "source"}
LATENCY = {"queue", "connect", "first_token", "first_answer", "total"}
MONEY = {"amount", "currency", "at_least", "unpriced"}
TARGET = {
    "target", "cases", "passed", "accuracy", "score", "cost", "grading_cost", "cost_per_success", "latency",
    "first_token", "verdicts", "attempts", "retries", "unpriced",
}  # fmt: skip
ROW = {"calls", "attempts", "passed", "cost", "grading_cost", "cost_per_success", "waste", "unpriced"}
VERDICTS = {
    "passed", "partial", "wrong", "refused", "blocked", "truncated", "sanitised", "malformed", "failed", "ungraded",
}  # fmt: skip


@pytest.fixture
def simulator(cli):
    """A simulator that runs on its own, so that its books can be read afterwards; gives a function that reads them."""
    process = cli.start("simulate", "--port", "0", "--speed", "0", "--seed", "7")
    url = json.loads(process.stdout.readline())["url"]
    cli.env["QWCLI_SIMULATOR"] = url
    return lambda: json.load(build_opener(ProxyHandler({})).open(f"{url}/books", timeout=10))


def amount(money) -> Decimal:
    assert all(one.keys() >= MONEY for one in money)
    assert all(isinstance(one["amount"], str) for one in money)
    return sum((Decimal(one["amount"]) for one in money), Decimal(0))


def check_call(call) -> None:
    assert call.keys() >= CALL
    assert call["schema"] == "qwcli.call/1"
    assert call["verdict"] in VERDICTS
    assert call["latency"].keys() >= LATENCY
    assert call["usage"] is None or call["usage"].keys() >= USAGE
    assert call["fault"] is None or call["fault"].keys() >= {"kind", "message", "status", "code"}
    assert call["price"] is None or call["price"].keys() >= {"book", "since"}
    assert (call["finish"] is None) == (call["fault"] is not None)
    assert amount(call["cost"]) == sum(amount(attempt["cost"]) for attempt in call["attempts"])
    for attempt in call["attempts"]:
        assert attempt.keys() >= (CALL - {"schema", "route", "attempts"}) | {"reason", "waited"}
        assert attempt["latency"].keys() >= LATENCY


def test_ask_has_one_object_a_line_for_each_target_in_order(cli, simulator):
    said = cli.run("ask", "hi", "-p", "simulated", "-m", "sim/max", "-m", "sim/safe", "-m", "sim/flash", "--json")
    assert [line["target"] for line in said.lines] == ["sim/max", "sim/safe", "sim/flash"]
    for call in said.lines:
        check_call(call)
        assert call["simulated"] is True
    assert [line["route"] for line in said.lines] == [None, "sim/safe", None]
    failed = cli.run("ask", "hi", "-m", "http://127.0.0.1:9/v1#m", "--json", "--timeout", "1")
    (call,) = failed.lines
    check_call(call)
    assert (failed.code, call["verdict"], call["fault"]["kind"], call["usage"]) == (1, "failed", "connect", None)


def test_bench_cost_report_and_the_simulators_books_agree_to_the_last_digit(cli, simulator):
    targets = ("sim/plus", "sim/flash", "sim/flaky", "sim/safe")
    asked = [word for name in targets for word in ("-m", name)]
    command = ("bench", "customer-intents", "-p", "simulated", *asked, "--limit", "25", "--concurrency", "32")
    said = cli.run(*command, "--format", "json")
    bench, books = said.json, simulator()
    assert bench["schema"] == "qwcli.bench/1"
    assert bench.keys() >= {"run", "dataset", "digest", "cases", "simulated", "targets", "comparisons"}
    assert (bench["dataset"], bench["cases"], bench["simulated"]) == ("customer-intents", 25, True)
    assert {row["target"] for row in bench["targets"]} == set(targets)
    for row in bench["targets"]:
        assert row.keys() >= TARGET
        assert row["accuracy"].keys() >= {"value", "low", "high"}
        assert row["latency"].keys() >= {"p50", "p95", "p99"} <= row["first_token"].keys()
        assert row["cost_per_success"].keys() >= {"amount", "low", "high", "currency"}
        assert row["verdicts"].keys() <= VERDICTS
        assert sum(row["verdicts"].values()) == row["cases"] == 25
        assert row["verdicts"].get("passed", 0) == row["passed"]
        graded = row["cases"] - row["verdicts"].get("ungraded", 0)
        assert row["accuracy"]["value"] == pytest.approx(row["passed"] / graded)
        assert Decimal(row["cost_per_success"]["amount"]) == pytest.approx(amount(row["cost"]) / row["passed"])
    report = cli.run("cost-report", "--run", bench["run"], "--by", "target,verdict", "--format", "json").json
    assert report["schema"] == "qwcli.cost-report/1"
    assert report["by"] == ["target", "verdict"]
    assert report["total"].keys() >= ROW
    for row in report["rows"]:
        assert row.keys() >= ROW | {"target", "verdict"}
    total = report["total"]
    spent = amount(total["cost"])
    assert (
        spent == sum(amount(row["cost"]) for row in bench["targets"]) == sum(amount(r["cost"]) for r in report["rows"])
    )
    assert spent == Decimal(books["total"]["cost_reported"])
    assert total["attempts"] == sum(row["attempts"] for row in bench["targets"]) == books["total"]["requests"]
    assert (total["calls"], total["passed"]) == (100, sum(row["passed"] for row in bench["targets"]))
    wasted = sum(amount(money) for money in total["waste"].values())
    won = sum(amount(row["cost"]) for row in report["rows"] if row["verdict"] == "passed")
    assert won + wasted + amount(total["ungraded_cost"]) == spent

    # The same run, a line a call.
    again = cli.run(*command, "--resume", "--format", "jsonl")
    assert simulator()["total"]["requests"] >= books["total"]["requests"]
    lines = again.lines
    assert len(lines) == 100
    for call in lines:
        check_call(call)
        assert call.keys() >= {"case", "expected", "grade", "epoch"}
    verdicts = Counter((call["target"], call["verdict"]) for call in lines)
    if again.code == said.code == 0:
        assert verdicts == {(r["target"], v): n for r in bench["targets"] for v, n in r["verdicts"].items() if n}
    assert sum(amount(call["cost"]) for call in lines) <= amount(
        cli.run("cost-report", "--run", bench["run"], "--format", "json").json["total"]["cost"]
    )
