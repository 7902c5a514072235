"""Orders that Walmart ships itself: in Magento where that is wanted, and never a word about them to Walmart."""

from __future__ import annotations

from tests.house import House
from tests.journeys.shopping import reserved, shop_order, store_of, use
from webapp import stock
from webapp.domain.policy import AcknowledgeWhen

SKU = "FH-MUG-350-BLU"
VIEW, VIEW_ID = "walmart", 2


def written(house: House) -> list[str]:
    """Every call to Walmart that could change something; asking for a token is none."""
    calls = [call for call in house.walmart.ledger.calls() if call["method"] not in {"GET", "HEAD"}]
    return [f"{call['method']} {call['path']}" for call in calls if call["path"] != "/v3/token"]


def test_they_have_a_store_view_and_a_prefix_of_their_own_and_nothing_is_written_to_walmart(house: House) -> None:
    use(house, "cart")
    house.set_policy(
        create_wfs_orders=True,
        wfs_number_prefix="WFS-",
        wfs_store_view=VIEW,
        acknowledge=AcknowledgeWhen.ON_IMPORT,
        cancel_reason="SELLER_CANCEL_OUT_OF_STOCK",
        accept_cancellation_requests=True,
    )
    before = reserved(house, SKU)
    po = house.place(ship_node="WFSFulfilled", lines=[{"sku": SKU, "quantity": 3}])
    house.drain()
    order = shop_order(house, po)
    assert order["increment_id"] == f"WFS-{po}"
    assert {order["store_id"], *(item["store_id"] for item in order["items"])} == {VIEW_ID}
    assert reserved(house, SKU) == before, "created directly, whatever the store's mode"
    house.walmart.act(po, "acknowledge", webhook=False)
    house.walmart.act(po, "intent_to_cancel", webhook=False)
    house.wish(po)
    house.drain()
    house.magento.ship(f"WFS-{po}", {SKU: 1}, [{"track_number": "1Z999AA10123456784", "carrier_code": "ups"}])
    house.magento.refund(f"WFS-{po}", {SKU: 1})
    house.wish(po)
    house.drain()
    house.pass_time(hours=5)
    assert written(house) == []
    house.set_policy(wfs_store_view="gone")
    late = house.place(ship_node="3PLFulfilled", lines=[{"sku": SKU, "quantity": 1}])
    house.drain()
    assert "no store view gone" in str(house.shown(late)["attention"])


def on_the_shelf(house: House) -> float:
    items = house.magento.shop.source_items.all()
    return sum(float(item["quantity"]) for item in items if item["sku"] == SKU)


def test_their_stock_is_untouched_unless_it_is_managed(house: House) -> None:
    shelf, salable = on_the_shelf(house), house.magento.salable(SKU)
    house.set_policy(create_wfs_orders=True, wfs_number_prefix="WFS-", wfs_shipment_source="default")
    with house.app.app_context():
        assert "grep -v -E -e '^WFS-[0-9]+(-[0-9]{1,2})?:'" in stock.cron(store_of(house))
    shipped, canceled = (house.place(ship_node="WFSFulfilled", lines=[{"sku": SKU}]) for _ in range(2))
    house.drain()
    house.magento.repair("WFS-")
    assert (on_the_shelf(house), house.magento.salable(SKU)) == (shelf, salable)
    house.walmart.act(shipped, "ship", webhook=False)
    house.walmart.act(canceled, "cancel", webhook=False)
    for po in (shipped, canceled):
        house.wish(po)
    house.drain()
    assert house.magento.shipments(f"WFS-{shipped}") == []
    house.magento.repair("WFS-")
    assert (on_the_shelf(house), house.magento.salable(SKU)) == (shelf, salable)
    house.set_policy(wfs_manage_stock=True)
    house.wish(shipped)
    house.drain()
    assert len(house.magento.shipments(f"WFS-{shipped}")) == 1
    house.magento.repair()
    assert (on_the_shelf(house), house.magento.salable(SKU)) == (shelf - 1, salable - 1)
