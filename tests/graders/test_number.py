"""The last number of an answer, however it is written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.case import Case, Grade
from qwcli.errors import QwcliError
from qwcli.graders import load

SOLUTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "datasets" / "gsm8k_example_model_solutions.jsonl"


def grade(text: str, expected: str | tuple[str, ...], spec: str = "number") -> Grade:
    return load(spec).grade(text, Case(id="0", row=0, messages=(), expected=expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18", "18"), ("The answer is 18.", "18"), ("**18**", "18"), ("$18", "18"), ("$ 18.00", "18"), ("18 dollars", "18"), ("18元", "18"),
        ("￥１８", "18"), ("１８。", "18"), ("€1,234.50", "1234.5"), ("1,234,567", "1234567"), ("US$5", "5"), ("RMB500", "500"), ("500 USD", "500"),
        ("12 + 6 = 18", "18"), ("x=18", "18"), ("18块", "18"), ("0.50", ".5"), ("it is .5", "0.5"), ("5-3=2", "2"), ("5-3", "3"),
        ("-5", "-5"), ("−5", "-5"), ("–5", "-5"), ("-$5", "-5"), ("$-5", "-5"), ("minus 5", "-5"), ("负5", "-5"), ("负五", "-5"), ("3–5", "5"),
        ("12%", "12"), ("12", "12%"), ("１２％", "12"), ("12 %", "12"), ("百分之十二", "12"), ("百分之12.5", "12.5%"), ("12\\%", "12"),
        ("3/4", "0.75"), ("1 1/2", "1.5"), ("½", "0.5"), ("1½", "3/2"), ("3／4", "3/4"), ("\\frac{3}{4}", "3/4"), ("\\dfrac34", "0.75"),
        ("1\\frac{1}{2}", "1.5"), ("\\boxed{18}", "18"), ("\\boxed{\\frac{3}{4}} since 4 > 3", "3/4"), ("$\\boxed{1{,}800}$", "1800"), ("-3/4", "-0.75"),
        ("5/12/2024", "2024"), ("1e5", "100000"), ("1.5×10^3", "1500"), ("1.5 \\times 10^{3}", "1500"), ("10^5", "100000"), ("2×10⁻³", "0.002"),
        ("a b c #### 18", "18"), ("#### 18\nchecked 3 times", "18"), ("18", "Tom has 5 + 13 = 18\n#### 18"),
        ("1.2万", "12000"), ("3亿", "300000000"), ("3万5千", "35000"), ("1.5万亿", "1500000000000"), ("1.2 million", "1200000"), ("5千克", "5"),
        ("一百二十三", "123"), ("两千零五", "2005"), ("三点五", "3.5"), ("一万二千", "12000"), ("一万二", "12000"), ("十二", "12"), ("一百零二", "102"),
        ("二零二六", "2026"), ("三分之一", "1/3"), ("十分之三", "0.3"), ("壹佰贰拾叁", "123"), ("三億五千萬", "350000000"), ("三点五万", "35000"),
        ("十", "10"), ("答案是三", "3"), ("答案是一。", "1"), ("零", "0"), ("她还剩三个苹果。", "3"), ("三千克", "3"), ("兩百", "200"), ("二十三块", "23"),
        ("她只剩一个苹果。", "1"), ("一共是二十三个苹果", "23"), ("先算 3 加 5，答案是八。", "8"), ("五十%", "50"),
        ("答案是18，这是一个好问题。", "18"), ("一般来说是18", "18"), ("答案是18，验证一下，第一步没有错。", "18"), ("18。这两个数相加即可。", "18"),
        ("答案是18，千万不要算错。", "18"), ("18，这是唯一的答案", "18"), ("面积是18，三角形的高已知", "18"), ("18米，第二种方法也一样", "18"),
        ("答案是18，第3步最难", "18"), ("18 g of H2O", "18"), ("the area is 18 cm2", "18"), ("The total is 18.\n2. Therefore we are done.", "18"),
        ("1,2,3", "3"), ("2.5.", "2.5"), ("18.", "18"), ("at 18", "18"), ("Answer:18", "18"), ("1 234 567".replace(" ", "\u202f"), "1234567"),
    ],
)  # fmt: skip
def test_the_last_number_is_read_as_written(text: str, expected: str) -> None:
    result = grade(text, expected)
    assert result.score == 1.0, result


@pytest.mark.parametrize(
    ("text", "expected"),
    [("17", "18"), ("0.12", "12%"), ("18 of 20", "18"), ("1/0", "1"), ("", "18"), ("no number", "18"), ("一般", "1"), ("第一", "1"), ("三角形", "3"),
     ("1e999999", "1"), ("18" * 400, "18"), ("GPT4", "4"), ("5%", "0.05"), ("-5", "5")],
)  # fmt: skip
def test_another_number_or_none_is_wrong(text: str, expected: str) -> None:
    assert grade(text, expected).score == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25 cm^2", "25"),
        ("10 m/s^2", "10"),
        ("25 m²", "25"),
        ("Answer: 7 [1]", "7"),
        ("$5.00 in total (rounded to 2 decimal places)", "5"),
        ("**Answer: 42** (see step 3)", "42"),
        ("The answer is 42. Let me know if you have 1 more question!", "42"),
        ("1 200 km", "1200"),
        ("18元5角", "18.5"),
        ("12分之5", "5/12"),
        ("25平方米（5×5）", "25"),
        ("It takes 3 hours (180 minutes).", "3"),
        ("The area is 36\\text{ cm}^2.", "36"),
        ("加速度为 9.8 m/s^{2}", "9.8"),
        ("密度是 2 g·cm^-3", "2"),
        ("The tower is 330 metres tall.[2]", "330"),
        ("答案是15。如果还有2个问题，请告诉我。", "15"),
        ("答案：24（即 4×6）", "24"),
        ("一共花了7元5角。", "7.5"),
        ("占总数的8分之3", "3/8"),
        ("It is 12 345 678 people.", "12345678"),
        ("The final answer is **17**. I checked it 2 times.", "17"),
        ("She pays **$30** after 2 discounts.", "30"),
        ("Answer: First, 5+3=8. Then 8*2=16.", "16"),
        ("Answer: 5 + 3 = 8. Then 8*2 = 16.", "16"),
        ("There are **5** red and **3** blue balls, so there are 8 balls.", "8"),
        ("She has 5 dogs, and the total is eighteen (18).", "18"),
        ("the value of π (approximately 3.14)", "3.14"),
        ("In 2024 150 people came", "150"),
        ("答案为 1/3（约 0.333）", "1/3"),
        ("So x = 4 (x must be less than 10).", "4"),
        ("The answer is 9, because 3 times 3 is 9 and not 6.", "9"),
        ("体积是27立方米（3³）", "27"),
        ("At t=3 the point is (5, 12)", "12"),
        ("The list 100 200 300 400 500 600 700 ends in 700", "700"),
        ("The answer is 3 hours and 20 minutes = 200 minutes", "200"),
        ("Answer: 12.5%", "12.5"),
        ("**Total: 42**", "42"),
        ("The price is $1,200 (incl. 5% tax).", "1200"),
        ("共18人（男生10人，女生8人）。", "18"),
        ("结果是（18）", "18"),
        ("x = (18)", "18"),
        ("f(3)", "3"),
        ("3(5)", "5"),
        ("Step 1: **12** apples. Step 2: **15** apples. So 27 apples", "27"),
        ("He paid 3 元 5 角", "3.5"),
        ("18元5分", "18.05"),
        ("5元5分钟", "5"),
        ("25km^2 of land", "25"),
        ("2^10", "10"),
        ("The answer is 2^3 = 8", "8"),
        ("答案：十八（18）", "18"),
        ("1 000 000", "1000000"),
        ("3 100", "3100"),
        ("12 1/2", "12.5"),
        ("100 200/3", "500/3"),
        ("The numbers are 1, 2, 3 (three of them), 4", "4"),
        ("The answer is $\\frac{3}{4}$. That is 75 of 100.", "3/4"),
        ("The answer is **18 dollars**.\n\nStep 3 above shows it.", "18"),
        ("答案是：**42**。验算了2遍", "42"),
        ("Answer:\n42\n\nNote: 3 steps", "42"),
        ("The answer is\n\n42", "42"),
        ("The answer is 12. Wait, 5+8=13. The answer is 13.", "13"),
        ("Total cost [in USD 2020]: 55", "55"),
        ("圆的面积是 78.5 cm²（π 取 3.14）", "78.5"),
        ("Time: 14:30 (30 min late)", "30"),
        ("The answer is 1 000.5 m", "1000.5"),
        ("$x^2$ has 5 roots", "5"),
        ("The answer is -7 (7 below zero)", "-7"),
        ("−7（零下7度）", "-7"),
        ("18 [^3]", "18"),
        ("答案是18【1】", "18"),
        ("The answer is 1.5 × 10^3 m^2", "1500"),
        ("Answer: 4.", "4"),
        ("答案是三个苹果。还有2个梨", "3"),
    ],
)  # fmt: skip
def test_the_number_given_as_the_answer_is_told_from_units_remarks_and_what_follows(text: str, expected: str) -> None:
    result = grade(text, expected)
    assert result.score == 1.0, result


def test_any_of_several_expected_numbers_is_right() -> None:
    assert grade("It is 2.", ("1", "2")).score == 1.0


def test_the_tolerance_is_exact_at_its_edge() -> None:
    assert grade("1.03", "1", "number:tolerance=0.03").score == 1.0
    assert grade("1.0301", "1", "number:tolerance=0.03").score == 0.0
    assert grade("202", "200", "number:relative=0.01").score == 1.0
    assert grade("-202", "-200", "number:relative=0.01,tolerance=0.5").score == 1.0


def test_a_percentage_can_count_as_its_value() -> None:
    assert grade("12%", "0.12", "number:percent=fraction").score == 1.0
    assert grade("百分之十二", "0.12", "number:percent=fraction").score == 1.0


@pytest.mark.parametrize("expected", [None, "", "blue", "1/0"])
def test_a_row_without_an_expected_number_is_named(expected: str | None) -> None:
    assert load("number").check(Case(id="0", row=0, messages=(), expected=expected))


@pytest.mark.parametrize("spec", ["number:tolerance=-1", "number:tolerance=nan", "number:relative=x"])
def test_a_tolerance_is_a_number_from_zero_up(spec: str) -> None:
    with pytest.raises(QwcliError):
        load(spec)


@given(st.text() | st.text(alphabet="0123456789.,-/^%$ex×一二三十百千万亿点分之负第个\\frac{}boxed#½⁵ \n\ud800\0"))
def test_no_text_makes_it_raise(text: str) -> None:
    assert grade(text, "18").score in {0.0, 1.0}
    load("number").check(Case(id="0", row=0, messages=(), expected=text))


@given(st.integers(-(10**15), 10**15))
def test_every_way_of_writing_a_whole_number_is_that_number(number: int) -> None:
    for text in (
        str(number),
        f"{number:,}",
        f"= {number}.",
        f"**{number}**",
        f"\\boxed{{{number}}}",
        f"答案是{number}元。",
    ):
        assert grade(text, str(number)).score == 1.0


@pytest.mark.parametrize(
    "piece",
    [
        "1,",
        "1 ",
        "1",
        "1/",
        "一",
        "一个",
        "十",
        "\\boxed{",
        "####",
        "1.",
        ",000",
        "-",
        "x1",
        "1 1/",
        "1万",
        "分之",
        "10^",
        "$",
        "第1",
        "1 000 ",
        "(1 ",
        "1 (1) ",
        "**1** ",
        "Answer: 1 ",
        "answer to ",
        "1元",
        "1分之",
        "a^1",
    ],
)
def test_long_repetitions_are_read_without_trouble(piece: str) -> None:
    assert grade(piece * (300_000 // len(piece)), "18").score == 0.0


def test_the_labels_of_gsm8k_solutions_are_reproduced() -> None:
    if not SOLUTIONS.exists():
        pytest.skip("the labelled GSM8K solutions are not on this machine")
    checked = 0
    with SOLUTIONS.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            for answer in row.values():
                if isinstance(answer, dict):
                    checked += 1
                    assert (grade(answer["solution"], row["ground_truth"]).score == 1.0) == answer["is_correct"], answer
    assert checked == 1_200
