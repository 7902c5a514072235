"""The cart flow: a cart, its lines at the shop's own prices, an address, and the order that comes of it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from sandbox.magento_errors import MagentoError, no_such, required
from sandbox.magento_fields import ADDRESS, Shape
from sandbox.magento_numbers import NOTHING, decimal, plain
from sandbox.magento_orders import build, check_address, put_new
from sandbox.magento_products import by_sku
from sandbox.magento_search import Document
from sandbox.magento_shapes import argument, read
from sandbox.magento_shop import Save, Shop, utc_now
from sandbox.magento_stock import reserve, salable, stock_of
from sandbox.magento_stores import BY_CODE, store_name, website_code

NOT_AVAILABLE = "Product that you are trying to add is not available."
NOT_ENOUGH = "The requested qty is not available"
NEEDS_OPTIONS = "You need to choose options for your item."
EMPTY = "The shipping method can't be set for an empty cart. Add an item to cart and try again."
NO_CARRIER = "Carrier with such method not found: %1, %2"
NO_SHIPPING = "The shipping method is missing. Select the shipping method and try again."
NO_METHOD = "The requested Payment Method is not available."
PAYMENT_METHODS = {"checkmo": "Check / Money order", "free": "No Payment Information Required"}
CART_ITEM = Shape(
    numbers=frozenset({"qty", "price"}),
    integers=frozenset({"item_id"}),
    texts=frozenset({"sku", "name", "product_type", "quote_id"}),
    free=frozenset({"product_option", "extension_attributes"}),
)


def create(shop: Shop, store: str | None) -> Document:
    """A new, empty cart of the store view in the path."""
    view = BY_CODE.get(store or "default") or BY_CODE["default"]
    cart = {
        "id": shop.next_id("cart"),
        "masked_id": secrets.token_urlsafe(24)[:32],
        "store_id": view.id,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "is_active": True,
        "items": [],
    }
    with shop.documents.transaction():
        shop.carts.put(cart)
    return cart


def find(shop: Shop, reference: str) -> Document:
    """The open cart of a number or a masked id; a cart that became an order is gone (2.4.7-p3)."""
    found = [shop.carts.get(reference)] if reference.isdigit() else shop.carts.where(masked_id=reference)
    cart = found[0] if found else None
    if cart is None or not cart["is_active"]:
        raise no_such("cartId", cart["id"] if cart else int(reference) if reference.isdigit() else None)
    return cart


@contextmanager
def _changing(shop: Shop, reference: str) -> Iterator[tuple[Document, Save]]:
    with shop.locks.hold(f"cart {find(shop, reference)['id']}"):
        cart, save = find(shop, reference), Save()
        yield cart, save
        save.put(shop.carts, cart | {"updated_at": utc_now()})
        shop.commit(save)


def shown(cart: Document) -> Document:
    """The cart as GET tells it."""
    return {
        "id": cart["id"],
        "created_at": cart["created_at"],
        "updated_at": cart["updated_at"],
        "is_active": cart["is_active"],
        "is_virtual": False,
        "items": [shown_item(cart, item) for item in cart["items"]],
        "items_count": len(cart["items"]),
        "items_qty": plain(sum((decimal(item["qty"]) for item in cart["items"]), NOTHING)),
        "store_id": cart["store_id"],
    }


def shown_item(cart: Document, item: Document) -> Document:
    told = ("item_id", "sku", "qty", "name", "price", "product_type")
    return {name: item[name] for name in told} | {"quote_id": str(cart["id"])}


def add_item(shop: Shop, reference: str, body: dict[str, Any]) -> Document:
    """Add a product at the shop's price; a sent `price` is taken without a word and ignored (2.4.7-p3)."""
    sent = read(CART_ITEM, argument(body, "cartItem"))
    if not sent.get("sku"):
        raise required("sku")
    with _changing(shop, reference) as (cart, save):
        product = by_sku(shop, sent["sku"])
        item = next((one for one in cart["items"] if one["sku"] == product["sku"]), None)
        wanted = decimal(sent.get("qty", 1)) + decimal(item["qty"] if item else 0)
        _check_stock(shop, cart, product, wanted)
        if item is None:
            item = _new_item(shop, product)
            cart["items"].append(item)
        item["qty"] = plain(wanted)
    return shown_item(cart, item)


