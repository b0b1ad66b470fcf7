"""`qwcli bench`: cases x targets, graded, priced and recorded; the table at the end comes from the ledger."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from qwcli.cli import options
from qwcli.core.names import meant
from qwcli.core.verdict import Verdict
from qwcli.errors import QwcliError

if TYPE_CHECKING:
    from qwcli.cli.benching import Bench


class BenchFormat(StrEnum):
    """What the result of a bench can be written as."""

    TABLE = "table"
    MD = "md"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


class BenchCommand(TyperCommand):
    """Lets `--resume` stand without a run, as the last one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer keeps the type private
        """Put `last` behind a `--resume` that has no value of its own."""
        given = list(args)
        for place, word in enumerate(given):
            if word == "--resume" and (place + 1 == len(given) or given[place + 1].startswith("-")):
                given[place] = "--resume=last"
        parsed: list[str] = super().parse_args(ctx, given)
        return parsed


def bench(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="A JSONL file, or the name of a bundled dataset.")],
    model: options.Models = None,
    system: options.System = None,
    template: Annotated[
        str | None, typer.Option("--template", metavar="TEXT|FILE", help="The prompt, with {column} placeholders.")
    ] = None,
    max_tokens: options.MaxTokens = None,
    temperature: options.Temperature = None,
    seed: options.Seed = None,
    json_schema: options.JsonSchema = None,
    thinking: options.Thinking = None,
    param: options.Param = None,
    no_stream: options.NoStream = False,
    timeout: options.Timeout = None,
    grader: Annotated[
        str | None,
        typer.Option(
            "--grader",
            metavar="NAME[:K=V,...]",
            help="exact, contains, choice, number or pattern; a row's own goes first.",
        ),
    ] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds input, expected, ...")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="K=V", help="Only rows with this value.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=10**12, metavar="N", help="Only the first N cases.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, max=10**12, metavar="N", help="Only N cases, drawn at random.")
    ] = None,
    sample_seed: Annotated[
        int, typer.Option("--sample-seed", metavar="N", help="The same number draws the same sample.")
    ] = 0,
    epochs: Annotated[int, typer.Option("--epochs", min=1, metavar="N", help="How often each case is asked.")] = 1,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=10_000, metavar="N", help="Calls at once, each target.")
    ] = 8,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would ask and cost; send nothing.")] = False,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="[RUN]", help="Go on with an interrupted run (default: the last).")
    ] = None,
    retry: Annotated[
        str | None,
        typer.Option(
            "--retry", metavar="VERDICT,...", help="With --resume: ask again what ended so (failed, blocked)."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --resume: go on although the dataset or the configuration changed.")
    ] = False,
    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="FILE", help="Grade answers made elsewhere; nothing is sent.")
    ] = None,
    answers_map: Annotated[
        list[str] | None,
        typer.Option("--answers-map", metavar="FIELD=COLUMN", help="Which column holds case, row, target, answer."),
    ] = None,
    answers_where: Annotated[
        list[str] | None, typer.Option("--answers-where", metavar="K=V", help="Only answers with this value.")
    ] = None,
    format_: Annotated[
        BenchFormat | None,
        typer.Option("--format", help="How to write it: jsonl has a line for each call. Default: table."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the result there.")] = None,
    profile: options.Profile = None,
    ledger: options.Ledger = None,
    no_text: options.NoText = False,
    key_env: options.KeyEnv = None,
    price: options.Price = None,
    insecure_http: options.InsecureHttp = False,
) -> None:
    """Ask every case of a dataset, grade the answers, and say what a right one costs.

    \b
    Examples:
      qwcli bench customer-intents -p simulated           (no key needed)
      qwcli bench questions.jsonl -m qwen-plus -m gpt-4o-mini --grader contains --limit 100
      qwcli bench gsm8k_test.jsonl -m qwen-flash --grader number --concurrency 64 --resume
      qwcli bench exam.jsonl --answers predictions.jsonl --grader choice:rule=sole

    Ctrl-C keeps all that finished; --resume goes on from there, --retry failed asks again what failed.
    Exit code: 0, or 1 if a call failed.
    """
    from qwcli.cli import wiring
    from qwcli.cli.benching import Bench

    wiring.check_text("--system", system)
    wiring.check_text("--template", template)
    chosen = Bench(
        dataset=dataset,
        models=tuple(model or ()),
        system=system,
        template=template,
        parameters=wiring.parameters(
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            json_schema=json_schema,
            thinking=thinking,
            param=param,
            no_stream=no_stream,
        ),
        timeout=timeout,
        grader=grader,
        mapping=pairs("--map", map_),
        where=tuple(pairs("--where", where).items()),
        limit=limit,
        sample=sample,
        sample_seed=sample_seed,
        epochs=epochs,
        concurrency=concurrency,
        profile=profile,
        ledger=wiring.ledger_path(ledger),
        no_text=no_text,
        key_env=key_env,
        price=price,
        insecure_http=insecure_http,
    )
    code = _carry_out(
        chosen,
        dry_run=dry_run,
        resume=resume or ("last" if retry else None),
        retry=verdicts(retry),
        force=force,
        answers=answers,
        answers_map=pairs("--answers-map", answers_map),
        answers_where=tuple(pairs("--answers-where", answers_where).items()),
        format_=format_,
        out=out,
    )
    if code:
        raise typer.Exit(code)


def _carry_out(
    chosen: Bench,
    *,
    dry_run: bool,
    resume: str | None,
    retry: frozenset[Verdict],
    force: bool,
    answers: Path | None,
    answers_map: dict[str, str],
    answers_where: tuple[tuple[str, str], ...],
    format_: BenchFormat | None,
    out: Path | None,
) -> int:
    from qwcli.cli import benching, output, signals, wiring

    ledger = [f"{chosen.ledger}{ending}" for ending in ("", "-wal", "-shm")]
    output.check(out, chosen.dataset, chosen.template, chosen.profile, "qwcli.yaml", answers, *ledger)
    if answers is not None:
        if dry_run or resume or chosen.models:
            raise QwcliError("--answers grades what was answered elsewhere: it takes no -m, --dry-run or --resume.")
        from qwcli.cli import elsewhere

        outcome = elsewhere.grade_answers(chosen, answers, mapping=answers_map, where=answers_where)
    elif answers_map or answers_where:
        raise QwcliError("--answers-map and --answers-where say how to read --answers FILE, which is missing.")
    elif dry_run:
        benching.quote(chosen, fmt=format_, out=out)
        return 0
    else:
        outcome = benching.carry_out(chosen, resume=resume, force=force, retry=retry)
    signals.leave_at_once(f"Interrupted. All is recorded: `qwcli cost-report --run {outcome.run}` shows it.")
    benching.report(chosen, outcome, fmt=format_, out=out)
    if outcome.interrupted is not None:
        wiring.narrate(f"Interrupted. To go on, repeat the command with --resume {outcome.run}")
        return outcome.interrupted
    if outcome.failed:
        wiring.narrate(f"{outcome.failed} failed. To ask those again, repeat the command with --retry failed")
    return 1 if outcome.failed else 0


_RETRIABLE = frozenset({Verdict.FAILED, Verdict.BLOCKED})
"""What says nothing of how good a model's answers are, or is a filter's doing rather than the model's."""


def verdicts(text: str | None) -> frozenset[Verdict]:
    """The verdicts of a comma list. Raises `QwcliError` for one that there is not, or that is an answer's."""
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in names:
        if name not in set(Verdict):
            raise QwcliError(f"--retry: there is no verdict {name!r}{meant(name, Verdict)}.")
        if name not in _RETRIABLE:
            raise QwcliError(
                f"--retry asks again what failed or was blocked, not what ended as {name}.",
                hint="Asking for other answers until they are right would falsify the figures; --epochs N asks all.",
            )
    return frozenset(Verdict(name) for name in names)


def pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """`K=V` options as a mapping. Raises `QwcliError` for one that is none, or a name given twice."""
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise QwcliError(f"{option} takes NAME=VALUE, not {text!r}.")
        if name in found:
            raise QwcliError(f"{option}: {name} is given twice.")
        found[name] = value
    return found
