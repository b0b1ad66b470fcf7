"""A real simulator on loopback, in the test's own event loop, and a plain client for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp  # noqa: TID253 - the plain client that the simulator is tested with
import pytest

from qwcli.simulator.provider import Provider
from qwcli.simulator.server import serving


@dataclass
class Heard:
    status: int = 0
    headers: Any = None
    body: bytes = b""
    cut: bool = False
    text: str = ""
    thinking: str = ""
    finish: str | None = None
    usage: dict[str, Any] | None = None
    done: bool = False
    events: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    session: aiohttp.ClientSession
    url: str
    provider: Provider

    async def ask(
        self,
        prompt: str,
        model: str = "sim/plus",
        *,
        gold: str | None = None,
        wait: bool = True,
        key: str | None = None,
        **body: Any,
    ) -> Heard:
        """One answer; 429s are waited out as they ask for unless `wait` is off."""
        headers = {} if gold is None else {"x-qwcli-sim-gold": quote(gold)}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        sent = {"model": model, "messages": [{"role": "user", "content": prompt}], **body}
        while True:
            heard = await self._post(sent, headers)
            if heard.status != 429 or not wait:
                return heard
            await asyncio.sleep(float(heard.headers["Retry-After"]))

    async def _post(self, sent: dict[str, Any], headers: dict[str, str]) -> Heard:
        heard = Heard()
        async with self.session.post(f"{self.url}/v1/chat/completions", json=sent, headers=headers) as answer:
            heard.status, heard.headers = answer.status, answer.headers
            try:
                async for chunk in answer.content.iter_any():
                    heard.body += chunk
            except aiohttp.ClientPayloadError:
                heard.cut = True
        if heard.status == 200 and not (heard.cut and not sent.get("stream")):
            _read_events(heard) if sent.get("stream") else _read_whole(heard)
        return heard

    async def books(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/books") as answer:
            return await answer.json()


def _read_whole(heard: Heard) -> None:
    choice = heard.json["choices"][0]
    heard.text, heard.thinking = choice["message"]["content"], choice["message"].get("reasoning_content", "")
    heard.finish, heard.usage, heard.done = choice["finish_reason"], heard.json["usage"], True


def _read_events(heard: Heard) -> None:
    heard.events = [event for event in heard.body.decode().split("\n\n") if event]
    for event in heard.events:
        if event == "data: [DONE]":
            heard.done = True
        elif event.startswith("data: "):
            try:
                chunk = json.loads(event[6:])
            except ValueError:
                continue
            heard.usage = chunk["usage"] or heard.usage
            for choice in chunk["choices"]:
                heard.text += choice["delta"].get("content") or ""
                heard.thinking += choice["delta"].get("reasoning_content") or ""
                heard.finish = choice["finish_reason"] or heard.finish


Talk = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def talking(provider: Provider) -> AsyncIterator[Client]:
    async with serving(provider) as url, aiohttp.ClientSession() as session:
        yield Client(session, url, provider)


@pytest.fixture
def converse() -> Callable[..., None]:
    """Run a conversation with a fresh simulator: `converse(talk, seed=..., speed=...)`."""

    def run(talk: Talk, *, seed: int = 0, speed: float = 0.0) -> None:
        async def main() -> None:
            async with talking(Provider(seed=seed, speed=speed)) as client:
                await talk(client)

        asyncio.run(main())

    return run
