"""A Walmart order as the rules see it: lines, quantities per status, charges, and the one status they fold into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal(0)

CREATED = "Created"
ACKNOWLEDGED = "Acknowledged"
CANCELLED = "Cancelled"
SHIPPED_WORDS = frozenset({"Shipped", "Delivered", "Refund"})
KNOWN_WORDS = frozenset({CREATED, ACKNOWLEDGED, CANCELLED}) | SHIPPED_WORDS

SELLER_FULFILLED = "SellerFulfilled"


class OrderStatus(StrEnum):
    """The five words a merchant knows; `meaning` is the sentence shown beside each."""

    CREATED = "Created"
    UNSHIPPED = "Unshipped"
    PARTIALLY_SHIPPED = "Partially Shipped"
    SHIPPED = "Shipped"
    CANCELED = "Canceled"

    @property
    def slug(self) -> str:
        """The word as it stands in URLs and in `data-status`: `partially-shipped`."""
        return self.value.lower().replace(" ", "-")

    @property
    def meaning(self) -> str:
        """One sentence that says what the status means."""
        return _MEANINGS[self]


_MEANINGS = {
    OrderStatus.CREATED: "New at Walmart: a unit is not acknowledged yet. It says nothing of the Magento order.",
    OrderStatus.UNSHIPPED: "Acknowledged at Walmart; nothing has shipped yet.",
    OrderStatus.PARTIALLY_SHIPPED: "Some units have shipped; the rest is open or canceled.",
    OrderStatus.SHIPPED: "Every unit has shipped. A refunded order stays Shipped.",
    OrderStatus.CANCELED: "Every unit is canceled.",
}


@dataclass(frozen=True, slots=True)
class Tracking:
    """One parcel's trace, in Walmart's words."""

    carrier: str = ""
    number: str = ""
    url: str = ""
    method_code: str = ""
    shipped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many units of a line in one status. `status` is Walmart's word, open to new ones."""

    status: str
    amount: int
    tracking: Tracking | None = None
    cancellation_reason: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge on a line and its tax, both for the whole line, in the order's currency."""

    type: str
    name: str
    amount: Decimal
    tax: Decimal = ZERO
    tax_name: str = ""


@dataclass(frozen=True, slots=True)
class LineRefund:
    """A refund as Walmart shows it on a line. Its amounts are positive here and negative only at the border."""

    refund_id: str = ""
    reason: str = ""
    comments: str = ""
    charges: tuple[Charge, ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((charge.amount + charge.tax for charge in self.charges), ZERO)


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """What a return says of one line of an order: its state, how many units were refunded, and with how much."""

    po: str
    return_order_id: str
    line: str
    status: str
    units: int = 0
    amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Line:
    """One order line. In the US a line is usually one unit, so three mugs are three lines."""

    number: str
    sku: str
    title: str
    quantity: int
    quantities: tuple[Quantity, ...]
    charges: tuple[Charge, ...] = ()
    intent_to_cancel: str = ""
    refunded: Decimal = ZERO
    image_url: str = ""
    refunds: tuple[LineRefund, ...] = ()
    return_order_id: str = ""
    seller_order_id: str = ""

    def counts(self) -> Counter[str]:
        """Units per Walmart status word."""
        counted: Counter[str] = Counter()
        for quantity in self.quantities:
            counted[quantity.status] += quantity.amount
        return counted

    @property
    def cancelled(self) -> int:
        return self.counts()[CANCELLED]

    @property
    def uncancelled(self) -> int:
        return self.quantity - self.cancelled

    @property
    def shipped(self) -> int:
        """Units that have shipped, delivered ones among them."""
        counts = self.counts()
        return sum(counts[word] for word in SHIPPED_WORDS)

    @property
    def open(self) -> int:
        """Units that are neither shipped nor cancelled."""
        return max(self.quantity - self.shipped - self.cancelled, 0)

    @property
    def wants_to_cancel(self) -> bool:
        """The buyer asked to cancel it, and some of it is open."""
        return bool(self.intent_to_cancel) and is_open(self.counts())

    @property
    def numbers(self) -> frozenset[str]:
        """The tracking numbers that Walmart shows on the line."""
        return frozenset(one.tracking.number for one in self.quantities if one.tracking and one.tracking.number)

    def charged(self, charge_type: str) -> tuple[Decimal, Decimal]:
        """Amount and tax of all charges of one type (`PRODUCT`, `SHIPPING`, ...)."""
        chosen = [charge for charge in self.charges if charge.type == charge_type]
        return sum((c.amount for c in chosen), ZERO), sum((c.tax for c in chosen), ZERO)

    @property
    def total(self) -> Decimal:
        return sum((charge.amount + charge.tax for charge in self.charges), ZERO)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the parcel goes, as Walmart wrote it; `country` may be ISO-2 or ISO-3."""

    name: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""
    address_type: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase order as last read from Walmart. Ids are opaque strings; times are aware UTC."""

    po: str
    customer_order_id: str
    ordered_at: datetime
    lines: tuple[Line, ...]
    currency: str = "USD"
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    email: str = ""
    address: Address = field(default_factory=Address)
    method_code: str = ""
    ship_node: str = SELLER_FULFILLED
    order_type: str = ""
    original_customer_order_id: str = ""

    @property
    def is_fulfilled_by_seller(self) -> bool:
        """False for WFS and 3PL orders, for which nothing is ever written to Walmart."""
        return self.ship_node == SELLER_FULFILLED

    @property
    def is_replacement(self) -> bool:
        return self.order_type.upper() == "REPLACEMENT"

    def counts(self) -> Counter[str]:
        """Units per Walmart status word over all lines."""
        counted: Counter[str] = Counter()
        for line in self.lines:
            counted.update(line.counts())
        return counted

    @property
    def status(self) -> OrderStatus:
        return fold(self.counts())

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines), ZERO)

    @property
    def refunded(self) -> Decimal:
        return sum((line.refunded for line in self.lines), ZERO)

    @property
    def unknown_statuses(self) -> tuple[str, ...]:
        """Status words that this version does not know; the order is kept and flagged."""
        return tuple(sorted(word for word, amount in self.counts().items() if amount and word not in KNOWN_WORDS))

    @property
    def wants_to_cancel(self) -> bool:
        """The buyer asked to cancel a line that is still open."""
        return any(line.wants_to_cancel for line in self.lines)


