"""What simulated models say of their own accord, in English and Chinese: sums, refusals, thoughts, small talk, JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from qwcli.simulator.chance import Chance

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SUM = re.compile(
    r"(?:(?:what(?:'s| is)|how much is|compute|calculate|solve|add up|计算|请?算一?下?|请问|求)[\s:：,，]*)?"
    r"(-?\d+(?:\.\d+)?)\s*([-+*/x×÷加减乘])\s*(-?\d+(?:\.\d+)?)\s*(?:等于|是|equals|is)?[\s=?？几多少.。]*",
    re.IGNORECASE,
)
_REFUSALS = {
    "en": (
        "I'm sorry, but I can't help with that request.",
        "I'm sorry, I am unable to assist with this.",
        "I cannot provide an answer to this request.",
    ),
    "zh": ("抱歉，我无法回答这个问题。", "很抱歉，我不能提供相关内容。", "对不起，这个问题我无法提供帮助。"),
}
_OPENING = {
    "en": "This is a simulated answer: no model has read your question.",
    "zh": "这是模拟的回答，没有模型读过您的问题。",
}
_REMARKS = {
    "en": (
        "A real model would now weigh the main points one after the other.",
        "It would name what speaks for each choice and what speaks against it.",
        "In short, the answer depends on what matters most to you.",
        "An example usually makes the difference clear.",
        "The details deserve a second look before anything is decided.",
    ),
    "zh": (
        "真正的模型会逐一说明要点。",
        "它会比较各种选择的利弊。",
        "总之，答案取决于您最看重什么。",
        "举一个例子通常会更清楚。",
        "在作出决定之前，细节值得再看一遍。",
    ),
}
_THOUGHTS = {
    "en": (
        "Let me first see what is being asked. ",
        "There are a few ways to read this; the plain one seems right. ",
        "Checking that against what is given, it holds. ",
        "One more look at the wording, so that nothing is missed. ",
        "The form of the answer matters too: short, and nothing else. ",
    ),
    "zh": (
        "先看看问的是什么。",
        "这可以有几种理解，按字面来看比较合适。",
        "和已知条件对照一下，没有矛盾。",
        "再读一遍题目，免得遗漏。",
        "还要注意回答的形式：简短，不要多余的话。",
    ),
}


def language(text: str) -> str:
    """`zh` where there is any Han character, otherwise `en`."""
    return "zh" if _HAN.search(text) else "en"


def refusal(lang: str, chance: Chance) -> str:
    """A sentence that declines."""
    return chance.pick("refusal", _REFUSALS[lang])


def small_talk(lang: str, verbosity: float, chance: Chance) -> str:
    """A few sentences that say they are simulated."""
    gap = " " if lang == "en" else ""
    return gap.join((_OPENING[lang], *_some(_REMARKS[lang], verbosity, chance)))


def thoughts(lang: str, verbosity: float, chance: Chance) -> str:
    """What a model thinks aloud before it answers."""
    return "".join(_some(_THOUGHTS[lang], 2 * verbosity, chance))


def sum_of(question: str) -> str | None:
    """The result of a sum such as `12+7=` or `What is 17 * 3?`; `None` where the question is not just that."""
    found = _SUM.fullmatch(question.strip()) if len(question) < 200 else None
    if found is None:
        return None
    left, right = Decimal(found[1]), Decimal(found[3])
    match found[2]:
        case "+" | "加":
            value = left + right
        case "-" | "减":
            value = left - right
        case "/" | "÷":
            if not right:
                return None
            value = round(left / right, 6)
        case _:
            value = left * right
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fitting(schema: Mapping[str, Any], text: str, chance: Chance, name: str = "$") -> Any:  # noqa: ANN401 - any JSON value
    """A small value of a JSON Schema's form (type, properties, items, enum, const), with the text where that fits."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return text if text in schema["enum"] else chance.pick(name, schema["enum"])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            fields = schema.get("properties", {})
            return {key: fitting(fields[key], text, chance, f"{name}.{key}") for key in fields}
        case "array":
            return [fitting(schema.get("items", {}), text, chance, f"{name}[]")]
        case "integer" | "number":
            return 1 + int(99 * chance.draw(name))
        case "boolean":
            return chance.draw(name) < 0.5
        case "null":
            return None
        case _:
            return text


def _some(sentences: tuple[str, ...], verbosity: float, chance: Chance) -> list[str]:
    """One to about three times `verbosity` of the sentences, in turn from a random first."""
    count = max(1, round(verbosity * (1 + 2 * chance.draw("count"))))
    first = int(chance.draw("first") * len(sentences))
    return [sentences[(first + step) % len(sentences)] for step in range(count)]
