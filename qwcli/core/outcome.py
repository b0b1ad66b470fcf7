"""What comes back: a reply, or a fault when nothing usable did. The world's failures are values, never raised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Finish(StrEnum):
    """Why the text ends, in one vocabulary for all wires. What the wire itself said is kept as `finish_raw`."""

    STOP = "stop"
    LENGTH = "length"
    """The output limit was reached (thinking included, where it used the whole budget)."""
    CONTEXT_LENGTH = "context_length"
    TIME_LIMIT = "time_limit"
    """The provider's or our own time limit ended it, with part of the text."""
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    """A structured refusal: the wire itself says that the model declined."""
    TOOL_CALLS = "tool_calls"
    CUT = "cut"
    """The stream broke off before its end."""
    UNKNOWN = "unknown"
    """The provider gave no reason, or one we do not know. Never taken for `stop`."""


class FaultKind(StrEnum):
    """What went wrong, in one vocabulary for all wires."""

    AUTH = "auth"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    TOO_LONG = "too_long"
    BLOCKED = "blocked"
    """A filter of the provider stopped the input or the output."""
    RATE = "rate"
    """A limit that recovers by waiting."""
    QUOTA = "quota"
    """A limit that does not: no credit, an overdue bill, a spent quota."""
    OVERLOADED = "overloaded"
    SERVER = "server"
    TIMEOUT = "timeout"
    """No byte in time, or the server gave up waiting."""
    DEADLINE = "deadline"
    """The call's total time was used up."""
    CONNECT = "connect"
    DNS = "dns"
    TLS = "tls"
    RESET = "reset"
    """The connection broke before an answer."""
    PROTOCOL = "protocol"
    """Something came back that this wire does not know: an HTML page, junk, an empty body."""
    ERROR = "error"
    """An error that was reported without saying which kind."""


class UsageSource(StrEnum):
    """Who counted the tokens."""

    PROVIDER = "provider"
    GATEWAY = "gateway"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Four disjoint counters of tokens; `input` is what was neither read from nor written to a cache.

    `reasoning` is information inside `output` and is never added again; `None` where it was not told.
    """

    input: int
    cache_read: int = 0
    cache_write: int = 0
    output: int
    reasoning: int | None = None
    source: UsageSource = UsageSource.PROVIDER

    @property
    def prompt(self) -> int:
        """All input tokens, cached or not: what price tiers go by."""
        return self.input + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Something came back. `text` is the answer alone; `thinking` what the model thought aloud before it.

    `refusal` is the text of a structured refusal. `notes` are oddities of the wire worth showing.
    """

    text: str
    finish: Finish
    finish_raw: str | None = None
    thinking: str = ""
    usage: Usage | None = None
    refusal: str | None = None
    tool_calls: int = 0
    model: str | None = None
    request_id: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Nothing usable came back. What was received and billed before it is kept.

    `status` is the real one even where it came inside a 200. `code` is the provider's own word.
    `retry_after` is in seconds, as the server asked; `retryable` says whether the same request may succeed later.
    """

    kind: FaultKind
    message: str
    retryable: bool = False
    status: int | None = None
    code: str | None = None
    type: str | None = None
    retry_after: float | None = None
    text: str = ""
    thinking: str = ""
    usage: Usage | None = None
    finish_raw: str | None = None
    model: str | None = None
    request_id: str | None = None
    notes: tuple[str, ...] = ()


Outcome = Reply | Fault
