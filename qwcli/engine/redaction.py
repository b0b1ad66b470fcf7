"""Takes our own secrets out of what a server says of a failure: some repeat the key they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qwcli.core.outcome import Fault

_SHORTEST = 6
"""Characters of a secret worth the name: a shorter one would be found in ordinary words."""


def redacted(fault: Fault, secrets: Sequence[str]) -> Fault:
    """The same fault with every secret in its words replaced by `[key]`."""
    worth = [secret for secret in secrets if len(secret) >= _SHORTEST]
    said = (fault.message, fault.code, fault.type, *fault.notes)
    if not any(secret in (text or "") for secret in worth for text in said):
        return fault

    def clean(text: str) -> str:
        for secret in worth:
            text = text.replace(secret, "[key]")
        return text

    return replace(
        fault,
        message=clean(fault.message),
        code=None if fault.code is None else clean(fault.code),
        type=None if fault.type is None else clean(fault.type),
        notes=tuple(map(clean, fault.notes)),
    )