def _check_stock(shop: Shop, cart: Document, product: Document, wanted: Decimal) -> None:
    if product["type_id"] == "configurable":
        raise MagentoError(400, NEEDS_OPTIONS)
    there = salable(shop, product["sku"], stock_of(shop, website_code(cart["store_id"])))
    if product["status"] != 1 or there <= 0:
        raise MagentoError(400, NOT_AVAILABLE)
    if wanted > there:
        raise MagentoError(400, NOT_ENOUGH)


def _new_item(shop: Shop, product: Document) -> Document:
    return {
        "item_id": shop.next_id("cart_item"),
        "sku": product["sku"],
        "name": product["name"],
        "price": product["price"],
        "product_id": product["id"],
        "product_type": product["type_id"],
        "weight": product.get("weight", 0),
        "qty": 0,
    }


def set_shipping(shop: Shop, reference: str, body: dict[str, Any]) -> Document:
    """Set both addresses and the method; the totals at the shop's own prices come back."""
    sent = argument(body, "addressInformation")
    code, method = sent.get("shipping_carrier_code"), sent.get("shipping_method_code")
    with _changing(shop, reference) as (cart, save):
        if not cart["items"]:
            raise MagentoError(400, EMPTY)
        if f"{code}_{method}" not in shop.settings.carriers:
            raise MagentoError(404, NO_CARRIER, [code, method])
        shipping = read(ADDRESS, sent.get("shipping_address") or {})
        billing = read(ADDRESS, sent.get("billing_address") or shipping)
        for address in (shipping, billing):
            check_address(address)
        cart["shipping"] = {"address": shipping, "billing": billing, "method": f"{code}_{method}"}
    methods = [{"code": "checkmo", "title": PAYMENT_METHODS["checkmo"]}]
    return {"payment_methods": methods, "totals": totals(shop, cart)}


def _sums(shop: Shop, cart: Document) -> tuple[Decimal, Decimal]:
    """The goods and the shipping, both without tax: the shop has no tax rule of its own."""
    goods = sum((decimal(item["price"]) * decimal(item["qty"]) for item in cart["items"]), NOTHING)
    pieces = sum((decimal(item["qty"]) for item in cart["items"]), NOTHING)
    is_free = cart["shipping"]["method"].startswith("freeshipping")
    return goods, NOTHING if is_free else decimal(shop.settings.flatrate_price) * pieces


def _description(cart: Document) -> str:
    is_free = cart["shipping"]["method"].startswith("freeshipping")
    return "Free Shipping - Free" if is_free else "Flat Rate - Fixed"


def totals(shop: Shop, cart: Document) -> Document:
    """The cart's totals as Magento tells them."""
    goods, shipping = _sums(shop, cart)
    currency, total = shop.settings.base_currency, plain(goods + shipping)
    answer: Document = {"weee_tax_applied_amount": None, "items_qty": shown(cart)["items_qty"]}
    amounts = {
        "grand_total": total,
        "subtotal": plain(goods),
        "discount_amount": 0,
        "subtotal_with_discount": plain(goods),
        "shipping_amount": plain(shipping),
        "shipping_discount_amount": 0,
        "tax_amount": 0,
        "shipping_tax_amount": 0,
        "shipping_incl_tax": plain(shipping),
    }
    for name, value in amounts.items():
        answer |= {name: value, f"base_{name}": value}
    title = f"Shipping & Handling ({_description(cart)})"
    segments = [
        {"code": "subtotal", "title": "Subtotal", "value": plain(goods)},
        {"code": "shipping", "title": title, "value": plain(shipping)},
        {"code": "tax", "title": "Tax", "value": 0, "extension_attributes": {"tax_grandtotal_details": []}},
        {"code": "grand_total", "title": "Grand Total", "value": total, "area": "footer"},
    ]
    return answer | {
        "subtotal_incl_tax": plain(goods),
        "base_currency_code": currency,
        "quote_currency_code": currency,
        "items": [_total_item(item) for item in cart["items"]],
        "total_segments": segments,
    }


