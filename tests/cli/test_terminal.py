"""At a real terminal: answers appear as they come, nothing in them moves the cursor, Ctrl-C leaves the ledger whole."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time

import pytest

fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX's")]

HOSTILE = "\x1b]0;evil\x07\x1b[2J[bold]x[/] \u202eabc\u202c \x9b31m\r\x08end"


class Terminal:
    """A command whose standard streams are one pseudo-terminal, which it also controls."""

    def __init__(self, cli, *argv: str, columns: int = 80) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        # A new session, with this terminal as its own: what is typed there reaches the command as signals.
        driver = "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from qwcli.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", driver, *argv], env=cli.env | {"TERM": "xterm-256color"}, cwd=cli.folder,
            stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
        )  # fmt: skip
        os.close(follower)
        self.shown = b""

    def until(self, text: str, seconds: float = 20.0) -> str:
        end = time.monotonic() + seconds
        while text.encode() not in self.shown:
            assert time.monotonic() < end, self.shown.decode(errors="replace")
            assert self._read(), self.shown.decode(errors="replace")
        return self.shown.decode()

    def type(self, keys: bytes) -> None:
        os.write(self._leader, keys)

    def end(self) -> str:
        while self._read():
            pass
        self.process.wait(20)
        os.close(self._leader)
        text = self.shown.decode()
        assert "Traceback" not in text
        return text

    def _read(self) -> bool:
        try:
            data = os.read(self._leader, 65536)
        except OSError:  # Linux says so when the last one has closed it
            return False
        self.shown += data
        return bool(data)


def event(text: str, finish: str | None = None) -> bytes:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}, 'finish_reason': finish}]})}\n\n".encode()


DONE = event("", "stop") + b"data: [DONE]\n\n"


def test_an_answer_appears_while_it_comes(cli, provider):
    provider.script = [provider.stream(event("first words"), 1.5, event(" and the last"), DONE)]
    terminal = Terminal(cli, "ask", "hi", "-m", f"{provider.url}#m")
    assert "last" not in terminal.until("first words")
    text = terminal.end()
    assert "first words and the last\r\n" in text
    assert "first token" in text
    assert terminal.process.returncode == 0


def test_nothing_in_an_answer_is_taken_as_an_escape_or_as_markup_and_a_pipe_gets_its_bytes(cli, provider):
    provider.script = [provider.stream(*(event(char) for char in HOSTILE), DONE)]
    text = Terminal(cli, "ask", "hi", "-m", f"{provider.url}#m\x1b[31m").end()
    ours = text.replace("\x1b[2m", "").replace("\x1b[0m", "").replace("\r\n", "\n")
    for control in ("\x1b", "\x07", "\x08", "\r", "\u202e", "\u202c", "\x9b"):
        assert control not in ours, repr(ours)
    assert "␛]0;evil␇␛[2J[bold]x[/] <U+202E>abc<U+202C> <U+009B>31m␍␈end" in ours
    piped = cli.run("ask", "hi", "-m", f"{provider.url}#m")
    assert piped.out == HOSTILE.encode()
    assert "\x1b" not in piped.err


def test_several_models_stand_in_sections_in_the_order_asked_for_even_on_a_narrow_terminal(cli, provider):
    provider.script = [provider.stream(event("one answer "), 0.3, event("of several"), DONE)]
    names = [f"{provider.url}#{name}" for name in ("b", "a")]
    text = Terminal(cli, "ask", "hi", "-m", names[0], "-m", names[1], columns=40).end()
    assert text.index(f"── {names[0]} ──") < text.index(f"── {names[1]} ──")
    assert text.count("one answer of several\r\n") == 2
    rows = cli.file("rows.jsonl", [{"input": f"q{n}", "expected": "one answer of several"} for n in range(5)])
    table = Terminal(cli, "bench", rows, "-m", names[0], columns=40).end()
    assert "100.0" in table
    drawn = [line for line in table.replace("\r", "\n").split("\n") if "─" in line or "│" in line]
    assert drawn
    assert all(len(line) <= 40 for line in drawn), max(drawn, key=len)


def test_ctrl_c_at_the_terminal_ends_a_bench_with_the_ledger_whole(cli, provider):
    provider.script = [*([provider.stream(event("a"), DONE)] * 4), [30.0]]
    rows = cli.file("rows.jsonl", [{"input": f"q{n}", "expected": "a"} for n in range(9)])
    terminal = Terminal(cli, "bench", rows, "-m", f"{provider.url}#m", "--concurrency", "1")
    end = time.monotonic() + 20
    while len(provider.requests) < 5:
        assert time.monotonic() < end
        time.sleep(0.02)
    terminal.type(b"\x03")
    text = terminal.end()
    assert terminal.process.returncode == 130
    assert "Interrupted. To go on, repeat the command with --resume 2" in text
    total = cli.run("cost-report", "--run", "last", "--format", "json").json["total"]
    assert (total["calls"], total["passed"], total["unfinished"]) == (4, 4, 1)


def test_the_simulator_survives_a_ctrl_c_long_enough_to_be_ended_by_us_and_is_gone(cli):
    terminal = Terminal(cli, "bench", "customer-intents", "-p", "simulated", "-m", "sim/max", "--concurrency", "1")
    terminal.until("calls · simulated")
    time.sleep(2.0)
    said = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(terminal.process.pid)], capture_output=True, text=True, check=False
    )
    simulators = said.stdout.split()
    terminal.type(b"\x03")
    text = terminal.end()
    assert terminal.process.returncode == 130
    assert "Interrupted." in text
    for pid in simulators:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), signal.SIG_DFL)
