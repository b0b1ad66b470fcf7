"""The one class a call ends in, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Every call has exactly one of these; only `passed` is a success."""

    PASSED = "passed"
    PARTIAL = "partial"
    WRONG = "wrong"
    REFUSED = "refused"
    BLOCKED = "blocked"
    TRUNCATED = "truncated"
    SANITISED = "sanitised"
    MALFORMED = "malformed"
    FAILED = "failed"
    UNGRADED = "ungraded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict with what showed it: the signal (`finish`, `fault`, `grade`, `refusal`), the rule, the words."""

    verdict: Verdict
    signal: str
    rule: str
    words: str | None = None
    hedged: bool = False
    """The reply declines in words but still answers: shown as evidence, not a verdict."""
