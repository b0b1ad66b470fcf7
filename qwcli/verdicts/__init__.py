"""Outcome, refusal finding and grade to one verdict with its evidence. Pure."""

from qwcli.verdicts import refusal
from qwcli.verdicts.precedence import decide, expectable

__all__ = ["decide", "expectable", "refusal"]
