"""Shipments, credit memos and what is done to an order, against the stand-in shop, by exact quantities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.magento import MagentoSandbox
from tests.connectors.test_magento import an_entity, store_of
from webapp.connectors.http import Caller, ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.domain.shop import ItemUnits, ShopOrder, ShopTrack

UPS = ShopTrack(0, "1Z999AA10123456784", "ups", "United Parcel Service")


@pytest.fixture(scope="module")
def shop() -> Iterator[MagentoSandbox]:
    with MagentoSandbox() as sandbox:
        yield sandbox


@pytest.fixture
def magento(shop: MagentoSandbox) -> MagentoClient:
    return MagentoClient(Caller(), store_of(shop))


def invoiced(magento: MagentoClient, number: str, quantity: int = 2) -> ShopOrder:
    """An order of so many tins of tea at 10.00, invoiced."""
    total = Decimal(10) * quantity
    entity = an_entity(number)
    entity["items"][0] |= {"qty_ordered": quantity, "price": 10, "base_price": 10}
    entity["items"][0] |= {name: float(total) for name in ("row_total", "base_row_total")}
    names = ("subtotal", "base_subtotal", "grand_total", "base_grand_total", "total_due", "base_total_due")
    entity |= {name: float(total) for name in names} | {"total_qty_ordered": quantity}
    order = magento.create_order(entity)
    magento.invoice(order.entity_id)
    return order


def test_a_parcel_is_shipped_told_and_gets_another_number_later(magento: MagentoClient) -> None:
    order = invoiced(magento, "DOC-1")
    item = order.items[0].item_id
    made = magento.acts.ship(order.entity_id, {item: 1}, [UPS], comment="Walmart parcel 1")
    [shipment] = magento.documents.shipments_of([order.entity_id])
    assert (shipment.entity_id, shipment.order_id, shipment.items) == (made, order.entity_id, (ItemUnits(item, 1),))
    assert [(t.number, t.carrier_code, t.title) for t in shipment.tracks] == [(UPS.number, "ups", UPS.title)]
    assert shipment.comments == ("Walmart parcel 1",)
    later = magento.acts.add_track(order.entity_id, made, ShopTrack(0, "LATE-1"))
    [again] = magento.documents.shipments_by_id([made])
    assert [track.number for track in again.tracks] == [UPS.number, "LATE-1"]
    assert again.tracks[1].id == later
    assert abs(again.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert magento.documents.shipments_of([]) == ()


def test_a_quantity_above_what_is_open_is_cut_and_only_a_read_tells(magento: MagentoClient) -> None:
    order = invoiced(magento, "DOC-2")
    item = order.items[0].item_id
    magento.acts.ship(order.entity_id, {item: 5})
    [shipment] = magento.documents.shipments_of([order.entity_id])
    assert shipment.items == (ItemUnits(item, 2),)
    with pytest.raises(ConnectorError, match="does not allow a shipment") as caught:
        magento.acts.ship(order.entity_id, {item: 1})
    assert caught.value.permanent


def test_an_empty_list_is_never_sent_since_it_means_everything(shop: MagentoSandbox, magento: MagentoClient) -> None:
    order = invoiced(magento, "DOC-3")
    for act in (magento.acts.ship, magento.acts.refund, magento.acts.invoice_items):
        with pytest.raises(ValueError, match="all of them"):
            act(order.entity_id, {})
    assert shop.ledger.entries("ship", "DOC-3") == []


def test_a_credit_memo_is_told_with_its_money(magento: MagentoClient) -> None:
    order = invoiced(magento, "DOC-4")
    item = order.items[0].item_id
    first = magento.acts.refund(order.entity_id, {item: 1}, return_to_stock=[item], comment="Walmart: canceled")
    magento.acts.refund(order.entity_id, {item: 0}, adjustment_positive=Decimal("2.50"))
    memo, adjustment = magento.documents.creditmemos_of([order.entity_id])
    assert (memo.entity_id, memo.grand_total, memo.comments) == (first, Decimal(10), ("Walmart: canceled",))
    assert [(one.item_id, one.quantity, one.row_total) for one in memo.items if one.quantity] == [
        (item, 1, Decimal(10))
    ]
    assert (adjustment.adjustment_positive, adjustment.grand_total) == (Decimal("2.5"), Decimal("2.5"))
    read = magento.get_order(order.entity_id)
    assert read is not None
    assert read.total_refunded == Decimal("12.5")


def test_cancel_says_whether_magento_did_it(magento: MagentoClient) -> None:
    invoiced_whole = invoiced(magento, "DOC-5")
    assert magento.acts.cancel(invoiced_whole.entity_id) is False
    open_order = magento.create_order(an_entity("DOC-6"))
    assert magento.acts.cancel(open_order.entity_id) is True


def test_invoicing_what_stays_lets_magentos_cancel_take_the_rest(magento: MagentoClient) -> None:
    entity = an_entity("DOC-7")
    entity["items"][0]["qty_ordered"] = 2
    order = magento.create_order(entity)
    item = order.items[0].item_id
    magento.acts.invoice_items(order.entity_id, {item: 1})
    assert magento.acts.cancel(order.entity_id) is True
    read = magento.get_order(order.entity_id)
    assert read is not None
    assert [int(read.items[0].invoiced), int(read.items[0].canceled)] == [1, 1]
    assert read.state == "processing"


def test_changes_are_found_by_their_times_oldest_first(magento: MagentoClient) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    orders = [invoiced(magento, f"DOC-8{n}") for n in range(3)]
    for order in orders:
        magento.acts.ship(order.entity_id, {order.items[0].item_id: 1})
        magento.acts.refund(order.entity_id, {order.items[0].item_id: 1})
    mine = {order.entity_id for order in orders}
    shipped = [one.order_id for one in magento.documents.shipments_since(since) if one.order_id in mine]
    credited = [one.order_id for one in magento.documents.creditmemos_since(since) if one.order_id in mine]
    assert shipped == credited == sorted(mine)
    changed = list(magento.documents.orders_changed_since(since, store_id=1))
    assert mine <= {one.entity_id for one in changed}
    assert [one.updated_at for one in changed] == sorted(one.updated_at for one in changed)
    assert list(magento.documents.shipments_since(datetime.now(UTC) + timedelta(hours=1))) == []


def test_a_comment_and_the_sources_of_a_shop_with_several(shop: MagentoSandbox, magento: MagentoClient) -> None:
    order = invoiced(magento, "DOC-9")
    magento.acts.comment(order.entity_id, "The buyer called.")
    assert "The buyer called." in str(shop.order("DOC-9"))
    shop.settings(multi_source=True)
    try:
        stock = magento.stock.of_website("base")
        chosen = magento.acts.sources_for(stock.stock_id, {order.items[0].sku: 1})
    finally:
        shop.settings(multi_source=False)
    assert sum(one.quantity for one in chosen) == 1
    assert {one.sku for one in chosen} == {order.items[0].sku}
