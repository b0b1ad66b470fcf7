from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_calls import MINI, PLUS, START, journal, made, priced

from qwcli.core.outcome import Finish
from qwcli.core.price import to_units, total
from qwcli.core.run import Percentiles
from qwcli.core.spend import UNFINISHED, CaseSums, Filter, Key
from qwcli.core.verdict import Verdict
from qwcli.store.ledger import Ledger

DAY = 86_400


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def record(ledger: Ledger, *calls: tuple) -> None:
    async def all_of_them() -> None:
        for call in calls:
            await journal(ledger, *call)

    asyncio.run(all_of_them())


def random_calls(seed: int, count: int) -> list[tuple]:
    dice = random.Random(seed)

    def cost() -> object:
        if dice.random() < 0.15:
            return priced(None, dice.choice([None, "USD", "CNY"]))
        return priced(str(Decimal(dice.randrange(10**12)) / 10**12), dice.choice(["USD", "USD", "CNY"]))

    return [
        made(
            costs=[cost() for _ in range(dice.choice([1, 1, 2, 3]))],
            targets=dice.choice([(PLUS,), (MINI,), (MINI, PLUS)]),
            verdict=dice.choice(list(Verdict)),
            kind=dice.choice(["bench", "bench", "ask"]),
            case=dice.randrange(6),
            lang=dice.choice(["zh", "en", None]),
            simulated=dice.random() < 0.3,
            started_at=START + dice.randrange(3) * DAY,
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_exactly_those_of_an_independent_count(ledger: Ledger, seed: int) -> None:
    calls = random_calls(seed, 80)
    record(ledger, *calls)
    expected = defaultdict(list)
    for sendings, call in calls:
        expected[sendings[0].identity.lang, sendings[0].identity.kind, call.simulated].append((sendings, call))
    groups = ledger.totals(Filter(), (Key.LANG,))
    assert {(group.keys["lang"], group.kind, group.simulated) for group in groups} == set(expected)
    for group in groups:
        own = [call for _, call in expected[group.keys["lang"], group.kind, group.simulated]]
        graded = [call for call in own if call.verdict is not Verdict.UNGRADED]
        assert group.verdicts == Counter(call.verdict for call in own)
        assert group.attempts == sum(len(call.attempts) for call in own)
        assert group.retries == sum(len(call.attempts) - 1 for call in own)
        assert group.unpriced == sum(a.cost.amount is None for call in own for a in call.attempts)
        assert group.cost == total(a.cost for call in own for a in call.attempts)
        for verdict, lost in group.waste.items():
            assert lost == total(a.cost for call in own if call.verdict == verdict for a in call.attempts)
        if group.kind != "bench":
            assert (group.graded, group.passed, group.graded_cost, group.ratio) == (0, 0, (), {})
            continue
        assert group.graded_cost == total(a.cost for call in graded for a in call.attempts)
        assert (group.graded, group.passed) == (len(graded), sum(c.verdict is Verdict.PASSED for c in own))
        assert group.scored == sum(call.grade is not None for call in graded)


def test_squares_are_of_cases_whose_calls_are_summed_first(ledger: Ledger) -> None:
    calls = [
        call
        for call in random_calls(7, 80)
        if call[0][0].identity.kind == "bench" and not call[1].simulated and call[1].verdict is not Verdict.UNGRADED
    ]
    record(ledger, *calls)
    (group,) = ledger.totals(Filter())
    cases = defaultdict(lambda: [0, 0])
    for sendings, call in calls:
        case = cases[sendings[0].identity.case]
        case[0] += sum(to_units(a.cost.amount) for a in call.attempts if a.cost.amount and a.cost.currency == "USD")
        case[1] += call.verdict is Verdict.PASSED
    sums = group.ratio["USD"]
    assert sums.cases == len(cases)
    assert (sums.c, sums.p, sums.pp) == (
        sum(c for c, _ in cases.values()),
        sum(p for _, p in cases.values()),
        sum(p * p for _, p in cases.values()),
    )
    assert sums.cc == pytest.approx(sum(c * c for c, _ in cases.values()))
    assert sums.cp == pytest.approx(sum(c * p for c, p in cases.values()))


def test_a_case_asked_several_times_is_one_case(ledger: Ledger) -> None:
    verdicts = {0: ("passed", "passed", "wrong"), 1: ("passed", "ungraded"), 2: ("ungraded",), 3: ("wrong", "failed")}
    for case, ends in verdicts.items():
        record(ledger, *(made(case=case, epoch=n, verdict=Verdict(end)) for n, end in enumerate(ends)))
    record(ledger, made(case=4, kind="ask"), made(case=0, kind="answers"))
    groups = {group.kind: group for group in ledger.totals(Filter())}
    assert groups["bench"].by_case == CaseSums(
        cases=4, graded=3, calls=6, calls_calls=14, passed=3, passed_passed=5, calls_passed=7
    )
    assert (groups["bench"].calls, groups["bench"].cases, groups["bench"].graded_cases) == (8, 4, 3)
    assert (groups["answers"].cases, groups["answers"].by_case.passed, groups["ask"].by_case) == (1, 1, None)


def test_by_model_money_is_the_attempts_own_and_a_call_counts_where_it_was_answered(ledger: Ledger) -> None:
    record(ledger, made(costs=(priced("0.01"), priced("0.5")), targets=(MINI, PLUS)))
    mini, plus = ledger.totals(Filter(), (Key.MODEL, Key.PROVIDER, Key.REGION))
    assert mini.keys == {"model": "mini-4", "provider": "other", "region": None}
    assert (mini.calls, mini.passed, mini.attempts, mini.cost[0].amount) == (0, 0, 1, Decimal("0.01"))
    assert plus.keys == {"model": "qwen-plus", "provider": "cloud", "region": "intl"}
    assert (plus.calls, plus.passed, plus.attempts, plus.cost[0].amount) == (1, 1, 1, Decimal("0.5"))
    assert (mini.ratio["USD"].p, plus.ratio["USD"].p) == (0, 1)


def test_an_attempt_whose_end_is_not_recorded_may_have_cost_something(ledger: Ledger) -> None:
    sendings, _ = made(costs=(priced("1"),), targets=(MINI,))
    asyncio.run(ledger.sending(sendings[0]))
    record(ledger, made(costs=(priced("2"),)))
    (group,) = ledger.totals(Filter())
    (money,) = group.cost
    assert (group.calls, group.unfinished, money.amount, money.at_least, money.unpriced) == (1, 1, 2, True, 1)
    assert group.waste[UNFINISHED][0].unpriced == 1
    # It is no graded call, so it is in no cost per success.
    assert not group.graded_cost[0].at_least
    assert [group.keys["verdict"] for group in ledger.totals(Filter(), (Key.VERDICT,))] == ["passed", "unfinished"]
    assert [group.keys["model"] for group in ledger.totals(Filter(), (Key.MODEL,))] == ["mini-4", "qwen-plus"]


def test_groups_by_tag_overlap_and_the_untagged_have_their_own(ledger: Ledger) -> None:
    record(ledger, made(tags=("a", "b")), made(tags=("b",)), made())
    groups = {group.keys["tag"]: group for group in ledger.totals(Filter(), (Key.TAG,))}
    assert {tag: group.calls for tag, group in groups.items()} == {None: 1, "a": 1, "b": 2}
    assert groups["b"].cost[0].amount == Decimal("0.002")
    assert ledger.totals(Filter())[0].calls == 3


def test_filters_hold_together(ledger: Ledger) -> None:
    one, other = (ledger.begin_run(command="bench", started_at=START) for _ in range(2))
    record(
        ledger,
        made(run=one, dataset="data/gsm8k.jsonl", started_at=START),
        made(run=other, dataset="gsm8k.jsonl", started_at=START + 10),
        made(run=None, kind="ask", dataset=None, started_at=START + 20),
        made(run=other, dataset="not-gsm8k.jsonl", started_at=START + 30),
    )

    def calls(**fields: object) -> int:
        return sum(group.calls for group in ledger.totals(Filter(**fields)))

    assert calls() == 4
    assert calls(runs=(one,)) == 1
    assert calls(runs=(one, other)) == 3
    assert calls(dataset="gsm8k.jsonl") == 2
    assert calls(since=START + 10) == 3
    assert calls(until=START + 10) == 1
    assert calls(kinds=("ask",)) == 1
    assert calls(runs=(other,), dataset="gsm8k.jsonl", until=START + 11) == 1


def test_days_are_utc_when_asked(ledger: Ledger) -> None:
    record(ledger, made(started_at=START), made(started_at=START + DAY))
    assert [group.keys["day"] for group in ledger.totals(Filter(), ("day",), utc=True)] == ["2025-11-22", "2025-11-23"]


def test_percentiles_are_nearest_ranks_of_complete_answers_and_need_enough_of_them(ledger: Ledger) -> None:
    run = ledger.begin_run(command="bench", started_at=START)
    shuffled = random.Random(1).sample(range(1, 101), 100)
    record(ledger, *(made(run=run, case=n, total=float(n)) for n in shuffled[:19]))
    few = ledger.latencies(run, "plus").total
    assert (few.p50, few.p95, few.p99, few.count) == (float(sorted(shuffled[:19])[9]), None, None, 19)
    record(ledger, *(made(run=run, case=n, total=float(n)) for n in shuffled[19:]))
    record(ledger, made(run=run, verdict=Verdict.FAILED, case=200, total=900.0))
    took = ledger.latencies(run, "plus")
    assert took.total == Percentiles(p50=50.0, p95=95.0, p99=99.0, count=100)
    assert took.first_token.p50 == pytest.approx(50 / 3)
    assert took.timeouts == 1
    record(ledger, made(run=run, verdict=Verdict.TRUNCATED, finish=Finish.TIME_LIMIT, case=201, total=900.0))
    record(ledger, made(run=run, verdict=Verdict.TRUNCATED, finish=Finish.LENGTH, case=202, total=900.0))
    assert ledger.latencies(run, "plus").timeouts == 2
    assert ledger.latencies(run, "plus").total.count == 100
    assert ledger.latencies(run, "unknown").total == Percentiles()
