"""Token counts as the OpenAI-compatible wire gives them, to four disjoint counters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwcli.core.outcome import Usage
from qwcli.dialects import _json


def count(usage: Mapping[str, Any]) -> tuple[Usage | None, list[str]]:
    """Four disjoint counters from a usage object, and what was odd about it.

    `prompt_tokens` holds what was read from and written to a cache, and `completion_tokens` the reasoning, except where
    the arithmetic of the object itself shows otherwise (xAI counts reasoning apart; Azure's Grok counts cached apart;
    Gemini behind this wire leaves its thoughts out of `completion_tokens`, but not out of `total_tokens`).
    """
    prompt = _first(usage, "prompt_tokens", "input_tokens")
    completion = _first(usage, "completion_tokens", "output_tokens")
    whole = _first(usage, "total_tokens")
    if prompt is None and completion is not None and whole is not None and whole >= completion:
        prompt = whole - completion
    elif completion is None and prompt is not None and whole is not None and whole >= prompt:
        completion = whole - prompt
    if prompt is None or completion is None:
        return None, ["the provider reported no whole usage"]
    notes: list[str] = []
    outside = _details(usage, "completion_tokens_details", "output_tokens_details")
    reasoning = _first(outside, "reasoning_tokens")
    if reasoning is None:
        reasoning = _first(usage, "reasoning_tokens")
    read, wrote = _cached(usage)
    beside = (whole or 0) - prompt - completion
    cached_beside = not reasoning and read + wrote > 0 and beside == read + wrote
    fresh = prompt if cached_beside else _fresh(prompt, read, wrote, notes)
    output = completion
    if reasoning and beside == reasoning:
        notes.append("reasoning tokens counted beside the completion: added to the output")
        output = completion + reasoning
    elif cached_beside:
        notes.append("cached tokens counted beside the prompt")
    elif reasoning is None and beside > 0 and read <= prompt:
        notes.append("the total holds tokens that neither prompt nor completion does: taken for output")
        output = completion + beside
    elif reasoning and reasoning > completion:
        notes.append("more reasoning tokens than output tokens")
    return Usage(input=fresh, cache_read=read, cache_write=wrote, output=output, reasoning=reasoning), notes


def _cached(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens read from a cache and written to one."""
    inside = _details(usage, "prompt_tokens_details", "prompt_token_details", "input_tokens_details")
    read = _first(inside, "cached_tokens")
    if read is None:
        read = _first(usage, "prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens")
    wrote = _first(inside, "cache_write_tokens", "cache_creation_input_tokens", "cache_creation_tokens")
    if wrote is None:
        wrote = _first(usage, "cache_creation_input_tokens")
    return read or 0, wrote or 0


def _fresh(prompt: int, read: int, wrote: int, notes: list[str]) -> int:
    """What of a prompt was neither read from a cache nor written to one."""
    if read > prompt:
        notes.append("more tokens read from a cache than in the prompt: counted beside it")
        return prompt
    if read + wrote > prompt:
        # OpenRouter bills Gemini's first cached request for writing and for reading the same tokens.
        notes.append("the same tokens were written to and read from a cache: both are counted")
        return prompt - max(read, wrote) if wrote <= prompt else 0
    return prompt - read - wrote


def _first(mapping: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        number = _json.count(mapping.get(name))
        if number is not None:
            return number
    return None


def _details(usage: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        if isinstance(usage.get(name), dict):
            found: Mapping[str, Any] = usage[name]
            return found
    return {}
