"""`qwcli ask`: one prompt to one or several models, streamed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from qwcli.cli import options
from qwcli.errors import QwcliError

if TYPE_CHECKING:
    from pathlib import Path

    from qwcli.core.call import Call
    from qwcli.core.prompt import Prompt
    from qwcli.core.target import Asked


def ask(
    prompt: Annotated[
        str | None, typer.Argument(metavar="[PROMPT]", help="What to ask; `-`, or nothing, reads standard input.")
    ] = None,
    model: options.Models = None,
    system: options.System = None,
    max_tokens: options.MaxTokens = None,
    temperature: options.Temperature = None,
    seed: options.Seed = None,
    json_schema: options.JsonSchema = None,
    thinking: options.Thinking = None,
    param: options.Param = None,
    no_stream: options.NoStream = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each model (qwcli.call/1).")] = False,
    timeout: options.Timeout = None,
    profile: options.Profile = None,
    ledger: options.Ledger = None,
    no_text: options.NoText = False,
    key_env: options.KeyEnv = None,
    price: options.Price = None,
    insecure_http: options.InsecureHttp = False,
) -> None:
    """Ask one or several models and show what came back, how long it took and what it cost.

    \b
    Examples:
      qwcli ask "Which is larger, 9.11 or 9.9?" -m qwen-plus -m gpt-4o-mini
      git diff | qwcli ask -s "Write a commit message" -m qwen-flash --max-tokens 200
      qwcli ask "12+7=" -m http://127.0.0.1:8000/v1#qwen2.5-72b --price in=0.4,out=1.2,USD
      qwcli ask "你好" -p simulated -m sim/plus          (no key needed)

    The answer goes to standard output, everything else to standard error. Exit code: 0, or 1 if a call failed.
    """
    from qwcli.cli import wiring
    from qwcli.core.prompt import Message, Prompt

    text = _read(prompt)
    wiring.check_text("The prompt", text)
    wiring.check_text("--system", system)
    opened = wiring.open_profile(profile)
    chosen = wiring.choose(opened, model, key_env=key_env, price=price)
    wiring.check_sending(opened, chosen, insecure_http=insecure_http)
    messages = [Message(role="user", content=text)]
    if system is not None:
        messages.insert(0, Message(role="system", content=system))
    question = Prompt(
        messages=tuple(messages),
        parameters=wiring.parameters(
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            json_schema=json_schema,
            thinking=thinking,
            param=param,
            no_stream=no_stream,
        ),
    )
    keep_text = opened.ledger_text and not no_text
    calls = _ask_all(chosen, question, timeout=timeout, path=wiring.ledger_path(ledger), keep_text=keep_text, json=json)
    if any(call.fault is not None for call in calls):
        raise typer.Exit(1)


def _read(prompt: str | None) -> str:
    if prompt is None and sys.stdin.isatty():
        raise QwcliError("There is nothing to ask.", hint='Give a prompt (qwcli ask "..."), or pipe one in.')
    if prompt in {None, "-"}:
        try:
            prompt = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise QwcliError(f"Standard input is not UTF-8 text (byte {error.start}).") from error
    if not prompt or not prompt.strip():
        raise QwcliError("The prompt is empty.")
    return prompt


def _ask_all(
    chosen: tuple[Asked, ...], question: Prompt, *, timeout: float | None, path: Path, keep_text: bool, json: bool
) -> list[Call]:
    import asyncio

    from qwcli import policies
    from qwcli.cli import signals, wiring
    from qwcli.cli.screen import Sections
    from qwcli.core.call import Identity
    from qwcli.store.ledger import Ledger

    with (
        signals.unwinding("Interrupted. What ended before is in the ledger; the rest counts as possibly spent."),
        wiring.simulators(chosen) as (asked, _running),
        Ledger.open(path, text=keep_text) as ledger,
    ):
        sections = Sections([item.name for item in asked], json=json)

        async def run() -> list[Call]:
            with wiring.router(ledger, wiring.Manner(timeout=timeout), waiting=sections.waiting) as (router, close):

                async def one(item: Asked) -> Call:
                    section = sections[item.name]
                    if policies.holds_back(item) and not json:
                        section.hold()
                    sink = None if json else section
                    call = await router.ask(item, question, Identity(kind="ask"), sink=sink)
                    ledger.called(call)
                    section.done(call)
                    return call

                try:
                    return list(await asyncio.gather(*(one(item) for item in asked)))
                finally:
                    await close()

        return asyncio.run(run())
