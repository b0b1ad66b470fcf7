"""Reads one answer on the OpenAI-compatible chat wire, streamed or whole, with the oddities of all who copy it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qwcli.core.outcome import Fault, FaultKind, Finish, Outcome, Reply, Usage
from qwcli.core.target import Target
from qwcli.core.wire import Piece, PieceKind
from qwcli.dialects import _errors, _json
from qwcli.dialects._openai_usage import count
from qwcli.dialects._sse import Event, Events

_FINISHES = {
    "stop": Finish.STOP,
    "eos": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "eos_token": Finish.STOP,
    "end_turn": Finish.STOP,
    "complete": Finish.STOP,
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "max_output_tokens": Finish.LENGTH,
    "model_length": Finish.LENGTH,
    "context_length": Finish.CONTEXT_LENGTH,
    "model_context_window_exceeded": Finish.CONTEXT_LENGTH,
    "content_filter": Finish.CONTENT_FILTER,
    "content_filtered": Finish.CONTENT_FILTER,
    "guardrail_intervened": Finish.CONTENT_FILTER,
    "sensitive": Finish.CONTENT_FILTER,
    "safety": Finish.CONTENT_FILTER,
    "prohibited_content": Finish.CONTENT_FILTER,
    "blocklist": Finish.CONTENT_FILTER,
    "recitation": Finish.CONTENT_FILTER,
    "spii": Finish.CONTENT_FILTER,
    "timeout": Finish.TIME_LIMIT,
    "refusal": Finish.REFUSAL,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "tool_use": Finish.TOOL_CALLS,
}
_FAILING_FINISHES = {"error", "error_finish", "insufficient_system_resource", "network_error", "abort"}


def transient(target: Target, document: object) -> bool | None:
    """Whether `insufficient_quota` recovers: DashScope's own error bodies carry a `request_id` beside the error."""
    if (
        isinstance(document, dict)
        and "request_id" in document
        and "error" in document
        and "openai.com" not in target.url
    ):
        return True
    return None


