from __future__ import annotations

import re
from pathlib import Path

import console
import pytest
from repository_pages import ROOT

RUN = list(console.blocks((ROOT / "README.md").read_text(encoding="utf-8")))
REFRESH = "where the change is meant, run: python docs/make.py"


def shape(text: str) -> list[str]:
    """Lines without what changes from run to run: figures, run ids, widths of columns, remarks on a busy machine."""
    kept = []
    for line in text.strip().splitlines():
        said = re.sub(r"\d{8}-\d{6}-[a-z2-9]{4}", "RUN", line)
        said = re.sub(r"─+", "─", re.sub(r"\d[\d,.:]*", "0", said))
        said = " ".join(said.split())
        if said and "bottleneck" not in said:
            kept.append(said)
    return kept


@pytest.mark.parametrize(("width", "commands"), RUN, ids=[commands[0][0][:30] for _, commands in RUN])
def test_what_the_readme_shows_is_what_comes_out(width: int, commands: list[tuple[str, str]], tmp_path: Path) -> None:
    for command, shown in commands:
        code, said = console.run(command, width=width, folder=tmp_path)
        assert code == 0, said
        assert shape(said) == shape(shown), REFRESH


def test_the_readme_has_something_to_run_and_the_demo_runs_the_same() -> None:
    assert len(RUN) >= 3
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    demo = re.findall(r"^\t\$\(BIN\)/(qwcli .+?) --ledger build/demo.sqlite$", makefile, re.MULTILINE)
    assert [command for command, _ in RUN[0][1]] == demo
