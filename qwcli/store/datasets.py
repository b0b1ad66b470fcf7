"""Datasets: checked whole before anything is sent, then streamed, so that one larger than memory works."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qwcli.core.case import Case
from qwcli.errors import QwcliError
from qwcli.store import bundled
from qwcli.store.case_index import CaseIndex
from qwcli.store.checked_file import changed, stamp, unchanged
from qwcli.store.files import is_file
from qwcli.store.namings import Fields, check_mapping
from qwcli.store.reading import Reading, recognised
from qwcli.store.rows import BadRowError, rows
from qwcli.store.selection import Sampler, Selection
from qwcli.store.survey import Check, Survey
from qwcli.store.template import read_template

_UNKNOWN = Fields(naming="unknown", sources={"input": "input"})
"""Of a file in which no column is known to hold the prompt: every row then says what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A file that was checked. `count` is of the selected cases, `digest` the SHA-256 of the file's bytes (hex).

    `naming` says how its columns were understood (`gsm8k`, `question/answer`, `mapped`); `grader_hint` names the grader
    that suits it where neither a row nor the user names one, `None` where that is simply `exact`. `own_ids`: rows have
    ids of their own. `template` is the template's text. `notes` are sentences for the user.
    """

    name: str
    path: Path
    digest: str
    count: int
    naming: str
    grader_hint: str | None
    own_ids: bool
    template: str | None
    notes: tuple[str, ...]
    _reading: Reading = field(repr=False)
    _selection: Selection = field(repr=False)
    _stamp: tuple[int, int] = field(repr=False)

    def cases(self) -> Iterator[Case]:
        """The selected cases in file order, read anew each time; one is held at once.

        Raises `QwcliError` if the file changed since it was checked.
        """
        unchanged(self.path, self._stamp)
        for row in self._selection.of(rows(self.path)):
            try:
                yield self._reading.case(row)
            except BadRowError as error:
                raise changed(self.path) from error

    def index(self) -> CaseIndex:
        """Where every case stands, for finding single ones."""
        unchanged(self.path, self._stamp)
        return CaseIndex(self._reading, rows(self.path), self._selection)


def open_dataset(
    path_or_name: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    where: Sequence[tuple[str, str]] = (),
    limit: int | None = None,
    sample: int | None = None,
    sample_seed: int = 0,
    system: str | None = None,
    template: str | None = None,
    check: Check | None = None,
    find: Callable[[str], Path] = bundled.dataset,
) -> Dataset:
    """Check a dataset whole, in one streamed pass, and open it.

    `mapping` sets fields to columns; `where` holds (column or mapped field, value). `template` is text with `{column}`
    or a file that holds it; rows of `messages` get it as their last user message. `find` finds bundled datasets by
    name. Every line must be a JSON object; what it must hold is asked only of rows that `where` keeps.
    Raises `QwcliError`: no such file, a column that is in no row, all bad lines with their numbers, nothing selected.
    """
    path = locate(path_or_name, find)
    mapping = mapping or {}
    check_mapping(mapping)
    where = tuple((mapping.get(name, name), value) for name, value in where)
    parsed = None if template is None else read_template(template)
    then = stamp(path)
    fields = recognised(path, mapping, where)
    reading = Reading(fields=fields or _UNKNOWN, system=system, template=parsed)
    survey = Survey(path, reading, _wanted(reading, mapping, where))
    sampler = None if sample is None else Sampler(sample, sample_seed)
    survey.walk(where, sampler, check)
    if fields is None and survey.kept and survey.columns.listed:
        hint = f"--map input=COLUMN names it; columns: {survey.columns.listed}."
        raise QwcliError(f"{path}: no column is known to hold the prompt.", hint=hint)
    survey.stop_if_bad()
    unchanged(path, then)
    drawn = survey.kept if sampler is None else len(sampler.rows)
    count = drawn if limit is None else min(drawn, limit)
    if not count:
        raise _nothing_left(path, survey)
    return Dataset(
        name=path.stem,
        path=path,
        digest=survey.digest,
        count=count,
        naming=reading.fields.naming,
        grader_hint=reading.fields.grader_hint,
        own_ids=survey.named,
        template=parsed.text if parsed else None,
        notes=tuple(_notes(reading, survey, sample)),
        _reading=reading,
        _selection=Selection(where=where, sampled=sampler.rows if sampler else None, limit=limit),
        _stamp=then,
    )


def locate(path_or_name: str | Path, find: Callable[[str], Path] = bundled.dataset) -> Path:
    """The file of a dataset, by its path or by the name of a bundled one. Raises `QwcliError` where there is none."""
    path = Path(path_or_name)
    if is_file(path):
        return path
    try:
        return find(str(path_or_name))
    except QwcliError as error:
        if os.path.exists(path):  # noqa: PTH110 - Path's own raises for a name too long
            hint = "It is read more than once: save what comes from a pipe, and name one file of a folder."
            raise QwcliError(f"{path} is not a file.", hint=hint) from None
        hint = error.hint or "A dataset is the path of a .jsonl file, or the name of a bundled dataset."
        raise QwcliError(error.message, hint=hint) from error


def _wanted(reading: Reading, mapping: Mapping[str, str], where: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The columns that must be in some row, and who asks for them."""
    wanted = {column: f"--map {field}={column}" for field, column in mapping.items()}
    wanted |= {column: "--where" for column, _ in where}
    return reading.wanted() | wanted


def _nothing_left(path: Path, survey: Survey) -> QwcliError:
    if not survey.total:
        return QwcliError(f"{path}: the dataset is empty.", hint="One JSON object a line is expected.")
    return QwcliError(
        f"{path}: the selection leaves none of {survey.total:,} rows.",
        hint="Look at --where, --limit and --sample; a value must equal a column's as text.",
    )


def _notes(reading: Reading, survey: Survey, sample: int | None) -> Iterator[str]:
    if reading.fields.unsent and reading.template is None:
        names = ", ".join(f"`{name}`" for name in reading.fields.unsent)
        yield f"Not sent: {names}. A --template with the columns' names in braces sends them."
    if sample is not None and sample > survey.kept:
        yield f"A sample of {sample:,} was asked for; there are {survey.kept:,} rows to draw from, all are used."
