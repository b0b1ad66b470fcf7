r"""The answer names the right option letter, in any usual wrapping, Chinese or English.

`rule=final`: the last statement of an answer counts ("The answer is B", "故选：B", `\boxed{B}`), else the one letter
that is concluded, said to be correct or marked so, else one that ends or opens the answer, else the
only one quoted with its text ("B: ..."), else one named at the very end. A statement does not count where it is a
question, somebody else's opinion ("some say A"), about another case ("if it asked for ..., it would be A") or denied
by what follows ("A, but that is wrong"). No letter is wrong, with the reason.
`rule=sole`: no option letter but the right one stands in the answer (the measure of LawBench's multiple choice).
An expected text with several letters ("AC") is right where the same letters are named.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

from qwcli.core.case import Case, Grade
from qwcli.graders._letters import LetterReader

CLOSED = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`letters`: the option letters, from A up to at most J. `rule`: how the answer's letter is found."""

    letters: str = "ABCD"
    rule: Literal["final", "sole"] = "final"

    def __post_init__(self) -> None:
        if len(self.letters) < 2 or not "ABCDEFGHIJ".startswith(self.letters.upper()):
            raise ValueError(f"letters={self.letters} must be two or more letters in order from A, at most ABCDEFGHIJ")


@functools.lru_cache(maxsize=16)
def _reader(letters: str) -> LetterReader:
    return LetterReader(letters.upper())


def check(case: Case, options: Options) -> str | None:
    """A row needs an expected option letter, wrapped or bare."""
    if not case.answers:
        return "needs `expected`, an option letter"
    reader = _reader(options.letters)
    bad = next((answer for answer in case.answers if not reader.expected(answer)), None)
    return None if bad is None else f"expected {bad!r} is no option letter of {options.letters.upper()}"


def grade(text: str, case: Case, options: Options) -> Grade:
    """Right where the letters found equal those of any expected text."""
    reader = _reader(options.letters)
    found = reader.standing(text) if options.rule == "sole" else reader.final(text)
    wanted = {reader.expected(answer) for answer in case.answers} - {""}
    return Grade(
        grader="choice",
        score=float(found in wanted),
        closed=CLOSED,
        found=found or None,
        reason=None if found else "no option letter is given as the answer",
    )
