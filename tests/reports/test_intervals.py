from __future__ import annotations

import random
from math import sqrt
from statistics import mean, stdev

import pytest

from qwcli.core.spend import RatioSums
from qwcli.reports.intervals import _student, fieller, wilson


def sums(cases: list[tuple[float, float]]) -> RatioSums:
    return RatioSums(
        cases=len(cases),
        c=sum(c for c, _ in cases),
        cc=sum(c * c for c, _ in cases),
        cp=sum(c * p for c, p in cases),
        p=sum(p for _, p in cases),
        pp=sum(p * p for _, p in cases),
    )


@pytest.mark.parametrize(
    ("passed", "of", "low", "high"),
    # Computed with statsmodels 0.14, proportion_confint(method="wilson").
    [(90, 100, 0.825634, 0.944771), (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (1, 2, 0.094531, 0.905469)],
)
def test_wilson_is_as_tabulated(passed: int, of: int, low: float, high: float) -> None:
    assert wilson(passed, of) == pytest.approx((low, high), abs=1e-6)


def test_wilson_needs_a_trial() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("freedom", "point"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (29, 2.045), (999, 1.962)]
)
def test_students_points_are_within_one_percent(freedom: int, point: float) -> None:
    assert _student(freedom) == pytest.approx(point, rel=0.01)


def test_where_all_pass_fieller_is_students_interval_of_the_mean() -> None:
    found = fieller(sums([(c, 1) for c in range(1, 31)]))
    half = 2.045 * stdev(range(1, 31)) / sqrt(30)
    assert found == pytest.approx((15.5 - half, 15.5 + half), rel=1e-3)


def test_at_each_end_of_fiellers_interval_the_data_just_reject_the_ratio() -> None:
    dice = random.Random(3)
    cases = [(dice.uniform(1e6, 9e6), float(dice.random() < 0.7)) for _ in range(60)]
    found = fieller(sums(cases))
    assert found is not None
    for ratio in found:
        rest = [c - ratio * p for c, p in cases]
        assert abs(mean(rest)) / (stdev(rest) / sqrt(60)) == pytest.approx(_student(59), rel=1e-6)


@pytest.mark.parametrize("cases", [[], [(5.0, 1.0)], [(5.0, 0.0)] * 9, [(5.0, 1.0), (6.0, 0.0), (5.0, 0.0)]])
def test_too_little_is_no_interval(cases: list[tuple[float, float]]) -> None:
    assert fieller(sums(cases)) is None
