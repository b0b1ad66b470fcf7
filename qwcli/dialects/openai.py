"""The OpenAI-compatible chat wire, as OpenAI and everybody who copies it speak it.

Sources: OpenAI API reference and SDK 2.54; Alibaba Cloud Model Studio (compatible mode), with recorded answers;
the code of vLLM, llama.cpp and Ollama; recorded answers of DeepSeek, Mistral, Groq, xAI, OpenRouter and Azure.
Read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwcli.core.outcome import Fault
from qwcli.core.prompt import Prompt
from qwcli.core.target import Target
from qwcli.core.wire import Request
from qwcli.dialects import _errors, _json
from qwcli.dialects._openai_reader import ChatReader, transient
from qwcli.errors import QwcliError


def write(prompt: Prompt, target: Target) -> Request:
    """A `POST /chat/completions` with what the user set and nothing more, but for asking a stream to tell its usage."""
    parameters = prompt.parameters.over(target.parameters)
    body: dict[str, Any] = {
        "model": target.model,
        "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
        **target.body,
    }
    fields: dict[str, Any] = {
        "temperature": parameters.temperature,
        "max_tokens": parameters.max_tokens,
        "seed": parameters.seed,
    }
    if parameters.json_schema is not None:
        fields["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(parameters.json_schema)},
        }
    if parameters.stream:
        fields["stream"] = True
        fields["stream_options"] = {"include_usage": True}
    for name, value in fields.items():
        if value is not None:
            sent_as = target.sends.get(name, name)
            if sent_as:
                body[sent_as] = value
            elif name != "stream_options":
                raise QwcliError(f"{target.name} cannot be sent {name}", hint=f"leave {name} out for this target")
    if parameters.thinking is not None:
        _merge(body, _thinking(parameters.thinking, target))
    body.update(parameters.extra)
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream" if parameters.stream else "application/json",
    }
    if target.key is not None:
        headers["authorization"] = f"Bearer ${{{target.key}}}"
    # Names are case-insensitive: a target's own `Authorization` replaces ours instead of standing beside it.
    headers.update({name.lower(): value for name, value in target.headers.items()})
    return Request(method="POST", url=f"{target.url}/chat/completions", headers=headers, body=_json.encode(body))


def read(target: Target, headers: Mapping[str, str]) -> ChatReader:
    """A reader for one answer; whether it is a stream or a whole body is told by its first byte."""
    return ChatReader(target, headers)


def refuse(target: Target, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """What an answer with an error status says."""
    try:
        document = _json.decode(body.strip())
    except ValueError:
        document = None
    error = _errors.said(document, failed=True) or _errors.unreadable(status, body, headers)
    return _errors.fault(error, target, status=status, headers=headers, transient=transient(target, document))


def _thinking(wish: bool | int, target: Target) -> dict[str, Any]:
    switch = "budget" if not isinstance(wish, bool) else "on" if wish else "off"
    if switch not in target.thinking:
        raise QwcliError(
            f"how to set thinking={switch} is not known for {target.name}",
            hint="say it in the profile (thinking: {on: {...}, off: {...}, budget: {...}}) or by --param NAME=VALUE",
        )
    fields = dict(target.thinking[switch])
    return _filled(fields, wish) if switch == "budget" else fields


def _filled(fields: Mapping[str, Any], budget: int) -> dict[str, Any]:
    return {
        name: budget if value == "{budget}" else _filled(value, budget) if isinstance(value, Mapping) else value
        for name, value in fields.items()
    }


def _merge(body: dict[str, Any], fields: Mapping[str, Any]) -> None:
    """Lay fields over a body; of an object that is in both (`chat_template_kwargs`) the other members stay."""
    for name, value in fields.items():
        there = body.get(name)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            merged = dict(there)
            _merge(merged, value)
            body[name] = merged
        else:
            body[name] = value
