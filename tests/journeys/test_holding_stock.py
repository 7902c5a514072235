"""Stock is held while an order waits for its Magento order: taken once, given back once; the movements sum to zero."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from sandbox.magento_shop import Save
from tests.driving import command_of, second_account
from tests.house import House
from tests.journeys.shopping import browser, page_of, shop_order, submit, use
from webapp import account_changes, accounts, clock, outbox, removal, store_changes
from webapp.accounts import Refused
from webapp.models import CommandRow
from webapp.unit_of_work import unit_of_work

MUG, LACKING = "FH-MUG-350-BLU", "NOT-THERE-YET"
SETTLED = {"seconds": 121}


def shelf(house: House) -> float:
    items = house.magento.shop.source_items.all()
    mine = [item for item in items if (item["sku"], item["source_code"]) == (MUG, "default")]
    return float(mine[0]["quantity"])


def writes(house: House) -> list[float]:
    """Each quantity that was written for the mug."""
    return [one["detail"]["quantity"] for one in house.magento.ledger.entries("source_item", MUG)]


def waiting_order(house: House, **spec: Any) -> str:
    """Two mugs, and something that the shop lacks."""
    po = house.place(lines=[{"sku": MUG, "quantity": 2}, {"sku": LACKING}], **spec)
    house.drain()
    return po


def test_nothing_is_held_by_default_and_never_for_an_order_that_need_not_wait(house: House) -> None:
    waiting_order(house)
    house.set_policy(reserve_stock=True)
    house.place(lines=[{"sku": MUG}])
    waiting_order(house, ship_node="WFSFulfilled")
    house.drain()
    assert writes(house) == []


@pytest.mark.parametrize("mode", ["direct", "cart"])
def test_what_an_order_waits_with_is_held_until_its_magento_order_is_made(house: House, mode: str) -> None:
    use(house, mode)
    house.set_policy(reserve_stock=True)
    po = waiting_order(house)
    assert writes(house) == [998]
    assert "Stock is held for it in Magento until" in " ".join(house.shown(po)["waiting_for"])
    house.pass_time(hours=2)
    house.magento.add_product(LACKING)
    house.wish(po)
    house.drain()
    assert shop_order(house, po)
    assert (writes(house), shelf(house)) == ([998, 1000], 1000)
    house.pass_time(hours=30)
    assert writes(house) == [998, 1000]
    page = browser(house).get(page_of(house, po)).text
    assert "2 at source default (1000 → 998)" in page
    assert "since the Magento order takes it" in page


def test_a_cart_takes_the_last_units_that_were_held_for_it(house: House) -> None:
    use(house, "cart")
    house.set_policy(reserve_stock=True)
    house.magento.add_product(MUG, quantity=2)
    po = waiting_order(house)
    assert shelf(house) == 0
    house.magento.add_product(LACKING)
    house.wish(po)
    house.drain()
    assert shop_order(house, po)
    assert shelf(house) == 2


def test_it_is_given_back_when_the_order_is_canceled(house: House) -> None:
    house.set_policy(reserve_stock=True)
    po = waiting_order(house)
    for line in ("1", "2", "3"):
        house.walmart.act(po, "cancel", webhook=False, line=line)
    house.wish(po)
    house.drain()
    assert (house.shown(po)["status"], writes(house)) == ("Canceled", [998, 1000])


def test_it_is_given_back_when_the_days_are_over_and_not_taken_again(house: House) -> None:
    house.set_policy(reserve_stock=True)
    po = waiting_order(house)
    house.pass_time(hours=23)
    assert writes(house) == [998]
    house.pass_time(hours=2)
    assert writes(house) == [998, 1000]
    house.pass_time(days=3)
    house.wish(po)
    house.drain()
    assert writes(house) == [998, 1000]


def test_it_is_given_back_when_the_switch_is_off(house: House) -> None:
    house.set_policy(reserve_stock=True)
    po = waiting_order(house)
    house.set_policy(reserve_stock=False)
    house.wish(po)
    house.drain()
    assert writes(house) == [998, 1000]


def test_an_order_that_magento_refuses_for_now_is_held_for_too(house: House) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.fault("status", method="POST", path="/V1/orders$", status=500, times=2)
    po = house.place(lines=[{"sku": MUG, "quantity": 2}])
    house.drain()
    assert writes(house) == [998]
    for _ in range(3):
        house.pass_time(minutes=30)
    assert shop_order(house, po)
    assert writes(house) == [998, 1000]


def test_part_of_it_canceled_gives_that_part_back(house: House) -> None:
    house.set_policy(reserve_stock=True)
    po = waiting_order(house)
    house.walmart.act(po, "cancel", webhook=False, line="1")
    house.wish(po)
    house.drain()
    assert (writes(house), shelf(house)) == ([998, 1000, 999], 999)


@pytest.mark.parametrize(("fault", "times"), [("cut_after", 1), ("cut_before", 2)])
def test_a_lost_answer_moves_nothing_twice(house: House, fault: str, times: int) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.fault(fault, method="POST", path="/V1/inventory/source-items$", times=times)
    po = waiting_order(house)
    for _ in range(4):
        house.pass_time(**SETTLED)
    assert shelf(house) == 998
    house.magento.fault(fault, method="POST", path="/V1/inventory/source-items$", times=times)
    house.magento.add_product(LACKING)
    house.wish(po)
    house.drain()
    for _ in range(4):
        house.pass_time(**SETTLED)
    assert shelf(house) == 1000
    assert sum(after - before for before, after in zip([1000, *writes(house)], writes(house), strict=False)) == 0


def cancel_all(house: House, *orders: str) -> None:
    for po in orders:
        house.walmart.act(po, "cancel", webhook=False)
        house.wish(po)
    house.drain()


def test_nobody_else_moves_a_product_while_an_answer_is_lost(house: House) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.fault("cut_before", method="POST", path="/V1/inventory/source-items$", times=1)
    first = waiting_order(house)
    house.pass_time(seconds=15)
    assert "is not there yet" in command_of(house, first, "ReserveStock").reason
    second = waiting_order(house)
    assert "Another order is changing the stock" in command_of(house, second, "ReserveStock").reason
    for _ in range(6):
        house.pass_time(**SETTLED)
    assert writes(house) == [998, 996]
    cancel_all(house, first, second)
    for _ in range(3):
        house.pass_time(**SETTLED)
    assert writes(house) == [998, 996, 998, 1000]


def test_the_change_of_another_order_is_never_taken_for_ones_own(house: House) -> None:
    """The shop cannot be read for longer than a turn lasts; then the other order is first."""
    house.set_policy(reserve_stock=True)
    house.magento.fault("cut_before", method="POST", path="/V1/inventory/source-items$", times=1)
    first = waiting_order(house)
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(CommandRow).values(next_attempt_at=clock.now() + timedelta(hours=1)))
    house.pass_time(minutes=4)
    second = waiting_order(house)
    assert command_of(house, second, "ReserveStock").state == "done"
    house.pass_time(hours=1)
    command = command_of(house, first, "ReserveStock")
    assert (command.state, writes(house)) == ("parked", [998])
    assert "another order changed it since" in command.reason


def test_where_the_stock_itself_cannot_tell_a_person_is_asked(house: House) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.fault("cut_after", method="POST", path="/V1/inventory/source-items$", times=1)
    po = waiting_order(house)
    house.magento.add_product(MUG, quantity=700)
    house.pass_time(**SETTLED)
    command = command_of(house, po, "ReserveStock")
    assert command.state == "parked"
    assert "Put them right in Magento, then give this up" in command.reason
    assert shelf(house) == 700
    client, page, retry = browser(house), page_of(house, po), f"commands/{command.id}/retry"
    assert "It did not arrive: do it now" in client.get(page).text
    submit(client, f"{page}/{retry}", page)
    house.drain()
    assert (command_of(house, po, "ReserveStock").state, shelf(house)) == ("parked", 700)
    submit(client, f"{page}/{retry}", page, never_arrived="1")
    house.drain()
    assert (command_of(house, po, "ReserveStock").state, shelf(house)) == ("done", 698)
    assert "tried again by hand, as the change before never arrived" in client.get(page).text


@pytest.mark.parametrize("fault", ["cut_after", "cut_before"])
def test_trying_again_by_hand_adopts_what_was_sent_before(house: House, fault: str) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.fault(fault, method="POST", path="/V1/inventory/source-items$", times=1)
    po = waiting_order(house)
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(CommandRow).values(state="parked", next_attempt_at=None, ended_at=clock.now()))
    with house.app.app_context():
        outbox.retry(command_of(house, po, "ReserveStock").id, "maren@shop.example")
    for _ in range(3):
        house.pass_time(**SETTLED)
    assert (command_of(house, po, "ReserveStock").state, writes(house)) == ("done", [998])


def little(house: House, **changes: Any) -> dict[str, Any]:
    """The source item of the last two of something, changed by somebody where told."""
    table = house.magento.shop.source_items
    item = next(item for item in table.all() if item["sku"] == "LITTLE")
    if changes:
        save = Save()
        save.put(table, item | changes)
        house.magento.shop.commit(save)
    return {"quantity": float(item["quantity"]), "status": item["status"]} | changes


@pytest.mark.parametrize(
    ("found", "left"),
    [
        ({"quantity": 0, "status": 0}, {"quantity": 2, "status": 1}),
        ({"quantity": 5, "status": 0}, {"quantity": 7, "status": 0}),
    ],
)
def test_it_is_given_back_to_a_source_that_was_marked_out_of_stock(
    house: House, found: dict[str, Any], left: dict[str, Any]
) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.add_product("LITTLE", quantity=2)
    po = house.place(lines=[{"sku": "LITTLE", "quantity": 2}, {"sku": LACKING}])
    house.drain()
    little(house, **found)
    cancel_all(house, po)
    assert little(house) == left


def test_a_person_is_asked_where_the_source_it_was_taken_from_is_gone(house: House) -> None:
    house.set_policy(reserve_stock=True)
    house.magento.add_product("LITTLE", quantity=2)
    po = house.place(lines=[{"sku": "LITTLE", "quantity": 2}, {"sku": LACKING}])
    house.drain()
    house.magento.remove_product("LITTLE")
    cancel_all(house, po)
    command = command_of(house, po, "ReleaseStock")
    assert command.state == "parked"
    assert "2 at source default" in command.reason
    assert "then give this up" in command.reason


def test_orders_of_one_product_hold_it_one_after_the_other(house: House) -> None:
    house.set_policy(reserve_stock=True)
    for _ in range(5):
        house.place(lines=[{"sku": MUG, "quantity": 2}, {"sku": LACKING}])
    house.drain()
    for _ in range(6):
        house.pass_time(seconds=6)
    assert shelf(house) == 990
    assert sorted(writes(house), reverse=True) == [998, 996, 994, 992, 990]


def test_an_account_for_which_stock_is_held_is_neither_removed_nor_moved(house: House) -> None:
    house.set_policy(reserve_stock=True)
    po = waiting_order(house)
    admin, settings = browser(house, "admin"), f"/settings/accounts/{house.account_key}"
    page = admin.get(f"{settings}/remove").text
    assert f"order {po}: {MUG}, 2 at source default (1000 → 998)" in page
    assert "Hold stock while an order waits" in page
    assert "Remove for good" not in page
    with house.app.app_context(), pytest.raises(Refused, match="was not removed: Stock in Magento is still held"):
        removal.remove(accounts.by_id(house.account_id), "me")
    with second_account(house), house.app.app_context():
        with pytest.raises(Refused, match="took stock or made products there"):
            account_changes.change(house.account_id, account_changes.Change(store="Other shop"), "me")
        store = accounts.by_id(house.account_id).store
        with pytest.raises(Refused, match="took stock or made products there"):
            store_changes.change(store.id, store_changes.StoreChange(url="https://other.example"), "me")
    house.set_policy(reserve_stock=False)
    house.wish(po)
    house.drain()
    assert writes(house) == [998, 1000]
    submit(admin, f"{settings}/remove", f"{settings}/remove", name="Seller")
    assert admin.get(settings).status_code == 404