def fulfiller(order: Order) -> str:
    """Who ships it, where the seller does not, in words for one order or for many behind their number."""
    names = {"WFSFulfilled": "Walmart (WFS)", "3PLFulfilled": "another warehouse (3PL)"}
    return f"Fulfilled by {names.get(order.ship_node, order.ship_node)}"


def fold(counts: Counter[str]) -> OrderStatus:
    """The order's one status from its units per Walmart word; the first rule that fits wins."""
    total = sum(counts.values())
    shipped = sum(counts[word] for word in SHIPPED_WORDS)
    if total and counts[CANCELLED] == total:
        return OrderStatus.CANCELED
    if total and shipped == total:
        return OrderStatus.SHIPPED
    if shipped:
        return OrderStatus.PARTIALLY_SHIPPED
    if counts[CREATED] or not total:
        return OrderStatus.CREATED
    return OrderStatus.UNSHIPPED


def is_open(counts: Counter[str]) -> bool:
    """Some unit is neither shipped nor cancelled."""
    done = counts[CANCELLED] + sum(counts[word] for word in SHIPPED_WORDS)
    return sum(counts.values()) > done


def counts_in_words(counts: Counter[str]) -> str:
    """`1 shipped · 1 canceled`: the exact counts that stand beside the status."""
    shipped = sum(counts[word] for word in SHIPPED_WORDS)
    parts = [
        (shipped, "shipped"),
        (counts[ACKNOWLEDGED], "to ship"),
        (counts[CREATED], "to acknowledge"),
        (counts[CANCELLED], "canceled"),
    ]
    parts += [(counts[word], word) for word in sorted(counts) if word not in KNOWN_WORDS]
    return " · ".join(f"{amount} {word}" for amount, word in parts if amount)


def has_gone_backwards(before: Iterable[Line], after: Iterable[Line]) -> bool:
    """A unit seems less far than it was: the read may be stale and must be repeated before it is believed."""
    later = {line.number: line for line in after}
    return any(line.number not in later or _progress(later[line.number]) < _progress(line) for line in before)


def _progress(line: Line) -> int:
    ranks = {CREATED: 0, ACKNOWLEDGED: 1, "Shipped": 2, "Refund": 2, "Delivered": 2, CANCELLED: 2}
    return sum(ranks.get(quantity.status, 1) * quantity.amount for quantity in line.quantities)
