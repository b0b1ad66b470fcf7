"""Reads the options of a grader's spec into its `Options`."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

from qwcli.core.names import nearest
from qwcli.errors import QwcliError

_NEXT_OPTION = re.compile(r"(?<!\\),(?=\s*[A-Za-z_]\w*\s*=)")
_BOOLS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def guess(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'? `, or nothing where no known word is near."""
    close = nearest(word, known)
    return f"Did you mean {close!r}? " if close else ""


def read_options(grader: str, options: type[Any], text: str) -> Any:  # noqa: ANN401 - each grader has its own Options
    """An instance of the dataclass `options` from `option=value,option=value`; options not named keep their defaults.

    Raises:
        QwcliError: an unknown or repeated option, or a value its type or the dataclass itself does not accept.
    """
    types = get_type_hints(options)
    known = [field.name for field in dataclasses.fields(options)]
    values: dict[str, Any] = {}
    for piece in _NEXT_OPTION.split(text) if text.strip() else ():
        key, equals, value = piece.partition("=")
        key = key.strip()
        if not equals:
            raise QwcliError(f"Grader {grader}: {key!r} is no option=value.", hint=_usage(grader, known))
        if key not in known:
            raise QwcliError(f"Grader {grader} has no option {key!r}.", hint=guess(key, known) + _usage(grader, known))
        if key in values:
            raise QwcliError(f"Grader {grader}: option {key!r} is given twice.", hint="Give it once.")
        values[key] = _value(grader, key, types[key], value)
    try:
        return options(**values)
    except ValueError as error:
        raise QwcliError(f"Grader {grader}: {error}.", hint=_usage(grader, known)) from error


def _usage(grader: str, known: list[str]) -> str:
    return f"Its options are {', '.join(known)}: {grader}:{known[0]}=..." if known else "It takes no options."


def _value(grader: str, key: str, kind: Any, text: str) -> object:  # noqa: ANN401 - a type hint is any object
    """The value of one option, as the type the grader declares for it."""
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        wanted = ", ".join(map(str, choices))
        read: object = next((choice for choice in choices if str(choice) == text.strip()), None)
    elif kind is bool:
        wanted, read = "true or false", _BOOLS.get(text.strip().lower())
    elif kind in (int, float):
        wanted, read = ("a whole number" if kind is int else "a number"), _number(kind, text)
    else:
        return text
    if read is None:
        raise QwcliError(f"Grader {grader}: option {key!r} cannot be {text!r}.", hint=f"It takes {wanted}.")
    return read


def _number(kind: type[int | float], text: str) -> int | float | None:
    try:
        read = kind(text)
    except ValueError:
        return None
    return read if math.isfinite(read) else None
