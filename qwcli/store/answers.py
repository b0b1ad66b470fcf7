"""Answers made elsewhere - batch jobs, other tools - brought together with the cases they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qwcli.core.case import Case
from qwcli.errors import QwcliError
from qwcli.store.answer_columns import AnswerColumns, check_mapping, recognise
from qwcli.store.case_index import CaseIndex
from qwcli.store.checked_file import BadLines, SeenColumns, changed, stamp, unchanged
from qwcli.store.datasets import Dataset
from qwcli.store.rows import BadRowError, Columns, keeps, rows, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to one case; `line` is where it stands in its file."""

    case: Case
    target: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A checked file of answers. Iterating reads it anew, in file order, one answer with its case held at once.

    `targets` counts each target's answers to selected cases, in order of first appearance; `count` is their sum.
    `notes` are sentences for the user: cases without an answer, answers to cases that are not selected.
    """

    path: Path
    count: int
    targets: Mapping[str, int]
    notes: tuple[str, ...]
    _columns: AnswerColumns = field(repr=False)
    _where: tuple[tuple[str, str], ...] = field(repr=False)
    _index: CaseIndex = field(repr=False)
    _dataset: Dataset = field(repr=False)
    _stamp: tuple[int, int] = field(repr=False)

    def __iter__(self) -> Iterator[Answer]:
        """Every answer to a selected case. Raises `QwcliError` if the file changed since it was checked."""
        unchanged(self.path, self._stamp)
        with self._dataset.path.open("rb") as file:
            for row in rows(self.path):
                if not keeps(self._where, row.columns):
                    continue
                try:
                    place, target, text = self._columns.read(row.columns, self._index)
                    case = self._index.case(file, place) if self._index.selected(place) else None
                except BadRowError as error:
                    raise changed(self.path) from error
                if text is not None and case is not None:
                    yield Answer(case=case, target=target, text=text, line=row.line)


def open_answers(
    path: str | Path,
    dataset: Dataset,
    *,
    mapping: Mapping[str, str] | None = None,
    where: Sequence[tuple[str, str]] = (),
) -> Answers:
    """Check a file of answers against the dataset they answer, and open it.

    `mapping` sets `case` (the case's id), `row` (its zero-based row), `target` or `answer` to a column; `where` selects
    rows. A file without a target's column is one target's, called like the file. Raises `QwcliError`: no such file, a
    column that is in no row, all bad lines (unknown cases and second answers included), nothing selected.
    """
    path = Path(path)
    mapping = mapping or {}
    check_mapping(mapping)
    then = stamp(path)
    index = dataset.index()
    columns = recognise(path, mapping, where, own_ids=dataset.own_ids)
    tally = _Tally(path, index, mapping, where)
    for row in rows(path):
        if row.problem is not None:
            tally.bad.add(row.line, row.problem)
            continue
        tally.seen.add(row.columns)
        if columns is not None and keeps(where, row.columns):
            tally.add(row.line, row.columns, columns)
    tally.stop_if_bad()
    if columns is None or not tally.count:
        raise QwcliError(f"{path}: no row is an answer to a selected case.", hint="Look at --answers-where.")
    unchanged(path, then)
    return Answers(
        path=path,
        count=sum(tally.targets.values()),
        targets=tally.targets,
        notes=tuple(tally.notes(dataset.count)),
        _columns=columns,
        _where=tuple(where),
        _index=index,
        _dataset=dataset,
        _stamp=then,
    )


class _Tally:
    """The first pass over the answers: whose they are, what is wrong, what is not answered."""

    def __init__(
        self, path: Path, index: CaseIndex, mapping: Mapping[str, str], where: Sequence[tuple[str, str]]
    ) -> None:
        wanted = {column: f"--answers-map {name}={column}" for name, column in mapping.items()}
        self.seen = SeenColumns(wanted | {column: "--answers-where" for column, _ in where})
        self.bad = BadLines(path)
        self.targets: dict[str, int] = {}
        self._path = path
        self._index = index
        self._lines: dict[str, dict[int, int]] = {}
        self._unselected = self._empty = self._repeated = 0

    @property
    def count(self) -> int:
        """Answers to selected cases."""
        return sum(self.targets.values())

    def add(self, line: int, columns: Columns, names: AnswerColumns) -> None:
        """Note one row."""
        try:
            place, target, text = names.read(columns, self._index)
        except BadRowError as error:
            self.bad.add(line, str(error))
            return
        first = self._lines.setdefault(target, {}).setdefault(place, line)
        if first != line:
            self._repeated += 1
            self.bad.add(line, f"a second answer of {shown(target)} to this case; line {first} has the first")
        elif text is None:
            self._empty += 1
        elif not self._index.selected(place):
            self._unselected += 1
        else:
            self.targets[target] = self.targets.get(target, 0) + 1

    def stop_if_bad(self) -> None:
        """Raise `QwcliError` with what is wrong, if anything is."""
        self.seen.stop(self._path)
        hint = "--answers-map sets columns (case, row, target, answer), --answers-where COLUMN=VALUE selects rows"
        self.bad.stop(f"{hint} of one task or epoch; columns: {self.seen.listed}." if self._repeated else f"{hint}.")

    def notes(self, cases: int) -> Iterator[str]:
        """Sentences for the user."""
        for target, count in self.targets.items():
            if count < cases:
                yield f"{target}: no answer to {cases - count:,} of {cases:,} cases; they are not graded."
        for target in self._lines.keys() - self.targets.keys():
            yield f"{target}: no answer to any of {cases:,} cases."
        if self._empty:
            yield f"{self._empty:,} rows hold null for an answer and count as none."
        if self._unselected:
            yield f"{self._unselected:,} answers are to cases that are not selected; they are left out."
