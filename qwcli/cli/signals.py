"""Ctrl-C, and the signals that ask a process to end: one line on standard error, and exit code 128 + the signal.

While nothing is open that must be closed, a signal ends the process where it stands. Inside `unwinding` it unwinds
instead, so that what is finished gets recorded.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from qwcli.errors import QwcliError

_ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ending:
    """Which signal came, while everything unwinds."""

    def __init__(self) -> None:
        self._number = int(signal.SIGINT)

    @property
    def exit_code(self) -> int:
        """What a shell shows of a process that ended so: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self._number

    def begin(self, number: int, frame: FrameType | None) -> None:
        """Unwind as after Ctrl-C, in whichever way that is done just now."""
        self._number = number
        unwind = signal.getsignal(signal.SIGINT)
        if callable(unwind):
            unwind(number, frame)
        else:  # Ctrl-C itself is ignored, as for a shell's background jobs
            raise KeyboardInterrupt


def leave_at_once(said: str = "Interrupted.") -> None:
    """From here on, a signal ends the process at once with this line: there is nothing to lose."""
    newline = "\n" if os.isatty(2) else ""  # behind the ^C that a terminal echoes

    def leave(number: int, _frame: FrameType | None) -> None:
        # Not `print`: the signal may have come in the middle of one.
        os.write(2, f"{newline}{said}\n".encode())
        os._exit(128 + number)

    for number in _heeded():
        signal.signal(number, leave)


@contextmanager
def unwinding(said: str) -> Iterator[Ending]:
    """Inside, a signal raises `KeyboardInterrupt` (or cancels asyncio's main task), so that all that is open is closed.

    Where that gets out, raises `QwcliError` with what is `said` and the exit code.
    """
    ending = Ending()
    before = {number: signal.getsignal(number) for number in _heeded()}
    for number in before:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else ending.begin)
    try:
        yield ending
    except KeyboardInterrupt:
        raise QwcliError(said, exit_code=ending.exit_code) from None
    finally:
        for number, then in before.items():
            signal.signal(number, then)


def finish(code: int) -> NoReturn:
    """Exit. After a signal nothing is waited for any more: a name look-up in a thread may take half a minute."""
    for number in _heeded():
        signal.signal(number, signal.SIG_IGN)
    if code > 128:
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _heeded() -> list[int]:
    """The signals we were not told to ignore (`nohup`, a shell's background jobs)."""
    return [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
