"""Loads a profile: finds its files, checks them whole, and builds the targets and routes a user can name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qwcli.core import url as urls
from qwcli.core.profile import Profile
from qwcli.core.prompt import NOTHING
from qwcli.store import bundled
from qwcli.store.assembly import Assembly, Policies
from qwcli.store.files import Files, digest_of, is_file
from qwcli.store.sources import FILE_NAME, locate, merge
from qwcli.store.trust import is_trusted
from qwcli.store.variables import named_in


def user_folder() -> Path:
    """The folder of the user's own configuration: `qwcli.yaml`, and what is trusted."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only where it is asked for

    return user_config_path("qwcli", appauthor=False)


def load(
    choice: str | None,
    *,
    env: Mapping[str, str],
    cwd: Path,
    config: Path,
    policies: Policies,
    dialects: frozenset[str],
) -> Profile:
    """The profile `choice` names, by bundled name or path, or else the first that is found.

    Looked for are `$QWCLI_PROFILE`, `./qwcli.yaml`, `qwcli.yaml` in the folder `config`, and the bundled default.
    `policies` are the policies there are, each with what checks a route's options; `dialects` the names of the
    dialects. Raises `QwcliError` with every mistake in every file, each as `file: dotted.path: what`.
    """
    config_file = config / FILE_NAME
    source = locate(choice, env=env, cwd=cwd, config=config)
    files = Files(cwd)
    merged = merge(source, files, config_file)
    targets, routes = (
        Assembly(merged, files, policies=policies, dialects=dialects).build() if merged.whole else ({}, {})
    )
    read = dict(files.digests)
    key_hosts = _key_hosts(files, config_file)
    files.refuse(f"The profile {source.name}")
    own = [digest for path, digest in read.items() if not path.is_relative_to(bundled.folder("profiles"))]
    return Profile(
        name=source.name,
        files=read,
        digest=digest_of(list(read.values())),
        targets=targets,
        routes=routes,
        models=tuple((merged.plain.get("defaults") or {}).get("models") or ()),
        ledger_text=(merged.plain.get("ledger") or {}).get("text") is not False,
        trusted=not source.found or is_trusted(digest_of(own), config),
        key_hosts=key_hosts,
        config_file=config_file,
    )


def _key_hosts(files: Files, config_file: Path) -> Mapping[str, tuple[str, ...]]:
    """Where each key a bundled provider knows may go: to that provider's hosts, and where the user allows."""
    hosts: dict[str, dict[str, None]] = {}
    for path in bundled.profiles().values():
        for variable, host in _destinations(files.yaml(path) or {}):
            hosts.setdefault(variable, {})[host] = None
    for variable, more in _allowed_by_user(files, config_file).items():
        hosts.setdefault(variable, {}).update(dict.fromkeys(host.lower() for host in more))
    return {variable: tuple(names) for variable, names in hosts.items()} or NOTHING


def _destinations(plain: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Each key variable in a bundled profile with each host it goes to."""
    for section in ("providers", "targets"):
        for entry in (plain.get(section) or {}).values():
            for url in (*(entry.get("regions") or {}).values(), *([entry["url"]] if entry.get("url") else [])):
                for variable in named_in(entry.get("key"), entry.get("headers") or {}):
                    yield variable, urls.host(url)


def _allowed_by_user(files: Files, config_file: Path) -> Mapping[str, list[str]]:
    from qwcli.store.schema import ProfileFile  # noqa: PLC0415 - loads pydantic
    from qwcli.store.shape import dotted, mistakes  # noqa: PLC0415 - loads pydantic

    if not is_file(config_file):
        return {}
    before = len(files.mistakes)
    config_file = config_file.resolve()
    plain = files.yaml(config_file)
    allowed = plain.get("key_hosts") if isinstance(plain, dict) else None
    for where, what in mistakes(ProfileFile, {"key_hosts": allowed}):
        files.note(config_file, dotted(where), what)
    return allowed if len(files.mistakes) == before and allowed else {}
