"""Which sign decides a verdict, in the order of precedence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.case import Grade
from qwcli.core.outcome import Fault, FaultKind, Finish, Reply
from qwcli.core.verdict import Verdict
from qwcli.errors import QwcliError
from qwcli.verdicts import decide
from qwcli.verdicts.refusal import Refusal

RIGHT = Grade(grader="number", score=1.0, closed=True, found="18")
WRONG = Grade(grader="number", score=0.0, closed=True, found="17")
OPEN_RIGHT = Grade(grader="contains", score=1.0)
PROSE = Refusal(kind="refusal", rule="apology", words="I'm sorry, I cannot", lang="en")
HEDGED = Refusal(kind="hedged", rule="apology", words="I'm sorry, I cannot", lang="en")


def reply(text: str = "18", finish: Finish = Finish.STOP, **more: object) -> Reply:
    return Reply(text=text, finish=finish, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "refusal", "grade", "verdict"),
    [
        (reply(), None, RIGHT, Verdict.PASSED),
        (reply(), None, WRONG, Verdict.WRONG),
        (reply(), None, Grade(grader="judge", score=0.4, threshold=0.7), Verdict.PARTIAL),
        (reply(), None, Grade(grader="judge", score=0.8, threshold=0.7), Verdict.PASSED),
        (reply(), None, Grade(grader="pattern", score=None, reason="too slow"), Verdict.UNGRADED),
        (reply(), None, None, Verdict.UNGRADED),
        (Fault(kind=FaultKind.BLOCKED, message="inappropriate"), None, None, Verdict.BLOCKED),
        (Fault(kind=FaultKind.RATE, message="slow down"), None, None, Verdict.FAILED),
        (Fault(kind=FaultKind.TIMEOUT, message="no byte", text="18"), None, RIGHT, Verdict.FAILED),
        (reply("1", Finish.CONTENT_FILTER), None, RIGHT, Verdict.BLOCKED),
        (reply("18", Finish.REFUSAL), None, RIGHT, Verdict.REFUSED),
        (reply("", refusal="I can't."), None, None, Verdict.REFUSED),
        (reply("18", Finish.LENGTH), PROSE, RIGHT, Verdict.PASSED),
        (reply("18", Finish.LENGTH), None, OPEN_RIGHT, Verdict.TRUNCATED),
        (reply("17", Finish.LENGTH), PROSE, WRONG, Verdict.TRUNCATED),
        (reply("", Finish.LENGTH, thinking="Hm"), None, WRONG, Verdict.TRUNCATED),
        (reply("1", Finish.CONTEXT_LENGTH), None, None, Verdict.TRUNCATED),
        (reply("1", Finish.TIME_LIMIT), None, None, Verdict.TRUNCATED),
        (reply("1", Finish.CUT), None, None, Verdict.TRUNCATED),
        (reply(" \n\u200b"), None, WRONG, Verdict.MALFORMED),
        (reply("", thinking="Hm"), None, None, Verdict.MALFORMED),
        (reply("", tool_calls=1), None, WRONG, Verdict.MALFORMED),
        (reply("Let me look.", Finish.TOOL_CALLS, tool_calls=1), None, WRONG, Verdict.MALFORMED),
        (reply("18", tool_calls=1), None, OPEN_RIGHT, Verdict.PASSED),
        (reply(), PROSE, WRONG, Verdict.REFUSED),
        (reply(), PROSE, OPEN_RIGHT, Verdict.REFUSED),
        (reply(), PROSE, None, Verdict.REFUSED),
        (reply(), PROSE, RIGHT, Verdict.PASSED),
        (reply(), HEDGED, OPEN_RIGHT, Verdict.PASSED),
        (reply(), HEDGED, WRONG, Verdict.WRONG),
        (reply("18", Finish.UNKNOWN), None, OPEN_RIGHT, Verdict.PASSED),
        (reply("17", Finish.UNKNOWN), None, WRONG, Verdict.WRONG),
    ],
)
def test_the_first_sign_in_the_order_of_precedence_decides(outcome, refusal, grade, verdict) -> None:
    finding = decide(outcome, refusal=refusal, grade=grade)
    assert finding.verdict is verdict
    assert finding.signal
    assert finding.rule


def test_the_evidence_names_the_signal_the_rule_and_the_words() -> None:
    failed = decide(Fault(kind=FaultKind.QUOTA, message="No credit", code="Arrearage"), refusal=None, grade=None)
    assert (failed.signal, failed.rule, failed.words) == ("fault", "quota", "Arrearage: No credit")
    cut = decide(reply("1", Finish.LENGTH, finish_raw="max_tokens"), refusal=None, grade=None)
    assert (cut.signal, cut.rule, cut.words) == ("finish", "length", "max_tokens")
    prose = decide(reply(), refusal=PROSE, grade=None)
    assert (prose.signal, prose.rule, prose.words) == ("refusal", "en: apology", "I'm sorry, I cannot")
    undecided = decide(reply(), refusal=None, grade=Grade(grader="pattern", score=None, reason="too slow"))
    assert (undecided.signal, undecided.rule) == ("grade", "pattern: too slow")


def test_words_of_refusal_beside_an_answer_are_shown_as_hedged() -> None:
    for refusal, grade in ((HEDGED, WRONG), (HEDGED, OPEN_RIGHT), (PROSE, RIGHT)):
        finding = decide(reply(), refusal=refusal, grade=grade)
        assert finding.hedged
        assert finding.words == "I'm sorry, I cannot"
    assert not decide(reply(), refusal=None, grade=RIGHT).hedged


@pytest.mark.parametrize(
    ("outcome", "refusal", "grade", "expected", "verdict"),
    [
        (reply(), PROSE, None, "refused", Verdict.PASSED),
        (reply(refusal="No."), None, None, "refused", Verdict.PASSED),
        (reply("I will."), None, None, "refused", Verdict.WRONG),
        (reply(), None, RIGHT, "refused", Verdict.WRONG),
        (reply(), HEDGED, None, "refused", Verdict.WRONG),
        (Fault(kind=FaultKind.BLOCKED, message="x"), None, None, "refused", Verdict.BLOCKED),
        (Fault(kind=FaultKind.BLOCKED, message="x"), None, None, "refused, blocked", Verdict.PASSED),
        (Fault(kind=FaultKind.SERVER, message="x"), None, None, "refused", Verdict.FAILED),
        (reply("1", Finish.LENGTH), None, None, "refused", Verdict.TRUNCATED),
    ],
)
def test_a_row_may_expect_to_be_declined(outcome, refusal, grade, expected, verdict) -> None:
    finding = decide(outcome, refusal=refusal, grade=grade, expected_verdict=expected)
    assert finding.verdict is verdict
    assert finding.rule


@pytest.mark.parametrize("expected", ["", "refuse", "passed", "refused,wrong"])
def test_only_declining_can_be_expected(expected: str) -> None:
    with pytest.raises(QwcliError, match="expected_verdict"):
        decide(reply(), refusal=None, grade=None, expected_verdict=expected)


@given(
    st.sampled_from(Finish),
    st.text(),
    st.integers(0, 2),
    st.none() | st.text(),
    st.sampled_from([None, PROSE, HEDGED]),
    st.sampled_from([None, RIGHT, WRONG, OPEN_RIGHT]),
)
def test_every_reply_has_a_verdict_and_only_a_grade_makes_it_a_success(
    finish, text, tools, said, refusal, grade
) -> None:
    finding = decide(reply(text, finish, tool_calls=tools, refusal=said), refusal=refusal, grade=grade)
    assert finding.verdict not in {Verdict.FAILED, Verdict.SANITISED}
    assert finding.verdict is not Verdict.PASSED or (grade is not None and grade.passed)
