"""The token bucket as a value: it follows Walmart's, is corrected downwards only, and never lets too many calls go."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.domain.circuit import OPENS_AFTER, OUTAGE_WAITS, REFUSED_WAITS, rest
from webapp.domain.command_words import DOING
from webapp.domain.command_words import IN_WORDS as COMMANDS_IN_WORDS
from webapp.domain.commands import CHANGE_NOTHING, KINDS, MAGENTO_ALONE, SIDES, Side
from webapp.domain.limits import BY_COMMAND, IN_WORDS, Bucket, Endpoint, Heard, Limit, limit_of

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SIXTY = Limit(60)


def full(limit: Limit = SIXTY) -> Bucket:
    return Bucket(limit, NOW)


def holding(tokens: float, limit: Limit = SIXTY) -> Bucket:
    return Bucket(limit, NOW + limit.every * (limit.per_minute - tokens))


def test_a_full_bucket_gives_all_but_what_is_spared_and_then_one_a_second() -> None:
    bucket = full()
    assert bucket.free(NOW) == 59
    bucket = bucket.taken(NOW, 59)
    assert bucket.free(NOW) == 0
    assert bucket.ready_at(1) == NOW + SECOND / 2
    assert bucket.free(NOW + SECOND / 2) == 1
    assert [bucket.ready_at(place) - NOW for place in (2, 3)] == [SECOND * 1.5, SECOND * 2.5]


def test_a_bucket_left_alone_is_full_and_no_fuller() -> None:
    assert holding(0).free(NOW + timedelta(days=1)) == 59


@pytest.mark.parametrize(
    ("endpoint", "market", "granted", "wanted"),
    [
        (Endpoint.ACKNOWLEDGE, "us", {}, Limit(60)),
        (Endpoint.ORDER, "US", {}, Limit(5000)),
        (Endpoint.RETURNS, "us", {}, Limit(50)),
        (Endpoint.ORDERS, "mx", {}, Limit(60)),
        (Endpoint.ORDER, "ca", {}, Limit(60, is_certain=False)),
        (Endpoint.ORDER, "ca", {"order": 900}, Limit(900)),
        (Endpoint.ACKNOWLEDGE, "us", {"acknowledge": 0}, Limit(60)),
    ],
)
def test_the_limit_is_the_granted_one_else_the_published_one_else_assumed(
    endpoint: Endpoint, market: str, granted: dict[str, float], wanted: Limit
) -> None:
    assert limit_of(endpoint, market, granted) == wanted


@pytest.mark.parametrize(
    ("heard", "left_after"),
    [
        (Heard(left=40), 40),
        (Heard(left=49), 50),
        (Heard(left=59), 50),
        (Heard(), 50),
        (Heard(left=0, wait=SECOND * 10), -9),
        (Heard(left=0), 0),
        (Heard(left=0, wait=timedelta(minutes=2), is_refused=True), -119),
    ],
)
def test_an_answer_corrects_the_count_downwards_only(heard: Heard, left_after: float) -> None:
    assert holding(50).corrected(heard, NOW, NOW).tokens(NOW) == pytest.approx(left_after)


def test_after_a_refusal_one_call_is_there_at_the_named_time_and_what_is_spared_is_kept() -> None:
    bucket = full().corrected(Heard(left=0, wait=SECOND * 30, is_refused=True), NOW, NOW)
    assert bucket.free(NOW + SECOND * 30) == 0
    assert bucket.ready_at(1) == NOW + SECOND * 30.5


def test_a_bucket_is_known_for_a_minute_after_an_answer() -> None:
    assert not full().is_known(NOW)
    assert Bucket(SIXTY, NOW, heard_at=NOW).is_known(NOW + SECOND * 59)
    assert not Bucket(SIXTY, NOW, heard_at=NOW).is_known(NOW + SECOND * 61)


@pytest.mark.parametrize("per_minute", [1, 2, 5, 10, 50, 60, 200, 5000])
def test_every_limit_lets_something_through(per_minute: float) -> None:
    assert full(Limit(per_minute)).free(NOW) >= 1


@settings(max_examples=200, deadline=None)
@given(
    per_minute=st.sampled_from([5, 50, 60, 300, 5000]),
    gaps=st.lists(st.floats(0, 5), min_size=1, max_size=300),
    seed=st.integers(0, 1000),
)
def test_no_window_holds_more_calls_than_the_limit_allows_and_walmart_refuses_none(
    per_minute: float, gaps: list[float], seed: int
) -> None:
    """Calls are wished for at any time and arrive up to half a second late; Walmart's bucket fills as ours does."""
    limit, rng, now = Limit(per_minute), random.Random(seed), NOW
    bucket, sent = full(limit), []
    for gap in gaps:
        now += timedelta(seconds=gap)
        for _ in range(min(bucket.free(now), rng.choice((1, 10, 100)))):
            bucket = bucket.taken(now)
            sent.append(now)
    for first in range(0, len(sent), 7):
        for last in range(first, len(sent), 5):
            assert last - first + 1 <= per_minute + (sent[last] - sent[first]) / limit.every + 1e-3
    theirs = full(limit)
    for at in sorted(at + timedelta(seconds=rng.uniform(0, 0.5)) for at in sent):
        assert theirs.tokens(at) >= 1 - 1e-3
        theirs = theirs.taken(at)


def test_a_rest_grows_and_is_jittered() -> None:
    rests = [rest(OPENS_AFTER + n, refused=False, jitter=0.5) for n in range(8)]
    assert rests == [*OUTAGE_WAITS, *[OUTAGE_WAITS[-1]] * 3]
    assert rest(OPENS_AFTER, refused=True, jitter=0) == REFUSED_WAITS[0] * 0.8
    assert rest(1, refused=True, jitter=1) == REFUSED_WAITS[0] * 1.2


def test_every_endpoint_has_its_words_and_every_command_to_walmart_its_limit() -> None:
    assert set(IN_WORDS) == set(Endpoint)
    acting = {kind for kind, side in SIDES.items() if side is Side.WALMART} - CHANGE_NOTHING
    assert acting == set(BY_COMMAND)
    assert set(DOING) == set(COMMANDS_IN_WORDS) == set(SIDES) == set(KINDS)
    assert set(KINDS) >= MAGENTO_ALONE
    sentence = SIXTY.in_words(Endpoint.ACKNOWLEDGE, NOW)
    assert sentence == "Walmart takes 60 acknowledgements a minute; this one goes out at 10:00 UTC."
