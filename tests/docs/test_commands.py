from __future__ import annotations

import re
import shlex

import make
import pytest
import typer.main
from repository_pages import blocks, commands, pages

from qwcli.cli.app import app

GROUP = typer.main.get_command(app)
COMMANDS = dict(GROUP.commands)
HELP = [(name, line) for name, command in COMMANDS.items() for line in commands(command.help)]
PAGES = [
    (page, line) for page in pages() for block in blocks(page) if block.info != "text" for line in commands(block.text)
]


def parsed(line: str) -> dict[str, object]:
    """The parameters of a command as its own parser reads them; whatever it does not know raises."""
    words = shlex.split(line)
    assert words[0] == "qwcli"
    return COMMANDS[words[1]].make_context(words[1], words[2:]).params


@pytest.mark.parametrize(("name", "line"), HELP, ids=[f"{name}-{n}" for n, (name, _) in enumerate(HELP)])
def test_every_example_of_a_help_text_is_taken_by_the_command_line(name: str, line: str) -> None:
    parsed(line)


@pytest.mark.parametrize(("page", "line"), PAGES, ids=[f"{page.stem}-{n}" for n, (page, _) in enumerate(PAGES)])
def test_every_command_in_the_documentation_is_taken_by_the_command_line(page, line: str) -> None:
    if not line.startswith("qwcli --"):
        parsed(line)


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(Exception, match="--surprise"):
        parsed("qwcli ask hello --surprise")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_two_examples_and_no_unexplained_option(name: str) -> None:
    command = COMMANDS[name]
    assert sum(line.startswith(f"qwcli {name}") for line in commands(command.help)) >= 2
    unexplained = [one.name for one in command.params if not getattr(one, "hidden", False) and not one.help]
    assert unexplained == []
    unfinished = [one.name for one in command.params if one.help and not re.search(r"(?:\.|\))$", one.help)]
    assert unfinished == []


def test_the_page_of_commands_is_what_the_help_texts_say() -> None:
    assert make.PAGE.read_text(encoding="utf-8") == make.page(), "run: python docs/make.py"
