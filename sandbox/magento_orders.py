"""Orders as `POST /V1/orders` stores them: what is refused, what is kept as sent, what is cut off."""

import secrets
from typing import Any

from sandbox.magento_errors import MagentoError, no_entity
from sandbox.magento_fields import ADDRESS, ORDER
from sandbox.magento_numbers import decimal, plain
from sandbox.magento_search import Document
from sandbox.magento_shapes import argument, read
from sandbox.magento_shop import Save, Shop, utc_now
from sandbox.magento_stores import store_name

UNIQUE = "Unique constraint violation found"
NO_STORE = "The store that was requested wasn't found. Verify the store and try again."
KEPT_LENGTHS = {"increment_id": 50, "ext_order_id": 32}
NEEDED_IN_ADDRESS = {
    "postcode": "Zip code",
    "lastname": "Last name",
    "street": "Street",
    "city": "City",
    "country_id": "Country",
    "firstname": "First Name",
    "telephone": "Phone Number",
}
ITEM_DEFAULTS = """
    amount_refunded base_amount_refunded base_cost base_discount_amount base_discount_invoiced
    base_original_price base_price base_row_invoiced base_row_total base_tax_amount base_tax_invoiced
    discount_amount discount_invoiced discount_percent free_shipping no_discount price qty_backordered
    qty_canceled qty_invoiced qty_ordered qty_refunded qty_shipped row_invoiced row_total row_weight
    tax_amount tax_invoiced tax_percent weight"""


def save_order(shop: Shop, body: dict[str, Any]) -> Document:
    """Create the order, or change the named one when the entity carries its `entity_id`."""
    entity = read(ORDER, argument(body, "entity"))
    if entity.get("entity_id") and shop.orders.get(entity["entity_id"]):
        return update(shop, entity)
    return create(shop, entity)


def create(shop: Shop, entity: Document) -> Document:
    """Store the order as it was sent and answer with it; nothing is reckoned or reserved (2.4.7-p3).

    Refused are: no payment, an incomplete address, an unknown store, and a number that the store already
    has. Whatever is refused leaves nothing behind but, perhaps, a gap in the numbers.
    """
    if not entity.get("payment"):
        raise MagentoError(400, "Please provide payment for the order.")
    store_id = entity.get("store_id")
    name = store_name(shop, store_id)
    if name is None:
        raise MagentoError(404, NO_STORE)
    for address in addresses_of(entity):
        check_address(address)
    number = entity.get("increment_id") or shop.next_increment("order", store_id)
    with shop.locks.hold(f"increment {store_id} {number[:50].casefold()}"):
        if store_id is not None and shop.orders.like(increment_id=number[:50], store_id=store_id):
            raise MagentoError(400, UNIQUE)
        order = build(shop, entity | {"increment_id": number, "store_name": name})
        save = Save()
        put_new(shop, save, order)
        shop.commit(save)
    return answer_to_create(order, entity | {"increment_id": number})


def put_new(shop: Shop, save: Save, order: Document) -> None:
    """Note a new order in the save, with the webhooks and the effect that belong to it."""
    kept = order | {name: order[name][:size] for name, size in KEPT_LENGTHS.items() if order.get(name)}
    save.put(shop.orders, kept)
    save.tell("order", kept | {"mp_new": 1})
    for comment in kept["status_histories"]:
        save.tell("new_order_comment", comment)
    detail = {name: kept.get(name) for name in ("entity_id", "store_id", "ext_order_id", "grand_total")}
    save.effects.append(("order_create", kept["increment_id"], detail))


def addresses_of(entity: Document) -> list[Document]:
    """The billing address and the shipping address, where they were sent."""
    shipping = [one.get("shipping", {}).get("address") for one in assignments_of(entity)]
    return [address for address in (entity.get("billing_address"), *shipping) if address]


def assignments_of(entity: Document) -> list[Document]:
    extension = entity.get("extension_attributes") or {}
    return list(extension.get("shipping_assignments") or [])


def check_address(address: Document) -> None:
    """400 with one line for each missing part (2.4.7-p3); e-mail and region may be missing."""
    missing = [
        f'"{title}" is required. Enter and try again.'
        for name, title in NEEDED_IN_ADDRESS.items()
        if not _filled(address.get(name))
    ]
    if missing:
        raise MagentoError(400, "We can't save the address:\n%1", ["\n".join(missing)])


def _filled(value: Any) -> bool:
    return any(value) if isinstance(value, list) else bool(value)


def build(shop: Shop, entity: Document) -> Document:
    """The order document as the database holds it after a create."""
    order_id, now = shop.next_id("order"), utc_now()
    items = [_item(shop, one, order_id, now) for one in entity.get("items", [])]
    order: Document = {
        "created_at": now,
        "protect_code": secrets.token_hex(16),
        **entity,
        "entity_id": order_id,
        "updated_at": now,
        "total_item_count": len(items),
        "items": items,
    }
    extension = order.pop("extension_attributes", {})
    order["_taxes"] = {
        name: extension[name]
        for name in ("applied_taxes", "item_applied_taxes", "converting_from_quote")
        if name in extension
    }
    if entity.get("billing_address"):
        order["billing_address"] = _address(shop, entity["billing_address"], "billing", order_id)
        order["billing_address_id"] = order["billing_address"]["entity_id"]
    order["_shipping"] = _shipping(shop, entity, order_id)
    order["payment"] = _payment(shop, entity["payment"], order_id)
    histories = entity.get("status_histories", [])
    order["status_histories"] = [new_comment(shop, one, order, now) for one in histories]
    return order


