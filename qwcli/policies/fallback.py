"""Members in order, on to the next when the answer is of a kind that is not wanted.

Options: `on`, a list of verdicts (default: blocked, refused, truncated, malformed, failed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwcli.core.call import Attempt
from qwcli.core.names import meant
from qwcli.core.outcome import Reply
from qwcli.core.prompt import Prompt
from qwcli.core.target import Route
from qwcli.core.verdict import Verdict
from qwcli.errors import QwcliError
from qwcli.policies import Walk
from qwcli.policies import walk as _walk

HOLDS_BACK = True
_DEFAULT = ("blocked", "refused", "truncated", "malformed", "failed")


def check(options: Mapping[str, Any]) -> list[str]:
    """What is wrong with the options."""
    problems = [f"unknown option {name!r}; fallback knows `on`" for name in options if name != "on"]
    on = options.get("on", _DEFAULT)
    if not isinstance(on, list | tuple) or not all(isinstance(word, str) for word in on):
        return [*problems, "`on` is a list of verdicts, such as [blocked, refused, failed]"]
    known = [verdict.value for verdict in Verdict if verdict not in {Verdict.PASSED, Verdict.UNGRADED}]
    return problems + [f"unknown verdict {word!r}{meant(word, known)}" for word in on if word not in known]


def walk(route: Route, prompt: Prompt, reason: str = "first") -> Walk:
    """Try each member until one answers well enough; if none does, the last reply stands, or the last fault."""
    on = {Verdict(word) for word in route.options.get("on", _DEFAULT)}
    best: Attempt | None = None
    for member in route.members:
        answer = yield from _walk(member, prompt, reason)
        if answer.finding.verdict not in on:
            return answer
        if best is None or isinstance(answer.outcome, Reply) or not isinstance(best.outcome, Reply):
            best = answer
        reason = f"fallback: {answer.finding.verdict}"
    if best is None:
        raise QwcliError(f"the route {route.name} has no members", hint="name some: targets: [...]")
    return best
