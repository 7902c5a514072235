"""Invoices, shipments, credit memos and cancelling at the stand-in shop, as observed on a real one."""

from __future__ import annotations

from typing import Any

from sandbox.magento import MagentoSandbox
from tests.sandbox.magento_client import MUG, TEA, Client, criteria, entity, line

SHIPMENT = "Shipment Document Validation Error(s):\n"
MEMO = "Creditmemo Document Validation Error(s):\n"
NOTHING_TO_SHIP = "You can't create a shipment without products."


def _made(client: Client, **changes: Any) -> tuple[int, list[int]]:
    order = client.create(**changes)
    return order["entity_id"], [item["item_id"] for item in order["items"]]


def _state(client: Client, number: int) -> str:
    return str(client.order(number)["state"])


def _item(client: Client, number: int, place: int = 0) -> tuple[float, ...]:
    item = client.order(number)["items"][place]
    names = ("qty_invoiced", "qty_shipped", "qty_refunded", "qty_canceled")
    return tuple(item[name] for name in names)


def _only(item_id: int, qty: float, **arguments: Any) -> dict[str, Any]:
    return {"items": [{"order_item_id": item_id, "qty": qty}], "arguments": {"shipping_amount": 0, **arguments}}


def test_the_first_invoice_bills_shipping_and_a_second_full_one_is_refused(client: Client) -> None:
    number, [item] = _made(client)
    assert (
        client.post(f"order/{number}/invoice", {"capture": True, "items": [{"order_item_id": item, "qty": 1}]}) == "1"
    )
    assert client.post(f"order/{number}/invoice", {"capture": False}) == "2"
    invoices = client.get(f"invoices?{criteria(('order_id', 'eq', str(number)))}")["items"]
    assert [(one["grand_total"], one["shipping_amount"]) for one in invoices] == [(16.8, 4.12), (11.9, 0)]
    order = client.order(number)
    assert (order["state"], order["total_paid"], order["total_due"]) == ("processing", 28.7, 0)
    code, body = client.refused(f"order/{number}/invoice", {"capture": True})
    assert (code, body["message"].splitlines()[1:]) == (
        400,
        [
            "The invoice can't be created without products. Add products and try again.",
            "The order does not allow an invoice to be created.",
        ],
    )


def test_too_many_to_invoice_names_the_product(client: Client) -> None:
    number, [item] = _made(client)
    answer = client.refused(f"order/{number}/invoice", {"items": [{"order_item_id": item, "qty": 5}]})
    assert answer == (
        400,
        {"message": 'We found an invalid quantity to invoice item "%1".', "parameters": [MUG.title()]},
    )


def test_an_invoice_follows_the_lines_not_the_grand_total(client: Client) -> None:
    number, _ = _made(client, grand_total=99.99, base_grand_total=99.99)
    client.post(f"order/{number}/invoice", {})
    assert client.order(number)["total_paid"] == 28.7


def test_shipping_is_clamped_to_what_is_open(client: Client) -> None:
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {})
    track = {"track_number": "1Z9", "title": "UPS", "carrier_code": "ups"}
    body = {"items": [{"order_item_id": item, "qty": 1}], "tracks": [track], "appendComment": True}
    client.post(f"order/{number}/ship", body | {"comment": {"comment": "Parcel 1", "is_visible_on_front": 0}})
    assert _state(client, number) == "processing"
    client.post(f"order/{number}/ship", {"items": [{"order_item_id": item, "qty": 5}]})
    assert (_state(client, number), _item(client, number)) == ("complete", (2, 2, 0, 0))
    code, body = client.refused(f"order/{number}/ship", {"items": []})
    assert body["message"] == f"{SHIPMENT}The order does not allow a shipment to be created.\n{NOTHING_TO_SHIP}"
    first, second = client.get(f"shipments?{criteria(('order_id', 'eq', str(number)))}")["items"]
    assert (first["tracks"][0]["track_number"], first["comments"][0]["comment"]) == ("1Z9", "Parcel 1")
    assert (second["items"][0]["qty"], second["tracks"]) == (1, [])
    assert client.get(f"shipment/{first['entity_id']}") == first


