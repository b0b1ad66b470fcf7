"""Templates of a user message: text with `{column}` in it, filled from untrusted rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qwcli.errors import QwcliError
from qwcli.store.rows import BadRowError, as_text, shown

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}\n]+)\}|[{}]")
_LITERAL = "Write {{ and }} where braces are meant."


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed template. `parts` alternate literal text and column name, beginning and ending with text.

    A name is looked up as a whole: there is no access to attributes or items, so a row cannot reach anything.
    """

    text: str
    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns it needs, each once."""
        return tuple(dict.fromkeys(self.parts[1::2]))

    def fill(self, values: Mapping[str, Any]) -> str:
        """The text with values in their places: texts as they are, null as nothing, all else as JSON.

        Raises `BadRowError` where a value is missing.
        """
        filled = list(self.parts)
        for place in range(1, len(filled), 2):
            if filled[place] not in values:
                raise BadRowError(f"the template needs {{{filled[place]}}}, which this row does not have")
            filled[place] = as_text(values[filled[place]])
        return "".join(filled)


def parse_template(text: str) -> Template:
    """A template from its text: `{column}`, with `{{` and `}}` for braces. Raises `QwcliError`."""
    parts, literal, end = [], "", 0
    for token in _TOKEN.finditer(text):
        literal += text[end : token.start()]
        end = token.end()
        if token[1] is not None:
            parts += [literal, token[1].strip()]
            literal = ""
        elif token[0] in {"{{", "}}"}:
            literal += token[0][0]
        else:
            around = shown(text[max(0, token.start() - 15) : token.end() + 15])
            raise QwcliError(f"--template: a single `{token[0]}` in {around}.", hint=_LITERAL)
    if not parts:
        hint = "Put a column's name in braces, such as {input}; or name a file that holds the template."
        raise QwcliError(f"--template: {shown(text)} is neither a file nor a text with a {{column}} in it.", hint=hint)
    return Template(text=text, parts=(*parts, literal + text[end:]))


def read_template(argument: str) -> Template:
    """A template as the user named it: a text with a brace in it, or the file that holds one.

    The line end that editors put at a file's end is no part of it. Raises `QwcliError`.
    """
    if "{" in argument or "\n" in argument:
        return parse_template(argument)
    try:
        if not Path(argument).is_file():
            return parse_template(argument)
        text = Path(argument).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QwcliError(f"--template: {shown(argument)} cannot be read: {error}.") from error
    return parse_template(text.removesuffix("\n"))
