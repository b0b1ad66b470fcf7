"""The simulated models: what they cost, how fast and how good they are, and their bad habits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from qwcli.core.price import Rates, Tier

CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often a model misbehaves, as shares between 0 and 1; `cut` to `unfinished` exclude each other."""

    rate_limited: float = 0.0
    """Prompts first turned away with a 429, up to `burst` times in a row."""
    burst: int = 1
    blocked: float = 0.0
    """Prompts the moderation stops, every time they are sent."""
    refused: float = 0.0
    """Answers that decline in prose."""
    slow: float = 0.0
    """Answers whose first token takes twelve times as long."""
    cut: float = 0.0
    """Answers that break off in the middle of an event."""
    undone: float = 0.0
    """Answers whose stream ends cleanly, but early and without `[DONE]`."""
    error: float = 0.0
    """Answers that turn into an error in mid-stream."""
    unfinished: float = 0.0
    """Whole answers that give no finish reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedModel:
    """One simulated model. `accuracy` and `token_factor` are by language (`zh`, `en`), times are in seconds.

    `thinks` is what it does unless asked otherwise; `None` cannot think. `verbosity` stretches free text and thinking.
    """

    name: str
    tiers: tuple[Tier, ...]
    context: int
    first_token: float
    per_token: float
    accuracy: Mapping[str, float]
    token_factor: Mapping[str, float]
    verbosity: float = 1.0
    thinks: bool | None = None
    habits: Habits = Habits()


def _rates(fee_in: str, fee_out: str, thinking: str | None = None) -> Rates:
    return Rates(
        input=Decimal(fee_in), output=Decimal(fee_out), thinking_output=None if thinking is None else Decimal(thinking)
    )


def _by_language(zh: float, en: float) -> Mapping[str, float]:
    return MappingProxyType({"zh": zh, "en": en})


_ALL = (
    SimulatedModel(
        name="sim/plus",
        tiers=(
            Tier(rates=_rates("0.40", "1.20", "4.00"), up_to=256_000),
            Tier(rates=_rates("1.20", "3.60", "12.00"), up_to=1_000_000),
        ),
        context=1_000_000,
        first_token=0.05,
        per_token=0.0006,
        accuracy=_by_language(0.92, 0.90),
        token_factor=_by_language(1.0, 1.0),
        thinks=False,
        habits=Habits(rate_limited=0.02, blocked=0.02, refused=0.02, slow=0.01, unfinished=0.005),
    ),
    SimulatedModel(
        name="sim/max",
        tiers=(Tier(rates=_rates("1.60", "6.40"), up_to=32_000), Tier(rates=_rates("3.20", "12.80"), up_to=262_144)),
        context=262_144,
        first_token=0.12,
        per_token=0.0015,
        accuracy=_by_language(0.97, 0.96),
        token_factor=_by_language(1.0, 1.0),
        verbosity=1.3,
        habits=Habits(rate_limited=0.04, burst=2, blocked=0.02, refused=0.01, slow=0.02),
    ),
    SimulatedModel(
        name="sim/flash",
        tiers=(Tier(rates=_rates("0.05", "0.40")),),
        context=131_072,
        first_token=0.02,
        per_token=0.0003,
        accuracy=_by_language(0.81, 0.80),
        token_factor=_by_language(1.0, 1.0),
        verbosity=0.7,
        habits=Habits(rate_limited=0.01, blocked=0.02, refused=0.03, unfinished=0.01),
    ),
    SimulatedModel(
        name="sim/rival",
        tiers=(Tier(rates=_rates("2.50", "10.00")),),
        context=131_072,
        first_token=0.09,
        per_token=0.001,
        accuracy=_by_language(0.82, 0.98),
        token_factor=_by_language(1.45, 0.95),
        verbosity=1.2,
        habits=Habits(rate_limited=0.02, refused=0.03, slow=0.01),
    ),
    SimulatedModel(
        name="sim/thinker",
        tiers=(Tier(rates=_rates("0.50", "2.00", "6.00")),),
        context=131_072,
        first_token=0.08,
        per_token=0.0004,
        accuracy=_by_language(0.96, 0.96),
        token_factor=_by_language(1.0, 1.0),
        verbosity=1.5,
        thinks=True,
        habits=Habits(rate_limited=0.02, blocked=0.02, refused=0.01, cut=0.005),
    ),
    SimulatedModel(
        name="sim/flaky",
        tiers=(Tier(rates=_rates("0.10", "0.30")),),
        context=131_072,
        first_token=0.04,
        per_token=0.0006,
        accuracy=_by_language(0.86, 0.84),
        token_factor=_by_language(1.05, 1.1),
        habits=Habits(
            rate_limited=0.15,
            burst=3,
            blocked=0.06,
            refused=0.08,
            slow=0.08,
            cut=0.05,
            undone=0.03,
            error=0.04,
            unfinished=0.06,
        ),
    ),
)

MODELS: Mapping[str, SimulatedModel] = MappingProxyType({model.name: model for model in _ALL})