def _total_item(item: Document) -> Document:
    row = plain(decimal(item["price"]) * decimal(item["qty"]))
    told: Document = {"item_id": item["item_id"], "qty": item["qty"], "name": item["name"], "options": "[]"}
    for base in ("", "base_"):
        told |= {f"{base}price": item["price"], f"{base}price_incl_tax": item["price"]}
        told |= {f"{base}row_total": row, f"{base}row_total_incl_tax": row}
        told |= {f"{base}tax_amount": 0, f"{base}discount_amount": 0}
    zeros = dict.fromkeys(("row_total_with_discount", "tax_percent", "discount_percent"), 0)
    return told | zeros | {"weee_tax_applied_amount": None, "weee_tax_applied": None}


def place(shop: Shop, reference: str, body: dict[str, Any]) -> int:
    """Make the order: the shop's next number, a reservation for each line, the shop's mail to the buyer.

    The order's number comes back; a second call finds no cart any more (2.4.7-p3).
    """
    method = (body.get("paymentMethod") or {}).get("method")
    with _changing(shop, reference) as (cart, save):
        if not cart.get("shipping"):
            raise MagentoError(400, NO_SHIPPING)
        if method not in PAYMENT_METHODS:
            raise MagentoError(400, NO_METHOD)
        order = build(shop, _entity(shop, cart, str(method)))
        order["quote_id"] = cart["id"]
        for item in order["items"]:
            reserve(save, shop, order, item["sku"], -decimal(item["qty_ordered"]), "order_placed")
        put_new(shop, save, order)
        save.mail(order, "order", wanted=shop.settings.order_mails)
        cart |= {"is_active": False, "order_id": order["entity_id"]}
    return int(order["entity_id"])


def _entity(shop: Shop, cart: Document, method: str) -> Document:
    """The order entity that a placed cart amounts to."""
    goods, shipping = _sums(shop, cart)
    shipped, currency = cart["shipping"], shop.settings.base_currency
    amounts = {
        "subtotal": goods,
        "subtotal_incl_tax": goods,
        "shipping_amount": shipping,
        "shipping_incl_tax": shipping,
        "grand_total": goods + shipping,
        "tax_amount": NOTHING,
        "shipping_tax_amount": NOTHING,
        "discount_amount": NOTHING,
    }
    columns = {f"{base}{name}": plain(value) for name, value in amounts.items() for base in ("", "base_")}
    codes = ("base_currency_code", "order_currency_code", "global_currency_code", "store_currency_code")
    address = {"address": shipped["address"], "method": shipped["method"]}
    return {
        **columns,
        **dict.fromkeys(codes, currency),
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "store_id": cart["store_id"],
        "store_name": store_name(shop, cart["store_id"]),
        "increment_id": shop.next_increment("order", cart["store_id"]),
        "state": "new",
        "status": "pending",
        "is_virtual": 0,
        "customer_is_guest": 1,
        "customer_group_id": 0,
        "customer_email": shipped["address"].get("email"),
        "total_qty_ordered": plain(sum((decimal(item["qty"]) for item in cart["items"]), NOTHING)),
        "shipping_description": _description(cart),
        "items": [_order_item(cart, item) for item in cart["items"]],
        "billing_address": shipped["billing"],
        "payment": {
            "method": method,
            "amount_ordered": plain(goods + shipping),
            "base_amount_ordered": plain(goods + shipping),
            "additional_information": [PAYMENT_METHODS[method]],
        },
        "extension_attributes": {"shipping_assignments": [{"shipping": address}]},
    }


def _order_item(cart: Document, item: Document) -> Document:
    row = plain(decimal(item["price"]) * decimal(item["qty"]))
    kept = {"sku": item["sku"], "name": item["name"], "product_id": item["product_id"]}
    kept |= {"product_type": item["product_type"], "weight": item["weight"], "store_id": cart["store_id"]}
    kept |= {"qty_ordered": item["qty"], "quote_item_id": item["item_id"]}
    for base in ("", "base_"):
        kept |= {f"{base}{name}": item["price"] for name in ("price", "price_incl_tax", "original_price")}
        kept |= {f"{base}{name}": row for name in ("row_total", "row_total_incl_tax")}
    return kept
