"""Orders that Walmart ships itself: in Magento where that is wanted, and never a word about them to Walmart."""

from __future__ import annotations

from tests.house import House
from tests.journeys.shopping import reserved, shop_order, use
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
