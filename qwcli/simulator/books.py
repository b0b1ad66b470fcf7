"""The simulator's own books: what it served and what that cost, by its own arithmetic, to check others' sums by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Context, Decimal

from qwcli.simulator.models import CURRENCY, MODELS, SimulatedModel

_EXACT = Context(prec=60)


@dataclass(slots=True, kw_only=True)
class Account:
    """One model's counters and sums.

    Every request ends in one of `served`, `rate_limited`, `blocked`, `faults` (broke off or became an error by the
    model's habit), `cancelled` (the client left) and `invalid` (too long). `early` are those of the `rate_limited` that
    came back before their `Retry-After` had passed. `cost_reported` was billed with a usage that the client was sent,
    `cost_unreported` without one.
    """

    requests: int = 0
    served: int = 0
    rate_limited: int = 0
    early: int = 0
    blocked: int = 0
    faults: int = 0
    cancelled: int = 0
    invalid: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cost_reported: Decimal = Decimal(0)
    cost_unreported: Decimal = Decimal(0)

    def add(self, other: Account) -> None:
        """Add another account to this one, exactly."""
        for field in fields(self):
            mine, its = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, _EXACT.add(mine, its) if isinstance(mine, Decimal) else mine + its)

    def as_json(self) -> dict[str, int | str]:
        """Counters as numbers, amounts as plain decimal text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["cost"] = _EXACT.add(self.cost_reported, self.cost_unreported)
        return {
            name: f"{value.normalize(_EXACT):f}" if isinstance(value, Decimal) else value
            for name, value in values.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The tokens a request used: `completion` includes `reasoning`."""

    prompt: int
    completion: int
    reasoning: int


class Books:
    """An account a model."""

    def __init__(self, models: Iterable[SimulatedModel] = tuple(MODELS.values())) -> None:
        self._accounts = {model.name: Account() for model in models}

    def __getitem__(self, model: str) -> Account:
        return self._accounts[model]

    def bill(self, model: SimulatedModel, used: Generated, *, reported: bool) -> None:
        """Enter what a request used; `reported` says whether the client was sent this usage."""
        account, amount = self._accounts[model.name], cost(model, used)
        account.prompt_tokens += used.prompt
        account.completion_tokens += used.completion
        account.reasoning_tokens += used.reasoning
        if reported:
            account.cost_reported = _EXACT.add(account.cost_reported, amount)
        else:
            account.cost_unreported = _EXACT.add(account.cost_unreported, amount)

    @property
    def total(self) -> Account:
        """The sum over all models."""
        total = Account()
        for account in self._accounts.values():
            total.add(account)
        return total

    def as_json(self) -> dict[str, object]:
        """`{"currency", "models": {name: account}, "total": account}`, amounts as text."""
        models = {name: account.as_json() for name, account in self._accounts.items()}
        return {"currency": CURRENCY, "models": models, "total": self.total.as_json()}


def cost(model: SimulatedModel, used: Generated) -> Decimal:
    """What a request cost: the tier goes by its input and holds for all, thinking has its price."""
    tiers = (tier for tier in model.tiers if tier.up_to is None or used.prompt <= tier.up_to)
    rates = next(tiers, model.tiers[-1]).rates
    thought = used.reasoning > 0 and rates.thinking_output is not None
    output = rates.thinking_output if thought and rates.thinking_output is not None else rates.output
    millionths = _EXACT.add(_EXACT.multiply(rates.input, used.prompt), _EXACT.multiply(output, used.completion))
    return _EXACT.scaleb(millionths, -6)
