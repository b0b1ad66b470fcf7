from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from repository_pages import ROOT, blocks

from qwcli import dialects, policies
from qwcli.store import profiles


def test_the_profile_and_the_price_book_of_the_page_load_as_they_stand(tmp_path: Path) -> None:
    texts = [block.text for block in blocks(ROOT / "profiles" / "README.md") if block.info == "yaml"]
    own = next(text for text in texts if text.startswith("include:"))
    book = next(text for text in texts if text.startswith("book: house"))
    (tmp_path / "mine.yaml").write_text(own, encoding="utf-8")
    (tmp_path / "house-prices.yaml").write_text(book, encoding="utf-8")
    (tmp_path / "team.yaml").write_text("{}\n", encoding="utf-8")
    profile = profiles.load(
        "./mine.yaml",
        env={},
        cwd=tmp_path,
        config=tmp_path,
        policies={name: policies.load(name).check for name in policies.names()},
        dialects=dialects.names(),
    )
    assert profile.targets["house-large"].prices[0].tiers[0].rates.input == Decimal("0.40")
    assert profile.targets["qwen-plus"].limits.rpm == 100
    assert profile.targets["house-calm"].parameters.temperature == 0
    assert [target.name for target in profile.routes["safe"].targets] == ["qwen-plus", "house-large"]
    assert not profile.ledger_text
