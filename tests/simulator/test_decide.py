"""Decisions are drawn from seed, model and prompt alone."""

import dataclasses
import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml  # noqa: TID253 - reads the bundled files without the store

from qwcli.core.prompt import Message
from qwcli.simulator.decide import decide, question_key
from qwcli.simulator.models import CURRENCY, MODELS, Habits
from qwcli.simulator.plan import Answer, Ask, Blocked, Busy, Ending, TooLong
from qwcli.simulator.speech import language, sum_of

PROFILES = Path(__file__).parents[2] / "profiles"
GOOD = {name: dataclasses.replace(model, habits=Habits()) for name, model in MODELS.items()}
PERFECT = dataclasses.replace(GOOD["sim/plus"], accuracy={"zh": 1.0, "en": 1.0})


def plan(prompt, model=PERFECT, *, seed=0, answered=0, turned_away=0, **asked):
    ask = Ask(model=model.name, messages=(Message(role="user", content=prompt),), **asked)
    return decide(ask, model, question=question_key(ask, seed), answered=answered, turned_away=turned_away)


def answers(model, gold="yes", prompts=2000, lang="en"):
    text = "问题" if lang == "zh" else "question"
    return [plan(f"{text} {number}", model, gold=gold) for number in range(prompts)]


def test_the_same_request_gets_the_same_plan():
    assert plan("Tell me", GOOD["sim/thinker"]) == plan("Tell me", GOOD["sim/thinker"])


@pytest.mark.parametrize("change", [{"seed": 1}, {"answered": 1}])
def test_another_seed_or_another_turn_draws_anew(change):
    assert plan("Tell me").id != plan("Tell me", **change).id


def test_the_requests_own_seed_counts():
    ask = Ask(model="sim/plus", messages=(Message(role="user", content="Hi"),))
    assert question_key(ask, 0) != question_key(dataclasses.replace(ask, seed=0), 0)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("model", GOOD.values(), ids=GOOD)
def test_accuracy_comes_out_as_described(model, lang):
    right = sum(answer.text == "yes" for answer in answers(model, lang=lang)) / 2000
    assert right == pytest.approx(model.accuracy[lang], abs=0.025)


def test_a_right_answer_is_the_gold_verbatim():
    assert plan("?", gold=" 正确答案：B。\n").text == " 正确答案：B。\n"


def test_what_is_hard_for_one_model_is_often_hard_for_another():
    one = [answer.text == "yes" for answer in answers(GOOD["sim/flash"])]
    two = [answer.text == "yes" for answer in answers(GOOD["sim/plus"])]
    both_wrong = sum(not a and not b for a, b in zip(one, two, strict=True))
    assert both_wrong > 1.5 * one.count(False) * two.count(False) / 2000


@pytest.mark.parametrize(
    ("question", "result"),
    [
        ("12+7=", "19"),
        ("What is 17 * 3?", "51"),
        ("计算：12×12=？", "144"),
        ("3 加 5 等于几？", "8"),
        ("10/4", "2.5"),
        ("call 555-1234", None),
        ("2026-11-22", None),
        ("What is 7 / 0?", None),
    ],
)
def test_sums_are_computed(question, result):
    assert sum_of(question) == result


def test_without_gold_it_says_in_the_prompts_language_that_it_is_simulated():
    assert "simulated" in plan("Tell me a story").text
    assert "模拟" in plan("讲个故事").text


@pytest.mark.parametrize(("text", "lang"), [("Hello", "en"), ("你好", "zh"), ("translate 你", "zh"), ("", "en")])
def test_any_han_character_makes_it_chinese(text, lang):
    assert language(text) == lang


def test_max_tokens_cuts_the_answer_and_not_the_thinking():
    cut = plan("Tell me", GOOD["sim/thinker"], max_tokens=5)
    assert (cut.finish, cut.answer_tokens) == ("length", 5)
    assert cut.thinking_tokens > 5
    assert plan("Tell me", GOOD["sim/thinker"]).text.startswith(cut.text)


def test_a_total_limit_may_be_used_up_by_thinking():
    spent = plan("Tell me", GOOD["sim/thinker"], max_total_tokens=8)
    assert (spent.text, spent.finish, spent.completion_tokens) == ("", "length", 8)


