"""The commands: the only room that reads argv, environment and clock, prints, and exits.

Each command is a module; what is heavy is imported inside its function, so that `--help` stays quick.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from qwcli.cli.app import run

    run()
