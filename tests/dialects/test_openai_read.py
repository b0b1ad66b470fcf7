"""Answers of the OpenAI-compatible wire, one quirk a row: the text, why it ends, and what it used."""

import json
from dataclasses import replace

import pytest
from chat_answers import HERE, chunk, read, stream, whole

from qwcli.core.outcome import Finish, Reply, Usage
from qwcli.core.wire import Piece, PieceKind
from qwcli.dialects import openai

U = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
USED = Usage(input=7, output=3)
TAIL = {"choices": [], "usage": U}
ENDS = replace(HERE, ends_with_done=True)


def delta(finish=None, **fields):
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


REPLIES = {
    "whole body": (whole("Hi"), "Hi", Finish.STOP, "stop", USED),
    "stream with usage after the finish": (
        stream(chunk("H"), chunk("i", "stop"), TAIL),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "usage not sent": (stream(chunk("Hi", "stop")), "Hi", Finish.STOP, "stop", None),
    "usage null on every chunk": (
        stream(chunk("Hi", usage=None), chunk("", "stop", usage=None)),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "usage of nothing at all for an answer with text": (
        whole("Hi", usage={"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "what follows the end is no part of the answer": (
        stream(chunk("Hi", "stop"), TAIL) + stream(chunk(" more", "stop")),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "usage empty at first": (stream(chunk("Hi", usage={}), chunk("", "stop"), TAIL), "Hi", Finish.STOP, "stop", USED),
    "running usage on every chunk: the last counts": (
        stream(
            chunk("H", usage={**U, "completion_tokens": 1}),
            chunk("i", usage={**U, "completion_tokens": 2}),
            chunk("", "stop", usage=U),
        ),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "usage on the finish and again after it": (
        stream(chunk("Hi", "stop", usage=U), TAIL),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "usage inside x_groq": (stream(chunk("Hi", "stop", x_groq={"usage": U})), "Hi", Finish.STOP, "stop", USED),
    "usage inside the choice": (
        stream({"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop", "usage": U}]}),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "empty choices first": (
        stream({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, chunk("Hi", "stop"), TAIL),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "finish empty": (stream(chunk("Hi", ""), TAIL), "Hi", Finish.UNKNOWN, "", USED),
    "finish empty in a whole body": (whole("Hi", ""), "Hi", Finish.UNKNOWN, "", USED),
    "finish empty until the end": (stream(chunk("H", ""), chunk("i", "stop")), "Hi", Finish.STOP, "stop", None),
    "finish the text null": (stream(chunk("Hi", "null"), chunk("", "null")), "Hi", Finish.UNKNOWN, None, None),
    "finish never sent": (stream(chunk("Hi"), chunk("")), "Hi", Finish.UNKNOWN, None, None),
    "finish key left out": (
        stream({"choices": [{"delta": {"content": "H"}}]}, {"choices": [{"delta": {"content": "i"}}]}),
        "Hi",
        Finish.UNKNOWN,
        None,
        None,
    ),
    "finish unknown": (stream(chunk("Hi", "because")), "Hi", Finish.UNKNOWN, "because", None),
    "finish in capitals": (whole("Hi", "MAX_TOKENS"), "Hi", Finish.LENGTH, "MAX_TOKENS", USED),
    "finish a number": (whole("Hi", 1), "Hi", Finish.UNKNOWN, None, USED),
    "text after the finish": (stream(chunk("H", "stop"), chunk("i")), "Hi", Finish.STOP, "stop", None),
    "finish after the finish": (stream(chunk("Hi", "stop"), chunk("", "length")), "Hi", Finish.LENGTH, "length", None),
    "length": (whole("Hi", "length"), "Hi", Finish.LENGTH, "length", USED),
    "model_length": (whole("Hi", "model_length"), "Hi", Finish.LENGTH, "model_length", USED),
    "eos": (whole("Hi", "eos"), "Hi", Finish.STOP, "eos", USED),
    "the context is full": (
        whole("Hi", "model_context_window_exceeded"),
        "Hi",
        Finish.CONTEXT_LENGTH,
        "model_context_window_exceeded",
        USED,
    ),
    "content filter": (
        stream(chunk("Hi"), chunk("", "content_filter")),
        "Hi",
        Finish.CONTENT_FILTER,
        "content_filter",
        None,
    ),
    "content filter without content": (
        json.dumps(
            {"choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant"}}], "usage": U}
        ).encode(),
        "",
        Finish.CONTENT_FILTER,
        "content_filter",
        USED,
    ),
    "sensitive": (whole("", "sensitive"), "", Finish.CONTENT_FILTER, "sensitive", USED),
    "done missing": (stream(chunk("Hi", "stop"), TAIL, done=False), "Hi", Finish.STOP, "stop", USED),
    "done missing and no finish": (stream(chunk("Hi"), done=False), "Hi", Finish.UNKNOWN, None, None),
    "cut in an event": (stream(chunk("Hi"), done=False) + b'data: {"choices":[{"in', "Hi", Finish.CUT, None, None),
    "cut in the name of a field": (stream(chunk("Hi", "stop"), done=False) + b"da", "Hi", Finish.CUT, "stop", None),
    "last event not ended": (
        stream(chunk("H"), done=False) + b"data: " + json.dumps(chunk("i", "stop")).encode(),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "last line is done without an end": (
        stream(chunk("Hi", "stop"), done=False) + b"data: [DONE]",
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "keep-alive comments": (
        stream(": OPENROUTER PROCESSING", chunk("H"), ": keep-alive", ":", chunk("i", "stop"), ": late"),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "comment cut at the end": (stream(chunk("Hi", "stop")) + b": pi", "Hi", Finish.STOP, "stop", None),
    "an empty data line": (stream("data:", chunk("Hi", "stop"), "data: "), "Hi", Finish.STOP, "stop", None),
    "blank lines before json": (b"\n\n \r\n" + whole("Hi"), "Hi", Finish.STOP, "stop", USED),
    "blank lines before a stream": (b"\n\n" + stream(chunk("Hi", "stop")), "Hi", Finish.STOP, "stop", None),
    "blanks after json": (whole("Hi") + b"\n \n", "Hi", Finish.STOP, "stop", USED),
    "byte order mark": (b"\xef\xbb\xbf" + stream(chunk("Hi", "stop")), "Hi", Finish.STOP, "stop", None),
    "byte order mark before json": (b"\xef\xbb\xbf" + whole("Hi"), "Hi", Finish.STOP, "stop", USED),
    "crlf": (stream(chunk("H"), chunk("i", "stop"), end="\r\n", gap="\r\n"), "Hi", Finish.STOP, "stop", None),
    "lone cr": (stream(chunk("H"), chunk("i", "stop"), end="\r", gap="\r"), "Hi", Finish.STOP, "stop", None),
    "no blank lines between events": (
        stream(chunk("H"), chunk("i", "stop"), TAIL, gap=""),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "no space after data": (
        stream(chunk("H"), chunk("i", "stop")).replace(b"data: ", b"data:"),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "ids, names and retry times": (
        stream(f"id: 1\nevent: message\nretry: 3000\ndata: {json.dumps(chunk('Hi', 'stop'))}"),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "an event in several data lines": (
        b'data: {"choices":[\ndata: {"index":0,\ndata: "delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n',
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "role and content null": (
        stream(delta(role="assistant", content=None), chunk("Hi"), delta("stop", role=None, content=None)),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "several choices: the first is the answer": (
        stream(
            {"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": "length"}]},
            chunk("Hi", "stop"),
        ),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "message beside delta": (
        stream(
            {"choices": [{"index": 0, "message": {"content": "H"}, "delta": {"content": "H"}}]},
            {
                "choices": [
                    {"index": 0, "message": {"content": "Hi"}, "delta": {"content": "i"}, "finish_reason": "stop"}
                ]
            },
        ),
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "delta beside message in a whole body": (
        json.dumps(
            {
                "choices": [
                    {"index": 0, "message": {"content": "Hi"}, "delta": {"content": ""}, "finish_reason": "stop"}
                ],
                "usage": U,
            }
        ).encode(),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "text completion": (
        b'{"choices":[{"index":0,"text":"Hi","finish_reason":"length"}]}',
        "Hi",
        Finish.LENGTH,
        "length",
        None,
    ),
    "no choice at all": (b'{"choices":[],"usage":null}', "", Finish.UNKNOWN, None, None),
    "unknown members and null details": (
        whole(
            "Hi",
            usage={**U, "prompt_tokens_details": None, "completion_tokens_details": None, "x": 1},
            system_fingerprint=None,
            obfuscation="aa",
        ),
        "Hi",
        Finish.STOP,
        "stop",
        USED,
    ),
    "not a number, and endless": (
        b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop","logprob":NaN,"x":Infinity}]}',
        "Hi",
        Finish.STOP,
        "stop",
        None,
    ),
    "bytes that are no utf-8": (
        b'{"choices":[{"index":0,"message":{"content":"H\xff"},"finish_reason":"stop"}]}',
        "H\ufffd",
        Finish.STOP,
        "stop",
        None,
    ),
    "half a surrogate pair": (
        b'{"choices":[{"index":0,"message":{"content":"H\\ud83d"},"finish_reason":"stop"}]}',
        "H?",
        Finish.STOP,
        "stop",
        None,
    ),
}


@pytest.mark.parametrize(("body", "text", "finish", "raw", "usage"), REPLIES.values(), ids=REPLIES)
def test_an_answer_is_read_whatever_shape_it_comes_in(body, text, finish, raw, usage):
    reply = read(body)
    assert isinstance(reply, Reply), reply
    assert (reply.text, reply.finish, reply.finish_raw, reply.usage) == (text, finish, raw, usage)
    # The same, byte by byte.
    assert read(body, cuts=range(1, len(body))) == reply


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        (stream(chunk("Hi", "stop")), Finish.STOP),
        (stream(chunk("Hi", "stop"), done=False), Finish.CUT),
        (stream(chunk("Hi"), done=False), Finish.CUT),
        (whole("Hi"), Finish.STOP),
    ],
)
def test_a_stream_without_its_last_word_was_cut_where_the_provider_always_sends_it(body, finish):
    assert read(body, target=ENDS).finish is finish


def test_a_connection_that_breaks_cuts_an_answer_but_not_one_that_had_its_last_word():
    assert read(stream(chunk("Hi"), done=False), cut=True).finish is Finish.CUT
    assert read(stream(chunk("Hi", "stop")), cut=True).finish is Finish.STOP
    assert read(whole("Hi"), cut=True).finish is Finish.STOP


def test_characters_split_between_reads_are_whole_again():
    said = "拜拜👋é"
    escaped = stream(chunk(said, "stop"))
    plain = stream(chunk("X", "stop")).replace(b'"X"', json.dumps(said, ensure_ascii=False).encode())
    for body in (escaped, plain):
        assert {read(body, cuts=[cut]).text for cut in range(1, len(body))} == {said}


def test_two_events_in_one_read_and_one_event_in_two_give_the_same_pieces():
    body = stream(chunk("a"), chunk("b", "stop"))
    together = openai.read(HERE, {}).feed(body)
    reader = openai.read(HERE, {})
    apart = [piece for byte in range(len(body)) for piece in reader.feed(body[byte : byte + 1])]
    assert together == apart == [Piece(PieceKind.ANSWER, "a"), Piece(PieceKind.ANSWER, "b")]


THOUGHTS = {
    "reasoning_content first, content null": stream(
        delta(reasoning_content="hm ", content=None), delta(reasoning_content="ok", content=None), chunk("Hi", "stop")
    ),
    "reasoning": stream(delta(reasoning="hm "), delta(reasoning="ok"), chunk("Hi", "stop")),
    "reasoning empty beside the answer": stream(
        delta(reasoning_content="hm ok"), delta("stop", reasoning_content="", content="Hi")
    ),
    "whole body": whole("Hi", message={"reasoning_content": "hm ok"}),
    "whole body, the newer name": whole("Hi", message={"reasoning": "hm ok", "reasoning_details": [{"text": "hm ok"}]}),
    "content as parts": whole(
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm "}, {"type": "text", "text": "ok"}]},
            {"type": "text", "text": "H"},
            {"type": "text", "text": "i"},
        ]
    ),
    "deltas of parts": stream(
        delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm "}]}]),
        delta(content=[{"type": "thinking", "thinking": "ok"}]),
        delta(content=[{"type": "text", "text": "H"}]),
        chunk("i", "stop"),
    ),
}


@pytest.mark.parametrize("body", THOUGHTS.values(), ids=THOUGHTS)
def test_thinking_and_answer_are_told_apart(body):
    reply = read(body)
    assert (reply.thinking, reply.text, reply.finish) == ("hm ok", "Hi", Finish.STOP)


def test_thinking_that_used_the_whole_budget_leaves_no_text_but_its_tokens():
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 64,
        "total_tokens": 71,
        "completion_tokens_details": {"reasoning_tokens": 64},
    }
    reply = read(whole("", "length", usage=usage))
    assert (reply.text, reply.finish, reply.usage) == ("", Finish.LENGTH, Usage(input=7, output=64, reasoning=64))


REFUSALS = {
    "field": (whole(None, message={"refusal": "I can't help."}), "", Finish.REFUSAL),
    "deltas": (
        stream(delta(refusal=""), delta(refusal="I can't "), delta("stop", refusal="help.")),
        "",
        Finish.REFUSAL,
    ),
    "beside text": (whole("Well,", message={"refusal": "I can't help."}), "Well,", Finish.STOP),
}


@pytest.mark.parametrize(("body", "text", "finish"), REFUSALS.values(), ids=REFUSALS)
def test_a_structured_refusal_is_kept_beside_the_text(body, text, finish):
    reply = read(body)
    assert (reply.refusal, reply.text, reply.finish) == ("I can't help.", text, finish)


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_refusal_field_is_none(empty):
    assert read(whole("Hi", message={"refusal": empty})).refusal is None


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{"}}
TOOLS = {
    "finish stop": (whole("", message={"tool_calls": [{"index": 0, **CALL}]}), 1),
    "no index": (whole("", message={"tool_calls": [CALL, CALL]}), 2),
    "no finish": (stream(delta(tool_calls=[{"index": 0, **CALL}])), 1),
    "deltas of two": (
        stream(
            delta(tool_calls=[{"index": 0, **CALL}]),
            delta(tool_calls=[{"index": 0, "id": "", "function": {"arguments": None}}]),
            delta("tool_calls", tool_calls=[{"index": 1, **CALL}]),
        ),
        2,
    ),
    "the old kind": (
        whole(None, "function_call", message={"function_call": {"name": "f", "arguments": "{}"}}),
        1,
    ),
    "an odd index": (whole("", message={"tool_calls": [{"index": [0], **CALL}]}), 1),
    "no objects": (whole("", "tool_calls", message={"tool_calls": ["f"]}), 1),
}


@pytest.mark.parametrize(("body", "calls"), TOOLS.values(), ids=TOOLS)
def test_tool_calls_nobody_asked_for_are_counted_whatever_the_finish_says(body, calls):
    reply = read(body)
    assert (reply.tool_calls, reply.finish) == (calls, Finish.TOOL_CALLS)


def test_empty_tool_fields_are_no_tool_calls():
    reply = read(whole("Hi", message={"tool_calls": None, "function_call": {"name": "", "arguments": ""}}))
    assert (reply.tool_calls, reply.finish) == (0, Finish.STOP)


def test_the_model_that_answered_is_kept_and_may_be_another_than_was_asked():
    assert read(stream(chunk("Hi", "stop", model="other-2"))).model == "other-2"
    assert read(whole("Hi")).model == "m"
    assert read(stream({"choices": [], "model": ""}, chunk("Hi", "stop", model="m-2"))).model == "m-2"


@pytest.mark.parametrize("body", [whole("Hal"), whole("Hal", None)])
def test_an_answer_that_the_servers_time_limit_ended_says_so(body):
    reply = read(body, headers={"x-dashscope-partialresponse": "true", "x-request-id": "r-1"})
    assert (reply.text, reply.finish, reply.request_id) == ("Hal", Finish.TIME_LIMIT, "r-1")
    assert reply.notes == ("the server's own time limit ended the answer",)


def test_half_of_a_stream_that_cannot_be_read_is_noted_and_the_rest_kept():
    reply = read(stream(chunk("H"), "data: {oops", chunk("i", "stop")))
    assert (reply.text, reply.finish) == ("Hi", Finish.STOP)
    assert reply.notes == ("a part of the stream could not be read",)


USAGES = {
    "cache read is inside the prompt": (
        {**U, "prompt_tokens_details": {"cached_tokens": 4}},
        Usage(input=3, cache_read=4, output=3),
    ),
    "cache written too": (
        {**U, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}},
        Usage(input=1, cache_read=4, cache_write=2, output=3),
    ),
    "cache written, DashScope": (
        {
            **U,
            "prompt_tokens_details": {
                "cached_tokens": 0,
                "cache_creation_input_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 5},
            },
        },
        Usage(input=2, cache_write=5, output=3),
    ),
    "hits and misses, DeepSeek": (
        {**U, "prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 1},
        Usage(input=1, cache_read=6, output=3),
    ),
    "cached at the top, Moonshot": ({**U, "cached_tokens": 2}, Usage(input=5, cache_read=2, output=3)),
    "cached at the top, Mistral": ({**U, "num_cached_tokens": 2}, Usage(input=5, cache_read=2, output=3)),
    "details misspelt, Mistral": (
        {**U, "prompt_token_details": {"cached_tokens": 2}},
        Usage(input=5, cache_read=2, output=3),
    ),
    "Anthropic's names beside OpenAI's, LiteLLM": (
        {**U, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1},
        Usage(input=4, cache_read=2, cache_write=1, output=3),
    ),
    "reasoning is inside the completion": (
        {**U, "completion_tokens_details": {"reasoning_tokens": 2}},
        Usage(input=7, output=3, reasoning=2),
    ),
    "text tokens hold the reasoning, Qwen": (
        {**U, "completion_tokens_details": {"reasoning_tokens": 2, "text_tokens": 3}},
        Usage(input=7, output=3, reasoning=2),
    ),
    "reasoning beside the completion, xAI": (
        {
            "prompt_tokens": 7,
            "completion_tokens": 3,
            "total_tokens": 30,
            "completion_tokens_details": {"reasoning_tokens": 20},
        },
        Usage(input=7, output=23, reasoning=20),
    ),
    "thoughts in the total alone, Gemini": (
        {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 50},
        Usage(input=7, output=43),
    ),
    "more reasoning than output, and the total does not explain it": (
        {**U, "completion_tokens_details": {"reasoning_tokens": 5}},
        Usage(input=7, output=3, reasoning=5),
    ),
    "more cached than prompt, Grok on Azure": (
        {**U, "prompt_tokens_details": {"cached_tokens": 160}},
        Usage(input=7, cache_read=160, output=3),
    ),
    "cached beside the prompt, told by the total": (
        {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 15, "cache_read_input_tokens": 5},
        Usage(input=7, cache_read=5, output=3),
    ),
    "written and read at once, and billed for both": (
        {**U, "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 5}},
        Usage(input=2, cache_read=5, cache_write=5, output=3),
    ),
    "completion left out where it is nothing": ({"prompt_tokens": 7, "total_tokens": 7}, Usage(input=7, output=0)),
    "prompt left out": ({"completion_tokens": 3, "total_tokens": 10}, Usage(input=7, output=3)),
    "the names of the other wire": ({"input_tokens": 7, "output_tokens": 3}, Usage(input=7, output=3)),
    "whole numbers with a point": (
        {"prompt_tokens": 7.0, "completion_tokens": 3.0, "total_tokens": 10.0},
        Usage(input=7, output=3),
    ),
}


@pytest.mark.parametrize(("given", "usage"), USAGES.values(), ids=USAGES)
def test_usage_becomes_four_counters_that_do_not_overlap(given, usage):
    assert read(whole("Hi", usage=given)).usage == usage


@pytest.mark.parametrize(
    "given",
    [
        {"prompt_tokens": 7},
        {"completion_tokens": 3},
        {"total_tokens": 10},
        {"prompt_tokens": "7", "completion_tokens": "3"},
        {"prompt_tokens": -7, "completion_tokens": 3},
        {"prompt_tokens": 7.5, "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": True},
        {"prompt_tokens": 10**30, "completion_tokens": 3},
    ],
)
def test_usage_that_does_not_say_enough_is_unknown_and_not_zero(given):
    reply = read(whole("Hi", usage=given))
    assert (reply.usage, reply.notes) == (None, ("the provider reported no whole usage",))


def test_what_is_odd_about_a_usage_is_noted():
    given = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 50}
    assert read(whole("Hi", usage=given)).notes == (
        "the total holds tokens that neither prompt nor completion does: taken for output",
    )
