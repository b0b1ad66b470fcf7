"""The network: httpx's requests, responses and exceptions, carried by aiohttp.

httpx is the interface and this the only module that knows it; aiohttp carries the bytes because httpx's own pool slows
down with concurrency and makes latencies false (docs/dependencies.md has the figures). Redirects are never followed:
a key must not travel to a host it was not meant for.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp  # noqa: TID253 - this module is imported only when something is sent
import httpx as httpx  # noqa: PLC0414, TID253 - as above; the rest of the engine takes it from here

from qwcli.core.outcome import Fault, FaultKind
from qwcli.core.url import is_loopback
from qwcli.core.wire import Request
from qwcli.errors import QwcliError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LARGEST_HEADER = 256 * 1024


def to_httpx(request: Request, secrets: Mapping[str, str], *, connect: float, silence: float) -> httpx.Request:
    """The request as httpx has it, with `${VAR}` in header values filled from `secrets`.

    `connect` and `silence` are seconds: to open a connection, and without a byte. Raises `QwcliError` for a variable
    that is not set.
    """

    def fill(match: re.Match[str]) -> str:
        value = secrets.get(match[1], "").strip()
        if not value:
            raise QwcliError(f"the environment variable {match[1]} is not set", hint=f"export {match[1]}=...")
        return value

    headers = {name: _VARIABLE.sub(fill, value) for name, value in request.headers.items()}
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        raise QwcliError("a header, or the key in it, has characters that no header can carry", hint="check the key")
    timeout = {"connect": connect, "read": silence, "write": silence, "pool": connect}
    return httpx.Request(
        request.method, request.url, headers=headers, content=request.body, extensions={"timeout": timeout}
    )


def secrets_in(request: Request, secrets: Mapping[str, str]) -> list[str]:
    """The values that were filled into a request's headers."""
    names = {name for value in request.headers.values() for name in _VARIABLE.findall(value)}
    return [value for name in names if (value := secrets.get(name, "").strip())]


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends over aiohttp. A response's `extensions["connect"]` is the time it took to connect, `None` on a kept one."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._proxies: dict[tuple[str, str], str | None] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and answer when the headers are there. Raises httpx's exceptions.

        A connection that was kept open and turns out to be closed is replaced once, by a new one: servers close idle
        ones unasked, and llama.cpp's every one after a stream, so that all that are kept may be dead.
        """
        for fresh in (False, True):
            watch = SimpleNamespace(reused=False, began=None, took=None)
            try:
                return await self._send(request, watch, fresh=fresh)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if isinstance(error, aiohttp.ClientConnectorError) or fresh or not watch.reused:
                    raise _translated(error, request) from error
            except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
                raise _translated(error, request) from error
        raise AssertionError("unreachable")

    async def aclose(self) -> None:
        """Close every connection."""
        for session in self._sessions.values():
            await session.close()

    async def _send(self, request: httpx.Request, watch: SimpleNamespace, *, fresh: bool) -> httpx.Response:
        timeout = request.extensions["timeout"]
        options: dict[str, Any] = {}
        if request.url.scheme == "https":
            self._tls = self._tls or ssl.create_default_context()
            options["ssl"] = self._tls
        proxy = self._proxy(request.url)
        if proxy is not None:
            options["proxy"] = proxy
        response = await self._session(fresh=fresh).request(
            request.method,
            str(request.url),
            data=request.content,
            headers=request.headers.multi_items(),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_connect=timeout["connect"], sock_read=timeout["read"]),
            trace_request_ctx=watch,
            **options,
        )
        return httpx.Response(
            response.status,
            headers=[(name, value) for name, value in response.raw_headers if name.lower() != b"content-encoding"],
            stream=_Body(response, request),
            extensions={"connect": watch.took},
        )

    def _session(self, *, fresh: bool) -> aiohttp.ClientSession:
        """The session that keeps connections open, or the one that opens a new one for every request."""
        if fresh not in self._sessions:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_start.append(_connecting)
            trace.on_connection_create_end.append(_connected)
            trace.on_connection_reuseconn.append(_reused)
            self._sessions[fresh] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, force_close=fresh),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
                max_line_size=_LARGEST_HEADER,
                max_field_size=_LARGEST_HEADER,
            )
        return self._sessions[fresh]

    def _proxy(self, url: httpx.URL) -> str | None:
        """The proxy the usual environment variables name for this host, if any."""
        key = (url.scheme, url.host)
        if key not in self._proxies:
            proxy = urllib.request.getproxies().get(url.scheme)
            # What goes to this machine goes to it directly: a proxy would see the key, and may not reach it.
            direct = not proxy or is_loopback(str(url)) or urllib.request.proxy_bypass(url.host)
            self._proxies[key] = None if direct else proxy
        return self._proxies[key]


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translated(error, self._request) from error

    async def aclose(self) -> None:
        # A body read to its end has given its connection back already; one abandoned must close it.
        self._response.close()


async def _connecting(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    context.trace_request_ctx.began = time.monotonic()


async def _connected(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    watch = context.trace_request_ctx
    watch.took = time.monotonic() - watch.began


async def _reused(_session: object, context: SimpleNamespace, _parameters: object) -> None:
    context.trace_request_ctx.reused = True


def _translated(error: Exception, request: httpx.Request) -> httpx.RequestError:
    """The httpx exception for one of aiohttp's; the cause stays attached, for `fault`."""
    # Order matters: aiohttp's connector errors are OS errors too, and its time-outs are server errors too.
    for kind, translation in (
        (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
        (aiohttp.SocketTimeoutError, httpx.ReadTimeout),
        (TimeoutError, httpx.ReadTimeout),
        (aiohttp.ClientConnectorError, httpx.ConnectError),
        (aiohttp.ClientSSLError, httpx.ConnectError),
        (aiohttp.ClientHttpProxyError, httpx.ProxyError),
        (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
        (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
        (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
        (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
        (OSError, httpx.ReadError),
    ):
        if isinstance(error, kind):
            return translation(str(error) or type(error).__name__, request=request)
    return httpx.RequestError(str(error) or type(error).__name__, request=request)


def fault(error: httpx.RequestError, url: str) -> Fault:
    """What a failed exchange amounts to, in words that say what to look at. `url` is shown: it must hold no secret."""
    where = httpx.URL(url)
    host = f"{where.host}:{where.port}" if where.port else where.host
    cause = error.__cause__
    if isinstance(error, httpx.ConnectError):
        tls = isinstance(cause, aiohttp.ClientSSLError | ssl.SSLError)
        if tls or isinstance(cause, aiohttp.ServerFingerprintMismatch):
            return Fault(kind=FaultKind.TLS, message=f"no secure connection to {host}: {_reason(cause)}")
        if isinstance(cause, aiohttp.ClientProxyConnectionError):
            message = f"no connection to the proxy that the environment names for {host}: {_reason(cause)}"
            return Fault(kind=FaultKind.CONNECT, message=message, retryable=True)
        if isinstance(cause, aiohttp.ClientConnectorDNSError):
            return Fault(kind=FaultKind.DNS, message=f"the host name {where.host} could not be resolved")
        return Fault(kind=FaultKind.CONNECT, message=f"no connection to {host}: {_reason(cause)}", retryable=True)
    if isinstance(error, httpx.ConnectTimeout):
        return Fault(kind=FaultKind.CONNECT, message=f"{host} did not accept a connection in time", retryable=True)
    if isinstance(error, httpx.TimeoutException):
        return Fault(kind=FaultKind.TIMEOUT, message=f"{host} sent nothing for too long", retryable=True)
    if isinstance(error, httpx.ProxyError):
        return Fault(kind=FaultKind.CONNECT, message=f"the proxy refused: {error}")
    if isinstance(error, httpx.UnsupportedProtocol):
        return Fault(kind=FaultKind.INVALID, message=f"{host or url!r} cannot be asked: {error}")
    return Fault(kind=FaultKind.RESET, message=f"{host} broke the connection: {error}", retryable=True)


def _reason(cause: BaseException | None) -> str:
    inner = getattr(cause, "os_error", None) or getattr(cause, "certificate_error", None) or cause
    number = getattr(inner, "errno", None)
    if isinstance(number, int) and number in errno.errorcode and not isinstance(inner, ssl.SSLError):
        # asyncio puts "Connect call failed" and the address where the system's own words belong.
        return os.strerror(number)
    text = getattr(inner, "verify_message", None) or getattr(inner, "strerror", None) or str(inner)
    return str(text)
