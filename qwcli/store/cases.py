"""A row becomes a case: the one place that says what a row of a dataset may look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwcli.core.case import Case
from qwcli.core.names import meant
from qwcli.core.prompt import Message
from qwcli.core.verdict import Verdict
from qwcli.store.namings import Fields
from qwcli.store.rows import BadRowError, Columns, Row, as_text, kind, shown, split_tags
from qwcli.store.template import Template

_ROLES = ("system", "user", "assistant")
_VERDICTS = tuple(Verdict)


def case_of(row: Row, fields: Fields, *, system: str | None = None, template: Template | None = None) -> Case:
    """The case of a row. A row's own system prompt wins over `system`. Raises `BadRowError`."""
    columns = row.columns
    messages = _messages(columns, fields)
    own = own_id(columns, fields)
    expected = _expected(fields.value("expected", columns))
    if template is not None:
        last = max(place for place, message in enumerate(messages) if message.role == "user")
        values = _for_template(columns, fields) | {"input": messages[last].content}
        filled = Message(role="user", content=template.fill(values))
        messages = (*messages[:last], filled, *messages[last + 1 :])
    return Case(
        id=str(row.row) if own is None else own,
        row=row.row,
        messages=_with_system(messages, _optional(columns, fields, "system"), system),
        expected=expected,
        lang=_optional(columns, fields, "lang"),
        tags=_tags(fields.value("tags", columns)),
        grader=_optional(columns, fields, "grader"),
        expected_verdict=_verdict(_optional(columns, fields, "expected_verdict")),
        values=_values(columns, fields),
    )


def own_id(columns: Columns, fields: Fields) -> str | None:
    """A row's own id as text, `None` where it has none. Raises `BadRowError`."""
    value = fields.value("id", columns)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise BadRowError(
            f"expected `id` to be text or a number, found {kind(value) if value != '' else 'an empty one'}"
        )
    return as_text(value)


def _messages(columns: Columns, fields: Fields) -> tuple[Message, ...]:
    text, listed = fields.value("input", columns), fields.value("messages", columns)
    if text is not None and listed is not None:
        raise BadRowError("expected `input` or `messages`, found both")
    value, name = (text, "input") if listed is None else (listed, "messages")
    if value is None:
        source = fields.sources.get(name)
        also = f" (column {shown(source)})" if isinstance(source, str) and source != name else " or `messages`"
        raise BadRowError(f"expected `input`{also}, found none")
    if isinstance(value, str) and name == "input":
        if not value.strip():
            raise BadRowError("`input` is empty")
        return (Message(role="user", content=value),)
    if not isinstance(value, list):
        wanted = "text or a list of messages" if name == "input" else "a list of messages"
        raise BadRowError(f"expected `{name}` to be {wanted}, found {kind(value)}")
    messages = tuple(_message(turn, f"{name}[{place}]") for place, turn in enumerate(value))
    if not any(message.role == "user" for message in messages):
        raise BadRowError(f"expected a `user` message in `{name}`, found none")
    return messages


def _message(turn: object, where: str) -> Message:
    if not isinstance(turn, dict):
        raise BadRowError(f"expected {where} to be an object with `role` and `content`, found {kind(turn)}")
    role, content = turn.get("role"), turn.get("content")
    if role not in _ROLES:
        found = shown(role) if isinstance(role, str) else kind(role)
        raise BadRowError(f"{where}: expected `role` to be {', '.join(_ROLES)}; found {found}")
    if not isinstance(content, str):
        raise BadRowError(f"{where}: expected `content` to be text, found {kind(content)}")
    if role == "user" and not content.strip():
        raise BadRowError(f"{where}: `content` is empty")
    return Message(role=role, content=content)


def _with_system(messages: tuple[Message, ...], own: str | None, given: str | None) -> tuple[Message, ...]:
    has = any(message.role == "system" for message in messages)
    if has and own is not None:
        raise BadRowError("expected `system` or a system message in `messages`, found both")
    prompt = given if own is None else own
    return messages if has or not prompt else (Message(role="system", content=prompt), *messages)


def _expected(value: object) -> str | tuple[str, ...] | None:
    """Nothing, and empty text, is no expectation; in a list it would make any answer right, and is refused."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, list):
        if not value or not all(isinstance(item, str | int | float) and as_text(item).strip() for item in value):
            raise BadRowError("expected the list in `expected` to hold texts or numbers, none of them empty")
        return tuple(as_text(item) for item in value)
    if isinstance(value, dict):
        raise BadRowError("expected `expected` to be text, a number or a list of them, found an object")
    return as_text(value)


def _optional(columns: Columns, fields: Fields, name: str) -> str | None:
    value = fields.value(name, columns)
    if value is not None and not isinstance(value, str):
        raise BadRowError(f"expected `{name}` to be text, found {kind(value)}")
    return value if name == "system" else value or None


def _tags(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return split_tags(value)
    if isinstance(value, list) and all(isinstance(tag, str | int | float) for tag in value):
        return tuple(text for tag in value if (text := as_text(tag).strip()))
    raise BadRowError("expected `tags` to be a list of texts, or one text with commas")


def _verdict(value: str | None) -> str | None:
    if value is not None and value not in _VERDICTS:
        raise BadRowError(f"expected_verdict: there is no verdict {shown(value)}{meant(value, _VERDICTS)}")
    return value


def _for_template(columns: Columns, fields: Fields) -> dict[str, Any]:
    """All columns, and all fields that come from elsewhere, by the names a template may use."""
    named = {name: value for name in fields.sources if (value := fields.value(name, columns)) is not None}
    return {**columns, **named}


def _values(columns: Columns, fields: Fields) -> Mapping[str, Any]:
    """The columns as they stand; facts and metadata also by their own names."""
    named = {
        name: columns[source]
        for name in ("facts", "metadata")
        if isinstance(source := fields.sources.get(name), str) and source != name and source in columns
    }
    return {**columns, **named} if named else columns
