"""What a dialect writes and reads: requests, and the pieces of an answer. Sending them is the engine's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from qwcli.core.outcome import Fault, Outcome
from qwcli.core.prompt import Prompt
from qwcli.core.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request to send.

    Header values may hold `${VAR}`: secrets are filled in by the transport and stored nowhere.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class PieceKind(StrEnum):
    """Thinking and answer are different kinds of piece, so that each has its own first-token time."""

    ANSWER = "answer"
    THINKING = "thinking"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer as it arrives."""

    kind: PieceKind
    text: str


class Reader(Protocol):
    """Reads one answer, streamed or whole: a whole body is a stream of one piece, so the two cannot differ."""

    def feed(self, data: bytes) -> list[Piece]:
        """Take bytes as they arrived, at any boundary; give back what they add."""
        ...

    @property
    def done(self) -> bool:
        """Whether the wire itself has said that nothing more comes, whatever the connection does."""
        ...

    def end(self, *, cut: bool) -> Outcome:
        """The outcome. `cut`: the connection broke, rather than ended."""
        ...


class Dialect(Protocol):
    """One wire format: a module on the shelf `dialects/` that has these three functions."""

    def write(self, prompt: Prompt, target: Target) -> Request:
        """The request for a prompt. Raises `QwcliError` where the wire cannot carry a parameter the user set."""
        ...

    def read(self, target: Target, headers: Mapping[str, str]) -> Reader:
        """A reader for one answer with a successful status. Header names are in lower case."""
        ...

    def refuse(self, target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What an answer with an error status says."""
        ...
