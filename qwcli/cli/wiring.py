"""From what the user said to what the rooms need: profile to targets, targets to a router with its journal."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from qwcli import dialects, policies
from qwcli.core.journal import Journal
from qwcli.core.outcome import Outcome, Reply
from qwcli.core.profile import Profile
from qwcli.core.prompt import Parameters, Prompt, read_thinking
from qwcli.core.target import Asked, Route, Target
from qwcli.core.url import SIMULATOR
from qwcli.core.verdict import Finding
from qwcli.errors import QwcliError
from qwcli.verdicts import decide, refusal

if TYPE_CHECKING:
    from qwcli.engine.router import Router, Waiting
    from qwcli.simulator.process import Running


def open_profile(choice: str | None) -> Profile:
    """The profile the user chose, or the one that is found."""
    from qwcli.store import profiles

    return profiles.load(
        choice,
        env=os.environ,
        cwd=_here(),
        config=config_folder(),
        policies={name: policies.load(name).check for name in policies.names()},
        dialects=dialects.names(),
    )


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise QwcliError("The working directory no longer exists.", hint="Change to one that does.") from error


def config_folder() -> Path:
    """Where the user's own configuration lies."""
    from qwcli.store.profiles import user_folder

    return user_folder()


def ledger_path(choice: Path | None) -> Path:
    """The ledger the user chose, or the default one."""
    if choice is not None:
        return choice
    named = os.environ.get("QWCLI_LEDGER")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_data_path("qwcli", appauthor=False) / "ledger.sqlite"


def choose(
    profile: Profile, names: Sequence[str] | None, *, key_env: str | None, price: str | None
) -> tuple[Asked, ...]:
    """What the user wants asked, each once, in order."""
    from qwcli.store import ad_hoc

    wanted = list(dict.fromkeys(names or profile.models))
    if not wanted:
        raise QwcliError(
            "Nobody to ask: name a target or a route with -m.",
            hint="`qwcli models` lists what there is; without a key: -p simulated",
        )
    own = {name for name in wanted if ad_hoc.is_ad_hoc(name)}
    ad_hoc.refuse_shared_key(wanted, key_env)
    if not own and (key_env or price):
        raise QwcliError("--key-env and --price belong to a target given as URL#MODEL, and none is.")
    today = dt.datetime.now(dt.UTC).date()
    return tuple(
        ad_hoc.ad_hoc(name, key_env, price, today=today, dialects=dialects.names())
        if name in own
        else profile.find(name)
        for name in wanted
    )


def check_sending(profile: Profile, asked: Sequence[Asked], *, insecure_http: bool) -> None:
    """Raise `QwcliError` for what keeps a prompt from being sent: trust, where keys may go, keys that are not set."""
    from qwcli.store import ad_hoc, trust
    from qwcli.store.variables import key_problem

    for target in targets_of(asked):
        own = ad_hoc.is_ad_hoc(target.name)
        if not own:
            trust.require_trust(profile)
        trust.check_key_use(target, None if own else profile, insecure_http=insecure_http)
        problem = key_problem(target, os.environ)
        if problem is not None:
            raise QwcliError(problem, hint=first_steps(target))


def first_steps(target: Target) -> str:
    """What someone without a key can do."""
    return (
        f"export {target.key}=... ; without a key, ask a server of your own (-m http://127.0.0.1:8000/v1#MODEL), "
        "or try the simulator: -p simulated"
    )


def targets_of(asked: Sequence[Asked]) -> tuple[Target, ...]:
    """Every target that may be asked, each once."""
    found: dict[str, Target] = {}
    for item in asked:
        for target in (item,) if isinstance(item, Target) else item.targets:
            found.setdefault(target.name, target)
    return tuple(found.values())


@contextmanager
def simulators(asked: tuple[Asked, ...], *, seed: int = 0) -> Iterator[tuple[tuple[Asked, ...], Running | None]]:
    """What is asked, with a simulator running for the simulated targets that want one of their own."""
    if not any(target.url == SIMULATOR for target in targets_of(asked)):
        yield asked, None
        return
    given = os.environ.get("QWCLI_SIMULATOR")
    with ExitStack() as stack:
        running = None
        if not given:
            from qwcli.simulator import process

            running = stack.enter_context(process.start(seed=seed))
        url = f"{(running.url if running is not None else given or '').rstrip('/')}/v1"
        yield tuple(_at(item, url) for item in asked), running


