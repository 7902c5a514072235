"""An action on many orders against real neighbours: each effect once, whoever works it off; what failed alone again."""

from __future__ import annotations

from sqlalchemy import select

from tests.driving import side_by_side
from tests.house import House
from webapp import bulk, bulk_progress
from webapp.actions.kinds import ACTIONS
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import OrderRow, db

BY = "carol@shop.example"


def placed(house: House, number: int) -> list[int]:
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, acknowledge_guard=False, create_orders=False)
    for _ in range(number):
        house.place()
    house.drain()
    with house.app.app_context():
        return list(db.session.execute(select(OrderRow.id).order_by(OrderRow.id)).scalars())


def begun(house: House, ids: list[int], action: str = "acknowledge") -> str:
    with house.app.app_context():
        key = bulk.ask(ACTIONS[action], ids, BY)
        bulk.start(key, {}, BY)
        return key


def counts(house: House, key: str) -> dict[str, int]:
    with house.app.app_context():
        job = bulk.find(key)
        assert job is not None
        return bulk_progress.counts(job)


def work_off(_: int) -> None:
    while turn := bulk.take():
        bulk.run(turn)


def check_many_workers_and_two_jobs_have_one_effect_an_order(house: House) -> None:
    ids = placed(house, 12)
    keys = [begun(house, ids), begun(house, ids[:6])]
    side_by_side(house, work_off, threads=4)
    house.drain()
    assert sorted(house.effects("acknowledge")) == sorted(set(house.effects("acknowledge")))
    assert len(house.effects("acknowledge")) == 12
    assert [counts(house, key) for key in keys] == [{"done": 12}, {"done": 6}]


def test_many_workers_and_two_jobs_have_one_effect_an_order(house: House) -> None:
    check_many_workers_and_two_jobs_have_one_effect_an_order(house)


def test_the_same_on_postgresql(postgres_house: House) -> None:
    check_many_workers_and_two_jobs_have_one_effect_an_order(postgres_house)


def test_what_walmart_refused_is_tried_again_alone(house: House) -> None:
    ids = placed(house, 5)
    house.walmart.fault("status", method="POST", path="/acknowledge", status=400, times=2, body='{"error":[]}')
    key = begun(house, ids)
    house.drain()
    assert counts(house, key) == {"done": 3, "failed": 2}
    with house.app.app_context():
        fresh = bulk.again(key, BY)
    house.drain()
    assert counts(house, fresh) == {"done": 2}
    assert counts(house, key) == {"done": 5}, "the first one tells what came of them in the end"
    assert len(house.effects("acknowledge")) == 5


def check_each_fresh_read_is_told_once_and_stays(house: House) -> None:
    ids = placed(house, 6)
    house.walmart.fault("status", method="GET", path="/v3/orders", status=500, times=99)
    key = begun(house, ids[:3], "refresh")
    house.drain()
    assert counts(house, key) == {"failed": 3}
    house.walmart.clear_faults()
    well = begun(house, ids[3:], "refresh")
    side_by_side(house, work_off, threads=2)
    house.drain()
    house.pass_time(days=1)
    house.drain()
    assert (counts(house, key), counts(house, well)) == ({"failed": 3}, {"done": 3})


def test_each_fresh_read_is_told_once_and_stays(house: House) -> None:
    check_each_fresh_read_is_told_once_and_stays(house)


def test_each_fresh_read_is_told_once_on_postgresql_too(postgres_house: House) -> None:
    check_each_fresh_read_is_told_once_and_stays(postgres_house)
