"""What a server asks to wait for, and how long we wait."""

import datetime as dt
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwcli.core.outcome import Fault, FaultKind
from qwcli.engine.retry import Retry, asked_wait

NOW = dt.datetime(2026, 11, 22, 12, 0, 0, tzinfo=dt.UTC)
RATE = Fault(kind=FaultKind.RATE, message="", retryable=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "4.5004"}, 4.501),  # rounded up to the millisecond, never down
        ({"retry-after": "0.3"}, 0.3),  # and not by a floating-point crumb
        ({"retry-after": " 1e1 "}, 10.0),
        ({"retry-after-ms": "1500.2"}, 1.501),
        ({"x-ms-retry-after-ms": "20"}, 0.02),
        ({"retry-after-ms": "junk", "retry-after": "2"}, 2.0),
        ({"retry-after-ms": "0", "retry-after": "1"}, 1.0),
        ({"retry-after-ms": "0"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:07 GMT"}, 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:07 GMT", "date": "Sun, 22 Nov 2026 12:00:05 GMT"}, 2.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after": "34.4s"}, 34.4),
        ({"retry-after": "250ms"}, 0.25),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "99999999999999999999"}, 1e20),
    ],
)
def test_reads_every_form_of_retry_after(headers, seconds):
    assert asked_wait(headers, NOW) == seconds


@given(st.text(), st.text())
def test_any_header_is_a_number_of_seconds_or_nothing(value, date):
    wait = asked_wait({"retry-after": value, "retry-after-ms": value, "date": date}, NOW)
    assert wait is None or (math.isfinite(wait) and wait >= 0)


@given(st.floats(0, 1000), st.floats(0, 2000), st.integers(0, 2**32))
def test_what_a_server_asks_for_is_never_shortened_and_at_most_a_tenth_longer(asked, left, seed):
    fault = Fault(kind=FaultKind.RATE, message="", retryable=True, retry_after=asked)
    wait = Retry().wait(fault, 1, left, Random(seed))
    if asked >= left:
        assert wait is None
    else:
        assert wait is not None
        assert asked <= wait <= asked * 1.1 + 1e-9
        assert wait < left


@given(st.integers(1, 4), st.integers(0, 2**32))
def test_backoff_is_jittered_up_to_a_doubling_bound(failed, seed):
    wait = Retry(base=0.5, cap=3).wait(RATE, failed, 1000, Random(seed))
    assert wait is not None
    assert 0 <= wait <= min(3, 0.5 * 2 ** (failed - 1))


def test_tries_end_and_faults_that_will_not_pass_are_not_tried_again():
    assert Retry(tries=3).wait(RATE, 3, 1000, Random(0)) is None
    final = Fault(kind=FaultKind.QUOTA, message="")
    assert Retry().wait(final, 1, 1000, Random(0)) is None
    unreachable = Fault(kind=FaultKind.CONNECT, message="", retryable=True)
    assert Retry(tries=9, reach=2).wait(unreachable, 2, 1000, Random(0)) is None
