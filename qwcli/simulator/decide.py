"""What a simulated model decides to do: a pure function of seed, model, prompt and how often it was asked."""

from __future__ import annotations

import json
import math

from qwcli.core.tokens import estimate
from qwcli.simulator.chance import Chance, digest
from qwcli.simulator.models import Habits, SimulatedModel
from qwcli.simulator.plan import Answer, Ask, Blocked, Busy, Ending, Plan, TooLong
from qwcli.simulator.speech import fitting, language, refusal, small_talk, sum_of, thoughts
from qwcli.simulator.wrong import wrong

_SHARED_DIFFICULTY = 0.5
_SLOW = 12.0


def question_key(ask: Ask, seed: int) -> bytes:
    """What stands for a question whichever model is asked: the seed, the messages and the request's own seed."""
    turns = [part for turn in ask.messages for part in (turn.role, turn.content)]
    return digest(seed, "-" if ask.seed is None else ask.seed, *turns)


def decide(ask: Ask, model: SimulatedModel, *, question: bytes, answered: int, turned_away: int) -> Plan:
    """What the model does with this request.

    `answered` is how many times it answered the same question before, `turned_away` how often it was turned away since.
    """
    always = Chance.of(question, model.name)
    once = Chance.of(question, model.name, answered)
    if turned_away < _refusals(model.habits, once):
        return Busy(retry_after=round(0.05 + 0.35 * once.draw(f"retry after {turned_away}"), 2))
    lang = language(ask.question)
    prompt_tokens = _tokens("\n".join(turn.content for turn in ask.messages), model, lang)
    if prompt_tokens > model.context:
        return TooLong(context=model.context)
    if always.draw("blocked") < model.habits.blocked:
        return Blocked()
    thinking, thinking_tokens = _think(ask, model, lang, once)
    text = _stopped(_say(ask, model, lang, question, once), ask.stop)
    cap = _cap(ask, thinking_tokens)
    answer_tokens = _tokens(text, model, lang)
    if cap is not None and answer_tokens > cap:
        text, answer_tokens, finish = _first(text, cap, model, lang), cap, "length"
    else:
        finish = "stop"
    slow = _SLOW if once.draw("slow") < model.habits.slow else 1.0
    return Answer(
        id=once.key.hex(),
        text=text,
        thinking=thinking,
        finish=finish,
        ending=_ending(model.habits, once.draw("ending")),
        breaks_at=0.2 + 0.7 * once.draw("breaks at"),
        prompt_tokens=prompt_tokens,
        thinking_tokens=thinking_tokens,
        answer_tokens=answer_tokens,
        first_token=model.first_token * (0.6 + 0.8 * once.draw("first token")) * slow,
        per_token=model.per_token,
    )


def _refusals(habits: Habits, once: Chance) -> int:
    if once.draw("rate limited") >= habits.rate_limited:
        return 0
    return 1 + int(once.draw("burst") * habits.burst)


def _ending(habits: Habits, drawn: float) -> Ending:
    for share, ending in (
        (habits.cut, Ending.CUT),
        (habits.undone, Ending.UNDONE),
        (habits.error, Ending.ERROR),
        (habits.unfinished, Ending.UNFINISHED),
    ):
        if drawn < share:
            return ending
        drawn -= share
    return Ending.WHOLE


def _think(ask: Ask, model: SimulatedModel, lang: str, once: Chance) -> tuple[str, int]:
    wanted = model.thinks if ask.thinking is None else ask.thinking
    if model.thinks is None or not wanted:
        return "", 0
    text = thoughts(lang, model.verbosity, once)
    tokens = _tokens(text, model, lang)
    caps = [cap for cap in (ask.thinking_budget, ask.max_total_tokens) if cap is not None]
    if caps and tokens > min(caps):
        return _first(text, min(caps), model, lang), min(caps)
    return text, tokens


def _say(ask: Ask, model: SimulatedModel, lang: str, question: bytes, once: Chance) -> str:
    if once.draw("refused") < model.habits.refused:
        return refusal(lang, once)
    gold = sum_of(ask.question) if ask.gold is None else ask.gold
    if gold is not None:
        # Half of the luck is the question's own: what is hard for one model is often hard for all.
        luck = Chance(question) if once.draw("whose luck") < _SHARED_DIFFICULTY else once
        if luck.draw("difficulty") >= model.accuracy[lang]:
            gold = wrong(gold, "\n".join(turn.content for turn in ask.messages), lang, once)
    if ask.schema is None:
        return small_talk(lang, model.verbosity, once) if gold is None else gold
    if gold is not None and _is_json(gold):
        return gold
    text = small_talk(lang, 0, once) if gold is None else gold
    return json.dumps(fitting(ask.schema, text, once) if ask.schema else {"answer": text}, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _cap(ask: Ask, thinking_tokens: int) -> int | None:
    caps = [] if ask.max_tokens is None else [ask.max_tokens]
    if ask.max_total_tokens is not None:
        caps.append(max(0, ask.max_total_tokens - thinking_tokens))
    return min(caps, default=None)


def _stopped(text: str, stops: tuple[str, ...]) -> str:
    return text[: min((at for stop in stops if stop and (at := text.find(stop)) >= 0), default=len(text))]


def _tokens(text: str, model: SimulatedModel, lang: str) -> int:
    return math.ceil(estimate(text) * model.token_factor[lang])


def _first(text: str, tokens: int, model: SimulatedModel, lang: str) -> str:
    """As much of the text as is at most so many tokens long."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _tokens(text[:middle], model, lang) <= tokens:
            low = middle
        else:
            high = middle - 1
    return text[:low]
