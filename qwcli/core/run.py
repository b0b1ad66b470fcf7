"""A run, what the ledger recorded of its calls, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from qwcli.core.call import Call, Identity
from qwcli.core.prompt import Message


class RunState(StrEnum):
    """Where a run stands. One that was killed stays `running` until it is resumed."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One bench: digests of dataset and configuration, what was sent (`config`), start and end in Unix seconds.

    `lag` is by how much (p95, seconds) the process that took the latencies ran late.
    """

    id: str
    command: str
    dataset: str | None
    dataset_digest: str | None
    config_digest: str | None
    config: Mapping[str, Any]
    started_at: float
    ended_at: float | None
    state: RunState
    simulated: bool
    cases: int | None
    lag: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A call as the ledger has it, with what it is part of.

    Of each target only name, provider, region, model and dialect are recorded. `expected` is the right answer, or
    several of which any is right.
    """

    call: Call
    identity: Identity
    messages: tuple[Message, ...] = ()
    expected: str | tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Seconds; `None` where too few calls bear the figure. `count` is how many there were."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Times of calls with a complete answer. `timeouts` are calls that ended for want of time, so not among them."""

    total: Percentiles = Percentiles()
    first_token: Percentiles = Percentiles()
    first_answer: Percentiles = Percentiles()
    timeouts: int = 0
