"""Which kind of fault an error is, by the provider's code and message first and by the status last.

Sources: Alibaba Cloud Model Studio error codes; OpenAI, Anthropic, DeepSeek, Mistral and OpenRouter error references;
vLLM, llama.cpp and Ollama sources; user reports of moderation errors. Read 2026-11-22.
"""

from __future__ import annotations

import re

from qwcli.core.outcome import FaultKind

_BY_CODE: dict[str, tuple[FaultKind, bool]] = {}
for _kind, _retryable, _codes in (
    (
        FaultKind.BLOCKED,
        False,
        "data_inspection_failed datainspectionfailed content_filter content_policy_violation content_policy "
        "responsibleaipolicyviolation customroleblocked faqruleblocked ipinfringementsuspect invalid_prompt bio_policy "
        "cyber_policy moderation_blocked",
    ),
    (
        FaultKind.QUOTA,
        False,
        "insufficient_quota credit_balance_exhausted enforced_spend_limit_reached billing_error insufficient_balance "
        "billing_hard_limit_reached billing_not_active arrearage commoditynotpurchased prepaidbilloverdue "
        "postpaidbilloverdue allocationquota.freetieronly insufficient_credits",
    ),
    (
        FaultKind.TOO_LONG,
        False,
        "context_length_exceeded exceed_context_size_error too_many_prompt_tokens max_tokens_exceeded "
        "request_too_large context_window_exceeded",
    ),
    (FaultKind.AUTH, False, "invalid_api_key invalidapikey authentication_error unauthorized api_key_invalid"),
    (
        FaultKind.NOT_FOUND,
        False,
        "model_not_found modelnotfound model.notexist deploymentnotfound not_found_error notfounderror",
    ),
    (FaultKind.PERMISSION, False, "permission_error accessdenied access_denied model.accessdenied permission_denied"),
    (
        FaultKind.RATE,
        True,
        "rate_limit_exceeded rate_limit_error rate_limited limit_requests limit_burst_rate ratelimitreached slow_down "
        "throttling throttling.ratequota throttling.burstrate throttling.allocationquota limitrequests 1300 "
        "requests_rate_limit_exceeded tokens_rate_limit_exceeded resource_exhausted",
    ),
    (
        FaultKind.OVERLOADED,
        True,
        "overloaded_error server_is_overloaded provider_overloaded provider_unavailable serviceunavailable "
        "serviceunavailableerror modelunavailable insufficient_system_resource unavailable_error unavailable",
    ),
    (FaultKind.TIMEOUT, True, "requesttimeout responsetimeout timeout timeout_error gatewaytimeout deadline_exceeded"),
    (FaultKind.SERVER, True, "internal_error internalerror systemerror modelservicefailed modelservingerror api_error"),
):
    for _code in _codes.split():
        _BY_CODE[_code] = (_kind, _retryable)

_BLOCKED = re.compile(
    r"DataInspectionFailed|inappropriate content|content management policy|flagged (?:for|as|by)", re.IGNORECASE
)
_NO_CREDIT = re.compile(
    r"free allocated quota exceeded|insufficient balance|credit balance is too low|account .{0,40}(?:overdue|arrears)",
    re.IGNORECASE,
)
# DashScope's words for tokens per minute; "Free allocated quota exceeded" is the permanent one.
_ALLOCATED = re.compile(r"^\s*allocated quota exceeded", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context (?:length|window|size)|range of input length|(?:prompt|input) is too long|prompt too long|"
    r"length of all messages is too long|input tokens? .{0,40}exceed|too many (?:input|prompt) tokens|"
    r"maximum .{0,20}tokens",
    re.IGNORECASE,
)
_BAD_KEY = re.compile(r"(?:incorrect|invalid|no|missing) api.?key", re.IGNORECASE)

_BY_STATUS: dict[int, tuple[FaultKind, bool]] = {
    401: (FaultKind.AUTH, False),
    402: (FaultKind.QUOTA, False),
    403: (FaultKind.PERMISSION, False),
    404: (FaultKind.NOT_FOUND, False),
    408: (FaultKind.TIMEOUT, True),
    409: (FaultKind.SERVER, True),
    413: (FaultKind.TOO_LONG, False),
    425: (FaultKind.SERVER, True),
    429: (FaultKind.RATE, True),
    446: (FaultKind.BLOCKED, False),
    503: (FaultKind.OVERLOADED, True),
    504: (FaultKind.TIMEOUT, True),
    529: (FaultKind.OVERLOADED, True),
}


def classify(
    status: int | None, code: str | None, type_: str | None, message: str, *, transient: frozenset[str] = frozenset()
) -> tuple[FaultKind, bool]:
    """The kind of an error, and whether the same request may succeed later.

    `transient` are codes that here mean a limit that recovers, whatever they mean elsewhere: DashScope says
    `insufficient_quota` for tokens per minute, OpenAI for an empty account.
    """
    if _BLOCKED.search(message):
        return FaultKind.BLOCKED, False
    if _NO_CREDIT.search(message):
        return FaultKind.QUOTA, False
    if _ALLOCATED.search(message):
        return FaultKind.RATE, True
    for word in (code, type_):
        if word is None:
            continue
        if word.lower() in transient:
            return FaultKind.RATE, True
        known = _BY_CODE.get(word.lower())
        # "api_error" and the like say nothing; a client-side status says more.
        if known is not None and not (known[0] is FaultKind.SERVER and status is not None and status < 500):
            return known
    if status in {None, 400, 413, 422, 500} and _TOO_LONG.search(message):
        return FaultKind.TOO_LONG, False
    if status == 400 and _BAD_KEY.search(message):
        return FaultKind.AUTH, False
    if status is None:
        return FaultKind.ERROR, False
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return FaultKind.SERVER, True
    return (FaultKind.INVALID if 400 <= status < 500 else FaultKind.PROTOCOL), False
