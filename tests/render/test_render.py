from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal

import pytest

from qwcli.core.price import Money
from qwcli.core.table import Column, Interval, Kind, Table
from qwcli.errors import QwcliError
from qwcli.render import json_line, write, write_json
from qwcli.render.cells import cell, digits, money
from qwcli.render.visible import visible


def usd(amount: str, unpriced: int = 0, currency: str | None = "USD") -> tuple[Money, ...]:
    return (Money(amount=Decimal(amount), currency=currency, unpriced=unpriced),)


TABLE = Table(
    title="run 1",
    columns=(
        Column(name="target"),
        Column(name="cases", kind=Kind.COUNT),
        Column(name="accuracy", kind=Kind.SHARE),
        Column(name="cost", kind=Kind.MONEY),
        Column(name="p50", kind=Kind.SECONDS, optional=True),
    ),
    rows=[
        (
            "[red]qwen|<b>",
            100,
            Interval(value=0.9, low=0.842, high=0.939),
            Interval(value=usd("0.000412345"), low=usd("0.0004"), high=usd("0.00045")),
            0.351,
        ),
        ("模型\x1b[2J", 3, Interval(value=None), usd("12.3", unpriced=2) + usd("0.5", currency="CNY"), None),
    ],
    notes=("All figures are simulated.",),
)


def shown(fmt: str, table: Table = TABLE, **options: object) -> str:
    stream = io.StringIO()
    write([table], fmt, stream, **options)
    return stream.getvalue()


def test_a_wide_table_is_aligned_by_what_is_seen() -> None:
    assert (
        shown("table")
        == """run 1
target         cases             accuracy                                  cost     p50
───────────────────────────────────────────────────────────────────────────────────────
[red]qwen|<b>    100  90.0 % [84.2, 93.9]     0.000412 USD [0.000400, 0.000450]  0.35 s
模型␛[2J           3                    -  >= 12.30 USD (2 unpriced); 0.500 CNY       -
All figures are simulated.
"""
    )


def test_a_narrow_terminal_loses_optional_columns_first_and_says_so() -> None:
    narrow = shown("table", width=84)
    assert "Left out on this narrow terminal: p50." in narrow
    assert "0.35 s" not in narrow
    assert max(map(len, narrow.splitlines())) <= 84


def test_a_very_narrow_terminal_gets_blocks_with_everything() -> None:
    assert shown("table", width=40).splitlines()[:6] == [
        "run 1",
        "[red]qwen|<b>",
        "  cases     100",
        "  accuracy  90.0 % [84.2, 93.9]",
        "  cost      0.000412 USD [0.000400, 0.000450]",
        "  p50       0.35 s",
    ]


def test_text_is_never_taken_for_markup_or_escapes() -> None:
    plain, colored = shown("table"), shown("table", color=True)
    assert "\x1b" not in plain
    assert "\x1b[1m" in colored
    assert "\x1b[2J" not in colored
    assert "[red]qwen" in colored


def test_markdown_is_golden_and_escaped() -> None:
    assert shown("md") == (
        "### run 1\n\n"
        "| target | cases | accuracy | cost | p50 |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| \\[red\\]qwen\\|&lt;b&gt; | 100 | 90.0 % \\[84.2, 93.9\\] | 0.000412 USD \\[0.000400, 0.000450\\] | 0.35 s |\n"
        "| 模型␛\\[2J | 3 | - | &gt;= 12.30 USD (2 unpriced); 0.500 CNY | - |\n"
        "\nAll figures are simulated.\n"
    )


@pytest.mark.parametrize("text", ["a|b\nc\\d", "<script>", "x\r\n| y |", "`code`", "![i](http://x)", "@everyone"])
def test_a_markdown_cell_stays_one_cell(text: str) -> None:
    table = Table(title="t", columns=(Column(name="a"), Column(name="b")), rows=[(text, "z")])
    line = shown("md", table).splitlines()[4]
    assert line.replace("\\\\", "").replace("\\|", "").count("|") == 3
    assert "<" not in line
    assert "@" not in line


