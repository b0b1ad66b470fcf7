"""What many tests need: a provider on a real socket that answers as it is told, byte by byte."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture
def shared() -> Path:
    """Recorded answers and public datasets beside the checkout, where they are."""
    if not SHARED.is_dir():
        pytest.skip(f"the recorded data is not beside this checkout ({SHARED})")
    return SHARED


class Provider:
    """Answers each request with the next of `script`; the last one for ever after.

    An answer is a list of bytes to send, seconds to pause, or `Provider.CLOSE`; `reset` after an answer leaves the
    connection closed without a word, as servers do with connections that idled.
    """

    CLOSE = object()

    def __init__(self) -> None:
        self.script: list[list[object]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.times: list[float] = []
        provider = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while provider._serve(self.rfile, self.wfile):
                    pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that left is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(body) for _, _, body in self.requests]

    def _serve(self, rfile, wfile) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = rfile.readline()
            if not line:
                return False
            head += line
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        body = rfile.read(int(headers.get("content-length", 0)))
        self.times.append(time.monotonic())
        answer = self.script[min(len(self.requests), len(self.script) - 1)]
        self.requests.append((lines[0], headers, body))
        for part in answer:
            if part is Provider.CLOSE:
                return False
            if isinstance(part, float):
                time.sleep(part)
            else:
                wfile.write(part)
                wfile.flush()
        return True

    @staticmethod
    def json(document: object, status: str = "200 OK", **headers: str) -> list[object]:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
        return [head.encode() + body]

    @staticmethod
    def stream(*parts: bytes | float, close: bool = False) -> list[object]:
        """A chunked event stream; `close` breaks it off instead of ending it."""
        out: list[object] = [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        ]
        out += [part if isinstance(part, float) else f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts]
        return [*out, Provider.CLOSE] if close else [*out, b"0\r\n\r\n"]

    @staticmethod
    def said(text: str, **usage: int) -> list[object]:
        usage = usage or {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        message = {"role": "assistant", "content": text}
        return Provider.json(
            {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}
        )


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.stop()
