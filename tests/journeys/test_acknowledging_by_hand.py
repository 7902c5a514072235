"""A person acknowledges: it goes out though the account would wait, survives a read in between, and happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from tests.driving import drain_out
from tests.house import House
from webapp import outbox
from webapp.actions import acknowledging
from webapp.domain.plan import Plan
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import OrderRow, db
from webapp.unit_of_work import unit_of_work

BY = "carol@shop.example"


def placed_by_hand(house: House) -> tuple[str, int]:
    house.set_policy(acknowledge=AcknowledgeWhen.BY_HAND, acknowledge_guard=False)
    po = house.place()
    house.drain()
    assert house.effects("acknowledge") == []
    with house.app.app_context():
        return po, db.session.execute(select(OrderRow.id).where(OrderRow.po == po)).scalar_one()


def acknowledge(house: House, order_id: int) -> str:
    with house.app.app_context():
        return acknowledging.acknowledge(order_id, BY)


def test_what_a_person_asks_for_goes_out_and_is_told_with_the_name(house: House) -> None:
    po, order_id = placed_by_hand(house)
    assert acknowledge(house, order_id) == "Acknowledging at Walmart."
    house.drain()
    assert house.effects("acknowledge") == [po]
    shown = house.shown(po)
    assert shown["status"] == "Unshipped"
    assert any(entry["by"] == BY and "by hand" in entry["sentence"] for entry in shown["log"])
    with pytest.raises(outbox.Refusal, match="a moment ago|Nothing is left to acknowledge"):
        acknowledge(house, order_id)


def test_a_read_that_was_planned_before_the_wish_does_not_call_it_off(house: House) -> None:
    po, order_id = placed_by_hand(house)
    with house.app.app_context():
        row = db.session.get_one(OrderRow, order_id)
        known = outbox.issued([row.sync_id])
        db.session.rollback()
        acknowledging.acknowledge(order_id, BY)
        with unit_of_work() as work:
            outbox.settle(work, {row.sync_id: Plan()}, known)
    assert [command.state for command in house.commands(po) if command.kind == "AcknowledgeOrder"] == ["queued"]
    house.drain()
    assert house.effects("acknowledge") == [po]


def test_a_retry_by_hand_is_not_called_off_by_such_a_read_either(house: House) -> None:
    po, order_id = placed_by_hand(house)
    house.walmart.fault("status", method="POST", path="/acknowledge", status=400, times=1, body='{"error":[]}')
    acknowledge(house, order_id)
    drain_out(house)
    with house.app.app_context():
        row = db.session.get_one(OrderRow, order_id)
        known = outbox.issued([row.sync_id])
        db.session.rollback()
        assert "tried again now" in acknowledging.acknowledge(order_id, BY)
        with unit_of_work() as work:
            outbox.settle(work, {row.sync_id: Plan(over=frozenset({"AcknowledgeOrder"}))}, known)
    house.drain()
    house.pass_time(seconds=5)
    assert house.effects("acknowledge") == [po]


def test_many_clicks_at_once_have_one_effect(house: House) -> None:
    po, order_id = placed_by_hand(house)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: acknowledge(house, order_id), range(24)))
    house.drain()
    assert house.effects("acknowledge") == [po]
    assert len([one for one in house.commands(po) if one.kind == "AcknowledgeOrder"]) == 1


def test_the_same_on_postgresql(postgres_house: House) -> None:
    po, order_id = placed_by_hand(postgres_house)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: acknowledge(postgres_house, order_id), range(24)))
    postgres_house.drain()
    assert postgres_house.effects("acknowledge") == [po]
