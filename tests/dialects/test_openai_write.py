"""What the OpenAI-compatible wire sends: what the user set, under the name the target knows, and nothing else."""

import json
from dataclasses import replace

import pytest

from qwcli.core.prompt import Message, Parameters, Prompt
from qwcli.core.target import Target
from qwcli.dialects import openai
from qwcli.errors import QwcliError

TARGET = Target(name="t", provider="p", model="m-1", url="https://api.example/v1")
MESSAGES = [{"role": "system", "content": "Short."}, {"role": "user", "content": "你好"}]
PLAIN = Prompt(messages=tuple(Message(**message) for message in MESSAGES), parameters=Parameters(stream=False))
QWEN = {
    "on": {"enable_thinking": True},
    "off": {"enable_thinking": False},
    "budget": {"enable_thinking": True, "thinking_budget": "{budget}"},
}


def sent(target=TARGET, **parameters):
    prompt = replace(PLAIN, parameters=Parameters(**{"stream": False, **parameters}))
    return json.loads(openai.write(prompt, target).body)


def extra_fields(target=TARGET, **parameters):
    body = sent(target, **parameters)
    assert body.pop("model") == "m-1"
    assert body.pop("messages") == MESSAGES
    return body


def test_what_was_not_set_is_not_sent():
    request = openai.write(PLAIN, TARGET)
    assert json.loads(request.body) == {"model": "m-1", "messages": MESSAGES}
    assert (request.method, request.url) == ("POST", "https://api.example/v1/chat/completions")
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"temperature": 0.0}, {"temperature": 0.0}),
        ({"max_tokens": 0}, {"max_tokens": 0}),
        ({"seed": 0}, {"seed": 0}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        (
            {"json_schema": {"type": "object"}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}},
                }
            },
        ),
        (
            {"extra": {"top_k": 5, "stop": ["END"], "logit_bias": None}},
            {"top_k": 5, "stop": ["END"], "logit_bias": None},
        ),
        (
            {"temperature": 1.5, "max_tokens": 7, "seed": 3, "extra": {"temperature": 0.2}},
            {"temperature": 0.2, "max_tokens": 7, "seed": 3},
        ),
    ],
)
def test_each_parameter_is_sent_as_it_was_set(parameters, fields):
    assert extra_fields(**parameters) == fields


def test_a_stream_is_asked_for_in_the_header_too():
    request = openai.write(replace(PLAIN, parameters=Parameters()), TARGET)
    assert request.headers["accept"] == "text/event-stream"


def test_a_field_goes_under_the_name_the_target_calls_it():
    mistral = replace(TARGET, sends={"seed": "random_seed", "max_tokens": "max_completion_tokens"})
    assert extra_fields(mistral, seed=4, max_tokens=9, temperature=1.0) == {
        "random_seed": 4,
        "max_completion_tokens": 9,
        "temperature": 1.0,
    }


def test_what_the_target_cannot_be_sent_is_the_users_mistake_and_not_left_out_in_silence():
    deaf = replace(TARGET, sends={"seed": ""})
    with pytest.raises(QwcliError, match="t cannot be sent seed"):
        sent(deaf, seed=1)
    assert extra_fields(deaf) == {}


def test_a_target_that_rejects_stream_options_is_still_streamed():
    assert extra_fields(replace(TARGET, sends={"stream_options": ""}), stream=True) == {"stream": True}


@pytest.mark.parametrize(
    ("switches", "wish", "fields"),
    [
        (QWEN, True, {"enable_thinking": True}),
        (QWEN, False, {"enable_thinking": False}),
        (QWEN, 512, {"enable_thinking": True, "thinking_budget": 512}),
        (QWEN, 0, {"enable_thinking": True, "thinking_budget": 0}),
        ({"budget": {"reasoning": {"max_tokens": "{budget}"}}}, 64, {"reasoning": {"max_tokens": 64}}),
        ({"on": {"chat_template_kwargs": {"thinking": True}}}, True, {"chat_template_kwargs": {"thinking": True}}),
    ],
)
def test_thinking_is_switched_the_way_the_target_says(switches, wish, fields):
    assert extra_fields(replace(TARGET, thinking=switches), thinking=wish) == fields


@pytest.mark.parametrize(("wish", "said"), [(True, "on"), (False, "off"), (100, "budget")])
def test_thinking_that_the_target_has_no_switch_for_is_the_users_mistake(wish, said):
    with pytest.raises(QwcliError, match=f"thinking={said} is not known for t"):
        sent(thinking=wish)


def test_the_targets_body_gives_way_to_what_the_user_sets_and_that_to_named_parameters_of_the_wire():
    target = replace(
        TARGET, body={"temperature": 0.9, "top_p": 0.5, "user": "x", "enable_thinking": True}, thinking=QWEN
    )
    assert extra_fields(target) == {"temperature": 0.9, "top_p": 0.5, "user": "x", "enable_thinking": True}
    assert extra_fields(target, temperature=0.1, thinking=False, extra={"top_p": 1, "user": None}) == {
        "temperature": 0.1,
        "top_p": 1,
        "user": None,
        "enable_thinking": False,
    }


def test_a_thinking_switch_leaves_the_other_members_of_the_targets_object_standing():
    target = replace(
        TARGET,
        body={"chat_template_kwargs": {"style": "plain", "thinking": False}},
        thinking={"on": {"chat_template_kwargs": {"thinking": True}}},
    )
    assert extra_fields(target, thinking=True) == {"chat_template_kwargs": {"style": "plain", "thinking": True}}
    assert target.body["chat_template_kwargs"] == {"style": "plain", "thinking": False}


def test_the_targets_own_parameters_hold_where_the_user_set_none():
    target = replace(TARGET, parameters=Parameters(max_tokens=5, temperature=0.3, extra={"a": 1, "b": 1}))
    assert extra_fields(target, temperature=0.0, extra={"b": 2}) == {
        "max_tokens": 5,
        "temperature": 0.0,
        "a": 1,
        "b": 2,
    }


def test_the_key_is_named_and_a_targets_own_headers_replace_ours_whatever_their_case():
    keyed = replace(TARGET, key="MY_KEY")
    assert openai.write(PLAIN, keyed).headers["authorization"] == "Bearer ${MY_KEY}"
    own = replace(keyed, headers={"Authorization": "Token ${OTHER}", "X-Title": "qwcli"})
    assert openai.write(PLAIN, own).headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": "Token ${OTHER}",
        "x-title": "qwcli",
    }


def test_text_that_utf8_cannot_carry_is_escaped_rather_than_lost():
    odd = replace(PLAIN, messages=(Message(role="user", content="a\ud83db"),))
    assert json.loads(openai.write(odd, TARGET).body)["messages"][0]["content"] == "a\ud83db"
