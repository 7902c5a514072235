"""The simple product that is made in the shop for a Walmart SKU that it lacks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from webapp.domain.order import ZERO, Order
from webapp.domain.shop_rows import cents

LONGEST_SKU = 64
LONGEST_NAME = 255
"""What Magento's columns hold."""
HASH_SIGNS = 8


@dataclass(frozen=True, slots=True)
class NewProduct:
    """What is known of a product from an order: enough to take the order, not to sell it in the shop."""

    sku: str
    name: str
    price: Decimal
    quantity: int


def shop_sku(sku: str) -> str:
    """Walmart's SKU as Magento can hold it; a longer one is cut, and a hash of all of it keeps two of them apart."""
    if len(sku) <= LONGEST_SKU:
        return sku
    digest = hashlib.sha256(sku.encode()).hexdigest()[:HASH_SIGNS]
    return f"{sku[: LONGEST_SKU - HASH_SIGNS - 1]}-{digest}"


def new_product(order: Order, sku: str, sold: int) -> NewProduct | None:
    """The product of a SKU of the order, at the price of its first line; None where nothing of it is to be created.

    `sold` is how many units all orders wait for that are known to want it; the larger number is laid in stock.
    """
    lines = [line for line in order.lines if line.sku == sku and line.uncancelled > 0]
    if not lines:
        return None
    first, units = lines[0], sum(line.uncancelled for line in lines)
    gross = sum((charge.amount for charge in first.charges if charge.type == "PRODUCT" and charge.amount > 0), ZERO)
    name = (first.title.strip() or sku)[:LONGEST_NAME]
    return NewProduct(shop_sku(sku), name, cents(gross / first.quantity), max(units, sold))
