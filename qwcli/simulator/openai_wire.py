"""How the OpenAI-compatible wire answers, as DashScope speaks it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from qwcli.simulator.models import MODELS
from qwcli.simulator.plan import Answer, Blocked, Busy, Ending, TooLong

_MOST_PIECES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Bytes of a stream, due when `tokens` are generated; `usage` says that they tell the client its usage."""

    data: bytes
    tokens: int
    usage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer with an error status."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def whole(answer: Answer, model: str) -> bytes:
    """The answer as one JSON body."""
    message = {"role": "assistant", "content": answer.text}
    if answer.thinking:
        message["reasoning_content"] = answer.thinking
    finish = None if answer.ending is Ending.UNFINISHED else answer.finish
    choice = {"finish_reason": finish, "index": 0, "logprobs": None, "message": message}
    return _json({"choices": [choice], **_head(answer, model, "chat.completion"), "usage": _usage(answer)})


def frames(answer: Answer, model: str, *, include_usage: bool) -> Iterator[Frame]:
    """The answer as the events of a stream, in order; a bad ending comes where the answer breaks."""
    head = _head(answer, model, "chat.completion.chunk")

    def event(delta: dict[str, Any] | None, finish: str | None = None, usage: dict[str, Any] | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        choices = [] if delta is None else [choice]
        return b"data: " + _json({**head, "choices": choices, "usage": usage}) + b"\n\n"

    yield Frame(data=event({"role": "assistant", "content": ""}), tokens=0)
    deltas = list(_deltas(answer))
    broken = answer.ending in (Ending.CUT, Ending.UNDONE, Ending.ERROR)
    tokens = 0
    for delta, tokens in deltas[: round(answer.breaks_at * len(deltas))] if broken else deltas:
        yield Frame(data=event(delta), tokens=tokens)
    if answer.ending is Ending.CUT:
        yield Frame(data=event({"content": ""})[:40], tokens=tokens)
    elif answer.ending is Ending.ERROR:
        yield Frame(data=_native_error(answer), tokens=tokens)
    if broken:
        return
    if answer.ending is not Ending.UNFINISHED:
        yield Frame(data=event({"content": ""}, finish=answer.finish), tokens=answer.completion_tokens)
    if include_usage:
        yield Frame(data=event(None, usage=_usage(answer)), tokens=answer.completion_tokens, usage=True)
    yield Frame(data=b"data: [DONE]\n\n", tokens=answer.completion_tokens)


def refuse(plan: Busy | Blocked | TooLong, request_id: str) -> Refusal:
    """What a plan without an answer is on this wire (DashScope's error codes in compatible mode)."""
    match plan:
        case Busy(retry_after=seconds):
            said = "You exceeded your current requests list, please slow down your requests."
            return _error(429, "limit_requests", said, request_id, headers={"Retry-After": f"{seconds:g}"})
        case Blocked():
            said = "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."
            return _error(400, "data_inspection_failed", said, request_id)
        case TooLong(context=context):
            return invalid(
                f"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, {context}]", request_id
            )


def invalid(message: str, request_id: str) -> Refusal:
    """The request is none of this wire, or asks for what there is not."""
    return _error(400, "invalid_parameter_error", message, request_id, kind="invalid_request_error")


def wrong_key(request_id: str) -> Refusal:
    """The key is none of ours."""
    return _error(401, "invalid_api_key", "Incorrect API key provided.", request_id, kind="invalid_request_error")


def unknown_model(model: str, request_id: str) -> Refusal:
    """There is no such model."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return _error(404, "model_not_found", message, request_id, kind="invalid_request_error")


def internal_error(request_id: str) -> Refusal:
    """The provider's own fault."""
    return _error(500, "internal_error", "Internal server error.", request_id)


def models() -> bytes:
    """The list of models."""
    data = [{"id": name, "object": "model", "created": 1767225600, "owned_by": "system"} for name in MODELS]
    return _json({"object": "list", "data": data})


def _error(
    status: int,
    code: str,
    message: str,
    request_id: str,
    *,
    kind: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Refusal:
    said = {"message": message, "type": kind or code, "param": None, "code": code}
    return Refusal(status=status, body=_json({"error": said, "request_id": request_id}), headers=headers or {})


def _deltas(answer: Answer) -> Iterator[tuple[dict[str, Any], int]]:
    """The pieces of thinking and text, each with the tokens generated once it is there."""
    done = 0
    for text, tokens, thinking in (
        (answer.thinking, answer.thinking_tokens, True),
        (answer.text, answer.answer_tokens, False),
    ):
        size = max(6, -(-len(text) // _MOST_PIECES))
        for start in range(0, len(text), size):
            piece = text[start : start + size]
            shown = {"content": None, "reasoning_content": piece} if thinking else {"content": piece}
            yield shown, done + -(-min(start + size, len(text)) * tokens // len(text))
        done += tokens


def _head(answer: Answer, model: str, kind: str) -> dict[str, Any]:
    chat = f"chatcmpl-{UUID(hex=answer.id)}"
    return {"id": chat, "object": kind, "created": int(time.time()), "model": model, "system_fingerprint": None}


def _usage(answer: Answer) -> dict[str, Any]:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "text_tokens": answer.prompt_tokens},
        "completion_tokens_details": {
            "reasoning_tokens": answer.thinking_tokens,
            "text_tokens": answer.answer_tokens,
        },
    }


def _native_error(answer: Answer) -> bytes:
    """DashScope's native error frame, sent raw inside compatible streams; the status is only in the comment."""
    message = "Allocated quota exceeded, please increase your quota limit."
    said = {"request_id": str(UUID(hex=answer.id)), "code": "Throttling.AllocationQuota", "message": message}
    return b"id:1\nevent:error\n:HTTP_STATUS/429\ndata:" + _json(said) + b"\n\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
