"""Shelf of wire formats, a file each: write a request, read an answer, read an error. No input or output.

A file's name is the dialect's name; names that begin with `_` are what several wires share.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import cast

from qwcli.core.wire import Dialect
from qwcli.errors import QwcliError


@cache
def names() -> frozenset[str]:
    """The dialects there are."""
    return frozenset(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


@cache
def load(name: str) -> Dialect:
    """The dialect of this name. Raises `QwcliError` for one that is not on the shelf."""
    if name not in names():
        raise QwcliError(f"there is no dialect {name!r}", hint=f"known: {', '.join(sorted(names()))}")
    return cast("Dialect", importlib.import_module(f"{__name__}.{name}"))
