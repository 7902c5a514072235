"""The seed's own example and its relatives: one unit ships, the other is canceled, in both orders, on both sides."""

from __future__ import annotations

import pytest

from tests.house import House
from tests.journeys.both_ways import at_walmart, credit, in_magento, log, ready, refunded_at_walmart, ship


@pytest.mark.parametrize("split", [True, False], ids=["two lines of one", "one line of two"])
@pytest.mark.parametrize("first", ["ship", "credit"])
@pytest.mark.parametrize("lenient", [True, False], ids=["credited unit offered", "not offered"])
def test_one_unit_ships_and_the_other_is_canceled(house: House, split: bool, first: str, lenient: bool) -> None:
    house.magento.settings(refunded_unit_still_shippable=lenient)
    po = ready(house, split=split)
    for act in (first, "credit" if first == "ship" else "ship"):
        if act == "ship":
            ship(house, po)
        else:
            credit(house, po)
    shown = house.shown(po)
    assert shown["status"] == "Partially Shipped"
    assert shown["counts"] == "1 shipped · 1 canceled"
    assert at_walmart(house, po) == {"Shipped": 1, "Cancelled": 1}
    assert in_magento(house, po)["shipped"] == 1
    assert in_magento(house, po)["refunded"] == 1
    assert refunded_at_walmart(house, po) == 0
    assert shown["attention"] is None
    assert shown["waiting_for"] == []
    assert house.effects("ship", po) == [po]
    assert house.effects("cancel", po) == [po]
    for minutes in (3, 60):
        house.pass_time(minutes=minutes)
    assert at_walmart(house, po) == {"Shipped": 1, "Cancelled": 1}, log(house, po)
