"""Datasets: what a row may look like, what is selected, what is refused before anything is sent."""

import hashlib
import json
import os
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.prompt import Message
from qwcli.errors import QwcliError
from qwcli.store.cases import case_of
from qwcli.store.datasets import open_dataset
from qwcli.store.namings import recognise
from qwcli.store.rows import BadRowError, Row, parse

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "datasets"


def write(folder, *rows, name="d.jsonl"):
    path = folder / name
    lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def cases(folder, *rows, **options):
    return list(open_dataset(write(folder, *rows), **options).cases())


def refused(path, **options):
    with pytest.raises(QwcliError) as caught:
        open_dataset(path, **options)
    assert caught.value.exit_code == 2
    return caught.value


def user(text):
    return Message(role="user", content=text)


def system(text):
    return Message(role="system", content=text)


# --- rows -------------------------------------------------------------------------------------------------------------


def test_every_known_column_ends_in_its_field(tmp_path):
    row = {"id": 7, "input": "Hi\x00", "expected": ["a", 2, 1.5], "system": "S", "lang": "en", "tags": "x, y，z", "grader": "exact",
           "expected_verdict": "refused", "facts": ["f"], "metadata": {"k": 1}, "else": None}  # fmt: skip
    (case,) = cases(tmp_path, row)
    assert (case.id, case.row, case.expected, case.tags) == ("7", 0, ("a", "2", "1.5"), ("x", "y", "z"))
    assert case.messages == (system("S"), user("Hi\x00"))
    assert (case.lang, case.grader, case.expected_verdict) == ("en", "exact", "refused")
    assert case.values == row


def test_a_row_without_an_id_is_called_by_its_number_and_blank_lines_do_not_count(tmp_path):
    found = cases(tmp_path, {"input": "a"}, b"", b"  \r", {"input": "b"})
    assert [(case.id, case.row) for case in found] == [("0", 0), ("1", 1)]


def test_messages_are_taken_as_they_are_also_under_the_name_input(tmp_path):
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": ""}]
    for name in ("messages", "input"):
        (case,) = cases(tmp_path, {name: turns}, system="command line")
        assert case.messages == (system("s"), user("u"), Message(role="assistant", content=""))


def test_the_rows_own_system_prompt_wins_even_an_empty_one(tmp_path):
    found = cases(
        tmp_path, {"input": "a"}, {"input": "b", "system": "own"}, {"input": "c", "system": ""}, system="given"
    )
    assert [case.messages[:-1] for case in found] == [(system("given"),), (system("own"),), ()]


def test_expected_is_text_number_truth_or_nothing(tmp_path):
    found = cases(tmp_path, *({"input": "q", "expected": value} for value in ("x", 3, 2.5, True, None, " ", "0")))
    assert [case.expected for case in found] == ["x", "3", "2.5", "true", None, None, "0"]


