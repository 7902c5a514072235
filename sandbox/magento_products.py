"""The stand-in's products: searched, read, created, removed; simple ones and configurable parents."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sandbox import magento_attributes
from sandbox.catalog import CHOICES, PRODUCTS, TEES
from sandbox.magento_errors import MagentoError, required
from sandbox.magento_numbers import decimal, plain
from sandbox.magento_search import Document
from sandbox.magento_shapes import argument
from sandbox.magento_shop import Save, Shop, source_key, utc_now
from sandbox.magento_stock import SOURCES, source_item

NO_PRODUCT = "The product that was requested doesn't exist. Verify the product and try again."
TOO_LONG = "SKU length should be %1 characters maximum."
LONGEST_SKU = 64
DEFAULT_QUANTITY = 1000
TAX_CLASS = "2"
DEFAULT_SOURCE = ("default",)


def seed(shop: Shop) -> None:
    """Put the demo shop's products on the shelf, once."""
    if shop.products.all():
        return
    for product in (*PRODUCTS, *TEES):
        save(shop, _body(product.sku, product.title, product.price, product.weight), SOURCES, noted=False)
    for parent, children in CHOICES.items():
        save(shop, _parent(shop, parent.sku, parent.title, parent.price, children), SOURCES, noted=False)


def by_sku(shop: Shop, sku: str) -> Document:
    """The product of a SKU, whatever its case; Magento's 404 when there is none."""
    for key in shop.products.like(sku=sku):
        if (product := shop.products.get(key)) is not None:
            return product
    raise MagentoError(404, NO_PRODUCT)


def add(
    shop: Shop,
    sku: str,
    *,
    name: str = "",
    price: Any = Decimal("10.00"),
    weight: Any = Decimal(1),
    quantity: Any = DEFAULT_QUANTITY,
    children: Mapping[str, Mapping[str, str]] | list[str] | None = None,
) -> Document:
    """Create or change a product with its stock; with children it is their configurable parent.

    Children are named with what tells them apart: `{"CUP-RED": {"Color": "Red"}}`; a list of them is told apart by
    nothing.
    """
    if children is None:
        return save(shop, _body(sku, name or sku, price, weight, quantity), SOURCES)
    told = children if isinstance(children, Mapping) else {child: {} for child in children}
    return save(shop, _parent(shop, sku, name or sku, price, told), SOURCES)


