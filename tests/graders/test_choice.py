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


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("由此可知，B选项符合题意，A、C、D选项均不符合题意。", "B"),
        ("A选项错误，B选项错误，D选项错误，所以只能是C。", "C"),
        ("The statement that is NOT true is D.", "D"),
        ("The author would most likely agree with statement B.", "B"),
        ('I\'d say B — "It depends".', "B"),
        ("It's definitely B, since vitamin C and vitamin D are unrelated.", "B"),
        ("Eliminating A, C, and D leaves B.", "B"),
        ("Both A and C seem plausible; however A is the more accurate one.", "A"),
        ("A: ❌\nB: ✅ Paris\nC: ❌", "B"),
        ("Answer: A\n\nIf the question had asked for the exception, the answer would be D.", "A"),
        ("有人认为答案是A，但这是错误的，应该是C。", "C"),
        ("答案是B吗？不，应为D。", "D"),
        ("如果题目问的是错误选项，则选A；但本题问正确选项，应为B。", "B"),
        ("A common wrong answer is B, but C is right.", "C"),
        ("Although many people would say the answer is A, that's a mistake. D it is.", "D"),
        ("题目要求选出不正确的一项，D项表述有误，故D项当选。", "D"),
        ("逐项分析后，只有C符合题干要求。", "C"),
        ("排除A、B、D，只剩下C。", "C"),
        ("很多同学会误选A，其实应选B。", "B"),
        ("可能有人会觉得选C，不过那是不对的。本题应当选D。", "D"),
        ("正确答案应为A，而不是B。", "A"),
        ("是不是选A呢？不对，正确的是C。", "C"),
        ("假如问的是首都，则答案是B；而这里问的是最大城市，答案是A。", "A"),
        ("如果非要选一个，我选B。", "B"),
        ("D项符合要求，其余三项都不符合。", "D"),
        ("The one that does not belong is C.", "C"),
        ("After ruling out A and B, we are left with D.", "D"),
        ("I'm going to say C.", "C"),
        ("I think it's probably D.", "D"),
        ("Students often pick A, but this is incorrect; the correct choice is C.", "C"),
        ("You might think the answer is B. That's a trap: it's C.", "C"),
        ("B is better supported by the passage than D.", "B"),
        ("A. Rome ✗\nB. Paris ✗\nC. Oslo ✓\nD. Bern ✗", "C"),
        ("A) Incorrect\nB) Incorrect\nC) Correct\nD) Incorrect", "C"),
        ("The answer is C. If it were about mammals, the answer would be B instead.", "C"),
        ("If I had to choose, I would pick D.", "D"),
        ("Is the answer A? No. The answer is B.", "B"),
        ("Hmm, A? No, actually, C.", "C"),
        ("The exception is B.", "B"),
        ("The passage best supports option C.", "C"),
        ("Answer: D. This is incorrect because whales are mammals, so it is the false statement.", "D"),
        ("答案是D，该说法错误，因为鲸是哺乳动物。", "D"),
        ("The answer is B, although A looks tempting.", "B"),
        ("My final answer is (A). Had the question asked about Rome, I would choose C.", "A"),
        ("若甲说真话，则乙说假话，矛盾，因此答案是B。", "B"),
        ("如果选A，那么总数不够，所以选B。", "B"),
        ("If A were true, then D would be true too, so the answer is C.", "C"),
        ("The answer is B, although it is not obvious.", "B"),
        ("答案是B，但此题易误选A。", "B"),
        ("The answer is B - but why is that? Because Paris.", "B"),
        ("The answer is B, but it is wrong to think Rome is small.", "B"),
        ("If the answer is A, then x = 3, a contradiction. The answer is D.", "D"),
        ("答案是D，该说法错误。", "D"),
        ("答案是D。错误的说法是鲸鱼是鱼。", "D"),
        ("If we take x = 2, the answer is B.", "B"),
        ("If you look at line 3, you will see that the answer is C.", "C"),
        ("Check whether the answer is B.", None),
        ("有人说选A，也有人说选B。", None),
        ("I would not choose A. I'd choose B.", "B"),
        ("The best answer is A, as the others would fail if heated.", "A"),
        ("How many items? There are one in A. The answer is C", "C"),
        ("本题问的是错误的选项，所以答案是C，C的说法错误。", "C"),
        ("Some might say C. But it is D.", "D"),
        ("不，是D。", "D"),
        ("A: √2 is irrational\nB: 2\nThe answer is B", "B"),
        ("The reason is A. Smith wrote it. Answer: C", "C"),
        ("So many people think the answer is A; however the answer is B", "B"),
        ("Compared with B, option A is better.", "A"),
        ("It's a plan. Answer B", "B"),
        ("A和B都有道理，但相比之下B更准确。", "B"),
        ("我认为是D。", "D"),
        ("Given the evidence, C seems the most plausible choice.", "C"),
        ("The incorrect statement is A.", "A"),
    ],
)  # fmt: skip
def test_the_letter_an_answer_stands_by_is_told_from_those_it_rejects_supposes_or_reports(
    text: str, letter: str | None
) -> None:
    assert grade(text, letter or "A").found == letter


def test_where_every_letter_is_taken_back_the_reason_says_that_none_was_found() -> None:
    result = grade("有人认为答案是A，但这是错误的。", "A")
    assert (result.score, result.found) == (0.0, None)
    assert result.reason == "no option letter is given as the answer"


@pytest.mark.parametrize("letters", ["A", "BCD", "ABCDEFGHIJK", "AB1", ""])
def test_option_letters_run_from_a(letters: str) -> None:
    with pytest.raises(QwcliError, match="letters"):
        load(f"choice:letters={letters}")


@given(st.text() | st.text(alphabet="AB CD.,:、(是答案选不isanswer\\{}\n\ud800\0"))
def test_no_text_makes_it_raise(text: str) -> None:
    for spec in ("choice", "choice:rule=sole", "choice:letters=ABCDEFGHIJ"):
        assert grade(text, "A", spec).score in {0.0, 1.0}


@pytest.mark.parametrize(
    "piece", ["A ", "A, ", "答案", "answer ", "answer is (", "\\boxed{", " \n", "选", "((", "A、", "AB", "**", "I ",
     "如果选A", "A符合", "误选A,", "statement ", "\nA. ", "A ✅", "answer is A, but ", "the answer is A? ", "if ", "<think>"]
)  # fmt: skip
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
