"""The repository's Markdown, taken apart: fenced blocks, commands, links."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_MADE = {"build", "dist", "htmlcov", "demo-ledger", "__pycache__"}
_FENCE = re.compile(r"^```(?P<info>\S*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its info word and its text."""

    page: Path
    info: str
    text: str


def files() -> list[Path]:
    """Every file of the repository, without what was built or belongs to a tool."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in _MADE and not name.endswith(".egg-info") and (not name.startswith(".") or name == ".ci")
        ]
        found += [Path(folder, name) for name in names if not name.startswith(".coverage")]
    return sorted(found)


def pages() -> list[Path]:
    return [file for file in files() if file.suffix == ".md"]


def blocks(page: Path) -> Iterator[Block]:
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Block(page, match["info"], match["text"])


def prose(page: Path) -> str:
    """The page without its fenced blocks and its code in lines."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """What `#...` may name on a page, as GitHub makes it from the headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text: str) -> Iterator[str]:
    """The `qwcli ...` commands in lines of shell, as they stand between pipes, assignments and remarks."""
    for line in text.splitlines():
        if match := re.search(r"(?:^|\| |\$ )(qwcli .*)$", line.strip()):
            yield re.split(r"\s+#\s|\s{3,}\(|\s\|\s", match[1])[0].removesuffix(" ...")
