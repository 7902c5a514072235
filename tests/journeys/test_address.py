"""A delivery address that a person corrects: before the Magento order is made, after it, and two people at once."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.driving import command_of
from tests.house import House
from tests.journeys.shopping import browser, page_of, row_of, shop_order, submit
from webapp.domain.policy import UnknownRegion
from webapp.models import AccountRow
from webapp.unit_of_work import unit_of_work

TYPED = {
    "name": "Rosalind Quay",
    "address1": "77 Corrected Lane",
    "address2": "Unit 4",
    "city": "Boise",
    "state": "idaho",
    "postal_code": "83702",
    "country": "US",
    "phone": "208-555-0199",
    "email": "rosalind@relay.example",
}


def me(house: House) -> FlaskClient:
    """One person, signed in once."""
    client: FlaskClient = house.extra.get("me") or browser(house)
    house.extra["me"] = client
    return client


def correct(house: House, po: str, version: int = 0, **typed: str) -> str:
    page = page_of(house, po)
    form = TYPED | {"version": str(version)} | typed
    return submit(me(house), f"{page}/address", f"{page}/address", **form)


def found_by(house: House, text: str) -> str:
    """The list of orders, searched."""
    return submit(me(house), "/orders/find", "/orders", q=text)


def places(house: House, po: str) -> list[tuple[object, ...]]:
    """Street, region and telephone of both addresses of the Magento order."""
    order = shop_order(house, po)
    shipping = order["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]
    names = ("street", "region_code", "telephone")
    return [tuple(address.get(name) or "" for name in names) for address in (order["billing_address"], shipping)]


def test_a_correction_ends_the_hold_of_a_doubtful_address_and_its_postal_code_is_nobodys_to_read(house: House) -> None:
    house.set_policy(hold_addresses=True)
    po = house.place(address={"postalCode": "QXJ77"})
    house.drain()
    assert house.shown(po)["attention"].startswith("Held by a rule of yours: its postal code is none of its country.")
    other = browser(house, "viewer")
    for path in ("/orders", page_of(house, po), "/log"):
        assert "QXJ77" not in other.get(path).text
    correct(house, po)
    house.drain()
    assert not house.shown(po)["attention"]
    assert shop_order(house, po)


def test_a_correction_before_creation_is_what_magento_gets_and_walmarts_own_is_kept(house: House) -> None:
    house.set_policy(create_orders=False)
    po = house.place()
    house.drain()
    walmarts = row_of(house, po).address["address1"]
    said = correct(house, po)
    assert "The Magento order gets this one." in said
    page = me(house).get(page_of(house, po)).text
    assert f"Street: {walmarts} → 77 Corrected Lane" in page
    assert "operator@shop.example" in page
    assert "As Walmart gave it" in page
    assert po in found_by(house, "Rosalind Quay")
    other = browser(house, "viewer")
    seen = other.get(page_of(house, po)).text
    for hidden in ("77 Corrected Lane", walmarts, "208-555-0199", "rosalind@relay.example", "Unit 4"):
        assert hidden not in seen
    assert "Corrected the address: name, street" in seen
    assert other.get(f"{page_of(house, po)}/address").status_code == 403
    submit(me(house), f"{page_of(house, po)}/create", page_of(house, po))
    house.drain()
    wanted = (["77 Corrected Lane", "Unit 4"], "ID", "208-555-0199")
    assert places(house, po) == [wanted, wanted]
    assert shop_order(house, po)["customer_email"] == "rosalind@relay.example"
    house.wish(po)
    house.drain()
    assert row_of(house, po).address["address1"] == walmarts
    assert "has another address" not in me(house).get(page_of(house, po)).text


def test_after_creation_it_is_asked_whether_magento_changes_too(house: House) -> None:
    po = house.place()
    house.drain()
    before = places(house, po)
    page = page_of(house, po)
    with_no_answer = me(house)
    form = with_no_answer.get(f"{page}/address").text
    assert re.findall(r'name="magento" value="(\w+)"[^>]* checked', form) == ["yes"]
    assert "Labels are printed from the Magento order" in form
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token is not None
    answer = with_no_answer.post(f"{page}/address", data={"csrf_token": token[1], "version": "0", **TYPED})
    assert answer.status_code == 422
    assert "Say whether Magento order" in answer.text
    assert "77 Corrected Lane" in answer.text
    assert "stays." in correct(house, po, magento="no")
    house.drain()
    assert places(house, po) == before
    assert "has another address" in me(house).get(page).text
    for fault in ("cut_after", "status"):
        house.magento.fault(fault, method="PUT", path=r"/V1/orders/\d+$", status=503, times=1)
    submit(me(house), f"{page}/address/magento", page)
    house.drain()
    for _ in range(2):
        house.pass_time(minutes=5)
    wanted = (["77 Corrected Lane", "Unit 4"], "ID", "208-555-0199")
    assert places(house, po) == [wanted, wanted]
    assert command_of(house, po, "UpdateMagentoAddress").state == "done"
    assert "has another address" not in me(house).get(page).text
    assert shop_order(house, po)["customer_email"] == "rosalind@relay.example"
    correct(house, po, 1, magento="yes", country="PR", state="", postal_code="00901", email="")
    house.drain()
    assert [place[1] for place in places(house, po)] == ["", ""], "no state is left of the former address"
    assert shop_order(house, po)["billing_address"]["email"] == "rosalind@relay.example", "it is not taken away"


def test_two_people_at_once_and_what_is_wrong_is_said_with_what_was_typed(house: House) -> None:
    house.set_policy(create_orders=False)
    po, page = house.place(), ""
    house.drain()
    page = page_of(house, po)
    client = me(house)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"{page}/address").text)
    assert token is not None
    form = {"csrf_token": token[1], "version": "0"}
    bad = client.post(f"{page}/address", data=form | TYPED | {"state": "Bavaria", "postal_code": "1"})
    assert bad.status_code == 422
    assert "Magento knows no “Bavaria” in US" in bad.text
    assert "five digits" in bad.text
    correct(house, po)
    late = client.post(f"{page}/address", data=form | TYPED | {"address1": "1 Late Street"})
    assert late.status_code == 409
    assert "Somebody else corrected this address" in late.text
    assert "Street 77 Corrected Lane" in late.text
    assert 'value="1 Late Street"' in late.text
    assert 'name="version" value="1"' in late.text


def test_a_creation_that_waits_for_the_address_goes_on_by_itself(house: House) -> None:
    house.set_policy(unknown_region=UnknownRegion.REFUSE)
    po = house.place(address={"state": "Nowhere"})
    house.drain()
    assert "Nowhere" in str(house.shown(po)["attention"])
    assert "tried again with it" in correct(house, po)
    house.drain()
    assert places(house, po)[0][1] == "ID"


def test_of_a_shop_in_maintenance_it_is_said_that_the_address_changes_once_it_answers(house: House) -> None:
    po = house.place()
    house.drain()
    before, number = places(house, po), house.shown(po)["magento_increment_id"]
    house.magento.settings(maintenance=True)
    house.wish(po)
    house.drain()
    said = correct(house, po, magento="yes")
    assert f"Saved here. Magento order {number} is changed once Magento answers." in said
    assert f"Magento order {number} is to be changed too." in said
    house.magento.settings(maintenance=False)
    assert places(house, po) == before
    house.pass_time(minutes=5)
    house.drain()
    assert places(house, po) != before
    assert f"Magento order {number} has the corrected address." in me(house).get(page_of(house, po)).text


@pytest.mark.parametrize(("paused", "when"), [(False, "next"), (True, "once its account is resumed")])
def test_it_is_said_when_the_magento_order_gets_the_address(house: House, paused: bool, when: str) -> None:
    po = house.place()
    house.drain()
    number = house.shown(po)["magento_increment_id"]
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(AccountRow).values(is_paused=paused))
    assert f"Saved here. Magento order {number} stays." in correct(house, po, magento="no")
    page = page_of(house, po)
    asked = submit(me(house), f"{page}/address/magento", page)
    assert f"The address of Magento order {number} is changed {when}." in asked
    said = correct(house, po, 1, magento="yes", city="Nampa")
    assert f"Saved here. Magento order {number} is changed {when}." in said
