"""Server-sent events from bytes as they arrive, split anywhere.

By hand, because the libraries drop what matters here: the last event of a cut stream, the first after a byte order
mark, and comments (DashScope puts the real status of an error into one). An event ends at a blank line or where the
next `data:` begins a JSON value of its own, since some recorded streams have no blank lines. A line that is an object
without `data:` before it is taken for one with: gateways write the error that ends a stream that way.
"""

from __future__ import annotations

from dataclasses import dataclass

_FIELDS = frozenset({b"data", b"event", b"id", b"retry", b""})


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name (or `None`), its data, and the status a `:HTTP_STATUS/nnn` comment gave."""

    name: str | None
    data: bytes
    status: int | None


class Events:
    """Takes bytes, gives events. Line ends may be LF, CRLF or CR, and may be split between two reads.

    `junk` is the first line that has no place in an event stream; empty where there is none.
    """

    __slots__ = ("_data", "_line", "_name", "_skip_lf", "_started", "_status", "junk")

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._name: str | None = None
        self._status: int | None = None
        self._skip_lf = False
        self._started = False
        self.junk = b""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events these bytes complete."""
        if self._skip_lf and chunk:
            self._skip_lf = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        events: list[Event] = []
        start = 0
        while True:
            newline = chunk.find(b"\n", start)
            cr = chunk.find(b"\r", start, newline if newline >= 0 else len(chunk))
            end = cr if cr >= 0 else newline
            if end < 0:
                break
            self._line.append(chunk[start:end])
            start = end + 1
            if cr >= 0:
                if start == len(chunk):
                    self._skip_lf = True
                elif chunk[start : start + 1] == b"\n":
                    start += 1
            self._take_line(events)
        if start < len(chunk):
            self._line.append(chunk[start:])
        return events

    def end(self) -> tuple[list[Event], bool]:
        """The events still held at the end, and whether half a line was left that is no event."""
        rest = b"".join(self._line)
        events: list[Event] = []
        known = rest.startswith((b"data:", b"{", b":")) or not rest.strip()
        half = not known and any(field.startswith(rest.partition(b":")[0]) for field in _FIELDS)
        if not half:
            self._take_line(events)
        self._line.clear()
        self._flush(events)
        return events, half

    def _take_line(self, events: list[Event]) -> None:
        line = b"".join(self._line) if len(self._line) != 1 else self._line[0]
        self._line.clear()
        if not self._started:
            self._started = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            self._flush(events)
        elif line.startswith((b"data:", b"{")):
            value = (line[6:] if line[5:6] == b" " else line[5:]) if line.startswith(b"data:") else line
            if self._data and value[:1] in {b"{", b"["} and self._data[-1].rstrip()[-1:] in {b"}", b"]"}:
                self._flush(events)
            self._data.append(value)
        elif line.startswith(b"event:"):
            if self._data:
                self._flush(events)
            self._name = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b":HTTP_STATUS/"):
            digits = line[13:].strip()
            self._status = int(digits) if digits.isdigit() and len(digits) <= 3 else None
        elif not self.junk and line.strip().partition(b":")[0] not in _FIELDS:
            self.junk = line

    def _flush(self, events: list[Event]) -> None:
        if self._data:
            events.append(Event(self._name, b"\n".join(self._data), self._status))
            self._data = []
        self._name = None
        self._status = None
