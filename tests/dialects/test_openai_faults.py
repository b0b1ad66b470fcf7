"""Errors of the OpenAI-compatible wire: with an error status, in a 200, in the middle of a stream."""

import json
from dataclasses import replace

import pytest
from chat_answers import HERE, chunk, read, refused, stream, whole

from qwcli.core.outcome import Fault, FaultKind, Finish, Usage

ALIBABA = replace(HERE, url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1")
OPENAI = replace(HERE, url="https://api.openai.com/v1")
U = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
PAGE = (
    b"<!DOCTYPE html><html><head><title>502</title><style>p{}</style></head><body><p>Bad&nbsp;gateway</p></body></html>"
)
INSPECTED = "Input data may contain inappropriate content."
OWN_INSPECTED = "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content."
QUOTA_WORDS = "You exceeded your current quota, please check your plan and billing details."


def error(message, code=None, type_=None, **more):
    return {"error": {"message": message, "type": type_, "param": None, "code": code}, **more}


# status, body, kind, retryable, message
REFUSED = {
    "key wrong": (
        401,
        error("Incorrect API key provided: sk-***", "invalid_api_key", "invalid_request_error"),
        FaultKind.AUTH,
        False,
        "Incorrect API key provided: sk-***",
    ),
    "key wrong, as a text": (401, {"error": "Unauthorized"}, FaultKind.AUTH, False, "Unauthorized"),
    "key wrong, with a detail": (401, {"detail": "Invalid API Key"}, FaultKind.AUTH, False, "Invalid API Key"),
    "key wrong, as a 400 with the code outside": (
        400,
        {"code": "invalid-argument", "error": "Incorrect API key provided."},
        FaultKind.AUTH,
        False,
        "Incorrect API key provided.",
    ),
    "key wrong, native words": (
        401,
        {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"},
        FaultKind.AUTH,
        False,
        "Invalid API-key provided.",
    ),
    "no access": (403, error("Access denied.", "access_denied"), FaultKind.PERMISSION, False, "Access denied."),
    "model unknown": (404, error("No such model", "model_not_found"), FaultKind.NOT_FOUND, False, "No such model"),
    "model unknown with a 400": (400, error("No", "model_not_supported"), FaultKind.NOT_FOUND, False, "No"),
    "a 404 page": (404, b"<html><h1>Not Found</h1></html>", FaultKind.NOT_FOUND, False, "a web page: Not Found"),
    "a proxy's page": (502, PAGE, FaultKind.SERVER, True, "a web page: 502 Bad gateway"),
    "plain words": (503, b"no healthy upstream", FaultKind.OVERLOADED, True, "no healthy upstream"),
    "nothing": (500, b"", FaultKind.SERVER, True, "an empty answer"),
    "an empty object": (500, b"{}", FaultKind.SERVER, True, "{}"),
    "array of one": (
        400,
        [{"error": {"code": 400, "message": "Bad value", "status": "INVALID_ARGUMENT"}}],
        FaultKind.INVALID,
        False,
        "Bad value",
    ),
    "array of one, limit": (
        429,
        [{"error": {"code": 429, "message": "Slow", "status": "RESOURCE_EXHAUSTED"}}],
        FaultKind.RATE,
        True,
        "Slow",
    ),
    "message an object": (
        422,
        {
            "object": "error",
            "message": {"detail": [{"msg": "Extra inputs"}]},
            "type": "invalid_request_error",
            "code": None,
        },
        FaultKind.INVALID,
        False,
        '[{"msg": "Extra inputs"}]',
    ),
    "detail a list": (
        422,
        {"detail": [{"msg": "Field required"}]},
        FaultKind.INVALID,
        False,
        '[{"msg": "Field required"}]',
    ),
    "error a list of texts": (400, {"error": ["Too hot"]}, FaultKind.INVALID, False, "Too hot"),
    "errors a list of objects": (
        404,
        {"tpe": "f", "errors": [{"description": "No model", "key": "fail.m", "extras": {}}]},
        FaultKind.NOT_FOUND,
        False,
        "No model",
    ),
    "only a message": (
        429,
        {"message": "Requests rate limit exceeded"},
        FaultKind.RATE,
        True,
        "Requests rate limit exceeded",
    ),
    "flat object": (
        429,
        {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"},
        FaultKind.RATE,
        True,
        "Rate limit exceeded",
    ),
    "a gateway's own failure": (500, {"status": "failure", "message": "no route"}, FaultKind.SERVER, True, "no route"),
    "too long": (
        400,
        error("This model's maximum context length is 8 tokens", "context_length_exceeded"),
        FaultKind.TOO_LONG,
        False,
        "This model's maximum context length is 8 tokens",
    ),
    "too long, in words": (
        400,
        error("<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]"),
        FaultKind.TOO_LONG,
        False,
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
    ),
    "too long for xAI": (
        400,
        {
            "code": "invalid-argument",
            "error": "This model's maximum prompt length is 8 but the request contains 9 tokens.",
        },
        FaultKind.TOO_LONG,
        False,
        "This model's maximum prompt length is 8 but the request contains 9 tokens.",
    ),
    "a limit on the answer is no long prompt": (
        400,
        error("`max_tokens` must be at most 8192, the maximum value for `max_tokens`", None, "invalid_request_error"),
        FaultKind.INVALID,
        False,
        "`max_tokens` must be at most 8192, the maximum value for `max_tokens`",
    ),
    "larger than a whole minute": (
        429,
        error(
            "Request too large for m on tokens per min (TPM): Limit 10, Requested 20", "rate_limit_exceeded", "tokens"
        ),
        FaultKind.TOO_LONG,
        False,
        "Request too large for m on tokens per min (TPM): Limit 10, Requested 20",
    ),
    "payload too large": (413, b"", FaultKind.TOO_LONG, False, "an empty answer"),
    "inspected": (
        400,
        error(INSPECTED, "data_inspection_failed", "data_inspection_failed", request_id="r"),
        FaultKind.BLOCKED,
        False,
        INSPECTED,
    ),
    "inspected, native": (400, {"code": "DataInspectionFailed", "message": "x"}, FaultKind.BLOCKED, False, "x"),
    "inspected, in words alone": (400, error(OWN_INSPECTED), FaultKind.BLOCKED, False, OWN_INSPECTED),
    "inspected, beneath a gateway": (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": '{"error":{"code":"data_inspection_failed"}}', "provider_name": "Alibaba"},
            }
        },
        FaultKind.BLOCKED,
        False,
        "Provider returned error",
    ),
    "a role is blocked": (400, {"code": "CustomRoleBlocked", "message": "x"}, FaultKind.BLOCKED, False, "x"),
    "the prompt is filtered": (
        400,
        {"error": {"message": "The response was filtered", "code": "content_filter", "status": 400, "innererror": {}}},
        FaultKind.BLOCKED,
        False,
        "The response was filtered",
    ),
    "the prompt is filtered, said inside": (
        400,
        {"error": {"message": "Filtered", "code": None, "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
        FaultKind.BLOCKED,
        False,
        "Filtered",
    ),
    "flagged": (
        403,
        {"error": {"code": 403, "message": 'Your input was flagged for "x".', "metadata": {"reasons": ["x"]}}},
        FaultKind.BLOCKED,
        False,
        'Your input was flagged for "x".',
    ),
    "a guardrail": (446, error("checks failed", None, "hooks_failed"), FaultKind.BLOCKED, False, "checks failed"),
    "the budget of a gateway": (412, error("budget exceeded"), FaultKind.QUOTA, False, "budget exceeded"),
    "Arrearage": (
        400,
        {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."},
        FaultKind.QUOTA,
        False,
        "Access denied, please make sure your account is in good standing.",
    ),
    "Arrearage, compatible": (
        400,
        error("Access denied.", "Arrearage", "Arrearage"),
        FaultKind.QUOTA,
        False,
        "Access denied.",
    ),
    "overdue with a 429": (429, {"code": "PostpaidBillOverdue", "message": "x"}, FaultKind.QUOTA, False, "x"),
    "free tier spent": (403, {"code": "AllocationQuota.FreeTierOnly", "message": "x"}, FaultKind.QUOTA, False, "x"),
    "no balance": (402, error("Insufficient Balance"), FaultKind.QUOTA, False, "Insufficient Balance"),
    "a spending limit with a 429": (429, error("x", "enforced_spend_limit_reached"), FaultKind.QUOTA, False, "x"),
    "requests a minute": (429, error("x", "limit_requests", "limit_requests"), FaultKind.RATE, True, "x"),
    "a burst": (429, error("x", "limit_burst_rate"), FaultKind.RATE, True, "x"),
    "allocated quota": (
        429,
        error("Allocated quota exceeded, please wait", "insufficient_quota"),
        FaultKind.RATE,
        True,
        "Allocated quota exceeded, please wait",
    ),
    "free allocated quota": (
        429,
        error("Free allocated quota exceeded.", "insufficient_quota", request_id="r"),
        FaultKind.QUOTA,
        False,
        "Free allocated quota exceeded.",
    ),
    "a conflict": (409, error("x"), FaultKind.SERVER, True, "x"),
    "a time-out": (408, error("x"), FaultKind.TIMEOUT, True, "x"),
    "a gateway's time-out": (504, b"", FaultKind.TIMEOUT, True, "an empty answer"),
    "a model's time-out": (500, {"code": "RequestTimeOut", "message": "x"}, FaultKind.TIMEOUT, True, "x"),
    "overloaded": (
        529,
        {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
        FaultKind.OVERLOADED,
        True,
        "x",
    ),
    "loading": (503, error("Loading model", 503, "unavailable_error"), FaultKind.OVERLOADED, True, "Loading model"),
    "an internal error": (500, error("x", "internal_error"), FaultKind.SERVER, True, "x"),
    "not implemented": (501, b"", FaultKind.INVALID, False, "an empty answer"),
    "a vague type with a client's status": (400, error("Bad", None, "api_error"), FaultKind.INVALID, False, "Bad"),
    "a redirect": (307, b"", FaultKind.PROTOCOL, False, "the server redirects to /v2; redirects are not followed"),
}


@pytest.mark.parametrize(("status", "body", "kind", "retryable", "message"), REFUSED.values(), ids=REFUSED)
def test_an_error_status_is_named_with_whether_waiting_helps(status, body, kind, retryable, message):
    fault = refused(status, body, headers={"location": "/v2", "x-request-id": "h-1"})
    assert (fault.kind, fault.retryable, fault.message, fault.status) == (kind, retryable, message, status)


@pytest.mark.parametrize(
    ("target", "body", "kind"),
    [
        (OPENAI, error(QUOTA_WORDS, "insufficient_quota", "insufficient_quota"), FaultKind.QUOTA),
        (ALIBABA, error(QUOTA_WORDS, "insufficient_quota", "insufficient_quota"), FaultKind.RATE),
        (HERE, error(QUOTA_WORDS, "insufficient_quota", "insufficient_quota"), FaultKind.QUOTA),
        # Through a gateway the host does not tell, but the request id beside the error does.
        (HERE, error(QUOTA_WORDS, "insufficient_quota", "insufficient_quota", request_id=""), FaultKind.RATE),
        (ALIBABA, error("Free allocated quota exceeded.", "insufficient_quota"), FaultKind.QUOTA),
    ],
)
def test_insufficient_quota_recovers_at_alibaba_and_nowhere_else(target, body, kind):
    fault = refused(429, body, target=target)
    assert (fault.kind, fault.retryable) == (kind, kind is FaultKind.RATE)


def test_a_faults_code_type_and_request_id_are_the_providers_own():
    fault = refused(429, error("x", 429, "rate", request_id="r-1"))
    assert (fault.code, fault.type, fault.request_id) == ("429", "rate", "r-1")
    assert refused(500, b"", headers={"x-request-id": "h-1"}).request_id == "h-1"


def test_a_server_that_says_whether_to_try_again_has_the_last_word_but_not_over_a_filter():
    assert refused(400, error("x"), headers={"x-should-retry": "true"}).retryable
    assert not refused(500, error("x"), headers={"x-should-retry": "false"}).retryable
    assert not refused(400, error("x", "content_filter"), headers={"x-should-retry": "true"}).retryable


@pytest.mark.parametrize(
    "body",
    [
        b"<html>" + b"<p>word</p>" * 100_000,
        json.dumps(error("word " * 100_000)).encode(),
        json.dumps(error("<html><body>" + "&lt;b&gt;word " * 100_000)).encode(),
        b"<div " * 200_000,
        b"<script>" * 100_000,
    ],
)
def test_however_long_an_error_is_its_message_is_short_and_without_markup(body):
    message = refused(502, body, headers={"content-type": "text/html"}).message
    assert len(message) <= 4000
    assert "<" not in message


NATIVE = 'id:2\nevent:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling.AllocationQuota","message":"slow","request_id":"r-9"}'
# body, kind, retryable, status, code, message
IN_A_200 = {
    "whole": (json.dumps(error("Bad", 502)).encode(), FaultKind.SERVER, True, 502, "502", "Bad"),
    "whole, the code a text": (json.dumps(error("Slow", "429")).encode(), FaultKind.RATE, True, 429, "429", "Slow"),
    "whole, native": (
        b'{"code":"DataInspectionFailed","message":"x","request_id":"r"}',
        FaultKind.BLOCKED,
        False,
        None,
        "DataInspectionFailed",
        "x",
    ),
    "whole, a text": (b'{"error":"upstream died"}', FaultKind.ERROR, False, None, None, "upstream died"),
    "whole, array": (
        b'[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]',
        FaultKind.OVERLOADED,
        True,
        503,
        "503",
        "busy",
    ),
    "whole, inside the choice": (
        b'{"choices":[{"index":0,"message":{"content":""},"error":{"code":502,"message":"gone"}}]}',
        FaultKind.SERVER,
        True,
        502,
        "502",
        "gone",
    ),
    "stream, first": (stream(error("no", 400)), FaultKind.INVALID, False, 400, "400", "no"),
    "stream, named": (
        stream(
            'event: error\ndata: {"error":{"message":"Tool failed","code":"tool_use_failed","status_code":400}}',
            done=False,
        ),
        FaultKind.INVALID,
        False,
        400,
        "tool_use_failed",
        "Tool failed",
    ),
    "stream, named, words": (stream("event: error\ndata: it broke"), FaultKind.ERROR, False, None, None, "it broke"),
    "stream, named, crlf": (
        stream("event: error\r\ndata: it broke", end="\r\n", gap="\r\n"),
        FaultKind.ERROR,
        False,
        None,
        None,
        "it broke",
    ),
    "stream, a status belongs to its own event": (
        stream(f":HTTP_STATUS/429\ndata: {json.dumps(chunk('Hi'))}", error("x", "unheard_of")),
        FaultKind.ERROR,
        False,
        None,
        "unheard_of",
        "x",
    ),
    "stream, named, a bare text": (
        stream('event: error\ndata: "it broke"'),
        FaultKind.ERROR,
        False,
        None,
        None,
        "it broke",
    ),
    "stream, named, unheard of": (
        stream('event: error\ndata: {"oops":1}'),
        FaultKind.ERROR,
        False,
        None,
        None,
        '{"oops": 1}',
    ),
    "stream, no data before it": (
        stream('{"error":{"message":"busy","code":"server_is_overloaded"}}'),
        FaultKind.OVERLOADED,
        True,
        None,
        "server_is_overloaded",
        "busy",
    ),
    "stream, native frame": (
        stream(NATIVE, done=False),
        FaultKind.RATE,
        True,
        429,
        "Throttling.AllocationQuota",
        "slow",
    ),
    "stream, native frame not ended": (
        NATIVE.encode(),
        FaultKind.RATE,
        True,
        429,
        "Throttling.AllocationQuota",
        "slow",
    ),
    "stream, native frame, quota": (
        stream('event:error\n:HTTP_STATUS/429\ndata:{"code":"insufficient_quota","message":"x","request_id":"r"}'),
        FaultKind.RATE,
        True,
        429,
        "insufficient_quota",
        "x",
    ),
    "stream, native frame with a status that says nothing": (
        stream('event:error\n:HTTP_STATUS/200\ndata:{"code":"InternalError","message":"x"}'),
        FaultKind.SERVER,
        True,
        None,
        "InternalError",
        "x",
    ),
    "stream, two errors: the first": (
        stream(error("one", 429), error("two", 400)),
        FaultKind.RATE,
        True,
        429,
        "429",
        "one",
    ),
}


@pytest.mark.parametrize(("body", "kind", "retryable", "status", "code", "message"), IN_A_200.values(), ids=IN_A_200)
def test_an_error_in_a_200_is_a_fault(body, kind, retryable, status, code, message):
    fault = read(body)
    assert isinstance(fault, Fault), fault
    assert (fault.kind, fault.retryable, fault.status) == (kind, retryable, status)
    assert (fault.code, fault.message) == (code, message)
    assert read(body, cuts=range(1, len(body))) == fault


MID_STREAM = {
    "an error object": (error("gone", 502), FaultKind.SERVER, True, 502),
    "an error beside the finish": (
        {
            "error": {"code": 502, "message": "gone"},
            "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
        },
        FaultKind.SERVER,
        True,
        502,
    ),
    "inspection of the output": (
        error("Output data may contain inappropriate content.", "data_inspection_failed", "data_inspection_failed"),
        FaultKind.BLOCKED,
        False,
        None,
    ),
    "a native frame": (NATIVE, FaultKind.RATE, True, 429),
    "a named error": ('event: error\ndata: {"error":{"message":"x","code":500}}', FaultKind.SERVER, True, 500),
    "the finish says error": (chunk("", "error"), FaultKind.SERVER, True, None),
    "the finish says network_error": (chunk("", "network_error"), FaultKind.SERVER, True, None),
    "no resources": (chunk("", "insufficient_system_resource"), FaultKind.OVERLOADED, True, None),
    "error_finish with its text": (chunk("internal failure", "error_finish"), FaultKind.SERVER, True, None),
    "error_finish, throttled": (chunk("Throttling: TPM(11/10)", "error_finish"), FaultKind.RATE, True, None),
    "error_finish, inspected": (chunk("DataInspectionFailed: x", "error_finish"), FaultKind.BLOCKED, False, None),
}


@pytest.mark.parametrize(("event", "kind", "retryable", "status"), MID_STREAM.values(), ids=MID_STREAM)
def test_an_error_in_the_middle_keeps_the_text_the_thinking_and_the_usage(event, kind, retryable, status):
    thinking = {"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}
    fault = read(stream(thinking, chunk("Hel", model="m-2", usage=U), chunk("lo"), event))
    assert isinstance(fault, Fault), fault
    assert (fault.kind, fault.retryable, fault.status) == (kind, retryable, status)
    assert (fault.text, fault.thinking, fault.usage, fault.model) == ("Hello", "hm", Usage(input=7, output=3), "m-2")
    assert fault.message


def test_usage_that_comes_after_the_error_is_kept_too():
    fault = read(stream(chunk("Hel"), error("gone", 502), {"choices": [], "usage": U}))
    assert (fault.text, fault.usage) == ("Hel", Usage(input=7, output=3))


def test_empty_error_members_are_no_error():
    assert read(whole("Hi", error=None)).finish is Finish.STOP
    assert read(whole("Hi", error={})).finish is Finish.STOP
    assert read(whole("Hi", error="")).finish is Finish.STOP


# body, cut, kind, retryable, a word of the message
NOTHING = {
    "no byte": (b"", False, FaultKind.PROTOCOL, False, "empty answer"),
    "no byte, broken": (b"", True, FaultKind.RESET, True, "before any answer"),
    "blank lines": (b"\n\n", False, FaultKind.PROTOCOL, False, "empty answer"),
    "a page": (PAGE, False, FaultKind.PROTOCOL, False, "a web page: 502 Bad gateway"),
    "an object of another kind": (b'{"object":"list","data":[]}', False, FaultKind.PROTOCOL, False, '"data":[]'),
    "an array": (b"[]", False, FaultKind.PROTOCOL, False, "[]"),
    "choices null": (b'{"choices":null}', False, FaultKind.PROTOCOL, False, "choices"),
    "plain words": (
        b"upstream connect error: reset",
        False,
        FaultKind.PROTOCOL,
        False,
        "upstream connect error: reset",
    ),
    "plain words with an end": (b"upstream failed\n", False, FaultKind.PROTOCOL, False, "upstream failed"),
    "events that are no json": (stream("data: oops"), False, FaultKind.PROTOCOL, False, "oops"),
    "half a body": (b'{"choices":[{"index":0,"mess', True, FaultKind.RESET, True, "before any answer"),
    "half an event": (b'data: {"choices":[{"in', False, FaultKind.RESET, True, "before any answer"),
    "half a field": (b"dat", False, FaultKind.RESET, True, "before any answer"),
    "comments alone": (b": keep-alive\n\n: keep-alive\n\n", False, FaultKind.RESET, True, "before any answer"),
    "the last word alone": (stream(), False, FaultKind.RESET, True, "before any answer"),
    "nested without end": (b"[" * 200_000, False, FaultKind.PROTOCOL, False, "[[["),
}


@pytest.mark.parametrize(("body", "cut", "kind", "retryable", "words"), NOTHING.values(), ids=NOTHING)
def test_what_is_no_answer_is_never_taken_for_an_empty_one(body, cut, kind, retryable, words):
    fault = read(body, cut=cut)
    assert isinstance(fault, Fault), fault
    assert (fault.kind, fault.retryable) == (kind, retryable)
    assert words in fault.message
    assert "<" not in fault.message
