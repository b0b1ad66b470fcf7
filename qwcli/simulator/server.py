"""The simulator's HTTP server: it waits as long as a model takes, sends what the wire says, and enters it all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from aiohttp import web  # noqa: TID253 - this module is the server, and is imported only to serve

from qwcli.errors import QwcliError
from qwcli.simulator import openai_wire as wire
from qwcli.simulator.books import Generated
from qwcli.simulator.models import MODELS, SimulatedModel
from qwcli.simulator.openai_request import GOLD_HEADER, BadRequestError, read
from qwcli.simulator.plan import Answer, Ending
from qwcli.simulator.provider import Provider

_MOST_HEADER = 256 * 1024
_MOST_BODY = 64 * 1024 * 1024
_WRITTEN_TOGETHER = 0.004
"""Seconds: what is due within this is written at once; shorter sleeps cost more than they simulate."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(provider: Provider, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the provider; yields its URL, such as `http://127.0.0.1:8399`. Port 0 takes a free one.

    Raises `QwcliError` where the address cannot be had.
    """
    app = web.Application(client_max_size=_MOST_BODY)
    app.router.add_post("/v1/chat/completions", _chat(provider))
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/books", _books(provider))
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=0.2,
        max_field_size=_MOST_HEADER,
        max_line_size=_MOST_HEADER,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError as error:
        await runner.cleanup()
        reason = error.strerror or str(error)
        raise QwcliError(f"cannot serve on {host}:{port}: {reason}", hint="--port 0 takes a free port") from error
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _chat(provider: Provider) -> _Handler:
    async def answer_chat(request: web.Request) -> web.StreamResponse:
        request_id = str(uuid4())
        try:
            order = read(await request.read(), request.headers.get(GOLD_HEADER))
        except BadRequestError as error:
            said = wire.invalid(str(error), request_id)
            return _refused(said, request_id)
        if "wrong" in request.headers.get("Authorization", ""):
            return _refused(wire.wrong_key(request_id), request_id)
        model = MODELS.get(order.ask.model)
        if model is None:
            return _refused(wire.unknown_model(order.ask.model, request_id), request_id)
        arrived = asyncio.get_running_loop().time()
        plan = provider.admit(order.ask, arrived)
        if not isinstance(plan, Answer):
            return _refused(wire.refuse(plan, request_id), request_id)
        exchange = _Exchange(provider, model, plan, request, request_id=request_id, arrived=arrived)
        return await (exchange.stream(include_usage=order.include_usage) if order.stream else exchange.whole())

    return answer_chat


async def _models(request: web.Request) -> web.Response:  # noqa: ARG001 - the shape of a handler
    return web.Response(body=wire.models(), content_type="application/json")


def _books(provider: Provider) -> _Handler:
    async def show_books(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - the shape of a handler
        said = {"seed": provider.seed, "speed": provider.speed, **provider.books.as_json()}
        return web.Response(text=json.dumps(said, indent=2), content_type="application/json")

    return show_books


def _headers(request_id: str) -> dict[str, str]:
    return {"x-request-id": request_id, "x-dashscope-call-gateway": "true", "Server": "qwcli-simulator"}


def _refused(said: wire.Refusal, request_id: str) -> web.Response:
    headers = {**_headers(request_id), **said.headers}
    return web.Response(status=said.status, body=said.body, content_type="application/json", headers=headers)


class _Exchange:
    """One answer on its way to one client; whatever becomes of it, it is booked once."""

    def __init__(
        self,
        provider: Provider,
        model: SimulatedModel,
        answer: Answer,
        request: web.Request,
        *,
        request_id: str,
        arrived: float,
    ) -> None:
        self._books, self._speed = provider.books, provider.speed
        self._model, self._answer = model, answer
        self._request, self._request_id, self._arrived = request, request_id, arrived
        self._booked = False

    async def whole(self) -> web.StreamResponse:
        """Send the answer as one body."""
        answer = self._answer
        try:
            await self._until(answer.completion_tokens)
            if answer.ending is Ending.ERROR:
                self._booked = True
                self._books[self._model.name].faults += 1
                said = wire.internal_error(self._request_id)
                return _refused(said, self._request_id)
            body = wire.whole(answer, self._model.name)
            if answer.ending in (Ending.CUT, Ending.UNDONE):
                return await self._half(body)
            self._book("served", answer.completion_tokens, reported=True)
            return web.Response(body=body, content_type="application/json", headers=_headers(self._request_id))
        finally:
            self._book("cancelled", self._generated(), reported=False)

    async def stream(self, *, include_usage: bool) -> web.StreamResponse:
        """Send the answer as a stream of events, each when its tokens are generated."""
        answer = self._answer
        response = web.StreamResponse(headers=_headers(self._request_id))
        response.headers["Content-Type"] = "text/event-stream;charset=UTF-8"
        waiting = bytearray()
        try:
            await self._until(0)
            await response.prepare(self._request)
            reported = False
            for frame in wire.frames(answer, self._model.name, include_usage=include_usage):
                if self._due(frame.tokens) > _WRITTEN_TOGETHER and waiting:
                    await response.write(bytes(waiting))
                    waiting.clear()
                await self._until(frame.tokens)
                waiting += frame.data
                reported |= frame.usage
                sent = frame.tokens
            good = answer.ending in (Ending.WHOLE, Ending.UNFINISHED)
            self._book("served" if good else "faults", sent, reported=reported)
            await response.write(bytes(waiting))
            if answer.ending is Ending.CUT:
                self._hang_up()
        finally:
            self._book("cancelled", self._generated(), reported=False)
        return response

    async def _half(self, body: bytes) -> web.StreamResponse:
        """Promise the whole body, send half of it, and hang up."""
        response = web.StreamResponse(headers={**_headers(self._request_id), "Content-Length": str(len(body))})
        response.content_type = "application/json"
        self._book("faults", self._answer.completion_tokens, reported=False)
        await response.prepare(self._request)
        await response.write(body[: len(body) // 2])
        self._hang_up()
        return response

    def _hang_up(self) -> None:
        if self._request.transport is not None:
            self._request.transport.close()

    def _book(self, outcome: str, completion: int, *, reported: bool) -> None:
        """Enter outcome and bill, once; before the client can have read the end, so that the books never lag."""
        if self._booked:
            return
        self._booked = True
        account = self._books[self._model.name]
        setattr(account, outcome, getattr(account, outcome) + 1)
        reasoning = min(completion, self._answer.thinking_tokens)
        used = Generated(prompt=self._answer.prompt_tokens, completion=completion, reasoning=reasoning)
        self._books.bill(self._model, used, reported=reported)

    def _due(self, tokens: int) -> float:
        """Seconds until so many tokens are generated."""
        after = self._answer.first_token + tokens * self._answer.per_token
        return self._arrived + after * self._speed - asyncio.get_running_loop().time()

    async def _until(self, tokens: int) -> None:
        due = self._due(tokens)
        if due > _WRITTEN_TOGETHER:
            await asyncio.sleep(due)

    def _generated(self) -> int:
        """Tokens generated by now."""
        elapsed = asyncio.get_running_loop().time() - self._arrived - self._answer.first_token * self._speed
        rate = self._answer.per_token * self._speed
        tokens = int(elapsed / rate) if rate else self._answer.completion_tokens
        return max(0, min(tokens, self._answer.completion_tokens))
