"""Price books: exact digits, dated rows, tiers, and that every mistake is told at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from qwcli.core.outcome import Usage
from qwcli.core.price import cost
from qwcli.errors import QwcliError
from qwcli.store import bundled
from qwcli.store.prices import load_book, price_on_command_line

DAY = dt.date(2026, 11, 22)


def book(tmp_path, text):
    (tmp_path / "b.yaml").write_text(text)
    return load_book("./b.yaml", cwd=tmp_path)


@pytest.mark.parametrize("name", bundled.books())
def test_every_bundled_book_is_right(name):
    for model, rows in load_book(name).items():
        assert all(row.source and row.checked >= row.since for row in rows), model
        assert all(row.book == name for row in rows)


def test_prices_are_the_digits_of_the_file(tmp_path):
    rows = book(
        tmp_path,
        "book: b\ncurrency: USD\nmodels:\n  m: [{since: 2026-01-01, source: s, checked: 2026-01-02, input: 4e-07, output: 1.10, request: 1}]",
    )
    rates = rows["m"][0].tiers[0].rates
    assert (str(rates.input), str(rates.output), rates.cache_read) == ("4E-7", "1.10", None)
    assert rows["m"][0].request == 1


def test_aliases_share_the_rows(tmp_path):
    text = "book: b\ncurrency: USD\nmodels:\n  m: {aliases: [n], rows: [{since: 2026-01-01, source: s, checked: 2026-01-02, input: 1, output: 2}]}"
    assert (
        book(tmp_path, text)["n"] is book(tmp_path, text)["n"] or book(tmp_path, text)["n"] == book(tmp_path, text)["m"]
    )


def test_all_mistakes_are_told_at_once(tmp_path):
    text = """
book: b
currency: dollars
models:
  a: [{since: 2026-13-01, source: s, checked: 2026-01-02, input: -1, output: 2}]
  b: [{source: s, checked: 2026-01-02, input: cheap, outptu: 2}]
  c: {rows: []}
"""
    with pytest.raises(QwcliError) as raised:
        book(tmp_path, text)
    for expected in (
        "b.yaml: currency: should be three capital letters",
        "b.yaml: models.a.rows.0.since: should be a date",
        "b.yaml: models.a.rows.0.input: should be a price per million tokens",
        "b.yaml: models.b.rows.0.since: is missing",
        "b.yaml: models.b.rows.0.outptu: unknown key (did you mean `output`?)",
        "b.yaml: models.c.rows: should not be empty",
    ):
        assert expected in raised.value.message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("[{S, input: 1, output: 1}, {S, input: 1, output: 1}]", "models.m.1.since: rows stand oldest first"),
        ("[{S, input: 1}]", "models.m.0: needs `input` and `output`, or `tiers`"),
        ("[{S, input: 1, tiers: [{input: 1, output: 1}]}]", "models.m.0: has `tiers`"),
        ("[{S, tiers: [{input: 1, output: 1}, {up_to: 5, input: 1, output: 1}]}]", "models.m.0.tiers: stand in order"),
        (
            "[{S, tiers: [{up_to: 5, input: 1, output: 1}, {up_to: 5, input: 1, output: 1}]}]",
            "models.m.0.tiers: stand in order",
        ),
    ],
)
def test_what_the_shape_does_not_show_is_told_too(tmp_path, rows, said):
    rows = rows.replace("S", "since: 2026-01-01, source: s, checked: 2026-01-02")
    with pytest.raises(QwcliError, match=r"b\.yaml") as raised:
        book(tmp_path, f"book: b\ncurrency: USD\nmodels: {{m: {rows}}}")
    assert said in raised.value.message


def test_a_name_that_has_a_price_already_is_a_mistake(tmp_path):
    one = "[{since: 2026-01-01, source: s, checked: 2026-01-02, input: 1, output: 1}]"
    with pytest.raises(QwcliError, match="`m` has a price already"):
        book(tmp_path, f"book: b\ncurrency: USD\nmodels: {{m: {one}, n: {{aliases: [m], rows: {one}}}}}")


def test_a_book_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(QwcliError, match=r"no price book `alibaba` \(did you mean"):
        load_book("alibaba")


@pytest.mark.parametrize(
    ("name", "model", "usage", "thought", "amount"),
    [
        # A million in and a million out in small requests: what the article claims, and what the public list says.
        ("article-2026-05-21", "qwen-plus", Usage(input=1_000_000, output=1_000_000), False, "1.20"),
        ("alibaba-intl", "qwen-plus", Usage(input=100_000, output=1_000_000), False, "1.24"),
        ("alibaba-intl", "qwen-plus", Usage(input=100_000, output=1_000_000), True, "4.04"),
        # Beyond a tier's end the whole request is repriced.
        ("alibaba-intl", "qwen-plus", Usage(input=256_000, output=0), False, "0.1024"),
        ("alibaba-intl", "qwen-plus", Usage(input=256_001, output=0), False, "0.3072012"),
        ("alibaba-intl", "qwen-plus-us", Usage(input=0, cache_read=1000, output=0), False, "0.00008"),
        ("alibaba-cn", "qwen-plus", Usage(input=1000, output=1000), True, "0.0088"),
        ("openai", "gpt-5.4", Usage(input=272_000, output=1000), False, "0.695"),
        ("openai", "gpt-5.4", Usage(input=272_001, output=1000), False, "1.382505"),
    ],
)
def test_what_requests_cost_by_the_bundled_books(name, model, usage, thought, amount):
    assert cost(usage, load_book(name)[model], DAY, thought=thought).amount == Decimal(amount)


def test_the_row_of_the_day_is_used():
    rows = load_book("openai")["gpt-5.6-sol"]
    usage = Usage(input=1_000, output=0)
    assert cost(usage, rows, dt.date(2026, 8, 20), thought=False).amount == Decimal("0.005")
    assert cost(usage, rows, dt.date(2026, 8, 21), thought=False).amount == Decimal("0.004")


def test_a_price_on_the_command_line_holds_for_cached_input_unless_the_cache_has_its_own():
    cached = Usage(input=1, cache_read=15, cache_write=4, output=3)

    def amount(text):
        return cost(cached, [price_on_command_line(text, "m", DAY)], DAY, thought=False).amount * 10**6

    assert amount("in=0.4,out=1.2,USD") == Decimal("11.6")  # 20 at 0.4 and 3 at 1.2
    assert amount("in=0.4,out=1.2,cache_read=0.1,USD") == Decimal("7.1")
    assert amount("in=0.4,out=1.2,cache_read=0,cache_write=0.5,USD") == Decimal("6.0")
