"""What an exchange cost, to the last digit, against a sum of fractions that knows nothing of the module."""

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.outcome import Usage
from qwcli.core.price import (
    Basis,
    Cost,
    Money,
    PriceRow,
    Rates,
    Tier,
    cost,
    from_units,
    nothing,
    row_at,
    to_units,
    total,
)

DAY = dt.date(2026, 6, 1)
COUNTERS = ("input", "cache_read", "cache_write", "output")


def rates(input_="0.40", output="1.20", **more):
    return Rates(
        input=Decimal(input_), output=Decimal(output), **{name: Decimal(value) for name, value in more.items()}
    )


def row(*tiers, **more):
    fields = {
        "book": "b",
        "model": "m",
        "since": dt.date(2026, 1, 1),
        "currency": "USD",
        "tiers": tuple(tier if isinstance(tier, Tier) else Tier(rates=tier) for tier in tiers)
        or (Tier(rates=rates()),),
        "source": "here",
        "checked": dt.date(2026, 5, 1),
    }
    return PriceRow(**{**fields, **more})


def usage(input_=0, output=0, **more):
    return Usage(input=input_, output=output, **more)


def amount(used, *rows, thought=False, day=DAY):
    return cost(used, rows, day, thought=thought).amount


# The qwen-plus of an international region: two tiers, thinking priced apart.
PLUS = row(
    Tier(up_to=256_000, rates=rates("0.40", "1.20", thinking_output="4.00", cache_read="0.08")),
    Tier(up_to=1_000_000, rates=rates("1.20", "3.60", thinking_output="12.00", cache_read="0.24")),
)


