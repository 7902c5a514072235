"""Walmart's access token: one for all workers, fetched once however many need it, kept sealed."""

from __future__ import annotations

import multiprocessing
import os
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.driving import side_by_side
from tests.house import House
from webapp import accounts, address_editing, circuit, clock, store_changes
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento_admin import AdminUser
from webapp.models import AccessTokenRow, OrderRow, db
from webapp.neighbours import call_both, call_magento
from webapp.store_changes import StoreChange
from webapp.unit_of_work import unit_of_work


@pytest.fixture(params=["house", "postgres_house"])
def any_house(request: pytest.FixtureRequest) -> House:
    """The application on one database, then on the other."""
    house: House = request.getfixturevalue(request.param)
    return house


def token_calls(house: House) -> int:
    return len(house.walmart.ledger.calls("POST", "/v3/token"))


def read(house: House, po: str) -> bool:
    walmart = call_both(accounts.by_id(house.account_id), lambda _: None).walmart
    return walmart.get_order(po) is not None


def slow_tokens(house: House) -> None:
    """So slow that all who begin together ask before the first is answered, on a busy machine too."""
    house.walmart.fault("delay", method="POST", path="/v3/token", seconds=1.0)


def test_eight_workers_without_a_token_make_one_call(any_house: House) -> None:
    house = any_house
    po = house.walmart.place_order()
    slow_tokens(house)
    assert side_by_side(house, lambda _: read(house, po)) == [True] * 8
    assert token_calls(house) == 1


def test_eight_workers_with_a_rejected_token_make_one_call(any_house: House) -> None:
    house = any_house
    po = house.walmart.place_order()
    with house.app.app_context():
        assert read(house, po)
    house.walmart.seller.tokens.expire_all()
    slow_tokens(house)
    assert side_by_side(house, lambda _: read(house, po)) == [True] * 8
    assert token_calls(house) == 2


def test_two_processes_with_an_expired_token_make_one_call(any_house: House) -> None:
    house = any_house
    po = house.walmart.place_order()
    with house.app.app_context():
        assert read(house, po)
        db.session.remove()
    house.walmart.seller.tokens.expire_all()
    slow_tokens(house)
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(2)

    def work() -> None:
        with house.app.app_context():
            together.wait(20)
            os._exit(0 if read(house, po) else 1)

    both = [fork.Process(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert [one.exitcode for one in both] == [0, 0]
    assert token_calls(house) == 2


def test_a_token_is_renewed_before_it_runs_out_and_not_earlier(house: House) -> None:
    po = house.walmart.place_order()
    with house.app.app_context():
        for minutes, calls in ((0, 1), (13, 1), (1.5, 2)):
            clock.move(timedelta(minutes=minutes))
            assert read(house, po)
            db.session.remove()
            assert token_calls(house) == calls


def test_a_worker_that_died_while_renewing_does_not_keep_the_others_waiting_for_ever(house: House) -> None:
    po = house.walmart.place_order()
    with house.app.app_context():
        assert read(house, po)
        with unit_of_work() as work:
            row = work.session.get_one(AccessTokenRow, house.account_id)
            row.token, row.renewing_until = None, clock.now() + timedelta(seconds=1)
        clock.move(timedelta(seconds=2))
        assert read(house, po)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "status", "status": 401}, "Walmart did not accept the client ID and secret."),
        ({"kind": "status", "status": 503}, "Walmart answered 503"),
        ({"kind": "cut_before"}, "The connection to Walmart broke"),
    ],
)
def test_what_one_worker_got_instead_of_a_token_is_told_to_all_that_waited(
    any_house: House, fault: dict[str, Any], said: str
) -> None:
    house = any_house
    po = house.walmart.place_order()
    house.walmart.fault(**fault, method="POST", path="/v3/token")
    slow_tokens(house)

    def attempt(_: int) -> str:
        try:
            read(house, po)
        except ConnectorError as error:
            return str(error)
        return ""

    found = side_by_side(house, attempt)
    assert len(set(found)) == 1
    assert found[0].startswith(said)
    assert token_calls(house) == 1
    house.walmart.clear_faults()
    with house.app.app_context():
        with unit_of_work() as work:
            circuit.wake(work, house.account_id)
        assert read(house, po)


