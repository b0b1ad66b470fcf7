"""One row of a dataset, and what a grader says of a reply to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qwcli.core.prompt import NOTHING, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row: `row` counts from zero over the file, `id` is the row's own or that number as text.

    `expected` is a text, or several of which any is right. `grader` names the row's own grader, with options.
    `values` are the row's columns as they stand, for templates.
    """

    id: str
    row: int
    messages: tuple[Message, ...]
    expected: str | tuple[str, ...] | None = None
    lang: str | None = None
    tags: tuple[str, ...] = ()
    grader: str | None = None
    expected_verdict: str | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def answers(self) -> tuple[str, ...]:
        """Every right answer, one or several; none where nothing is expected."""
        if self.expected is None:
            return ()
        return (self.expected,) if isinstance(self.expected, str) else self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What a grader says: a score between 0 and 1, or `None` where it could not decide, with the reason.

    `closed`: the question had a closed answer, so a right one stands whatever else the reply shows.
    `found` is what the grader took for the answer.
    """

    grader: str
    score: float | None
    threshold: float = 1.0
    closed: bool = False
    found: str | None = None
    reason: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score is not None and self.score >= self.threshold
