"""What to say of a value in a file that does not fit its shape: where it stands, what is wrong, what was meant.

This module exists for pydantic and is imported only when a file has to be checked.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError  # noqa: TID253 - see above
from pydantic_core import ErrorDetails

from qwcli.core.names import meant

Path = tuple[int | str, ...]
"""Keys and places in lists, from the outermost in."""


def mistakes(shape: type[BaseModel], value: object) -> list[tuple[Path, str]]:
    """Everything in which a value does not fit a shape: path and sentence. The value may be secret and is not said."""
    try:
        shape.model_validate({} if value is None else value)
    except ValidationError as error:
        return [(detail["loc"], _sentence(shape, detail)) for detail in error.errors(include_url=False)]
    return []


def dotted(path: Path) -> str:
    """A path of keys and places in a list, as it is shown."""
    return ".".join(str(part) for part in path if part != "[key]") or "(the file)"


_SENTENCES: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is missing",
    "string_type": lambda detail: f"should be text, not {_kind(detail['input'])}",
    "int_type": lambda detail: f"should be a whole number, not {_kind(detail['input'])}",
    "float_type": lambda detail: f"should be a number, not {_kind(detail['input'])}",
    "bool_type": lambda detail: f"should be true or false, not {_kind(detail['input'])}",
    "dict_type": lambda detail: f"should be a mapping, not {_kind(detail['input'])}",
    "model_type": lambda detail: f"should be a mapping, not {_kind(detail['input'])}",
    "list_type": lambda detail: f"should be a list, not {_kind(detail['input'])}",
    "greater_than": lambda _: "should be above zero",
    "greater_than_equal": lambda _: "should be zero or more",
    "string_too_short": lambda _: "should not be empty",
    "too_short": lambda _: "should not be empty",
    "string_pattern_mismatch": lambda _: "should be three capital letters, as in USD",
    "value_error": lambda detail: str(detail["ctx"]["error"]),
}


def _sentence(shape: type[BaseModel], detail: ErrorDetails) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown key" + meant(str(detail["loc"][-1]), _keys_at(shape, detail["loc"]))
    say = _SENTENCES.get(detail["type"])
    return say(detail) if say else detail["msg"]


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _keys_at(shape: type[BaseModel], path: Path) -> list[str]:
    """The keys a shape knows at the place where a path's last part stands."""
    here: Any = shape
    for part in path[:-1]:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = next(_plain(field.annotation), None) if field else None
        else:
            here = next(_plain(get_args(here)[-1]), None) if get_args(here) else None
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _plain(annotation: object) -> Iterator[Any]:
    """What an annotation holds beside `None` and remarks."""
    if get_origin(annotation) is Annotated:
        yield from _plain(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _plain(part)
    elif annotation is not type(None):
        yield annotation
