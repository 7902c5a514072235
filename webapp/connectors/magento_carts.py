"""Magento's cart flow: a cart filled line by line, placed once, and the order that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from webapp.connectors.loose import amount, many, needed, part, text, whole
from webapp.connectors.magento_door import Door, bare_id, number, objects, read, thing
from webapp.connectors.magento_errors import is_gone, judge_lookup
from webapp.connectors.magento_search import Filter
from webapp.domain.order import ZERO

ITEM = "item_id,parent_item_id,sku,qty_ordered,tax_percent"
PLACED = (
    "entity_id,increment_id,ext_order_id,quote_id,state,status,grand_total,shipping_amount,shipping_tax_amount,"
    f"items[{ITEM}],payment[entity_id]"
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that came of a cart. `shown` is what the patch of its totals needs to know of it."""

    entity_id: int
    ext_order_id: str
    is_canceled: bool
    shown: dict[str, Any] = field(repr=False)
    tax_percents: Mapping[str, Decimal] = field(default_factory=dict)
    shipping_percent: Decimal = ZERO


class Carts:
    """The calls of the cart flow. Every method raises ConnectorError with Magento's own sentence."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def new(self) -> str:
        """A new, empty cart; its number."""
        return read(self._door.send("POST", "carts/"), bare_id)

    def quantities(self, cart: str) -> dict[str, Decimal] | None:
        """What lies in the open cart by SKU, casefolded; None where there is no such cart (any more)."""
        answer = self._door.send("GET", f"carts/{_part(cart)}/items", judge=judge_lookup)
        if is_gone(answer):
            return None
        entries = read(answer, lambda body: [thing(one) for one in objects(body)])
        return {text(one, "sku").casefold(): amount(one, "qty") or ZERO for one in entries}

    def add(self, cart: str, sku: str, quantity: int) -> None:
        """Put a product into the cart, at the shop's own price."""
        item = {"quote_id": cart, "sku": sku, "qty": quantity}
        self._door.send("POST", f"carts/{_part(cart)}/items", body={"cartItem": item})

    def address(self, cart: str, address: Mapping[str, Any], carrier: str, method: str) -> None:
        """Where the cart goes, and how; may be repeated."""
        sent = {
            "shipping_address": dict(address),
            "billing_address": dict(address),
            "shipping_carrier_code": carrier,
            "shipping_method_code": method,
        }
        self._door.send("POST", f"carts/{_part(cart)}/shipping-information", body={"addressInformation": sent})

    def place(self, cart: str, payment_method: str) -> int:
        """Make the order; its entity id. A cart that was placed already is refused with 404."""
        body = {"paymentMethod": {"method": payment_method}}
        answer = self._door.send("PUT", f"carts/{_part(cart)}/order", body=body)
        return read(answer, lambda body: int(bare_id(body)))

    def placed(self, cart: str) -> Placed | None:
        """The order that came of the cart; None where Magento shows none."""
        found = self._door.search("orders", [[Filter("quote_id", cart, "eq")]], f"items[{PLACED}],total_count", _placed)
        return next(iter(sorted(found, key=lambda one: one.entity_id)), None)


def _part(cart: str) -> str:
    return quote(cart, safe="")


def _placed(body: Any) -> Placed:
    entry = thing(body)
    items = [item for item in many(entry, "items") if not whole(item, "parent_item_id")]
    shipping, tax = amount(entry, "shipping_amount") or ZERO, amount(entry, "shipping_tax_amount") or ZERO
    lines = [
        {
            "item_id": number(item, "item_id"),
            "sku": needed(item, "sku"),
            "qty_ordered": str(amount(item, "qty_ordered")),
        }
        for item in items
    ]
    entity_id = number(entry, "entity_id")
    payment = {"entity_id": number(part(entry, "payment"), "entity_id")}
    return Placed(
        entity_id=entity_id,
        ext_order_id=text(entry, "ext_order_id"),
        is_canceled=text(entry, "state") == "canceled",
        shown={"entity_id": entity_id, "items": lines, "payment": payment},
        tax_percents={needed(item, "sku").casefold(): amount(item, "tax_percent") or ZERO for item in items},
        shipping_percent=tax / shipping * 100 if shipping else ZERO,
    )