def _item(shop: Shop, sent: Document, order_id: int, now: str) -> Document:
    """An item with the zeros that the database fills in."""
    item = {
        **dict.fromkeys(ITEM_DEFAULTS.split(), 0),
        "product_type": "simple",
        "original_price": sent.get("price", 0),
        **sent,
        "item_id": shop.next_id("item"),
        "order_id": order_id,
        "created_at": now,
        "updated_at": now,
    }
    item.pop("parent_item", None)
    item.pop("extension_attributes", None)
    return item


def _address(shop: Shop, sent: Document, kind: str, order_id: int) -> Document:
    number = shop.next_id("address")
    return {"address_type": kind, **sent, "entity_id": number, "parent_id": order_id}


def _payment(shop: Shop, sent: Document, order_id: int) -> Document:
    return {
        "account_status": None,
        "additional_information": [],
        "cc_last4": None,
        **sent,
        "entity_id": shop.next_id("payment"),
        "parent_id": order_id,
    }


def _shipping(shop: Shop, entity: Document, order_id: int) -> Document:
    """The address and the method of the first shipping assignment."""
    for assignment in assignments_of(entity):
        sent = assignment.get("shipping", {})
        kept = {"method": sent["method"]} if sent.get("method") else {}
        if sent.get("address"):
            kept["address"] = _address(shop, sent["address"], "shipping", order_id)
        return kept
    return {}


def new_comment(shop: Shop, sent: Document, order: Document, now: str) -> Document:
    """A line of the order's history as it is kept."""
    return {
        "is_customer_notified": None,
        "is_visible_on_front": 0,
        "status": order.get("status"),
        **sent,
        "created_at": now,
        "entity_id": shop.next_id("comment"),
        "parent_id": order["entity_id"],
    }


def answer_to_create(order: Document, sent: Document) -> Document:
    """The answer to a create: the sent values, long ones too, with the new ids (2.4.7-p3)."""
    answer = {name: value for name, value in order.items() if not name.startswith("_")}
    answer |= {name: sent[name] for name in KEPT_LENGTHS if name in sent}
    items = zip(order["items"], sent.get("items", []), strict=True)
    answer["items"] = [_answered_item(kept, one) for kept, one in items]
    answer["status_histories"] = [
        {name: value for name, value in one.items() if name != "created_at"} for one in order["status_histories"]
    ]
    answer |= _due(answer)
    if "extension_attributes" in sent:
        answer["extension_attributes"] = _answered_extension(order, sent["extension_attributes"])
    return answer


def _answered_item(kept: Document, sent: Document) -> Document:
    told = ("item_id", "order_id", "created_at", "updated_at", "original_price")
    return _with_row_totals({**sent, **{name: kept[name] for name in told}})


def _with_row_totals(item: Document) -> Document:
    """The item with its row totals as the REST output tells them: less the discount.

    The database keeps what was sent, and invoices and refunds reckon with that (2.4.7-p3).
    """
    told = dict(item)
    for base in ("", "base_"):
        row, tax, discount = (decimal(item.get(base + name)) for name in ("row_total", "tax_amount", "discount_amount"))
        told[f"{base}row_total"] = plain(row - discount)
        told[f"{base}row_total_incl_tax"] = plain(row + tax - discount)
    return told


def _answered_extension(order: Document, sent: Document) -> Document:
    answer = dict(sent)
    if answer.get("shipping_assignments") and order["_shipping"].get("address"):
        first = answer["shipping_assignments"][0]
        shipping = first["shipping"] | {"address": order["_shipping"]["address"]}
        assignment = first | {"shipping": shipping}
        if "items" in first:
            assignment["items"] = [_with_row_totals(item) for item in first["items"]]
        answer["shipping_assignments"] = [assignment]
    return answer


def _due(order: Document) -> Document:
    """The totals that Magento reckons while it answers; they are there even when nothing was sent."""
    due = max(decimal(order.get("grand_total")) - decimal(order.get("total_paid")), decimal(0))
    base = max(decimal(order.get("base_grand_total")) - decimal(order.get("base_total_paid")), decimal(0))
    return {
        "grand_total": order.get("grand_total"),
        "base_grand_total": order.get("base_grand_total"),
        "total_due": plain(due),
        "base_total_due": plain(base),
    }


