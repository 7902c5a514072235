"""The complete Magento order for a Walmart order, as `POST /V1/orders` wants it, its sums proved to the cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from webapp.domain.order import ZERO, Order
from webapp.domain.regions import Region
from webapp.domain.shop import Product
from webapp.domain.shop_address import CannotBuild, build_address, filled_in
from webapp.domain.shop_rows import Basket, Row, basket, cents, price
from webapp.domain.way_back import Sent

__all__ = ["CannotBuild", "Buyer", "Entity", "Target", "build", "check_totals", "patch", "with_shop_tax"]

LONGEST_INCREMENT_ID = 50
LONGEST_EXT_ORDER_ID = 32
NOT_IN_NUMBER = ":"
"""The shop's own command that keeps stock right separates its fields with it."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """The shop's customer that the order belongs to; without an id it is a guest's order."""

    id: int | None = None
    group_id: int = 0
    email: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the order goes: the store view's id and base currency, the number it gets there, and how it is written.

    `regions` is None where the shop's directory was not asked. `is_cart`: it becomes an order by way of a cart, which
    merges lines of a product whatever they cost, and needs an e-mail address.
    """

    store_id: int
    currency: str
    increment_id: str
    back_link: str = ""
    regions: tuple[Region, ...] | None = None
    refuse_unknown_region: bool = False
    buyer: Buyer = field(default_factory=Buyer)
    say_ship_by: bool = True
    is_cart: bool = False
    shipping_method: str = "flatrate_flatrate"
    payment_method: str = "checkmo"


@dataclass(frozen=True, slots=True)
class Entity:
    """The body to send, its total, what had to be made up because Magento demands a value, and the way back."""

    body: dict[str, Any]
    grand_total: Decimal
    made_up: tuple[str, ...]
    sent: tuple[Sent, ...] = ()


def build(order: Order, products: Mapping[str, Product], target: Target) -> Entity:
    """The complete payload for what is not cancelled. Raises CannotBuild with a sentence for the merchant."""
    _check_ids(order, target)
    goods = basket(order, products, by_price=not target.is_cart)
    if not goods.rows:
        raise CannotBuild("Every unit of this order is canceled, so there is nothing to create in Magento.")
    made_up: list[str] = []
    address = build_address(
        order,
        target.regions,
        made_up,
        refuse_unknown=target.refuse_unknown_region,
        needs_email=target.is_cart,
    )
    amounts = _amounts(goods)
    check_totals(amounts, goods.rows)
    shipping = {"address": {"address_type": "shipping", **address}, "method": target.shipping_method}
    body = {
        **_heading(order, target, address),
        **amounts,
        "items": [_item(row, target.store_id) for row in goods.rows],
        "billing_address": {"address_type": "billing", **address},
        "payment": _payment(order, target, amounts),
        "extension_attributes": {"shipping_assignments": [{"shipping": shipping}]},
        "status_histories": [_comment(order, target, goods, made_up)],
    }
    sent = tuple(Sent(row.product.sku, row.price, row.units) for row in goods.rows)
    return Entity(body, Decimal(str(amounts["grand_total"])), tuple(made_up), sent)


def patch(body: Mapping[str, Any], placed: Mapping[str, Any]) -> dict[str, Any]:
    """What turns a freshly placed cart into the order of `body`: totals, prices, buyer, comment; never its number.

    `placed` is the order as Magento shows it. Raises CannotBuild where its lines are not those of `body`.
    """
    items = {str(item["sku"]).casefold(): item for item in placed["items"] if not item.get("parent_item_id")}
    wanted = {str(item["sku"]).casefold(): item for item in body["items"]}
    if items.keys() != wanted.keys():
        raise CannotBuild("The cart became an order with other lines than those that were put in.")
    kept = {name: value for name, value in body.items() if name not in _PLACED_ALREADY}
    lines = [_patched_item(item, items[sku]) for sku, item in wanted.items()]
    payment = dict(body["payment"]) | {"entity_id": int(placed["payment"]["entity_id"])}
    return {"entity_id": int(placed["entity_id"]), **kept, "items": lines, "payment": payment}


def with_shop_tax(body: dict[str, Any], percents: Mapping[str, Decimal], on_shipping: Decimal) -> dict[str, Any]:
    """The same body, each amount with tax kept to the cent but split by the shop's own rates (per SKU, casefolded)."""
    rows = tuple(_retaxed(item, percents.get(str(item["sku"]).casefold(), ZERO)) for item in body["items"])
    gross = _decimal(body["shipping_incl_tax"])
    shipping_tax = _included(gross, on_shipping)
    amounts = _amounts(Basket(rows, gross - shipping_tax, shipping_tax))
    check_totals(amounts, rows)
    items = [{**item, **_item_money(row)} for item, row in zip(body["items"], rows, strict=True)]
    return {**body, **amounts, "items": items}


