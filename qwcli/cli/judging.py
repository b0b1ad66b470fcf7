"""From a case to a prompt, and from a reply to its grade and verdict."""

from __future__ import annotations

from dataclasses import dataclass

from qwcli import graders
from qwcli.core.call import Call
from qwcli.core.case import Case, Grade
from qwcli.core.outcome import Reply
from qwcli.core.prompt import Parameters, Prompt
from qwcli.core.verdict import Finding
from qwcli.errors import QwcliError
from qwcli.graders import Grader
from qwcli.verdicts import decide, expectable, refusal


def prompt_for(case: Case, parameters: Parameters) -> Prompt:
    """What is asked for a case."""
    gold, also = (case.answers[0], case.answers[1:]) if case.answers else (None, ())
    return Prompt(messages=case.messages, parameters=parameters, gold=gold, also=also)


def flaw(case: Case, named: Grader | None) -> str | None:
    """What keeps a row from being graded, as far as it can be known before anything is sent; `named` is the user's."""
    try:
        if case.expected_verdict is not None:
            expectable(case.expected_verdict)
        grader = graders.load(case.grader) if case.grader is not None else named
    except QwcliError as error:
        return f"{error.message} {error.hint or ''}".strip()
    return None if grader is None or case.expected_verdict is not None else grader.check(case)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Grades by the row's own grader, else the user's, else the one that suits the dataset's form, else exact."""

    spec: str | None
    hint: str | None

    def grade(self, text: str, case: Case) -> Grade | None:
        """The grade, or `None` where there is nothing to grade against."""
        spec = case.grader or self.spec or (None if not case.answers else self.hint or "exact")
        if spec is None:
            return None
        grader = graders.load(spec)
        problem = grader.check(case)
        if problem is not None:
            return Grade(grader=spec, score=None, reason=problem)
        return grader.grade(text, case)

    def decide(self, call: Call, case: Case, grade: Grade | None) -> Finding:
        """The final verdict on a call."""
        outcome = call.outcome
        found = None
        if isinstance(outcome, Reply):
            found = refusal.find("\n".join(message.content for message in case.messages), outcome.text)
        return decide(outcome, refusal=found, grade=grade, expected_verdict=case.expected_verdict)
