"""The command line as its users run it: a process of its own, with a home, a ledger and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "qwcli")


@dataclass
class Said:
    """What a command said and how it ended."""

    argv: tuple[str, ...]
    code: int
    out: bytes
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Cli:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "ledger.sqlite"
        (folder / "home").mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home" / "config"),
            "XDG_DATA_HOME": str(folder / "home" / "data"),
            "QWCLI_LEDGER": str(self.ledger),
            "NO_PROXY": "*",
            # This checkout is what is tested, whatever is installed.
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *argv: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        settings = {
            "cwd": self.folder,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        process = subprocess.Popen([*COMMAND, *argv], env=self.env | dict(env or {}), **settings | options)
        self._started.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], *argv: str, stdin: bytes | None = None, wait: float = 50.0) -> Said:
        out, err = process.communicate(stdin, timeout=wait)
        said = Said(argv, process.returncode, out or b"", (err or b"").decode())
        assert "Traceback" not in said.err, said.err
        assert "Exception ignored" not in said.err, said.err
        return said

    def run(self, *argv: str, stdin: bytes | None = None, **options: Any) -> Said:
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
        return self.end(self.start(*argv, **options), *argv, stdin=stdin)

    def all(self, commands: Iterable[tuple[str, ...]], **options: Any) -> list[Said]:
        """Several commands side by side; what they said, in order."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda argv: self.run(*argv, **options), commands))

    def file(self, name: str, rows: Iterable[Mapping[str, Any]] | str) -> str:
        path = self.folder / name
        text = rows if isinstance(rows, str) else "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def stop(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """The command line in a temporary home."""
    running = Cli(tmp_path)
    yield running
    running.stop()


def until(true: Any, *, seconds: float = 30.0, every: float = 0.01) -> None:
    """Wait until something holds; fail where it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(every)


@pytest.fixture(name="until")
def _until() -> Any:
    return until
