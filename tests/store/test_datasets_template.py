"""Templates: what they fill in, and what they refuse."""

import json

import pytest

from qwcli.errors import QwcliError
from qwcli.store.datasets import open_dataset
from qwcli.store.template import parse_template, read_template


def asked(folder, row, template, **options):
    path = folder / "d.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (case,) = open_dataset(path, template=template, **options).cases()
    return case.messages


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Q: {input}", "Q: hello"),
        ("{input} / {c o l} / {列}", "hello / 5 / 值"),
        ("{{{input}}} {{}}", "{hello} {}"),
        ("{list} {none}|{true}", '["a", "é"] |true'),
        ("{ input }", "hello"),
        ("{odd}", "{input} {0.__class__}"),
    ],
)
def test_columns_stand_where_their_names_stood(tmp_path, template, filled):
    row = {
        "input": "hello",
        "c o l": 5,
        "列": "值",
        "list": ["a", "é"],
        "none": None,
        "true": True,
        "odd": "{input} {0.__class__}",
    }
    (message,) = asked(tmp_path, row, template)
    assert message.content == filled


def test_field_names_work_whatever_the_columns_are_called(tmp_path):
    row = {"question": "2+2?", "answer": "because\n#### 4"}
    assert asked(tmp_path, row, "{input} {expected} [{answer}]")[0].content == "2+2? 4 [because\n#### 4]"


def test_in_messages_the_last_user_message_is_replaced(tmp_path):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    messages = asked(tmp_path, {"messages": turns}, "<{input}>", system="S")
    assert [message.content for message in messages] == ["S", "a", "b", "<c>"]


@pytest.mark.parametrize("template", ["{input.__class__}", "{input[0]}", "{input!r}", "{nowhere}", "{input:>9}"])
def test_a_name_that_is_no_column_is_refused_with_the_columns_there_are(tmp_path, template):
    with pytest.raises(QwcliError, match="--template: there is no column") as caught:
        asked(tmp_path, {"input": "a", "other": 1}, template)
    assert caught.value.hint == "Columns: input, other."


def test_a_column_that_only_some_rows_have_makes_the_others_bad_lines(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text('{"input": "a", "context": "c"}\n{"input": "b"}\n', encoding="utf-8")
    with pytest.raises(QwcliError, match=r"d\.jsonl:2: the template needs \{context\}"):
        open_dataset(path, template="{context} {input}")


@pytest.mark.parametrize("text", ["{", "a } b {input}", "{}", '{"label": {input}', "{a\nb}"])
def test_a_single_brace_is_refused(text):
    with pytest.raises(QwcliError, match="a single"):
        parse_template(text)


def test_a_file_is_read_without_the_line_end_editors_add(tmp_path):
    file = tmp_path / "t.txt"
    file.write_bytes("\ufeff问：{input}\n\n".encode())
    assert read_template(str(file)).text == "问：{input}\n"


def test_what_is_neither_file_nor_template_is_refused():
    with pytest.raises(QwcliError, match="neither a file nor a text with a"):
        read_template("promt.txt")


def test_the_dataset_keeps_the_templates_text_for_the_runs_digest(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text('{"input": "a"}\n', encoding="utf-8")
    assert open_dataset(path, template="{input}!").template == "{input}!"
    assert open_dataset(path).template is None
