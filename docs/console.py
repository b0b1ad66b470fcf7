"""Runs the console blocks of a page on a terminal of its own, and writes what came out into the page.

A block is run where `<!-- runs: N columns -->` stands above it; its commands share one home folder that is thrown away.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"(<!-- runs: (\d+) columns -->\n```console\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
_WRITTEN_OVER = re.compile(r".*\r\x1b\[K|\x1b\[[\d;?]*[A-Za-z]|\r")


def blocks(text: str) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Each block to run: the width it wants, and its commands with the output that stands under them."""
    for match in _BLOCK.finditer(text):
        yield int(match[2]), _COMMAND.findall(match[3])


def refresh(page: Path) -> None:
    """Run every block of a page anew and put the output in its place."""

    def anew(match: re.Match[str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            said = [
                f"$ {command}\n{run(command, width=int(match[2]), folder=Path(folder))[1]}"
                for command, _ in _COMMAND.findall(match[3])
            ]
        return f"{match[1]}{''.join(said)}{match[4]}"

    page.write_text(_BLOCK.sub(anew, page.read_text(encoding="utf-8")), encoding="utf-8")


def run(command: str, *, width: int, folder: Path) -> tuple[int, str]:
    """Exit code, and what is left on the terminal: of a line that was written over, its last state."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "QWCLI_", "COV"))}
    env |= {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}",
        "COLUMNS": str(width),
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
    }
    with subprocess.Popen(
        ["sh", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as child:
        os.close(theirs)
        said = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
        code = child.wait()
    lines = said.decode().replace("\r\n", "\n").split("\n")
    return code, "\n".join(_WRITTEN_OVER.sub("", line) for line in lines)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other side is closed
        return b""
