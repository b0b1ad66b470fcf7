"""Which column of a file of answers holds what, and what a row of it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qwcli.core.names import meant
from qwcli.errors import QwcliError
from qwcli.store.case_index import CaseIndex
from qwcli.store.rows import BadRowError, Columns, as_text, keeps, kind, rows, shown

_IDS = ("id", "case", "case_id", "question_id")
_ROWS = ("row", "index")
_USUAL = {
    "target": ("model", "target"),
    "answer": ("answer", "prediction", "response", "output", "completion", "text"),
}
_FIELDS = ("case", "row", "target", "answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerColumns:
    """Which column holds what; `target_column` is `None` where all answers are of one target, called `target`."""

    case: str
    by_row: bool
    target_column: str | None
    target: str
    answer: str

    def read(self, columns: Columns, index: CaseIndex) -> tuple[int, str, str | None]:
        """The row of the case, the target, and the answer, `None` where there is none. Raises `BadRowError`."""
        key = self._key(columns)
        place = index.by_row(key) if self.by_row else index.by_id(key)
        if place is None:
            raise BadRowError(f"the dataset has no {'row' if self.by_row else 'case'} {shown(key)}")
        return place, self._target(columns), self._answer(columns)

    def _key(self, columns: Columns) -> str:
        value = columns.get(self.case)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadRowError(f"expected `{self.case}` to name a case, found {_found(columns, self.case)}")
        return as_text(value)

    def _target(self, columns: Columns) -> str:
        if self.target_column is None:
            return self.target
        value = columns.get(self.target_column)
        if not isinstance(value, str) or not value.strip():
            raise BadRowError(
                f"expected `{self.target_column}` to name a target, found {_found(columns, self.target_column)}"
            )
        return value

    def _answer(self, columns: Columns) -> str | None:
        value = columns.get(self.answer)
        if isinstance(value, list | dict) or self.answer not in columns:
            raise BadRowError(f"expected `{self.answer}` to be text, found {_found(columns, self.answer)}")
        return None if value is None else as_text(value)


def _found(columns: Columns, name: str) -> str:
    return kind(columns.get(name)) if name in columns else "no such column"


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise `QwcliError` where `--answers-map` names a field that no answer has, or two for the case."""
    for name in mapping:
        if name not in _FIELDS:
            raise QwcliError(f"--answers-map: no field is called `{name}`{meant(name, _FIELDS)}.")
    if {"case", "row"} <= mapping.keys():
        raise QwcliError("--answers-map: give `case` (its id) or `row` (its zero-based number), not both.")


def recognise(
    path: Path, mapping: Mapping[str, str], where: Sequence[tuple[str, str]], *, own_ids: bool
) -> AnswerColumns | None:
    """The columns by the first row selected, `None` where there is none. Raises `QwcliError` where one is missing."""
    first = next((row.columns for row in rows(path) if row.problem is None and keeps(where, row.columns)), None)
    if first is None:
        return None
    if "case" in mapping or "row" in mapping:
        case: str | None = mapping.get("case") or mapping["row"]
        by_row = "row" in mapping
    else:
        case = next((name for name in (*_IDS, *_ROWS) if name in first), None)
        if not own_ids:
            case = next((name for name in (*_ROWS, *_IDS) if name in first), None)
        by_row = case in _ROWS
    target = mapping.get("target") or next((name for name in _USUAL["target"] if name in first), None)
    answer = mapping.get("answer") or next((name for name in _USUAL["answer"] if name in first), None)
    if case is None or answer is None:
        missing, known = ("case", (*_IDS, *_ROWS)) if case is None else ("answer", _USUAL["answer"])
        raise QwcliError(
            f"{path}: no column is known to hold the {missing} (usual: {', '.join(known)}).",
            hint=f"--answers-map {missing}=COLUMN names it; columns: {', '.join(list(first)[:30])}.",
        )
    return AnswerColumns(case=case, by_row=by_row, target_column=target, target=path.stem, answer=answer)
