"""How the rows of one file are read: which fields they have, and what the user sets over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwcli.core.case import Case
from qwcli.store.cases import case_of, own_id
from qwcli.store.namings import Fields, recognise
from qwcli.store.rows import BadRowError, Columns, Row, keeps, rows
from qwcli.store.template import Template

_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the rows of one file are read."""

    fields: Fields
    system: str | None
    template: Template | None

    def case(self, row: Row) -> Case:
        """The case of a row. Raises `BadRowError`."""
        return case_of(row, self.fields, system=self.system, template=self.template)

    def own_id(self, columns: Columns) -> str | None:
        """A row's own id; none where it has a wrong one, which only a row that is not used can have."""
        try:
            return own_id(columns, self.fields)
        except BadRowError:
            return None

    def wanted(self) -> dict[str, str]:
        """The columns some row must have, and who asks for them."""
        wanted = {}
        for name in self.template.names if self.template else ():
            source = self.fields.sources.get(name, name)
            if name != "input" and isinstance(source, str):
                wanted[source] = "--template"
        return wanted


def recognised(path: Path, mapping: Mapping[str, str], where: Sequence[tuple[str, str]] = ()) -> Fields | None:
    """How a file's columns are understood, by the first of its rows in which they are known; `None` if in none."""
    for row in rows(path):
        if row.row >= _LOOKED_AT:
            break
        if row.problem is None and keeps(where, row.columns) and (fields := recognise(row.columns, mapping)):
            return fields
    return None
