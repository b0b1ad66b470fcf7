"""Tables for people, on a terminal of any width or in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TextIO

from rich.box import SIMPLE_HEAD  # noqa: TID253 - this module exists for rich, and is imported when a table is shown
from rich.cells import cell_len  # noqa: TID253
from rich.console import Console  # noqa: TID253
from rich.table import Table as Grid  # noqa: TID253
from rich.text import Text  # noqa: TID253

from qwcli.core.table import Column, Kind, Table
from qwcli.render.cells import cell
from qwcli.render.visible import visible

_GAP = 2
_ENDLESS = 100_000
"""The width where a line has no end: rich wants one."""


def write(tables: Sequence[Table], stream: TextIO, *, width: int | None, color: bool) -> None:
    """Write every table with its title and notes.

    Without a `width` it is that of the terminal written to; in a file a line has no end. Where it is too small,
    optional columns are left out, last ones first, and said so; where that is not enough, every row becomes a block.
    """
    width = width or _width(stream)
    console = Console(
        file=stream, width=width, force_terminal=color, color_system="standard" if color else None,
        no_color=not color, markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    for number, table in enumerate(tables):
        if number:
            stream.write("\n")
        _show(console, table, width)


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _ENDLESS
    except OSError:  # no terminal; `io.UnsupportedOperation`, where it is no file at all, is one too
        return _ENDLESS


def _show(console: Console, table: Table, width: int) -> None:
    cells = [[cell(value, column.kind) for value, column in zip(row, table.columns, strict=True)] for row in table.rows]
    widths = [
        max(cell_len(column.name), *(cell_len(row[n]) for row in cells), 0) for n, column in enumerate(table.columns)
    ]
    shown = _fitting(table.columns, widths, width)
    _say(console, Text(visible(table.title, lines=False), style="bold"))
    if sum(widths[n] + _GAP for n in shown) - _GAP <= width:
        _grid(console, table.columns, cells, shown)
    else:
        _blocks(console, table.columns, cells)
        shown = list(range(len(table.columns)))
    left_out = [column.name for n, column in enumerate(table.columns) if n not in shown]
    notes = [*table.notes, f"Left out on this narrow terminal: {', '.join(left_out)}."] if left_out else table.notes
    for note in notes:
        _say(console, Text(visible(note, lines=False), style="dim"))


def _fitting(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """The columns to show: optional ones go, last first, until the rest fits or none is left."""
    shown = list(range(len(columns)))
    for n in reversed(range(len(columns))):
        if sum(widths[kept] + _GAP for kept in shown) - _GAP <= width:
            break
        if columns[n].optional:
            shown.remove(n)
    return shown


def _grid(console: Console, columns: Sequence[Column], cells: Sequence[Sequence[str]], shown: Sequence[int]) -> None:
    grid = Grid(box=SIMPLE_HEAD, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False, collapse_padding=True)
    for n in shown:
        right = columns[n].kind is not Kind.TEXT
        grid.add_column(Text(columns[n].name), justify="right" if right else "left", no_wrap=True)
    for row in cells:
        grid.add_row(*(Text(row[n]) for n in shown))
    _say(console, grid)


def _blocks(console: Console, columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    names = max(cell_len(column.name) for column in columns)
    for row in cells:
        _say(console, Text(row[0], style="bold"))
        for column, text in zip(columns[1:], row[1:], strict=True):
            _say(console, Text(f"  {column.name.ljust(names)}  {text}"))


def _say(console: Console, what: Text | Grid) -> None:
    """Print without the spaces that fill a line to the width of the terminal."""
    with console.capture() as capture:
        console.print(what, soft_wrap=isinstance(what, Text))
    for line in capture.get().splitlines():
        console.file.write(line.rstrip() + "\n")
