"""Reads the files a configuration consists of, keeps the digest of each, and gathers every mistake found on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from qwcli.errors import QwcliError

_LARGEST = 4 * 1024 * 1024


class Files:
    """The files read for one configuration: each once, with its SHA-256. `mistakes` all begin with their file."""

    def __init__(self, cwd: Path) -> None:
        self.digests: dict[Path, str] = {}
        self.mistakes: list[str] = []
        self._cwd = cwd.resolve()
        self._texts: dict[Path, str | None] = {}
        self._values: dict[tuple[Path, bool], Any] = {}

    def shown(self, path: Path) -> str:
        """The path as the user would write it from the working directory."""
        return str(path.relative_to(self._cwd)) if path.is_relative_to(self._cwd) else str(path)

    def text(self, path: Path) -> str | None:
        """A file's text, or `None` where it cannot be read, which is then among the mistakes."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def yaml(self, path: Path, *, exact: bool = False) -> Any:  # noqa: ANN401 - whatever the file holds
        """A YAML file's plain value, or `None` where it is empty or cannot be read as such."""
        from qwcli.store.yaml_file import parse  # noqa: PLC0415 - loads PyYAML

        if (path, exact) not in self._values:
            text = self.text(path)
            value, mistakes = (None, []) if text is None else parse(text, self.shown(path), exact=exact)
            self.mistakes += mistakes
            self._values[path, exact] = value
        return self._values[path, exact]

    def note(self, path: Path | str, where: str, what: str) -> None:
        """Keep a mistake: in which file, at which dotted path, and what is wrong."""
        file = self.shown(path) if isinstance(path, Path) else path
        mistake = f"{file}: {where}: {what}"
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def refuse(self, what: str) -> None:
        """Raise a `QwcliError` with all mistakes, if there are any."""
        if not self.mistakes:
            return
        if len(self.mistakes) == 1:
            raise QwcliError(self.mistakes[0])
        raise QwcliError("\n  ".join([f"{what} has {len(self.mistakes)} mistakes:", *self.mistakes]))

    def _read(self, path: Path) -> str | None:
        try:
            if path.stat().st_size > _LARGEST:
                self.mistakes.append(
                    f"{self.shown(path)}: is larger than {_LARGEST // 1024 // 1024} MiB: no configuration"
                )
                return None
            data = path.read_bytes()
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.mistakes.append(f"{self.shown(path)}: is not UTF-8 text (byte {error.start + 1})")
            return None
        except OSError as error:
            self.mistakes.append(f"{self.shown(path)}: cannot be read: {error.strerror or error}")
            return None
        self.digests[path] = hashlib.sha256(data).hexdigest()
        return text


def is_file(path: Path) -> bool:
    """Whether there is a file we may look at; a name that is none, or lies where we may not look, is no failure."""
    try:
        return path.is_file()
    except OSError:  # Python before 3.14: no permission, or a name too long
        return False


def digest_of(digests: list[str]) -> str:
    """One SHA-256 over several contents, in order; where they lay does not enter it."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
