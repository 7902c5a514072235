"""Walmart's limits as a merchant meets them: a backlog goes out as fast as it may, in the right order, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from jobs import outbound
from jobs.drain import drain
from tests.driving import attempts_of, command_of, drain_in, drain_out, second_account
from tests.house import House
from tests.polling import silence
from webapp import clock, limits
from webapp.circuit import health_of
from webapp.domain.limits import Endpoint, Heard
from webapp.domain.policy import AcknowledgeWhen
from webapp.domain.poll_kinds import SHOP
from webapp.models import AccountRow, db
from webapp.unit_of_work import unit_of_work

ACKNOWLEDGE_ONLY: dict[str, Any] = {
    "acknowledge": AcknowledgeWhen.ON_IMPORT,
    "create_orders": False,
    "invoice": False,
}


def place(house: House, count: int, **spec: Any) -> list[str]:
    """So many orders, read and planned, with nothing sent yet."""
    pos = [house.place(**spec) for _ in range(count)]
    drain_in(house)
    return pos


def drain_patiently(house: House, seconds: float = 20.0) -> None:
    """As in production: the drain stays for what falls due soon."""
    with house.app.app_context():
        drain(outbound.SOURCE, threads=8, lifetime=seconds, linger=2.5)
        db.session.remove()


def empty(house: House, endpoint: Endpoint, seconds: float, granted: float = 0) -> None:
    """Walmart said that this endpoint gives nothing for so long."""
    with house.app.app_context():
        of = limits.meter(house.account_id, endpoint, "us", {endpoint.value: granted})
        limits.hear(of, Heard(0, timedelta(seconds=seconds), is_refused=True), clock.now())


def statuses(house: House, path: str = "/acknowledge") -> list[int]:
    return [call["status"] for call in house.walmart.ledger.calls("POST", path)]


def test_a_backlog_goes_out_at_the_limit_without_one_refusal(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY, rate_limits={"acknowledge": 1200})
    house.walmart.settings(limits={"acknowledge": 1200}, bursts={"acknowledge": 20})
    pos = place(house, 50)
    drain_patiently(house)
    assert statuses(house) == [200] * 50
    assert sorted(house.effects("acknowledge")) == sorted(pos)
    assert [len(attempts_of(house, po)) for po in pos] == [1] * 50


def test_what_waits_for_its_turn_says_until_when_and_uses_up_no_try(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    (po,) = place(house, 1)
    empty(house, Endpoint.ACKNOWLEDGE, 120)
    drain_out(house)
    command = command_of(house, po, "AcknowledgeOrder")
    assert (command.state, command.tries, attempts_of(house, po)) == ("queued", 0, [])
    assert command.next_attempt_at is not None
    assert 115 < (command.next_attempt_at - clock.now()).total_seconds() < 122
    sentence = (
        "Acknowledging at Walmart: Walmart takes 60 acknowledgements a minute; "
        f"this one goes out at {command.next_attempt_at:%H:%M} UTC."
    )
    assert sentence in house.shown(po)["waiting_for"]
    house.wish(po)
    drain_in(house)
    assert sentence in house.shown(po)["waiting_for"]
    house.pass_time(minutes=2, seconds=2)
    assert house.effects("acknowledge") == [po]


def test_the_nearest_deadline_goes_first(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY, rate_limits={"acknowledge": 120})
    now = datetime.now(UTC)
    empty(house, Endpoint.ACKNOWLEDGE, 2, granted=120)
    by_age: dict[float, str] = {}
    for hours in (1, 3, 2, 0):
        by_age[hours] = house.place(order_date=(now - timedelta(hours=hours)).isoformat())
    drain_in(house)
    drain_out(house)
    by_age[3.5] = house.place(order_date=(now - timedelta(hours=3.5)).isoformat())
    drain_in(house)
    drain_patiently(house)
    assert house.effects("acknowledge") == [by_age[hours] for hours in (3.5, 3, 2, 1, 0)]


def test_one_accounts_limit_delays_no_other(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    with second_account(house) as other:
        other.set_policy(**ACKNOWLEDGE_ONLY)
        place(house, 12)
        theirs = place(other, 6)
        empty(house, Endpoint.ACKNOWLEDGE, 300)
        drain_out(house)
        assert house.effects("acknowledge") == []
        assert sorted(other.effects("acknowledge")) == sorted(theirs)


def test_a_used_up_limit_blocks_no_other_endpoint(house: House) -> None:
    house.set_policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    empty(house, Endpoint.ACKNOWLEDGE, 300)
    po = house.place()
    house.drain()
    shown = house.shown(po)
    assert shown["magento_increment_id"] == f"WM-{po}"
    assert shown["status"] == "Created"
    assert any("Walmart takes 60 acknowledgements a minute" in sentence for sentence in shown["waiting_for"])


def test_orders_that_wait_for_their_reading_are_read_at_its_time(house: House) -> None:
    empty(house, Endpoint.ORDER, 120)
    po = house.place()
    drain_in(house)
    assert house.walmart.ledger.calls("GET", po) == []
    assert attempts_of(house, po) == []
    house.pass_time(minutes=2, seconds=2)
    assert house.effects("order_create") == [f"WM-{po}"]


@pytest.mark.parametrize("how", ["settings", "fault"])
def test_walmart_gives_less_than_it_publishes_and_is_hardly_asked_in_vain(house: House, how: str) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    if how == "settings":
        house.walmart.settings(limits={"acknowledge": 30}, bursts={"acknowledge": 4})
    else:
        house.walmart.fault("throttle", method="POST", path="/acknowledge", per_minute=30, burst=4)
    place(house, 10)
    drain_patiently(house, seconds=4)
    found = statuses(house)
    assert found.count(429) <= 1
    assert 3 <= found.count(200) <= 6


def test_after_a_429_nothing_is_sent_before_its_time(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    headers = {"Retry-After": "90"}
    house.walmart.fault("status", method="POST", path="/acknowledge", status=429, headers=headers, times=1)
    pos = place(house, 6)
    drain_out(house)
    assert statuses(house) == [429]
    house.pass_time(seconds=80)
    assert statuses(house) == [429]
    house.pass_time(seconds=20)
    assert statuses(house).count(429) == 1
    assert sorted(house.effects("acknowledge")) == sorted(pos)
    assert {command_of(house, po, "AcknowledgeOrder").tries for po in pos} == {1}


def test_half_an_hour_of_503_is_met_with_few_probes_and_then_all_goes_on(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    house.drain()
    with second_account(house) as other:
        other.set_policy(**ACKNOWLEDGE_ONLY)
        silence(house, *SHOP)
        house.walmart.fault("status", path="/v3/", status=503)
        house.walmart.ledger.forget_calls()
        pos = [house.place() for _ in range(20)]
        house.drain()
        calls = []
        for _ in range(30):
            house.pass_time(minutes=1)
            calls.append(len(house.walmart.ledger.calls()))
        assert sum(later > earlier for earlier, later in zip(calls, calls[1:], strict=False)) >= 3
        assert calls[-1] <= 50
        with house.app.app_context():
            health = health_of(house.account_id)
            assert health_of(other.account_id).trouble == ""
        assert "503" in health.trouble
        assert health.sentence.startswith("Walmart has not served this account since ")
        theirs = other.place()
        assert house.post_webhook(pos[0]) == 200
        other.drain()
        assert other.effects("acknowledge") == [theirs]
        house.walmart.clear_faults()
        for _ in range(7):
            house.pass_time(minutes=1)
    assert sorted(house.effects("acknowledge")) == sorted(pos)
    with house.app.app_context():
        assert health_of(house.account_id).sentence == ""


def test_an_account_whose_rights_are_gone_rests_as_a_whole_and_parks_nothing(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    pos = place(house, 10)
    house.walmart.fault("status", method="GET", path="/v3/orders", status=403)
    house.walmart.ledger.forget_calls()
    for _ in range(10):
        house.pass_time(minutes=1)
    assert len(house.walmart.ledger.calls()) <= 14
    assert {command_of(house, po, "AcknowledgeOrder").state for po in pos} == {"queued"}
    with house.app.app_context():
        assert "403" in health_of(house.account_id).trouble
    house.walmart.clear_faults()
    house.pass_time(minutes=40)
    assert sorted(house.effects("acknowledge")) == sorted(pos)


def test_a_wrong_secret_rests_the_account_and_a_right_one_wakes_it(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    house.drain()
    house.walmart.seller.tokens.expire_all()
    house.walmart.fault("status", method="POST", path="/v3/token", status=401)
    po = house.place()
    house.drain()
    with house.app.app_context():
        assert "did not accept the client ID and secret" in health_of(house.account_id).trouble
    house.walmart.clear_faults()
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(AccountRow).where(AccountRow.id == house.account_id).values(probe_at=clock.now()))
    house.pass_time(seconds=30)
    assert house.effects("acknowledge") == [po]


def test_a_storm_of_expired_tokens_asks_for_one_new_token_and_rests_nobody(house: House) -> None:
    house.set_policy(**ACKNOWLEDGE_ONLY)
    pos = place(house, 20)
    house.walmart.seller.tokens.expire_all()
    house.walmart.ledger.forget_calls()
    drain_out(house)
    drain_patiently(house)
    assert len(house.walmart.ledger.calls("POST", "/v3/token")) == 1
    assert sorted(house.effects("acknowledge")) == sorted(pos)
    with house.app.app_context():
        assert health_of(house.account_id).trouble == ""
