"""What a misspelt name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name most like this one, or `None` where none is like it. Case does not count."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else None


def meant(name: str, known: Iterable[str]) -> str:
    """A parenthesis that helps: the nearest known name, else all of a short list, else nothing."""
    names = sorted(set(known))
    close = nearest(name, names)
    if close is not None:
        return f" (did you mean `{close}`?)"
    return f" (known: {', '.join(names)})" if 0 < len(names) <= 12 else ""
