"""Which column holds what: the namings known datasets use, and `--map` over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qwcli.core.names import meant
from qwcli.errors import QwcliError
from qwcli.store.rows import BadRowError, Columns

Source = str | Callable[[Columns], Any]
"""Where a field comes from: a column, or several of them read together."""

_OWN = ("id", "system", "lang", "tags", "grader", "expected_verdict", "facts", "metadata")
FIELDS = ("input", "messages", "expected", *_OWN)
"""What `--map` can set."""

_INPUTS = ("input", "messages", "question", "prompt", "query")
_EXPECTED = ("expected", "target", "ideal", "answer", "answers", "ground_truth")
_PART_OF_THE_QUESTION = ("context", "passage", "document", "options", "choices", "A", "B", "C", "D", "E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where each field of a case comes from. `grader_hint` suits this naming where nothing else names a grader."""

    naming: str
    sources: Mapping[str, Source]
    grader_hint: str | None = None
    unsent: tuple[str, ...] = ()
    """Columns that look like a part of the question and are in no field."""

    def value(self, field: str, columns: Columns) -> object:
        """A field's value in a row, `None` where it has none. Raises `BadRowError`."""
        source = self.sources.get(field)
        if source is None:
            return None
        return columns.get(source) if isinstance(source, str) else source(columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A dataset whose columns need reading together: when a row is of it, where its fields are, and its grader."""

    name: str
    matches: Callable[[Columns], bool]
    sources: Mapping[str, Source]
    grader: Callable[[Columns], str | None] = lambda _: None


def recognise(columns: Columns, mapping: Mapping[str, str]) -> Fields | None:
    """The fields of a file by one of its rows; what is mapped is set over what is recognised.

    `None` where no column is known to hold the prompt and none is mapped to it.
    """
    naming = next((naming for naming in NAMINGS if naming.matches(columns)), None) or _plain(columns)
    asks = mapping.keys() & {"input", "messages"}
    if naming is None and not asks:
        return None
    sources: dict[str, Source] = {name: name for name in _OWN}
    if naming is not None:
        sources.update(naming.sources)
    if asks:
        sources.pop("input", None)
        sources.pop("messages", None)
    sources.update(mapping)
    return Fields(
        naming=naming.name if naming and not asks else "mapped",
        sources=sources,
        grader_hint=naming.grader(columns) if naming and "expected" not in mapping else None,
        unsent=tuple(name for name in _PART_OF_THE_QUESTION if name in columns and name not in sources.values()),
    )


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise `QwcliError` where `--map` names a field that no case has."""
    for field in mapping:
        if field not in FIELDS:
            raise QwcliError(
                f"--map: no field is called `{field}`{meant(field, FIELDS)}.", hint=f"{', '.join(FIELDS)}."
            )


def _plain(columns: Columns) -> Naming | None:
    """One column is the prompt, another (or none) the answer."""
    prompt = next((name for name in _INPUTS if name in columns), None)
    if prompt is None:
        return None
    expected = next((name for name in _EXPECTED if name in columns), None)
    sources = {"input": "input", "messages": "messages"} if prompt in {"input", "messages"} else {"input": prompt}
    return Naming(
        name=f"{prompt}/{expected}" if expected else prompt,
        matches=lambda _: True,
        sources=sources | {"expected": expected or "expected"},
    )


def _text(columns: Columns, name: str) -> str:
    value = columns.get(name)
    if not isinstance(value, str):
        raise BadRowError(f"expected `{name}` to be text" if name in columns else f"expected a column `{name}`")
    return value


def _joined(columns: Columns, first: str, second: str) -> str:
    """Two columns as one prompt; the second may be empty."""
    head, tail = _text(columns, first), _text(columns, second) if columns.get(second) is not None else ""
    return f"{head}\n{tail}" if tail else head


def _is_gsm8k(columns: Columns) -> bool:
    answer = columns.get("answer")
    return "question" in columns and isinstance(answer, str) and "####" in answer


def _gsm8k_answer(columns: Columns) -> str:
    _, mark, final = _text(columns, "answer").rpartition("####")
    if not mark or not final.strip():
        raise BadRowError("expected `answer` to end in `####` and the result, as in GSM8K")
    return final.strip()


_CHOICE = re.compile(r"\s*\[?正确答案\]?\s*[:：]?\s*[A-Z]")


def _lawbench_input(columns: Columns) -> str:
    _text(columns, "question")
    return _joined(columns, "instruction", "question")


def _lawbench_grader(columns: Columns) -> str | None:
    answer = columns.get("answer")
    return "choice" if isinstance(answer, str) and _CHOICE.match(answer) else None


NAMINGS = (
    Naming(
        name="gsm8k",  # github.com/openai/grade-school-math: the solution, then `#### ` and the result
        matches=_is_gsm8k,
        sources={"input": "question", "expected": _gsm8k_answer},
        grader=lambda _: "number",
    ),
    Naming(
        name="lawbench",  # github.com/open-compass/LawBench: zero-shot prompts are instruction, newline, question
        matches=lambda columns: {"instruction", "question", "answer"} <= columns.keys(),
        sources={"input": _lawbench_input, "expected": "answer"},
        grader=_lawbench_grader,
    ),
    Naming(
        name="alpaca",  # github.com/tatsu-lab/stanford_alpaca: `input` is context for the instruction, often empty
        matches=lambda columns: {"instruction", "output"} <= columns.keys(),
        sources={"input": lambda columns: _joined(columns, "instruction", "input"), "expected": "output"},
    ),
)
