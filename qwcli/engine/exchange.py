"""One HTTP exchange: write the request, send it, read the answer as it arrives, with its timings."""

from __future__ import annotations

import asyncio
import datetime as dt
import urllib.parse
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from qwcli import dialects
from qwcli.core.call import Latency
from qwcli.core.outcome import Fault, FaultKind, Finish, Outcome, Reply
from qwcli.core.prompt import Prompt
from qwcli.core.target import Target
from qwcli.core.wire import Dialect, Piece, PieceKind, Reader
from qwcli.engine import retry, transport
from qwcli.engine.redaction import redacted
from qwcli.engine.transport import httpx

GOLD_HEADER = "x-qwcli-sim-gold"
_LARGEST_GOLD = 128 * 1024
_LARGEST_ERROR = 1 << 20
_LARGEST_ANSWER = 64 << 20
"""Bytes of an answer that are read; the longest of any model known is below 1 MiB."""
_GRACE = 0.2
"""Seconds a server has to end a response of which everything has come."""


class Sink(Protocol):
    """Where pieces of an answer are shown as they arrive."""

    def show(self, target: Target, piece: Piece) -> None:
        """Show one piece."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait: for a call in all, for a byte, for a connection."""

    total: float = 600.0
    silence: float = 300.0
    connect: float = 10.0


@dataclass(slots=True)
class _Times:
    connect: float | None = None
    first_token: float | None = None
    first_answer: float | None = None
    ended: float | None = None
    """When the wire said that it was done, on the clock; the connection may close later, or never."""

    def mark(self, pieces: list[Piece], at: float) -> None:
        if pieces and self.first_token is None:
            self.first_token = at
        if self.first_answer is None and any(piece.kind is PieceKind.ANSWER for piece in pieces):
            self.first_answer = at


class Exchanger:
    """Sends one prompt to one target and gives back what came of it; never raises for what the world does.

    `secrets` are environment variables that headers may name; `clock` gives monotonic seconds, `today` the wall time.
    """

    def __init__(
        self,
        *,
        carrier: httpx.AsyncBaseTransport,
        secrets: Mapping[str, str],
        patience: Patience,
        clock: Callable[[], float],
        today: Callable[[], dt.datetime],
    ) -> None:
        self._carrier = carrier
        self._secrets = secrets
        self._patience = patience
        self._clock = clock
        self._today = today

    async def send(
        self, prompt: Prompt, target: Target, *, left: float, sink: Sink | None = None
    ) -> tuple[Outcome, Latency, float]:
        """One exchange within `left` seconds: the outcome, its timings (without own queueing), and when it began."""
        dialect = dialects.load(target.dialect)
        written = dialect.write(prompt, target)
        if target.simulated and prompt.gold is not None and len(prompt.gold) < _LARGEST_GOLD:
            written = replace(
                written, headers={**written.headers, GOLD_HEADER: urllib.parse.quote(prompt.gold, errors="replace")}
            )
        silence = min(self._patience.silence, left)
        try:
            request = transport.to_httpx(
                written, self._secrets, connect=min(self._patience.connect, left), silence=silence
            )
        except httpx.InvalidURL as error:
            return Fault(kind=FaultKind.INVALID, message=f"the URL cannot be asked: {error}"), Latency(), self._clock()
        times = _Times()
        began = self._clock()
        outcome = await self._exchange(request, dialect, target, times, began, left, sink)
        latency = Latency(
            connect=times.connect,
            first_token=times.first_token,
            first_answer=times.first_answer,
            total=(self._clock() if times.ended is None else times.ended) - began,
        )
        if isinstance(outcome, Fault):
            outcome = redacted(outcome, transport.secrets_in(written, self._secrets))
        return outcome, latency, began

    async def _exchange(
        self,
        request: httpx.Request,
        dialect: Dialect,
        target: Target,
        times: _Times,
        began: float,
        left: float,
        sink: Sink | None,
    ) -> Outcome:
        reader: Reader | None = None
        response: httpx.Response | None = None
        try:
            async with asyncio.timeout(left):
                response = await self._carrier.handle_async_request(request)
                times.connect = response.extensions.get("connect")
                headers = dict(response.headers)
                if not 200 <= response.status_code < 300:
                    return await self._refused(response, dialect, target, headers)
                reader = dialect.read(target, headers)
                chunks = _chunks(response)
                size = 0
                async for chunk in chunks:
                    size += len(chunk)
                    if size > _LARGEST_ANSWER:
                        return _too_large(reader)
                    if self._clock() - began > left:
                        # A server that never pauses leaves the event loop no time to say so.
                        raise TimeoutError  # noqa: TRY301
                    pieces = reader.feed(chunk)
                    if pieces:
                        times.mark(pieces, self._clock() - began)
                        if sink is not None:
                            for piece in pieces:
                                sink.show(target, piece)
                    if reader.done:
                        times.ended = self._clock()
                        await _rest(chunks)
                        break
                return reader.end(cut=False)
        except TimeoutError:
            return _out_of_time(reader, left)
        except httpx.RequestError as error:
            fault = transport.fault(error, target.url)
            return _broken(reader, fault) if reader is not None else fault
        finally:
            if response is not None:
                await response.aclose()

    async def _refused(
        self, response: httpx.Response, dialect: Dialect, target: Target, headers: Mapping[str, str]
    ) -> Fault:
        body = bytearray()
        try:
            async for chunk in _chunks(response):
                body += chunk
                if len(body) > _LARGEST_ERROR:
                    break
        except httpx.RequestError:
            # What arrived of the error's text is better than nothing.
            pass
        fault = dialect.refuse(target, response.status_code, headers, bytes(body))
        wait = retry.asked_wait(headers, self._today())
        return fault if wait is None else replace(fault, retry_after=wait)


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what an async transport gives
    async for chunk in stream:
        yield chunk


def _too_large(reader: Reader) -> Outcome:
    """An answer without end: what was read of it, cut there."""
    outcome = reader.end(cut=True)
    note = f"more than {_LARGEST_ANSWER >> 20} MiB were sent: the rest was not read"
    if isinstance(outcome, Reply):
        return replace(outcome, notes=(*outcome.notes, note))
    return replace(outcome, kind=FaultKind.PROTOCOL, message=note, retryable=False)


async def _rest(chunks: AsyncIterator[bytes]) -> None:
    """Read to the end of a finished answer, so that its connection can be used again, but do not wait for it."""
    with suppress(TimeoutError, httpx.RequestError):
        async with asyncio.timeout(_GRACE):
            async for _ in chunks:
                pass


def _out_of_time(reader: Reader | None, left: float) -> Outcome:
    outcome = reader.end(cut=True) if reader is not None else None
    if isinstance(outcome, Reply):
        return replace(outcome, finish=Finish.TIME_LIMIT, notes=(*outcome.notes, "our own time limit ended it"))
    fault = Fault(kind=FaultKind.DEADLINE, message=f"no complete answer within the time left ({left:.1f} s)")
    if isinstance(outcome, Fault):
        fault = replace(fault, text=outcome.text, thinking=outcome.thinking, usage=outcome.usage)
    return fault


def _broken(reader: Reader, fault: Fault) -> Outcome:
    """The connection broke in the middle: a cut reply where there is text, else the fault with what was received."""
    outcome = reader.end(cut=True)
    if isinstance(outcome, Reply):
        return replace(outcome, notes=(*outcome.notes, fault.message))
    if outcome.kind is FaultKind.RESET:
        return replace(fault, usage=outcome.usage, request_id=outcome.request_id)
    return outcome
