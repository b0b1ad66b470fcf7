"""The last number of the answer equals the expected one; exact arithmetic, digits and Chinese numerals alike.

What is taken for the last number is said in `_numbers`; an expected text is read the same way ("... #### 18" is 18).
Currency and units do not count. A percentage counts as written ("12%" equals "12", not "0.12"), or as its value with
`percent=fraction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from qwcli.core.case import Case, Grade
from qwcli.graders._numbers import Number, last_number

CLOSED = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How far the answer may be off: by an amount (`tolerance`) or a share of the expected number (`relative`)."""

    tolerance: float = 0.0
    relative: float = 0.0
    percent: Literal["written", "fraction"] = "written"

    def __post_init__(self) -> None:
        if self.tolerance < 0 or self.relative < 0:
            raise ValueError("tolerance and relative cannot be negative")


def check(case: Case, options: Options) -> str | None:
    """A row needs an expected number."""
    if not case.answers:
        return "needs `expected`, a number"
    bad = next((answer for answer in case.answers if _value(last_number(answer), options) is None), None)
    return None if bad is None else f"expected {bad[:80]!r} holds no number"


def grade(text: str, case: Case, options: Options) -> Grade:
    """Right where the answer's last number is within the tolerance of any expected one."""
    number = last_number(text)
    found = _value(number, options)
    if number is None or found is None:
        reason = "the answer holds no number" if number is None else "the answer's last number cannot be read"
        shown = number.text[:80] if number else None
        return Grade(grader="number", score=0.0, closed=CLOSED, found=shown, reason=reason)
    wanted = (_value(last_number(answer), options) for answer in case.answers)
    right = any(_near(found, value, options) for value in wanted if value is not None)
    return Grade(grader="number", score=float(right), closed=CLOSED, found=number.text[:80])


def _value(number: Number | None, options: Options) -> Fraction | None:
    if number is None or number.value is None:
        return None
    return number.value / 100 if number.percent and options.percent == "fraction" else number.value


def _near(found: Fraction, wanted: Fraction, options: Options) -> bool:
    # Through its shortest decimal, so that a tolerance of 0.01 is 1/100 and not the nearest binary fraction.
    allowed = max(Fraction(repr(options.tolerance)), Fraction(repr(options.relative)) * abs(wanted))
    return abs(found - wanted) <= allowed
