"""The complete Magento order for a Walmart order, as `POST /V1/orders` wants it, its sums proved to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from webapp.domain.order import ZERO, Address, Line, Order
from webapp.domain.shop import Product

CENT = Decimal("0.01")
PRICE = Decimal("0.0001")
LONGEST_INCREMENT_ID = 50
LONGEST_EXT_ORDER_ID = 32
NO_PHONE = "0000"
NO_POSTCODE = "00000"

COUNTRIES = {
    "USA": "US",
    "CAN": "CA",
    "MEX": "MX",
    "CHL": "CL",
    "PRI": "PR",
    "GUM": "GU",
    "VIR": "VI",
    "ASM": "AS",
}
"""ISO-3 to ISO-2 for the countries Walmart delivers to; Walmart writes ISO-3, Magento wants ISO-2."""


class CannotBuild(Exception):
    """The order cannot be put into a Magento order as it stands; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the order goes: the store view's id and base currency, and the number it gets there."""

    store_id: int
    currency: str
    increment_id: str
    back_link: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """The body to send, its total, and what had to be made up because Magento demands a value."""

    body: dict[str, Any]
    grand_total: Decimal
    made_up: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One shop line: Walmart lines of equal SKU and unit price, put together."""

    sku: str
    title: str
    quantity: int
    price: Decimal
    row_total: Decimal
    discount: Decimal
    tax: Decimal


def build(order: Order, products: dict[str, Product], target: Target) -> Entity:
    """The complete payload for what is not cancelled. Raises CannotBuild with a sentence for the merchant."""
    _check_ids(order, target)
    rows = _rows(order)
    if not rows:
        raise CannotBuild("Every unit of this order is canceled, so there is nothing to create in Magento.")
    shipping, shipping_tax = _shipping(order)
    made_up: list[str] = []
    address = _address(order, made_up)
    amounts = _amounts(rows, shipping, shipping_tax)
    check_totals(amounts, rows)
    body = {
        **_heading(order, target, address),
        **amounts,
        "items": [_item(row, products[row.sku], target.store_id) for row in rows],
        "billing_address": {"address_type": "billing", **address},
        "payment": _payment(order, amounts),
        "extension_attributes": {
            "shipping_assignments": [
                {
                    "shipping": {
                        "address": {"address_type": "shipping", **address},
                        "method": "flatrate_flatrate",
                    }
                }
            ]
        },
        "status_histories": [_comment(order, target, made_up)],
    }
    return Entity(body, Decimal(str(amounts["grand_total"])), tuple(made_up))


def check_totals(amounts: dict[str, Any], rows: list[_Row]) -> None:
    """Magento cross-checks nothing, so the sums are proved here. Raises CannotBuild where they do not add up."""
    money = {name: Decimal(str(value)) for name, value in amounts.items() if name != "total_qty_ordered"}
    expected = money["subtotal"] + money["discount_amount"] + money["shipping_amount"] + money["tax_amount"]
    tax = sum((row.tax for row in rows), ZERO) + money["shipping_tax_amount"]
    subtotal = sum((row.row_total for row in rows), ZERO)
    if (money["grand_total"], money["tax_amount"], money["subtotal"]) != (expected, tax, subtotal):
        raise CannotBuild("The order's charges do not add up to its total, so it was not sent to Magento.")


def _check_ids(order: Order, target: Target) -> None:
    if len(target.increment_id) > LONGEST_INCREMENT_ID:
        raise CannotBuild(
            f"The order number {target.increment_id} has more than {LONGEST_INCREMENT_ID} characters, which Magento "
            "would cut. Choose a shorter prefix in the account's settings."
        )
    if len(order.po) > LONGEST_EXT_ORDER_ID:
        raise CannotBuild(f"The PO number has more than {LONGEST_EXT_ORDER_ID} characters, which Magento would cut.")


def _rows(order: Order) -> list[_Row]:
    merged: dict[tuple[str, Decimal], _Row] = {}
    for line in order.lines:
        if line.uncancelled <= 0:
            continue
        row = _row(line)
        key = (row.sku, row.price)
        before = merged.get(key)
        merged[key] = row if before is None else _put_together(before, row)
    return list(merged.values())


def _row(line: Line) -> _Row:
    share = Decimal(line.uncancelled) / Decimal(line.quantity)
    product = [charge for charge in line.charges if charge.type == "PRODUCT"]
    gross = sum((c.amount for c in product if c.amount > 0), ZERO)
    discount = -sum((c.amount for c in product if c.amount < 0), ZERO)
    tax = sum((c.tax for c in product), ZERO)
    return _Row(
        sku=line.sku,
        title=line.title,
        quantity=line.uncancelled,
        price=(gross / line.quantity).quantize(PRICE, ROUND_HALF_UP),
        row_total=_cents(gross * share),
        discount=_cents(discount * share),
        tax=_cents(tax * share),
    )


def _put_together(one: _Row, other: _Row) -> _Row:
    return _Row(
        one.sku,
        one.title,
        one.quantity + other.quantity,
        one.price,
        one.row_total + other.row_total,
        one.discount + other.discount,
        one.tax + other.tax,
    )


def _shipping(order: Order) -> tuple[Decimal, Decimal]:
    """Everything that is not the product itself: shipping and any fee, so that the totals stay Walmart's."""
    amount, tax = ZERO, ZERO
    for line in order.lines:
        if line.uncancelled <= 0:
            continue
        share = Decimal(line.uncancelled) / Decimal(line.quantity)
        for charge in line.charges:
            if charge.type != "PRODUCT":
                amount += _cents(charge.amount * share)
                tax += _cents(charge.tax * share)
    return amount, tax