def test_a_partial_shipment_and_later_tracks_leave_no_trace_in_updated_at(shop: MagentoSandbox, client: Client) -> None:
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {})
    before = "2026-01-02 03:04:05"
    shop.shop.orders.put(shop.shop.orders.need(number) | {"updated_at": before})
    shipment = client.post(f"order/{number}/ship", {"items": [{"order_item_id": item, "qty": 1}]})
    sent = {"order_id": number, "parent_id": int(shipment), "track_number": "L1", "title": "DHL", "carrier_code": "dhl"}
    track = client.post("shipment/track", {"entity": sent})
    read = client.get(f"shipment/{shipment}")
    assert client.order(number)["updated_at"] == before
    assert (read["created_at"], read["tracks"]) == (read["updated_at"], [track])
    assert client.call("DELETE", f"shipment/track/{track['entity_id']}").json() is True
    assert client.get(f"shipment/{shipment}")["tracks"] == []
    client.post(f"order/{number}/ship", {})
    assert client.order(number)["updated_at"] > before


def test_what_cannot_be_shipped(shop: MagentoSandbox, client: Client) -> None:
    number, [item] = _made(client)
    for items in ([{"order_item_id": item, "qty": 0}], [{"order_item_id": item, "qty": -1}], [{"order_item_id": 99}]):
        assert client.refused(f"order/{number}/ship", {"items": items})[1]["message"] == SHIPMENT + NOTHING_TO_SHIP
    empty = {"tracks": [{"track_number": "", "title": "DHL", "carrier_code": "dhl"}]}
    assert client.refused(f"order/{number}/ship", empty)[1]["message"] == f"{SHIPMENT}Please enter a tracking number."
    not_saved = (400, {"message": "Could not save a shipment, see error log for details"})
    assert client.refused(f"order/{number}/ship", {"tracks": [{"track_number": "X"}]}) == not_saved
    nowhere = {"arguments": {"extension_attributes": {"source_code": "nope"}}}
    assert client.refused(f"order/{number}/ship", nowhere) == not_saved
    shop.add_product(MUG, quantity=1)
    assert client.refused(f"order/{number}/ship", {}) == not_saved
    shop.hold(str(number))
    held = f"{SHIPMENT}A shipment cannot be created when an order has a status of holded"
    assert client.refused(f"order/{number}/ship", {})[1]["message"] == held
    assert _item(client, number) == (0, 0, 0, 0)


def test_shipped_but_not_invoiced_can_be_cancelled_all_the_same(client: Client) -> None:
    number, _ = _made(client)
    client.post(f"order/{number}/ship", {})
    assert _state(client, number) == "processing"
    assert client.post(f"orders/{number}/cancel") is True
    assert (_state(client, number), _item(client, number)) == ("canceled", (0, 2, 0, 0))
    assert client.post(f"orders/{number}/cancel") is False


def test_what_is_invoiced_stays_when_an_order_is_cancelled(client: Client) -> None:
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {"items": [{"order_item_id": item, "qty": 1}]})
    assert client.post(f"orders/{number}/cancel") is True
    assert (_state(client, number), _item(client, number)) == ("processing", (1, 0, 0, 1))
    client.post(f"order/{number}/ship", {})
    assert (_state(client, number), _item(client, number)) == ("complete", (1, 1, 0, 1))


def test_of_two_lines_the_shipped_one_stays_and_the_order_is_complete(client: Client) -> None:
    number, [kept, other] = _made(client, lines=[line(MUG, 1), line(TEA, 1)])
    client.post(f"order/{number}/invoice", {"items": [{"order_item_id": kept, "qty": 1}]})
    client.post(f"order/{number}/ship", {"items": [{"order_item_id": kept, "qty": 1}]})
    assert client.post(f"orders/{number}/cancel") is True
    assert _state(client, number) == "complete"
    assert (_item(client, number, 0), _item(client, number, 1)) == ((1, 1, 0, 0), (0, 0, 0, 1))


