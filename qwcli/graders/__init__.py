"""Shelf of graders, a file each: reply and case to grade. No input or output.

A module here is a grader of its file's name. It has a frozen `Options` dataclass, whose fields have defaults and simple
types, `CLOSED` (whether its questions have closed answers), `grade(text, case, options) -> Grade` and
`check(case, options) -> str | None`: what is wrong with a row, as far as it can be known before money is spent.
Files that begin with `_` are what graders share.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any, Protocol, cast

from qwcli.core.case import Case, Grade
from qwcli.errors import QwcliError
from qwcli.graders._options import guess, read_options
from qwcli.graders._text import answered


class _Plugin(Protocol):
    Options: type[Any]
    CLOSED: bool

    def grade(self, text: str, case: Case, options: Any) -> Grade: ...  # noqa: ANN401 - each grader has its own Options

    def check(self, case: Case, options: Any) -> str | None: ...  # noqa: ANN401


@dataclass(frozen=True, slots=True, kw_only=True)
class Grader:
    """A grader with its options. `spec` is what the user wrote; `closed`: its questions have closed answers."""

    spec: str
    name: str
    closed: bool
    plugin: _Plugin
    options: Any

    def check(self, case: Case) -> str | None:
        """What keeps this row from being graded, as the end of a sentence about the row; `None` if nothing does."""
        return self.plugin.check(case, self.options)

    def grade(self, text: str, case: Case) -> Grade:
        """Grade an answer's text after the thinking it may begin with; never raises for what a model may have said."""
        return self.plugin.grade(answered(text), case, self.options)


@functools.cache
def names() -> tuple[str, ...]:
    """Every grader there is, by name, in alphabetical order."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_")))


@functools.lru_cache(maxsize=256)
def load(spec: str) -> Grader:
    r"""The grader for `NAME[:option=value,option=value]`.

    A comma ends a value only where `word=` follows it, and not as `\,`; so a pattern may hold commas.

    Raises:
        QwcliError: no such grader, no such option, or a value the option cannot take.
    """
    name, _, rest = spec.strip().partition(":")
    name = name.strip()
    if name not in names():
        raise QwcliError(
            f"There is no grader {name!r}.", hint=f"{guess(name, names())}Graders are {', '.join(names())}."
        )
    plugin = cast("_Plugin", importlib.import_module(f"{__name__}.{name}"))
    options = read_options(name, plugin.Options, rest)
    return Grader(spec=spec, name=name, closed=plugin.CLOSED, plugin=plugin, options=options)
