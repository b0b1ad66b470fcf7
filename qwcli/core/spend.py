"""What a group of calls came to: counts, verdicts and exact sums of money; what is unknown stays counted as such."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from qwcli.core.price import Money, from_units
from qwcli.core.verdict import Verdict

UNFINISHED = "unfinished"
"""Stands where a verdict would for calls whose end was not recorded: the process was killed, or is still at work."""


MEASURED = ("bench", "answers")
"""The kinds of call that are graded: asked by a bench, or made elsewhere and graded by it (these cost nothing here)."""


class Key(StrEnum):
    """What calls can be grouped by."""

    MODEL = "model"
    PROVIDER = "provider"
    REGION = "region"
    TARGET = "target"
    """What was asked: a target's name or a route's."""
    ROUTE = "route"
    DATASET = "dataset"
    LANG = "lang"
    TAG = "tag"
    """A call with several tags counts in each of their groups, so these overlap."""
    DAY = "day"
    VERDICT = "verdict"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which calls: all that hold for every field set. `since` (inclusive) and `until` (exclusive) are Unix seconds.

    `dataset` is a dataset's whole name, or the last parts of its path.
    """

    runs: tuple[str, ...] = ()
    since: float | None = None
    until: float | None = None
    dataset: str | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """Part of a sum: whole 1e-12 `units` of a currency, and how many attempts could not be priced."""

    currency: str | None
    units: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioSums:
    """What an interval of money per success needs, over graded cases: a case's calls are summed before it is squared.

    `cases` is their number, `c` a case's money in 1e-12 units of one currency, `p` its passed calls.
    """

    cases: int
    c: float
    cc: float
    cp: float
    p: float
    pp: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSums:
    """What an interval of accuracy needs: a case asked several times is one case, not several.

    `cases` have a call that ended, `graded` of them one that was graded. Over cases, `calls` is the sum of a case's
    graded calls and `passed` of its passed ones; doubled names are sums of squares, `calls_passed` of the product.
    """

    cases: int
    graded: int
    calls: int
    calls_calls: int
    passed: int
    passed_passed: int
    calls_passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The calls that share the values of `keys`, are of one kind, and are either all simulated or all real.

    Grouped by a key of the attempt (model, provider, region), money and attempts are the attempt's own, and a call
    counts where it was answered. `calls` are ended ones; `retries` and
    `unpriced` are among `attempts`. `score` is the sum over
    `scored` calls. `sums` are of all attempts, by the verdict of their call (`unfinished` where it has none).
    """

    keys: Mapping[str, str | None]
    kind: str
    simulated: bool
    verdicts: Mapping[Verdict, int]
    unfinished: int
    attempts: int
    retries: int
    unpriced: int
    score: float
    scored: int
    sums: Mapping[str, Sequence[Sum]]
    ratio: Mapping[str, RatioSums] = field(default_factory=dict)
    by_case: CaseSums | None = None
    """`None` where each call is a case of its own."""

    @property
    def cases(self) -> int:
        """Distinct cases of the calls that ended."""
        return self.calls if self.by_case is None else self.by_case.cases

    @property
    def graded_cases(self) -> int:
        """Distinct cases of the graded calls."""
        return self.graded if self.by_case is None else self.by_case.graded

    @property
    def calls(self) -> int:
        """Calls that ended."""
        return sum(self.verdicts.values())

    @property
    def graded(self) -> int:
        """All calls but the ungraded; none where the kind of call is never graded."""
        return self.calls - self.verdicts.get(Verdict.UNGRADED, 0) if self.benched else 0

    @property
    def passed(self) -> int:
        """Successes; none where the kind of call is never graded."""
        return self.verdicts.get(Verdict.PASSED, 0) if self.benched else 0

    @property
    def answered(self) -> int:
        """Graded calls that ended in an answer: the denominator of the pass rate among those."""
        return self.graded - self.verdicts.get(Verdict.FAILED, 0) if self.benched else 0

    @property
    def cost(self) -> tuple[Money, ...]:
        """What all attempts cost."""
        return fold(part for parts in self.sums.values() for part in parts)

    @property
    def graded_cost(self) -> tuple[Money, ...]:
        """What the graded calls cost; nothing where the kind of call is never graded."""
        apart = {Verdict.UNGRADED.value, UNFINISHED}
        graded = (parts for verdict, parts in self.sums.items() if verdict not in apart)
        return fold(part for parts in graded for part in parts) if self.benched else ()

    @property
    def ungraded_cost(self) -> tuple[Money, ...]:
        """What the calls cost that nothing was known to judge by."""
        return fold(self.sums.get(Verdict.UNGRADED, ()))

    @property
    def waste(self) -> Mapping[str, tuple[Money, ...]]:
        """What the calls cost that were no success, by verdict; the ungraded are apart."""
        lost = [name.value for name in Verdict if name not in {Verdict.PASSED, Verdict.UNGRADED}]
        return {name: fold(self.sums[name]) for name in (*lost, UNFINISHED) if name in self.sums}

    @property
    def benched(self) -> bool:
        """Whether these calls were measured; only such enter accuracy and cost per success."""
        return self.kind in MEASURED


def fold(sums: Iterable[Sum]) -> tuple[Money, ...]:
    """The sums by currency, as `core.price.total` has them, from parts that were summed already.

    What could not be priced and has no currency counts in every sum, or stands alone in one without a currency.
    """
    units: dict[str, int] = {}
    missing: dict[str | None, int] = {}
    for part in sums:
        missing[part.currency] = missing.get(part.currency, 0) + part.unpriced
        if part.currency is not None:
            units[part.currency] = units.get(part.currency, 0) + part.units
    nowhere = missing.get(None, 0)
    if not units:
        return (Money(amount=Decimal(0), currency=None, unpriced=nowhere),) if nowhere else ()
    return tuple(
        Money(amount=from_units(units[currency]), currency=currency, unpriced=missing.get(currency, 0) + nowhere)
        for currency in sorted(units)
    )
