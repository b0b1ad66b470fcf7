"""The estimate of tokens: near enough for limits and quotes, never negative, quick."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.tokens import estimate


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        (" ", 0, 1),
        ("Hello, world!", 3, 6),
        ("The quick brown fox jumps over the lazy dog.", 8, 14),
        ("人工智能正在改变世界。", 5, 10),
        ("东京は日本の首都です", 4, 9),
        ("1234567890", 8, 16),
        ('{"name": "value", "n": 1}', 7, 16),
        ("👋🎉", 0, 8),
    ],
)
def test_it_is_near_what_a_tokenizer_counts(text, least, most):
    assert least <= estimate(text) <= most


@given(st.text())
def test_it_is_a_whole_number_and_not_negative_nor_far_beyond_the_text(text):
    tokens = estimate(text)
    assert isinstance(tokens, int)
    assert 0 <= tokens <= 2 * len(text) + 1


@given(st.text(), st.text())
def test_a_longer_text_never_has_much_fewer_tokens_and_parts_add_up(one, other):
    both = estimate(one + "\n" + other)
    assert both >= max(estimate(one), estimate(other)) - 1
    # Runs that join at the seam may count once instead of twice.
    assert estimate(one) + estimate(other) - 3 <= both <= estimate(one) + estimate(other) + 3


@pytest.mark.parametrize("text", ["word 12 中文,\n" * 80_000, "a" * 1_000_000, " " * 1_000_000, "\n!" * 500_000])
def test_a_megabyte_takes_no_time(text):
    began = time.process_time()
    estimate(text)
    assert time.process_time() - began < 1
