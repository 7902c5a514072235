"""What the shop writes to a buyer: nothing unless the account's settings say so, then each e-mail once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, update

from tests.driving import call_posts, command_of
from tests.house import House
from tests.journeys.shopping import shop_order, use
from webapp.connectors.walmart_parse import NOT_YET_AN_EMAIL
from webapp.models import AttemptRow, CommandRow, OrderRow
from webapp.unit_of_work import unit_of_work

MUG = "FH-MUG-350-BLU"
PARCEL = {"carrier": "UPS", "tracking_number": "1Z999AA10123456784"}


def mails(house: House, po: str) -> list[str]:
    number = shop_order(house, po)["increment_id"]
    return [one["detail"]["about"] for one in house.magento.ledger.entries("email", number)]


def shipped_at_walmart(house: House) -> str:
    po = house.place(lines=[{"sku": MUG}])
    house.drain()
    house.walmart.act(po, "ship", webhook=False, **PARCEL)
    house.wish(po)
    house.drain()
    assert len(house.magento.shipments(shop_order(house, po)["increment_id"])) == 1
    return po


def test_no_mail_is_sent_by_default(house: House) -> None:
    assert mails(house, shipped_at_walmart(house)) == []


def test_each_switch_lets_the_shop_write_once(house: House) -> None:
    house.set_policy(mail_order=True, mail_invoice=True, mail_shipment=True)
    po = shipped_at_walmart(house)
    assert sorted(mails(house, po)) == ["invoice", "order", "shipment"]
    assert command_of(house, po, "SendOrderMail").reason == ""
    house.pass_time(hours=25)
    assert len(mails(house, po)) == 3


def test_orders_that_were_made_before_the_switch_are_not_written_about(house: House) -> None:
    po = house.place(lines=[{"sku": MUG}])
    house.drain()
    house.set_policy(mail_order=True)
    house.pass_time(hours=25)
    assert mails(house, po) == []


@pytest.mark.parametrize(
    "search", [{"kind": "status", "status": 503, "times": 1}, {"kind": "stale_reads", "seconds": 600}]
)
def test_an_order_that_was_there_already_is_linked_and_not_written_about(house: House, search: dict[str, Any]) -> None:
    po = house.place(lines=[{"sku": MUG}])
    house.drain()
    with house.app.app_context(), unit_of_work() as work:
        work.execute(delete(AttemptRow))
        work.execute(delete(CommandRow).where(CommandRow.kind == "CreateMagentoOrder"))
        work.execute(update(OrderRow).values(magento_order_id=None, magento_increment_id=None))
    house.set_policy(mail_order=True)
    house.magento.fault(method="GET", path="/V1/orders$", **search)
    house.wish(po)
    house.drain()
    assert house.shown(po)["magento_increment_id"] is None
    house.magento.clear_faults()
    house.pass_time(minutes=5)
    house.pass_time(minutes=5)
    assert house.effects("order_create") == [f"WM-{po}"]
    assert (mails(house, po), call_posts(house, "/emails")) == ([], 0)


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_a_buyer_without_an_address_is_not_written_to(house: House, mode: str) -> None:
    house.magento.settings(order_mails=False)
    use(house, mode)
    house.set_policy(mail_order=True, mail_invoice=True, mail_shipment=True)
    po = house.place(lines=[{"sku": MUG}], email=NOT_YET_AN_EMAIL)
    house.drain()
    assert house.magento.invoices(shop_order(house, po)["increment_id"])
    assert (mails(house, po), call_posts(house, "/emails")) == ([], 0)


@pytest.mark.parametrize(("fault", "calls"), [("cut_after", 1), ("cut_before", 2)])
def test_a_lost_answer_sends_no_second_mail(house: House, fault: str, calls: int) -> None:
    house.set_policy(mail_order=True)
    house.magento.fault(fault, method="POST", path=r"/V1/orders/\d+/emails$", times=1)
    po = house.place(lines=[{"sku": MUG}])
    house.drain()
    house.pass_time(seconds=121)
    house.pass_time(seconds=15)
    assert (mails(house, po), call_posts(house, "/emails")) == (["order"], calls)


def test_a_shop_that_sends_none_is_told_of_and_not_asked_again(house: House) -> None:
    house.magento.settings(order_mails=False)
    house.set_policy(mail_order=True)
    po = house.place(lines=[{"sku": MUG}])
    house.drain()
    house.pass_time(hours=25)
    assert command_of(house, po, "SendOrderMail").state == "done"
    assert (mails(house, po), call_posts(house, "/emails")) == ([], 1)
