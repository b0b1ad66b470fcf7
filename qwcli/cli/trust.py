"""`qwcli trust`: let a profile that lies in the working directory be used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qwcli.errors import QwcliError


def trust(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The profile to trust.", show_default=True)] = Path(
        "qwcli.yaml"
    ),
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask back.")] = False,
) -> None:
    """Trust a profile as it stands now: show where it sends what, and remember its digest.

    A ./qwcli.yaml that nobody has trusted is listed but never asked. Any change to it, or to a file it includes, has to
    be trusted again.

    \b
    Examples:
      qwcli trust
      qwcli trust --yes team/qwcli.yaml
    """
    from qwcli.cli.wiring import config_folder, open_profile
    from qwcli.render.visible import visible
    from qwcli.store import trust as trusting

    if not file.is_file():
        raise QwcliError(f"There is no file {file}.", hint="Name the profile to trust: qwcli trust FILE")
    path = file.absolute()
    profile = open_profile(str(path) if path.suffix in {".yaml", ".yml"} else f"{path.parent}/{path.name}")
    typer.echo(f"{visible(str(file))} (SHA-256 {profile.digest[:16]}...) is read from:", err=True)
    for read in profile.files:
        typer.echo(f"  {visible(str(read))}", err=True)
    typer.echo("It can send prompts to these hosts, with the values of these environment variables:", err=True)
    for host, names in sorted(trusting.hosts(profile.targets.values()).items()):
        typer.echo(f"  {visible(host)}: {', '.join(names) or 'no key'}", err=True)
    if not yes:
        if not sys.stdin.isatty():
            raise QwcliError("Nobody is there to say yes.", hint="Read what is listed above, then say --yes.")
        typer.confirm("Trust it?", abort=True, err=True)
    trusting.trust(profile, config_folder())
    typer.echo("Trusted, until one of these files changes.", err=True)
