"""Plausible wrong answers: what a model says that did not get it, made from the right answer and the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from qwcli.simulator.chance import Chance
from qwcli.simulator.speech import language

_OPPOSITES = (
    ("yes", "no"),
    ("true", "false"),
    ("positive", "negative"),
    ("是", "否"),
    ("对", "错"),
    ("正确", "错误"),
    ("能", "不能"),
)
_OPPOSITE = {word: other for pair in _OPPOSITES for word, other in (pair, pair[::-1])}
_LETTER = re.compile(r"(?<![A-Za-z])[A-D](?![A-Za-z])")
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_BOUNDARIES = re.compile(r"[:：。？！?!]|\.(?=\s|$)|\n\s*\n")
_SEPARATORS = re.compile(r"[,;|/\n\t()\[\]{}\"'`，、；（）【】「」《》“”]|\s(?:or|and)\s|或者?|(?m:^[ \t]*[-*•]\s)")
_LINE_HEAD = re.compile(r"^[ \t]*([-*•]|\d+[.)])?[ \t]*`?([\w-]+)`?[ \t]*(?:[:：]|[-–—]\s|$)", re.MULTILINE)
_UNKNOWING = {
    "en": (
        "It depends on details that are not given here.",
        "The opposite seems more likely.",
        "Probably neither of these.",
    ),
    "zh": ("这要看这里没有给出的细节。", "情况很可能正好相反。", "大概两者都不是。"),
}


def wrong(gold: str, prompt: str, lang: str, chance: Chance) -> str:
    """A wrong answer of the right one's kind: another number, letter or label, or a text that commits to nothing."""
    for kind in (_json, _pure_number, _opposite, _choice, _label, _number):
        said = kind(gold, prompt, chance)
        if said is not None:
            return said
    return chance.pick("unknowing", _UNKNOWING[lang])


def _json(gold: str, prompt: str, chance: Chance) -> str | None:
    """The same JSON with one leaf wrong."""
    if not gold.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(gold)
    except ValueError:
        return None
    leaves = list(_leaves(value))
    if not leaves:
        return None
    node, key = chance.pick("leaf", leaves)
    leaf = node[key]
    if isinstance(leaf, bool) or leaf is None:
        node[key] = not leaf
    elif isinstance(leaf, int | float):
        node[key] = leaf + 1 + int(9 * chance.draw("by"))
    else:
        node[key] = wrong(leaf, prompt, language(leaf), chance)
    return json.dumps(value, ensure_ascii=False)


def _leaves(node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON value
    """Where the leaves are: the object or list and the key or index in it."""
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(child, dict | list):
            yield from _leaves(child)
        else:
            yield node, key


def _pure_number(gold: str, prompt: str, chance: Chance) -> str | None:
    return _number(gold, prompt, chance) if re.fullmatch(r"\W*\d[\d,.]*\W*", gold) else None


def _opposite(gold: str, prompt: str, chance: Chance) -> str | None:  # noqa: ARG001 - all kinds are asked the same way
    said = _OPPOSITE.get(gold.strip().lower())
    if said is None:
        return None
    return said.upper() if gold.isupper() else said.capitalize() if gold[:1].isupper() else said


def _choice(gold: str, prompt: str, chance: Chance) -> str | None:  # noqa: ARG001 - all kinds are asked the same way
    """Another letter in the same wrapping; where the option's text stands beside the letter, the other letter alone."""
    found = _LETTER.findall(gold)
    if not found or len(set(found)) > 1:
        return None
    other = chance.pick("letter", [letter for letter in "ABCD" if letter != found[0]])
    if not re.search(r"[A-Za-z]", _LETTER.sub("", gold)):
        return _LETTER.sub(other, gold)
    return other if _LETTER.match(gold.lstrip("( （[")) and re.match(r"\W*[A-D]\s*[.)、:：）\]]", gold) else None


def _label(gold: str, prompt: str, chance: Chance) -> str | None:
    """Another label of the list in which the prompt names the right one."""
    label = gold.strip()
    if not label or len(label) > 60 or "\n" in label:
        return None
    others = _listed(label, prompt)
    if not others and "_" in label:
        others = re.findall(r"\b[^\W\d]\w*_\w+\b", prompt)
    taken = label.casefold()
    others = sorted({other for other in others if taken not in other.casefold() and other.casefold() not in taken})
    return chance.pick("label", others) if others else None


def _listed(label: str, prompt: str) -> list[str]:
    """What stands beside the label in a list: heads of lines such as its own, or its neighbours between separators."""
    heads = _LINE_HEAD.findall(prompt)
    bullets = {bool(bullet) for bullet, head in heads if head == label}
    if beside := [head for bullet, head in heads if bool(bullet) in bullets and head != label]:
        return beside
    words, width = len(label.split()) + 1, max(12, 2 * len(label))
    found: list[str] = []
    for sentence in _BOUNDARIES.split(prompt):
        items = [item.strip() for item in _SEPARATORS.split(sentence)]
        if label in items:
            found += [item for item in items if item and len(item) <= width and len(item.split()) <= words]
    return found


def _number(gold: str, prompt: str, chance: Chance) -> str | None:  # noqa: ARG001 - all kinds are asked the same way
    """The same text with its last number, which is what answers end in, changed."""
    numbers = list(_NUMBER.finditer(gold))
    if not numbers:
        return None
    last = numbers[-1]
    value = Decimal(last[0].replace(",", ""))
    step = Decimal(1).scaleb(value.as_tuple().exponent) if "." in last[0] else Decimal(1)  # type: ignore[arg-type]
    guesses = [value + step, value + 2 * step, value + 10 * step, value * 2 + step]
    if value > 2 * step:
        guesses += [value - step, value - 2 * step]
    said = chance.pick("number", guesses)
    return gold[: last.start()] + (f"{said:,f}" if "," in last[0] else f"{said:f}") + gold[last.end() :]
