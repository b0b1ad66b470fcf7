"""The answer is an expected one, and nothing else.

By default surrounding space, full-width forms (Unicode NFKC), letter case and one trailing full stop do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from qwcli.core.case import Case, Grade
from qwcli.graders._text import fold, missing

CLOSED = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`case`: letter case counts. `strict`: every character counts."""

    case: bool = False
    strict: bool = False


def check(case: Case, options: Options) -> str | None:  # noqa: ARG001 - every grader has this signature
    """A row needs an expected text."""
    return missing(case.answers)


def grade(text: str, case: Case, options: Options) -> Grade:
    """Right where the answer equals any of the expected texts."""
    found = text if options.strict else fold(text, case=options.case)
    wanted = case.answers if options.strict else [fold(answer, case=options.case) for answer in case.answers]
    return Grade(grader="exact", score=float(found in wanted), closed=CLOSED, found=text.strip())
