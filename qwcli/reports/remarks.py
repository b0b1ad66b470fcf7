"""What must be said under a table: what is simulated, what is unknown, how small the sample is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qwcli.core.spend import Group
from qwcli.reports.intervals import SMALL


def remarks(groups: Sequence[Group]) -> Iterator[str]:
    """The sentences that belong under figures of these groups."""
    simulated = [group for group in groups if group.simulated]
    if simulated:
        which = "All figures are" if len(simulated) == len(groups) else "Rows marked simulated are"
        yield f"{which} simulated: made with the built-in simulator, no provider was asked and no money spent."
    unpriced = sum(group.unpriced for group in groups)
    if unpriced:
        yield f"'>=': the cost of {_attempts(unpriced)} is not known, so the true sum may be larger."
    unfinished = sum(group.unfinished for group in groups)
    if unfinished:
        yield (
            f"{unfinished} call{_s(unfinished)} without an end that counts (unfinished): "
            "killed, still at work, or failed and asked again."
        )
    few = [group for group in groups if group.benched and 0 < group.graded_cases < SMALL]
    if few:
        yield f"Fewer than {SMALL} graded cases{'' if len(few) == len(groups) else ' in some rows'}: a small sample."


def _attempts(count: int) -> str:
    return f"{count} attempt{_s(count)}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
