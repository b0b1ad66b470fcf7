"""Which rows of a file are used: `--where`, `--sample`, `--limit`, in that order."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from qwcli.store.rows import Row, keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows with all these values; of them those sampled (`None`: all); of those the first `limit`, in file order."""

    where: tuple[tuple[str, str], ...] = ()
    sampled: frozenset[int] | None = None
    limit: int | None = None

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows selected; stops reading after the last."""
        kept = (
            row for row in rows if (self.sampled is None or row.row in self.sampled) and keeps(self.where, row.columns)
        )
        return islice(kept, self.limit)


class Sampler:
    """Draws a fixed number of rows, each equally likely, from any number, by the hash of their ids.

    The same seed draws the same cases wherever they stand, and most of them again after the file has grown.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._drawn: list[tuple[int, int]] = []

    def offer(self, case: str, row: int) -> None:
        """Offer a row by its case's id."""
        digest = hashlib.blake2b(f"{self._seed}\0{case}".encode(), digest_size=8).digest()
        entry = (-int.from_bytes(digest), row)
        if len(self._drawn) < self._size:
            heapq.heappush(self._drawn, entry)
        else:
            heapq.heappushpop(self._drawn, entry)

    @property
    def rows(self) -> frozenset[int]:
        """The rows drawn."""
        return frozenset(row for _, row in self._drawn)
