"""What a profile may do before its user trusts it, and where a key may go.

A profile that merely lies in the working directory may come with somebody else's repository: until its user says
otherwise it may be listed, and nothing is sent anywhere in its name.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qwcli.core import url as urls
from qwcli.core.profile import Profile
from qwcli.core.target import Target
from qwcli.errors import QwcliError
from qwcli.store import bundled
from qwcli.store.files import digest_of
from qwcli.store.variables import variables

TRUST_FILE = "trusted.json"


def require_trust(profile: Profile) -> None:
    """Raise `QwcliError` unless the profile may be used: named by its user, or trusted with exactly this content."""
    if not profile.trusted:
        message = f"{profile.name} lies in this folder, and nobody has said that it may send anything."
        raise QwcliError(message, hint=f"Read it, then run `qwcli trust`, or name it: --profile ./{profile.name}")


def hosts(targets: Iterable[Target]) -> dict[str, tuple[str, ...]]:
    """Every host these targets lead to, with the names of the environment variables that would go there."""
    found: dict[str, dict[str, None]] = {}
    for target in targets:
        found.setdefault(urls.authority(target.url) or "this machine", {}).update(dict.fromkeys(variables(target)))
    return {host: tuple(names) for host, names in found.items()}


def check_key_use(target: Target, profile: Profile | None, *, insecure_http: bool = False) -> None:
    """Raise `QwcliError` where asking this target would send a key where it does not belong.

    A variable a bundled provider knows goes to that provider's hosts, to loopback, and to what the user's own
    configuration allows; no secret goes over plain http but to loopback, or with `insecure_http`. `profile` is `None`
    for an ad-hoc target: its `--key-env` is the user's own word, and goes where its URL leads.
    """
    secrets = variables(target)
    if not secrets or urls.is_loopback(target.url):
        return
    host = urls.host(target.url)
    if urls.is_plain_http(target.url) and not insecure_http:
        message = f"`{target.name}` would send ${secrets[0]} to {host} over plain http, for anyone on the way to read."
        raise QwcliError(message, hint="Use https, or say --insecure-http if the way there is your own.")
    if profile is None:
        return
    for variable in secrets:
        allowed = profile.key_hosts.get(variable)
        if allowed is None or any(_matches(host, pattern) for pattern in allowed):
            continue
        message = f"`{target.name}` would send ${variable} to {host}; that key is for {', '.join(allowed)}."
        hint = f"If you mean it, write into {profile.config_file}:\n  key_hosts: {{{variable}: [{host}]}}"
        raise QwcliError(message, hint=hint)


def trust(profile: Profile, config: Path) -> None:
    """Remember, in the folder `config`, that exactly this content of the profile is trusted. Raises `QwcliError`."""
    own = {
        path: digest for path, digest in profile.files.items() if not path.is_relative_to(bundled.folder("profiles"))
    }
    trusted = _read(config)
    trusted[digest_of(list(own.values()))] = {"files": [str(path) for path in own]}
    _write(config, trusted)


def is_trusted(digest: str, config: Path) -> bool:
    """Whether a content with this digest is trusted. Raises `QwcliError` where the record cannot be read."""
    return digest in _read(config)


def _matches(host: str, pattern: str) -> bool:
    """Whether a host is the one allowed, or below it where the pattern begins with `*.`."""
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _read(config: Path) -> dict[str, Any]:
    path = config / TRUST_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        trusted = record["trusted"]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise QwcliError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        trusted = None
    if not isinstance(trusted, Mapping):
        raise QwcliError(
            f"{path} is not a record of trusted profiles.", hint="Remove it, and trust your profiles again."
        )
    return dict(trusted)


def _write(config: Path, trusted: Mapping[str, Any]) -> None:
    path = config / TRUST_FILE
    try:
        config.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=config, prefix=TRUST_FILE)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"version": 1, "trusted": trusted}, file, indent=1)
            Path(temporary).replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise QwcliError(f"{path} cannot be written: {error.strerror or error}") from None