@pytest.mark.parametrize(
    ("used", "thought", "expected"),
    [
        (usage(1_000_000 // 4, 1_000_000), False, "1.3"),
        (usage(1, 1), False, "0.0000016"),
        (usage(0, 0), False, "0"),
        # The upper bound belongs to its tier; one token more reprices the whole request, output too.
        (usage(256_000, 1000), False, "0.1036"),
        (usage(256_001, 1000), False, "0.3108012"),
        # What is read from a cache counts for the tier.
        (usage(200_000, 1000, cache_read=56_000), False, "0.08568"),
        (usage(200_000, 1000, cache_read=56_001), False, "0.25704024"),
        # The tier goes by input alone.
        (usage(1000, 900_000), False, "1.0804"),
        # Above the last tier, the last.
        (usage(2_000_000, 1000), False, "2.4036"),
        # A request that thought pays for its whole output at the thinking price; reasoning is never added again.
        (usage(1000, 500, reasoning=400), True, "0.0024"),
        (usage(1000, 500, reasoning=400), False, "0.001"),
        (usage(300_000, 500), True, "0.366"),
    ],
)
def test_the_qwen_tiers_cost_what_a_calculator_says(used, thought, expected):
    assert amount(used, PLUS, thought=thought) == Decimal(expected)


def test_a_model_without_a_thinking_price_charges_thought_as_output():
    assert amount(usage(0, 1_000_000, reasoning=900_000), row(), thought=True) == Decimal("1.20")


def test_the_fee_of_a_request_stands_beside_its_tokens():
    fee = row(request=Decimal("0.005"))
    assert amount(usage(1000, 0), fee) == Decimal("0.0054")
    assert amount(usage(0, 0), fee) == Decimal("0.005")


@pytest.mark.parametrize("counter", ["cache_read", "cache_write"])
def test_a_counter_that_was_used_and_has_no_price_makes_the_cost_unknown(counter):
    unknown = cost(usage(10, 5, **{counter: 1}), [row()], DAY, thought=False)
    assert (unknown.amount, unknown.basis, unknown.currency) == (None, Basis.NONE, "USD")
    assert unknown.why_unknown == f"the book b has no {counter} price for m"
    assert amount(usage(10, 5, **{counter: 0}), row()) == Decimal("0.00001")


def test_a_tier_is_chosen_before_its_prices_are_looked_at():
    half = row(Tier(up_to=10, rates=rates(cache_read="1")), Tier(rates=rates()))
    assert amount(usage(4, 0, cache_read=6), half) is not None
    assert amount(usage(5, 0, cache_read=6), half) is None


def test_no_price_or_no_usage_is_unknown_and_says_why():
    assert cost(usage(1, 1), [], DAY, thought=False) == Cost(amount=None, why_unknown="no price is known")
    unreported = cost(None, [row()], DAY, thought=False)
    assert (unreported.amount, unreported.currency, unreported.why_unknown) == (None, "USD", "no usage was reported")
    assert (unreported.book, unreported.since) == ("b", dt.date(2026, 1, 1))


def test_a_cost_names_the_row_it_was_billed_with():
    billed = cost(usage(1, 0), [row()], DAY, thought=False)
    assert (billed.book, billed.since, billed.basis, billed.currency) == (
        "b",
        dt.date(2026, 1, 1),
        Basis.PROVIDER,
        "USD",
    )


@pytest.mark.parametrize(
    ("day", "input_price"),
    [
        ("2025-01-01", "1"),  # before the first row: the oldest figure known
        ("2026-01-01", "1"),
        ("2026-02-28", "1"),
        ("2026-03-01", "2"),
        ("2026-04-30", "2"),
        ("2030-01-01", "3"),
    ],
)
def test_the_row_in_force_is_the_latest_that_had_begun_whatever_their_order(day, input_price):
    rows = [
        row(rates(input_price_), since=dt.date.fromisoformat(since))
        for since, input_price_ in (("2026-05-01", "3"), ("2026-01-01", "1"), ("2026-03-01", "2"))
    ]
    assert row_at(rows, dt.date.fromisoformat(day)).tiers[0].rates.input == Decimal(input_price)
    assert row_at([], DAY) is None


def test_what_is_known_not_to_be_billed_costs_zero_in_the_currency_of_the_day():
    yuan = row(currency="CNY")
    assert nothing([yuan], DAY).amount == 0
    assert (nothing([yuan], DAY).currency, nothing([], DAY).currency) == ("CNY", None)


PRICES = st.decimals(min_value=0, max_value=1000, places=6, allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 10**9)


@given(
    counts=st.tuples(COUNTS, COUNTS, COUNTS, COUNTS),
    low=st.tuples(PRICES, PRICES, PRICES, PRICES, PRICES),
    high=st.tuples(PRICES, PRICES, PRICES, PRICES, PRICES),
    bound=st.integers(0, 10**9),
    fee=PRICES,
    thought=st.booleans(),
)
def test_a_cost_is_the_exact_sum_of_its_lines_in_the_tier_of_its_input(counts, low, high, bound, fee, thought):
    names = ("input", "cache_read", "cache_write", "output", "thinking_output")
    tiers = tuple(
        Tier(up_to=up_to, rates=Rates(**dict(zip(names, prices, strict=True))))
        for up_to, prices in ((bound, low), (None, high))
    )
    billed = amount(Usage(**dict(zip(COUNTERS, counts, strict=True))), row(*tiers, request=fee), thought=thought)
    prices = low if sum(counts[:3]) <= bound else high
    lines = [*prices[:3], prices[4] if thought else prices[3]]
    exact = Fraction(fee) + sum(
        (Fraction(units) * Fraction(price) / 1_000_000 for units, price in zip(counts, lines, strict=True)), Fraction(0)
    )
    assert Fraction(billed) == exact  # six places a million is twelve places: nothing was rounded


@given(units=st.integers(-(10**30), 10**30))
def test_amounts_go_into_the_ledger_as_whole_numbers_and_come_back_the_same(units):
    assert to_units(from_units(units)) == units


def priced(value, currency="USD"):
    return Cost(amount=Decimal(value), currency=currency, basis=Basis.PROVIDER)


def unpriced(currency=None):
    return Cost(amount=None, currency=currency)


@pytest.mark.parametrize(
    ("costs", "sums"),
    [
        ([], ()),
        ([priced("0.1"), priced("0.2")], (Money(amount=Decimal("0.3"), currency="USD"),)),
        (
            [priced("1"), priced("2", "CNY"), priced("3")],
            (Money(amount=Decimal(2), currency="CNY"), Money(amount=Decimal(4), currency="USD")),
        ),
        ([priced("1"), unpriced("USD")], (Money(amount=Decimal(1), currency="USD", unpriced=1),)),
        ([unpriced("USD")], (Money(amount=Decimal(0), currency="USD", unpriced=1),)),
        ([unpriced(), unpriced()], (Money(amount=Decimal(0), currency=None, unpriced=2),)),
        # What has no currency may belong to any of the sums.
        (
            [priced("1"), priced("2", "CNY"), unpriced(), unpriced("CNY")],
            (
                Money(amount=Decimal(2), currency="CNY", unpriced=2),
                Money(amount=Decimal(1), currency="USD", unpriced=1),
            ),
        ),
    ],
)
def test_sums_are_by_currency_and_say_what_is_not_in_them(costs, sums):
    assert total(costs) == sums
    assert [money.at_least for money in total(costs)] == [money.unpriced > 0 for money in sums]


def test_a_sum_of_many_small_amounts_is_exact():
    [money] = total(priced("0.000000000001") for _ in range(100_000))
    assert money.amount == Decimal("0.0000001")


# What prices in the wild need and rows here cannot say yet, told by what stands in the usage or the rates.
CANNOT = {
    "audio": "audio tokens at a price of their own",
    "searches": "searches at a price each",
    "image output": "images made at a price of their own",
    "hours": "prices by the hour of the day",
}


def why_not(pair):
    used, rows = pair["usage"], json.dumps(pair["rates_per_mtok"], default=str)
    if used.get("input_audio_tokens") or used.get("output_audio_tokens") or used.get("cache_audio_read_tokens"):
        return "audio"
    if used.get("web_searches"):
        return "searches"
    if used.get("output_image_tokens"):
        return "image output"
    return "hours" if "start_time" in rows else None


def price_rows(pair):
    """Rows for a pair: its rates flat, tiered from a length on, or dated."""
    given_rates = pair["rates_per_mtok"]
    dated = given_rates if isinstance(given_rates, list) else [{"prices": given_rates}]
    return [
        row(
            *tiers(each["prices"]),
            since=dt.date.fromisoformat(each.get("constraint", {}).get("start_date", "2020-01-01")),
        )
        for each in dated
    ]


def tiers(prices):
    starts = sorted({tier["start"] for value in prices.values() if isinstance(value, dict) for tier in value["tiers"]})
    for up_to, start in zip([*starts, None], [0, *starts], strict=True):
        at = {name: price_from(value, start) for name, value in prices.items()}
        yield Tier(
            up_to=up_to,
            rates=Rates(
                input=at.get("input_mtok", Decimal(0)),
                output=at.get("output_mtok", Decimal(0)),
                cache_read=at.get("cache_read_mtok", at.get("input_mtok")),
                cache_write=at.get("cache_write_mtok", at.get("input_mtok")),
            ),
        )


def price_from(value, start):
    if not isinstance(value, dict):
        return Decimal(value)
    return Decimal([value["base"], *(tier["price"] for tier in value["tiers"] if tier["start"] <= start)][-1])


def test_recorded_usage_costs_what_an_independent_price_list_says(shared):
    lines = (shared / "prices.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [json.loads(line, parse_float=Decimal) for line in lines]
    pairs = [pair for pair in pairs if pair["kind"] == "recorded-usage"]
    skipped = Counter(why_not(pair) for pair in pairs)
    assert set(skipped) <= {None, *CANNOT}
    assert skipped[None] > 200
    wrong = []
    for pair in pairs:
        if why_not(pair) is None:
            used = pair["usage"]
            read, wrote = used.get("cache_read_tokens", 0), used.get("cache_write_tokens", 0)
            counted = usage(
                used.get("input_tokens", 0) - read - wrote,
                used.get("output_tokens", 0),
                cache_read=read,
                cache_write=wrote,
            )
            billed = [
                amount(part, *price_rows(pair), day=dt.date(2026, 8, 21))
                for part in (counted, replace(counted, output=0))
            ]
            said = [Decimal(pair[name] or 0) for name in ("expected_output_usd", "expected_input_usd")]
            if billed != [sum(said), said[1]]:
                wrong.append((pair["model"], used, pair["rates_per_mtok"], billed, said))
    assert wrong == []


def test_the_qwen_tier_rules_of_a_gateway_give_the_same_sums(shared):
    lines = (shared / "prices.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [json.loads(line, parse_float=Decimal) for line in lines if '"litellm-dashscope-test"' in line]
    assert pairs
    for pair in pairs:
        used, given_rates = pair["usage"], pair["rates_per_token"]
        model = given_rates if isinstance(given_rates, dict) else {}
        ranges = model.get("tiers", [model] if model else given_rates)
        qwen = row(
            *(
                Tier(
                    up_to=each["range"][1] if "range" in each else None,
                    rates=Rates(
                        **{
                            name: Decimal({**model, **each}[name]) * 1_000_000
                            for name in ("input", "output", "cache_read", "cache_write")
                            if name in {**model, **each}
                        }
                    ),
                )
                for each in ranges
            )
        )
        read, wrote = used.get("cache_read_tokens", 0), used.get("cache_write_tokens", 0)
        read_in = usage(used["input_tokens"] - read - wrote, 0, cache_read=read, cache_write=wrote)
        # Their sums are binary floating point: as near as that comes.
        assert float(amount(read_in, qwen)) == pytest.approx(float(pair["expected_input_usd"]), rel=1e-14), pair["case"]
        if pair["expected_output_usd"] is not None:
            both = amount(replace(read_in, output=used["output_tokens"]), qwen)
            written = both - amount(read_in, qwen)
            assert float(written) == pytest.approx(float(pair["expected_output_usd"]), rel=1e-14), pair["case"]
