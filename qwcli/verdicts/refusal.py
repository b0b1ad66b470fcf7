"""Finds prose that declines, by rules that are data: a file a language in `refusals/`.

A model that declines says so at once, so only the beginning of a reply is looked at, and the time it takes does not
depend on the reply's length. Whether an answer follows all the same is read from what comes after the refusal.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Literal

_HEAD, _BODY, _PROMPT = 300, 1_500, 4_000
"""Characters read: for words that decline, for signs of an answer after them, and of the prompt."""

_PLAIN = str.maketrans({"’": "'", "‘": "'", "＇": "'", "\u00a0": " ", "*": None, "_": None, "#": None, "`": None})
_SMALL = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_SPACES = re.compile(r"\s+")
_QUOTES = '"“”「『《«„'


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reply declines, or declines in words but still answers (`hedged`): the rule and the words that show it."""

    kind: Literal["refusal", "hedged"]
    rule: str
    words: str
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """One language's rules. `declines` are named; `spares` are words that only look like declining."""

    lang: str
    declines: tuple[tuple[str, re.Pattern[str]], ...]
    spares: re.Pattern[str]
    answers: re.Pattern[str]
    quotes: re.Pattern[str]


def find(prompt: str, reply: str) -> Refusal | None:
    """What in a reply declines the prompt, if anything does; any text is allowed, and none raises."""
    head = _plain(reply[: _HEAD + 100])[:_HEAD]
    for rules in _all_rules():
        spared = rules.spares.sub(lambda words: " " * len(words[0]), head.translate(_SMALL))
        for name, pattern in rules.declines:
            if match := pattern.search(spared):
                if head[: match.start() + 1].lstrip()[:1] in set(_QUOTES) or _asked_for(prompt):
                    return None
                answered = rules.answers.search(_plain(reply[: _HEAD + _BODY]).translate(_SMALL), match.end())
                kind: Literal["refusal", "hedged"] = "hedged" if answered else "refusal"
                return Refusal(
                    kind=kind, rule=name, words=head[slice(*match.span())].strip(" ,.:;，。"), lang=rules.lang
                )
    return None


def _asked_for(prompt: str) -> bool:
    """Whether the prompt asks for words that decline: to translate them, to put them into a letter."""
    asked = _plain(prompt[:_PROMPT]).translate(_SMALL)
    return any(rules.quotes.search(asked) for rules in _all_rules())


def _plain(text: str) -> str:
    return _SPACES.sub(" ", text.translate(_PLAIN)).strip()


@functools.cache
def _all_rules() -> tuple[_Rules, ...]:
    folder = resources.files(__package__) / "refusals"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".txt")), key=lambda file: file.name)
    return tuple(_read(file.name.removesuffix(".txt"), file.read_text(encoding="utf-8")) for file in files)


def _read(lang: str, text: str) -> _Rules:
    """Read one file of rules; its form is described at the head of each."""
    names: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    for section, line in _lines(text):
        if section == "names":
            name, _, meaning = line.partition(" = ")
            names[name] = f"(?:{_filled(meaning, names)})"
        else:
            sections.setdefault(section, []).append(_filled(line, names))

    def compiled(section: str) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{line})" for line in sections.pop(section)))

    return _Rules(
        lang=lang,
        spares=compiled("spares"),
        answers=compiled("answers"),
        quotes=compiled("quotes"),
        declines=tuple((section, compiled(section)) for section in tuple(sections)),
    )


def _lines(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]") and " " not in line:
            section = line[1:-1]
        elif line and not line.startswith("#"):
            yield section, line


def _filled(line: str, names: dict[str, str]) -> str:
    return re.sub(r"<([a-z]+)>", lambda name: names[name[1]], line)
