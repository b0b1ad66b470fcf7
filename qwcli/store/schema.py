"""The shape of profile and price files.

This module exists for pydantic and is imported only when a file has to be checked.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field  # noqa: TID253 - see above

from qwcli.core import url as urls
from qwcli.store.variables import flaw_of_header

_VARIABLE_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_NAME = re.compile(r"[^\s\[\]{}<>,#\"'`\\\x00-\x1f\x7f]+")


class Strict(BaseModel):
    """A mapping in a file: unknown keys and values of another type are mistakes."""

    model_config = ConfigDict(strict=True, extra="forbid")


def _variable(value: str) -> str:
    if not _VARIABLE_NAME.fullmatch(value):
        raise ValueError(
            "should be the NAME of an environment variable, such as DASHSCOPE_API_KEY, and never a key itself"
        )
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value) or "://" in value:
        raise ValueError("a name has no spaces, quotes, commas, brackets, `#` or `://`")
    return value


def _url(value: str) -> str:
    if value != urls.SIMULATOR and (wrong := urls.flaw(value)):
        raise ValueError(wrong)
    return value


def _text_or_by_region(value: object) -> object:
    texts = value.values() if isinstance(value, Mapping) and value else [value]
    if value is not None and not all(isinstance(text, str) and text for text in texts):
        raise ValueError("should be text, or a mapping from region to text")
    return value


def _headers(value: dict[str, str]) -> dict[str, str]:
    wrong = [f"`{name}` {what}" for name, text in value.items() if (what := flaw_of_header(name, text))]
    if wrong:
        raise ValueError("; ".join(wrong))
    return value


def _thinking(value: object) -> object:
    if value is None or isinstance(value, bool) or value in {"on", "off"} or (isinstance(value, int) and value >= 0):
        return value
    raise ValueError("should be on, off, or a budget in tokens")


def _price(value: object) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise ValueError("should be a price per million tokens: a number, zero or more")
    return value


def _date(value: object) -> dt.date:
    try:
        return dt.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("should be a date, as in 2026-07-02") from None


Name = Annotated[str, AfterValidator(_name)]
Variable = Annotated[str, AfterValidator(_variable)]
Url = Annotated[str, AfterValidator(_url)]
ByRegion = Annotated[Any, AfterValidator(_text_or_by_region)]
Headers = Annotated[dict[str, str], AfterValidator(_headers)]
Positive = Annotated[int, Field(gt=0)]
Price = Annotated[Decimal, BeforeValidator(_price)]
Date = Annotated[dt.date, BeforeValidator(_date)]
Filled = Annotated[str, Field(min_length=1)]


class Limits(Strict):
    """`core.target.Limits` as it is written."""

    rpm: Positive | None = None
    tpm: Positive | None = None
    concurrency: Positive | None = None


class Parameters(Strict):
    """`core.prompt.Parameters` as they are written."""

    max_tokens: Positive | None = None
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    seed: int | None = None
    thinking: Annotated[Any, AfterValidator(_thinking)] = None
    extra: dict[str, Any] | None = None


class _Server(Strict):
    """What a provider says of its targets, and a target may say for itself."""

    dialect: Filled | None = None
    key: Variable | None = None
    url: Url | None = None
    region: Filled | None = None
    residency: ByRegion = None
    prices: ByRegion = None
    headers: Headers | None = None
    body: dict[str, Any] | None = None
    sends: dict[str, str] | None = None
    thinking: dict[Literal["on", "off", "budget"], dict[str, Any]] | None = None
    ends_with_done: bool | None = None
    limits: Limits | None = None
    simulated: bool | None = None


class Provider(_Server):
    """Who answers."""

    regions: dict[str, Url] | None = None


class Target(_Server):
    """One place a prompt can go."""

    provider: Filled | None = None
    model: Filled | None = None
    context: Positive | None = None
    max_output: Positive | None = None
    parameters: Parameters | None = None


class Route(Strict):
    """A policy over targets. The policy's own options are the policy's to check."""

    model_config = ConfigDict(strict=True, extra="allow")

    policy: Filled | None = None
    targets: list[str] | None = None


class Defaults(Strict):
    """What holds where the user says nothing."""

    models: list[str] | None = None


class Ledger(Strict):
    """What may be recorded: `text: false` keeps keyed digests of prompts and answers only."""

    text: bool | None = None


class ProfileFile(Strict):
    """One profile file. It may be a part of a profile, so that what must be there is looked at after all are merged."""

    include: list[str] | None = None
    providers: dict[Name, Provider] | None = None
    targets: dict[Name, Target] | None = None
    routes: dict[Name, Route] | None = None
    defaults: Defaults | None = None
    ledger: Ledger | None = None
    key_hosts: dict[Variable, list[str]] | None = None


class TierFile(Strict):
    """`core.price.Tier` as it is written: rates per million tokens, up to a length of input."""

    up_to: Positive | None = None
    input: Price
    output: Price
    thinking_output: Price | None = None
    cache_read: Price | None = None
    cache_write: Price | None = None


class RowFile(Strict):
    """`core.price.PriceRow` as it is written: rates in the row itself, or in tiers."""

    since: Date
    source: Filled
    checked: Date
    request: Price = Decimal(0)
    tiers: Annotated[list[TierFile], Field(min_length=1)] | None = None
    input: Price | None = None
    output: Price | None = None
    thinking_output: Price | None = None
    cache_read: Price | None = None
    cache_write: Price | None = None


class ModelFile(Strict):
    """A model's price rows, oldest first, and the other names it is sold under at the same price."""

    aliases: list[str] = []
    rows: Annotated[list[RowFile], Field(min_length=1)]


def _rows_alone(value: object) -> object:
    return {"rows": value} if isinstance(value, list) else value


class BookFile(Strict):
    """A price book."""

    book: Filled
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    models: dict[str, Annotated[ModelFile, BeforeValidator(_rows_alone)]]
