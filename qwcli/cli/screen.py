"""What `ask` shows: each model's answer in its own section, streamed in the order in which they were named."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qwcli.cli.wiring import narrate
from qwcli.core.outcome import Fault, Reply
from qwcli.core.verdict import Verdict
from qwcli.core.wire import Piece, PieceKind
from qwcli.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwcli.core.call import Call
    from qwcli.core.target import Target
    from qwcli.engine.router import Waiting

_SHORT_PAUSE = 1.0
_UNREMARKABLE = {Verdict.UNGRADED, Verdict.PASSED}


class Output:
    """Standard output: model text is made visible on a terminal, and passed on to the byte into a pipe."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._at_line_start = True

    def answer(self, text: str) -> None:
        """Write a part of an answer."""
        if not text:
            return
        self._at_line_start = text.endswith("\n")
        self._write(visible(text) if self._terminal else text)

    def line(self, text: str) -> None:
        """Write a line of our own, at the start of a line."""
        self.end_line()
        self._write(f"{text}\n")

    def end_line(self) -> None:
        """Go to the start of a line, where the answer does not already end there."""
        if not self._at_line_start:
            self._write("\n")
            self._at_line_start = True

    @property
    def terminal(self) -> bool:
        """Whether somebody is looking."""
        return self._terminal

    def _write(self, text: str) -> None:
        if self._terminal:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            sys.stdout.buffer.write(text.encode("utf-8", "replace"))
            sys.stdout.buffer.flush()


class Section:
    """One model's part of the screen; it shows what arrives when it is its turn, and keeps it until then."""

    def __init__(self, name: str, output: Output, *, alone: bool, json: bool, done: Callable[[], None]) -> None:
        self.name = name
        self.call: Call | None = None
        self._live = False
        self._done = done
        self._output = output
        self._alone = alone
        self._json = json
        self._kept: list[str] = []
        self._shown = False
        self._held = False

    def show(self, target: Target, piece: Piece) -> None:  # noqa: ARG002 - the sink of any target
        """Show a piece of the answer."""
        if piece.kind is not PieceKind.ANSWER:
            return
        self._shown = True
        if self._live:
            self._output.answer(piece.text)
        else:
            self._kept.append(piece.text)

    def hold(self) -> None:
        """Say, when its turn comes, that nothing can be shown before the route has decided."""
        self._held = True

    def done(self, call: Call) -> None:
        """The call ended."""
        self.call = call
        self._done()

    def begin(self) -> None:
        """It is this section's turn."""
        self._live = True
        if not self._json and not self._alone:
            self._output.line(f"── {visible(self.name)} ──" if self._output.terminal else f"## {self.name}")
        if self._held and self.call is None:
            narrate(f"{visible(self.name)}: a route that may reject an answer shows it when it is complete")
        for text in self._kept:
            self._output.answer(text)
        self._kept.clear()

    def finish(self) -> None:
        """Its call is done and everything of it may be shown."""
        call = self.call
        if call is None:
            return
        if self._json:
            from qwcli.render import json_line
            from qwcli.reports.call import document

            self._output.line(json_line(document(call)))
            return
        if not self._shown and isinstance(call.outcome, Reply):
            self._output.answer(call.outcome.text)
        if self._output.terminal or not self._alone:
            self._output.end_line()
        for line in summary(call):
            narrate(line)


class Sections:
    """All sections, shown one after the other while all of them are being answered."""

    def __init__(self, names: list[str], *, json: bool) -> None:
        output = Output()
        self._sections = {
            name: Section(name, output, alone=len(names) == 1, json=json, done=self._advance) for name in names
        }
        self._order = list(self._sections.values())
        self._order[0].begin()

    def __getitem__(self, name: str) -> Section:
        return self._sections[name]

    def waiting(self, pause: Waiting) -> None:
        """Tell of a pause that somebody would notice."""
        if pause.seconds >= _SHORT_PAUSE:
            narrate(pause_line(pause))

    def _advance(self) -> None:
        while self._order and self._order[0].call is not None:
            self._order.pop(0).finish()
            if self._order:
                self._order[0].begin()


def pause_line(pause: Waiting) -> str:
    """One line that says what is waited for, how long, and who asked for it."""
    who = "as the server asked" if pause.fault.retry_after is not None else "our own backoff"
    return (
        f"{visible(pause.target.name)}: {pause.fault.kind} ({_one_line(pause.fault.message)[:120]}); "
        f"trying again in {pause.seconds:.1f} s, {who}"
    )


def summary(call: Call) -> list[str]:
    """The closing lines under an answer: verdict where it is remarkable, times, tokens, cost; or what went wrong."""
    from qwcli.cli.advice import advice
    from qwcli.render.cells import money

    parts = [visible(call.asked)]
    if call.route is not None:
        parts.append(f"answered by {visible(call.answered.target.name)}")
    if call.simulated:
        parts.append("simulated")
    if call.verdict not in _UNREMARKABLE:
        # What a fault said stands in a line of its own.
        said = None if isinstance(call.outcome, Fault) else call.finding.words
        words = f": {visible(said)[:80]}" if said else ""
        parts.append(f"{call.verdict} ({call.finding.rule}{words})")
    if isinstance(call.outcome, Reply) and _another(call.outcome.model, call.answered.target.model):
        parts.append(f"the server calls the model {visible(call.outcome.model or '')[:80]}")
    if isinstance(call.outcome, Reply) and call.outcome.finish == "unknown":
        parts.append("the provider gave no finish reason")
    if call.latency.first_token is not None:
        parts.append(f"first token {call.latency.first_token:.2f} s")
    if call.latency.total is not None:
        parts.append(f"total {call.latency.total:.2f} s")
    if len(call.attempts) > 1:
        parts.append(f"{len(call.attempts)} attempts")
    usage = call.outcome.usage
    if usage is not None:
        thought = f" ({usage.reasoning} thinking)" if usage.reasoning else ""
        parts.append(f"{usage.prompt} in + {usage.output} out{thought} tokens")
    if call.cost:
        # Nothing stands here for what nobody bills, such as a refused key.
        parts.append(money(call.cost) if any(item.currency for item in call.cost) else "cost unknown")
    lines = [" · ".join(parts)]
    if isinstance(call.outcome, Fault):
        fault = call.outcome
        # llama.cpp and vLLM give the status as the code again.
        said = " ".join(dict.fromkeys(str(part) for part in (fault.status, fault.code) if part is not None))
        status = f" ({visible(said)})" if said else ""
        lines.insert(0, f"error: {visible(call.asked)}: {fault.kind}: {_one_line(fault.message)[:500]}{status}")
        hint = advice(fault, call.answered.target)
        if hint:
            lines.insert(1, f"hint: {hint}")
    return lines


def _another(reported: str | None, wanted: str) -> bool:
    """Whether a server names another model than it was asked for: llama.cpp answers for any. Versions may be added."""
    if not reported:
        return False
    one, other = (name.lower().rpartition("/")[2] for name in (reported, wanted))
    return one not in other and other not in one


def _one_line(message: str) -> str:
    """What a server said, in one line: gateways put paragraphs into their messages."""
    return visible(" ".join(message.split()))
