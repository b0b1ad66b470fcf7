"""The server on the wire: shapes, habits, determinism, and books that agree with what clients were told."""

import asyncio
import dataclasses
import datetime as dt
import json
from decimal import Decimal

import pytest

from qwcli.core.outcome import Usage
from qwcli.core.price import PriceRow, cost
from qwcli.core.prompt import Message
from qwcli.errors import QwcliError
from qwcli.simulator import decide as deciding
from qwcli.simulator.models import MODELS
from qwcli.simulator.plan import Answer, Ask, Blocked, Busy, Ending
from qwcli.simulator.provider import Provider
from qwcli.simulator.server import serving

STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def find(wanted, model="sim/flaky", *, turned_away=0):
    """A prompt of which this simulator (seed 0) will make such a plan."""
    for number in range(3000):
        prompt = f"question {number}"
        ask = Ask(model=model, messages=(Message(role="user", content=prompt),))
        key = deciding.question_key(ask, 0)
        plan = deciding.decide(ask, MODELS[model], question=key, answered=0, turned_away=turned_away)
        if wanted(plan) and (isinstance(plan, Busy) or not first_busy(ask, key, model)):
            return prompt
    raise AssertionError("no such prompt")


def first_busy(ask, key, model):
    return isinstance(deciding.decide(ask, MODELS[model], question=key, answered=0, turned_away=0), Busy)


def ends(ending):
    return find(lambda plan: isinstance(plan, Answer) and plan.ending is ending)


def test_whole_and_streamed_answers_agree(converse):
    prompts = [f"Tell me about {number}" for number in range(30)]

    def gather(heard, **body):
        async def talk(client):
            for prompt in prompts:
                one = await client.ask(prompt, "sim/thinker", **body)
                if one.usage:
                    heard[prompt] = (one.text, one.thinking, one.finish, one.usage, one.done)

        return talk

    whole, streamed = {}, {}
    converse(gather(whole))
    converse(gather(streamed, **STREAM))
    assert len(streamed) > 25
    assert whole == streamed


def test_the_wire_of_a_whole_answer(converse):
    async def talk(client):
        heard = await client.ask("What is 17 * 3?", "sim/max")
        body = heard.json
        assert heard.headers["Content-Type"].startswith("application/json")
        assert heard.headers["x-request-id"]
        assert body["object"] == "chat.completion"
        assert body["id"].startswith("chatcmpl-")
        assert body["model"] == "sim/max"
        assert body["choices"][0]["message"]["content"] == "51"
        assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
        assert body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0

    converse(talk)


