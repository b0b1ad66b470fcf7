"""What a graded, priced and recorded call costs in CPU, beside the same requests from a bare aiohttp client.

    python benchmarks/overhead.py [CALLS] [CONCURRENCY]

Starts a server of its own on loopback that answers at once, asks it CALLS times with each client in turn, three times
over, and prints CPU microseconds a call for the whole process and their ratio. Compare ratios, not microseconds: these
move with the machine and its load.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROUNDS = 3
BARE = """
import asyncio, json, sys
import aiohttp
async def main(url, calls, width):
    body = {"model": "m", "messages": [{"role": "user", "content": "What is 6 times 7?"}]}
    left = iter(range(calls))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async def work():
            for _ in left:
                async with session.post(url + "/chat/completions", json=body) as answer:
                    assert json.loads(await answer.read())["choices"][0]["message"]["content"] == "42"
        await asyncio.gather(*(work() for _ in range(width)))
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


BODY = json.dumps(
    {
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14},
    }
).encode()
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY


class Answer(asyncio.Protocol):
    """Answers every request on a connection with the same few bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport
        self._held = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]) if b"content-length:" in head else 0
            if len(self._held) < end + 4 + length:
                return
            self._held = self._held[end + 4 + length :]
            self._transport.write(WHOLE)  # type: ignore[attr-defined]


def serve(announce: Callable[[int], None]) -> None:
    """Serve for ever on a free port of loopback."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0)
        announce(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def cpu(command: list[str]) -> float:
    """User and system seconds a command takes, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    inbox, outbox = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(outbox.send,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{inbox.recv()}/v1"
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        rows.write_text("".join(f'{{"input": "What is 6 times 7? ({n})", "expected": "42"}}\n' for n in range(calls)))
        bare = [sys.executable, "-c", BARE, url, str(calls), str(width)]
        ours = [sys.executable, "-m", "qwcli", "bench", str(rows), "-m", f"{url}#m", "--no-stream"]
        ours += ["--price", "in=1,out=2,USD", "--concurrency", str(width), "--grader", "number"]
        ratios = []
        for turn in range(ROUNDS):
            took_bare = cpu(bare)
            took_ours = cpu([*ours, "--ledger", f"{folder}/{turn}.sqlite"])
            ratios.append(took_ours / took_bare)
            each = (took_bare / calls * 1e6, took_ours / calls * 1e6)
            print("bare aiohttp {:.0f} us a call, qwcli {:.0f} us a call, ratio {:.2f}".format(*each, ratios[-1]))
    print(f"{calls} calls, concurrency {width}: median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
