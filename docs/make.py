"""Writes what of the documentation is made: `cli.md` from the help texts, and the output of the README's examples.

Run it after a help text, a table or a bundled profile changed: `python docs/make.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer.main
from console import refresh

from qwcli.cli.app import app

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 110

_HEAD = """# Commands

Generated from the help texts by `docs/make.py`; what stands here is what `qwcli COMMAND --help` says.

Standard output is data, standard error is narration and progress. Exit codes: 0 done; 1 a call failed; 2 usage or
configuration; 130 interrupted (143: by SIGTERM).
"""


def page() -> str:
    """The whole page."""
    group = typer.main.get_command(app)
    top = group.make_context("qwcli", [], resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH)
    parts = [_HEAD, _section("qwcli", group.get_help(top))]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        context = command.make_context(name, [], parent=top, resilient_parsing=True)
        parts.append(_section(f"qwcli {name}", command.get_help(context)))
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return f"## {title}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    readme = PAGE.parents[1] / "README.md"
    refresh(readme)
    sys.stderr.write(f"wrote {PAGE} and the examples of {readme}\n")
