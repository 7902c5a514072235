"""Creation as people ask for it: later, by hand, again; and the statuses that the merchant chose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.driving import command_of, sentences
from tests.house import House
from tests.journeys.shopping import row_of, shop_order, store_of, use
from webapp import account_changes, accounts, creation_by_hand, late_creation, stock
from webapp.account_changes import Change
from webapp.domain.policy import AcknowledgeWhen, Policy, TaxSource
from webapp.outbox import Refusal
from webapp.stock import StockState

MUG = "FH-MUG-350-BLU"
BY = "maren@shop.example"


def policy_of(house: House) -> Policy:
    with house.app.app_context():
        return accounts.by_id(house.account_id).policy


def change(house: House, **changes: object) -> None:
    with house.app.app_context():
        policy = replace(accounts.by_id(house.account_id).policy, **changes)  # type: ignore[arg-type]
        account_changes.change(house.account_id, Change(policy=policy), BY)


def by_hand(house: House, ask: Callable[[int, str], str], po: str) -> str:
    with house.app.app_context():
        return ask(row_of(house, po).id, BY)


# Switched on later


def test_switching_creation_on_says_how_many_orders_that_means_and_creates_just_those(house: House) -> None:
    house.set_policy(create_orders=False, acknowledge=AcknowledgeWhen.ON_IMPORT)
    open_ones = [house.place() for _ in range(3)]
    shipped, canceled, old = (house.place() for _ in range(3))
    wfs = house.place(ship_node="WFSFulfilled")
    house.walmart.act(shipped, "ship", webhook=False)
    house.walmart.act(canceled, "cancel")
    old = house.place(order_date=(datetime.now(UTC) - timedelta(days=9)).isoformat())
    house.drain()
    for po in (shipped, canceled):
        house.wish(po)
    house.drain()
    assert house.effects("order_create") == []
    wanted = replace(policy_of(house), create_orders=True)
    with house.app.app_context():
        number = late_creation.count(house.account_id, wanted)
        assert late_creation.say(number, wanted).startswith(f"{number} orders will be created")
    change(house, create_orders=True)
    house.drain()
    made = house.effects("order_create")
    assert len(made) == number
    assert {f"WM-{po}" for po in (*open_ones, shipped)} <= set(made)
    assert not {f"WM-{po}" for po in (canceled, old, wfs)} & set(made)
    with house.app.app_context():
        assert late_creation.say(late_creation.count(house.account_id, wanted), wanted) == ""


# By hand


def test_while_the_shop_is_away_it_is_said_that_the_order_has_to_wait_for_it(house: House) -> None:
    house.magento.settings(maintenance=True)
    po = house.place()
    house.drain()
    assert by_hand(house, creation_by_hand.create_now, po) == (
        "The Magento order is created as soon as it can be. Waiting for Magento: Magento is in maintenance mode."
    )
    house.magento.settings(maintenance=False)
    house.pass_time(hours=1)
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]


def test_one_order_is_created_by_hand_although_creating_is_switched_off(house: House) -> None:
    house.set_policy(create_orders=False)
    po, other = house.place(), house.place()
    house.drain()
    assert by_hand(house, creation_by_hand.create_now, po) == "Creating the Magento order."
    assert by_hand(house, creation_by_hand.create_now, po) == "It is on its way already."
    house.wish(po)
    house.drain()
    assert house.effects("order_create") == [f"WM-{po}"]
    assert BY in [entry["by"] for entry in house.shown(po)["log"]]
    with pytest.raises(Refusal, match="linked already"):
        by_hand(house, creation_by_hand.create_now, po)
    assert house.shown(other)["magento_increment_id"] is None


# Again


@pytest.mark.parametrize("mode", ["direct", "cart"])
@pytest.mark.parametrize("end", ["delete", "cancel"])
def test_an_order_that_is_gone_from_magento_is_noticed_and_created_again_when_a_person_wants_it(
    house: House, mode: str, end: str
) -> None:
    use(house, mode)
    house.set_policy(invoice=False)
    po = house.place()
    house.drain()
    first = shop_order(house, po)["increment_id"]
    with pytest.raises(Refusal, match="Cancel it in Magento first"):
        by_hand(house, creation_by_hand.recreate, po)
    end_it(house, po, end, first)
    attention = str(house.shown(po)["attention"])
    assert {"delete": "deleted", "cancel": "canceled"}[end] in attention
    assert len(house.effects("order_create")) == 1
    by_hand(house, creation_by_hand.recreate, po)
    house.drain()
    second = shop_order(house, po)["increment_id"]
    assert second != first
    assert (second == f"WM-{po}-2") is (mode == "direct")
    assert len(house.effects("order_create")) == 2
    assert f"in place of {first}" in sentences(house, po)
    assert row_of(house, po).magento_items
    end_it(house, po, end, second)
    by_hand(house, creation_by_hand.recreate, po)
    house.drain()
    assert (shop_order(house, po)["increment_id"] == f"WM-{po}-3") is (mode == "direct")
    assert len(house.effects("order_create")) == 3


def end_it(house: House, po: str, end: str, number: str) -> None:
    """The Magento order ends, long enough after it was made that its absence tells something."""
    getattr(house.magento, end)(number)
    house.pass_time(minutes=3)
    house.wish(po)
    house.drain()
    house.pass_time(seconds=6)


# Statuses


def test_without_invoices_the_status_follows_by_the_default_mapping_and_what_a_person_sets_stays(house: House) -> None:
    house.set_policy(invoice=False)
    po = house.place()
    house.drain()
    assert shop_order(house, po)["status"] == "processing"
    set_by_hand(house, po, "packing")
    house.wish(po)
    house.drain()
    assert shop_order(house, po)["status"] == "packing"
    assert len([row for row in house.commands(po) if row.kind == "SetMagentoStatus"]) == 1


def test_with_invoices_magento_comes_to_processing_itself(house: House) -> None:
    po = house.place()
    house.drain()
    assert shop_order(house, po)["status"] == "processing"
    assert not [row for row in house.commands(po) if row.kind == "SetMagentoStatus"]


def test_own_statuses_follow_each_step_but_never_move_a_held_or_canceled_order(house: House) -> None:
    house.set_policy(
        invoice=False,
        acknowledge=AcknowledgeWhen.BY_HAND,
        status_created="walmart_new",
        status_unshipped="walmart_open",
    )
    po, held, canceled = house.place(), house.place(), house.place()
    house.drain()
    assert shop_order(house, po)["status"] == "walmart_new"
    house.magento.hold(f"WM-{held}")
    house.magento.cancel(f"WM-{canceled}")
    for one in (po, held, canceled):
        house.walmart.act(one, "acknowledge")
        house.wish(one)
    house.drain()
    assert [shop_order(house, one)["status"] for one in (po, held, canceled)] == ["walmart_open", "holded", "canceled"]


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "status"])
def test_a_status_is_set_through_any_cut(house: House, fault: str) -> None:
    house.set_policy(invoice=False)
    house.magento.fault(fault, method="POST", path="/V1/orders$", times=1, skip=1)
    po = house.place()
    house.drain()
    house.pass_time(seconds=15)
    assert shop_order(house, po)["status"] == "processing"
    assert command_of(house, po, "SetMagentoStatus").state in {"done", "dismissed"}


def set_by_hand(house: House, po: str, status: str) -> None:
    entity_id = house.shown(po)["magento_order_id"]
    with house.magento.shop.changing(entity_id) as (order, save):
        order["status"] = status
        save.put(house.magento.shop.orders, order)


# Settings


def test_what_the_mode_cannot_honour_is_refused(house: House) -> None:
    with pytest.raises(accounts.Refused, match="always carry Walmart's tax"):
        change(house, tax_source=TaxSource.MAGENTO)
    use(house, "cart")
    change(house, tax_source=TaxSource.MAGENTO)
    assert policy_of(house).tax_source is TaxSource.MAGENTO


# Stock


def test_a_direct_store_warns_until_its_stock_was_seen_to_be_right(house: House) -> None:
    def read() -> StockState:
        with house.app.app_context():
            return stock.read(store_of(house)).state

    def warning() -> str:
        with house.app.app_context():
            return stock.warning(store_of(house))

    assert read() is StockState.NOTHING_TO_SEE
    po = house.place(lines=[{"sku": MUG, "quantity": 2}])
    house.drain()
    assert "holds no stock" not in sentences(house, po), "nobody has seen that yet"
    assert read() is StockState.NOTHING_TO_SEE
    house.pass_time(minutes=20)
    assert read() is StockState.WRONG
    assert f"{MUG} by 2" in warning()
    house.magento.repair()
    assert read() is StockState.RIGHT
    assert warning() == ""
    house.magento.ship(shop_order(house, po)["increment_id"], {MUG: 1})
    assert read() is StockState.RIGHT
    later = house.place(lines=[{"sku": MUG}])
    house.drain()
    assert "holds no stock" not in sentences(house, later)
    house.pass_time(minutes=20)
    assert read() is StockState.WRONG


def test_stock_that_is_held_for_a_fresh_order_is_seen_to_be_right_at_once(house: House) -> None:
    house.place()
    house.drain()
    with house.app.app_context():
        stock.read_when_due(store_of(house))
        assert stock.reading(store_of(house)).state is StockState.NOTHING_TO_SEE
        assert stock.warning(store_of(house)) != ""
        house.magento.repair()
        house.pass_time(minutes=2)
        stock.read_when_due(store_of(house))
        assert stock.reading(store_of(house)).state is StockState.RIGHT
        assert stock.warning(store_of(house)) == ""


def test_a_store_in_cart_mode_has_nothing_to_warn_of(house: House) -> None:
    use(house, "cart")
    po = house.place()
    house.drain()
    with house.app.app_context():
        assert stock.warning(store_of(house)) == ""
    assert "holds no stock" not in sentences(house, po)


# Held by a rule


def test_an_order_that_a_rule_holds_is_acknowledged_in_time_and_released_by_hand(house: House) -> None:
    house.set_policy(hold_above=Decimal(50), hold_skus="FH-TEA-MINT-50")
    small = house.place(lines=[{"sku": MUG, "price": 10}])
    large, tea = house.place(lines=[{"sku": MUG, "price": 60}]), house.place(lines=[{"sku": "FH-TEA-MINT-50"}])
    house.place(ship_node="WFSFulfilled", lines=[{"sku": "FH-TEA-MINT-50", "price": 60}])
    house.drain()
    assert house.effects("order_create") == [f"WM-{small}"]
    assert str(house.shown(large)["attention"]).startswith("Held by a rule of yours: its total")
    assert str(house.shown(tea)["attention"]).startswith("Held by a rule of yours: it has FH-TEA-MINT-50.")
    house.pass_time(hours=3, minutes=5)
    assert house.walmart.statuses(large) == {"1": {"Acknowledged": 1}}
    assert by_hand(house, creation_by_hand.create_now, large) == "Creating the Magento order."
    house.drain()
    assert shop_order(house, large)
    assert house.shown(large)["attention"] in (None, "")
    with house.app.app_context():
        assert late_creation.count(house.account_id, policy_of(house)) == 0
        with_wfs = replace(policy_of(house), create_wfs_orders=True)
        assert late_creation.count(house.account_id, with_wfs) == 1, "what Walmart ships is never held"
    change(house, hold_skus="")
    house.drain()
    assert shop_order(house, tea)
