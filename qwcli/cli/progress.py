"""How a bench is getting on: one line that renews itself on a terminal, a line now and then in a log. All to stderr."""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qwcli.cli.screen import pause_line
from qwcli.cli.wiring import narrate
from qwcli.core.price import Money
from qwcli.core.verdict import Verdict
from qwcli.render.cells import money
from qwcli.render.visible import visible

if TYPE_CHECKING:
    from qwcli.core.call import Call
    from qwcli.engine.router import Waiting

_EVERY_ON_TERMINAL = 0.1
_EVERY_IN_LOG = 10.0
_LONG_PAUSE = 5.0


class Progress:
    """Counts calls as they end and says so: done of all, passing rate, spend, rate, time left."""

    def __init__(self, total: int, *, already: int, run: str, simulated: bool) -> None:
        self._total = total
        self._already = already
        self._run = run
        self._simulated = simulated
        self._terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._said = 0.0 if self._terminal else self._began
        self._taken = 0
        self._passed = 0
        self._graded = 0
        self._spent: dict[str, Decimal] = {}
        self._unpriced = 0
        self._faults: dict[str, tuple[int, str]] = {}
        self.books: str | None = None

    def __enter__(self) -> Self:
        doing = f"run {self._run} · {self._total} call{'' if self._total == 1 else 's'}"
        if self._already:
            doing += f", {self._already} of them recorded already"
        narrate(doing + (" · simulated" if self._simulated else ""))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._say(last=True)
        for what, (count, example) in sorted(self._faults.items(), key=lambda item: -item[1][0]):
            narrate(f"{count} x {what}, for instance: {visible(example)[:300]}")
        if self.books is not None:
            narrate(self.books)

    def took(self, call: Call) -> None:
        """Count a call that ended."""
        self._taken += 1
        self._passed += call.verdict is Verdict.PASSED
        self._graded += call.verdict is not Verdict.UNGRADED
        if call.fault is not None and call.verdict is Verdict.FAILED:
            what = f"{call.answered.target.name}: {call.fault.kind}"
            count, example = self._faults.get(what, (0, call.fault.message))
            self._faults[what] = (count + 1, example)
        for item in call.cost:
            self._unpriced += item.unpriced
            if item.currency is not None:
                self._spent[item.currency] = self._spent.get(item.currency, Decimal(0)) + item.amount
        if time.monotonic() - self._said >= (_EVERY_ON_TERMINAL if self._terminal else _EVERY_IN_LOG):
            self._say(last=False)

    def waiting(self, pause: Waiting) -> None:
        """Tell of a pause long enough to be wondered about."""
        if pause.seconds >= _LONG_PAUSE:
            self._clear()
            narrate(pause_line(pause))

    def _say(self, *, last: bool) -> None:
        self._said = time.monotonic()
        line = self._line(last=last)
        if not self._terminal:
            narrate(line)
            return
        width = _width()
        sys.stderr.write(f"\r\x1b[K{line[: width - 1]}" + ("\n" if last else ""))
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")

    def _line(self, *, last: bool) -> str:
        elapsed = max(time.monotonic() - self._began, 1e-9)
        done = self._already + self._taken
        parts = [f"{done}/{self._total}"]
        if self._graded:
            parts.append(f"{100 * self._passed / self._graded:.1f} % passed")
        spent = tuple(
            Money(amount=amount, currency=currency, unpriced=self._unpriced)
            for currency, amount in sorted(self._spent.items())
        )
        if spent:
            parts.append(f"spent {money(spent)}" + (" (simulated)" if self._simulated else ""))
        parts.append(f"{self._taken / elapsed:.1f}/s")
        if last:
            parts.append(f"in {_clock(elapsed)}")
        elif self._taken:
            parts.append(f"{_clock(elapsed / self._taken * (self._total - done))} left")
        return " · ".join(parts)


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _clock(seconds: float) -> str:
    whole = int(seconds + 0.5)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
