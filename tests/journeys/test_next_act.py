"""What needs a person leads that person to the act that settles it, and then it goes on by itself."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.house import House
from tests.journeys.both_ways import MUG, at_walmart, ship
from tests.journeys.shopping import browser, page_of
from tests.views.test_order_settings import Fields
from tests.working import work_off

BEE = {"track_number": "BEE-0001", "carrier_code": "custom", "title": "Parcel Bee"}


def save(admin: FlaskClient, address: str, **changes: str) -> None:
    """Send the form of the page as a browser would, but for what is changed."""
    page = admin.get(address).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    answer = admin.post(address, data={**Fields(page).sent, **changes, "csrf_token": token[1]})
    assert answer.status_code == 303, answer.text


def test_a_carrier_that_walmart_does_not_know_is_mapped_and_the_shipment_goes(house: House) -> None:
    po = house.place(lines=[{"sku": MUG, "quantity": 1}])
    work_off(house, po)
    ship(house, po, 1, MUG, BEE)
    assert at_walmart(house, po) == {"Acknowledged": 1}
    assert "Parcel Bee" in str(house.shown(po)["attention"])
    admin = browser(house, "admin")
    link = re.search(r'<a[^>]*href="([^"]+)"[^>]*>Map the carrier</a>', admin.get(page_of(house, po)).text)
    assert link is not None
    address = link[1]
    needs_you = browser(house).get(page_of(house, po)).text.partition("Needs you")[2].partition("</section>")[0]
    assert "Map the carrier" not in needs_you, "settings are for admins"
    assert "Mark as shipped…" in needs_you, "an operator is not left alone"
    save(admin, address, **{"carriers.0.right": "OnTrac"})
    work_off(house, po)
    assert at_walmart(house, po) == {"Shipped": 1}
    shipped = house.walmart.ledger.entries("ship", po)
    assert [one["detail"]["by"] for one in shipped] == ["api"]
    assert house.shown(po)["attention"] is None
    focused = re.findall(r"<input [^>]*autofocus[^>]*>", admin.get(address.replace("Parcel", "parcel")).text)
    assert len(focused) == 1
    assert 'value="OnTrac"' in focused[0], "who comes late is led to the row that is there"
    page = admin.get(page_of(house, po)).text
    assert "OnTrac" in page
    assert "Map the carrier" not in page
