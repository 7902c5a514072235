"""Workers that die before and after every call and every commit of each command: the ledgers show each effect once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.driving import command_of
from tests.dying import dies, finish
from tests.house import House
from tests.journeys.both_ways import MUG, UPS, number
from tests.journeys.shopping import reserved, use
from tests.moments import Moment, a_house
from tests.working import carry_out, look, try_once, work_off
from webapp import address_editing, clock, inbox, orders
from webapp.models import OrderRow, db

OTHER = UPS | {"track_number": "1Z999AA10123456785"}
OTHER_ADDRESS = {
    "name": "Rosalind Quay",
    "address1": "77 Corrected Lane",
    "city": "Boise",
    "state": "ID",
    "postal_code": "83702",
    "country": "US",
    "phone": "208-555-0199",
    "email": "rosalind@relay.example",
}
STEP = 1 if os.environ.get("EVERY_POINT") else 3
"""An order by cart has some forty points; unless `EVERY_POINT=1` is said, each third of them is taken."""
FOR_LONG = 99_999
"""Reads as old as this show nothing that was done since the moment."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, valkey: str) -> Iterator[House]:
    """One house for all of them: a moment of it is brought back for each point."""
    with a_house(tmp_path_factory, valkey) as built:
        built.place(lines=[{"sku": MUG, "quantity": 1}])
        built.drain()
        yield built


@pytest.fixture(scope="module")
def empty(house: House) -> Moment:
    """Nothing but Walmart's token is there."""
    return Moment.of(house)


@pytest.fixture(scope="module")
def invoiced(house: House, empty: Moment) -> tuple[Moment, str]:
    """An order of two units, taken, made and invoiced."""
    empty.come_back(house)
    po = place(house)
    house.drain()
    return Moment.of(house), po


def place(house: House) -> str:
    line = {"sku": MUG, "quantity": 2, "price": 11.90, "tax": 0.98, "shipping": 4.99, "shipping_tax": 0.41}
    return house.place(lines=[line])


def a_shipment(house: House, po: str) -> None:
    house.magento.ship(number(po), {MUG: 1}, [UPS])


def a_corrected_number(house: House, po: str) -> None:
    a_shipment(house, po)
    look(house, po)
    house.magento.replace_track(number(po), UPS["track_number"], OTHER["track_number"])


def a_credit_memo_before(house: House, po: str) -> None:
    house.magento.refund(number(po), {MUG: 1})


def a_full_and_a_partial_refund(house: House, po: str) -> None:
    house.magento.ship(number(po), {MUG: 2}, [UPS])
    look(house, po)
    house.magento.refund(number(po), {MUG: 1}, shipping_amount=4.99, adjustment_positive=2)


def shipped_at_walmart(house: House, po: str) -> None:
    house.walmart.act(po, "ship", lines=[{"line": "1", "tracking": "1Z1"}])


def canceled_at_walmart(house: House, po: str) -> None:
    house.walmart.act(po, "cancel", line="2")


def refunded_there(house: House, po: str) -> None:
    house.set_policy(create_credit_memos=True)
    house.magento.ship(number(po), {MUG: 2}, [UPS])
    look(house, po)
    house.walmart.act(po, "refund", line="2")


def another_status_is_wanted(house: House, po: str) -> None:
    house.set_policy(status_unshipped="packing")


def an_address_is_corrected(house: House, po: str) -> None:
    with house.app.app_context():
        order_id = db.session.execute(select(OrderRow.id).where(OrderRow.po == po)).scalar_one()
        said = address_editing.save(order_id, OTHER_ADDRESS, 0, address_editing.TO_MAGENTO, "a person")
        db.session.remove()
    assert said == f"Saved here. Magento order {number(po)} is changed next."


