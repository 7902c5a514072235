"""`POST /V1/order/{id}/ship` and what belongs to it: clamped quantities, tracks, the source they leave."""

from decimal import Decimal
from typing import Any

from sandbox.magento_errors import MagentoError, invalid_document, no_entity
from sandbox.magento_fields import SENT_TRACK, SHIP_CALL
from sandbox.magento_invoices import add, document_comments
from sandbox.magento_numbers import NOTHING, decimal, plain
from sandbox.magento_search import Document
from sandbox.magento_shapes import argument, read
from sandbox.magento_shop import Save, Shop, utc_now
from sandbox.magento_states import qty_to_ship, settle_state
from sandbox.magento_stock import release, take_from_source

NOT_SAVED = "Could not save a shipment, see error log for details"
NO_PRODUCTS = "You can't create a shipment without products."
NOT_ALLOWED = "The order does not allow a shipment to be created."
HAS_STATUS = "A shipment cannot be created when an order has a status of {}"
NO_NUMBER = "Please enter a tracking number."
STOPPING_STATES = ("holded", "canceled", "payment_review")
DEFAULT_SOURCE = "default"


def ship(shop: Shop, order_id: Any, body: dict[str, Any]) -> str:
    """Ship the named quantities, or all that is open, and give the shipment's id as text.

    A quantity above what is open is silently cut; without a source code the goods leave `default`,
    even where that is no source of the website's stock. Only a changed state touches the order's
    `updated_at` (all observed on 2.4.7-p3).
    """
    wanted = read(SHIP_CALL, body)
    tracks = wanted.get("tracks", [])
    extension = wanted.get("arguments", {}).get("extension_attributes", {})
    source = extension.get("source_code") or DEFAULT_SOURCE
    with shop.changing(order_id) as (order, save):
        quantities = _quantities(shop, order, wanted.get("items"))
        _refuse(shop, order, quantities, tracks)
        if not all(track.get("title") and track.get("carrier_code") for track in tracks):
            raise MagentoError(400, NOT_SAVED)
        for item, qty in quantities:
            if not take_from_source(shop, save, source, item["sku"], qty):
                raise MagentoError(400, NOT_SAVED)
            release(shop, save, order, item, qty, "shipment_created")
            add(item, "qty_shipped", qty)
        document = _document(shop, order, quantities, source)
        document["tracks"] = [new_track(shop, document, track) for track in tracks]
        document["comments"] = document_comments(shop, "shipment", document, wanted)
        _save(shop, save, order, document)
        save.mail(order, "shipment", wanted=wanted.get("notify"))
    return str(document["entity_id"])


def _save(shop: Shop, save: Save, order: Document, document: Document) -> None:
    moved_on = settle_state(order, in_progress=True)
    if moved_on:
        order["updated_at"] = utc_now()
    save.put(shop.orders, order)
    save.put(shop.shipments, document)
    save.tell("new_shipment", document)
    for track in document["tracks"]:
        save.tell("new_track", track)
    if moved_on:
        save.tell("order", order)
    detail = {
        "order": order["increment_id"],
        "items": {line["sku"]: line["qty"] for line in document["items"]},
        "tracks": [track["track_number"] for track in document["tracks"]],
    }
    save.effects.append(("ship", str(document["entity_id"]), detail))


def _quantities(shop: Shop, order: Document, wanted: list[Document] | None) -> list[tuple[Document, Decimal]]:
    lenient = shop.settings.refunded_unit_still_shippable
    open_now = [(item, qty_to_ship(item, refunded_still_ships=lenient)) for item in order["items"]]
    if not wanted:
        return [(item, qty) for item, qty in open_now if qty]
    asked = {one.get("order_item_id"): decimal(one.get("qty")) for one in wanted}
    cut = [(item, min(asked.get(item["item_id"], NOTHING), qty)) for item, qty in open_now]
    return [(item, qty) for item, qty in cut if qty > 0]


