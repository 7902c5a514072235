"""The Magento side of an order as the rules see it: the shop's order, its items and the products it sells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

ORDERABLE_TYPES = frozenset({"simple", "virtual", "downloadable"})
REPLACEABLE_STATES = frozenset({"canceled", "closed"})
CLOSED_STATES = frozenset({"complete", "closed", "canceled", "holded"})


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the shop, found by SKU. Only types without choices can be ordered."""

    id: int
    sku: str
    name: str
    type: str = "simple"

    @property
    def can_be_ordered(self) -> bool:
        return self.type in ORDERABLE_TYPES


@dataclass(frozen=True, slots=True)
class Units:
    """So many units of one Walmart line."""

    line: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The way back: which units at Walmart stand behind one line of the Magento order, as they were merged."""

    item_id: int
    sku: str
    units: tuple[Units, ...]


@dataclass(frozen=True, slots=True)
class ShopItem:
    """One line of the Magento order with Magento's own five counts."""

    item_id: int
    sku: str
    ordered: Decimal
    invoiced: Decimal = Decimal(0)
    shipped: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    canceled: Decimal = Decimal(0)
    price: Decimal = Decimal(0)

    @property
    def left_to_invoice(self) -> Decimal:
        return self.ordered - self.invoiced - self.canceled


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """A Magento order as last read. `entity_id` is Magento's row, `increment_id` the number people use."""

    entity_id: int
    increment_id: str
    ext_order_id: str
    store_id: int | None
    state: str
    status: str
    grand_total: Decimal
    items: tuple[ShopItem, ...] = ()
    notes: tuple[str, ...] = ()
    """What the payment carries as additional information, where it was read."""

    @property
    def is_invoiced(self) -> bool:
        return all(item.left_to_invoice <= 0 for item in self.items)

    @property
    def is_canceled(self) -> bool:
        return self.state == "canceled"
