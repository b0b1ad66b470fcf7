"""Names for calls and attempts: sortable by time, unique across processes."""

from __future__ import annotations

import secrets

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def new(now: float) -> str:
    """18 characters: the Unix time in milliseconds, then 40 random bits."""
    number = (int(now * 1000) << 40) | secrets.randbits(40)
    return "".join(_DIGITS[(number >> shift) & 31] for shift in range(85, -1, -5))
