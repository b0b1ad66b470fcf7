"""What graders do to a text before they look at it."""

from __future__ import annotations

import re
import unicodedata

import regex

_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)}
_CIRCLED = {first + i: ord("A") + i for first in (0x24B6, 0x1F150) for i in range(26)}
_NARROW = _FULL_WIDTH | _CIRCLED | {0x3000: 0x20, 0xA0: 0x20, 0x2212: 0x2D, 0x2044: 0x2F, 0x2215: 0x2F}

_MARKS = r"[\p{M}\uFF9E\uFF9F]"
_TOO_MANY_MARKS = regex.compile(rf"({_MARKS}{{30}}){_MARKS}+")


_THINKING = re.compile(r"\s*<think(?:ing)?>")
_THOUGHT = re.compile(r"</think(?:ing)?>")


def answered(text: str) -> str:
    """The text after the thinking it begins with, `<think>...</think>`; thinking that never ends leaves no answer.

    A chat template may have opened the thinking itself; then its end stands alone on a line.
    """
    if opening := _THINKING.match(text):
        end = _THOUGHT.search(text, opening.end())
        return text[end.end() :].lstrip() if end else ""
    before, mark, after = text.partition("\n</think>\n")
    return after.lstrip() if mark and "<think>" not in before else text


def narrow(text: str) -> str:
    """Full-width forms, circled letters and typographic minus and slash as ASCII, character by character."""
    return text if text.isascii() else text.translate(_NARROW)


def fold(text: str, *, case: bool = False) -> str:
    """The text in the form texts are compared in: NFKC, trimmed, in small letters (unless `case`), one full stop less.

    A full stop that is the whole text stays.
    """
    if not text.isascii():
        # Normalising takes quadratic time over a run of combining marks; Unicode's stream-safe limit for one is 30.
        text = unicodedata.normalize("NFKC", _TOO_MANY_MARKS.sub(r"\1", text))
    text = text.strip()
    text = text if case else text.casefold()
    return text[:-1].rstrip() or text if text.endswith((".", "。")) else text


def missing(answers: tuple[str, ...]) -> str | None:
    """The problem with a row that has nothing to grade against, for the graders that compare texts."""
    if not answers:
        return "needs `expected`"
    return None if all(answer.strip() for answer in answers) else "has an empty `expected`"
