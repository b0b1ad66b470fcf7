"""The shelf: finding graders and reading their options; and the graders that compare texts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qwcli.graders
from qwcli.core.case import Case, Grade
from qwcli.errors import QwcliError
from qwcli.graders import load, names


def case(expected: str | tuple[str, ...] | None) -> Case:
    return Case(id="0", row=0, messages=(), expected=expected)


def grade(spec: str, text: str, expected: str | tuple[str, ...] | None) -> Grade:
    return load(spec).grade(text, case(expected))


def test_the_names_are_those_of_the_files() -> None:
    files = Path(qwcli.graders.__file__).parent.glob("[!_]*.py")
    assert names() == tuple(sorted(file.stem for file in files))
    assert {"exact", "contains", "choice", "number", "pattern"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_grader_has_defaults_and_says_what_a_row_lacks(name: str) -> None:
    grader = load(name)
    assert (grader.name, grader.spec) == (name, name)
    assert grader.check(case(None))
    assert grader.grade("B", case("B")).closed is grader.closed


def test_only_closed_questions_are_called_closed() -> None:
    assert {name: load(name).closed for name in ("exact", "contains", "choice", "number", "pattern")} == {
        "exact": True, "contains": False, "choice": True, "number": True, "pattern": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("exct", "Did you mean 'exact'"),
        ("", "Graders are"),
        ("_text", "Graders are"),
        ("choice:rul=sole", "Did you mean 'rule'"),
        ("choice:rule=last", "final, sole"),
        ("choice:sole", "rule"),
        ("exact:strict=maybe", "true or false"),
        ("exact:strict=true,strict=false", "once"),
        ("number:tolerance=x", "a number"),
        ("pattern:regex=(", "options"),
    ],
)
def test_a_mistake_in_a_spec_says_what_to_write(spec: str, said: str) -> None:
    with pytest.raises(QwcliError) as error:
        load(spec)
    assert said in f"{error.value.message} {error.value.hint}"
    assert error.value.exit_code == 2


def test_a_value_may_hold_commas_and_equals_signs() -> None:
    assert grade(r"pattern:regex=^\d{2,3}$", "123", None).score == 1.0
    assert grade(r"pattern:regex=a=\d{1,2}(,b)?,full=true", "a=12,b", None).score == 1.0
    assert grade(r"pattern:regex=a\,b=1", "a,b=1", None).score == 1.0


@pytest.mark.parametrize(
    ("spec", "text", "expected", "score"),
    [
        ("exact", " Refund.\n", "refund", 1.0),
        ("exact", "ＲＥＦＵＮＤ", "refund", 1.0),
        ("exact", "退款。", "退款", 1.0),
        ("exact", "cafe\u0301", "caf\u00e9", 1.0),
        ("exact", "refund please", "refund", 0.0),
        ("exact", "Refund", ("cancel", "refund"), 1.0),
        ("exact:case=true", "Refund", "refund", 0.0),
        ("exact:strict=true", "refund.", "refund", 0.0),
        ("exact:strict=true", "refund", "refund", 1.0),
        ("exact", "", ".", 0.0),
        ("contains", "It is Paris, of course.", "paris", 1.0),
        ("contains", "concatenate", "cat", 0.0),
        ("contains:words=false", "concatenate", "cat", 1.0),
        ("contains", "用Python写的", "python", 1.0),
        ("contains", "首都是巴黎。", "巴黎", 1.0),
        ("contains", "서울은 수도입니다", "서울", 1.0),
        ("contains", "It is 3.5 m", "5", 0.0),
        ("contains", "It is 1,500 m", "500", 0.0),
        ("contains", "It takes 12kg.", "12", 1.0),
        ("contains", "C++ and C", "c++", 1.0),
        ("contains", "no", ("yes", "no"), 1.0),
        ("contains:case=true", "paris", "Paris", 0.0),
        ("pattern", "order 66", r"\d+", 1.0),
        ("pattern", "order", r"\d+", 0.0),
        ("pattern:full=true", " 66\n", r"\d+", 1.0),
        ("pattern:full=true", "order 66", r"\d+", 0.0),
        ("pattern", "b", ("a", "b"), 1.0),
    ],
)
def test_texts_are_compared_as_people_would(
    spec: str, text: str, expected: str | tuple[str, ...], score: float
) -> None:
    assert grade(spec, text, expected).score == score


def test_a_pattern_that_would_hang_leaves_the_answer_ungraded() -> None:
    result = grade("pattern", "a" * 5_000, r"(a|a)*b\1|(a*)*c|(.*)*d")
    assert result.score is None
    assert "longer than" in (result.reason or "")


@pytest.mark.parametrize(
    "pattern", ["(", "(?P<a", "[", "(?<=a{1,99999999999})b", "(" * 5_000, "a" * 20_000, "(?z)", r"\p{Nonsense}", "*"]
)
def test_a_pattern_that_does_not_compile_is_named_before_anything_is_sent(pattern: str) -> None:
    assert load("pattern").check(case(pattern)) is not None
    assert grade("pattern", "a", pattern).score is None


@pytest.mark.parametrize("spec", ["exact", "exact:strict=true", "contains", "choice", "choice:rule=sole", "pattern"])
@pytest.mark.parametrize(
    "thinking", ["<think>The answer is A... no.</think>\n\n", "\n<think>\nA\n</think>\n", "Perhaps A.\n</think>\n\n"]
)
def test_thinking_an_answer_begins_with_is_no_part_of_it(spec: str, thinking: str) -> None:
    assert grade(spec, f"{thinking}B", "B").score == 1.0
    assert grade(spec, f"{thinking}B", "A").score == 0.0


def test_thinking_that_never_ends_holds_no_answer() -> None:
    assert grade("contains", "<think>It is Paris", "Paris").score == 0.0
    assert grade("number", "<think>5 + 3 = 8", "8").score == 0.0


def test_thinking_named_inside_an_answer_is_part_of_it() -> None:
    assert grade("contains", "Write Paris between <think> and </think> tags.", "Paris").score == 1.0


@given(st.sampled_from(("exact", "contains", "pattern")), st.text(), st.text())
def test_no_text_makes_a_grader_raise(name: str, text: str, expected: str) -> None:
    grader = load(name)
    grader.check(case(expected))
    if name != "pattern":
        assert grader.grade(text, case(expected)).score in {0.0, 1.0}


@pytest.mark.parametrize("piece", ["a ", "\u0301\u0316", "一", "é", "\ufdfa", "。"])
def test_long_repetitions_are_compared_without_trouble(piece: str) -> None:
    for spec in ("exact", "contains", "pattern"):
        assert grade(spec, piece * (200_000 // len(piece)), "z9").score == 0.0
