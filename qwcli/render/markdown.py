"""Tables as GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

from qwcli.core.table import Kind, Table
from qwcli.render.cells import cell
from qwcli.render.visible import visible

_ESCAPES = str.maketrans(
    {
        **{sign: "\\" + sign for sign in "\\|`*_[]~#"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",  # in a pull request a name after it would be told of
    }
)


def write(tables: Sequence[Table], stream: TextIO) -> None:
    """Write every table with its title and notes, an empty line between them."""
    for number, table in enumerate(tables):
        if number:
            stream.write("\n")
        stream.write(f"### {_escape(table.title)}\n\n")
        _line(stream, (_escape(column.name) for column in table.columns))
        _line(stream, ("---" if column.kind is Kind.TEXT else "---:" for column in table.columns))
        for row in table.rows:
            cells = (cell(value, column.kind) for value, column in zip(row, table.columns, strict=True))
            _line(stream, (_escape(text) for text in cells))
        stream.writelines(f"\n{_escape(note)}\n" for note in table.notes)


def _line(stream: TextIO, cells: Iterable[str]) -> None:
    stream.write("| " + " | ".join(cells) + " |\n")


def _escape(text: str) -> str:
    return visible(text, lines=False).translate(_ESCAPES)
