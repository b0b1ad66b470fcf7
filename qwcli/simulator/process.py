"""The simulator as a child process: started when a simulated target is asked, gone when its parent is."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.request import ProxyHandler, build_opener

from qwcli.errors import QwcliError

_START = 30.0
_STOP = 5.0
COMMAND = (sys.executable, "-m", "qwcli", "simulate")


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that runs; `url` is such as `http://127.0.0.1:40123`, its OpenAI-compatible base `url + "/v1"`."""

    url: str
    _child: subprocess.Popen[bytes]

    def books(self) -> dict[str, Any]:
        """What it served and what that cost, as `Books.as_json` gives it."""
        # A proxy from the environment must not come between us and loopback.
        with build_opener(ProxyHandler({})).open(f"{self.url}/books", timeout=10) as answer:
            books: dict[str, Any] = json.load(answer)
            return books

    def stop(self) -> None:
        """Stop it; doing so again does nothing."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        try:
            self._child.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(seed: int = 0, speed: float = 1.0, *, command: Sequence[str] = COMMAND) -> Running:
    """Start a simulator on a free port of loopback and wait until it serves.

    It lives until `stop`, or until this process ends in whatever way: its stdin closes then. Raises `QwcliError` where
    it does not start.
    """
    options = ["--host", "127.0.0.1", "--port", "0", "--seed", str(seed), "--speed", repr(speed)]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(  # noqa: S603 - our own command
            [*command, *options, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            # Ctrl-C is for us; the child goes when we do.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        url = _announced(child)
        running = Running(url or "", child)
        if url is None:
            running.stop()
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise QwcliError(
                "the simulator did not start" + "".join(f": {line}" for line in last),
                hint="run `qwcli simulate` by itself to see why",
                exit_code=1,
            )
    return running


def _announced(child: subprocess.Popen[bytes]) -> str | None:
    """The URL in the one line of JSON the child prints once it serves; `None` where none comes in time."""
    if child.stdout is None:
        return None
    in_time = threading.Timer(_START, child.kill)
    in_time.start()
    try:
        with child.stdout as stdout:
            line = stdout.readline()
        return str(json.loads(line)["url"])
    except (ValueError, KeyError, TypeError):
        return None
    finally:
        in_time.cancel()
