"""The command line as a whole: its commands, and how it ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from qwcli import __version__
from qwcli.cli import ask, bench, cost_report, models, signals, simulate, trust
from qwcli.errors import QwcliError

if TYPE_CHECKING:
    from qwcli.cli.streams import Out

app = typer.Typer(
    name="qwcli",
    help="Ask several language models, benchmark them on your own data, and learn what a right answer really costs.",
    no_args_is_help=True,
    # Plain help texts: rich's add a quarter of a second to every --help.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

app.command("ask")(ask.ask)
app.command("bench", cls=bench.BenchCommand)(bench.bench)
app.command("cost-report")(cost_report.cost_report)
app.command("models")(models.models)
app.command("simulate")(simulate.simulate)
app.command("trust")(trust.trust)

# What a wrong option or a missing argument raises; the class itself is private to Typer.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qwcli {__version__}")
        raise typer.Exit


@app.callback()
def _qwcli(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def run(out: Out) -> None:
    """Run the command line and exit: 0 done, 1 a call failed, 2 usage or configuration, 130 interrupted."""
    try:
        code = typer.main.get_command(app).main(standalone_mode=False)
        out.check()
    except QwcliError as error:
        _say(error)
        code = error.exit_code
    except _UsageError as error:
        error.show()  # type: ignore[attr-defined]
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted.", file=sys.stderr)
        code = 130
    signals.finish(code if isinstance(code, int) else 0)


def _say(error: QwcliError) -> None:
    from qwcli.render.visible import visible

    ended = error.exit_code > 128
    print(visible(error.message) if ended else f"error: {visible(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"hint: {visible(error.hint)}", file=sys.stderr)
