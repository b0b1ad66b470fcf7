"""Where the profiles, price books and datasets lie that come with the package."""

from __future__ import annotations

from pathlib import Path

from qwcli.core.names import meant
from qwcli.errors import QwcliError

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(kind: str) -> Path:
    """The folder of bundled `profiles` or `datasets`: inside an installed package, beside it in a checkout."""
    installed = _PACKAGE / "data" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def profiles() -> dict[str, Path]:
    """The bundled profiles by name."""
    return _by_stem(folder("profiles"), ".yaml")


def books() -> dict[str, Path]:
    """The bundled price books by name."""
    return _by_stem(folder("profiles") / "prices", ".yaml")


def datasets() -> dict[str, Path]:
    """The bundled datasets by name."""
    return _by_stem(folder("datasets"), ".jsonl")


def dataset(name: str) -> Path:
    """The file of a bundled dataset, by its name with or without `.jsonl`. Raises `QwcliError` where there is none."""
    known = datasets()
    found = known.get(name.removesuffix(".jsonl"))
    if found is None:
        raise QwcliError(f"There is no file `{name}`, and no bundled dataset of that name{meant(name, known)}.")
    return found


def _by_stem(where: Path, suffix: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted(where.glob(f"*{suffix}"))}