def update(shop: Shop, entity: Document) -> Document:
    """Change just the sent columns of an order; items by `item_id`, the payment by `entity_id`.

    No state is checked and nothing is reckoned (2.4.7-p3).
    """
    with shop.changing(entity["entity_id"]) as (order, save):
        now = utc_now()
        nested = ("items", "payment", "billing_address", "status_histories", "extension_attributes")
        columns = {name: value for name, value in entity.items() if name not in nested}
        cut = {name: columns[name][:size] for name, size in KEPT_LENGTHS.items() if columns.get(name)}
        _check_number(shop, order, columns | cut)
        is_news = any(order.get(name) != value for name, value in (columns | cut).items()) or len(columns) < len(entity)
        order |= columns | cut | {"updated_at": now}
        known = {item["item_id"]: item for item in order["items"]}
        for sent in entity.get("items", []):
            if sent.get("item_id") in known:
                known[sent["item_id"]] |= sent | {"updated_at": now}
        order["payment"] |= entity.get("payment", {})
        if "billing_address" in entity:
            order["billing_address"] |= entity["billing_address"]
        for sent in entity.get("status_histories", []):
            order["status_histories"].append(new_comment(shop, sent, order, now))
        save.put(shop.orders, order)
        save.tell("order", order)
        if is_news:
            save.effects.append(("order_update", order["increment_id"], columns))
    return _answer_to_update(order, entity, columns)


def _check_number(shop: Shop, order: Document, columns: Document) -> None:
    number, store_id = columns.get("increment_id"), columns.get("store_id", order.get("store_id"))
    if number is None or number == order["increment_id"] or store_id is None:
        return
    if shop.orders.like(increment_id=number, store_id=store_id):
        raise MagentoError(400, UNIQUE)


def _answer_to_update(order: Document, entity: Document, columns: Document) -> Document:
    """The answer to an update knows only what was sent, and the loaded relations (2.4.7-p3)."""
    sent_items = {one.get("item_id"): one for one in entity.get("items", [])}
    times = ("item_id", "order_id", "created_at", "updated_at")
    answer = {"customer_email": None, **columns, **_due(columns)}
    for name in ("billing_address_id", "created_at", "updated_at", "billing_address", "payment"):
        if name in order:
            answer[name] = order[name]
    answer["items"] = [
        sent_items[item["item_id"]] | {name: item[name] for name in times} if item["item_id"] in sent_items else item
        for item in order["items"]
    ]
    if "payment" in entity:
        bare: Document = {"account_status": None, "additional_information": [], "cc_last4": None}
        answer["payment"] = {**bare, **entity["payment"], "parent_id": order["entity_id"]}
    answer["status_histories"] = newest_first(order["status_histories"])
    return answer


def newest_first(comments: list[Document]) -> list[Document]:
    return sorted(comments, key=lambda one: -one["entity_id"])


def update_address(shop: Shop, order_id: Any, body: dict[str, Any]) -> Document:
    """`PUT /V1/orders/{id}`: change one of the order's addresses, named by its `entity_id`."""
    sent = read(ADDRESS, argument(body, "entity"))
    found: Document | None = None
    with shop.changing(order_id) as (order, save):
        addresses = (order.get("billing_address"), order["_shipping"].get("address"))
        found = next((one for one in addresses if one and one["entity_id"] == sent.get("entity_id")), None)
        if found is None:
            raise no_entity()
        check_address(found | sent)
        before = dict(found)
        found |= sent | {"parent_id": order["entity_id"]}
        save.put(shop.orders, order)
        if found != before:
            save.effects.append(("address_update", order["increment_id"], None))
    return found


def shown(order: Document) -> Document:
    """The order as GET tells it."""
    answer = {name: value for name, value in order.items() if value is not None and name[0] != "_"}
    items = [_shown_item(item) for item in order["items"]]
    answer |= {name: value for name, value in _due(order).items() if value is not None}
    answer["items"] = items
    answer["payment"] = order["payment"]
    answer["status_histories"] = newest_first(order["status_histories"])
    answer["extension_attributes"] = _shown_extension(order, items)
    return answer


def _shown_item(item: Document) -> Document:
    told = {name: value for name, value in item.items() if value is not None and name[0] != "_"}
    return _with_row_totals(told) | {"extension_attributes": {"itemized_taxes": []}}


def _shown_extension(order: Document, items: list[Document]) -> Document:
    names = [f"{base}{name}" for base in ("", "base_") for name in _SHIPPING_TOTALS]
    total = {name: order[name] for name in names if order.get(name) is not None}
    notes = order["payment"].get("additional_information") or []
    return {
        "shipping_assignments": [{"shipping": {**order["_shipping"], "total": total}, "items": items}],
        "payment_additional_info": [{"key": str(at), "value": note} for at, note in enumerate(notes)],
        "applied_taxes": [],
        "item_applied_taxes": [],
        "converting_from_quote": False,
        **order["_taxes"],
        "taxes": [],
        "additional_itemized_taxes": [],
    }


_SHIPPING_TOTALS = (
    "shipping_amount",
    "shipping_incl_tax",
    "shipping_tax_amount",
    "shipping_invoiced",
    "shipping_refunded",
    "shipping_canceled",
    "shipping_tax_refunded",
)
