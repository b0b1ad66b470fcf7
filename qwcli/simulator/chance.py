"""Seeded draws by name, so that a decision never depends on how many were drawn before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def digest(*parts: bytes | str | int) -> bytes:
    """Sixteen bytes that stand for these parts, in this order; no two lists of parts run into each other."""
    made = blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8, "big"))
        made.update(data)
    return made.digest()


@dataclass(frozen=True, slots=True)
class Chance:
    """A source of draws: the same key and name always give the same draw, in any order."""

    key: bytes

    @classmethod
    def of(cls, *parts: bytes | str | int) -> Chance:
        """The source that belongs to these parts."""
        return cls(digest(*parts))

    def draw(self, name: str) -> float:
        """A number in [0, 1), evenly spread."""
        return (int.from_bytes(blake2b(name.encode(), key=self.key, digest_size=8).digest(), "big") >> 11) / (1 << 53)

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[int(self.draw(name) * len(options))]
