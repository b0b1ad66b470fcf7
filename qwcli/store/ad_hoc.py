"""Targets without a profile: `[DIALECT+]URL#MODEL`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from qwcli.core import url as urls
from qwcli.core.names import meant
from qwcli.core.profile import split_variant, vary
from qwcli.core.target import Target
from qwcli.errors import QwcliError
from qwcli.store.prices import price_on_command_line

_FORM = re.compile(
    r"(?:(?P<dialect>[a-z][a-z0-9_-]*)\+)?(?P<url>https?://[^#]*)#(?P<model>.+)", re.IGNORECASE | re.DOTALL
)
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_ad_hoc(text: str) -> bool:
    """Whether a name given with `-m` is meant as an ad-hoc target rather than a name of the profile."""
    return "://" in text


def ad_hoc(
    text: str,
    key_env: str | None = None,
    price: str | None = None,
    *,
    today: dt.date,
    dialects: frozenset[str],
) -> Target:
    """The target of `[DIALECT+]URL#MODEL`, variants (`...#model[thinking=on]`) included.

    It has a key only from the variable `key_env`, and a price only from `price` (`in=0.4,out=1.2,USD`), dated `today`.
    Raises `QwcliError`; user info and secrets in the URL are never shown.
    """
    shown = urls.redact(text)
    match = _FORM.fullmatch(text)
    if match is None:
        message = f"`{shown}` is not a target: a URL needs its model behind `#`."
        raise QwcliError(message, hint="As in -m http://127.0.0.1:8000/v1#qwen2.5-72b")
    if wrong := urls.flaw(match["url"]):
        hint = "A key is given with --key-env NAME." if "@" in match["url"] or "?" in match["url"] else None
        raise QwcliError(f"`{shown}`: the URL {wrong}.", hint=hint)
    dialect = (match["dialect"] or "openai").lower()
    if dialect not in dialects:
        raise QwcliError(f"`{shown}`: there is no dialect `{dialect}`{meant(dialect, dialects)}.")
    if key_env is not None and not _VARIABLE_NAME.fullmatch(key_env):
        raise QwcliError("--key-env takes the NAME of an environment variable, and never a key itself.")
    model, settings = split_variant(match["model"])
    target = Target(
        name=text,
        provider=urls.authority(match["url"]),
        model=model,
        url=match["url"].rstrip("/"),
        dialect=dialect,
        key=key_env,
        prices=(price_on_command_line(price, model, today),) if price else (),
    )
    return target if settings is None else vary(target, text, settings)


def refuse_shared_key(names: Sequence[str], key_env: str | None) -> None:
    """Raise `QwcliError` where one `--key-env` would go to several ad-hoc targets."""
    if key_env is not None and len({name for name in names if is_ad_hoc(name)}) > 1:
        message = "--key-env belongs to one ad-hoc target, and several are named."
        raise QwcliError(message, hint="Ask them one after the other, or write a profile with a `key` for each.")
