"""A regular expression matches the answer: the option `regex`, else the row's `expected`.

Patterns come from files and are untrusted: matching has a time limit, and an answer it strikes is left ungraded.
The dialect is that of the `regex` package (https://pypi.org/project/regex/), a superset of Python's `re`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import regex

from qwcli.core.case import Case, Grade

CLOSED = True

_SECONDS = 0.25
_LONGEST = 10_000
"""Characters of a pattern: compiling has no time limit, and its cost grows with length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`regex`: the pattern for all rows. `full`: the whole answer, trimmed, must match, not a part of it."""

    regex: str = ""
    full: bool = False

    def __post_init__(self) -> None:
        if self.regex and isinstance(problem := _compile(self.regex), str):
            raise ValueError(problem)


def check(case: Case, options: Options) -> str | None:
    """A row needs a pattern, and every pattern must compile."""
    patterns = _patterns(case, options)
    if not patterns:
        return "needs a pattern: `expected`, or the grader's option `regex`"
    return next((problem for pattern in patterns if isinstance(problem := _compile(pattern), str)), None)


def grade(text: str, case: Case, options: Options) -> Grade:
    """Right where any of the patterns matches; no score where one that might have took too long."""
    reason = None
    for pattern in _patterns(case, options):
        compiled = _compile(pattern)
        if isinstance(compiled, str):
            reason = compiled
            continue
        try:
            if options.full:
                match = compiled.fullmatch(text.strip(), timeout=_SECONDS)
            else:
                match = compiled.search(text, timeout=_SECONDS)
        except TimeoutError:
            reason = f"the pattern {_shown(pattern)} took longer than {_SECONDS} s"
            continue
        except (MemoryError, RecursionError):
            reason = f"the pattern {_shown(pattern)} took too much memory"
            continue
        if match:
            return Grade(grader="pattern", score=1.0, closed=CLOSED, found=match.group()[:500])
    return Grade(grader="pattern", score=None if reason else 0.0, closed=CLOSED, reason=reason or "no match")


def _patterns(case: Case, options: Options) -> tuple[str, ...]:
    return (options.regex,) if options.regex else tuple(answer for answer in case.answers if answer)


@functools.lru_cache(maxsize=256)
def _compile(pattern: str) -> regex.Pattern[str] | str:
    """The compiled pattern, or what is wrong with it."""
    if len(pattern) > _LONGEST:
        return f"the pattern {_shown(pattern)} is longer than {_LONGEST} characters"
    try:
        return regex.compile(pattern, cache_pattern=False)
    except regex.error as error:
        return f"the pattern {_shown(pattern)} is invalid: {error}"
    except (MemoryError, OverflowError, RecursionError, ValueError):
        return f"the pattern {_shown(pattern)} is too large to compile"


def _shown(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else pattern[:57] + "...")
