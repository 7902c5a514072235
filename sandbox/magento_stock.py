"""Multi-source inventory: what lies at the sources, what is promised, and what each event does to both."""

from decimal import Decimal
from typing import Any

from sandbox.magento_errors import FatalError, MagentoError, no_such
from sandbox.magento_numbers import NOTHING, decimal, plain
from sandbox.magento_search import Criteria, Document, echo, page_of, select
from sandbox.magento_shop import Reservation, Save, Shop, source_key
from sandbox.magento_states import qty_open, refunded_before_shipping
from sandbox.magento_stores import WEBSITES, website_code

SOURCES = {"default": "Default Source", "east": "East Warehouse", "west": "West Warehouse"}
DEFAULT_STOCK, WAREHOUSE_STOCK = 1, 2
FINAL_STATES = ("complete", "closed", "canceled")


def stock_of(shop: Shop, website: str) -> int:
    """The stock that a website sells from; with several sources the main one sells from warehouses."""
    return WAREHOUSE_STOCK if shop.settings.multi_source and website == "base" else DEFAULT_STOCK


def sources_of(stock_id: int) -> tuple[str, ...]:
    return ("east", "west") if stock_id == WAREHOUSE_STOCK else ("default",)


def salable(shop: Shop, sku: str, stock_id: int) -> Decimal:
    """In-stock quantities of the stock's sources plus the reservations, which are mostly negative."""
    items = [shop.source_items.get(source_key(source, sku)) for source in sources_of(stock_id)]
    shelf = sum((decimal(item["quantity"]) for item in items if item and item["status"] == 1), NOTHING)
    return shelf + shop.reserved(stock_id, sku)


def reserve(save: Save, shop: Shop, order: Document, sku: str, qty: Decimal, event: str) -> None:
    """Write a reservation for the order's website; negative promises goods, positive takes it back."""
    stock_id = stock_of(shop, website_code(order.get("store_id")))
    save.reservations.append(Reservation(stock_id, sku, qty, event, order["entity_id"], order["increment_id"]))


def release(shop: Shop, save: Save, order: Document, item: Document, qty: Decimal, event: str) -> None:
    """Compensate a promise, also one that a directly imported order never made (2.4.7-p3)."""
    if qty:
        reserve(save, shop, order, item["sku"], qty, event)


def take_from_source(shop: Shop, save: Save, source: str, sku: str, qty: Decimal) -> bool:
    """Note that goods leave the source; False when it has not got them."""
    item = shop.source_items.get(source_key(source, sku))
    already = sum((moved for s, k, moved in save.moved if (s, k) == (source, sku)), NOTHING)
    if source not in SOURCES or item is None or decimal(item["quantity"]) + already < qty:
        return False
    save.moved.append((source, sku, -qty))
    return True


def book_refund(shop: Shop, save: Save, order: Document, item: Document, qty: Decimal, *, returned: bool) -> None:
    """What a refund does to the stock, by the table observed on 2.4.7-p3.

    Units that never shipped give their promise back, and leave the source too unless returned to stock;
    shipped units come back to the source only when returned. Call it before `qty_refunded` grows.
    """
    unshipped = refunded_before_shipping(item, qty)
    release(shop, save, order, item, unshipped, "creditmemo_created")
    source = _left_from(shop, order)
    if unshipped and not returned:
        save.moved.append((source, item["sku"], -unshipped))
    if returned and qty - unshipped:
        save.moved.append((source, item["sku"], qty - unshipped))


def _left_from(shop: Shop, order: Document) -> str:
    shipments = shop.shipments.where(order_id=order["entity_id"])
    if shipments:
        return str(shipments[-1]["extension_attributes"]["source_code"])
    return sources_of(stock_of(shop, website_code(order.get("store_id"))))[0]


def repair(shop: Shop, leaves_out: tuple[str, ...] = ()) -> list[Document]:
    """Act as the shop's reservation repair cron: write what each order's reservations lack.

    After it an open order holds back exactly what still waits, and a finished one holds back nothing. Open orders whose
    numbers begin with one of `leaves_out` are passed over, as by a `grep -v` between Magento's two commands.
    """
    written: list[Document] = []
    for order in shop.orders.all():
        if order.get("state") not in FINAL_STATES and str(order["increment_id"]).startswith(leaves_out):
            continue
        with shop.locks.hold(f"order {order['entity_id']}"):
            order, save = shop.orders.need(order["entity_id"]), Save()
            for sku, missing in _missing(shop, order).items():
                reserve(save, shop, order, sku, missing, "manual_compensation")
                written.append({"order": order["increment_id"], "sku": sku, "quantity": plain(missing)})
            shop.commit(save)
    return written


def inconsistencies(shop: Shop) -> list[Document]:
    """What the repair would write now, without writing it."""
    return [
        {"order": order["increment_id"], "sku": sku, "quantity": plain(missing)}
        for order in shop.orders.all()
        for sku, missing in _missing(shop, order).items()
    ]


