"""Who writes a run: a lock beside the ledger that the kernel lets go of when its process ends, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from qwcli.errors import QwcliError

if sys.platform != "win32":
    import fcntl


class Lease:
    """Held while a run is written, so that no second process asks (and pays for) the same calls again.

    The lock is on a file of its own: closing the ledger's own file anywhere would take away SQLite's locks.
    Where the system or the file system knows no such locks, there is none.
    """

    def __init__(self, ledger: Path, run: str) -> None:
        """Raises `QwcliError` where another process holds it."""
        # Two names of one ledger must come to one lock.
        real = Path(os.path.realpath(ledger))
        self._path = real.with_name(f"{real.name}.{run}.lock")
        self._file: int | None = None
        if sys.platform != "win32":
            while self._file is None:
                try:
                    found = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
                except OSError:
                    return
                if not self._lock(found, run):
                    return

    def release(self) -> None:
        """Let another process write the run."""
        if self._file is not None:
            with suppress(OSError):  # one that stays behind is in nobody's way
                self._path.unlink()  # while it is locked, so it is ours
            os.close(self._file)
            self._file = None

    if sys.platform != "win32":

        def _lock(self, found: int, run: str) -> bool:
            """Whether there are locks here; it is held unless the file was removed before it could be locked."""
            try:
                fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(found)
                raise QwcliError(
                    f"Run {run} is being written by another process.",
                    hint="Wait until that ends, or stop it; then --resume goes on from there.",
                ) from None
            except OSError:
                os.close(found)
                return False
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(found), self._path.stat()):
                    self._file = found
                    return True
            os.close(found)
            return True
