"""Answers made elsewhere: matched to their cases by id or row, checked before any is graded."""

import json
from collections import Counter
from pathlib import Path

import pytest

from qwcli.errors import QwcliError
from qwcli.store.answers import open_answers
from qwcli.store.datasets import open_dataset

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "datasets"


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def dataset(folder, *, ids=(None, None, None), **options):
    rows = [{"input": f"q{n}"} | ({} if own is None else {"id": own}) for n, own in enumerate(ids)]
    return open_dataset(write(folder / "d.jsonl", rows), **options)


def answers(folder, found, *rows, **options):
    return open_answers(write(folder / "batch.jsonl", rows), found, **options)


def joined(found):
    return [(answer.case.id, answer.target, answer.text, answer.line) for answer in found]


@pytest.mark.parametrize("case", ["id", "case", "case_id", "row", "index", "question_id"])
@pytest.mark.parametrize(("target", "answer"), [("model", "prediction"), ("target", "response"), ("model", "output")])
def test_usual_names_are_recognised(tmp_path, case, target, answer):
    found = answers(
        tmp_path, dataset(tmp_path), {case: 2, target: "m", answer: "x"}, {case: "0", target: "m", answer: 5}
    )
    assert joined(found) == [("2", "m", "x", 1), ("0", "m", "5", 2)]
    assert joined(found) == joined(found)


def test_own_ids_are_matched_by_id_and_a_row_column_by_row(tmp_path):
    named = dataset(tmp_path, ids=("b", "a", "2"))
    assert joined(answers(tmp_path, named, {"id": "a", "row": 9, "model": "m", "answer": "x"}))[0][0] == "a"
    assert joined(answers(tmp_path, named, {"row": 0, "model": "m", "answer": "x"}))[0][0] == "b"
    with pytest.raises(QwcliError, match="the dataset has no case '0'"):
        answers(tmp_path, named, {"id": 0, "model": "m", "answer": "x"})


def test_rows_without_own_ids_prefer_the_row_over_the_answers_own_id(tmp_path):
    found = answers(tmp_path, dataset(tmp_path), {"id": "req-1", "row": 1, "model": "m", "text": "x"})
    assert joined(found) == [("1", "m", "x", 1)]


def test_columns_are_mapped_and_rows_selected(tmp_path):
    rows = [{"n": 1, "by": "m", "says": "x", "epoch": 0}, {"n": 1, "by": "m", "says": "y", "epoch": 1}]
    mapping = {"row": "n", "target": "by", "answer": "says"}
    found = answers(tmp_path, dataset(tmp_path), *rows, mapping=mapping, where=[("epoch", "1")])
    assert joined(found) == [("1", "m", "y", 2)]


def test_a_file_without_targets_is_one_targets_called_like_the_file(tmp_path):
    assert joined(answers(tmp_path, dataset(tmp_path), {"id": 0, "answer": ""})) == [("0", "batch", "", 1)]


def test_missing_empty_and_unselected_answers_are_notes(tmp_path):
    rows = [
        {"row": 0, "model": "a", "answer": "x"},
        {"row": 1, "model": "a", "answer": None},
        {"row": 2, "model": "b", "answer": "z"},
    ]
    found = answers(tmp_path, dataset(tmp_path, limit=2), *rows)
    assert joined(found) == [("0", "a", "x", 1)]
    assert dict(found.targets) == {"a": 1}
    assert found.notes == (
        "a: no answer to 1 of 2 cases; they are not graded.",
        "b: no answer to any of 2 cases.",
        "1 rows hold null for an answer and count as none.",
        "1 answers are to cases that are not selected; they are left out.",
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"row": 3, "model": "m", "answer": "x"}, "the dataset has no row '3'"),
        ({"row": "01", "model": "m", "answer": "x"}, "the dataset has no row '01'"),
        ({"row": True, "model": "m", "answer": "x"}, "expected `row` to name a case, found true"),
        ({"row": 1, "answer": "x"}, "expected `model` to name a target, found no such column"),
        ({"row": 1, "model": "m"}, "expected `answer` to be text, found no such column"),
        ({"row": 1, "model": "m", "answer": {"a": 1}}, "expected `answer` to be text, found an object"),
        ({"row": 0, "model": "m", "answer": "y"}, "a second answer of 'm' to this case; line 1 has the first"),
        (["x"], "expected a JSON object, found a list"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path, row, says):
    with pytest.raises(QwcliError) as caught:
        answers(tmp_path, dataset(tmp_path), {"row": 0, "model": "m", "answer": "x"}, row)
    assert f"batch.jsonl:2: {says}" in caught.value.message


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mapping": {"anser": "x"}}, r"no field is called `anser` \(did you mean `answer`\?\)"),
        ({"mapping": {"answer": "reply"}}, "--answers-map answer=reply: there is no column 'reply'"),
        ({"where": [("task", "1")]}, "--answers-where: there is no column 'task'"),
        ({"where": [("row", "7")]}, "no row is an answer to a selected case"),
        ({"mapping": {"case": "row", "row": "row"}}, "not both"),
    ],
)
def test_a_mistaken_option_is_named(tmp_path, options, says):
    with pytest.raises(QwcliError, match=says):
        answers(tmp_path, dataset(tmp_path), {"row": 0, "model": "m", "answer": "x"}, **options)


def test_columns_that_cannot_be_guessed_are_asked_for(tmp_path):
    with pytest.raises(QwcliError, match="no column is known to hold the answer") as caught:
        answers(tmp_path, dataset(tmp_path), {"row": 0, "model": "m", "said": "x"})
    assert "--answers-map answer=COLUMN" in caught.value.hint


def test_a_missing_file_is_a_clear_error(tmp_path):
    with pytest.raises(QwcliError, match="cannot be read: No such file"):
        open_answers(tmp_path / "none.jsonl", dataset(tmp_path))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared datasets are not beside this checkout")
def test_published_answers_meet_their_published_cases():
    law = open_dataset(SHARED / "lawbench_1-2.jsonl")
    path = SHARED / "lawbench_predictions.jsonl"
    found = open_answers(path, law, where=[("task", "1-2")])
    assert dict(found.targets) == dict.fromkeys(
        ("GPT4", "GPT-3.5-turbo-0613", "qwen-7b-chat-hf", "chatglm2-6b-hf"), 500
    )
    assert (found.count, found.notes) == (2000, ())
    lines = path.read_text(encoding="utf-8").split("\n")
    sole = Counter()
    for answer in found:
        assert json.loads(lines[answer.line - 1])["refr"] == answer.case.expected
        sole[answer.target] += {letter for letter in answer.text if letter in "ABCD"} == {answer.case.expected[5]}
    assert list(sole.values()) == [276, 180, 170, 53]
    with pytest.raises(QwcliError, match="800 bad lines") as caught:
        open_answers(path, law)
    assert "model, task, row" in caught.value.hint
