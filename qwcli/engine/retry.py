"""Whether a failed exchange is tried again, and after how long."""

from __future__ import annotations

import datetime as dt
import email.utils
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from qwcli.core.outcome import Fault, FaultKind

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_MOST_JITTER = 0.1
_AGES = 1e9
"""Seconds beyond which milliseconds no longer matter, nor fit into the arithmetic."""


def asked_wait(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """The seconds a server asks to wait, rounded up to the millisecond; `None` where it asks for nothing sensible.

    Read from `retry-after-ms`, `x-ms-retry-after-ms` (milliseconds) and `retry-after`: whole or fractional seconds, an
    HTTP date (against the server's own `date` where it sends one, else `now`), or a duration such as `1m30s`.
    Junk, negative, and endless values are as if absent. Header names are in lower case.
    """
    finest: float | None = None
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        milliseconds = _number(headers.get(name, ""))
        # Azure sends 0 milliseconds beside a whole second: none says nothing, where another header says more.
        if milliseconds:
            return math.ceil(milliseconds) / 1000
        finest = milliseconds if finest is None else finest
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is None:
        seconds = _from_date(text, headers.get("date"), now)
    if seconds is None:
        seconds = _from_duration(text)
    return finest if seconds is None else _rounded_up(seconds)


def _rounded_up(seconds: float) -> float:
    # 0.3 * 1000 is a little over 300: what is within a nanosecond of a whole millisecond is that millisecond.
    return max(math.ceil(seconds * 1000 - 1e-6) / 1000, 0.0) if seconds < _AGES else seconds


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _from_date(text: str, server_date: str | None, now: dt.datetime) -> float | None:
    moment = _date(text)
    if moment is None:
        return None
    reference = _date(server_date or "") or now
    return max((moment - reference).total_seconds(), 0.0)


def _date(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


def _from_duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text.lower())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and with what pauses: `tries` exchanges in all, full jitter up to `base`, doubled each time to `cap`.

    A target that cannot be reached at all is tried `reach` times in all: waiting seldom helps there.
    """

    tries: int = 5
    reach: int = 3
    base: float = 0.5
    cap: float = 20.0

    def wait(self, fault: Fault, failed: int, left: float, random: Random) -> float | None:
        """Seconds to wait before trying again after `failed` faults, with `left` seconds of the deadline; or `None`.

        What a server asked for is never shortened: jitter only adds, at most a tenth; if it does not fit into the time
        left, this is the end.
        """
        most = self.reach if fault.kind is FaultKind.CONNECT else self.tries
        if not fault.retryable or failed >= most:
            return None
        if fault.retry_after is None:
            pause = random.uniform(0, min(self.cap, self.base * 2 ** (failed - 1)))
            return pause if pause < left else None
        if fault.retry_after >= left:
            return None
        # Jitter takes at most half of what is left beyond the wait, so that there is time to ask.
        jitter = min(fault.retry_after * random.uniform(0, _MOST_JITTER), (left - fault.retry_after) / 2)
        return fault.retry_after + jitter
