"""How the OpenAI-compatible wire asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from qwcli.core.prompt import Message
from qwcli.simulator.plan import Ask

GOLD_HEADER = "x-qwcli-sim-gold"
"""Carries the right answer, percent-encoded UTF-8; sent to simulated targets only."""


class BadRequestError(ValueError):
    """The request is none of this wire; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request as this wire carries it: what is asked, and how the answer shall be sent."""

    ask: Ask
    stream: bool
    include_usage: bool


def read(body: bytes, gold: str | None) -> Order:
    """The order in a request body, with the gold header's value. Raises `BadRequestError`."""
    try:
        sent = json.loads(body)
    except ValueError as error:
        raise BadRequestError(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(sent, dict) or not isinstance(sent.get("model"), str):
        raise BadRequestError("you must provide a model parameter")
    messages = sent.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("[] is too short - 'messages'")
    stop = sent.get("stop") or ()
    options = sent.get("stream_options") or {}
    ask = Ask(
        model=sent["model"],
        messages=tuple(_message(message) for message in messages),
        gold=None if gold is None else unquote(gold),
        seed=_whole(sent, "seed", least=None),
        max_tokens=_whole(sent, "max_tokens", least=1),
        max_total_tokens=_whole(sent, "max_completion_tokens", least=1),
        stop=(stop,) if isinstance(stop, str) else tuple(str(one) for one in stop),
        schema=_schema(sent.get("response_format")),
        thinking=sent.get("enable_thinking") if isinstance(sent.get("enable_thinking"), bool) else None,
        thinking_budget=_whole(sent, "thinking_budget", least=0),
    )
    return Order(ask=ask, stream=sent.get("stream") is True, include_usage=options.get("include_usage") is True)


def _message(sent: object) -> Message:
    if not isinstance(sent, dict) or not isinstance(sent.get("role"), str):
        raise BadRequestError("'messages' must be objects with a role and a content")
    content = sent.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return Message(role=sent["role"], content=content if isinstance(content, str) else "")


def _whole(sent: Mapping[str, Any], name: str, *, least: int | None) -> int | None:
    value = sent.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
        at_least = "" if least is None else f" of at least {least}"
        raise BadRequestError(f"<400> InternalError.Algo.InvalidParameter: {name} must be a whole number{at_least}")
    return value


def _schema(response_format: object) -> Mapping[str, Any] | None:
    """The schema in `{"type": "json_schema", "json_schema": {"name", "schema"}}`; `json_object` asks for any object."""
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object" | "json_schema"}:
            return {}
    return None
