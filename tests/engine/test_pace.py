"""Limits are kept on a clock of our own, to the second and to the token."""

import asyncio
import heapq
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from qwcli.core.target import Limits, Target
from qwcli.engine.pace import Pace


class Clock:
    """Time that passes only when everybody sleeps."""

    def __init__(self):
        self.now = 0.0
        self._sleepers = []
        self._count = itertools.count()

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        done = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._count), done))
        await done

    async def run(self, tasks):
        while not all(task.done() for task in tasks):
            for _ in range(50):
                await asyncio.sleep(0)
            if self._sleepers and not all(task.done() for task in tasks):
                self.now, _, done = heapq.heappop(self._sleepers)
                done.set_result(None)


def target(name="t", key=None, **limits):
    return Target(name=name, provider="p", model="m", url="http://x", key=key, limits=Limits(**limits))


def sent(jobs, clock):
    """When each (target, tokens, really used, seconds it takes) was sent."""
    times = []

    async def main():
        pace = Pace(clock=clock, sleep=clock.sleep)

        async def one(asked, tokens, used, takes):
            async with pace.slot(asked, tokens) as slot:
                times.append((clock(), used))
                if takes:
                    await clock.sleep(takes)
                slot.settle(used)

        tasks = [asyncio.create_task(one(*job)) for job in jobs]
        await clock.run(tasks)
        await asyncio.gather(*tasks)

    asyncio.run(main())
    return times


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(1, 300))
def test_no_minute_holds_more_requests_than_the_limit(rpm, count):
    times = [at for at, _ in sent([(target(rpm=rpm), 0, 0, 0)] * count, Clock())]
    assert len(times) == count
    for start in times:
        assert sum(start <= at < start + 60 for at in times) <= rpm


@settings(max_examples=30, deadline=None)
@given(st.integers(100, 5000), st.lists(st.integers(1, 2000), min_size=1, max_size=60))
def test_tokens_stay_within_the_limit_even_where_the_estimate_was_wrong(tpm, sizes):
    times = sent([(target(tpm=tpm), 1, size, 0) for size in sizes], Clock())
    largest = max(sizes)
    for start, _ in times:
        assert sum(used for at, used in times if start <= at < start + 60) <= tpm + largest


def test_targets_of_one_account_and_model_share_their_limit_and_others_do_not():
    shared = [(target("a", key="K", rpm=10), 0, 0, 0)] * 10 + [(target("b", key="K", rpm=10), 0, 0, 0)] * 10
    assert max(at for at, _ in sent(shared, Clock())) > 60
    apart = [(target("a", key="K", rpm=10), 0, 0, 0)] * 5 + [(target("b", key="OTHER", rpm=10), 0, 0, 0)] * 5
    assert max(at for at, _ in sent(apart, Clock())) < 60


def test_targets_of_one_account_keep_the_tightest_of_their_limits():
    tight = [(target("a", key="K", rpm=600), 0, 0, 0)] * 3 + [(target("b", key="K", rpm=10), 0, 0, 0)] * 20
    assert max(at for at, _ in sent(tight, Clock())) > 60


def test_what_a_refused_request_did_not_use_is_given_back():
    used = [at for at, _ in sent([(target(tpm=1000), 100, 100, 0)] * 12, Clock())]
    refused = [at for at, _ in sent([(target(tpm=1000), 100, 0, 0)] * 12, Clock())]
    assert max(used) > 60
    assert max(refused) < 1


def test_no_more_exchanges_at_once_than_the_target_bears():
    times = [at for at, _ in sent([(target(concurrency=2), 0, 0, 10.0)] * 6, Clock())]
    assert sorted(times) == [0, 0, 10, 10, 20, 20]


def test_a_target_without_limits_is_never_waited_for():
    assert {at for at, _ in sent([(target(), 10**9, 10**9, 0)] * 100, Clock())} == {0}