def _parent(shop: Shop, sku: str, name: str, price: Any, children: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The body of a configurable product, once its children carry what tells them apart."""
    labels = list(dict.fromkeys(label for options in children.values() for label in options))
    axes = [magento_attributes.needed(shop, label) for label in labels]
    for child, options in children.items():
        values = {
            magento_attributes.code(label): magento_attributes.value(shop, label, option)
            for label, option in options.items()
        }
        if values:
            kept = by_sku(shop, child)
            with shop.documents.transaction():
                shop.products.put(kept | {"choices": kept.get("choices", {}) | values})
    body = _body(sku, name, price, 0)
    body["product"] |= {"type_id": "configurable", "children": list(children), "axes": axes}
    return body


def _body(sku: str, name: str, price: Any, weight: Any, quantity: Any = DEFAULT_QUANTITY) -> dict[str, Any]:
    stock = {"stock_item": {"qty": quantity, "is_in_stock": True}}
    product = {"sku": sku, "name": name, "price": price, "weight": weight, "extension_attributes": stock}
    return {"product": product}


def remove(shop: Shop, sku: str) -> bool:
    """Delete a product and what lies at the sources of it."""
    product = by_sku(shop, sku)
    with shop.documents.transaction():
        for source in SOURCES:
            shop.source_items.delete(source_key(source, sku))
        shop.products.delete(product["id"])
        shop.ledger.add("product_delete", product["sku"])
    return True


def save(shop: Shop, body: dict[str, Any], sources: Iterable[str] = DEFAULT_SOURCE, *, noted: bool = True) -> Document:
    """`POST /V1/products`: create, or change the product that has the SKU, and answer with all of it.

    Its stock lies at the source `default`, whatever the website sells from; a person may lay it elsewhere too.
    """
    sent = dict(argument(body, "product"))
    if not sent.get("sku"):
        raise required("sku")
    if len(str(sent["sku"])) > LONGEST_SKU:
        raise MagentoError(400, TOO_LONG, [LONGEST_SKU])
    with shop.locks.hold(f"sku {str(sent['sku']).casefold()}"):
        kept = _kept(shop, sent)
        change = Save()
        change.put(shop.products, kept)
        stock = (sent.get("extension_attributes") or {}).get("stock_item") or {}
        if kept["type_id"] != "configurable" and "qty" in stock:
            for source in sources:
                status = int(stock.get("is_in_stock", True))
                change.put(shop.source_items, source_item(source, kept["sku"], stock["qty"], status))
        change.tell("product_update" if "id" in sent else "new_product", kept)
        if noted:
            change.effects.append(("product_save", kept["sku"], {"price": kept["price"]}))
        shop.commit(change)
    answer = shown(shop, kept)
    return {name: value for name, value in answer.items() if name not in ("product_links", "tier_prices")}


def _kept(shop: Shop, sent: Document) -> Document:
    now = utc_now()
    if shop.products.like(sku=sent["sku"]):
        kept = by_sku(shop, sent["sku"])
    else:
        for name in ("name", "price"):
            if sent.get(name) is None:
                raise MagentoError(400, 'The "%1" attribute value is empty. Set the attribute and try again.', [name])
        kept = {
            "id": shop.next_id("product"),
            "sku": sent["sku"],
            "attribute_set_id": 4,
            "status": 1,
            "visibility": 4,
            "type_id": "simple",
            "created_at": now,
            "website_ids": [1],
            "children": [],
        }
    taken = ("name", "attribute_set_id", "status", "visibility", "type_id", "children", "axes")
    kept |= {name: sent[name] for name in taken if name in sent}
    kept |= {name: plain(decimal(sent[name])) for name in ("price", "weight") if name in sent}
    websites = (sent.get("extension_attributes") or {}).get("website_ids")
    custom = {one["attribute_code"]: one["value"] for one in sent.get("custom_attributes") or []}
    kept["tax_class"] = str(custom.get("tax_class_id", kept.get("tax_class", TAX_CLASS)))
    return kept | {"updated_at": now} | ({"website_ids": websites} if websites else {})


def listed(product: Document) -> Document:
    """The product as a list tells it: without its stock."""
    names = ("id", "sku", "name", "attribute_set_id", "price", "status", "visibility", "type_id")
    answer = {name: product[name] for name in (*names, "created_at", "updated_at", "weight") if name in product}
    key = "".join(sign if sign.isalnum() else "-" for sign in product["name"].lower())
    return answer | {
        "entity_id": product["id"],
        "extension_attributes": {"website_ids": product["website_ids"]},
        "product_links": [],
        "options": [],
        "media_gallery_entries": [],
        "tier_prices": [],
        "custom_attributes": [
            {"attribute_code": "options_container", "value": "container2"},
            {"attribute_code": "url_key", "value": key},
            {"attribute_code": "required_options", "value": "0"},
            {"attribute_code": "has_options", "value": "0"},
            {"attribute_code": "tax_class_id", "value": product.get("tax_class", TAX_CLASS)},
            {"attribute_code": "category_ids", "value": []},
            *({"attribute_code": code, "value": value} for code, value in product.get("choices", {}).items()),
        ],
    }


def shown(shop: Shop, product: Document) -> Document:
    """The product as GET by SKU tells it: with its stock item, a parent with its children's ids."""
    answer = listed(product)
    extension = {**answer["extension_attributes"], "stock_item": stock_item(shop, product["sku"])}
    if product["type_id"] == "configurable":
        children = [one["id"] for one in children_of(shop, product["sku"])]
        options = options_of(shop, product["sku"])
        extension |= {"configurable_product_options": options, "configurable_product_links": children}
    answer.pop("entity_id")
    return answer | {"extension_attributes": extension}


def children_of(shop: Shop, sku: str) -> list[Document]:
    """The simple products of a configurable parent."""
    parent = by_sku(shop, sku)
    wanted = {one.casefold() for one in parent.get("children", [])}
    return [listed(one) for one in shop.products.all() if one["sku"].casefold() in wanted]


def options_of(shop: Shop, sku: str) -> list[Document]:
    """What the children of a configurable product differ in; values are numbers of the attribute's options."""
    parent = by_sku(shop, sku)
    if parent["type_id"] != "configurable":
        raise MagentoError(400, 'This is implemented for the "%1" configurable product only.', [sku])
    children, found = children_of(shop, sku), []
    for place, key in enumerate(parent.get("axes", [])):
        attribute = shop.attributes.need(key)
        values = [
            one["value"]
            for child in children
            for one in child["custom_attributes"]
            if one["attribute_code"] == attribute["attribute_code"]
        ]
        found.append(
            {
                "id": parent["id"] * 10 + place,
                "attribute_id": str(key),
                "label": attribute["default_frontend_label"],
                "position": place,
                "values": [{"value_index": int(value)} for value in dict.fromkeys(values)],
                "product_id": parent["id"],
            }
        )
    return found


def stock_item(shop: Shop, sku: str) -> Document:
    """The older view of the stock, which mirrors the source `default` (2.4.7-p3)."""
    product = by_sku(shop, sku)
    item = shop.source_items.get(source_key("default", sku))
    quantity = item["quantity"] if item else 0
    return {
        "item_id": product["id"],
        "product_id": product["id"],
        "stock_id": 1,
        "qty": quantity,
        "is_in_stock": bool(item and item["status"] == 1),
        "is_qty_decimal": False,
        "show_default_notification_message": False,
        "use_config_min_qty": True,
        "min_qty": 0,
        "use_config_min_sale_qty": 1,
        "min_sale_qty": 1,
        "use_config_max_sale_qty": True,
        "max_sale_qty": 10000,
        "use_config_backorders": True,
        "backorders": 0,
        "use_config_notify_stock_qty": True,
        "notify_stock_qty": 1,
        "use_config_qty_increments": True,
        "qty_increments": 0,
        "use_config_enable_qty_inc": True,
        "enable_qty_increments": False,
        "use_config_manage_stock": True,
        "manage_stock": True,
        "low_stock_date": None,
        "is_decimal_divided": False,
        "stock_status_changed_auto": 0,
    }
