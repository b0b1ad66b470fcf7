"""The simulated provider behind every wire: it remembers whom it turned away until when, decides, and keeps books."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qwcli.simulator.books import Books
from qwcli.simulator.chance import digest
from qwcli.simulator.decide import decide, question_key
from qwcli.simulator.models import MODELS
from qwcli.simulator.plan import Answer, Ask, Blocked, Busy, Plan, TooLong


@dataclass(slots=True)
class _Past:
    """What happened to one question at one model so far. `not_before` is a moment of the caller's clock."""

    answered: int = 0
    turned_away: int = 0
    not_before: float = -math.inf


class Provider:
    """Simulated models with one seed, one speed and one set of books.

    `speed` multiplies every delay: 1 is as described in `models`, 0 is none at all. `Retry-After` is the client's to
    wait and stays as it is.
    """

    def __init__(self, *, seed: int = 0, speed: float = 1.0) -> None:
        self.seed = seed
        self.speed = speed
        self.books = Books()
        self._past: dict[bytes, _Past] = {}

    def admit(self, ask: Ask, now: float) -> Plan:
        """What becomes of a request that arrives `now` (monotonic seconds); its model must be one of `MODELS`.

        The same question asked several times at once counts as one client: who comes inside another's wait is early.
        """
        model, account = MODELS[ask.model], self.books[ask.model]
        question = question_key(ask, self.seed)
        past = self._past.setdefault(digest(question, model.name), _Past())
        account.requests += 1
        if now < past.not_before:
            account.rate_limited += 1
            account.early += 1
            return Busy(retry_after=math.ceil((past.not_before - now) * 1000) / 1000)
        plan = decide(ask, model, question=question, answered=past.answered, turned_away=past.turned_away)
        match plan:
            case Busy():
                account.rate_limited += 1
                past.turned_away += 1
                past.not_before = now + plan.retry_after
            case Blocked():
                account.blocked += 1
            case TooLong():
                account.invalid += 1
            case Answer():
                past.answered += 1
                past.turned_away = 0
        return plan