def _at(asked: Asked, url: str) -> Asked:
    if isinstance(asked, Route):
        return replace(asked, members=tuple(_at(member, url) for member in asked.members))
    return replace(asked, url=url) if asked.url == SIMULATOR else asked


def classify(outcome: Outcome, prompt: Prompt) -> Finding:
    """The preliminary verdict on one attempt, before any grade."""
    found = refusal.find(prompt.text, outcome.text) if isinstance(outcome, Reply) else None
    return decide(outcome, refusal=found, grade=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to ask: seconds for a call in all, `None` for the default."""

    timeout: float | None = None


@contextmanager
def router(
    journal: Journal, manner: Manner, *, waiting: Callable[[Waiting], None] | None = None
) -> Iterator[tuple[Router, Callable[[], Any]]]:
    """A router over the real network, and what to await when all is done."""
    from qwcli.engine import exchange, pace, retry, transport
    from qwcli.engine.router import Router

    patience = exchange.Patience() if manner.timeout is None else exchange.Patience(total=manner.timeout)
    carrier = transport.AiohttpTransport()
    exchanger = exchange.Exchanger(
        carrier=carrier,
        secrets=os.environ,
        patience=patience,
        clock=time.monotonic,
        today=lambda: dt.datetime.now(dt.UTC),
    )
    yield (
        Router(
            exchanger=exchanger,
            pace=pace.Pace(clock=time.monotonic),
            journal=journal,
            classify=classify,
            patience=patience,
            retry=retry.Retry(),
            random=Random(),
            clock=time.monotonic,
            now=time.time,
            sleep=asyncio.sleep,
            waiting=waiting,
        ),
        carrier.aclose,
    )


def parameters(
    *,
    max_tokens: int | None,
    temperature: float | None,
    seed: int | None,
    json_schema: Path | None,
    thinking: str | None,
    param: Sequence[str] | None,
    no_stream: bool,
) -> Parameters:
    """The parameters as the user set them. Raises `QwcliError` for what cannot be read."""
    return Parameters(
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        json_schema=None if json_schema is None else _json_object(json_schema),
        thinking=None if thinking is None else _thinking(thinking),
        extra=_pairs(param or ()),
        stream=not no_stream,
    )


def check_text(what: str, text: str | None) -> None:
    """Raise `QwcliError` for text from the command line that was no UTF-8 there, and so cannot be sent."""
    try:
        (text or "").encode()
    except UnicodeEncodeError as error:
        raise QwcliError(f"{what} is not UTF-8 text (character {error.start + 1}).") from error


def _thinking(text: str) -> bool | int:
    wish = read_thinking(text)
    if wish is None:
        raise QwcliError(f"--thinking takes on, off or a number of tokens, not {text!r}.")
    return wish


def _pairs(texts: Sequence[str]) -> Mapping[str, Any]:
    import json

    pairs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise QwcliError(f"--param takes NAME=VALUE, not {text!r}.", hint="For instance: --param top_p=0.9")
        if name in pairs:
            raise QwcliError(f"--param: {name} is given twice.")
        check_text("--param", text)
        try:
            pairs[name] = json.loads(value, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            pairs[name] = value
    return pairs


def _no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _json_object(path: Path) -> Mapping[str, Any]:
    import json

    try:
        document = json.loads(read_text(path), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise QwcliError(f"{path}: this is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise QwcliError(f"{path}: a JSON schema is an object, in braces.")
    return document


def read_text(path: Path) -> str:
    """A file's text in UTF-8. Raises `QwcliError` where it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise QwcliError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise QwcliError(f"{path}: this is not UTF-8 text (byte {error.start + 1}).") from error


def narrate(text: str) -> None:
    """One line to stderr, dim on a terminal."""
    print(f"\x1b[2m{text}\x1b[0m" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else text, file=sys.stderr)
