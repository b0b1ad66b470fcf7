"""Standard input, output and error as the commands find them: open, in UTF-8, and never a reason for a traceback."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from qwcli.errors import QwcliError


def prepare() -> Out:
    """Make the three streams fit to use, before anything else is opened; gives back standard output.

    One that is closed becomes the null device: otherwise the next file we open would take its number, and what is said
    would be written into it. Into a pipe or a file we write UTF-8 whatever the locale; on a terminal, what its encoding
    lacks is escaped.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given out: this one, as those below are open by now.
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a number has no path
    out = Out(1, "wb", closefd=False)
    sys.stdout = _writer(1, sys.stdout.encoding if sys.stdout else "utf-8", out)
    sys.stderr = _writer(2, sys.stderr.encoding if sys.stderr else "utf-8", _Err(2, "wb", closefd=False))
    return out


def _writer(number: int, encoding: str, raw: io.FileIO) -> io.TextIOWrapper:
    terminal = os.isatty(number)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding if terminal else "utf-8",
        errors="backslashreplace",
        line_buffering=terminal or number == 2,
    )


class Out(io.FileIO):
    """Standard output. Where it cannot be written, the work is done all the same: it may be paid for."""

    failure: OSError | None = None

    def check(self) -> None:
        """Raise `QwcliError` if some of what was written did not get there."""
        sys.stdout.flush()
        if self.failure is not None:
            raise QwcliError(
                f"Standard output cannot be written: {self.failure.strerror or self.failure}.",
                hint="What was asked and answered is in the ledger all the same.",
                exit_code=1,
            )

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        """Write some bytes, or drop them."""
        try:
            return super().write(data)
        except BrokenPipeError:
            # The reader had enough, as `head` has: no failure.
            _to_nowhere(self.fileno())
        except OSError as error:
            self.failure = error
            _to_nowhere(self.fileno())
        return super().write(data)


class _Err(io.FileIO):
    """Standard error: narration nobody can take is dropped; the work goes on."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        try:
            return super().write(data)
        except OSError:
            _to_nowhere(self.fileno())
            return super().write(data)


def _to_nowhere(number: int) -> None:
    """Point an open stream to the null device, so that Python finds nothing to complain of at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