def test_bom_crlf_nan_big_numbers_and_line_separators_inside_text_are_accepted(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"input":"a","x":NaN}\r\n{"input":"b\xe2\x80\xa8c","expected":' + b"9" * 40 + b"}")
    first, second = open_dataset(path).cases()
    assert first.values["x"] is None
    assert second.messages == (user("b\u2028c"),)
    assert second.expected == "9" * 40


def test_a_line_of_ten_megabytes_works(tmp_path):
    (case,) = cases(tmp_path, {"input": "长" * 3_400_000})
    assert len(case.messages[0].content) == 3_400_000


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"input": "a"', "broken JSON: "),
        (b"[1]", "expected a JSON object, found a list"),
        (b"{}", "expected `input` or `messages`, found none"),
        ({"input": None}, "expected `input` or `messages`, found none"),
        ({"input": " \n"}, "`input` is empty"),
        ({"input": 5}, "expected `input` to be text or a list of messages, found a number"),
        ({"input": []}, "expected a `user` message in `input`, found none"),
        ({"messages": "hi"}, "expected `messages` to be a list of messages, found text"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0]: expected `role` to be system, user, assistant; found 'robot'"),
        ({"messages": [{"role": "user", "content": [1]}]}, "messages[0]: expected `content` to be text, found a list"),
        ({"messages": ["x"]}, "expected messages[0] to be an object with `role` and `content`, found text"),
        ({"input": "a", "messages": []}, "expected `input` or `messages`, found both"),
        ({"input": "a", "id": ""}, "expected `id` to be text or a number, found an empty one"),
        ({"input": "a", "id": True}, "expected `id` to be text or a number, found true"),
        ({"input": "a", "lang": 1}, "expected `lang` to be text, found a number"),
        ({"input": "a", "tags": {}}, "expected `tags` to be a list of texts, or one text with commas"),
        ({"input": "a", "expected": {}}, "expected `expected` to be text, a number or a list of them, found an object"),
        ({"input": "a", "expected": ["x", ""]}, "expected the list in `expected` to hold texts or numbers, none of them empty"),
        ({"input": "a", "expected_verdict": "refuse"}, "there is no verdict 'refuse' (did you mean `refused`?)"),
        (b'{"input": "\xff"}', "expected UTF-8, byte 12 of the line is 0xff"),
        (b'{"input": "\\ud800"}', "half a surrogate pair"),
        (b'{"input": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "the JSON is nested too deeply"),
        ({"input": "a", "id": "good"}, "expected ids to differ, 'good' is also the id of line 1"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_what_was_expected(tmp_path, line, says):
    path = write(tmp_path, {"input": "fine", "id": "good"}, b"", line)
    message = refused(path).message
    assert f"{path}:3: " in message
    assert says in message


def test_all_bad_lines_are_counted_and_the_first_twenty_shown_in_order(tmp_path):
    rows = [{"input": str(n), "id": n} for n in range(440)]
    rows[411] = b"{broken"
    rows[9] = {"input": "again", "id": 3}
    rows[100:130] = [{"input": ""}] * 30
    lines = refused(write(tmp_path, *rows)).message.splitlines()
    assert lines[0].endswith("32 bad lines; nothing was sent.")
    assert ":10: expected ids to differ, '3' is also the id of line 4" in lines[1]
    assert ":101: " in lines[2]
    assert len(lines) == 22
    assert lines[-1].strip() == "... and 12 more"


def test_an_own_id_that_is_another_rows_number_is_a_duplicate(tmp_path):
    assert "'1' is also the id of line 1" in refused(write(tmp_path, {"input": "a", "id": "1"}, {"input": "b"})).message


def test_a_file_that_is_not_there_names_the_nearest_bundled_dataset():
    assert "did you mean `customer-intents`?" in refused("costumer-intents").message


def test_what_is_no_regular_file_is_refused(tmp_path):
    assert "is not a file" in refused(tmp_path).message


def test_other_formats_are_refused_by_name(tmp_path):
    assert "expected JSON Lines" in refused(write(tmp_path, b"a,b", name="d.csv")).message


def test_an_empty_dataset_and_an_empty_selection_say_which(tmp_path):
    assert "the dataset is empty" in refused(write(tmp_path, b"")).message
    path = write(tmp_path, {"input": "a", "k": "1"})
    assert "leaves none of 1 rows" in refused(path, where=[("k", "2")]).message


def test_no_known_column_for_the_prompt_names_the_columns_there_are(tmp_path):
    error = refused(write(tmp_path, {"utterance": "a", "label": "b"}))
    assert "no column is known to hold the prompt" in error.message
    assert "utterance, label" in error.hint


def test_a_graders_check_is_asked_of_every_case_and_its_problems_are_bad_lines(tmp_path):
    path = write(tmp_path, {"input": "a", "expected": "A"}, {"input": "b"})
    message = refused(path, check=lambda case: None if case.expected else "expected an answer to grade against").message
    assert f"{path}:2: expected an answer to grade against" in message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["role", "content", "x"]), inner),
)
COLUMN = st.sampled_from(
    [
        "id",
        "input",
        "messages",
        "expected",
        "system",
        "lang",
        "tags",
        "grader",
        "question",
        "answer",
        "instruction",
        "output",
    ]
)


@given(st.binary() | st.dictionaries(COLUMN, JSON).map(lambda row: json.dumps(row).encode()))
def test_any_line_is_a_case_or_a_bad_row(line):
    try:
        columns = parse(line)
        fields = recognise(columns, {}) or recognise(columns, {"input": "input"})
        case = case_of(Row(line=1, row=0, position=0, columns=columns), fields)
    except BadRowError:
        return
    assert any(message.role == "user" and message.content.strip() for message in case.messages)
    "".join(message.content for message in case.messages).encode()


# --- selecting --------------------------------------------------------------------------------------------------------

