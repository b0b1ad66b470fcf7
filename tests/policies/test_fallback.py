"""The fallback policy as a table: what came of each member, which were tried and why, whose answer stands."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli import policies
from qwcli.core.call import Attempt, Latency
from qwcli.core.outcome import Fault, FaultKind, Finish, Reply
from qwcli.core.price import Cost
from qwcli.core.prompt import Message, Prompt
from qwcli.core.target import Route, Target, Try
from qwcli.core.verdict import Finding, Verdict
from qwcli.errors import QwcliError
from qwcli.policies import fallback

PROMPT = Prompt(messages=(Message(role="user", content="hi"),))
FAULTS = {Verdict.FAILED, Verdict.BLOCKED}
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()


def target(name):
    return Target(name=name, provider="p", model="m", url="https://api.example/v1")


def attempt(step, verdict, number=1, *, fault=None):
    faulty = verdict in FAULTS if fault is None else fault
    outcome = Fault(kind=FaultKind.SERVER, message="no") if faulty else Reply(text=step.target.name, finish=Finish.STOP)
    return Attempt(
        id=f"a{number}",
        number=number,
        target=step.target,
        reason=step.reason,
        sent_at=START,
        waited=0.0,
        streamed=False,
        outcome=outcome,
        latency=Latency(),
        cost=Cost(amount=None),
        finding=Finding(verdict=verdict, signal="test", rule="test"),
    )


def route(*members, name="r", **options):
    made = tuple(target(member) if isinstance(member, str) else member for member in members)
    return Route(name=name, policy="fallback", members=made, options=options)


def walked(asked, verdicts):
    """The steps a walk took, sent these verdicts by target, and the name of the target whose answer stands."""
    walk = policies.walk(asked, PROMPT)
    steps = []
    try:
        step = next(walk)
        while True:
            assert isinstance(step, Try)
            steps.append((step.target.name, step.reason))
            step = walk.send(attempt(step, Verdict(verdicts[step.target.name]), len(steps)))
    except StopIteration as end:
        return steps, end.value.target.name


ABC = route("a", "b", "c")


@pytest.mark.parametrize(
    ("asked", "verdicts", "steps", "answer"),
    [
        (ABC, {"a": "passed"}, [("a", "first")], "a"),
        (ABC, {"a": "ungraded"}, [("a", "first")], "a"),
        # A wrong answer is not known to be wrong when it matters: it is no reason by default.
        (ABC, {"a": "wrong"}, [("a", "first")], "a"),
        (ABC, {"a": "refused", "b": "ungraded"}, [("a", "first"), ("b", "fallback: refused")], "b"),
        (
            ABC,
            {"a": "blocked", "b": "truncated", "c": "passed"},
            [("a", "first"), ("b", "fallback: blocked"), ("c", "fallback: truncated")],
            "c",
        ),
        (ABC, {"a": "malformed", "b": "failed", "c": "ungraded"}, None, "c"),
        # None answered well: the last reply stands, else the last fault.
        (ABC, {"a": "refused", "b": "truncated", "c": "failed"}, None, "b"),
        (ABC, {"a": "refused", "b": "failed", "c": "blocked"}, None, "a"),
        (ABC, {"a": "failed", "b": "refused", "c": "malformed"}, None, "c"),
        (ABC, {"a": "failed", "b": "blocked", "c": "failed"}, None, "c"),
        (route("a"), {"a": "failed"}, [("a", "first")], "a"),
        # Only what is named counts, and what is not ends the walk wherever it comes.
        (route("a", "b", on=["refused"]), {"a": "failed"}, [("a", "first")], "a"),
        (route("a", "b", on=["refused"]), {"a": "refused", "b": "failed"}, None, "b"),
        (route("a", "b", "c", on=["refused"]), {"a": "refused", "b": "failed"}, None, "b"),
        (route("a", "b", on=("wrong",)), {"a": "wrong", "b": "passed"}, None, "b"),
        (route("a", "b", on=[]), {"a": "failed"}, [("a", "first")], "a"),
    ],
)
def test_the_next_member_is_tried_when_an_answer_is_not_wanted(asked, verdicts, steps, answer):
    taken, answered = walked(asked, verdicts)
    assert answered == answer
    assert [name for name, _ in taken] == list(verdicts)
    assert steps is None or taken == steps


def test_a_nested_route_is_walked_in_its_place_and_told_why():
    inner = route("b", "c", name="inner", on=["refused"])
    asked = route("a", inner, "d")
    verdicts = {"a": "failed", "b": "refused", "c": "truncated", "d": "ungraded"}
    assert walked(asked, verdicts) == (
        [("a", "first"), ("b", "fallback: failed"), ("c", "fallback: refused"), ("d", "fallback: truncated")],
        "d",
    )
    # The inner route's answer stands as one answer: the reply it kept.
    assert walked(asked, {"a": "failed", "b": "refused", "c": "refused", "d": "failed"})[1] == "c"


def test_a_bare_target_is_tried_once():
    assert walked(target("a"), {"a": "failed"}) == ([("a", "first")], "a")


NAMES = st.sampled_from("abcdef")
ROUTES = st.recursive(
    st.lists(NAMES.map(target), min_size=1, max_size=4),
    lambda inner: st.lists(
        st.one_of(NAMES.map(target), inner.map(lambda members: route(*members))), min_size=1, max_size=4
    ),
    max_leaves=12,
).map(lambda members: route(*members))
KNOWN = [verdict.value for verdict in Verdict if verdict not in {Verdict.PASSED, Verdict.UNGRADED}]
LISTED = f" (known: {', '.join(sorted(KNOWN))})"


def leaves(asked):
    return 1 if isinstance(asked, Target) else sum(leaves(member) for member in asked.members)


@given(asked=ROUTES, data=st.data(), on=st.lists(st.sampled_from(KNOWN)) | st.none())
def test_it_always_ends_trying_no_member_twice_and_answers_with_one_it_tried(asked, data, on):
    if on is not None:
        asked = Route(name="r", policy="fallback", members=asked.members, options={"on": on})
    walk = policies.walk(asked, PROMPT)
    sent = []
    try:
        step = next(walk)
        while True:
            assert len(sent) < leaves(asked)
            verdict = data.draw(st.sampled_from(list(Verdict)))
            sent.append(attempt(step, verdict, len(sent) + 1, fault=data.draw(st.booleans())))
            step = walk.send(sent[-1])
    except StopIteration as end:
        answer = end.value
    assert answer in sent
    assert [each.target.name for each in sent] == [one.name for one in flat(asked)][: len(sent)] or nested(asked)
    wanted = set(on) if on is not None else {"blocked", "refused", "truncated", "malformed", "failed"}
    if answer.finding.verdict.value in wanted and not nested(asked):
        assert len(sent) == len(asked.members)
        replies = [each for each in sent if isinstance(each.outcome, Reply)]
        assert answer is (replies or sent)[-1]


def flat(asked):
    return [asked] if isinstance(asked, Target) else [one for member in asked.members for one in flat(member)]


def nested(asked):
    return any(isinstance(member, Route) for member in asked.members)


def test_a_route_that_may_reject_holds_its_answer_back_and_a_target_does_not():
    assert policies.holds_back(ABC)
    assert not policies.holds_back(target("a"))


def test_a_route_without_members_is_the_users_mistake():
    with pytest.raises(QwcliError, match="r has no members"):
        next(policies.walk(route(), PROMPT))


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({}, []),
        ({"on": ["blocked", "refused", "wrong", "partial"]}, []),
        ({"on": []}, []),
        ({"on": ["refusd"]}, ["unknown verdict 'refusd' (did you mean `refused`?)"]),
        ({"on": ["passed"]}, ["unknown verdict 'passed'" + LISTED]),
        ({"on": "refused"}, ["`on` is a list of verdicts, such as [blocked, refused, failed]"]),
        ({"on": [1]}, ["`on` is a list of verdicts, such as [blocked, refused, failed]"]),
        ({"on": None}, ["`on` is a list of verdicts, such as [blocked, refused, failed]"]),
        ({"onn": ["refused"]}, ["unknown option 'onn'; fallback knows `on`"]),
        (
            {"onn": 1, "on": ["xyzzy", "failed"]},
            ["unknown option 'onn'; fallback knows `on`", "unknown verdict 'xyzzy'" + LISTED],
        ),
    ],
)
def test_every_mistake_in_the_options_is_told_at_once(options, problems):
    found = fallback.check(options)
    assert len(found) == len(problems)
    assert all(told.startswith(problem) for told, problem in zip(found, problems, strict=True)), found


def test_the_shelf_names_its_policies_and_an_unknown_one_is_the_users_mistake():
    assert "fallback" in policies.names()
    with pytest.raises(QwcliError, match="no policy 'falback'"):
        policies.load("falback")
