"""What a base URL says about where it leads, and how it may be shown."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

SIMULATOR = "simulator:"
"""Stands in a profile for a simulator that is started by itself, on this machine."""

_STRANGE = re.compile(r"[^!#-;=?-\[\]_a-z~]")
"""What stands in no URL unescaped; a backslash or a control character is read differently by different parsers."""

_SECRET_QUERY = re.compile(r"([?&][^=&#]*(?:key|token|secret|sig|pass|auth|cred)[^=&#]*=)[^&#]*", re.IGNORECASE)
_USER_INFO = re.compile(r"(//)[^/?#]*@")


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def host(url: str) -> str:
    """The host a URL leads to, in lower case, without its port; empty where there is none."""
    parts = _split(url)
    return (parts.hostname or "").rstrip(".") if parts else ""


def authority(url: str) -> str:
    """The host of a URL with its port, where it names one: what an unnamed provider is called by."""
    parts = _split(url)
    return host(url) if parts is None or parts.port is None else f"{host(url)}:{parts.port}"


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this very machine."""
    name = host(url)
    if url == SIMULATOR:
        return True
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_plain_http(url: str) -> bool:
    """Whether what is sent to this URL can be read on the way."""
    return urlsplit(url).scheme.lower() != "https"


def flaw(url: str) -> str | None:
    """Why this cannot be a base URL, or `None` where it can; never repeats the URL, which may hold a secret."""
    if _STRANGE.search(url):
        return "holds a character that stands in no URL (a space, a brace, a backslash ...)"
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "needs a scheme: https://... (or http://... for a server of your own)"
    parts = _split(url)
    if parts is None or not parts.hostname:
        return "names no host, or not in a form that can be read"
    if "@" in parts.netloc:
        return "holds user info; a key's variable is named with `key`, and the key stays in the environment"
    if parts.query or parts.fragment or "?" in url:
        return "is a base URL and has neither query nor fragment"
    return None


def redact(url: str) -> str:
    """The URL as it may be shown or stored: user info and secrets in the query are replaced by `***`."""
    return _SECRET_QUERY.sub(r"\1***", _USER_INFO.sub(r"\1***@", url))
