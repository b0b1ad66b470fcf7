"""Errors as providers write them: an object, an array of one, a text, a web page; with an error status or in a 200."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qwcli.core.outcome import Fault, FaultKind
from qwcli.core.target import Target
from qwcli.dialects import _json
from qwcli.dialects._classify import classify

_SHOWN = 300
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_ALIBABA = re.compile(r"dashscope|\.maas\.|qwencloud", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an error says of itself."""

    message: str
    code: str | None = None
    type: str | None = None
    status: int | None = None
    request_id: str | None = None


def said(document: object) -> Said | None:
    """What an error document says; `None` where the document is no error in any known shape."""
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return None
    request_id = _word(document.get("request_id"))
    error = document.get("error")
    if isinstance(error, str) and error:
        code = _word(document.get("code"))
        return Said(message=error, code=code, request_id=request_id)
    if isinstance(error, dict):
        return _from_object(error, request_id)
    if document.get("choices") is None and (document.get("message") or document.get("detail")):
        return _from_object(document, request_id)
    if document.get("code") and document.get("choices") is None:
        return _from_object(document, request_id)
    return None


def _from_object(error: Mapping[str, Any], request_id: str | None) -> Said:
    message: object = error.get("message") or error.get("detail") or error.get("code")
    if isinstance(message, dict):
        message = message.get("detail", message)
    code = error.get("code")
    status = code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None
    for name in ("status", "http_status", "raw_status_code", "statusCode", "status_code"):
        given = error.get(name)
        if status is None and isinstance(given, int) and 400 <= given < 600:
            status = given
    metadata = error.get("metadata")
    kind = error.get("type") or error.get("error_type")
    if kind is None and isinstance(metadata, dict):
        kind = metadata.get("error_type")
    return Said(message=_json.text(message), code=_word(code), type=_word(kind), status=status, request_id=request_id)


def fault(
    error: Said, target: Target, *, status: int | None, headers: Mapping[str, str], transient: bool | None = None
) -> Fault:
    """The fault an error amounts to. `x-should-retry`, where a provider sends it, has the last word on trying again.

    `transient` tells whether `insufficient_quota` means a limit that recovers; by default it does on Alibaba's hosts.
    """
    # An error inside a 200 carries its own status; a real error status is not overruled by the body.
    real = status if status is not None and status >= 300 else error.status
    recovers = bool(_ALIBABA.search(target.url)) if transient is None else transient
    codes = frozenset({"insufficient_quota"}) if recovers else frozenset[str]()
    kind, retryable = classify(real, error.code, error.type, error.message, transient=codes)
    wish = headers.get("x-should-retry")
    if wish in {"true", "false"} and kind is not FaultKind.BLOCKED:
        retryable = wish == "true"
    return Fault(
        kind=kind,
        message=error.message,
        retryable=retryable,
        status=real,
        code=error.code,
        type=error.type,
        request_id=error.request_id or headers.get("x-request-id") or headers.get("request-id"),
    )


def unreadable(status: int | None, body: bytes, headers: Mapping[str, str]) -> Said:
    """What to say of a body that is no error document: its first words, without markup."""
    shown = body[: _SHOWN * 8].decode("utf-8", "replace")
    if "<" in shown and ("html" in headers.get("content-type", "") or shown.lstrip()[:1] == "<"):
        shown = "a web page: " + html.unescape(_TAG.sub(" ", shown))
    shown = " ".join(shown.split())[:_SHOWN]
    place = headers.get("location")
    if status is not None and 300 <= status < 400:
        return Said(message=f"the server redirects to {place or 'nowhere'}; redirects are not followed")
    return Said(message=shown or "an empty answer")


def _word(value: object) -> str | None:
    return None if value is None or value == "" or isinstance(value, bool) else str(value)
