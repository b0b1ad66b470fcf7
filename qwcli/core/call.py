"""One HTTP exchange (attempt), and one prompt's whole journey (call)."""

from __future__ import annotations

from dataclasses import dataclass, field

from qwcli.core.case import Grade
from qwcli.core.outcome import Fault, Outcome, Reply
from qwcli.core.price import Cost, Money, total
from qwcli.core.target import Target
from qwcli.core.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Monotonic seconds, taken where bytes arrive; `None` where it did not come to that.

    `queue` is our own waiting (limits), before sending. `connect` is `None` on a connection that was open already.
    All others count from sending: `first_token` to the first token of any kind, `first_answer` to the first token of
    the answer, `total` to the last byte.
    """

    queue: float = 0.0
    connect: float | None = None
    first_token: float | None = None
    first_answer: float | None = None
    total: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP exchange, whether it succeeded or not.

    `sent_at` is wall time (Unix seconds), `waited` the pause in seconds before it (backoff, or as the server asked).
    """

    id: str
    number: int
    target: Target
    reason: str
    sent_at: float
    waited: float
    streamed: bool
    outcome: Outcome
    latency: Latency
    cost: Cost
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One prompt's whole journey. `asked` is the name the user gave: a target or a route. `attempts` are in order.

    `answered` is the attempt whose outcome is the call's. `latency.total` runs from the first send to the last byte,
    retries and fallbacks included, own queueing excluded.
    """

    id: str
    asked: str
    route: str | None
    started_at: float
    attempts: tuple[Attempt, ...]
    answered: Attempt
    finding: Finding
    latency: Latency
    grade: Grade | None = None
    simulated: bool = False

    @property
    def outcome(self) -> Outcome:
        """The reply or the fault the call ended in."""
        return self.answered.outcome

    @property
    def verdict(self) -> Verdict:
        """The one class the call ends in."""
        return self.finding.verdict

    @property
    def reply(self) -> Reply | None:
        """The reply, if it ended in one."""
        return self.outcome if isinstance(self.outcome, Reply) else None

    @property
    def fault(self) -> Fault | None:
        """The fault, if it ended in one."""
        return self.outcome if isinstance(self.outcome, Fault) else None

    @property
    def cost(self) -> tuple[Money, ...]:
        """The sum over all attempts, one entry a currency."""
        return total(attempt.cost for attempt in self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a call is part of, for the ledger: the run, the case and the epoch, and what groups it in reports."""

    kind: str
    run: str | None = None
    dataset: str | None = None
    case: str | None = None
    row: int | None = None
    epoch: int = 0
    lang: str | None = None
    tags: tuple[str, ...] = field(default_factory=tuple)
