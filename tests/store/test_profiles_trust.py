"""What a profile may do before it is trusted, where keys may go, and what is shown of URLs."""

from __future__ import annotations

import datetime as dt
import json
import stat
import sys
from decimal import Decimal

import pytest

from qwcli.core import url as urls
from qwcli.core.prompt import Parameters
from qwcli.core.target import Target
from qwcli.errors import QwcliError
from qwcli.policies import fallback
from qwcli.store import ad_hoc as ad_hoc_targets
from qwcli.store import profiles, trust
from qwcli.store.variables import flaw_of_header, key_problem, variables

DIALECTS = frozenset({"openai", "anthropic"})
TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def places(tmp_path):
    work, config = tmp_path / "work", tmp_path / "config"
    work.mkdir()
    return work, config


def load(places, choice=None):
    work, config = places
    return profiles.load(
        choice, env={}, cwd=work, config=config, policies={"fallback": fallback.check}, dialects=DIALECTS
    )


def target(url, key="DASHSCOPE_API_KEY", **more):
    return Target(name="t", provider="p", model="m", url=url, key=key, **more)


def test_a_profile_found_in_the_folder_is_untrusted_until_its_content_is_trusted(places):
    work, config = places
    (work / "base.yaml").write_text("targets: {x: {url: https://x.example}}")
    (work / "qwcli.yaml").write_text("include: [qwen, ./base.yaml]")
    found = load(places)
    assert not found.trusted
    with pytest.raises(QwcliError, match="nobody has said") as raised:
        trust.require_trust(found)
    assert "qwcli trust" in (raised.value.hint or "")
    named = load(places, "./qwcli.yaml")
    trust.require_trust(named)
    trust.trust(named, config)
    trust.require_trust(load(places))
    (work / "base.yaml").write_text("targets: {x: {url: https://y.example}}")
    assert not load(places).trusted


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_trust_file_is_its_users_alone(places):
    (places[0] / "qwcli.yaml").write_text("targets: {}")
    trust.trust(load(places), places[1])
    assert stat.S_IMODE((places[1] / "trusted.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(places[1].stat().st_mode) == 0o700
    assert [path.name for path in places[1].iterdir()] == ["trusted.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"trusted": 5}', "{}"])
def test_a_trust_file_that_is_none_is_named(places, content):
    places[1].mkdir()
    (places[1] / "trusted.json").write_text(content)
    (places[0] / "qwcli.yaml").write_text("targets: {}")
    with pytest.raises(QwcliError, match=r"trusted\.json is not a record"):
        load(places)


def test_trusting_keeps_what_was_trusted_before(places):
    work, config = places
    for text in ("targets: {}", "targets: {} "):
        (work / "qwcli.yaml").write_text(text)
        trust.trust(load(places), config)
    assert len(json.loads((config / "trusted.json").read_text())["trusted"]) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "https://DASHSCOPE.aliyuncs.com./v1",
        "http://127.0.0.1:8000/v1",
        "http://[::1]:1/v1",
        "http://localhost/v1",
    ],
)
def test_a_known_key_goes_to_its_providers_hosts_and_to_loopback(places, url):
    trust.check_key_use(target(url), load(places))


@pytest.mark.parametrize(
    "url", ["https://evil.example/v1", "https://dashscope.aliyuncs.com.evil.example", "https://api.openai.com/v1"]
)
def test_a_known_key_goes_nowhere_else(places, url):
    with pytest.raises(QwcliError, match=r"\$DASHSCOPE_API_KEY to") as raised:
        trust.check_key_use(target(url), load(places))
    assert f"key_hosts: {{DASHSCOPE_API_KEY: [{urls.host(url)}]}}" in (raised.value.hint or "")
    assert str(places[1] / "qwcli.yaml") in (raised.value.hint or "")
    with pytest.raises(QwcliError, match=r"\$DASHSCOPE_API_KEY"):
        trust.check_key_use(target(url, None, headers={"X-Key": "${DASHSCOPE_API_KEY}"}), load(places))
    trust.check_key_use(target(url), None)
    trust.check_key_use(target(url, "A_KEY_OF_MY_OWN"), load(places))


def test_the_users_own_configuration_allows_more_hosts_whatever_profile_is_used(places):
    places[1].mkdir()
    (places[1] / "qwcli.yaml").write_text("key_hosts: {DASHSCOPE_API_KEY: ['*.maas.aliyuncs.com', my.example]}")
    profile = load(places, "qwen")
    for url in ("https://ws.cn-beijing.maas.aliyuncs.com/v1", "https://my.example"):
        trust.check_key_use(target(url), profile)
    with pytest.raises(QwcliError):
        trust.check_key_use(target("https://not-my.example"), profile)


def test_no_other_profile_may_allow_hosts(places):
    (places[0] / "qwcli.yaml").write_text("key_hosts: {DASHSCOPE_API_KEY: [evil.example]}")
    with pytest.raises(QwcliError, match=r"key_hosts: stands in your own configuration only"):
        load(places)


def test_no_key_goes_over_plain_http_to_another_machine(places):
    away = target("http://10.0.0.5/v1", "MY_KEY")
    for profile in (load(places), None):
        with pytest.raises(QwcliError, match="plain http"):
            trust.check_key_use(away, profile)
    trust.check_key_use(away, load(places), insecure_http=True)
    trust.check_key_use(target("http://10.0.0.5/v1", None), load(places))


def test_a_variable_that_is_not_set_is_named_when_the_target_is_used(places):
    needy = target("https://x.example", headers={"Authorization": "Bearer ${OTHER}"})
    assert variables(needy) == ("DASHSCOPE_API_KEY", "OTHER")
    assert key_problem(needy, {}) == "`t` needs $DASHSCOPE_API_KEY and $OTHER, which are not set."
    assert key_problem(needy, {"DASHSCOPE_API_KEY": "k", "OTHER": " "}) == "`t` needs $OTHER, which is not set."
    assert key_problem(needy, {"DASHSCOPE_API_KEY": "k", "OTHER": "o"}) is None


def test_hosts_are_told_with_the_variables_that_go_there():
    found = trust.hosts(
        [target("https://x.example:8443/v1"), target("https://x.example:8443", "B"), target("http://y/", None)]
    )
    assert found == {"x.example:8443": ("DASHSCOPE_API_KEY", "B"), "y": ()}


@pytest.mark.parametrize(
    ("name", "value", "fine"),
    [
        ("Authorization", "Bearer ${MY_TOKEN}", True),
        ("authorization", "Bearer sk-abc", False),
        ("Authorization", "Bearer sk-abcdefghijklmnopqrstuvwxyz0123${X}", False),
        ("x-api-key", "abc", False),
        ("API-KEY", "${K}", True),
        ("Cookie", "session=${S}; other=${T}", True),
        ("X-Auth-Token", "abc", False),
        ("X-Team", "blue", True),
        ("X-Team", "${lower}", False),
        ("X-Team", "a\r\nHost: evil", False),
        ("X Team", "a", False),
    ],
)
def test_secrets_in_headers_are_named_and_never_written_out(name, value, fine):
    assert (flaw_of_header(name, value) is None) is fine


@pytest.mark.parametrize(
    "url",
    ["example.com", "ftp://x", "https://", "https://u:p@x.example", "https://x.example/?key=1", "https://x.example#f", "http://127.0.0.1\\@evil.example",
     "https://x.example:port", "https://x.example/ y", "https://[::1", "//x.example", "https://{ws}.example"],
)  # fmt: skip
def test_what_is_no_base_url_is_refused(url):
    assert urls.flaw(url)


@pytest.mark.parametrize(
    "url", ["https://x.example", "http://127.0.0.1:8000/v1", "http://[::1]:80/v1/", "HTTPS://X.example/a~b/c%20d"]
)
def test_what_is_a_base_url_is_taken(url):
    assert urls.flaw(url) is None


def test_user_info_and_secrets_in_a_query_are_not_shown():
    assert (
        urls.redact("https://user:pw@x.example/v1?api_key=abc&page=2&Token=t#m")
        == "https://***@x.example/v1?api_key=***&page=2&Token=***#m"
    )
    assert urls.redact("https://x.example/v1@2#m") == "https://x.example/v1@2#m"


def test_an_ad_hoc_target_needs_no_profile():
    plain = ad_hoc_targets.ad_hoc("http://127.0.0.1:8000/v1/#Qwen/Qwen2.5-72B", dialects=DIALECTS, today=TODAY)
    assert (plain.name, plain.provider, plain.model, plain.url) == (
        "http://127.0.0.1:8000/v1/#Qwen/Qwen2.5-72B",
        "127.0.0.1:8000",
        "Qwen/Qwen2.5-72B",
        "http://127.0.0.1:8000/v1",
    )
    assert (plain.dialect, plain.key, plain.prices) == ("openai", None, ())
    full = ad_hoc_targets.ad_hoc(
        "anthropic+https://host#m[thinking=on]", "MY_KEY", "in=0.4,out=1.2,USD", dialects=DIALECTS, today=TODAY
    )
    assert (full.dialect, full.provider, full.model, full.key) == ("anthropic", "host", "m", "MY_KEY")
    assert full.parameters == Parameters(thinking=True)
    row = full.prices[0]
    assert (row.book, row.currency, row.since, row.tiers[0].rates.output) == (
        "command line",
        "USD",
        TODAY,
        Decimal("1.2"),
    )


@pytest.mark.parametrize(
    ("text", "key", "price"),
    [
        ("https://host", None, None),
        ("https://host#", None, None),
        ("https://user:secret@host#m", None, None),
        ("https://host?key=secret#m", None, None),
        ("opnai+https://host#m", None, None),
        ("ftp://host#m", None, None),
        ("https://host#m", "sk-secret", None),
        ("https://host#m", None, "in=0.4"),
        ("https://host#m", None, "in=0.4,out=x,USD"),
        ("https://host#m", None, "in=0.4,out=-1,USD"),
        ("https://host#m", None, "in=0.4,out=1,USD,EUR"),
        ("https://host#m", None, "in=0.4,out=1,out=2,USD"),
        ("https://host#m", None, "in=0.4,out=1,coffee=2,USD"),
    ],
)
def test_an_ad_hoc_target_that_cannot_be_read_is_refused_without_showing_secrets(text, key, price):
    with pytest.raises(QwcliError) as raised:
        ad_hoc_targets.ad_hoc(text, key, price, dialects=DIALECTS, today=TODAY)
    assert "secret" not in raised.value.message + (raised.value.hint or "")


def test_one_key_does_not_go_to_several_ad_hoc_targets():
    ad_hoc_targets.refuse_shared_key(["https://a#m", "qwen-plus"], "K")
    ad_hoc_targets.refuse_shared_key(["https://a#m", "https://b#m"], None)
    with pytest.raises(QwcliError, match="--key-env"):
        ad_hoc_targets.refuse_shared_key(["https://a#m", "https://b#m"], "K")
