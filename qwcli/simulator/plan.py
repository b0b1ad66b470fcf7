"""What is asked of a simulated model and what it plans to do about it, whatever the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qwcli.core.prompt import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of a simulated model, on whatever wire it came.

    `max_tokens` caps the answer alone and `max_total_tokens` thinking and answer together, as at DashScope. `schema` is
    a JSON Schema the answer shall fit, an empty one where any JSON object will do. `gold` is the right answer.
    """

    model: str
    messages: tuple[Message, ...]
    gold: str | None = None
    seed: int | None = None
    max_tokens: int | None = None
    max_total_tokens: int | None = None
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    thinking: bool | None = None
    thinking_budget: int | None = None

    @property
    def question(self) -> str:
        """The last turn of the user: what language and sums are judged by."""
        return next((turn.content for turn in reversed(self.messages) if turn.role == "user"), "")


class Ending(StrEnum):
    """How the sending of an answer ends."""

    WHOLE = "whole"
    UNFINISHED = "unfinished"
    """All of it, but without a finish reason."""
    UNDONE = "undone"
    """A stream that ends cleanly, but early and without its end mark."""
    CUT = "cut"
    """The connection breaks in the middle of an event."""
    ERROR = "error"
    """An error in mid-stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Turned away for now; `retry_after` in seconds."""

    retry_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The moderation does not let this prompt pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLong:
    """The prompt does not fit into the context."""

    context: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, its tokens and its times.

    The first token comes `first_token` seconds after the request, each further one `per_token` seconds later.
    `finish` is `stop` or `length`, `breaks_at` the share of the text that is sent before a bad ending.
    """

    id: str
    text: str
    thinking: str
    finish: str
    ending: Ending
    breaks_at: float
    prompt_tokens: int
    thinking_tokens: int
    answer_tokens: int
    first_token: float
    per_token: float

    @property
    def completion_tokens(self) -> int:
        """All tokens put out, thinking included."""
        return self.thinking_tokens + self.answer_tokens


Plan = Busy | Blocked | TooLong | Answer
