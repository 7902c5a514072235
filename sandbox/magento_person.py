"""A person at work in the shop's admin: ships, tracks, refunds and so on, told by SKU or by item id."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox import magento_actions, magento_invoices, magento_refunds, magento_shipments
from sandbox.magento_errors import no_entity
from sandbox.magento_numbers import NOTHING, decimal, plain
from sandbox.magento_search import Document
from sandbox.magento_shop import Shop
from sandbox.magento_states import qty_to_invoice, qty_to_refund, qty_to_ship

TITLES = {"ups": "UPS", "usps": "USPS", "fedex": "FedEx", "dhl": "DHL", "custom": "Custom"}


def find_order(shop: Shop, reference: str) -> Document:
    """The order of an increment id, else of an entity id, else of an external order id."""
    for name, value in (("increment_id", reference), ("ext_order_id", reference)):
        found = shop.orders.where(**{name: value})
        if found:
            return found[0]
        if name == "increment_id" and reference.isdigit() and (order := shop.orders.get(int(reference))):
            return order
    raise no_entity()


def ship(
    shop: Shop,
    reference: str,
    items: Mapping[str, Any] | None = None,
    tracks: list[Document] | None = None,
    source: str | None = None,
    comment: str = "",
) -> str:
    """Ship the quantities by SKU or item id, or everything open; the shipment's id."""
    order = find_order(shop, reference)
    body: Document = {"tracks": [full_track(track) for track in tracks or []]}
    if items:
        body["items"] = _lines(order, items, qty_to_ship)
    if source:
        body["arguments"] = {"extension_attributes": {"source_code": source}}
    if comment:
        body |= {"appendComment": True, "comment": {"comment": comment, "is_visible_on_front": 0}}
    return magento_shipments.ship(shop, order["entity_id"], body)


def invoice(shop: Shop, reference: str, items: Mapping[str, Any] | None = None) -> str:
    """Invoice the quantities by SKU or item id, or everything open; the invoice's id."""
    order = find_order(shop, reference)
    body: Document = {"capture": True}
    if items:
        body["items"] = _lines(order, items, qty_to_invoice)
    return magento_invoices.invoice(shop, order["entity_id"], body)


def refund(
    shop: Shop,
    reference: str,
    items: Mapping[str, Any] | None = None,
    amounts: Mapping[str, Any] | None = None,
    *,
    return_to_stock: bool = False,
) -> str:
    """Make a credit memo; the memo's id.

    With items, shipping is refunded only as far as `amounts` names `shipping_amount`; without items and
    amounts everything left is refunded. `amounts` also takes the two adjustments.
    """
    order = find_order(shop, reference)
    arguments: Document = {name: plain(decimal(value)) for name, value in (amounts or {}).items()}
    body: Document = {"arguments": arguments}
    if items:
        body["items"] = _lines(order, items, qty_to_refund)
    elif arguments:
        body["items"] = [{"order_item_id": order["items"][0]["item_id"], "qty": 0}]
    if items or arguments:
        arguments.setdefault("shipping_amount", 0)
    if return_to_stock:
        every = [item["item_id"] for item in order["items"]]
        arguments["extension_attributes"] = {"return_to_stock_items": every}
    return magento_refunds.refund(shop, order["entity_id"], body)


def track(shop: Shop, reference: str, sent: Document, shipment_id: int | None = None) -> Document:
    """Add a tracking number to a shipment of the order, the last one unless another is named."""
    order = find_order(shop, reference)
    shipments = shop.shipments.where(order_id=order["entity_id"])
    wanted = [one for one in shipments if shipment_id in (None, one["entity_id"])]
    if not wanted:
        raise no_entity()
    entity = {"order_id": order["entity_id"], "parent_id": wanted[-1]["entity_id"], **full_track(sent)}
    return magento_shipments.add_track(shop, {"entity": entity})


def replace_track(shop: Shop, reference: str, old: str, new: str) -> bool:
    """Correct a tracking number in place, which Magento leaves no trace of."""
    order = find_order(shop, reference)
    for shipment in shop.shipments.where(order_id=order["entity_id"]):
        for one in shipment["tracks"]:
            if one["track_number"] == old:
                magento_shipments.delete_track(shop, one["entity_id"])
                sent = one | {"track_number": new}
                track(shop, reference, sent, shipment["entity_id"])
                return True
    raise no_entity()


def full_track(sent: Document) -> Document:
    """A track with carrier and title filled in where a person left them out."""
    carrier = sent.get("carrier_code") or sent.get("carrier") or "custom"
    return {
        "track_number": sent.get("track_number") or sent.get("tracking_number") or "",
        "title": sent.get("title") or TITLES.get(carrier, carrier),
        "carrier_code": carrier,
    }


def comment(shop: Shop, reference: str, text: str) -> bool:
    order = find_order(shop, reference)
    body = {"statusHistory": {"comment": text, "is_customer_notified": 0, "is_visible_on_front": 0}}
    return magento_actions.comment(shop, order["entity_id"], body)


def _lines(order: Document, items: Mapping[str, Any], open_qty: Callable[[Document], Decimal]) -> list[Document]:
    """The wanted quantities by item id; those of a SKU are dealt over its lines, the last takes the rest."""
    lines: dict[int, Decimal] = {}
    for name, wanted in items.items():
        found = [item for item in order["items"] if name in (item["sku"], str(item["item_id"]))]
        if not found:
            raise no_entity()
        left = decimal(wanted)
        for item in found:
            taken = left if item is found[-1] else min(left, open_qty(item))
            if taken > NOTHING or len(found) == 1:
                lines[item["item_id"]] = taken
            left -= taken
    return [{"order_item_id": item_id, "qty": plain(qty)} for item_id, qty in lines.items()]
