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
    try:
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    except OSError as error:
        raise QwcliError(f"{out} cannot be written: {error.strerror or error}.") from error
    whole = False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            yield stream
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(out)
        whole = True
    except OSError as error:
        raise QwcliError(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        if not whole:
            Path(name).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
