"""Environment variables a target names: its key, and those in its headers. Of values only whether they are set."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qwcli.core.target import Target

_REFERENCE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)\}")
_SECRET_HEADER = re.compile(r"authorization|cookie|secret|password|token$|auth$|key$", re.IGNORECASE)
_BESIDE_SECRETS = re.compile(r"(?:[A-Za-z_-]{1,20}[ =]|[;, ])*")
"""What may stand around `${VAR}` in a secret header: a scheme (`Bearer `), a cookie's name (`session=`)."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def flaw_of_header(name: str, value: str) -> str | None:
    """Why a header may not stand in a profile, or `None`: bad form, or a secret written out instead of named."""
    if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        return "is not a header's name and value: plain text in one line"
    beside, references = _REFERENCE.subn("", value)
    if "${" in beside:
        return "names a variable in a form other than `${NAME}` with capital letters, digits and `_`"
    if _SECRET_HEADER.search(name) and not (references and _BESIDE_SECRETS.fullmatch(beside)):
        return "holds a secret: write the name of its environment variable, as in `Bearer ${MY_TOKEN}`"
    return None


def named_in(key: str | None, headers: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the variables a key and headers refer to, each once."""
    references = (name for value in headers.values() for name in _REFERENCE.findall(value))
    return tuple(dict.fromkeys((*([key] if key else []), *references)))


def variables(target: Target) -> tuple[str, ...]:
    """The names of all environment variables that are filled in when this target is asked, each once."""
    return named_in(target.key, target.headers)


def _fits_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def key_problem(target: Target, env: Mapping[str, str]) -> str | None:
    """Which environment variable this target needs and does not have, or not usably; `None` where it can be asked."""
    missing = [name for name in variables(target) if not env.get(name, "").strip()]
    if not missing:
        unfit = [name for name in variables(target) if not _fits_header(env[name].strip())]
        named = f"${unfit[0]}, which `{target.name}` needs," if unfit else ""
        return f"{named} holds a line break or another character that no key has." if unfit else None
    names = " and ".join(f"${name}" for name in missing)
    return f"`{target.name}` needs {names}, which {'is' if len(missing) == 1 else 'are'} not set."
