"""Limits kept on our side, so that no request is wasted on a refusal we could have foreseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from qwcli.core.target import Limits, Target

Sleep = Callable[[float], Awaitable[object]]

_NOW = 1e-6
"""Seconds that are no wait: less than this a clock may not even show."""
_SHARE = 0.9
"""How much of a limit is used: providers count in windows of their own, ours do not line up with them."""
_BURST = 0.1
"""How much of a minute's limit may go out at once; providers check bursts too (DashScope: limit_burst_rate)."""


@dataclass(slots=True)
class Bucket:
    """A minute's allowance that fills steadily; a request larger than a burst waits for a full one, leaves a debt."""

    per_minute: int
    level: float = 0.0
    at: float | None = None

    @property
    def capacity(self) -> float:
        """What may go out at once."""
        return max(self.per_minute * _BURST, 1.0)

    @property
    def per_second(self) -> float:
        """How quickly it fills."""
        return self.per_minute * _SHARE / 60

    def delay(self, amount: float, now: float) -> float:
        """Seconds until `amount` may go out."""
        if self.at is None:
            self.level = self.capacity
        else:
            self.level = min(self.capacity, self.level + max(now - self.at, 0.0) * self.per_second)
        self.at = now
        return max(0.0, (min(amount, self.capacity) - self.level) / self.per_second)

    def take(self, amount: float) -> None:
        """Take it, or give back what is negative."""
        self.level -= amount


@dataclass(slots=True)
class _Account:
    """One account's limits: the tightest that any of its targets names."""

    concurrency: int | None = None
    slots: asyncio.Semaphore | None = None
    requests: Bucket | None = None
    tokens: Bucket | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def tighten(self, limits: Limits) -> None:
        """Take on what is tighter than before."""
        if limits.concurrency and (self.concurrency is None or limits.concurrency < self.concurrency):
            self.concurrency, self.slots = limits.concurrency, asyncio.Semaphore(limits.concurrency)
        self.requests = _tighter(self.requests, limits.rpm)
        self.tokens = _tighter(self.tokens, limits.tpm)


def _tighter(bucket: Bucket | None, per_minute: int | None) -> Bucket | None:
    if per_minute is None:
        return bucket
    if bucket is None:
        return Bucket(per_minute)
    bucket.per_minute = min(bucket.per_minute, per_minute)
    return bucket


@dataclass(slots=True)
class Slot:
    """Leave to send: `queued` is how many seconds it took, `settle` tells how many tokens it really was."""

    queued: float
    _tokens: Bucket | None
    _taken: int

    def settle(self, used: int | None) -> None:
        """Correct the estimate by what was used."""
        if self._tokens is not None and used is not None:
            self._tokens.take(used - self._taken)
            self._taken = used


class Pace:
    """Keeps every target within its limits; targets of one account and model share them, first come, first served.

    `clock` gives monotonic seconds, `sleep` waits for some.
    """

    def __init__(self, *, clock: Callable[[], float], sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._accounts: dict[object, _Account] = {}

    @asynccontextmanager
    async def slot(self, target: Target, tokens: int) -> AsyncIterator[Slot]:
        """Wait until a request of about this many tokens (in and out) may go, and hold its place until it is done."""
        account = self._account(target)
        began = self._clock()
        slots = account.slots
        if slots is not None:
            await slots.acquire()
        try:
            if account.requests is not None or account.tokens is not None:
                async with account.turn:
                    await self._wait(account, tokens)
            yield Slot(self._clock() - began, account.tokens, tokens)
        finally:
            if slots is not None:
                slots.release()

    async def _wait(self, account: _Account, tokens: int) -> None:
        wanted = [(bucket, amount) for bucket, amount in ((account.requests, 1), (account.tokens, tokens)) if bucket]
        while True:
            delay = max(bucket.delay(amount, self._clock()) for bucket, amount in wanted)
            if delay <= _NOW:
                break
            await self._sleep(delay)
        for bucket, amount in wanted:
            bucket.take(amount)

    def _account(self, target: Target) -> _Account:
        account = self._accounts.get(target.account)
        if account is None:
            account = self._accounts[target.account] = _Account()
        account.tighten(target.limits)
        return account