def test_cancel_says_false_where_it_is_not_allowed(client: Client) -> None:
    invoiced, _ = _made(client)
    client.post(f"order/{invoiced}/invoice", {})
    held, _ = _made(client)
    client.post(f"orders/{held}/hold")
    assert [client.post(f"orders/{number}/cancel") for number in (invoiced, held)] == [False, False]
    client.post(f"order/{invoiced}/ship", {})
    assert client.post(f"orders/{invoiced}/cancel") is False
    client.post(f"order/{invoiced}/refund", {})
    assert (_state(client, invoiced), client.post(f"orders/{invoiced}/cancel")) == ("closed", False)


def test_refunds_unit_by_unit_add_up_to_the_cent(client: Client) -> None:
    """Three pieces of 3.33 less 1.00 come back as 3.00, 3.00 and 2.99."""
    discounted = line(MUG, 3, 2.8, 0.0) | {"row_total": 8.39, "base_row_total": 8.39}
    discounted |= {"tax_amount": 1.6, "base_tax_amount": 1.6, "discount_amount": 1, "base_discount_amount": 1}
    number, [item] = _made(client, lines=[discounted], shipping=0, discount_amount=-1, base_discount_amount=-1)
    client.post(f"order/{number}/invoice", {})
    for _ in range(3):
        client.post(f"order/{number}/refund", _only(item, 1))
    memos = client.get(f"creditmemos?{criteria(('order_id', 'eq', str(number)))}")["items"]
    assert [memo["grand_total"] for memo in memos] == [3.0, 3.0, 2.99]


def test_an_empty_list_refunds_everything_and_a_zero_line_nothing(client: Client) -> None:
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {})
    adjustment = client.post(f"order/{number}/refund", _only(item, 0, adjustment_positive=2.5))
    shipping = client.post(f"order/{number}/refund", _only(item, 0) | {"arguments": {"shipping_amount": 4.12}})
    for memo, total in ((adjustment, 2.5), (shipping, 4.9)):
        read = client.get(f"creditmemo/{memo}")
        assert (read["grand_total"], read["items"]) == (total, [])
    code, body = client.refused(f"order/{number}/refund", {"items": []})
    assert (code, body["message"]) == (400, f"{MEMO}The most money available to refund is 21.3.")
    client.post(f"order/{number}/refund", _only(item, 0) | {"items": [], "arguments": {"adjustment_negative": 2.5}})
    assert _item(client, number) == (2, 0, 2, 0)


def test_what_cannot_be_refunded(client: Client) -> None:
    number, [item] = _made(client)
    nothing_paid = (400, {"message": f"{MEMO}The most money available to refund is 0."})
    assert client.refused(f"order/{number}/refund", {}) == nothing_paid
    invoice = client.post(f"order/{number}/invoice", {})
    too_many = {"message": 'We found an invalid quantity to refund item "%1".', "parameters": [MUG.title()]}
    assert client.refused(f"order/{number}/refund", _only(item, 3)) == (400, too_many)
    offline = (400, {"message": f"{MEMO}We can't create creditmemo for the invoice."})
    assert client.refused(f"invoice/{invoice}/refund", {"isOnline": True}) == offline


def test_a_full_refund_before_shipping_closes_and_cannot_ship(client: Client) -> None:
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {})
    everything = {"arguments": {"extension_attributes": {"return_to_stock_items": [item]}}}
    client.post(f"order/{number}/refund", everything)
    order = client.order(number)
    assert (order["state"], order["total_refunded"]) == ("closed", 28.7)
    assert order["status_histories"][0]["comment"] == "We refunded $28.70 offline."
    assert client.refused(f"order/{number}/ship", {})[0] == 400


def test_a_line_refunded_before_the_other_ships_makes_a_complete_order(client: Client) -> None:
    number, [first, second] = _made(client, lines=[line(MUG, 1), line(TEA, 1)])
    client.post(f"order/{number}/invoice", {})
    client.post(f"order/{number}/refund", _only(second, 1))
    client.post(f"order/{number}/ship", {})
    assert _state(client, number) == "complete"
    refused = client.refused(f"order/{number}/ship", {"items": [{"order_item_id": second, "qty": 1}]})
    assert refused[0] == 400