def check_totals(amounts: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Magento cross-checks nothing, so the sums are proved here. Raises CannotBuild where they do not add up."""
    money = {name: _decimal(value) for name, value in amounts.items() if name != "total_qty_ordered"}
    expected = money["subtotal"] + money["discount_amount"] + money["shipping_amount"] + money["tax_amount"]
    tax = sum((row.tax for row in rows), ZERO) + money["shipping_tax_amount"]
    subtotal = sum((row.row_total for row in rows), ZERO)
    if (money["grand_total"], money["tax_amount"], money["subtotal"]) != (expected, tax, subtotal):
        raise CannotBuild("The order's charges do not add up to its total, so it was not sent to Magento.")


_PLACED_ALREADY = frozenset(
    {"increment_id", "state", "status", "billing_address", "extension_attributes", "store_id", "is_virtual"}
    | {"email_sent"}
)


def _patched_item(wanted: Mapping[str, Any], placed: Mapping[str, Any]) -> dict[str, Any]:
    if _decimal(placed["qty_ordered"]) != _decimal(wanted["qty_ordered"]):
        raise CannotBuild("The cart became an order with other quantities than those that were put in.")
    return {**wanted, "item_id": int(placed["item_id"])}


def _retaxed(item: Mapping[str, Any], percent: Decimal) -> Row:
    discount = _decimal(item["discount_amount"])
    gross = _decimal(item["row_total"]) - discount + _decimal(item["tax_amount"])
    tax, quantity = _included(gross, percent), int(item["qty_ordered"])
    row_total = gross - tax + discount
    product = Product(int(item["product_id"]), str(item["sku"]), str(item["name"]), str(item["product_type"]))
    return Row(product, product.name, quantity, price(row_total / quantity), row_total, discount, tax)


def _included(gross: Decimal, percent: Decimal) -> Decimal:
    return cents(gross * percent / (100 + percent))


def _check_ids(order: Order, target: Target) -> None:
    number = target.increment_id
    if len(number) > LONGEST_INCREMENT_ID:
        raise CannotBuild(
            f"The order number {number} has more than {LONGEST_INCREMENT_ID} characters, which Magento would cut. "
            "Choose a shorter prefix in the account's settings."
        )
    if NOT_IN_NUMBER in number:
        raise CannotBuild(
            f"The order number {number} has a colon, which the shop's own repair of its stock cannot take. Choose a "
            "prefix without it in the account's settings."
        )
    if len(order.po) > LONGEST_EXT_ORDER_ID:
        raise CannotBuild(f"The PO number has more than {LONGEST_EXT_ORDER_ID} characters, which Magento would cut.")


def _amounts(goods: Basket) -> dict[str, Any]:
    rows = goods.rows
    subtotal = sum((row.row_total for row in rows), ZERO)
    discount = sum((row.discount for row in rows), ZERO)
    item_tax = sum((row.tax for row in rows), ZERO)
    tax = item_tax + goods.shipping_tax
    total = subtotal - discount + goods.shipping + tax
    amounts = {
        "subtotal": subtotal,
        "subtotal_incl_tax": subtotal + item_tax,
        "discount_amount": -discount,
        "shipping_amount": goods.shipping,
        "shipping_tax_amount": goods.shipping_tax,
        "shipping_incl_tax": goods.shipping + goods.shipping_tax,
        "tax_amount": tax,
        "grand_total": total,
        "total_due": total,
    }
    return {**_in_both(amounts), "total_qty_ordered": sum(row.quantity for row in rows)}


def _item(row: Row, store_id: int) -> dict[str, Any]:
    return {
        "sku": row.product.sku,
        "name": row.product.name or row.title,
        "product_id": row.product.id,
        "product_type": row.product.type,
        "store_id": store_id,
        "qty_ordered": row.quantity,
        **_item_money(row),
    }


def _item_money(row: Row) -> dict[str, Any]:
    with_tax = row.row_total + row.tax
    amounts = {
        "price": row.price,
        "original_price": row.price,
        "price_incl_tax": price(with_tax / row.quantity),
        "row_total": row.row_total,
        "row_total_incl_tax": with_tax,
        "tax_amount": row.tax,
        "discount_amount": row.discount,
    }
    return {"tax_percent": _number(row.tax_percent), **_in_both(amounts)}


def _heading(order: Order, target: Target, address: Mapping[str, Any]) -> dict[str, Any]:
    numbered = {"increment_id": target.increment_id} if target.increment_id else {}
    return {
        "store_id": target.store_id,
        **numbered,
        "ext_order_id": order.po,
        "state": "new",
        "status": "pending",
        "is_virtual": 0,
        "email_sent": 0,
        "customer_note_notify": 0,
        **_buyer(target.buyer, address),
        "base_currency_code": target.currency,
        "order_currency_code": order.currency,
        "global_currency_code": target.currency,
        "store_currency_code": target.currency,
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "shipping_description": f"Walmart - {order.method_code or 'Standard'}",
    }


def _buyer(buyer: Buyer, address: Mapping[str, Any]) -> dict[str, Any]:
    known = {"customer_id": buyer.id} if buyer.id is not None else {}
    return {
        **known,
        "customer_is_guest": 1 if buyer.id is None else 0,
        "customer_group_id": buyer.group_id,
        "customer_email": buyer.email or address["email"],
        "customer_firstname": buyer.first_name or address["firstname"],
        "customer_lastname": buyer.last_name or address["lastname"],
    }


def _payment(order: Order, target: Target, amounts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "method": target.payment_method,
        "amount_ordered": amounts["grand_total"],
        "base_amount_ordered": amounts["grand_total"],
        "shipping_amount": amounts["shipping_amount"],
        "base_shipping_amount": amounts["shipping_amount"],
        "additional_information": [
            "Paid at Walmart",
            f"Walmart purchase order {order.po}",
            f"Walmart customer order {order.customer_order_id}",
        ],
    }


def _comment(order: Order, target: Target, goods: Basket, made_up: Sequence[str]) -> dict[str, Any]:
    parts = [f"Walmart purchase order {order.po}, customer order {order.customer_order_id}."]
    if order.ship_by and target.say_ship_by:
        parts.append(f"Ship by {order.ship_by:%Y-%m-%d %H:%M} UTC.")
    parts += [f"Shipping contains {name} {amount:.2f}." for name, amount in goods.fees if amount]
    if made_up:
        parts.append(filled_in(made_up))
    if target.back_link:
        parts.append(target.back_link)
    return {
        "comment": " ".join(parts),
        "is_customer_notified": 0,
        "is_visible_on_front": 0,
        "status": "pending",
        "entity_name": "order",
    }


def _in_both(amounts: Mapping[str, Decimal]) -> dict[str, Any]:
    """Each amount in the order's and in the base currency, which are the same."""
    return {f"{base}{name}": _number(value) for name, value in amounts.items() for base in ("", "base_")}


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def _number(value: Decimal) -> float | int:
    """Magento takes JSON numbers; a Decimal of at most four places survives the way through a double exactly."""
    return int(value) if value == value.to_integral_value() else float(value)
