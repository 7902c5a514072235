"""When a failed piece of work is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.factories import NOW
from webapp.domain.retry import BELIEVED_TRIES, JITTER, LONGEST_ASKED_WAIT, SCHEDULE, next_attempt

jitters = st.floats(0, 1)


def wait(tries: int, jitter: float = 0.5, asked: timedelta | None = None) -> timedelta | None:
    at = next_attempt(tries, NOW, jitter=jitter, retry_after=asked)
    return at - NOW if at else None


@pytest.mark.parametrize(("tries", "scheduled"), list(enumerate(SCHEDULE, 1)))
def test_each_wait_is_the_schedules_give_or_take_a_fifth(tries: int, scheduled: timedelta) -> None:
    assert wait(tries, 0.5) == scheduled
    assert wait(tries, 0.0) == scheduled * (1 - JITTER)
    assert wait(tries, 1.0) == scheduled * (1 + JITTER)


def test_the_waits_grow_and_an_outage_of_a_weekend_parks_nothing() -> None:
    assert list(SCHEDULE) == sorted(SCHEDULE)
    assert SCHEDULE[0] <= timedelta(seconds=5)
    assert sum(SCHEDULE, timedelta()) > timedelta(days=3)
    assert sum(SCHEDULE, timedelta()) * (1 - JITTER) > timedelta(hours=60)


def test_after_the_last_wait_a_person_is_asked_even_when_the_other_side_names_a_time() -> None:
    assert wait(len(SCHEDULE)) is not None
    assert wait(len(SCHEDULE) + 1) is None
    assert wait(len(SCHEDULE) + 1, asked=timedelta(seconds=5)) is None


@given(tries=st.integers(1, len(SCHEDULE)), jitter=jitters, asked=st.integers(0, 6 * 3600))
def test_a_wait_that_was_asked_for_is_never_cut_short(tries: int, jitter: float, asked: int) -> None:
    waited = wait(tries, jitter, timedelta(seconds=asked))
    assert waited is not None
    assert waited >= timedelta(seconds=asked)


@given(tries=st.integers(1, BELIEVED_TRIES), jitter=jitters, asked=st.integers(0, 6 * 3600))
def test_the_first_few_times_it_is_taken_at_its_word(tries: int, jitter: float, asked: int) -> None:
    waited = wait(tries, jitter, timedelta(seconds=asked))
    assert waited is not None
    assert waited <= timedelta(seconds=asked + 0.25)


def test_a_side_that_asks_for_a_second_all_day_does_not_use_up_the_tries_in_a_minute() -> None:
    waits = [wait(tries, 0, timedelta(seconds=1)) for tries in range(1, len(SCHEDULE) + 1)]
    assert sum((each for each in waits if each), timedelta()) > timedelta(hours=60)


@pytest.mark.parametrize("asked", [timedelta(days=400), timedelta(hours=7)])
def test_an_absurd_wish_is_capped_at_a_few_hours(asked: timedelta) -> None:
    assert wait(1, 0, asked) == LONGEST_ASKED_WAIT


def test_a_time_in_the_past_means_now() -> None:
    assert wait(1, 0, timedelta(seconds=-50)) == timedelta(0)
