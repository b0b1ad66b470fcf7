"""Which profile is meant, and what its files say together: included files first, later ones over them, key by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwcli.core.names import meant
from qwcli.errors import QwcliError
from qwcli.store import bundled
from qwcli.store.files import Files, is_file
from qwcli.store.prices import is_path

FILE_NAME = "qwcli.yaml"
SECTIONS = ("providers", "targets", "routes", "defaults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file a profile begins with. `found` where it merely lay in the working directory and nobody named it."""

    name: str
    path: Path
    found: bool = False


@dataclass(slots=True, kw_only=True)
class Merged:
    """What all files of a profile say together, as plain values.

    `origins` is the last file to mention an entry, by section and name. `broken` are entries with mistakes of shape:
    they are known by name but not looked into. `whole` is false where a file or a section could not be read at all.
    """

    plain: dict[str, Any] = field(default_factory=dict)
    origins: dict[tuple[str, str], Path] = field(default_factory=dict)
    broken: set[tuple[str, str]] = field(default_factory=set)
    whole: bool = True


def locate(choice: str | None, *, env: Mapping[str, str], cwd: Path, config: Path) -> Source:
    """The profile meant: by name or path, else `$QWCLI_PROFILE`, `./qwcli.yaml`, the user's own, the bundled default.

    Raises `QwcliError` where what was named is not there.
    """
    named = choice or env.get("QWCLI_PROFILE")
    if not named:
        for candidate, found in ((cwd / FILE_NAME, True), (config / FILE_NAME, False)):
            if is_file(candidate):
                return Source(name=FILE_NAME if found else str(candidate), path=candidate, found=found)
        named = "default"
    path = cwd / Path(named).expanduser() if is_path(named) else bundled.profiles().get(named)
    by = "--profile" if choice else "$QWCLI_PROFILE"
    if path is None:
        hint = "A profile of your own is named by its path, as in `./mine.yaml`."
        raise QwcliError(f"{by}: there is no bundled profile `{named}`{meant(named, bundled.profiles())}.", hint=hint)
    if not is_file(path):
        if path.is_dir():
            raise QwcliError(f"{by}: {named} is a folder, and a profile is one YAML file.")
        raise QwcliError(f"{by}: there is no file {named}.")
    return Source(name=named, path=path)


def merge(source: Source, files: Files, config_file: Path) -> Merged:
    """Everything the profile's files say together; what is wrong in them goes to `files`."""
    merged = Merged()
    _Merging(files, merged, config_file).add(source.path, ())
    return merged


class _Merging:
    """Adds file after file to what is merged so far."""

    def __init__(self, files: Files, merged: Merged, config_file: Path) -> None:
        self._files = files
        self._merged = merged
        self._config_file = config_file
        self._checked: dict[Path, dict[str, Any]] = {}

    def add(self, path: Path, above: tuple[Path, ...]) -> None:
        path = path.resolve()
        plain = self._checked.get(path)
        if plain is None:
            plain = self._checked[path] = self._read(path)
        for at, name in enumerate(plain.get("include") or []):
            included = path.parent / Path(name).expanduser() if is_path(name) else bundled.profiles().get(name)
            where = f"include.{at}"
            if included is None:
                self._broken(path, where, f"there is no bundled profile `{name}`{meant(name, bundled.profiles())}")
            elif included.resolve() in {path, *above}:
                self._broken(path, where, f"`{name}` includes this file in turn")
            elif not is_file(included):
                self._broken(path, where, f"there is no file `{name}`")
            else:
                self.add(included, (*above, path))
        own = {key: value for key, value in plain.items() if key != "include"}
        self._merged.plain = over(own, self._merged.plain)
        for section in SECTIONS:
            self._merged.origins |= {(section, name): path for name in own.get(section) or {}}

    def _read(self, path: Path) -> dict[str, Any]:
        from qwcli.store.schema import ProfileFile  # noqa: PLC0415 - loads pydantic
        from qwcli.store.shape import dotted, mistakes  # noqa: PLC0415 - loads pydantic

        before = len(self._files.mistakes)
        plain = self._files.yaml(path)
        if len(self._files.mistakes) > before:
            self._merged.whole = False
            return {}
        for where, what in mistakes(ProfileFile, plain):
            self._files.note(path, dotted(where), what)
            if len(where) > 1 and where[0] in SECTIONS:
                self._merged.broken.add((str(where[0]), str(where[1])))
            else:
                self._merged.whole = False
                plain = (
                    {key: value for key, value in plain.items() if key != where[0]} if isinstance(plain, dict) else {}
                )
        plain = plain or {}
        if plain.get("key_hosts") is not None and path != self._config_file.resolve():
            self._files.note(path, "key_hosts", f"stands in your own configuration only: {self._config_file}")
        return _anchored(plain, path.parent)

    def _broken(self, path: Path, where: str, what: str) -> None:
        self._files.note(path, where, what)
        self._merged.whole = False


def over(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """`upper` laid over `lower`: mappings key by key, anything else replaced."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = over(value, below) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _anchored(plain: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same with paths of price books made absolute: they are meant from the file they stand in."""

    def anchor(prices: object) -> object:
        if isinstance(prices, dict):
            return {region: anchor(book) for region, book in prices.items()}
        return str(folder / Path(prices).expanduser()) if isinstance(prices, str) and is_path(prices) else prices

    anchored = dict(plain)
    for section in ("providers", "targets"):
        entries = plain.get(section)
        if isinstance(entries, dict):
            anchored[section] = {
                name: {**entry, "prices": anchor(entry["prices"])}
                if isinstance(entry, dict) and "prices" in entry
                else entry
                for name, entry in entries.items()
            }
    return anchored
