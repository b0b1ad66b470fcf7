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
        "cyber_policy moderation_blocked inputtextsensitivecontentdetected "
        "outputtextsensitivecontentdetected sensitivecontentdetected 1301",
    ),
    (
        FaultKind.QUOTA,
        False,
        "insufficient_quota credit_balance_exhausted enforced_spend_limit_reached billing_error insufficient_balance "
        "billing_hard_limit_reached billing_not_active arrearage commoditynotpurchased prepaidbilloverdue "
        "postpaidbilloverdue allocationquota.freetieronly insufficient_credits exceeded_current_quota_error "
        "accountoverdueerror 1113",
    ),
    (
        FaultKind.TOO_LONG,
        False,
        "context_length_exceeded exceed_context_size_error too_many_prompt_tokens max_tokens_exceeded "
        "request_too_large context_window_exceeded 1261",
    ),
    (
        FaultKind.AUTH,
        False,
        "invalid_api_key invalidapikey wrong_api_key authentication_error invalid_authentication_error unauthorized "
        "api_key_invalid",
    ),
    (
        FaultKind.NOT_FOUND,
        False,
        "model_not_found modelnotfound model.notexist deploymentnotfound not_found_error notfounderror "
        "model_not_supported resource_not_found_error",
    ),
    (FaultKind.PERMISSION, False, "permission_error accessdenied access_denied model.accessdenied permission_denied"),
    (
        FaultKind.RATE,
        True,
        "rate_limit_exceeded rate_limit_error rate_limited limit_requests limit_burst_rate ratelimitreached slow_down "
        "throttling throttling.ratequota throttling.burstrate throttling.allocationquota limitrequests 1300 "
        "requests_rate_limit_exceeded tokens_rate_limit_exceeded resource_exhausted rate_limit_reached_error "
        "request_quota_exceeded token_quota_exceeded too_many_requests_error 1302 1303 1305",
    ),
    (
        FaultKind.OVERLOADED,
        True,
        "overloaded_error server_is_overloaded provider_overloaded provider_unavailable serviceunavailable "
        "serviceunavailableerror modelunavailable insufficient_system_resource unavailable_error unavailable "
        "engine_overloaded_error queue_exceeded capacity_exceeded",
    ),
    (FaultKind.TIMEOUT, True, "requesttimeout responsetimeout timeout timeout_error gatewaytimeout deadline_exceeded"),
    (
        FaultKind.SERVER,
        True,
        "internal_error internalerror internalservererror systemerror modelservicefailed modelservingerror api_error "
        "network_error",
    ),
):
    for _code in _codes.split():
        _BY_CODE[_code] = (_kind, _retryable)

_BLOCKED = re.compile(
    r"DataInspectionFailed|data_inspection_failed|inappropriate content|content management policy|"
    r"responsible ?ai ?policy|flagged (?:for|as|by)|violates? (?:our )?(?:usage guidelines|content policy)",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(
    r"free allocated quota exceeded|insufficient balance|credit balance is too low|"
    r"account .{0,40}(?:overdue|arrears|good standing)",
    re.IGNORECASE,
)
# DashScope's words for tokens per minute; "Free allocated quota exceeded" is the permanent one.
_ALLOCATED = re.compile(r"^\s*allocated quota exceeded", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context (?:length|window|size)|range of input length|(?:prompt|input) is too long|prompt too long|"
    r"length of all messages is too long|input tokens? .{0,40}exceed|too many (?:input |prompt )?tokens|"
    r"maximum (?:prompt|model|input) length|`inputs` tokens|maximum (?:number of |input |prompt ){1,2}tokens",
    re.IGNORECASE,
)
# One request that is larger than the whole minute's allowance: waiting does not help, whatever the code says.
_TOO_LARGE = re.compile(r"request too large for", re.IGNORECASE)
_LIMITED = re.compile(r"\bthrottling\b|rate.?limit(?:ed|s? (?:reached|exceeded))|too many requests", re.IGNORECASE)
_BROKEN_OFF = frozenset({"error", "error_finish", "abort"})
_BAD_KEY = re.compile(r"(?:incorrect|invalid|no|missing) api.?key", re.IGNORECASE)

_BY_STATUS: dict[int, tuple[FaultKind, bool]] = {
    401: (FaultKind.AUTH, False),
    402: (FaultKind.QUOTA, False),
    403: (FaultKind.PERMISSION, False),
    404: (FaultKind.NOT_FOUND, False),
    408: (FaultKind.TIMEOUT, True),
    409: (FaultKind.SERVER, True),
    412: (FaultKind.QUOTA, False),
    413: (FaultKind.TOO_LONG, False),
    425: (FaultKind.SERVER, True),
    429: (FaultKind.RATE, True),
    446: (FaultKind.BLOCKED, False),
    498: (FaultKind.OVERLOADED, True),
    501: (FaultKind.INVALID, False),
    503: (FaultKind.OVERLOADED, True),
    504: (FaultKind.TIMEOUT, True),
    529: (FaultKind.OVERLOADED, True),
}


def classify(
    status: int | None,
    code: str | None,
    type_: str | None,
    message: str,
    *,
    beneath: str = "",
    transient: frozenset[str] = frozenset(),
) -> tuple[FaultKind, bool]:
    """The kind of an error, and whether the same request may succeed later.

    `transient` are codes that here mean a limit that recovers, whatever they mean elsewhere: DashScope says
    `insufficient_quota` for tokens per minute, OpenAI for an empty account. `beneath` is what a gateway passed on.
    """
    if _BLOCKED.search(message) or _BLOCKED.search(beneath):
        return FaultKind.BLOCKED, False
    if _NO_CREDIT.search(message):
        return FaultKind.QUOTA, False
    if _ALLOCATED.search(message):
        return FaultKind.RATE, True
    if status in {None, 413, 429} and _TOO_LARGE.search(message):
        return FaultKind.TOO_LONG, False
    return (
        _by_word(status, code, transient)
        or _by_word(status, type_, transient)
        or _by_message(status, message, beneath)
        or _by_status(status, code)
    )


def _by_word(status: int | None, word: str | None, transient: frozenset[str]) -> tuple[FaultKind, bool] | None:
    if word is None:
        return None
    if word.lower() in transient:
        return FaultKind.RATE, True
    known = _BY_CODE.get(word.lower())
    # "api_error" and the like say nothing; a client-side status says more.
    vague = known is not None and known[0] is FaultKind.SERVER and status is not None and status < 500
    return None if vague else known


def _by_message(status: int | None, message: str, beneath: str) -> tuple[FaultKind, bool] | None:
    if status in {None, 400, 413, 422, 500} and (_TOO_LONG.search(message) or _TOO_LONG.search(beneath)):
        return FaultKind.TOO_LONG, False
    if status == 400 and _BAD_KEY.search(message):
        return FaultKind.AUTH, False
    if status is None and _LIMITED.search(message):
        return FaultKind.RATE, True
    return None


def _by_status(status: int | None, code: str | None) -> tuple[FaultKind, bool]:
    if status is None:
        return (FaultKind.SERVER, True) if code in _BROKEN_OFF else (FaultKind.ERROR, False)
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return FaultKind.SERVER, True
    return (FaultKind.INVALID if 400 <= status < 500 else FaultKind.PROTOCOL), False
