"""What is configured: the targets and routes a user can name, and what they may do with keys."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwcli.core.names import meant, nearest
from qwcli.core.prompt import NOTHING, Parameters, read_thinking
from qwcli.core.target import Asked, Route, Target
from qwcli.errors import QwcliError

_VARIANT = re.compile(r"(?P<name>[^\[\]]+)\[(?P<settings>.+)\]", re.DOTALL)
_NEXT_SETTING = re.compile(r",(?=\s*[\w.-]+\s*=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything one configuration says. `name` is what it was called by: a bundled name, or a path.

    `files` are the contents it was read from (SHA-256 by path, in order of reading), `digest` one over all of them.
    `models` are asked where the user names none. `trusted` is false for a profile that merely lay in the working
    directory. `key_hosts` are the only hosts to which a known key variable may go; a user allows more in `config_file`.
    """

    name: str
    files: Mapping[Path, str]
    digest: str
    targets: Mapping[str, Target]
    routes: Mapping[str, Route]
    models: tuple[str, ...] = ()
    ledger_text: bool = True
    trusted: bool = True
    key_hosts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    config_file: Path

    def find(self, name: str) -> Asked:
        """The target or route of this name; `qwen-plus[thinking=on,seed=7]` is a target's variant.

        Raises `QwcliError` with the nearest name where there is none.
        """
        found = self.targets.get(name) or self.routes.get(name)
        if found is not None:
            return found
        base, settings = split_variant(name)
        if settings is None:
            known = (*self.targets, *self.routes)
            close = nearest(name, known)
            hint = f"Did you mean `{close}`?" if close else "`qwcli models` lists the targets and routes there are."
            raise QwcliError(f"There is no target or route `{name}` in the profile {self.name}.", hint=hint)
        target = self.find(base)
        if isinstance(target, Route):
            message = f"`{name}`: `{base}` is a route, and only a target has variants."
            raise QwcliError(message, hint="Put the variant among the route's targets, or set the parameter for all.")
        return vary(target, name, settings)


def split_variant(name: str) -> tuple[str, str | None]:
    """A name and what stands in square brackets behind it, if anything does."""
    match = _VARIANT.fullmatch(name)
    return (match["name"], match["settings"]) if match else (name, None)


def vary(target: Target, name: str, settings: str) -> Target:
    """The target under the name of a variant, with `settings` (`thinking=on,max_tokens=50`) over its own parameters.

    Names that are no parameter of ours go into the request body (JSON values are read as such). Raises `QwcliError`.
    """
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for setting in _NEXT_SETTING.split(settings):
        key, equals, text = (part.strip() for part in setting.partition("="))
        if not (key and equals and text):
            raise QwcliError(
                f"`{name}`: `{setting.strip()}` should be NAME=VALUE.", hint="As in `qwen-plus[thinking=on]`."
            )
        if key in values or key in extra:
            raise QwcliError(f"`{name}`: `{key}` is set twice.")
        if key in _READERS:
            values[key] = _READERS[key](name, key, text)
        elif nearest(key, _READERS, cutoff=0.85):
            raise QwcliError(f"`{name}`: there is no parameter `{key}`{meant(key, _READERS)}.")
        else:
            extra[key] = _json_or_text(text)
    parameters = Parameters(**values, extra=extra or NOTHING).over(target.parameters)
    return dataclasses.replace(target, name=name, parameters=parameters)


def _whole(name: str, key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise QwcliError(f"`{name}`: `{key}` should be a whole number, not `{text}`.") from None


def _number(name: str, key: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise QwcliError(f"`{name}`: `{key}` should be a number, not `{text}`.") from None


def _thinking(name: str, key: str, text: str) -> bool | int:
    wish = read_thinking(text)
    if wish is None:
        raise QwcliError(f"`{name}`: `{key}` should be on, off, or a budget in tokens, not `{text}`.")
    return wish


_READERS = {"max_tokens": _whole, "temperature": _number, "seed": _whole, "thinking": _thinking}


def _json_or_text(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
