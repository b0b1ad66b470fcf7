"""`qwcli simulate`: the simulator as a server, for any client."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from qwcli.errors import QwcliError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwcli.simulator.provider import Provider


def simulate(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port to listen on; 0 takes a free one.")
    ] = 8399,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same answers.")] = 0,
    speed: Annotated[float, typer.Option(min=0, metavar="X", help="Multiplies every delay; 0 answers at once.")] = 1.0,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Serve simulated models over the OpenAI-compatible wire, until Ctrl-C. Nothing is real and nothing costs anything.

    Prints one line of JSON with its URL on stdout. What it served and what that cost: GET /books.

    \b
    Examples:
      qwcli simulate
      qwcli simulate --port 0 --seed 7 --speed 0

    \b
    Then, for instance:
      qwcli ask "What is 17 * 3?" -m http://127.0.0.1:8399/v1#sim/plus
      curl http://127.0.0.1:8399/v1/chat/completions -H 'content-type: application/json' \\
        -d '{"model": "sim/plus", "messages": [{"role": "user", "content": "What is 17 * 3?"}]}'

    Any client of that wire will do: OPENAI_BASE_URL=http://127.0.0.1:8399/v1 OPENAI_API_KEY=any
    """
    import asyncio

    from qwcli.simulator.provider import Provider

    if not math.isfinite(speed):
        raise QwcliError("--speed takes a number, such as 0 or 1.5.")
    provider = Provider(seed=seed, speed=speed)
    asyncio.run(_serve(provider, host, port, until_stdin_closes=until_stdin_closes))
    total = provider.books.total.as_json()
    currency = provider.books.as_json()["currency"]
    noun = "request" if total["requests"] == 1 else "requests"
    counts = ", ".join(
        f"{total[name]} {name.replace('_', '-')}" for name in ("served", "rate_limited", "blocked", "faults")
    )
    typer.echo(f"simulated: {total['requests']} {noun} ({counts}), {total['cost']} {currency}", err=True)


async def _serve(provider: Provider, host: str, port: int, *, until_stdin_closes: bool) -> None:
    """Serve until a signal comes, or until stdin closes."""
    import asyncio
    import json
    import signal
    import threading

    from qwcli.simulator.server import serving

    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(stopped.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if until_stdin_closes:
        threading.Thread(target=_until_stdin_closes, args=(stop,), daemon=True).start()
    async with serving(provider, host, port) as url:
        typer.echo(json.dumps({"url": url, "seed": provider.seed, "speed": provider.speed}))
        if not until_stdin_closes:
            typer.echo(f"Simulated models at {url}/v1, books at {url}/books. Ctrl-C stops.", err=True)
        await stopped.wait()


def _until_stdin_closes(stop: Callable[[], None]) -> None:
    """Wait for the parent to go, then stop."""
    import os

    # Not `sys.stdin`: a daemon thread inside its lock would abort the interpreter's shutdown.
    while os.read(0, 4096):
        pass
    stop()