def _refuse(shop: Shop, order: Document, quantities: list[tuple[Document, Decimal]], tracks: list[Document]) -> None:
    messages = []
    if order.get("state") in STOPPING_STATES or order.get("is_virtual"):
        messages.append(HAS_STATUS.format(order.get("status")))
    elif not _quantities(shop, order, None):
        messages.append(NOT_ALLOWED)
    if not quantities:
        messages.append(NO_PRODUCTS)
    if any(not track.get("track_number") for track in tracks):
        messages.append(NO_NUMBER)
    if messages:
        raise invalid_document("Shipment", messages)


def _document(shop: Shop, order: Document, quantities: list[tuple[Document, Decimal]], source: str) -> Document:
    number, now = shop.next_id("shipment"), utc_now()
    address = order["_shipping"].get("address")
    document: Document = {
        "entity_id": number,
        "increment_id": shop.next_increment("shipment", order.get("store_id")),
        "order_id": order["entity_id"],
        "store_id": order.get("store_id"),
        "billing_address_id": order.get("billing_address_id"),
        "shipping_address_id": address["entity_id"] if address else None,
        "packages": [],
        "created_at": now,
        "updated_at": now,
        "total_qty": plain(sum((qty for _, qty in quantities), NOTHING)),
        "items": [_line(shop, item, qty, number) for item, qty in quantities],
        "extension_attributes": {"source_code": source},
    }
    return {name: value for name, value in document.items() if value is not None}


def _line(shop: Shop, item: Document, qty: Decimal, number: int) -> Document:
    told = ("name", "sku", "product_id", "price", "weight")
    return {name: item[name] for name in told if name in item} | {
        "entity_id": shop.next_id("shipment_item"),
        "parent_id": number,
        "order_item_id": item["item_id"],
        "qty": plain(qty),
    }


def new_track(shop: Shop, shipment: Document, sent: Document) -> Document:
    """A tracking number as it is kept with its shipment."""
    now = utc_now()
    return {
        "order_id": shipment["order_id"],
        "parent_id": shipment["entity_id"],
        "entity_id": shop.next_id("track"),
        "created_at": now,
        "updated_at": now,
        **{name: sent.get(name) for name in ("weight", "qty", "description")},
        **{name: sent.get(name) for name in ("track_number", "title", "carrier_code")},
    }


def add_track(shop: Shop, body: dict[str, Any]) -> Document:
    """Add a tracking number later; neither order nor shipment change their `updated_at` (2.4.7-p3)."""
    sent = read(SENT_TRACK, argument(body, "entity"))
    shipment = shop.shipments.get(sent.get("parent_id", ""))
    if shipment is None:
        raise MagentoError(400, "Could not save the shipment tracking.")
    if not sent.get("track_number") or not sent.get("title"):
        raise MagentoError(400, "Could not save the shipment tracking.")
    with shop.locks.hold(f"order {shipment['order_id']}"):
        shipment = shop.shipments.need(shipment["entity_id"])
        track = new_track(shop, shipment, sent)
        shipment["tracks"].append(track)
        save = Save()
        save.put(shop.shipments, shipment)
        save.tell("new_track", track)
        save.effects.append(("track", str(track["entity_id"]), {"number": track["track_number"]}))
        shop.commit(save)
    return track


def delete_track(shop: Shop, track_id: int) -> bool:
    """Remove a tracking number; nothing else shows a trace of it (2.4.7-p3)."""
    for shipment in shop.shipments.all():
        if not any(track["entity_id"] == track_id for track in shipment["tracks"]):
            continue
        with shop.locks.hold(f"order {shipment['order_id']}"):
            shipment = shop.shipments.need(shipment["entity_id"])
            shipment["tracks"] = [one for one in shipment["tracks"] if one["entity_id"] != track_id]
            save = Save()
            save.put(shop.shipments, shipment)
            save.effects.append(("track_delete", str(track_id), None))
            shop.commit(save)
        return True
    raise no_entity()


def add_comment(shop: Shop, shipment_id: Any, text: str) -> bool:
    """Append a comment to a shipment."""
    shipment = shop.shipments.need(shipment_id)
    with shop.locks.hold(f"order {shipment['order_id']}"):
        shipment = shop.shipments.need(shipment_id)
        wanted = {"appendComment": True, "comment": {"comment": text}}
        shipment["comments"] += document_comments(shop, "shipment", shipment, wanted)
        save = Save()
        save.put(shop.shipments, shipment)
        shop.commit(save)
    return True
