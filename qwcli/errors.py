"""The user's mistakes, as one exception that knows what to say and how to exit."""

from __future__ import annotations


class QwcliError(Exception):
    """Something the user can put right: a message, a hint on what to do, and the exit code it ends in.

    The world's failures are values (`core.outcome.Fault`), never this; bugs keep their traceback.
    """

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