ROWS = [
    {"input": f"q{n}", "kind": "odd" if n % 2 else "even", "n": n, "tags": ["low" if n < 10 else "high", "all"]}
    for n in range(40)
]


def rows_of(folder, **options):
    dataset = open_dataset(write(folder, *ROWS), **options)
    found = [case.row for case in dataset.cases()]
    assert dataset.count == len(found)
    return found


def test_where_compares_as_text_looks_into_lists_and_joins_with_and(tmp_path):
    assert rows_of(tmp_path, where=[("n", "7")]) == [7]
    assert rows_of(tmp_path, where=[("tags", "low"), ("kind", "odd")]) == [1, 3, 5, 7, 9]
    assert [
        case.id for case in cases(tmp_path, {"input": "a", "tags": "x, y"}, {"input": "b"}, where=[("tags", "y")])
    ] == ["0"]


def test_where_takes_a_mapped_field_by_its_own_name(tmp_path):
    found = cases(tmp_path, *ROWS, mapping={"lang": "kind"}, where=[("lang", "odd")], limit=1)
    assert [(case.row, case.lang) for case in found] == [(1, "odd")]


def test_rows_that_where_leaves_out_need_not_be_cases(tmp_path):
    found = cases(
        tmp_path, {"input": "a", "kind": "q", "id": 1}, {"note": 5, "kind": "n", "id": 1}, where=[("kind", "q")]
    )
    assert [case.id for case in found] == ["1"]


def test_limit_takes_the_first_of_what_is_selected(tmp_path):
    assert rows_of(tmp_path, where=[("kind", "odd")], limit=3) == [1, 3, 5]
    assert rows_of(tmp_path, limit=100) == list(range(40))


def test_a_sample_is_seeded_in_file_order_and_comes_before_the_limit(tmp_path):
    drawn = rows_of(tmp_path, sample=8, sample_seed=1)
    assert len(drawn) == 8
    assert drawn == sorted(drawn) == rows_of(tmp_path, sample=8, sample_seed=1)
    assert drawn != rows_of(tmp_path, sample=8, sample_seed=2)
    assert rows_of(tmp_path, sample=8, sample_seed=1, limit=2) == drawn[:2]
    assert all(row % 2 for row in rows_of(tmp_path, sample=5, where=[("kind", "odd")]))


def test_every_row_is_equally_likely_to_be_drawn(tmp_path):
    counts = [0] * 40
    for seed in range(200):
        for row in rows_of(tmp_path, sample=10, sample_seed=seed):
            counts[row] += 1
    assert min(counts) > 25
    assert max(counts) < 80


def test_a_sample_larger_than_the_selection_takes_all_and_says_so(tmp_path):
    dataset = open_dataset(write(tmp_path, *ROWS), sample=99)
    assert dataset.count == 40
    assert "there are 40 rows" in dataset.notes[0]


# --- mapping and namings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "naming", "hint", "asked", "expected"),
    [
        ({"question": "2+2?", "answer": "2+2=<<2+2=4>>4\n#### 4"}, "gsm8k", "number", "2+2?", "4"),
        (
            {"instruction": "选", "question": "题", "answer": "正确答案：B。"},
            "lawbench",
            "choice",
            "选\n题",
            "正确答案：B。",
        ),
        ({"instruction": "选", "question": "题", "answer": "罪名:盗窃"}, "lawbench", None, "选\n题", "罪名:盗窃"),
        ({"instruction": "Sum up", "input": "", "output": "x"}, "alpaca", None, "Sum up", "x"),
        ({"question": "q", "answer": "a"}, "question/answer", None, "q", "a"),
        ({"prompt": "q", "answer": "a"}, "prompt/answer", None, "q", "a"),
        ({"input": "q", "target": ["a", "b"]}, "input/target", None, "q", ("a", "b")),
        ({"input": [{"role": "user", "content": "q"}], "ideal": "a"}, "input/ideal", None, "q", "a"),
        ({"prompt": "q"}, "prompt", None, "q", None),
    ],
)
def test_usual_namings_are_recognised(tmp_path, row, naming, hint, asked, expected):
    dataset = open_dataset(write(tmp_path, row))
    (case,) = dataset.cases()
    assert (dataset.naming, dataset.grader_hint) == (naming, hint)
    assert (case.messages, case.expected) == ((user(asked),), expected)


