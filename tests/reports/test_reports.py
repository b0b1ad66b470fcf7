from __future__ import annotations

import json
import random
from collections.abc import Mapping
from decimal import Decimal

import pytest

from qwcli.core.call import Attempt, Call, Identity, Latency
from qwcli.core.case import Grade
from qwcli.core.outcome import Fault, FaultKind, Finish, Reply, Usage
from qwcli.core.price import Cost, Money
from qwcli.core.run import Latencies, Percentiles, Recorded, Run, RunState
from qwcli.core.spend import UNFINISHED, CaseSums, Group, Key, RatioSums, Sum
from qwcli.core.table import Interval
from qwcli.core.target import Target
from qwcli.core.verdict import Finding, Verdict
from qwcli.reports import bench, cost_report
from qwcli.reports import call as call_report
from qwcli.reports.money import per_success, plain

RUN = Run(
    id="20261122-140355-k3f9", command="bench", dataset="intents.jsonl", dataset_digest="d1", config_digest="c1", config={},
    started_at=0.0, ended_at=1.0, state=RunState.DONE, simulated=False, cases=40,
)  # fmt: skip


def group(
    verdicts: Mapping[Verdict, int] = {Verdict.PASSED: 30, Verdict.WRONG: 10},
    sums: Mapping[str, list[Sum]] | None = None,
    ratio: Mapping[str, RatioSums] | None = None,
    **fields: object,
) -> Group:
    sums = {"passed": [Sum("USD", 30 * 10**9, 0)], "wrong": [Sum("USD", 10**10, 0)]} if sums is None else sums
    given = {
        "keys": {"target": "plus"}, "kind": "bench", "simulated": False, "unfinished": 0, "attempts": 41, "retries": 1,
        "score": 30.0, "scored": 40, "unpriced": sum(part.unpriced for parts in sums.values() for part in parts),
    }  # fmt: skip
    return Group(**given | fields, verdicts=verdicts, sums=sums, ratio=ratio or {})


EVEN = RatioSums(cases=40, c=4e10, cc=4e19, cp=3e10, p=30.0, pp=30.0)


