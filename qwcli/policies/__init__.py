"""Shelf of policies, a file each: how a route walks over its members. Generators; no input or output.

A policy yields what it wants (`Try`), is sent the attempt that came of it, with a preliminary verdict, and returns the
attempt that is the answer. It tries each member once: trying one target again after a fault is the engine's business.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Generator, Mapping
from functools import cache
from typing import Any, Protocol, cast

from qwcli.core.call import Attempt
from qwcli.core.prompt import Prompt
from qwcli.core.target import Asked, Route, Target, Try
from qwcli.errors import QwcliError

Walk = Generator[Try, Attempt, Attempt]


class Policy(Protocol):
    """A module on this shelf."""

    HOLDS_BACK: bool
    """Whether it may still reject an answer of which the first words have arrived: then nothing is shown before."""

    def check(self, options: Mapping[str, Any]) -> list[str]:
        """What is wrong with a route's options; nothing where all is well."""
        ...

    def walk(self, route: Route, prompt: Prompt, reason: str = "first") -> Walk:
        """Walk over the route's members; `reason` is why it came to this route."""
        ...


@cache
def names() -> frozenset[str]:
    """The policies there are."""
    return frozenset(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


@cache
def load(name: str) -> Policy:
    """The policy of this name. Raises `QwcliError` for one that is not on the shelf."""
    if name not in names():
        raise QwcliError(f"there is no policy {name!r}", hint=f"known: {', '.join(sorted(names()))}")
    return cast("Policy", importlib.import_module(f"{__name__}.{name}"))


def walk(asked: Asked, prompt: Prompt, reason: str = "first") -> Walk:
    """Walk over anything that can be asked: a target is tried once, a nested route is walked in its turn."""
    if isinstance(asked, Target):
        return (yield Try(target=asked, reason=reason))
    return (yield from load(asked.policy).walk(asked, prompt, reason))


def holds_back(asked: Asked) -> bool:
    """Whether an answer must be complete before it may be shown."""
    if isinstance(asked, Target):
        return False
    return load(asked.policy).HOLDS_BACK or any(holds_back(member) for member in asked.members)