ACTS: dict[str, tuple[Callable[[House, str], None], str]] = {
    "a shipment is confirmed": (a_shipment, "ConfirmShipment"),
    "a number is corrected": (a_corrected_number, "CorrectTracking"),
    "a line is canceled": (a_credit_memo_before, "CancelLines"),
    "lines are refunded in full and in part": (a_full_and_a_partial_refund, "RefundLines"),
    "a shipment is made": (shipped_at_walmart, "CreateShipment"),
    "a unit is credited": (canceled_at_walmart, "CreateCreditMemo"),
    "a refund is credited": (refunded_there, "CreateCreditMemo"),
    "a status is followed": (another_status_is_wanted, "SetMagentoStatus"),
    "an address is corrected": (an_address_is_corrected, "UpdateMagentoAddress"),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_status_goes_across_once(house: House, invoiced: tuple[Moment, str], name: str) -> None:
    before, po = invoiced
    before.come_back(house)
    prepare, kind = ACTS[name]
    prepare(house, po)
    check_every_point(house, po, kind)


@pytest.mark.parametrize(("lines", "kind"), [(["1", "2"], "CancelMagentoOrder"), (["2"], "CreateInvoice")])
def test_what_is_not_invoiced_is_canceled_in_magento_once(
    house: House, empty: Moment, lines: list[str], kind: str
) -> None:
    empty.come_back(house)
    house.set_policy(invoice=False)
    po = place(house)
    house.drain()
    house.walmart.act(po, "cancel", lines=[{"line": line} for line in lines])
    check_every_point(house, po, kind)


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_an_order_is_made_taken_and_invoiced_once(house: House, empty: Moment, mode: str) -> None:
    empty.come_back(house)
    use(house, mode)
    po = place(house)
    route(house)
    for kind in ("CreateMagentoOrder", "AcknowledgeOrder", "CreateInvoice")[: 1 if mode == "cart" else 3]:
        check_every_point(house, po, kind, STEP if mode == "cart" else 1)
        try_once(house, po)
        assert reserved(house, MUG) == (-2 if mode == "cart" else 0)


def test_an_order_is_read_whatever_its_reader_dies_of(house: House, empty: Moment) -> None:
    empty.come_back(house)
    po = place(house)
    route(house)
    heard_of = Moment.of(house)
    wanted = undisturbed(house, po, heard_of, work_off)
    for point in range(1, 100):
        heard_of.come_back(house)
        if not dies(house, po, point, orders.sync):
            assert point > 3
            return
        finish(house, po)
        assert done(house, heard_of) == wanted


def check_every_point(house: House, po: str, kind: str, step: int = 1) -> None:
    """The order is read and the command issued; then its worker dies at each point in turn. It is tried again, and in
    the end there is what one does that lives. Right after something was done, that also holds where reads are old for a
    while, and the order is read as often as it is. Deaths that leave no trace are all one."""
    house.wish(po)
    route(house)
    assert not dies(house, po, 1_000, orders.sync)
    assert command_of(house, po, kind).state == "queued"
    issued = Moment.of(house)
    alone, wanted = undisturbed(house, po, issued, try_once), undisturbed(house, po, issued, work_off)
    traces, acted = 0, 0
    for point in range(1, 100, step):
        issued.come_back(house)
        if not dies(house, po, point, carry_out):
            assert point > 5
            break
        has_acted = bool(issued.since(house))
        acted += has_acted
        if not has_acted and command_of(house, po, kind).frozen is None and traces:
            continue
        traces += 1
        finish(house, po, try_once)
        assert done(house, issued) == alone, (point, story(house, po))
        if has_acted and acted == 1:
            issued.come_back(house)
            dies(house, po, point, carry_out)
            reads_are_old(house, po)
            finish(house, po)
            assert done(house, issued) == wanted, (point, story(house, po))
    assert acted
    issued.come_back(house)


def reads_are_old(house: House, po: str) -> None:
    """For half a minute both sides show what they showed at the moment."""
    for side in (house.walmart, house.magento):
        side.fault("stale_reads", method="GET", seconds=FOR_LONG)
    for seconds in (2, 28):
        work_off(house, po)
        clock.move(timedelta(seconds=seconds))
    house.walmart.clear_faults()
    house.magento.clear_faults()


def undisturbed(house: House, po: str, moment: Moment, work: Callable[[House, str], None]) -> Counter[str]:
    moment.come_back(house)
    finish(house, po, work)
    found = done(house, moment)
    assert found
    return found


def done(house: House, moment: Moment) -> Counter[str]:
    """What was done on both sides since then, without its numbers and times, and repeats that change nothing."""
    return Counter(told(entry) for entry in moment.since(house) if entry["effect"] != "acknowledge_again")


def told(entry: dict[str, Any]) -> str:
    detail = {name: value for name, value in (entry["detail"] or {}).items() if name not in {"refundId", "at"}}
    return f"{entry['effect']} {detail}"


def story(house: House, po: str) -> list[str]:
    return [f"{row.kind} {row.state} {row.reason} {row.outcome}" for row in house.commands(po)]


def route(house: House) -> None:
    with house.app.app_context():
        inbox.route()
        db.session.remove()
