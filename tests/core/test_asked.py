"""What is asked and where it may go: parameters laid over each other, and the targets of a route."""

from qwcli.core.prompt import NOTHING, Message, Parameters, Prompt
from qwcli.core.target import Route, Target


def target(name, **more):
    return Target(name=name, provider="p", model="m", url="https://api.example/v1", **more)


def test_what_is_set_wins_over_what_the_target_brings_and_zero_and_off_are_set():
    own = Parameters(
        max_tokens=5, temperature=0.7, seed=1, json_schema={"type": "string"}, thinking=True, extra={"a": 1, "b": 1}
    )
    assert Parameters().over(own) == own
    assert own.over(Parameters()) == own
    set_ = Parameters(max_tokens=0, temperature=0.0, seed=0, json_schema={}, thinking=False, extra={"b": 2, "c": None})
    assert set_.over(own) == Parameters(
        max_tokens=0, temperature=0.0, seed=0, json_schema={}, thinking=False, extra={"a": 1, "b": 2, "c": None}
    )


def test_each_parameter_is_laid_over_by_itself():
    own = Parameters(max_tokens=5, seed=1)
    assert Parameters(temperature=0.5, seed=2).over(own) == Parameters(max_tokens=5, temperature=0.5, seed=2)
    assert Parameters(thinking=0).over(Parameters(thinking=True)).thinking == 0


def test_a_stream_is_asked_for_only_where_both_want_one():
    streams = {
        (mine, theirs): Parameters(stream=mine).over(Parameters(stream=theirs)).stream
        for mine in (True, False)
        for theirs in (True, False)
    }
    assert [pair for pair, streamed in streams.items() if streamed] == [(True, True)]


def test_laying_over_changes_neither_and_nothing_stays_nothing():
    own, set_ = Parameters(extra={"a": 1}), Parameters(extra={"a": 2})
    set_.over(own)
    assert (own.extra, set_.extra) == ({"a": 1}, {"a": 2})
    assert Parameters().over(Parameters()).extra is NOTHING


def test_a_prompts_text_is_all_its_messages():
    prompt = Prompt(messages=(Message(role="system", content="Be short."), Message(role="user", content="你好")))
    assert prompt.text == "Be short.\n你好"


def test_a_routes_targets_are_those_of_its_members_in_order_and_each_once():
    a, b, c = target("a"), target("b"), target("c")
    inner = Route(name="inner", policy="fallback", members=(b, a))
    assert Route(name="outer", policy="fallback", members=(a, inner, c, b)).targets == (a, b, c)
    assert Route(name="empty", policy="fallback", members=()).targets == ()


def test_a_route_is_simulated_as_soon_as_one_of_its_targets_is():
    real, made_up = target("real"), target("made-up", simulated=True)
    deep = Route(name="in", policy="fallback", members=(real, made_up))
    assert Route(name="out", policy="fallback", members=(real, deep)).simulated
    assert not Route(name="out", policy="fallback", members=(real,)).simulated


def test_targets_of_one_account_region_and_model_share_their_limits_whatever_their_names():
    assert target("a", key="K").account == target("b[thinking=on]", key="K").account
    assert target("a", key="K").account != target("a", key="L").account
    assert target("a", region="us").account != target("a", region="intl").account
