"""Where a prompt can go: targets, and routes over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qwcli.core.price import PriceRow
from qwcli.core.prompt import NOTHING, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a target bears: requests and tokens (in and out) a minute, and exchanges at once. `None`: no limit known."""

    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place a prompt can go: provider, region, model id, options and prices.

    `url` is the base URL without a trailing slash. `key` is the *name* of the environment variable with the key, never
    a key; values in `headers` may hold `${VAR}`, filled in when the request is sent. `body` is sent with every request.
    `parameters` are the target's own (a variant such as `qwen-plus[thinking=on]`); what the user sets on the command
    line is set over them. `ends_with_done`: the provider always ends a stream with `[DONE]`, so one without was cut.
    `context` and `max_output` are in tokens. `sends` are the fields the wire calls by another name here
    (`{"max_tokens": "max_completion_tokens"}`). `thinking` says what body switches thinking `on`, `off`, and to a
    `budget` (the value `"{budget}"` stands for the number). `prices` are all known rows for this model, oldest first.
    """

    name: str
    provider: str
    model: str
    url: str
    dialect: str = "openai"
    region: str | None = None
    residency: str | None = None
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    sends: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    thinking: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NOTHING)
    parameters: Parameters = field(default_factory=Parameters)
    limits: Limits = field(default_factory=Limits)
    context: int | None = None
    max_output: int | None = None
    ends_with_done: bool = False
    prices: tuple[PriceRow, ...] = ()
    simulated: bool = False

    @property
    def account(self) -> tuple[str, str | None, str | None, str]:
        """Targets that share this share their limits: one account at one provider, in one region, on one model."""
        return (self.provider, self.region, self.key, self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A named policy over targets or other routes; it is asked, benchmarked and reported like a target."""

    name: str
    policy: str
    members: tuple[Target | Route, ...]
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every target this route can end at, in order, each once."""
        found: dict[str, Target] = {}
        for member in self.members:
            for target in (member,) if isinstance(member, Target) else member.targets:
                found.setdefault(target.name, target)
        return tuple(found.values())

    @property
    def simulated(self) -> bool:
        """Whether any of its targets is simulated: then so is every figure of the route."""
        return any(target.simulated for target in self.targets)


Asked = Target | Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What a policy yields: try this target now, for this reason (`first`, `fallback: refused`, ...)."""

    target: Target
    reason: str
