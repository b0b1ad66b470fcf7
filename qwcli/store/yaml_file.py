"""Reads a YAML file into plain values, by the core schema of YAML 1.2: strict where PyYAML is lenient.

`on`, `off`, `yes` and dates are text, `4e-07` is a number, keys are text as written, and a repeated key is a mistake.
This module exists for PyYAML and is imported only by what has a file to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import yaml  # noqa: TID253 - this module exists for it and is itself imported lazily

_MOST_NODES = 200_000
"""More than any configuration holds: a few aliases of aliases can unfold into billions of values."""

_CORE_SCHEMA = (
    ("null", re.compile(r"~|null|Null|NULL|"), "~nN"),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    ("int", re.compile(r"[-+]?[0-9]{1,40}|0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}"), "-+0123456789"),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), "-+.0123456789"),
    ("merge", re.compile(r"<<"), "<"),
)
_TAG = "tag:yaml.org,2002:"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's parser with the core schema of YAML 1.2 in place of the types of YAML 1.1."""

    yaml_implicit_resolvers = {
        first: [
            (_TAG + name, re.compile(f"(?:{pattern.pattern})$"))
            for name, pattern, firsts in _CORE_SCHEMA
            if first in firsts
        ]
        for first in {*"".join(firsts for _, _, firsts in _CORE_SCHEMA)}
    } | {"": [(_TAG + "null", re.compile("$"))]}


def parse(text: str, file: str, *, exact: bool = False) -> tuple[Any, list[str]]:
    """The plain value of a YAML text, and every mistake in its form as `file:line: what`.

    Fractions become floats, or with `exact` Decimals with the digits as written. An empty text is `None`.
    """
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [f"{file}:{mark.line + 1 if mark else 1}: not YAML: {error.problem or error.context}"]
    except (yaml.YAMLError, RecursionError) as error:
        return None, [f"{file}: not YAML: {str(error).splitlines()[0]}"]
    if node is None:
        return None, []
    reading = _Reading(file, Decimal if exact else float)
    try:
        return reading.value(node), reading.mistakes
    except _TooMuch as error:
        return None, [*reading.mistakes, f"{file}: {error}"]


class _TooMuch(Exception):  # noqa: N818 - not an error of its own: it ends a reading
    """The file unfolds into more than a configuration can be."""


class _Reading:
    """Turns one file's nodes into plain values, noting mistakes on the way."""

    def __init__(self, file: str, fraction: Callable[[str], Any]) -> None:
        self.file = file
        self.fraction = fraction
        self.mistakes: list[str] = []
        self._nodes = 0
        self._depth = 0

    def value(self, node: yaml.Node) -> Any:  # noqa: ANN401 - whatever the file holds
        self._nodes += 1
        if self._nodes > _MOST_NODES or self._depth > 50:
            raise _TooMuch("nested or repeated beyond what a configuration can be")
        self._depth += 1
        try:
            if not isinstance(node, yaml.ScalarNode) and node.tag not in {_TAG + "map", _TAG + "seq"}:
                self._note(node, f"the tag `{node.tag}` is not known here")
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item) for item in node.value]
            return self._scalar(node)
        finally:
            self._depth -= 1

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, "a key should be text")
            elif key.tag == _TAG + "merge":
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    other = self.value(source)
                    merged = {**other, **merged} if isinstance(other, dict) else merged
            elif key.value in own:
                self._note(key, f"the key `{key.value}` stands here twice")
            else:
                own[key.value] = self.value(value)
        return {**merged, **own}

    def _scalar(self, node: yaml.Node) -> Any:  # noqa: ANN401 - whatever the file holds
        text = str(node.value)
        match node.tag.removeprefix(_TAG):
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
            case "float":
                return self.fraction(text)
            case _:
                self._note(node, f"the tag `{node.tag}` is not known here")
                return None

    def _note(self, node: yaml.Node, what: str) -> None:
        self.mistakes.append(f"{self.file}:{node.start_mark.line + 1}: {what}")
