"""Where results go: standard output, or a file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from qwcli.errors import QwcliError


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
