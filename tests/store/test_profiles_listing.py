"""What `qwcli models` lists of a profile: everything but keys."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from qwcli.cli.models import routes_table, targets_table
from qwcli.policies import fallback
from qwcli.store import profiles

DAY = dt.date(2026, 11, 22)


@pytest.fixture
def profile(tmp_path):
    return profiles.load(
        "default",
        env={},
        cwd=tmp_path,
        config=tmp_path,
        policies={"fallback": fallback.check},
        dialects=frozenset({"openai"}),
    )


def rows(table):
    names = [column.name for column in table.columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in table.rows}


def test_a_target_is_listed_with_its_prices_and_whether_its_key_is_set(profile):
    listed = rows(targets_table(profile, {"DASHSCOPE_API_KEY": "a-secret"}, DAY))
    plus = listed["qwen-plus"]
    assert (plus["provider"], plus["region"], plus["model"]) == ("dashscope", "intl", "qwen-plus")
    assert (plus["input"], plus["output"], plus["thinking"], plus["currency"]) == (
        Decimal("0.40"),
        Decimal("1.20"),
        4,
        "USD",
    )
    assert (plus["context"], plus["limits"]) == (1_000_000, "600 requests/min, 1M tokens/min")
    assert [listed[name]["key set"] for name in ("qwen-plus", "gpt-4o-mini", "local/vllm")] == [
        "yes",
        "no",
        "none needed",
    ]
    assert listed["local/vllm"]["input"] is None
    assert "a-secret" not in str(listed)


def test_a_route_is_listed_with_its_members_in_order(profile):
    safe = rows(routes_table(profile.routes.values()))["safe"]
    assert (safe["policy"], safe["targets"]) == ("fallback", "qwen-plus, gpt-4o-mini")