def test_the_token_lies_sealed_in_the_database(house: House) -> None:
    po = house.walmart.place_order()
    with house.app.app_context():
        assert read(house, po)
        kept = db.session.execute(select(AccessTokenRow.token)).scalar_one()
    assert kept is not None
    assert kept.startswith(b"gAAAA")


IN_PUERTO_RICO = {
    "name": "Rosalind Quay",
    "address1": "77 Corrected Lane",
    "city": "San Juan",
    "postal_code": "00901",
    "country": "PR",
    "phone": "208-555-0199",
    "email": "rosalind@relay.example",
}


def as_admin(house: House, password: str = "") -> None:
    """Let the store be entered as the shop's admin user."""
    own = house.magento.credentials
    user = AdminUser(own.admin_user, password or own.admin_password)
    with house.app.app_context():
        store_changes.change(accounts.by_id(house.account_id).store.id, StoreChange(admin=user), "test")


def read_shop(house: House) -> int:
    store = accounts.by_id(house.account_id).store
    return len(call_magento(store, lambda _: None).store_views())


def sign_ins(house: House) -> int:
    return len(house.magento.ledger.calls("POST", "/rest/V1/integration/admin/token"))


def test_eight_workers_share_one_sign_in_of_a_shop_s_admin_user(any_house: House) -> None:
    house = any_house
    as_admin(house)
    house.magento.fault("delay", method="POST", path="/rest/V1/integration/admin/token", seconds=1.0)
    assert side_by_side(house, lambda _: read_shop(house)) == [3] * 8
    assert sign_ins(house) == 1


def test_an_admin_s_token_is_renewed_before_its_own_end(house: House) -> None:
    as_admin(house)
    with house.app.app_context():
        read_shop(house)
        for minutes, expected in ((58, 1), (2, 2)):
            clock.move(timedelta(minutes=minutes))
            read_shop(house)
            assert sign_ins(house) == expected


def test_an_admin_s_token_that_is_rejected_is_renewed_once_unless_it_is_quite_new(house: House) -> None:
    refused = '{"message":"The consumer isn\'t authorized to access %resources."}'
    fault: dict[str, Any] = {"method": "GET", "path": "/V1/store", "status": 401, "body": refused}
    as_admin(house)
    with house.app.app_context():
        read_shop(house)
        clock.move(timedelta(minutes=5))
        house.magento.fault("status", **fault, times=1)
        assert read_shop(house) == 3
        assert sign_ins(house) == 2
        house.magento.fault("status", **fault)
        for _ in range(3):
            with pytest.raises(ConnectorError):
                read_shop(house)
        assert sign_ins(house) == 2, "a missing right looks the same, and a new token does not mend it"


def test_a_refused_password_is_not_tried_again_for_a_while_lest_the_admin_be_locked_out(house: House) -> None:
    as_admin(house, "wrong-password")
    with house.app.app_context():
        for _ in range(3):
            with pytest.raises(ConnectorError, match="name and password"):
                read_shop(house)
        assert sign_ins(house) == 1
        clock.move(timedelta(minutes=11))
        with pytest.raises(ConnectorError):
            read_shop(house)
        assert sign_ins(house) == 2
    as_admin(house)
    with house.app.app_context():
        assert read_shop(house) == 3, "a password that was entered anew counts at once"


def test_who_corrects_an_address_uses_the_token_that_all_share(house: House) -> None:
    as_admin(house)
    po = house.place()
    house.drain()
    before = sign_ins(house)
    with house.app.app_context():
        order_id = db.session.execute(select(OrderRow.id).where(OrderRow.po == po)).scalar_one()
        assert "stays" in address_editing.save(order_id, IN_PUERTO_RICO, 0, "no", "test")
    asked = house.magento.ledger.calls("GET", "directory/countries/PR")
    assert (before, sign_ins(house), len(asked)) == (1, 1, 1)
