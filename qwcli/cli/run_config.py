"""What of a bench decides its results: recorded with the run, and compared when it is resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qwcli.core.prompt import Parameters
from qwcli.core.target import Asked, Route
from qwcli.core.url import redact

if TYPE_CHECKING:
    from qwcli.cli.benching import Bench
    from qwcli.store.datasets import Dataset


def config_of(chosen: Bench, asked: tuple[Asked, ...], dataset: Dataset) -> dict[str, Any]:
    """Everything that was sent or decided, ready for JSON: what makes two runs comparable."""
    return {
        "system": chosen.system,
        "template": dataset.template,
        "parameters": _parameters(chosen.parameters),
        "grader": chosen.grader,
        "mapping": dict(chosen.mapping),
        "where": [list(pair) for pair in chosen.where],
        "limit": chosen.limit,
        "sample": chosen.sample,
        "sample_seed": chosen.sample_seed if chosen.sample is not None else None,
        "epochs": chosen.epochs,
        "asked": [_described(item) for item in asked],
    }


def _described(asked: Asked) -> dict[str, Any]:
    if isinstance(asked, Route):
        members = [_described(member) for member in asked.members]
        return {"route": asked.name, "policy": asked.policy, "members": members, "options": dict(asked.options)}
    return {
        "target": redact(asked.name),
        "provider": asked.provider,
        "region": asked.region,
        "model": asked.model,
        "dialect": asked.dialect,
        "url": redact(asked.url),
        "headers": dict(asked.headers),
        "body": dict(asked.body),
        "sends": dict(asked.sends),
        "thinking": {switch: dict(body) for switch, body in asked.thinking.items()},
        "parameters": _parameters(asked.parameters),
    }


def _parameters(parameters: Parameters) -> dict[str, Any]:
    names = ("max_tokens", "temperature", "seed", "json_schema", "thinking", "stream")
    return {**{name: getattr(parameters, name) for name in names}, "extra": dict(parameters.extra)}


def digest_of(config: Mapping[str, Any]) -> str:
    """The digest by which two configurations are known to be the same."""
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
