"""The letter an answer decides on, in the wrappings models use."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.case import Case, Grade
from qwcli.errors import QwcliError
from qwcli.graders import load

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "datasets"


def grade(text: str, expected: str | tuple[str, ...], spec: str = "choice") -> Grade:
    return load(spec).grade(text, Case(id="0", row=0, messages=(), expected=expected))


@pytest.mark.parametrize(
    "text",
    [
        "B", "b", "(B)", "B.", "B、", "**B**", "Ｂ", "Ⓑ", " B \n", "[B]", "“B”", "`B`", "B)", "（B）", "B。",
        "The answer is B", "The answer is B.", "Answer: (B)", "ANSWER: B", "answer is b.", "**Answer:** B", "Answer:\n\n**B**",
        "The correct answer is: B) Paris", "The answer is option B", "Option B is the correct answer.",
        "The correct option is (B) Paris, because it is the capital.", "The answer to this question is B.",
        "答案是B", "答案：B。", "正确答案：Ｂ", "选B", "故选：B", "故选B。", "本题答案选B", "[正确答案]B<eoa>", "【答案】B", "答案为选项B",
        "正確答案是（B）。", "應選B", "我选择 B。", "正确的是B", "因此，正确答案是[正确答案]B<eoa>。", "所以，B。", "B是正确答案。",
        "\\boxed{B}", "$\\boxed{\\text{(B)}}$", "So \\(\\boxed{B}\\)", "#### B", "<answer>B</answer>", '{"answer": "B"}',
        "B. Paris", "B: Paris", "B - Paris", "(B) Paris", "B\n\nBecause Paris is the capital.", "B，因为巴黎是首都。",
        "B because A is a city in Spain.",
        "Paris is the capital of France.\n\nB", "It can only be Paris (B).", "Paris. B",
        "I would choose B.", "I'd go with (B).", "It's B.",
        "A. Rome\nB. Paris\nC. Oslo\nD. Bern\n\nso B", "A. Rome B. Paris C. Oslo D. Bern. The answer is B.",
        "A. Rome\nB. Paris\nC. Oslo\nD. Bern\n\nB",
        "The answer is not A but B.", "答案不是A，而是B。", "答案是B，不是A。", "The answer is B, not A.", "It is not A, but B.",
        "The answer is A. Wait, that is Rome. The answer is B.", "B. A is Rome, C is Oslo and D is Bern.",
        "The answer is B. A good choice would also be to visit Rome.", "A careful reader sees that the answer is B",
        "答案是B，A错误。", "答案：B。选项A错误，选项C也不正确。", "不选A，选B", "A错误，B正确，C错误，D错误。",
        "Option A is wrong. Option B is correct. Option C is wrong.", "The answer is B, A is wrong.",
        "La réponse est B.", "Die Antwort ist B.", "La respuesta correcta es la B." , "答えはBです。", "정답은 B입니다.",
    ],
)  # fmt: skip
def test_the_right_letter_is_found_in_its_wrapping(text: str) -> None:
    assert grade(text, "B").found == "B"


@pytest.mark.parametrize(
    "text",
    [
        "", "A good choice is hard to find.", "A common mistake is to think so.", "We should go with Plan B.", "Vitamin C",
        "The answer is a matter of taste.", "The best choice is a good one.", "巴黎是法国的首都。", "ABBA is a band.",
        "A. Rome\nB. Paris\nC. Oslo\nD. Bern", "Paris", "I cannot say.", "The answer is Vitamin C", "A", "1", "BAD",
        "The answer isn't B.", "答案不是B。", "不能选B",
    ],
)  # fmt: skip
def test_where_no_other_letter_is_decided_on_the_grade_is_wrong(text: str) -> None:
    result = grade(text, "B")
    assert result.score == 0.0
    assert result.closed
    assert result.found is not None or result.reason


def test_the_letter_a_is_told_from_the_article() -> None:
    assert grade("A good choice is ... hard.", "A").found is None
    assert grade("A is the best answer.", "A").score == 1.0
    assert grade("The answer is A because it is so.", "A").score == 1.0
    assert grade("Answer: A", "A").score == 1.0


def test_the_letter_i_is_told_from_the_pronoun() -> None:
    spec = "choice:letters=ABCDEFGHIJ"
    assert grade("I think the answer is J", "J", spec).score == 1.0
    assert grade("I don't know, I am not sure.", "I", spec).found is None
    assert grade("The answer is I.", "I", spec).score == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "AC",
        "A, C",
        "A和C",
        "答案是A、C，因为如此",
        "The answer is A and C.",
        "[正确答案]A,C<eoa>。",
        "正确答案为CA。",
        "**A**, **C**",
    ],
)
def test_several_letters_are_right_as_a_set(text: str) -> None:
    assert grade(text, "AC").score == 1.0
    assert grade(text, "A").score == 0.0
    assert grade(text, ("B", "C，A")).score == 1.0


@pytest.mark.parametrize("expected", ["B", "b", "(B)", "正确答案：B。", "Answer: B", "B. Paris", "Ｂ", "\\boxed{B}"])
def test_the_expected_letter_may_be_wrapped(expected: str) -> None:
    assert grade("The answer is B.", expected).score == 1.0
    assert load("choice").check(Case(id="0", row=0, messages=(), expected=expected)) is None


@pytest.mark.parametrize(
    ("expected", "problem"), [(None, "needs"), ("foo", "'foo' is no option letter"), ("E", "of ABCD"), ("2", "'2'")]
)
def test_a_row_without_an_option_letter_is_named_before_anything_is_sent(expected: str | None, problem: str) -> None:
    assert problem in (load("choice").check(Case(id="0", row=0, messages=(), expected=expected)) or "")


def test_sole_asks_that_no_other_letter_stands_in_the_answer() -> None:
    spec = "choice:rule=sole"
    assert grade("[正确答案]B<eoa>\n因为如此。", "B", spec).score == 1.0
    assert grade("B，选项A错误", "B", spec).score == 0.0
    assert grade("A best guess: B", "B", spec).score == 1.0
    assert grade("正确答案为ACD。", "A", spec).found == "ACD"


@pytest.mark.parametrize("letters", ["A", "BCD", "ABCDEFGHIJK", "AB1", ""])
def test_option_letters_run_from_a(letters: str) -> None:
    with pytest.raises(QwcliError, match="letters"):
        load(f"choice:letters={letters}")


@given(st.text() | st.text(alphabet="AB CD.,:、(是答案选不isanswer\\{}\n\ud800\0"))
def test_no_text_makes_it_raise(text: str) -> None:
    for spec in ("choice", "choice:rule=sole", "choice:letters=ABCDEFGHIJ"):
        assert grade(text, "A", spec).score in {0.0, 1.0}


@pytest.mark.parametrize(
    "piece", ["A ", "A, ", "答案", "answer ", "answer is (", "\\boxed{", " \n", "选", "((", "A、", "AB", "**", "I "]
)
def test_long_repetitions_are_read_without_trouble(piece: str) -> None:
    for spec in ("choice", "choice:rule=sole"):
        assert grade(piece * (200_000 // len(piece)), "B", spec).score == 0.0


def test_sole_gives_the_accuracies_lawbench_published() -> None:
    if not (SHARED / "lawbench_1-2.jsonl").exists():
        pytest.skip("the published LawBench answers are not on this machine")
    with (SHARED / "lawbench_1-2.jsonl").open(encoding="utf-8") as lines:
        expected = {row["_row"]: row["answer"] for row in map(json.loads, lines)}
    right: Counter[str] = Counter()
    with (SHARED / "lawbench_predictions.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["task"] == "1-2":
                right[row["model"]] += grade(row["prediction"], expected[row["row"]], "choice:rule=sole").score == 1.0
    assert {model: count / 500 for model, count in right.items()} == {
        "GPT4": 0.552,
        "GPT-3.5-turbo-0613": 0.360,
        "qwen-7b-chat-hf": 0.340,
        "chatglm2-6b-hf": 0.106,
    }
