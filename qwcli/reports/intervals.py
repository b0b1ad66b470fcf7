"""95 % intervals by closed formulas: of a share, and of money per success."""

from __future__ import annotations

from math import sqrt

from qwcli.core.spend import CaseSums, RatioSums

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""

SMALL = 30
"""Below so many cases a report says that they are few."""


def wilson(passed: int, of: int, *, worth: float | None = None) -> tuple[float, float] | None:
    """The Wilson score interval of a share; none without any trial. `worth` is how many independent ones they are."""
    if of == 0:
        return None
    n = of if worth is None else worth
    share, zz = passed / of, _Z * _Z
    middle = (share + zz / (2 * n)) / (1 + zz / n)
    half = _Z / (1 + zz / n) * sqrt(share * (1 - share) / n + zz / (4 * n * n))
    return (0.0 if passed == 0 else max(0.0, middle - half), 1.0 if passed == of else min(1.0, middle + half))


def worth(sums: CaseSums) -> float:
    """How many independent calls the calls of these cases are worth, for an interval of the share that passed.

    Korn and Graubard's effective sample size: the variance of the share between cases against that of as many
    independent calls, corrected for how few cases tell it. It is never more than the calls, and never less than
    if all calls of a case ended alike, which is the number of cases where each was asked equally often. That is also
    what stands where nothing varies: where none or all passed.
    """
    least = sums.calls**2 / sums.calls_calls
    share = sums.passed / sums.calls
    if sums.graded < 2 or share in {0.0, 1.0}:
        return least
    between = sums.passed_passed - 2 * share * sums.calls_passed + share * share * sums.calls_calls
    variance = max(0.0, between) * sums.graded / (sums.graded - 1) / sums.calls**2
    alike = share * (1 - share)
    found = sums.calls if variance * sums.calls <= alike else alike / variance
    return min(sums.calls, max(least, found * (_Z / _student(sums.graded - 1)) ** 2))


def fieller(sums: RatioSums) -> tuple[float, float] | None:
    """Fieller's interval of `c / p`, cases being independent; none with fewer than two, or where it has no upper end.

    That is so where the data do not exclude that nothing ever passes: then no largest price per success can be named.
    """
    n = sums.cases
    if n < 2 or sums.p == 0:
        return None
    c, p = sums.c / n, sums.p / n
    scale = 1 / ((n - 1) * n)
    tt = _student(n - 1) ** 2
    # Variances and covariance of the two means; rounding must not make a variance negative.
    var_c = max(0.0, sums.cc - n * c * c) * scale
    var_p = max(0.0, sums.pp - n * p * p) * scale
    cov = (sums.cp - n * c * p) * scale
    # The ends solve a R^2 - 2 b R + d = 0, where R is the true ratio.
    a, b, d = p * p - tt * var_p, c * p - tt * cov, c * c - tt * var_c
    if a <= 0:
        return None
    half = sqrt(max(0.0, b * b - a * d))
    return (max(0.0, (b - half) / a), (b + half) / a)


def _student(freedom: int) -> float:
    """The 97.5 % point of Student's distribution, by its expansion around the normal one (within 1 %)."""
    if freedom <= 2:
        return (12.706, 4.303)[freedom - 1]
    z, v = _Z, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3
