"""Table to terminal, Markdown, CSV and JSON. Nothing here computes; nothing here reads the disk or the network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from qwcli.core.table import Table
from qwcli.errors import QwcliError

FORMATS = ("table", "md", "csv", "json")


def write(tables: Sequence[Table], fmt: str, stream: TextIO, *, width: int | None = None, color: bool = False) -> None:
    """Write tables one after the other. `width` is in columns; without it, the terminal's own, if one is written to.

    Raises `QwcliError` for a format that is not one of `FORMATS`.
    """
    if fmt == "table":
        from qwcli.render import terminal  # noqa: PLC0415 - loads rich

        terminal.write(tables, stream, width=width, color=color)
    elif fmt == "md":
        from qwcli.render import markdown  # noqa: PLC0415

        markdown.write(tables, stream)
    elif fmt == "csv":
        from qwcli.render import delimited  # noqa: PLC0415

        delimited.write(tables, stream)
    elif fmt == "json":
        from qwcli.render import tables_json  # noqa: PLC0415

        write_json(tables_json.document(tables), stream)
    else:
        raise QwcliError(f"{fmt!r} is not a format of tables.", hint=f"One of: {', '.join(FORMATS)}.")


def json_line(document: Mapping[str, Any]) -> str:
    """A document on one line, without a newline at its end. Any text can be written: what UTF-8 cannot is escaped."""
    text = json.dumps(document, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(document)
    return text


def write_json(document: Mapping[str, Any], stream: TextIO) -> None:
    """Write a document as a line, so that several make JSONL."""
    stream.write(json_line(document) + "\n")
