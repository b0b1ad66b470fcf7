"""How late the event loop runs: when it lags, so do the latencies taken in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

_STEPS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_LATEST = 10.0
"""What stands for anything later than the last step."""


class Lag:
    """Samples the lateness of a timer while it is open."""

    def __init__(self, *, every: float = 0.05, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._late = [0] * (len(_STEPS) + 1)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._measure())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def p95(self) -> float:
        """Seconds of lateness that 95 % of the samples stay within (an upper bound of its class; 0 without samples)."""
        rank = 0.95 * sum(self._late)
        seen = 0
        for late, step in zip(self._late, (*_STEPS, _LATEST), strict=True):
            seen += late
            if seen >= rank:
                return step if sum(self._late) else 0.0
        return 0.0

    async def _measure(self) -> None:
        while True:
            due = self._clock() + self._every
            await asyncio.sleep(self._every)
            late = self._clock() - due
            self._late[sum(late > step for step in _STEPS)] += 1