class ChatReader:
    """Reads one chat answer, streamed or whole."""

    def __init__(self, target: Target, headers: Mapping[str, str]) -> None:
        self._target = target
        self._headers = headers
        self._events: Events | None = None
        self._body: list[bytes] = []
        self._is_body: bool | None = None
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._refusal: list[str] = []
        self._tools: set[object] = set()
        self._usage: Mapping[str, Any] | None = None
        self._finish_raw: str | None = None
        self._model: str | None = None
        self._error: _errors.Said | None = None
        self._error_status: int | None = None
        self._error_document: object = None
        self._answered = False
        self._done = False
        self._garbled = b""
        self._notes: list[str] = []

    def feed(self, data: bytes) -> list[Piece]:
        """Take bytes as they arrived; give back what they add to the answer or the thinking."""
        if self._is_body is None:
            self._body.append(data)
            head = b"".join(self._body).lstrip(b"\xef\xbb\xbf \t\r\n")
            if not head:
                return []
            self._is_body = head[:1] in {b"{", b"[", b"<"}
            if self._is_body:
                return []
            data = b"".join(self._body)
            self._body.clear()
        if self._is_body:
            self._body.append(data)
            return []
        if self._events is None:
            self._events = Events()
        pieces: list[Piece] = []
        for event in self._events.feed(data):
            self._take(event, pieces)
        return pieces

    @property
    def done(self) -> bool:
        """Whether `[DONE]` has come."""
        return self._done

    def end(self, *, cut: bool) -> Outcome:
        """The outcome of what was fed; `cut` when the connection broke rather than ended."""
        if self._is_body is not False:
            self._take_body(cut=cut)
        if self._events is not None:
            last, half = self._events.end()
            cut = cut or half
            for event in last:
                cut = not self._take(event, []) or cut
        if self._error is not None:
            return self._fault(self._error)
        if not self._answered:
            return self._nothing(cut=cut)
        return self._reply(cut=cut)

    def _take_body(self, *, cut: bool) -> None:
        body = b"".join(self._body)
        try:
            document = _json.decode(body.strip())
        except ValueError:
            if b"\ndata:" in body or b"\rdata:" in body:
                # An error that no `data:` came before opened a stream.
                self._is_body, self._events = False, Events()
                for event in self._events.feed(body):
                    self._take(event, [])
            elif not cut:
                self._garbled = body
            return
        self._take_document(document, None, None, [])
        self._done = self._answered

    def _take(self, event: Event, pieces: list[Piece]) -> bool:
        """Take one event; whether it was whole."""
        data = event.data.strip()
        if self._done:
            # What follows the end is no part of the answer.
            return True
        if data == b"[DONE]":
            self._done = True
            return True
        if not data:
            return True
        try:
            document = _json.decode(data)
        except ValueError:
            if event.name == "error":
                self._fail(_errors.Said(message=_errors.unreadable(None, data, {}).message), event.status, None)
                return True
            self._garbled = self._garbled or data
            return False
        self._take_document(document, event.name, event.status, pieces)
        return True

    def _take_document(self, document: object, name: str | None, status: int | None, pieces: list[Piece]) -> None:
        named = name == "error"
        if named or not isinstance(document, dict) or document.get("error") or document.get("choices") is None:
            error = _errors.said(document, failed=named)
            if error is None and named:
                error = _errors.Said(message=_errors.clean(_json.text(document)) or "an error without words")
            if error is not None:
                self._fail(error, status, document)
            if not isinstance(document, dict):
                self._garbled = self._garbled or _json.text(document).encode()
                return
        usage = document.get("usage") or _nested(document, "x_groq", "usage")
        if isinstance(usage, dict) and usage:
            self._usage = usage
        # Azure's first chunk names no model yet.
        if self._model is None and isinstance(document.get("model"), str):
            self._model = document["model"] or None
        choices = document.get("choices")
        if not isinstance(choices, list):
            return
        self._answered = True
        for choice in choices:
            # Of several choices the first is the answer.
            if isinstance(choice, dict) and choice.get("index") in (0, None):
                self._take_choice(choice, pieces)

    def _fail(self, error: _errors.Said, status: int | None, document: object) -> None:
        """Keep the first error: what follows it is seldom more than its echo."""
        if self._error is None:
            self._error, self._error_status, self._error_document = error, status, document

    def _take_choice(self, choice: Mapping[str, Any], pieces: list[Piece]) -> None:
        # Perplexity sends both: a whole body's text is the message, a stream's message is a running total.
        first, second = ("message", "delta") if self._is_body else ("delta", "message")
        part = choice[first] if first in choice else choice.get(second)
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish != "null" and (finish or self._finish_raw is None):
            self._finish_raw = finish
        if isinstance(choice.get("usage"), dict) and self._usage is None:
            self._usage = choice["usage"]
        if choice.get("error"):
            error = _errors.said(choice)
            if error is not None:
                self._fail(error, None, choice)
        if not isinstance(part, dict):
            if isinstance(choice.get("text"), str):
                self._add(PieceKind.ANSWER, choice["text"], pieces)
            return
        if finish == "error_finish":
            # Alibaba's open-source client documents this finish: the error's text stands where the answer's would.
            message = _errors.clean(_json.text(part.get("content")))
            self._fail(_errors.Said(message=message or "the provider broke off", code=finish), None, None)
            return
        self._add(PieceKind.THINKING, part.get("reasoning_content") or part.get("reasoning"), pieces)
        self._add_content(part.get("content"), pieces)
        if part.get("refusal"):
            self._refusal.append(_json.text(part["refusal"]))
        calls = part.get("tool_calls")
        if isinstance(calls, list):
            for number, call in enumerate(calls):
                index = call.get("index") if isinstance(call, dict) else None
                self._tools.add(index if isinstance(index, int | str) else number)
        if isinstance(part.get("function_call"), dict) and part["function_call"].get("name"):
            self._tools.add("function_call")

    def _add_content(self, content: object, pieces: list[Piece]) -> None:
        """Mistral's reasoning models send a list of parts, thinking among them."""
        if not isinstance(content, list):
            self._add(PieceKind.ANSWER, content, pieces)
            return
        for part in content:
            if not isinstance(part, dict):
                self._add(PieceKind.ANSWER, part, pieces)
            elif "thinking" in part:
                for thought in part["thinking"] if isinstance(part["thinking"], list) else [part["thinking"]]:
                    self._add(PieceKind.THINKING, thought.get("text") if isinstance(thought, dict) else thought, pieces)
            else:
                self._add(PieceKind.ANSWER, part.get("text"), pieces)

    def _add(self, kind: PieceKind, value: object, pieces: list[Piece]) -> None:
        added = _json.text(value)
        if added:
            (self._text if kind is PieceKind.ANSWER else self._thinking).append(added)
            pieces.append(Piece(kind, added))

    def _fault(self, error: _errors.Said) -> Fault:
        recovers = transient(self._target, self._error_document)
        if self._error_status is not None:
            # A raw native frame inside a compatible stream; only DashScope sends these.
            recovers = True
        fault = _errors.fault(error, self._target, status=self._error_status, headers=self._headers, transient=recovers)
        return replace(
            fault,
            text="".join(self._text),
            thinking="".join(self._thinking),
            usage=self._counted(),
            finish_raw=self._finish_raw,
            model=self._model,
            notes=tuple(self._notes),
        )

    def _nothing(self, *, cut: bool) -> Fault:
        request_id = self._headers.get("x-request-id")
        garbled = self._garbled or (self._events.junk if self._events is not None else b"")
        if cut or (self._is_body is False and not garbled):
            return Fault(
                kind=FaultKind.RESET,
                message="the connection ended before any answer",
                retryable=True,
                request_id=request_id,
                usage=self._counted(),
            )
        shown = _errors.unreadable(None, garbled or b"".join(self._body), self._headers)
        message = f"a success status, but no chat answer: {shown.message}"
        return Fault(kind=FaultKind.PROTOCOL, message=message, request_id=request_id)

    def _reply(self, *, cut: bool) -> Outcome:
        raw = self._finish_raw
        if raw in _FAILING_FINISHES:
            return self._fault(_errors.Said(message=f"the provider ended the answer with {raw!r}", code=raw))
        finish = _FINISHES.get(raw.lower(), Finish.UNKNOWN) if raw else Finish.UNKNOWN
        if self._tools and finish in {Finish.STOP, Finish.UNKNOWN}:
            finish = Finish.TOOL_CALLS
        if self._refusal and not self._text:
            finish = Finish.REFUSAL
        if self._headers.get("x-dashscope-partialresponse", "").lower() == "true":
            finish = Finish.TIME_LIMIT
            self._notes.append("the server's own time limit ended the answer")
        # After its last word a connection may break as it likes.
        cut = (cut or self._target.ends_with_done) and not self._done
        if cut:
            finish = Finish.CUT
        if self._garbled and not cut:
            self._notes.append("a part of the stream could not be read")
        return Reply(
            text="".join(self._text),
            thinking="".join(self._thinking),
            finish=finish,
            finish_raw=raw,
            usage=self._counted(),
            refusal="".join(self._refusal) or None,
            tool_calls=len(self._tools),
            model=self._model,
            request_id=self._headers.get("x-request-id"),
            notes=tuple(self._notes),
        )

    def _counted(self) -> Usage | None:
        if self._usage is None:
            return None
        usage, notes = count(self._usage)
        if usage is not None and self._text and not usage.prompt and not usage.output:
            usage, notes = None, ["a usage of no tokens for an answer with text: taken as not reported"]
        self._notes.extend(note for note in notes if note not in self._notes)
        return usage


def _nested(document: Mapping[str, Any], *path: str) -> object:
    value: object = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
