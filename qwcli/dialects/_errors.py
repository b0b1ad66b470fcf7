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
_LONGEST = 4000
_READ = 1 << 16
_TAG = re.compile(
    r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)|</?[a-z][^<>]*(?:>|(?=<)|\Z)|<[!?][^<>]*(?:>|(?=<)|\Z)|<\Z",
    re.DOTALL | re.IGNORECASE,
)
_MARKUP = re.compile(r"<!doctype|<html|</[a-z]|<(?:script|style|body|head|br|p|div)\b", re.IGNORECASE)
_MESSAGES = ("message", "detail", "msg", "description", "error_msg", "error_message", "Message", "title", "reason")
_ALIBABA = re.compile(r"dashscope|\.maas\.|qwencloud", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an error says of itself."""

    message: str
    code: str | None = None
    type: str | None = None
    status: int | None = None
    request_id: str | None = None
    beneath: str = ""
    """What a gateway passes on of the provider's own error: it tells the kind, where the gateway's words do not."""


def said(document: object, *, failed: bool = False) -> Said | None:
    """What an error document says; `None` where the document is no error in any known shape.

    With `failed` (an error status came with it) any object that says something is one.
    """
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return None
    request_id = _word(document.get("request_id"))
    error = document.get("error")
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, str) and error:
        code, kind = _word(document.get("code")), _word(document.get("type") or document.get("error_type"))
        return Said(message=clean(error), code=code, type=kind, status=_status(document), request_id=request_id)
    if isinstance(error, dict) and error:
        return _from_object(error, request_id)
    telling = (*_MESSAGES, "code", "errors") if failed else ("message", "detail", "msg", "code")
    if document.get("choices") is None and any(document.get(name) for name in telling):
        return _from_object(document, request_id)
    return None


def clean(text: str) -> str:
    """A message that can be shown: without markup where it is a web page, and not endless."""
    if _MARKUP.search(text, 0, _READ):
        text = " ".join(_without_markup(text[:_READ]).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _without_markup(text: str) -> str:
    # Twice: what was escaped in the page may itself read like markup.
    return _TAG.sub(" ", html.unescape(_TAG.sub(" ", text)))


def _from_object(error: Mapping[str, Any], request_id: str | None) -> Said:
    several = error.get("errors")
    if isinstance(several, list) and several and isinstance(several[0], dict) and not error.get("message"):
        # Writer: {"tpe": ..., "errors": [{"description": ..., "key": ...}]}.
        error = {**several[0], "code": several[0].get("code") or several[0].get("key")}
    message: object = next((error[name] for name in _MESSAGES if error.get(name)), None) or error.get("code") or error
    if isinstance(message, dict):
        message = message.get("detail", message)
    code = error.get("code")
    if code is None:
        code = error.get("error_code")
    metadata = error.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    inner = error.get("innererror")
    beneath = [metadata.get("raw"), inner.get("code") if isinstance(inner, dict) else None]
    return Said(
        message=clean(_json.text(message)),
        code=_word(code),
        type=_word(error.get("type") or error.get("error_type") or metadata.get("error_type")),
        status=_status(error),
        request_id=request_id,
        beneath=" ".join(_json.text(part) for part in beneath if part)[:_LONGEST],
    )


def _status(error: Mapping[str, Any]) -> int | None:
    """The HTTP status an error names in its body: gateways put it where the code stands, too."""
    for name in ("code", "status", "http_status", "raw_status_code", "statusCode", "status_code", "http_code"):
        given = error.get(name)
        if isinstance(given, int) and 400 <= given < 600:
            return given
        if name == "code" and isinstance(given, str) and re.fullmatch("[45][0-9][0-9]", given):
            return int(given)
    return None


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
    kind, retryable = classify(real, error.code, error.type, error.message, beneath=error.beneath, transient=codes)
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
    shown = body[:_READ].decode("utf-8", "replace")
    if "<" in shown and ("html" in headers.get("content-type", "") or _MARKUP.search(shown)):
        shown = "a web page: " + _without_markup(shown)
    shown = " ".join(shown.split())[:_SHOWN]
    if status is not None and 300 <= status < 400:
        place = _without_markup(headers.get("location", ""))[:_SHOWN].strip() or "nowhere"
        return Said(message=f"the server redirects to {place}; redirects are not followed")
    return Said(message=shown or "an empty answer")


def _word(value: object) -> str | None:
    return None if value is None or value == "" or isinstance(value, bool) else str(value)