def test_a_refunded_unit_can_still_be_shipped_unless_switched_off(shop: MagentoSandbox, client: Client) -> None:
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {})
    client.post(f"order/{number}/refund", _only(item, 1))
    client.post(f"order/{number}/ship", {"items": [{"order_item_id": item, "qty": 2}]})
    assert (_state(client, number), _item(client, number)) == ("complete", (2, 1, 1, 0))
    client.post(f"order/{number}/ship", {"items": [{"order_item_id": item, "qty": 1}]})
    assert _item(client, number) == (2, 2, 1, 0)
    shop.settings(refunded_unit_still_shippable=False)
    number, [item] = _made(client)
    client.post(f"order/{number}/invoice", {})
    client.post(f"order/{number}/refund", _only(item, 1))
    client.post(f"order/{number}/ship", {})
    assert (_item(client, number), client.refused(f"order/{number}/ship", {})[0]) == ((2, 1, 1, 0), 400)


def test_an_order_of_zero(client: Client) -> None:
    def made() -> int:
        return _made(client, lines=[line(MUG, 1, 0, 0)], shipping=0, payment={"method": "free"})[0]

    number = made()
    assert client.post(f"orders/{number}/cancel") is True
    number = made()
    client.post(f"order/{number}/invoice", {})
    assert (_state(client, number), client.post(f"orders/{number}/cancel")) == ("processing", False)
    client.post(f"order/{number}/refund", {})
    assert _state(client, number) == "complete"
    number = made()
    client.post(f"order/{number}/invoice", {})
    client.post(f"order/{number}/ship", {})
    assert _state(client, number) == "complete"
    client.post(f"order/{number}/refund", {})


def test_created_complete_cannot_be_invoiced_and_closes_on_shipping(client: Client) -> None:
    number, _ = _made(client, state="complete", status="complete")
    assert client.refused(f"order/{number}/invoice", {})[0] == 400
    client.post(f"order/{number}/ship", {})
    assert _state(client, number) == "closed"


def test_mails_go_out_only_when_asked_for(shop: MagentoSandbox, client: Client) -> None:
    number, _ = _made(client)
    client.post(f"order/{number}/invoice", {"notify": False})
    assert shop.ledger.entries("email") == []
    client.post(f"order/{number}/ship", {"notify": True})
    assert [entry["detail"] for entry in shop.ledger.entries("email")] == [{"about": "shipment"}]


def test_a_person_in_the_admin_works_by_sku(shop: MagentoSandbox, client: Client) -> None:
    client.create(increment_id="WM-5", lines=[line(MUG, 2), line(TEA, 1)])
    shop.invoice("WM-5")
    shop.ship("WM-5", {MUG: 1}, [{"track_number": "1Z1", "carrier": "ups"}])
    shop.track("WM-5", "LATE", "fedex")
    shop.replace_track("WM-5", "LATE", "BETTER")
    shop.refund("WM-5", {TEA: 1}, return_to_stock=True)
    numbers = [track["track_number"] for track in shop.shipments("WM-5")[0]["tracks"]]
    assert numbers == ["1Z1", "BETTER"]
    assert [(i["qty_shipped"], i["qty_refunded"]) for i in shop.order("WM-5")["items"]] == [(1, 0), (0, 1)]
    assert [entry["effect"] for entry in shop.ledger.entries()] == [
        "order_create",
        "invoice",
        "ship",
        "track",
        "track_delete",
        "track",
        "refund",
    ]


def test_a_cancelled_order_cannot_be_sent_by_hand_either(client: Client) -> None:
    made = client.create(status_histories=[])
    assert client.post(f"orders/{made['entity_id']}/cancel") is True
    assert client.refused(f"order/{made['entity_id']}/ship", {})[0] == 400
    assert client.refused("orders", {"entity": entity(increment_id=made["increment_id"])})[0] == 400
