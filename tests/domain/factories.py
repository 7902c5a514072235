"""Orders, lines and shop orders with defaults, so that a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from webapp.domain.commands import CommandState, Issued
from webapp.domain.order import ACKNOWLEDGED, CREATED, Address, Charge, Line, Order, Quantity
from webapp.domain.plan import Seen
from webapp.domain.shop import Product, ShopItem, ShopOrder

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
HOME = Address("Maren Oldfield", "418 Larkspur Ave", "", "Boise", "ID", "83702", "USA", "2085550141")


def a_charge(amount: str, tax: str = "0", kind: str = "PRODUCT") -> Charge:
    return Charge(kind, kind.title(), Decimal(amount), Decimal(tax), "Tax1")


def a_line(number: int = 1, *units: tuple[str, int], sku: str = "MUG", **more: Any) -> Line:
    """A line whose units are in these statuses; one unit, Created, where nothing is said."""
    statuses = units or ((CREATED, 1),)
    more.setdefault("charges", (a_charge("10.00"),))
    quantity = sum(amount for _, amount in statuses)
    return Line(str(number), sku, f"A {sku}", quantity, tuple(Quantity(*one) for one in statuses), **more)


def an_order(*lines: Line, age: timedelta = timedelta(minutes=5), **more: Any) -> Order:
    more.setdefault("address", HOME)
    more.setdefault("email", "buyer@relay.example")
    return Order(
        po="108000000001",
        customer_order_id="200000000001",
        ordered_at=NOW - age,
        lines=lines or (a_line(),),
        **more,
    )


def acknowledged(**more: Any) -> Order:
    return an_order(a_line(1, (ACKNOWLEDGED, 1)), **more)


def a_product(sku: str = "MUG", kind: str = "simple") -> Product:
    return Product(7, sku, f"A {sku} of the shop", kind)


def a_shop_order(*, invoiced: int = 0, state: str = "new", status: str = "pending") -> ShopOrder:
    item = ShopItem(1, "MUG", ordered=Decimal(1), invoiced=Decimal(invoiced))
    return ShopOrder(12, "WM-108000000001", "108000000001", 1, state, status, Decimal("10.00"), (item,))


def seen(order: Order | None = None, *, linked: bool = False, **more: Any) -> Seen:
    """Both sides; the shop knows every product, and the linked order where one is."""
    order = order or an_order()
    more.setdefault("products", {line.sku: a_product(line.sku) for line in order.lines})
    more.setdefault("store_currency", "USD")
    if linked:
        more.setdefault("shop", a_shop_order())
        more["linked_increment_id"] = "WM-108000000001"
    return Seen(order=order, **more)


def issued(kind: type, state: CommandState, cause: int = 1, **more: Any) -> Issued:
    return Issued(kind.__name__, str(cause), state, **more)