def test_csv_has_raw_values_in_full() -> None:
    rows = list(csv.DictReader(io.StringIO(shown("csv"))))
    assert rows[0] == {
        "target": "[red]qwen|<b>", "cases": "100", "accuracy": "0.9", "accuracy low": "0.842", "accuracy high": "0.939",
        "cost": "0.000412345", "cost currency": "USD", "cost unpriced": "0", "cost low": "0.0004", "cost high": "0.00045",
        "p50": "0.351",
    }  # fmt: skip
    assert (rows[1]["cost"], rows[1]["cost currency"], rows[1]["cost unpriced"]) == ("12.3;0.5", "USD;CNY", "2;0")
    assert (rows[1]["accuracy"], rows[1]["p50"]) == ("", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_in_csv_is_a_formula(text: str) -> None:
    table = Table(title="t", columns=(Column(name="a"), Column(name="n", kind=Kind.COUNT)), rows=[(text, -1)])
    (row,) = csv.DictReader(io.StringIO(shown("csv", table), newline=""))
    assert row == {"a": "'" + text.replace("\r", "␍"), "n": "-1"}


def test_tables_as_json_lose_no_digit() -> None:
    (table,) = json.loads(shown("json"))["tables"]
    assert table["rows"][0]["cost"]["value"] == [
        {"amount": "0.000412345", "currency": "USD", "at_least": False, "unpriced": 0}
    ]
    assert table["rows"][1]["p50"] is None


def test_an_unknown_format_is_the_users_mistake() -> None:
    with pytest.raises(QwcliError, match="'xls'"):
        shown("xls")


def test_json_is_readable_text_on_one_line_whatever_is_in_it() -> None:
    assert json_line({"text": "答案\n"}) == '{"text": "答案\\n"}'
    stream = io.StringIO()
    write_json({"text": "\ud83d"}, stream)
    assert stream.getvalue() == '{"text": "\\ud83d"}\n'


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0"), ("1e-12", "0.00000000000100"), ("0.000412345", "0.000412"), ("0.1", "0.100"), ("0.99999", "1.000"),
     ("1", "1.00"), ("1234.567", "1234.57"), ("-0.00012", "-0.000120")],
)  # fmt: skip
def test_amounts_keep_three_digits_and_never_vanish(amount: str, text: str) -> None:
    assert digits(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, Kind.MONEY, "-"),
        ((), Kind.MONEY, "-"),
        (0.5, Kind.SHARE, "50.0 %"),
        (12.345, Kind.SECONDS, "12.35 s"),
        (7, Kind.COUNT, "7"),
        (Decimal("0.40"), Kind.PRICE, "0.4"),
        ("a\nb", Kind.TEXT, "a␊b"),
        (Interval(value=usd("1", unpriced=1)), Kind.MONEY, ">= 1.00 USD (1 unpriced)"),
    ],
)
def test_cells(value: object, kind: Kind, text: str) -> None:
    assert cell(value, kind) == text


def test_unpriced_money_without_a_currency_is_a_bare_bound() -> None:
    assert money(usd("0", unpriced=2, currency=None)) == ">= 0 (2 unpriced)"


@pytest.mark.parametrize(
    ("text", "sign"),
    [("\x1b[31m", "␛[31m"), ("\x07\x7f", "␇␡"), ("\x9b2J", "<U+009B>2J"), ("a\u202eb", "a<U+202E>b"), ("\u200b", "<U+200B>"),
     ("\u2066", "<U+2066>"), ("\U000e0041", "<U+E0041>"), ("\r", "␍"), ("\ud800", "<U+D800>"), ("a\n\tb", "a\n\tb")],
)  # fmt: skip
def test_what_would_move_hide_or_reorder_is_made_visible(text: str, sign: str) -> None:
    assert visible(text) == sign


def test_making_text_visible_loads_nothing_heavy() -> None:
    code = "import sys, qwcli.render.visible; print([m for m in ('rich', 'csv', 'decimal') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
