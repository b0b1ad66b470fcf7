"""How results are written, and where to: standard output, or a file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from qwcli.cli import signals
from qwcli.errors import QwcliError

if TYPE_CHECKING:
    from qwcli.core.table import Table


class Format(StrEnum):
    """What tables can be written as."""

    TABLE = "table"
    MD = "md"
    CSV = "csv"
    JSON = "json"


def show(
    tables: Sequence[Table], document: Callable[[], Mapping[str, Any]], fmt: Format | None, out: Path | None
) -> None:
    """Write tables, or the document for JSON; the default is a table, as wide as it needs to be where nobody looks."""
    from qwcli.render import write, write_json

    terminal = out is None and sys.stdout.isatty()
    with destination(out) as stream:
        if fmt is Format.JSON:
            write_json(document(), stream)
        else:
            chosen = fmt or Format.TABLE
            write(tables, chosen.value, stream, color=terminal and "NO_COLOR" not in os.environ)


@contextmanager
def destination(out: Path | None) -> Iterator[TextIO]:
    """A stream to write to. A file is written beside its place and moved there at the end, so none is left in half."""
    if out is None:
        yield sys.stdout
        return
    with signals.unwinding(f"Interrupted. {out} was not written."):
        try:
            with _device(out) if _is_device(out) else _file(out.resolve()) as stream:
                yield stream
        except OSError as error:
            raise _unwritable(out, error.strerror or str(error)) from error


def check(out: Path | None, *read: Path | str | None) -> None:
    """Raise `QwcliError` where a file could not be written, before money is spent on what is to stand in it.

    `read` are the files this command reads, or keeps its record in: none of them is ever written over.
    """
    if out is None or _is_device(out):
        return
    for path in read:
        if path is not None and _same(out, Path(path)):
            raise _unwritable(out, "this command reads it, or keeps its record there")
    folder = out.resolve().parent
    if out.is_dir():
        raise _unwritable(out, "it is a folder")
    if not folder.is_dir():
        raise _unwritable(out, f"there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise _unwritable(out, f"the folder {folder} may not be written to")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _unwritable(out: Path, why: str) -> QwcliError:
    return QwcliError(f"{out} cannot be written: {why}.", hint="Name another file with --out FILE.")


def _is_device(out: Path) -> bool:
    """Whether it is there and is no file (`/dev/stdout`, a named pipe): such is written to, and never replaced."""
    return out.exists() and not out.is_file() and not out.is_dir()


@contextmanager
def _device(out: Path) -> Iterator[TextIO]:
    with out.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        yield stream


@contextmanager
def _file(out: Path) -> Iterator[TextIO]:
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    whole = False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(out)
        whole = True
    finally:
        if not whole:
            Path(name).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
