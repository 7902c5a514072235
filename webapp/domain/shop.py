"""The Magento side of an order as the rules see it: the shop's order, its items and the products it sells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ORDERABLE_TYPES = frozenset({"simple", "virtual", "downloadable"})
CONFIGURABLE = "configurable"
"""Magento's type of a product that is chosen from by its options."""
REPLACEABLE_STATES = frozenset({"canceled", "closed"})
CLOSED_STATES = frozenset({"complete", "closed", "canceled", "holded"})


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the shop, found by SKU. Only types without choices can be ordered."""

    id: int
    sku: str
    name: str
    type: str = "simple"
    price: Decimal | None = None
    """The shop's own, in its base currency; nothing is reckoned with it."""

    @property
    def can_be_ordered(self) -> bool:
        return self.type in ORDERABLE_TYPES


@dataclass(frozen=True, slots=True)
class Variant:
    """A product that is sold in place of its configurable parent. `options` are what it is chosen by, as
    `("Color", "Red")`, in the shop's order; what Magento has no word for is left out."""

    product: Product
    options: tuple[tuple[str, str], ...] = ()
    is_disabled: bool = False
    lacks: int = 0
    """How many of the options have no word, so that those above do not tell the variants apart."""

    @property
    def words(self) -> str:
        """ "Color: Red, Size: M"; empty where nothing is known."""
        return ", ".join(f"{label}: {value}" for label, value in self.options)


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
class ShopTrack:
    """One tracking number of a Magento shipment. A number that is corrected is another track with another id."""

    id: int
    number: str
    carrier_code: str = ""
    title: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemUnits:
    """So many units of one line of the Magento order."""

    item_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ShopShipment:
    """A Magento shipment: what left the house at once, in parcels with these numbers."""

    entity_id: int
    increment_id: str
    order_id: int
    created_at: datetime
    items: tuple[ItemUnits, ...] = ()
    tracks: tuple[ShopTrack, ...] = ()
    source_code: str = ""
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credited:
    """One line of a credit memo. Amounts are for all its units: net of tax, before the discount, all positive."""

    item_id: int
    quantity: int
    row_total: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.row_total - self.discount + self.tax


@dataclass(frozen=True, slots=True)
class ShopCreditmemo:
    """A Magento credit memo. `shipping` is net of `shipping_tax`; a memo of shipping or adjustments has no items."""

    entity_id: int
    increment_id: str
    order_id: int
    created_at: datetime
    items: tuple[Credited, ...] = ()
    shipping: Decimal = Decimal(0)
    shipping_tax: Decimal = Decimal(0)
    adjustment_positive: Decimal = Decimal(0)
    adjustment_negative: Decimal = Decimal(0)
    grand_total: Decimal = Decimal(0)
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """A Magento order as last read. `entity_id` is Magento's row, `increment_id` the number people use.

    Its shipments and credit memos are read by calls of their own, and only where there can be any.
    """

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
    total_refunded: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    shipping_tax: Decimal = Decimal(0)
    shipping_refunded: Decimal = Decimal(0)
    shipments: tuple[ShopShipment, ...] = ()
    creditmemos: tuple[ShopCreditmemo, ...] = ()

    @property
    def is_invoiced(self) -> bool:
        return all(item.left_to_invoice <= 0 for item in self.items)

    @property
    def is_canceled(self) -> bool:
        return self.state == "canceled"
