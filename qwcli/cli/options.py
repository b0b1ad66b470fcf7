"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer


def _finite(number: float | None) -> float | None:
    if number is not None and not math.isfinite(number):
        raise typer.BadParameter(f"{number} is not a number to work with.")
    return number


Profile = Annotated[
    str | None,
    typer.Option(
        "-p",
        "--profile",
        metavar="NAME|PATH",
        help="Profile to use: a bundled name or a file. Default: $QWCLI_PROFILE, ./qwcli.yaml, your own, `default`.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "-m",
        "--model",
        metavar="NAME",
        help="Target or route to ask, or URL#MODEL; may be repeated. Default: the profile's.",
    ),
]
Ledger = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="PATH",
        help="Where every attempt is recorded. Default: $QWCLI_LEDGER, or your data folder.",
    ),
]
NoText = Annotated[
    bool, typer.Option("--no-text", help="Record keyed digests of prompts and answers instead of their text.")
]
System = Annotated[str | None, typer.Option("-s", "--system", metavar="TEXT", help="System prompt.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Most output tokens.")]
Temperature = Annotated[
    float | None, typer.Option("--temperature", min=0, callback=_finite, metavar="X", help="Sampling temperature.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Sampling seed, sent to the provider.")]
JsonSchema = Annotated[
    Path | None, typer.Option("--json-schema", metavar="FILE", help="Ask for an answer that fits this JSON schema.")
]
Thinking = Annotated[
    str | None, typer.Option("--thinking", metavar="on|off|N", help="Switch thinking, or give it a budget of N tokens.")
]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="K=V", help="Anything else for the request body; may be given several times."),
]
NoStream = Annotated[bool, typer.Option("--no-stream", help="Ask for the whole answer at once.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        min=0.001,
        callback=_finite,
        metavar="SECONDS",
        help="Most time for a call, with retries. Default: 600.",
    ),
]
KeyEnv = Annotated[
    str | None, typer.Option("--key-env", metavar="VAR", help="The variable with the key of a URL#MODEL target.")
]
Price = Annotated[
    str | None,
    typer.Option(
        "--price",
        metavar="in=X,out=Y,CUR",
        help="Price of a URL#MODEL target, per million tokens; cached input too, unless cache_read=Z says otherwise.",
    ),
]
InsecureHttp = Annotated[
    bool, typer.Option("--insecure-http", help="Let a key travel over plain http to another machine.")
]