def _amounts(rows: list[_Row], shipping: Decimal, shipping_tax: Decimal) -> dict[str, Any]:
    subtotal = sum((row.row_total for row in rows), ZERO)
    discount = sum((row.discount for row in rows), ZERO)
    item_tax = sum((row.tax for row in rows), ZERO)
    tax = item_tax + shipping_tax
    total = subtotal - discount + shipping + tax
    amounts = {
        "subtotal": subtotal,
        "subtotal_incl_tax": subtotal + item_tax,
        "discount_amount": -discount,
        "shipping_amount": shipping,
        "shipping_tax_amount": shipping_tax,
        "shipping_incl_tax": shipping + shipping_tax,
        "tax_amount": tax,
        "grand_total": total,
        "total_due": total,
    }
    sent = {}
    for name, value in amounts.items():
        sent[name] = sent[f"base_{name}"] = _number(value)
    sent["total_qty_ordered"] = sum(row.quantity for row in rows)
    return sent


def _item(row: _Row, product: Product, store_id: int) -> dict[str, Any]:
    with_tax = row.row_total + row.tax
    money = {
        "price": row.price,
        "original_price": row.price,
        "price_incl_tax": (with_tax / row.quantity).quantize(PRICE, ROUND_HALF_UP),
        "row_total": row.row_total,
        "row_total_incl_tax": with_tax,
        "tax_amount": row.tax,
        "discount_amount": row.discount,
    }
    sent: dict[str, Any] = {}
    for name, value in money.items():
        sent[name] = sent[f"base_{name}"] = _number(value)
    percent = (row.tax / (row.row_total - row.discount) * 100) if row.row_total > row.discount else ZERO
    return {
        "sku": product.sku,
        "name": product.name or row.title,
        "product_id": product.id,
        "product_type": product.type,
        "store_id": store_id,
        "qty_ordered": row.quantity,
        "tax_percent": _number(percent.quantize(PRICE, ROUND_HALF_UP)),
        **sent,
    }


def _heading(order: Order, target: Target, address: dict[str, Any]) -> dict[str, Any]:
    return {
        "store_id": target.store_id,
        "increment_id": target.increment_id,
        "ext_order_id": order.po,
        "state": "new",
        "status": "pending",
        "is_virtual": 0,
        "email_sent": 0,
        "customer_is_guest": 1,
        "customer_group_id": 0,
        "customer_note_notify": 0,
        "customer_email": order.email,
        "customer_firstname": address["firstname"],
        "customer_lastname": address["lastname"],
        "base_currency_code": target.currency,
        "order_currency_code": order.currency,
        "global_currency_code": target.currency,
        "store_currency_code": target.currency,
        "base_to_global_rate": 1,
        "base_to_order_rate": 1,
        "shipping_description": f"Walmart - {order.method_code or 'Standard'}",
    }


def _payment(order: Order, amounts: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": "checkmo",
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


def _address(order: Order, made_up: list[str]) -> dict[str, Any]:
    address = order.address
    first, last = _names(address.name, made_up)
    phone = address.phone.strip() or _instead("telephone", NO_PHONE, made_up)
    postcode = address.postal_code.strip() or _instead("postcode", NO_POSTCODE, made_up)
    street = [part for part in (address.address1.strip(), address.address2.strip()) if part]
    body = {
        "firstname": first,
        "lastname": last,
        "street": street or [_instead("street", "-", made_up)],
        "city": address.city.strip() or _instead("city", "-", made_up),
        "postcode": postcode,
        "country_id": _country(address),
        "telephone": phone,
        "email": order.email,
    }
    state = address.state.strip()
    return body | ({"region": state, "region_code": state} if state else {})


def _names(name: str, made_up: list[str]) -> tuple[str, str]:
    parts = name.split()
    if not parts:
        word = _instead("name", "Walmart customer", made_up)
        return word, word
    if len(parts) == 1:
        return parts[0], _instead("last name", parts[0], made_up)
    return " ".join(parts[:-1]), parts[-1]


def _country(address: Address) -> str:
    code = address.country.strip().upper()
    found = COUNTRIES.get(code, code)
    if len(found) != 2:
        raise CannotBuild(f"Walmart gives the country as “{address.country}”, which Magento does not know.")
    return found


def _instead(what: str, value: str, made_up: list[str]) -> str:
    made_up.append(f"{what} “{value}”")
    return value


def _comment(order: Order, target: Target, made_up: list[str]) -> dict[str, Any]:
    parts = [f"Walmart purchase order {order.po}, customer order {order.customer_order_id}."]
    if order.ship_by:
        parts.append(f"Ship by {order.ship_by:%Y-%m-%d %H:%M} UTC.")
    if made_up:
        parts.append(f"Walmart gave no {' and no '.join(made_up)}: filled in because Magento demands a value.")
    if target.back_link:
        parts.append(target.back_link)
    return {
        "comment": " ".join(parts),
        "is_customer_notified": 0,
        "is_visible_on_front": 0,
        "status": "pending",
        "entity_name": "order",
    }


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _number(value: Decimal) -> float | int:
    """Magento takes JSON numbers; a Decimal of at most four places survives the way through a double exactly."""
    return int(value) if value == value.to_integral_value() else float(value)
