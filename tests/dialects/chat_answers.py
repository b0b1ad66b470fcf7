"""Answers in the shapes that providers send them, for the tests of this folder."""

import json
from itertools import pairwise

from qwcli.core.target import Target
from qwcli.dialects import openai

HERE = Target(name="t", provider="p", model="m", url="https://api.example/v1")


def chunk(text=None, finish=None, **more):
    """One `data:` line of a stream: a delta, or what `more` says."""
    delta = {} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def stream(*events, done=True, end="\n", gap="\n"):
    """Events as bytes: objects become `data:` lines, text stands as it is."""
    lines = [event if isinstance(event, str) else f"data: {json.dumps(event)}" for event in events]
    if done:
        lines.append("data: [DONE]")
    return "".join(line + end + gap for line in lines).encode()


def whole(text, finish="stop", **more):
    """A whole body."""
    usage = more.pop("usage", {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10})
    message = {"role": "assistant", "content": text, **more.pop("message", {})}
    return json.dumps(
        {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage, **more}
    ).encode()


def read(body, *, target=HERE, headers=None, cut=False, cuts=()):
    """What a reader makes of these bytes, given at once or in pieces."""
    reader = openai.read(target, headers or {})
    edges = [0, *sorted(cuts), len(body)]
    for start, stop in pairwise(edges):
        reader.feed(body[start:stop])
    return reader.end(cut=cut)


def refused(status, body, *, target=HERE, headers=None):
    """What an error answer amounts to."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return openai.refuse(target, status, headers or {}, data)
