"""An acknowledgement is tried until Walmart has it or nobody needs it any more, however long that takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.driving import attempts_of, command_of, drain_in, drain_out, sentences
from tests.house import House
from webapp import clock
from webapp.domain.policy import AcknowledgeWhen
from webapp.domain.retry import SCHEDULE
from webapp.models import OrderRow, db

KIND = "AcknowledgeOrder"


@pytest.fixture
def taken(house: House) -> str:
    """An order that is about to be acknowledged, and nothing else."""
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT, create_orders=False, invoice=False)
    po = house.place()
    drain_in(house)
    return po


def statuses(house: House) -> list[int]:
    return [call["status"] for call in house.walmart.ledger.calls("POST", "/acknowledge")]


def fail(house: House, status: int = 503, **more: object) -> None:
    house.walmart.fault("status", method="POST", path="/acknowledge", status=status, **more)


def try_again(house: House, po: str) -> None:
    """Move the clock to the next try."""
    at = command_of(house, po, KIND).next_attempt_at
    assert at is not None
    clock.move(max(at - clock.now(), timedelta(0)) + timedelta(seconds=1))
    drain_out(house)


def test_two_failures_then_success_are_three_calls_and_one_success_in_the_log(house: House, taken: str) -> None:
    fail(house, 500, times=2)
    drain_out(house)
    try_again(house, taken)
    try_again(house, taken)
    assert statuses(house) == [500, 500, 200]
    house.drain()
    assert house.effects("acknowledge") == [taken]
    assert sentences(house, taken).count("Walmart took the acknowledgement.") == 1


def test_no_schedule_ends_it_and_late_is_still_sent_and_said(house: House, taken: str) -> None:
    fail(house)
    drain_out(house)
    for _ in range(len(SCHEDULE) + 2):
        try_again(house, taken)
    command = command_of(house, taken, KIND)
    assert (command.state, command.tries) == ("queued", len(SCHEDULE) + 3)
    drain_in(house)
    assert house.shown(taken)["waiting_for"][0].startswith(
        "Acknowledging at Walmart; it is tried again. Walmart: Walmart answered 503"
    )
    house.walmart.clear_faults()
    try_again(house, taken)
    house.drain()
    assert house.effects("acknowledge") == [taken]
    assert "after the four hours it asks for" in sentences(house, taken)
    with house.app.app_context():
        assert db.session.execute(select(OrderRow.acknowledged_late)).scalar_one()


@pytest.mark.parametrize("meanwhile", ["acknowledge", "ship", "cancel"])
def test_a_try_that_is_due_again_is_called_off_when_nothing_is_created_any_more(
    house: House, taken: str, meanwhile: str
) -> None:
    fail(house)
    drain_out(house)
    house.walmart.act(taken, meanwhile)
    house.wish(taken)
    house.drain()
    assert command_of(house, taken, KIND).state == "dismissed"
    assert statuses(house) == [503]


@pytest.mark.parametrize("meanwhile", ["acknowledge", "ship", "cancel"])
def test_a_refused_one_waits_for_a_person_only_as_long_as_something_is_created(
    house: House, taken: str, meanwhile: str
) -> None:
    body = '{"errors": {"error": [{"code": "INVALID_REQUEST_CONTENT", "description": "No."}]}}'
    fail(house, 400, body=body)
    drain_out(house)
    drain_in(house)
    assert command_of(house, taken, KIND).state == "parked"
    assert "Walmart answered 400: No. (INVALID_REQUEST_CONTENT)" in house.shown(taken)["attention"]
    house.walmart.act(taken, meanwhile)
    house.wish(taken)
    house.drain()
    assert house.shown(taken)["attention"] is None
    command = command_of(house, taken, KIND)
    assert (command.state, command.reason.startswith("Not needed any more")) == ("dismissed", True)
    assert len(attempts_of(house, taken)) == 1