def test_a_gsm8k_row_without_its_mark_is_a_bad_line(tmp_path):
    path = write(tmp_path, {"question": "a", "answer": "#### 1"}, {"question": "b", "answer": "2"})
    assert f"{path}:2: expected `answer` to end in `####`" in refused(path).message


def test_the_naming_is_known_by_a_later_row_where_the_first_is_broken(tmp_path):
    path = write(tmp_path, b"{", {"question": "a", "answer": "#### 1"})
    assert refused(path).message.startswith(f"{path}: 1 bad line")


def test_map_is_set_over_what_is_recognised(tmp_path):
    path = write(tmp_path, {"instruction": "i", "question": "q", "answer": "正确答案：A", "key": "A"})
    dataset = open_dataset(path, mapping={"input": "question", "expected": "key"})
    (case,) = dataset.cases()
    assert (case.messages, case.expected, dataset.naming, dataset.grader_hint) == ((user("q"),), "A", "mapped", None)


def test_map_to_a_column_that_is_not_there_names_those_that_are(tmp_path):
    error = refused(write(tmp_path, {"q": "a", "a b": 1}), mapping={"input": "question"})
    assert "--map input=question: there is no column 'question'" in error.message
    assert error.hint == "Columns: q, 'a b'."
    assert (
        "no field is called `imput` (did you mean `input`?)"
        in refused(write(tmp_path, {}), mapping={"imput": "q"}).message
    )


def test_where_on_a_column_that_is_not_there_says_so(tmp_path):
    assert (
        "--where: there is no column 'tsak'"
        in refused(write(tmp_path, {"input": "a", "task": 1}), where=[("tsak", "1")]).message
    )


def test_columns_that_look_like_a_part_of_the_question_are_named_when_they_are_not_sent(tmp_path):
    path = write(tmp_path, {"question": "q", "context": "c", "answer": "a"})
    assert "`context`" in open_dataset(path).notes[0]
    assert open_dataset(path, template="{context}\n{question}").notes == ()


# --- the file ---------------------------------------------------------------------------------------------------------


def test_digest_name_and_count_are_the_files_and_cases_can_be_read_again(tmp_path):
    path = write(tmp_path, {"input": "a"}, {"input": "b"}, name="my-set.jsonl")
    dataset = open_dataset(path)
    assert (dataset.name, dataset.path, dataset.count) == ("my-set", path, 2)
    assert dataset.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(dataset.cases()) == list(dataset.cases())


def test_a_file_that_changes_after_the_check_is_not_asked(tmp_path):
    path = write(tmp_path, {"input": "a"})
    dataset = open_dataset(path)
    write(tmp_path, {"input": "another"})
    with pytest.raises(QwcliError, match="changed after it was checked"):
        next(dataset.cases())


def test_cases_are_streamed_not_held(tmp_path):
    path = tmp_path / "big.jsonl"
    path.write_bytes((b'{"input": "' + b"x" * 20_000 + b'"}\n') * 601)
    tracemalloc.start()
    dataset = open_dataset(path)
    assert sum(1 for _ in dataset.cases()) == 601
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > 12_000_000
    assert peak < 2_000_000


# --- real files -------------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared datasets are not beside this checkout")


@real
def test_gsm8k_as_it_is_published():
    dataset = open_dataset(SHARED / "gsm8k_test.jsonl")
    found = list(dataset.cases())
    assert (dataset.count, len(found), dataset.naming, dataset.grader_hint) == (1319, 1319, "gsm8k", "number")
    assert all(float(case.expected.replace(",", "")) is not None for case in found)
    assert found[0].messages[0].content.startswith("Janet’s ducks")
    assert (found[0].expected, found[-1].id) == ("18", "1318")


@real
def test_lawbench_as_it_is_published():
    dataset = open_dataset(SHARED / "lawbench_1-2.jsonl")
    found = list(dataset.cases())
    assert (dataset.count, dataset.naming, dataset.grader_hint, dataset.own_ids) == (500, "lawbench", "choice", False)
    assert [case.row for case in found] == [case.values["_row"] for case in found]
    head, _, tail = found[0].messages[0].content.partition("\n")
    assert (head, tail) == (found[0].values["instruction"], found[0].values["question"])


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    started = time.monotonic()
    assert "is not a file" in refused(tmp_path / "pipe").message
    assert time.monotonic() - started < 1