def _missing(shop: Shop, order: Document) -> dict[str, Decimal]:
    wanted: dict[str, Decimal] = {}
    final = order.get("state") in FINAL_STATES
    for item in order["items"]:
        waits = NOTHING if final else qty_open(item)
        wanted[item["sku"]] = wanted.get(item["sku"], NOTHING) - waits
    for row in shop.reservations.where(order_id=order["entity_id"]):
        wanted[row["sku"]] = wanted.get(row["sku"], NOTHING) - decimal(row["quantity"])
    return {sku: quantity for sku, quantity in wanted.items() if quantity}


def salable_quantity(shop: Shop, sku: str, stock_id: int) -> int | float:
    """The salable quantity; for an unknown SKU PHP breaks off (2.4.7-p3)."""
    if not shop.products.like(sku=sku):
        raise FatalError
    return plain(salable(shop, sku, stock_id))


def is_salable(shop: Shop, sku: str, stock_id: int) -> bool:
    return bool(shop.products.like(sku=sku)) and salable(shop, sku, stock_id) > 0


def resolve(shop: Shop, website: str) -> Document:
    """Which stock a website sells from."""
    if website not in {one.code for one in WEBSITES}:
        raise no_such("code", website)
    return next(one for one in stocks(shop) if one["stock_id"] == stock_of(shop, website))


def stocks(shop: Shop) -> list[Document]:
    """Every stock with the websites that sell from it."""
    names = {DEFAULT_STOCK: "Default Stock", WAREHOUSE_STOCK: "Warehouses"}
    return [
        {
            "stock_id": stock_id,
            "name": name,
            "extension_attributes": {
                "sales_channels": [
                    {"type": "website", "code": site.code}
                    for site in WEBSITES
                    if site.id and stock_of(shop, site.code) == stock_id
                ]
            },
        }
        for stock_id, name in names.items()
    ]


def sources(shop: Shop) -> list[Document]:
    """Every source of the shop."""
    return [
        {
            "source_code": code,
            "name": name,
            "enabled": True,
            "country_id": "US",
            "postcode": "00000",
            "use_default_carrier_config": True,
            "carrier_links": [],
            "extension_attributes": {"is_pickup_location_active": False},
        }
        for code, name in SOURCES.items()
    ]


def links(shop: Shop) -> list[Document]:
    """Which source belongs to which stock, and in which order it is drawn on."""
    return [
        {"stock_id": stock_id, "source_code": source, "priority": place}
        for stock_id in (DEFAULT_STOCK, WAREHOUSE_STOCK)
        for place, source in enumerate(sources_of(stock_id), 1)
    ]


def listed(documents: list[Document], criteria: Criteria) -> Document:
    """A list answer over documents that are not kept in a table."""
    found = select(documents, criteria)
    return {
        "items": page_of(found, criteria),
        "search_criteria": echo(criteria),
        "total_count": len(found),
    }


def list_source_items(shop: Shop, criteria: Criteria) -> Document:
    rows = shop.source_items.all()
    shown = [{name: value for name, value in row.items() if name != "_key"} for row in rows]
    return listed(sorted(shown, key=lambda row: (row["sku"], row["source_code"])), criteria)


def set_source_items(shop: Shop, body: dict[str, Any]) -> list[Any]:
    """Write absolute quantities; SKUs and signs are not checked, sources are (2.4.7-p3)."""
    given = body.get("sourceItems") or []
    if not given:
        raise MagentoError(400, "Input data is empty")
    for one in given:
        if not isinstance(one.get("status"), int):
            told = {"message": '"%field" should be numeric.', "parameters": {"field": "status"}}
            message = 'Validation Failed: "status" should be numeric.'
            raise MagentoError(400, message, errors=[told])
        if one.get("source_code") not in SOURCES:
            raise MagentoError(400, "Could not save Source Item")
    save = Save()
    for one in given:
        save.put(shop.source_items, source_item(one["source_code"], one["sku"], one["quantity"], one["status"]))
        detail = {"source": one["source_code"], "quantity": one["quantity"]}
        save.effects.append(("source_item", one["sku"], detail))
    shop.commit(save)
    return []


def source_item(source: str, sku: str, quantity: Any, status: int = 1) -> Document:
    return {
        "_key": source_key(source, sku),
        "sku": sku,
        "source_code": source,
        "quantity": plain(decimal(quantity)),
        "status": status,
    }


def select_sources(shop: Shop, body: dict[str, Any]) -> Document:
    """Which sources to ship a request from, drawn on in the order of their priority."""
    asked = body.get("inventoryRequest") or {}
    chosen: list[Document] = []
    shippable = True
    for one in asked.get("items", []):
        left = decimal(one.get("qty"))
        for source in sources_of(int(asked.get("stockId", DEFAULT_STOCK))):
            item = shop.source_items.get(source_key(source, one["sku"]))
            there = decimal(item["quantity"]) if item and item["status"] == 1 else NOTHING
            taken = max(min(left, there), NOTHING)
            if taken:
                chosen.append(
                    {
                        "source_code": source,
                        "sku": one["sku"],
                        "qty_to_deduct": plain(taken),
                        "qty_available": plain(there),
                    }
                )
            left -= taken
        shippable = shippable and not left
    return {"source_selection_items": chosen, "shippable": shippable}