def test_thinking_is_switched_on_and_off_and_bounded():
    assert plan("Hi").thinking == ""
    assert plan("Hi", thinking=True).thinking_tokens > 0
    assert plan("Hi", GOOD["sim/thinker"], thinking=False).thinking == ""
    assert plan("Hi", GOOD["sim/thinker"], thinking_budget=7).thinking_tokens == 7
    assert plan("Hi", GOOD["sim/rival"], thinking=True).thinking == ""


def test_stop_ends_the_text_before_it():
    stopped = plan("?", gold="one, two; three", stop=(";", ","))
    assert (stopped.text, stopped.finish) == ("one", "stop")


def test_json_is_answered_in_json():
    schema = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}, "n": {"type": "integer"}}}
    assert json.loads(plan("?", schema={}).text).keys() == {"answer"}
    said = json.loads(plan("?", schema=schema, gold="b").text)
    assert said["label"] == "b"
    assert isinstance(said["n"], int)
    assert plan("?", schema=schema, gold='{"label": "a", "n": 3}').text == '{"label": "a", "n": 3}'


def test_habits_come_as_often_as_described():
    model = dataclasses.replace(MODELS["sim/flaky"])
    plans = [plan(f"question {number}", model, gold="yes", turned_away=3) for number in range(4000)]
    given = [one for one in plans if isinstance(one, Answer)]
    share = {ending: sum(one.ending is ending for one in given) / len(given) for ending in Ending}
    assert sum(isinstance(one, Blocked) for one in plans) / 4000 == pytest.approx(0.06, abs=0.015)
    assert share[Ending.CUT] == pytest.approx(0.05, abs=0.015)
    assert share[Ending.UNFINISHED] == pytest.approx(0.06, abs=0.015)
    assert sum("help" in one.text or "cannot" in one.text or "unable" in one.text for one in given) > 200
    busy = [isinstance(plan(f"question {number}", model), Busy) for number in range(4000)]
    assert sum(busy) / 4000 == pytest.approx(0.15, abs=0.02)


def test_refusals_come_in_the_prompts_language():
    model = dataclasses.replace(PERFECT, habits=Habits(refused=1.0))
    assert "抱歉" in "".join(plan(f"你好{number}", model).text for number in range(9))
    assert "can" in "".join(plan(f"Hello {number}", model).text for number in range(9))


def test_a_burst_ends_and_waits_are_short_floats():
    model = dataclasses.replace(PERFECT, habits=Habits(rate_limited=1.0, burst=3))
    waits = [plan(f"q{n}", model, turned_away=turned).retry_after for n in range(50) for turned in range(1)]
    assert all(0.05 <= wait <= 0.4 for wait in waits)
    assert all(isinstance(plan(f"q{number}", model, turned_away=3), Answer) for number in range(50))


def test_a_prompt_longer_than_the_context_is_not_answered():
    assert plan("字" * 200_000, GOOD["sim/flash"]) == TooLong(context=131_072)


def test_the_bundled_book_says_the_same_prices():
    book = yaml.safe_load((PROFILES / "prices" / "simulated.yaml").read_text(encoding="utf-8"))
    assert book["currency"] == CURRENCY
    written = {name: [_figures(tier) for tier in row.get("tiers", [row])] for name, (row,) in book["models"].items()}
    kept = {name: [_kept(tier) for tier in model.tiers] for name, model in MODELS.items()}
    assert written == kept


def test_the_bundled_profile_names_every_model_and_its_context():
    profile = yaml.safe_load((PROFILES / "simulated.yaml").read_text(encoding="utf-8"))
    assert {name: target["context"] for name, target in profile["targets"].items()} == {
        name: model.context for name, model in MODELS.items()
    }


def _figures(tier):
    money = {key: Decimal(str(tier[key])) for key in ("input", "output", "thinking_output") if key in tier}
    return money | ({"up_to": tier["up_to"]} if "up_to" in tier else {})


def _kept(tier):
    figures = {key: getattr(tier.rates, key) for key in ("input", "output", "thinking_output")} | {"up_to": tier.up_to}
    return {key: value for key, value in figures.items() if value is not None}
