"""What is asked: messages and the parameters sent with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})


_SWITCH = {"on": True, "true": True, "off": False, "false": False}


def read_thinking(text: str) -> bool | int | None:
    """What `on`, `off` or a budget in tokens says of thinking; `None` for anything else."""
    if text.lower() in _SWITCH:
        return _SWITCH[text.lower()]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn: `role` is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the user set. `None` means not set, and what is not set is not sent.

    `thinking` is `True`, `False`, or a budget in tokens. `extra` goes into the request body as it is (`--param k=v`).
    """

    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    json_schema: Mapping[str, Any] | None = None
    thinking: bool | int | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    stream: bool = True

    def over(self, other: Parameters) -> Parameters:
        """These parameters where they are set, `other`'s where they are not."""
        return Parameters(
            max_tokens=other.max_tokens if self.max_tokens is None else self.max_tokens,
            temperature=other.temperature if self.temperature is None else self.temperature,
            seed=other.seed if self.seed is None else self.seed,
            json_schema=other.json_schema if self.json_schema is None else self.json_schema,
            thinking=other.thinking if self.thinking is None else self.thinking,
            extra={**other.extra, **self.extra} if other.extra or self.extra else NOTHING,
            stream=self.stream and other.stream,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One thing to ask. `gold`, the expected answer, is shown to simulated targets only; `also` are others as right."""

    messages: tuple[Message, ...]
    parameters: Parameters = field(default_factory=Parameters)
    gold: str | None = None
    also: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All messages' text, one after the other: what length and language are judged by."""
        return "\n".join(message.content for message in self.messages)
