"""The answer holds an expected text somewhere; space around it, full-width forms and letter case do not count.

A word is found as a word ("cat" is not in "concatenate"), a figure as a figure ("5" is not in "3.5"); scripts written
without spaces, and Korean with its particles, are searched by character.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from qwcli.core.case import Case, Grade
from qwcli.graders._text import fold, missing

CLOSED = False

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_IS_LETTER = re.compile(_LETTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`words`: words and figures are found whole. `case`: letter case counts."""

    words: bool = True
    case: bool = False


def check(case: Case, options: Options) -> str | None:  # noqa: ARG001 - every grader has this signature
    """A row needs an expected text."""
    return missing(case.answers)


def grade(text: str, case: Case, options: Options) -> Grade:
    """Right where any of the expected texts stands in the answer."""
    folded = fold(text, case=options.case)
    for answer in case.answers:
        wanted = fold(answer, case=options.case)
        if _pattern(wanted).search(folded) if options.words else wanted in folded:
            return Grade(grader="contains", score=1.0, closed=CLOSED, found=answer)
    return Grade(grader="contains", score=0.0, closed=CLOSED, reason="no expected text stands in the answer")


@functools.lru_cache(maxsize=1024)
def _pattern(wanted: str) -> re.Pattern[str]:
    """The wanted text with a boundary at each end where it begins or ends in a letter or a digit."""
    before = after = ""
    if wanted[:1].isdecimal():
        before = r"(?<!\d)(?<!\d[.,])"
    elif _IS_LETTER.match(wanted[:1]):
        before = f"(?<!{_LETTER})"
    if wanted[-1:].isdecimal():
        after = r"(?!\d|[.,]\d)"
    elif _IS_LETTER.match(wanted[-1:]):
        after = f"(?!{_LETTER})"
    return re.compile(before + re.escape(wanted) + after)