def test_the_wire_of_a_stream(converse):
    async def talk(client):
        heard = await client.ask("Hello", "sim/thinker", **STREAM)
        assert heard.headers["Content-Type"] == "text/event-stream;charset=UTF-8"
        first, *_, finish, usage, done = [event.removeprefix("data: ") for event in heard.events]
        assert json.loads(first)["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert json.loads(first)["object"] == "chat.completion.chunk"
        assert json.loads(finish)["choices"][0]["finish_reason"] == "stop"
        assert json.loads(usage)["choices"] == []
        assert json.loads(usage)["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
        assert done == "[DONE]"
        assert heard.thinking
        assert "simulated" in heard.text

    converse(talk)


def test_a_stream_tells_its_usage_only_when_asked(converse):
    async def talk(client):
        assert (await client.ask("Hello", stream=True)).usage is None
        account = (await client.books())["models"]["sim/plus"]
        assert (account["served"], account["cost_reported"]) == (1, "0")
        assert Decimal(account["cost_unreported"]) > 0

    converse(talk)


def test_answers_do_not_depend_on_order_or_concurrency(converse):
    async def gather(client, prompts):
        said = await asyncio.gather(*(client.ask(p, "sim/flaky", gold="yes", **STREAM) for p in prompts))
        return {p: (h.status, h.text, h.finish, h.usage) for p, h in zip(prompts, said, strict=True)}

    prompts = [f"question {number}" for number in range(60)]
    seen = []

    async def at_once(client):
        seen.append(await gather(client, prompts))

    async def backwards(client):
        found = {}
        for start in range(0, 60, 20):
            found |= await gather(client, prompts[::-1][start : start + 20])
        seen.append(found)

    converse(at_once)
    converse(backwards)
    converse(at_once, seed=1)
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_rate_limits_are_waited_out_and_coming_early_is_counted(converse):
    async def talk(client):
        prompt = find(lambda plan: isinstance(plan, Busy))
        first = await client.ask(prompt, "sim/flaky", wait=False)
        assert first.status == 429
        assert first.json["error"]["code"] == "limit_requests"
        asked = float(first.headers["Retry-After"])
        assert not first.headers["Retry-After"].isdigit()
        early = await client.ask(prompt, "sim/flaky", wait=False)
        assert early.status == 429
        assert 0 < float(early.headers["Retry-After"]) <= asked
        await asyncio.sleep(float(early.headers["Retry-After"]))
        await client.ask(prompt, "sim/flaky")
        account = client.provider.books["sim/flaky"]
        assert account.early == 1
        assert account.rate_limited >= 2
        assert account.requests == account.rate_limited + account.served + account.faults + account.blocked

    converse(talk)


def test_moderation_blocks_in_dashscopes_shape_every_time(converse):
    async def talk(client):
        prompt = find(lambda plan: isinstance(plan, Blocked))
        for _ in range(2):
            heard = await client.ask(prompt, "sim/flaky", **STREAM)
            assert heard.status == 400
            assert heard.json["error"]["type"] == heard.json["error"]["code"] == "data_inspection_failed"
            assert "DataInspectionFailed" in heard.json["error"]["message"]
        assert (await client.books())["models"]["sim/flaky"]["cost"] == "0"

    converse(talk)


def test_a_missing_finish_reason(converse):
    prompt = ends(Ending.UNFINISHED)

    async def streamed(client):
        heard = await client.ask(prompt, "sim/flaky", **STREAM)
        assert (heard.finish, heard.done, heard.cut) == (None, True, False)
        assert heard.text
        assert heard.usage

    async def whole(client):
        heard = await client.ask(prompt, "sim/flaky")
        assert heard.finish is None
        assert heard.text

    converse(streamed)
    converse(whole)


@pytest.mark.parametrize("ending", [Ending.CUT, Ending.UNDONE, Ending.ERROR])
def test_streams_that_break_are_billed_but_not_reported(converse, ending):
    prompt = ends(ending)

    async def talk(client):
        heard = await client.ask(prompt, "sim/flaky", **STREAM)
        assert heard.status == 200
        assert (heard.done, heard.usage, heard.finish) == (False, None, None)
        assert heard.cut is (ending is Ending.CUT)
        if ending is Ending.ERROR:
            assert heard.events[-1].startswith("id:1\nevent:error\n:HTTP_STATUS/429\ndata:{")
            assert json.loads(heard.events[-1].split("data:")[1])["code"] == "Throttling.AllocationQuota"
        account = (await client.books())["models"]["sim/flaky"]
        assert (account["faults"], account["cost_reported"]) == (1, "0")
        assert Decimal(account["cost_unreported"]) > 0

    converse(talk)


def test_whole_answers_break_too(converse):
    async def talk(client):
        heard = await client.ask(ends(Ending.CUT), "sim/flaky")
        assert heard.cut
        failed = await client.ask(ends(Ending.ERROR), "sim/flaky")
        assert (failed.status, failed.json["error"]["code"]) == (500, "internal_error")
        assert client.provider.books["sim/flaky"].faults == 2

    converse(talk)


def test_errors_that_are_the_clients(converse):
    async def talk(client):
        wrong = await client.ask("Hi", key="sk-wrong")
        assert (wrong.status, wrong.json["error"]["code"]) == (401, "invalid_api_key")
        missing = await client.ask("Hi", "sim/none")
        assert (missing.status, missing.json["error"]["code"]) == (404, "model_not_found")
        assert "`sim/none`" in missing.json["error"]["message"]
        for body in ({"messages": []}, {"messages": "Hi"}, {"max_tokens": 0}, {"max_tokens": "many"}):
            assert (await client.ask("Hi", **body)).status == 400
        async with client.session.post(f"{client.url}/v1/chat/completions", data=b"{") as answer:
            assert answer.status == 400
        assert (await client.ask("Hi", key="sk-any", wait=True)).status == 200

    converse(talk)


def test_a_stream_option_may_be_null_and_content_may_be_parts(converse):
    async def talk(client):
        parts = [{"role": "user", "content": [{"type": "text", "text": "12+"}, {"type": "text", "text": "7="}]}]
        heard = await client.ask("", "sim/max", messages=parts, stream_options=None, stop=None)
        assert heard.text == "19"

    converse(talk)


def test_a_large_gold_travels_in_the_header(converse):
    gold = "答案" * 12_000

    async def talk(client):
        said = {(await client.ask(f"long {number}", "sim/max", gold=gold)).text for number in range(3)}
        assert gold in said

    converse(talk)


def test_models_are_listed(converse):
    async def talk(client):
        async with client.session.get(f"{client.url}/v1/models") as answer:
            listed = await answer.json()
        assert listed["object"] == "list"
        assert [model["id"] for model in listed["data"]] == list(MODELS)

    converse(talk)


def test_the_books_equal_the_sum_of_reported_usages_at_our_prices(converse):
    async def talk(client):
        heard = {name: [] for name in MODELS}
        for name in MODELS:
            prompts = [f"question {number}" for number in range(20)] + ["长" * 60_000]
            said = await asyncio.gather(*(client.ask(p, name, gold="yes", **STREAM) for p in prompts))
            heard[name] = [one.usage for one in said if one.usage]
        books = await client.books()
        for name, usages in heard.items():
            account = books["models"][name]
            assert Decimal(account["cost_reported"]) == sum(our_cost(MODELS[name], usage) for usage in usages)
            assert account["requests"] == sum(
                account[end] for end in ("served", "rate_limited", "blocked", "faults", "cancelled", "invalid")
            )
        costs = [Decimal(account["cost"]) for account in books["models"].values()]
        assert Decimal(books["total"]["cost"]) == sum(costs)

    converse(talk)


def our_cost(model, told):
    day = dt.date(2026, 1, 1)
    row = PriceRow(book="b", model=model.name, since=day, currency="USD", tiers=model.tiers, source="s", checked=day)
    reasoning = told["completion_tokens_details"]["reasoning_tokens"]
    usage = Usage(input=told["prompt_tokens"], output=told["completion_tokens"], reasoning=reasoning)
    return cost(usage, (row,), day, thought=reasoning > 0).amount


def test_a_client_that_leaves_pays_for_what_was_generated(converse):
    async def talk(client):
        body = {"model": "sim/max", "messages": [{"role": "user", "content": "Tell me"}], **STREAM}
        answer = await client.session.post(f"{client.url}/v1/chat/completions", json=body)
        await answer.content.readuntil(b'"content":"This')
        answer.close()
        account = client.provider.books["sim/max"]
        for _ in range(100):
            if account.cancelled:
                break
            await asyncio.sleep(0.005)
        whole = deciding_tokens(body)
        assert account.cancelled == 1
        assert 0 < account.completion_tokens < whole
        assert account.cost_unreported > 0
        assert account.cost_reported == 0

    converse(talk, speed=2.0)


def deciding_tokens(body):
    ask = Ask(model=body["model"], messages=tuple(Message(**message) for message in body["messages"]))
    model = MODELS[ask.model]
    plan = deciding.decide(ask, model, question=deciding.question_key(ask, 0), answered=0, turned_away=9)
    return plan.completion_tokens


def test_tokens_come_at_the_models_pace(converse):
    async def talk(client):
        loop = asyncio.get_running_loop()
        started = loop.time()
        await client.ask("Hello", "sim/flash", **STREAM)
        assert 0.005 < loop.time() - started < 1.0

    converse(talk, speed=1.0)


def test_a_taken_port_is_said_clearly(converse):
    async def talk(client):
        port = int(client.url.rsplit(":", 1)[1])
        with pytest.raises(QwcliError, match=f"127.0.0.1:{port}"):
            async with serving(Provider(), port=port):
                pass

    converse(talk)


def test_early_waits_are_told_to_the_millisecond():
    moments = iter((10.0, 10.01))
    provider = Provider()
    prompt = find(lambda plan: isinstance(plan, Busy))
    ask = Ask(model="sim/flaky", messages=(Message(role="user", content=prompt),))
    first, second = provider.admit(ask, next(moments)), provider.admit(ask, next(moments))
    assert second == dataclasses.replace(first, retry_after=pytest.approx(first.retry_after - 0.01, abs=0.0011))
