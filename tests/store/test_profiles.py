"""Profiles: which file is meant, what several say together, and that every mistake in them is told at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from qwcli.core.prompt import Parameters
from qwcli.core.target import Limits, Route, Target
from qwcli.errors import QwcliError
from qwcli.policies import fallback
from qwcli.store import bundled, profiles, trust

POLICIES = {"fallback": fallback.check, "rotate": lambda _options: []}
DIALECTS = frozenset({"openai", "anthropic"})


@pytest.fixture
def load(tmp_path):
    work, config = tmp_path / "work", tmp_path / "config"
    work.mkdir()
    config.mkdir()

    def load(text=None, choice=None, *, env=None, user=None, **files):
        for name, content in files.items():
            (work / f"{name}.yaml").write_text(content, "utf-8")
        if user is not None:
            (config / "qwcli.yaml").write_text(user, "utf-8")
        if text is not None:
            (work / "mine.yaml").write_text(text, "utf-8")
            choice = choice or "mine.yaml"
        return profiles.load(choice, env=env or {}, cwd=work, config=config, policies=POLICIES, dialects=DIALECTS)

    return load


def mistakes(load, text, **files):
    with pytest.raises(QwcliError) as raised:
        load(text, **files)
    return raised.value.message


FULL = """
providers:
  house:
    dialect: openai
    key: HOUSE_KEY
    regions: {eu: https://eu.example.com/v1/, us: https://us.example.com/v1}
    region: eu
    residency: {eu: de, us: us}
    headers: {X-Team: blue, X-Auth-Token: "${HOUSE_TOKEN}"}
    body: {top_p: 0.8, nested: {a: 1}}
    sends: {max_tokens: max_completion_tokens}
    ends_with_done: true
    limits: {rpm: 60, tpm: 1000}
targets:
  fast: {provider: house, context: 1000, max_output: 100, limits: {rpm: 5}, headers: {X-Team: red}}
  far: {provider: house, region: us, model: far-1, body: {nested: {b: 2}}, parameters: {thinking: off, max_tokens: 9, extra: {top_k: 3}}}
  own: {url: "http://127.0.0.1:8000/v1"}
routes:
  safe: {policy: fallback, targets: [fast, deep], on: [blocked, failed]}
  deep: {policy: rotate, targets: [far, "fast[thinking=100]"], yes: no}
defaults: {models: [safe, "own[temperature=0]"]}
ledger: {text: false}
"""


def test_a_target_has_its_providers_attributes_and_its_own_over_them(load):
    profile = load(FULL)
    fast, far, own = (profile.find(name) for name in ("fast", "far", "own"))
    assert all(isinstance(target, Target) for target in (fast, far, own))
    assert (fast.url, fast.region, fast.residency, fast.model) == ("https://eu.example.com/v1", "eu", "de", "fast")
    assert dict(fast.headers) == {"X-Team": "red", "X-Auth-Token": "${HOUSE_TOKEN}"}
    assert fast.limits == Limits(rpm=5, tpm=1000)
    assert (fast.context, fast.max_output, fast.ends_with_done, fast.key) == (1000, 100, True, "HOUSE_KEY")
    assert (far.url, far.region, far.residency, far.model) == ("https://us.example.com/v1", "us", "us", "far-1")
    assert far.body == {"top_p": 0.8, "nested": {"a": 1, "b": 2}}
    assert far.parameters == Parameters(thinking=False, max_tokens=9, extra={"top_k": 3})
    assert dict(far.sends) == {"max_tokens": "max_completion_tokens"}
    assert own == Target(name="own", provider="127.0.0.1:8000", model="own", url="http://127.0.0.1:8000/v1")


def test_routes_have_members_in_order_and_keep_their_policys_options(load):
    profile = load(FULL)
    safe = profile.find("safe")
    assert isinstance(safe, Route)
    assert [member.name for member in safe.members] == ["fast", "deep"]
    assert [target.name for target in safe.targets] == ["fast", "far", "fast[thinking=100]"]
    assert safe.targets[2].parameters.thinking == 100
    # `on`, `yes` and `no` are text here, not booleans as in YAML 1.1.
    assert dict(safe.options) == {"on": ["blocked", "failed"]}
    assert dict(safe.members[1].options) == {"yes": "no"}
    assert profile.models == ("safe", "own[temperature=0]")
    assert profile.ledger_text is False


def test_what_a_policy_says_of_its_options_is_a_mistake_of_the_route(load):
    with pytest.raises(QwcliError, match=r"routes\.safe: unknown verdict 'refussed' \(did you mean `refused`\?\)"):
        load(FULL.replace("on: [blocked, failed]", "on: [refussed]"))


def test_thinking_is_switched_by_what_the_provider_says(load):
    profile = load(
        "providers: {p: {url: 'http://h.example/v1', thinking: {on: {enable_thinking: true}}}}\n"
        "targets: {a: {provider: p, model: m}}\n"
    )
    assert profile.targets["a"].thinking == {"on": {"enable_thinking": True}}


def test_a_target_at_a_url_of_its_own_has_no_region_and_no_residency_of_its_provider(load):
    target = load(FULL + "\n").targets["fast"]
    moved = load(FULL.replace("fast: {provider: house,", "fast: {provider: house, url: 'https://elsewhere.example',"))
    assert target.residency == "de"
    assert (moved.targets["fast"].residency, moved.targets["fast"].region) == (None, None)


def test_all_mistakes_are_told_at_once_with_file_path_and_the_nearest_name(load):
    said = mistakes(
        load,
        """
        providers:
          house: {url: house.example.com, keyy: X, key: sk-1234abcd, headers: {authorization: Bearer abc}}
          other: {regions: {eu: https://eu.example.com}, region: us, residency: {asia: sg}, dialect: opnai, prices: alibaba-int}
          inner: {url: https://user:pass@host.example/v1}
        targets:
          a: {provider: house, contxt: 5}
          b: {provider: othr}
          c: {provider: other, region: ue}
          d: {model: x}
          e: {url: https://e.example, context: many, limits: {rpm: 0, tpmm: 5}, parameters: {thinking: perhaps}}
          "f g": {url: https://e.example}
        routes:
          r: {policy: falback, targets: [a, bb]}
          s: {policy: rotate, targets: [t]}
          t: {policy: rotate, targets: [s]}
          b: {targets: [a]}
          u: {targets: []}
        defaults: {models: [qwen]}
        """,
    )
    for expected in (
        "providers.house.url: needs a scheme",
        "providers.house.keyy: unknown key (did you mean `key`?)",
        "providers.house.key: should be the NAME of an environment variable",
        "providers.house.headers: `authorization` holds a secret",
        "providers.other.region: there is no region `us`",
        "providers.other.residency.asia: there is no region `asia`",
        "providers.other.dialect: there is no dialect `opnai` (did you mean `openai`?)",
        "providers.other.prices: there is no price book `alibaba-int` (did you mean `alibaba-intl`?)",
        "providers.inner.url: holds user info",
        "targets.a.contxt: unknown key (did you mean `context`?)",
        "targets.b.provider: there is no provider `othr` (did you mean `other`?)",
        "targets.c.region: there is no region `ue`",
        "targets.d: needs a `provider`, or a `url` of its own",
        "targets.e.context: should be a whole number, not text",
        "targets.e.limits.rpm: should be above zero",
        "targets.e.limits.tpmm: unknown key (did you mean `tpm`?)",
        "targets.e.parameters.thinking: should be on, off, or a budget in tokens",
        "targets.f g: a name has no spaces",
        "routes.r.policy: there is no policy `falback` (did you mean `fallback`?)",
        "routes.r.targets.1: there is no target or route `bb`",
        "the route leads back to itself: s > t > s",
        "routes.b: is a target's name already",
        "routes.u.policy: is missing",
        "routes.u.targets: a route needs at least one target",
        "defaults.models.0: there is no target or route `qwen`",
    ):
        assert f"mine.yaml: {expected}" in said or expected in said, expected
    assert all(line.startswith("  mine.yaml: ") for line in said.splitlines()[1:])
    # What is in the wrong place may be a secret.
    assert "1234abcd" not in said
    assert "pass" not in said


def test_an_unknown_section_is_a_mistake_with_a_hint(load):
    assert mistakes(load, "target: {}") == "mine.yaml: target: unknown key (did you mean `targets`?)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n  b: 2", "mine.yaml:2: not YAML"),
        ("targets: [", "mine.yaml:"),
        ("targets: {}\nroutes: {}\ntargets: {}", "mine.yaml:3: the key `targets` stands here twice"),
        ("- 1", "mine.yaml: (the file): should be a mapping, not a list"),
        ("targets: 5", "mine.yaml: targets: should be a mapping, not a number"),
        ("targets: {x: }", "mine.yaml: targets.x: should be a mapping, not nothing"),
        ("targets: &a {x: *a}", "mine.yaml: nested or repeated beyond"),
        ("targets: !!python/object:os.system {}", "mine.yaml:1: the tag"),
    ],
)
def test_a_file_that_is_no_profile_is_told_by_line(load, text, said):
    assert said in mistakes(load, text)


def test_an_empty_file_is_an_empty_profile(load):
    profile = load("")
    assert (profile.targets, profile.routes, profile.models) == ({}, {}, ())


def test_later_files_win_over_included_ones_key_by_key(load):
    profile = load(
        "include: [qwen, ./base.yaml]\ntargets: {qwen-plus: {limits: {rpm: 1}}, mine: {key: K2}}",
        base="targets: {mine: {url: 'https://a.example', key: K1, model: m}, qwen-plus: {context: 7}}",
    )
    plus, mine = profile.targets["qwen-plus"], profile.targets["mine"]
    assert (plus.limits, plus.context, plus.max_output) == (Limits(rpm=1, tpm=1000000), 7, 32768)
    assert (mine.key, mine.model) == ("K2", "m")
    assert [path.name for path in profile.files][:3] == ["mine.yaml", "qwen.yaml", "base.yaml"]


def test_a_mistake_is_told_of_the_file_it_stands_in(load):
    said = mistakes(
        load,
        "include: [./base.yaml]\nroutes: {r: {policy: rotate, targets: [x]}}",
        base="targets: {x: {provider: p, modle: m}}",
    )
    assert "base.yaml: targets.x.modle: unknown key (did you mean `model`?)" in said


def test_includes_that_are_missing_or_go_round_are_mistakes(load):
    said = mistakes(load, "include: [qwem, ./none.yaml, ./base.yaml]", base="include: [./mine.yaml]")
    assert "mine.yaml: include.0: there is no bundled profile `qwem` (did you mean `qwen`?)" in said
    assert "mine.yaml: include.1: there is no file `./none.yaml`" in said
    assert "base.yaml: include.0: `./mine.yaml` includes this file in turn" in said


def test_a_file_may_be_included_by_two_others(load):
    profile = load(
        "include: [./a.yaml, ./b.yaml]",
        a="include: [./c.yaml]",
        b="include: [./c.yaml]",
        c="targets: {x: {url: https://x.example}}",
    )
    assert list(profile.targets) == ["x"]


def test_null_takes_an_included_value_away(load):
    profile = load("include: [qwen]\ntargets: {qwen-plus: {prices: null, key: null}}")
    assert (profile.targets["qwen-plus"].prices, profile.targets["qwen-plus"].key) == ((), None)


def test_a_price_book_beside_the_profile_is_meant_from_its_file(load):
    book = "book: mine\ncurrency: EUR\nmodels:\n  m: [{since: 2026-01-01, source: contract, checked: 2026-01-02, input: 0.1, output: 0.20}]\n"
    profile = load("targets: {m: {url: https://m.example, prices: ./book.yaml}}", book=book)
    row = profile.targets["m"].prices[0]
    assert (row.book, row.currency, row.tiers[0].rates.input) == ("mine", "EUR", Decimal("0.1"))
    assert "book.yaml" in [path.name for path in profile.files]
    assert "targets.m.prices: there is no price book" in mistakes(
        load, "targets: {m: {url: https://m.example, prices: ./b.yaml}}"
    )


def test_the_digest_changes_with_any_file_and_not_with_the_place(load, tmp_path):
    first = load("include: [./base.yaml]", base="targets: {}").digest
    assert load("include: [./base.yaml]", base="targets: {}").digest == first
    assert load("include: [./base.yaml]", base="targets: {} ").digest != first


def test_looked_for_are_the_choice_the_environment_the_folder_the_users_own_and_the_default(load):
    assert load().name == "default"
    assert load(user="").name.endswith("config/qwcli.yaml")
    assert load(qwcli="").name == "qwcli.yaml"
    assert load(env={"QWCLI_PROFILE": "qwen"}).name == "qwen"
    assert load(choice="openai", env={"QWCLI_PROFILE": "qwen"}).name == "openai"


def test_a_profile_that_is_not_there_is_named_with_the_nearest_one(load):
    with pytest.raises(QwcliError, match=r"--profile: there is no bundled profile `qwn` \(did you mean `qwen`\?\)"):
        load(choice="qwn")
    with pytest.raises(QwcliError, match=r"\$QWCLI_PROFILE: there is no file ./x.yaml"):
        load(env={"QWCLI_PROFILE": "./x.yaml"})


def test_a_name_that_is_not_there_is_answered_with_the_nearest(load):
    profile = load(choice="qwen")
    with pytest.raises(QwcliError) as raised:
        profile.find("qwen-pluss")
    assert raised.value.hint == "Did you mean `qwen-plus`?"
    with pytest.raises(QwcliError):
        profile.find("nothing-alike[thinking=on]")


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [
        ("thinking=on", Parameters(thinking=True)),
        ("thinking=off", Parameters(thinking=False)),
        ("thinking=2000", Parameters(thinking=2000)),
        ("temperature=0,max_tokens=50", Parameters(temperature=0.0, max_tokens=50)),
        ("seed=7, top_p=0.5", Parameters(seed=7, extra={"top_p": 0.5})),
        ('stop=["a","b"],effort=low', Parameters(extra={"stop": ["a", "b"], "effort": "low"})),
    ],
)
def test_a_variant_is_the_target_with_its_own_name_and_parameters(load, variant, parameters):
    profile = load(choice="qwen")
    found = profile.find(f"qwen-plus[{variant}]")
    assert isinstance(found, Target)
    assert (found.name, found.model, found.parameters) == (f"qwen-plus[{variant}]", "qwen-plus", parameters)
    assert found.account == profile.targets["qwen-plus"].account


@pytest.mark.parametrize(
    "variant", ["thinking=maybe", "max_tokens=x", "temprature=0", "seed", "seed=1,seed=2", "temperature="]
)
def test_a_variant_that_cannot_be_read_is_refused(load, variant):
    with pytest.raises(QwcliError):
        load(choice="qwen").find(f"qwen-plus[{variant}]")


def test_a_route_has_no_variants(load):
    with pytest.raises(QwcliError, match="is a route"):
        load(choice="default").find("safe[thinking=on]")


@pytest.mark.parametrize("name", bundled.profiles())
def test_every_bundled_profile_is_right(load, name):
    profile = load(choice=name)
    assert profile.targets
    assert profile.trusted
    for target in profile.targets.values():
        trust.check_key_use(target, profile)


def test_qwen_is_priced_by_region(load):
    profile = load(choice="qwen")
    plus, cn, us = (profile.targets[name] for name in ("qwen-plus", "qwen-plus@cn", "qwen-plus@us"))
    assert [target.prices[-1].currency for target in (plus, cn, us)] == ["USD", "CNY", "USD"]
    assert plus.prices[-1].rates(256_001).output == Decimal("3.60")
    assert cn.prices[-1].rates(128_001).output == Decimal(20)
    assert [target.residency for target in (plus, cn, us)] == ["sg", "cn", "us"]


def test_bundled_datasets_are_found_by_name_or_named_in_the_error():
    for name, path in bundled.datasets().items():
        assert bundled.dataset(name) == bundled.dataset(f"{name}.jsonl") == path
    with pytest.raises(QwcliError, match="no bundled dataset"):
        bundled.dataset("surely-not-there")
    assert isinstance(bundled.folder("datasets"), Path)
