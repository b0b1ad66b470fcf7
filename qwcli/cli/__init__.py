"""The commands: the only room that reads argv, environment and clock, prints, and exits.

Each command is a module; what is heavy is imported inside its function, so that `--help` stays quick.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from qwcli.cli import signals, streams

    # Before anything else: Ctrl-C may come while the rest is still being imported.
    signals.leave_at_once()
    out = streams.prepare()
    from qwcli.cli.app import run

    run(out)
