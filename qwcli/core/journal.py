"""What the engine tells the ledger while it works; the ledger is one journal, a test's list another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from qwcli.core.call import Attempt, Call, Identity
from qwcli.core.prompt import Prompt
from qwcli.core.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """An attempt about to be sent: enough to count its spend should the process die before the answer is recorded."""

    call: str
    asked: str
    route: str | None
    simulated: bool
    started_at: float
    identity: Identity
    prompt: Prompt
    attempt: str
    number: int
    target: Target
    reason: str
    sent_at: float
    waited: float


class Journal(Protocol):
    """Takes what happens, in the order in which it happens, for every call."""

    async def sending(self, sending: Sending) -> None:
        """Record that an attempt is about to be sent; when this returns, a killed process does not lose it."""
        ...

    def answered(self, call: str, attempt: Attempt) -> None:
        """Record how an attempt ended; may be written a little later."""
        ...

    def called(self, call: Call) -> None:
        """Record how a call ended, graded or not; may be written a little later."""
        ...
