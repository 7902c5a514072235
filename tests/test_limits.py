"""Buckets in the database: shared by processes, cheap for reads, and told from answers."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.driving import side_by_side
from tests.house import House
from tests.mother import Mother
from webapp import clock, limits
from webapp.domain.limits import Endpoint, Heard
from webapp.limits import Meter, MustWait
from webapp.models import BucketRow, db
from webapp.unit_of_work import unit_of_work


def a_meter(house: House, endpoint: Endpoint = Endpoint.ACKNOWLEDGE, granted: float = 0, market: str = "us") -> Meter:
    return limits.meter(house.account_id, endpoint, market, {endpoint.value: granted})


def take(of: Meter, count: int = 1) -> bool:
    with unit_of_work() as work:
        return limits.take(work, of, count) is None


def told_time(of: Meter) -> datetime:
    with pytest.raises(MustWait) as wait:
        limits.take_read(of)
    return wait.value.at


def bucket_row(endpoint: Endpoint) -> BucketRow | None:
    db.session.rollback()
    return db.session.execute(select(BucketRow).where(BucketRow.endpoint == endpoint.value)).scalar_one_or_none()


def test_processes_share_one_bucket(house: House, tmp_path: Path, mother: Mother) -> None:
    began = clock.now().timestamp()
    with house.app.app_context():
        assert take(a_meter(house, granted=1200), 1190 - 30)
    words = ("tests.greedy_taker", house.app.config["SQLALCHEMY_DATABASE_URI"], str(house.account_id), "1.5")
    said = [tmp_path / "one", tmp_path / "other"]
    takers = [mother.start(words, house.environment(), log) for log in said]
    assert [taker.wait(60) for taker in takers] == [0, 0], said
    told = [json.loads(log.read_text()) for log in said]
    assert all(told)
    times = sorted(at for taken in told for at in taken)
    assert len(times) <= 30 + 20 * (times[-1] - began) + 1, "what was left, and what came since"
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= 1200 + 20 * (times[last] - times[first]) + 0.1


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_threads_that_take_at_once_take_what_is_there_and_no_more(kind: str, request: pytest.FixtureRequest) -> None:
    house = request.getfixturevalue("house" if kind == "sqlite" else "postgres_house")
    began = time.monotonic()
    taken = side_by_side(house, lambda _: sum(take(a_meter(house)) for _ in range(10)))
    assert 59 <= sum(taken) <= 60 + (time.monotonic() - began)  # one more comes each second


def test_each_read_that_has_to_wait_is_told_a_time_of_its_own(house: House) -> None:
    with house.app.app_context():
        of = a_meter(house, Endpoint.ORDER, market="ca")
        assert take(of, 59)
        times = [told_time(of) for _ in range(3)]
    assert times == sorted(times)
    assert (times[2] - times[0]).total_seconds() == pytest.approx(2, abs=0.3)


def test_reads_with_a_high_limit_take_by_the_handful(house: House) -> None:
    with house.app.app_context():
        of = a_meter(house, Endpoint.ORDER)
        for _ in range(9):
            limits.take_read(of)
        first = bucket_row(Endpoint.ORDER)
        assert first is not None
        full_at = first.full_at
        limits.take_read(of)
        again = bucket_row(Endpoint.ORDER)
        assert again is not None
        assert again.full_at == full_at
        clock.move(timedelta(seconds=3))
        limits.take_read(of)
        later = bucket_row(Endpoint.ORDER)
        assert later is not None
        assert later.full_at > full_at


def test_a_read_without_a_token_says_when(house: House) -> None:
    with house.app.app_context():
        of = a_meter(house, Endpoint.ORDER)
        limits.hear(of, Heard(0, timedelta(seconds=40), is_refused=True), clock.now())
        with pytest.raises(MustWait, match="Walmart takes 5000 readings of single orders a minute") as wait:
            limits.take_read(of)
        assert 39 < (wait.value.at - clock.now()).total_seconds() < 42
        assert wait.value.permanent is False


def test_answers_that_teach_nothing_write_nothing(house: House) -> None:
    with house.app.app_context():
        of = a_meter(house)
        assert take(of)
        limits.hear(of, Heard(59), clock.now())
        row = bucket_row(Endpoint.ACKNOWLEDGE)
        assert row is not None
        assert row.heard_at is not None
        heard_at = row.heard_at
        assert take(of)
        limits.hear(of, Heard(58), clock.now())
        row = bucket_row(Endpoint.ACKNOWLEDGE)
        assert row is not None
        assert row.heard_at == heard_at
        limits.hear(of, Heard(3), clock.now())
        assert limits.look(of).tokens(clock.now()) == pytest.approx(3, abs=0.5)


def test_a_limit_that_is_not_published_is_learnt_from_the_answers(house: House) -> None:
    with house.app.app_context():
        of = a_meter(house, Endpoint.ORDER, market="ca")
        assert limits.look(of).limit.per_minute == 60
        assert take(of)
        limits.hear(of, Heard(4999), clock.now())
        assert limits.look(of).limit.per_minute == 5000
        published = a_meter(house)
        assert take(published)
        limits.hear(published, Heard(4999), clock.now())
        assert limits.look(published).limit.per_minute == 60


def test_a_bucket_goes_with_its_account_and_a_refill_is_seen_by_all(house: House, tmp_path: Path) -> None:
    with house.app.app_context():
        of = a_meter(house)
        assert take(of, 59)
        assert not all(take(of) for _ in range(20)), "on a slow machine one more has grown meanwhile"
        with unit_of_work() as work:
            work.execute(update(BucketRow).values(full_at=clock.now()))
        assert take(of, 59)
