"""Rows from a file: JSON Lines, streamed, each with where it stands and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from qwcli.errors import QwcliError

Columns = Mapping[str, Any]

_BOM = b"\xef\xbb\xbf"
_OTHER_FORMATS = frozenset({".csv", ".tsv", ".xlsx", ".parquet", ".yaml", ".yml", ".gz", ".zip", ".bz2", ".xz", ".zst"})
_NOTHING: Columns = {}


class BadRowError(ValueError):
    """What is wrong with one row, as a phrase to stand after `file:line: `."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: `line` counts from one, `row` from zero without blank lines; `position` finds it again (`row_at`).

    Where `problem` says what is wrong, `columns` is empty.
    """

    line: int
    row: int
    position: int
    columns: Columns
    problem: str | None = None


def rows(path: Path, *, observe: Callable[[bytes], object] | None = None) -> Iterator[Row]:
    """Every row of a file, one at a time; `observe` is given all bytes as they pass, for a digest.

    Raises `QwcliError` where the file cannot be read, or is of another format than JSON Lines.
    """
    if path.suffix.lower() in _OTHER_FORMATS:
        raise QwcliError(f"{path}: expected JSON Lines.", hint="Convert it to one JSON object a line (.jsonl).")
    try:
        with path.open("rb") as file:
            yield from _rows(file, observe)
    except OSError as error:
        raise QwcliError(f"{path}: cannot be read: {error.strerror or error}.") from error


def row_at(file: BinaryIO, position: int, row: int) -> Row:
    """The row at a `position` an earlier reading gave, without the number of its line."""
    file.seek(position)
    return Row(line=0, row=row, position=position, columns=parse(file.readline().removeprefix(_BOM)))


def _rows(file: BinaryIO, observe: Callable[[bytes], object] | None) -> Iterator[Row]:
    position = row = 0
    for number, raw in enumerate(file, 1):
        if observe is not None:
            observe(raw)
        data = raw.removeprefix(_BOM) if number == 1 else raw
        if data and not data.isspace():
            try:
                yield Row(line=number, row=row, position=position, columns=parse(data))
            except BadRowError as error:
                yield Row(line=number, row=row, position=position, columns=_NOTHING, problem=str(error))
            row += 1
        position += len(raw)


def parse(data: bytes) -> dict[str, Any]:
    """The JSON object of a line. Raises `BadRowError`."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _parse_again(data)
    if not isinstance(value, dict):
        raise BadRowError(f"expected a JSON object, found {kind(value)}")
    return value


def _parse_again(data: bytes) -> object:
    """What the strict parser refused, by the standard library: takes `NaN`, as Python writes it, for no value.

    Half a surrogate pair is refused here too: such text can neither be sent nor stored.
    """
    try:
        value: object = json.loads(data.decode(), parse_constant=lambda name: None if name == "NaN" else float(name))
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise BadRowError(f"expected UTF-8, byte {error.start + 1} of the line is {data[error.start]:#04x}") from error
    except UnicodeEncodeError as error:
        raise BadRowError("a text holds half a surrogate pair, which is no character") from error
    except json.JSONDecodeError as error:
        raise BadRowError(f"broken JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise BadRowError("the JSON is nested too deeply") from error
    except ValueError as error:
        raise BadRowError(f"broken JSON: {error}") from error
    return value


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def as_text(value: object) -> str:
    """A JSON value as text: a text as it is, null as nothing, all else as JSON writes it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def shown(text: str) -> str:
    """A text of the file's for a message: quoted, control characters escaped, not too long."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def keeps(where: Iterable[tuple[str, str]], columns: Columns) -> bool:
    """Whether a row has all these values: a column equals one as text, or is a list (of tags, say) that holds it."""
    return all(name in columns and value in _alternatives(name, columns[name]) for name, value in where)


def _alternatives(name: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [as_text(item) for item in value]
    text = as_text(value)
    return [text, *split_tags(text)] if name == "tags" else [text]


def split_tags(text: str) -> tuple[str, ...]:
    """The tags of a comma-separated text."""
    return tuple(tag for part in text.replace("，", ",").split(",") if (tag := part.strip()))