def cells(table: object) -> list[dict[str, object]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_cost_per_success_is_the_graded_cost_by_the_passed_with_its_interval() -> None:
    found = per_success(group(ratio={"USD": EVEN}))
    assert found.value[0].amount == pytest.approx(Decimal("0.04") / 30)
    assert found.low[0].amount < found.value[0].amount < found.high[0].amount


@pytest.mark.parametrize(
    ("sums", "verdicts"),
    [
        ({"wrong": [Sum("USD", 10**10, 0)]}, {Verdict.WRONG: 9}),
        ({}, {Verdict.PASSED: 9}),
    ],
)
def test_without_a_success_or_a_cost_there_is_none_per_success(sums: dict, verdicts: dict) -> None:
    assert per_success(group(verdicts, sums)).value is None


def test_an_unknown_part_leaves_a_lower_bound_without_interval() -> None:
    found = per_success(group(sums={"passed": [Sum("USD", 3 * 10**9, 1)]}, ratio={"USD": EVEN}))
    assert (found.low, found.high) == (None, None)
    assert found.value[0].at_least


def test_the_bench_document_keeps_its_contract() -> None:
    took = Latencies(total=Percentiles(p50=0.5, p95=1.5, count=30), timeouts=2)
    found = bench.document(RUN, [group(ratio={"USD": EVEN})], {"plus": took})
    found = json.loads(json.dumps(found))
    assert {"schema", "run", "dataset", "digest", "cases", "simulated", "targets", "comparisons"} <= set(found)
    assert (found["schema"], found["run"], found["simulated"]) == ("qwcli.bench/1", RUN.id, False)
    (target,) = found["targets"]
    assert target["accuracy"] == {
        "value": 0.75,
        "low": pytest.approx(0.5981, abs=1e-4),
        "high": pytest.approx(0.8581, abs=1e-4),
    }
    assert target["score"] == 0.75
    assert target["cost"] == [{"amount": "0.04", "currency": "USD", "at_least": False, "unpriced": 0}]
    assert target["grading_cost"] == []
    assert target["cost_per_success"]["amount"].startswith("0.00133333")
    assert set(target["cost_per_success"]) >= {"amount", "low", "high", "currency"}
    assert target["latency"] == {"p50": 0.5, "p95": 1.5, "p99": None, "count": 30}
    assert target["verdicts"] == {"passed": 30, "wrong": 10}
    assert (target["attempts"], target["retries"], target["unpriced"], target["timeouts"]) == (41, 1, 0, 2)


def test_no_success_is_null_and_several_currencies_are_never_one() -> None:
    several = {"passed": [Sum("USD", 10**12, 0), Sum("CNY", 2 * 10**12, 0)]}
    found = bench.document(RUN, [group({Verdict.WRONG: 1}), group({Verdict.PASSED: 2}, several)], {})
    none, both = found["targets"]
    assert none["cost_per_success"] is None
    assert both["cost_per_success"] is None
    assert [(one["amount"], one["currency"]) for one in both["cost_per_success_by_currency"]] == [
        ("1", "CNY"),
        ("0.5", "USD"),
    ]


def test_only_verdicts_that_occur_have_a_column_and_simulated_ones_are_marked() -> None:
    real, simulated = group(), group(keys={"target": "sim/plus"}, simulated=True)
    (endings, table), found = bench.tabulate(RUN, [real, simulated], {}), bench.document(RUN, [real, simulated], {})
    assert [row["simulated"] for row in cells(table)] == ["no", "simulated"]
    assert any("simulated" in note for note in table.notes)
    assert "simulated" in table.title
    assert "simulated" in endings.title
    assert "refused" not in [column.name for column in endings.columns]
    assert found["simulated"] is True
    assert "simulated" not in [column.name for column in bench.tabulate(RUN, [real], {})[1].columns]


def test_where_a_line_is_a_row_both_tables_are_one() -> None:
    endings, figures = bench.tabulate(RUN, [group(), group(keys={"target": "other"})], {})
    one = bench.flat(endings, figures)
    assert [len(row) for row in one.rows] == [len(one.columns)] * 2
    assert [column.name for column in one.columns].count("target") == 1
    assert cells(one)[0]["passed"] == cells(endings)[0]["passed"]


def test_a_small_sample_says_so() -> None:
    _, table = bench.tabulate(RUN, [group({Verdict.PASSED: 29})], {})
    assert any("small sample" in note for note in table.notes)
    assert not any("small sample" in note for note in bench.tabulate(RUN, [group()], {})[1].notes)


def repeated(rates: list[int], epochs: int) -> Group:
    """As many cases as `rates`, each asked so often and passed as often as its rate says."""
    passed = sum(rates)
    by_case = CaseSums(
        cases=len(rates), graded=len(rates), calls=epochs * len(rates), calls_calls=epochs**2 * len(rates),
        passed=passed, passed_passed=sum(rate**2 for rate in rates), calls_passed=epochs * passed,
    )  # fmt: skip
    verdicts = {Verdict.PASSED: passed, Verdict.WRONG: epochs * len(rates) - passed}
    return group(verdicts, by_case=by_case)


@pytest.mark.parametrize("passed", [0, 30, 40])
def test_asking_the_same_cases_again_with_the_same_ends_makes_accuracy_no_surer(passed: int) -> None:
    once = bench.accuracy(repeated([1] * passed + [0] * (40 - passed), 1))
    assert once == bench.accuracy(group({Verdict.PASSED: passed, Verdict.WRONG: 40 - passed}))
    again = bench.accuracy(repeated([25] * passed + [0] * (40 - passed), 25))
    assert (again.value, again.low, again.high) == pytest.approx((once.value, once.low, once.high))


def test_accuracy_is_as_sure_as_cases_differ_and_never_surer_than_its_calls_are_many() -> None:
    dice = random.Random(5)
    independent = bench.accuracy(repeated([sum(dice.random() < 0.5 for _ in range(10)) for _ in range(200)], 10))
    calls = bench.accuracy(group({Verdict.PASSED: 1000, Verdict.WRONG: 1000}))
    assert independent.high - independent.low == pytest.approx(calls.high - calls.low, rel=0.15)
    even = bench.accuracy(repeated([5] * 200, 10))
    assert even.high - even.low >= calls.high - calls.low
    # Two cases tell next to nothing of how cases differ, however often they are asked.
    two = bench.accuracy(repeated([50, 50], 100))
    assert two.high - two.low > 0.6


def test_accuracy_by_case_holds_the_truth_as_often_as_it_says() -> None:
    dice = random.Random(11)
    held = 0
    for _ in range(400):
        abilities = [dice.choice([0.05, 0.5, 0.95]) for _ in range(40)]
        found = bench.accuracy(repeated([sum(dice.random() < p for _ in range(8)) for p in abilities], 8))
        held += found.low <= 0.5 <= found.high
    assert held >= 370  # by calls alone it would be about 240


def test_cases_are_distinct_ones_and_calls_stay_visible() -> None:
    few = repeated([4] * 10 + [1] * 10, 5)
    found = bench.document(RUN, [few], {})
    assert (found["targets"][0]["cases"], found["targets"][0]["calls"]) == (20, 100)
    _, table = bench.tabulate(RUN, [few], {})
    assert (cells(table)[0]["cases"], cells(table)[0]["calls"]) == (20, 100)
    assert any("small sample" in note for note in table.notes)
    assert "calls" not in [column.name for column in bench.tabulate(RUN, [group()], {})[1].columns]


def test_what_was_paid_is_never_shared_among_answers_made_elsewhere() -> None:
    paid = group({Verdict.PASSED: 10, Verdict.WRONG: 10}, {"passed": [Sum("USD", 20 * 10**12, 0)]}, keys={})
    given = group({Verdict.PASSED: 70, Verdict.WRONG: 10}, {}, keys={}, kind="answers", attempts=0)
    for both in ([paid, given], [given, paid]):
        total = cost_report.document([], both, both)["total"]
        assert (total["calls"], total["graded"], total["passed"]) == (100, 20, 10)
        assert total["cost_per_success"]["amount"] == "2"
        assert total["answers"] == {"calls": 80, "graded": 80, "passed": 70}
    assert cost_report.document([], [paid], [paid])["total"]["answers"]["calls"] == 0
    assert any("elsewhere" in note for note in cost_report.tabulate([], [paid, given], [paid, given]).notes)


def test_answers_made_elsewhere_have_accuracy_and_neither_cost_nor_latency() -> None:
    _, table = bench.tabulate(RUN, [group(kind="answers", sums={}, attempts=0)], {})
    (row,) = cells(table)
    assert row["accuracy"].value == 0.75
    assert (row["cost"], row["cost per success"], row["p50"]) == (None, Interval(value=None), None)


def test_the_cost_report_says_where_the_money_without_success_went() -> None:
    lost = {
        "passed": [Sum("USD", 30, 0)],
        "refused": [Sum("USD", 7, 0)],
        "ungraded": [Sum("USD", 5, 0)],
        UNFINISHED: [Sum(None, 0, 1)],
    }
    measured = group({Verdict.PASSED: 3, Verdict.REFUSED: 1}, lost, keys={"model": "m"}, unfinished=1)
    asked = group({Verdict.UNGRADED: 2}, {"ungraded": [Sum("CNY", 10**12, 0)]}, keys={"model": "m"}, kind="ask")
    table, found = (
        cost_report.tabulate([Key.MODEL], [measured, asked], [measured, asked]),
        cost_report.document([Key.MODEL], [measured, asked], [measured, asked]),
    )
    assert [row["kind"] for row in cells(table)] == ["bench", "ask", "bench", "ask"]
    assert cells(table)[1]["passed"] is None
    assert (found["schema"], found["by"]) == ("qwcli.cost-report/1", ["model"])
    first = found["rows"][0]
    assert first["model"] == "m"
    assert first["waste"] == {
        "refused": [{"amount": "0.000000000007", "currency": "USD", "at_least": False, "unpriced": 0}],
        "unfinished": [{"amount": "0", "currency": None, "at_least": True, "unpriced": 1}],
    }
    assert first["cost"] == [{"amount": "0.000000000042", "currency": "USD", "at_least": True, "unpriced": 1}]
    total = found["total"]
    assert (total["calls"], total["passed"], total["unpriced"]) == (6, 3, 1)
    assert [(one["amount"], one["currency"]) for one in total["cost"]] == [("1", "CNY"), ("0.000000000042", "USD")]


def test_simulated_and_real_money_have_their_own_totals() -> None:
    real, simulated = group(keys={}), group(keys={}, simulated=True)
    table, found = (
        cost_report.tabulate([], [real, simulated], [real, simulated]),
        cost_report.document([], [real, simulated], [real, simulated]),
    )
    assert [row["simulated"] for row in cells(table)] == ["no", "simulated"]
    assert (found["total"]["simulated"], found["total"]["calls"]) == (False, 40)
    assert [total["simulated"] for total in found["totals"]] == [False, True]
    assert cost_report.document([], [simulated], [simulated])["total"]["simulated"] is True


def test_an_empty_ledger_has_an_empty_report() -> None:
    table, found = cost_report.tabulate([Key.DAY], [], []), cost_report.document([Key.DAY], [], [])
    assert (table.rows, found["rows"], found["total"]["cost"]) == ([], [], [])


def test_tags_overlap_and_the_report_says_so() -> None:
    table = cost_report.tabulate([Key.TAG], [], [])
    assert any("overlap" in note for note in table.notes)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1E+2", "100"), ("0.0000123000", "0.0000123"), ("0E-12", "0"), ("1E-12", "0.000000000001"), ("10", "10")],
)
def test_amounts_are_plain_digits(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


def test_a_call_is_told_whole() -> None:
    target = Target(name="plus", provider="cloud", model="qwen-plus", url="http://x")
    finding = Finding(verdict=Verdict.PASSED, signal="grade", rule="choice", words="B")
    common = {"target": target, "sent_at": 0.0, "streamed": True, "finding": finding}
    fault = Fault(kind=FaultKind.RATE, message="slow down", status=429, code="Throttling")
    reply = Reply(
        text="B",
        finish=Finish.STOP,
        finish_raw="stop",
        usage=Usage(input=5, cache_read=2, output=3, reasoning=1),
        model="q",
    )
    first = Attempt(id="a", number=1, reason="first", waited=0.0, outcome=fault, latency=Latency(total=0.1),
                    cost=Cost(amount=None, why_unknown="no price is known"), **common)  # fmt: skip
    second = Attempt(id="b", number=2, reason="retry: rate", waited=0.5, outcome=reply, latency=Latency(total=0.2),
                     cost=Cost(amount=Decimal("0.0000123"), currency="USD"), **common)  # fmt: skip
    call = Call(id="c", asked="safe", route="safe", started_at=0.0, attempts=(first, second), answered=second, finding=finding,
                latency=Latency(first_token=0.7, total=0.8), grade=Grade(grader="choice", score=1.0, found="B"))  # fmt: skip
    found = call_report.document(call)
    assert {key: found[key] for key in ("schema", "id", "target", "route", "simulated", "verdict", "text", "finish", "finish_raw")} == {
        "schema": "qwcli.call/1", "id": "c", "target": "safe", "route": "safe", "simulated": False, "verdict": "passed",
        "text": "B", "finish": "stop", "finish_raw": "stop",
    }  # fmt: skip
    assert found["fault"] is None
    assert found["usage"] == {
        "input": 5,
        "cache_read": 2,
        "cache_write": 0,
        "output": 3,
        "reasoning": 1,
        "source": "provider",
    }
    assert found["cost"] == [{"amount": "0.0000123", "currency": "USD", "at_least": True, "unpriced": 1}]
    assert set(found["latency"]) == {"queue", "connect", "first_token", "first_answer", "total"}
    failed, answered = found["attempts"]
    assert failed["fault"] == {"kind": "rate", "message": "slow down", "status": 429, "code": "Throttling"}
    assert failed["usage"] is None
    assert (answered["reason"], answered["waited"], answered["fault"]) == ("retry: rate", 0.5, None)
    line = call_report.line(
        Recorded(call=call, identity=Identity(kind="bench", case="7", row=7, epoch=2), expected="B")
    )
    assert (line["case"], line["epoch"], line["expected"], line["grade"]["score"]) == ("7", 2, "B", 1.0)
    assert {key: line[key] for key in found} == found
    several = Recorded(call=call, identity=Identity(kind="bench"), expected=("B", "b"))
    assert call_report.line(several)["expected"] == ["B", "b"]


def test_money_without_currency_is_counted_in_the_table() -> None:
    table = cost_report.tabulate([], [group(sums={"passed": [Sum(None, 0, 3)]}, keys={})], [])
    assert cells(table)[0]["cost"] == (Money(amount=Decimal(0), currency=None, unpriced=3),)
