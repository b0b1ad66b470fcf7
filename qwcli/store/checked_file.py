"""What a first pass over a file finds out: bad lines, missing columns, and a stamp that shows later changes."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from pathlib import Path

from qwcli.core.names import meant
from qwcli.errors import QwcliError
from qwcli.store.rows import Columns, shown

_SHOWN = 20


def stamp(path: Path) -> tuple[int, int]:
    """What changes when the file does: its size in bytes and its modification time in nanoseconds."""
    try:
        status = path.stat()
    except OSError as error:
        raise QwcliError(f"{path}: cannot be read: {error.strerror or error}.") from error
    return status.st_size, status.st_mtime_ns


def unchanged(path: Path, then: tuple[int, int]) -> None:
    """Raise `QwcliError` if the file is no longer the one that was checked."""
    if stamp(path) != then:
        raise changed(path)


def changed(path: Path) -> QwcliError:
    """What to raise where a checked file turns out to be another."""
    return QwcliError(f"{path}: the file changed after it was checked.", hint="Run the command again.")


class BadLines:
    """Collects what is wrong in a file, keeping the first lines and the count of all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first: list[tuple[int, str]] = []
        self.count = 0

    def add(self, line: int, problem: str) -> None:
        """Note a problem of a line."""
        self.count += 1
        insort(self._first, (line, problem))
        del self._first[_SHOWN:]

    def stop(self, hint: str | None = None) -> None:
        """Raise `QwcliError` with all that was noted, if anything was."""
        if not self.count:
            return
        listed = [f"{self._path}:{line}: {problem}" for line, problem in self._first]
        if self.count > _SHOWN:
            listed.append(f"... and {self.count - _SHOWN:,} more")
        heading = "1 bad line" if self.count == 1 else f"{self.count:,} bad lines"
        message = "\n  ".join([f"{self._path}: {heading}; nothing was sent.", *listed])
        raise QwcliError(message, hint=hint or "Correct the lines named; `--where` leaves rows out.")


class SeenColumns:
    """Which columns a file has, as far as they are worth listing, and which of those asked for were in no row."""

    def __init__(self, wanted: Mapping[str, str]) -> None:
        """`wanted` maps a column to who asks for it (`--where`)."""
        self._wanted = dict(wanted)
        self._names: dict[str, None] = {}

    def add(self, columns: Columns) -> None:
        """Note the columns of a row."""
        if len(self._names) < 100:
            self._names.update(dict.fromkeys(columns))
        for name in self._wanted.keys() & columns.keys():
            del self._wanted[name]

    @property
    def listed(self) -> str:
        """The names for a message."""
        names = [name if name.isidentifier() else shown(name) for name in self._names]
        return ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")

    def stop(self, path: Path) -> None:
        """Raise `QwcliError` if a column that was asked for is in no row of a file that has rows."""
        if self._names and self._wanted:
            name, who = next(iter(self._wanted.items()))
            near = meant(name, self._names) if len(self._names) > 12 else ""
            raise QwcliError(f"{path}: {who}: there is no column {shown(name)}{near}.", hint=f"Columns: {self.listed}.")
