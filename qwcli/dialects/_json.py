"""JSON as providers send it: strict and quick first, lenient where that fails."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_MOST_TOKENS = 10**12


def decode(data: bytes) -> Any:  # noqa: ANN401 - a parsed document can be anything
    """Parse JSON; lone surrogates, NaN and byte order marks are borne. Raises `ValueError` for what is no JSON."""
    try:
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return json.loads(data.decode("utf-8-sig", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def encode(value: object) -> bytes:
    """Write JSON in UTF-8; text with lone surrogates, which UTF-8 cannot carry, is escaped instead."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def text(value: object) -> str:
    """A field that should be text: text as it is (lone surrogates replaced), nothing for `None`, JSON for all else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False, default=str)
        except RecursionError:
            # What could just be parsed may be too deep to be written again.
            return "(nested too deeply)"
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def count(value: object) -> int | None:
    """A number of tokens: a whole number, not negative and not beyond all sense, else `None`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _MOST_TOKENS and value == value // 1 else None
