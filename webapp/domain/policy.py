"""What the merchant decided: the switches of one account and its store, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from webapp.domain.order import OrderStatus

ACKNOWLEDGE_WITHIN = timedelta(hours=4)
"""Walmart wants an acknowledgement within four hours of the order (Walmart's page on acknowledging orders)."""


IMPORT_BACK = timedelta(days=1)
"""How far before its connection an account takes orders over, unless it is told a date: far enough for whatever can
still be acknowledged in time, not so far that orders come in that another connector has dealt with."""


class AcknowledgeWhen(StrEnum):
    """When an order is acknowledged at Walmart."""

    ON_IMPORT = "on_import"
    AFTER_MAGENTO_ORDER = "after_magento_order"
    BY_HAND = "by_hand"


class CustomerMode(StrEnum):
    """Whose order it is in the shop."""

    GUEST = "guest"
    PREDEFINED = "predefined"
    NEW = "new"


class UnknownRegion(StrEnum):
    """What becomes of a state that the shop's directory does not know; it is never turned into another one."""

    AS_TEXT = "as_text"
    REFUSE = "refuse"


class TaxSource(StrEnum):
    """Where the tax in the Magento order comes from; the total is Walmart's either way."""

    WALMART = "walmart"
    MAGENTO = "magento"


class MissingProduct(StrEnum):
    """What becomes of an order with a SKU that the shop lacks."""

    WAIT = "wait"
    CREATE = "create"


def make_alike(one: str, other: str) -> bool:
    """Numbers with these two prefixes may be the same, or may not tell which of the two they have: a purchase order
    number is made of digits alone, so `W` and `W1` do, `W` and `WM-` do not."""
    short, long = sorted((one, other), key=len)
    rest = long.removeprefix(short)
    return long.startswith(short) and (not rest or rest.isdecimal())


@dataclass(frozen=True, slots=True)
class Policy:
    """One account's order settings. Each default is what M2E Pro ships, unless the design says otherwise."""

    acknowledge: AcknowledgeWhen = AcknowledgeWhen.AFTER_MAGENTO_ORDER
    acknowledge_guard: bool = True
    acknowledge_guard_before: timedelta = timedelta(minutes=60)
    create_orders: bool = True
    create_wfs_orders: bool = False
    import_since: datetime | None = None
    number_prefix: str = ""
    wfs_number_prefix: str = ""
    wfs_store_view: str = ""
    """The code of the store view that gets orders which the seller does not ship; empty: the store's own."""
    customer: CustomerMode = CustomerMode.GUEST
    customer_id: int = 0
    customer_website: int = 0
    customer_group: int = 1
    unknown_region: UnknownRegion = UnknownRegion.AS_TEXT
    tax_source: TaxSource = TaxSource.WALMART
    missing_product: MissingProduct = MissingProduct.WAIT
    product_tax_class: int = 0
    """The tax class of products that are created for an order; 0 is Magento's None."""
    ship_by_comment: bool = True
    hold_above: Decimal | None = None
    """An order of a larger total, in the orders' currency, waits for a person; None: none does."""
    hold_skus: str = ""
    """SKUs with commas between them: an order with one of them waits for a person."""
    hold_addresses: bool = False
    """An order whose address lacks something or looks wrong waits for a person."""
    reserve_stock: bool = False
    """Take an order's units out of the shop's stock while its Magento order has to wait. M2E does so by Magento's own
    reservations, which no REST call can write: here the sources' quantities are changed, and so it has to be chosen."""
    reserve_for: timedelta = timedelta(days=1)
    """How long at most, after it was taken first."""
    shipping_method: str = "flatrate_flatrate"
    payment_method: str = "checkmo"
    status_created: str = ""
    status_unshipped: str = "processing"
    status_partially_shipped: str = "processing"
    status_shipped: str = ""
    status_canceled: str = ""
    invoice: bool = True
    mail_order: bool = False
    """Let the shop send its order e-mail to the buyer; a cart makes the shop send it in any case."""
    mail_invoice: bool = False
    mail_shipment: bool = False
    send_shipments: bool = True
    """Confirm at Walmart what is shipped in Magento."""
    create_shipments: bool = True
    """Ship in Magento what Walmart shows shipped."""
    shipment_source: str = ""
    """The source that such shipments leave; empty: the shop's own source selection decides."""
    wfs_manage_stock: bool = False
    """WFS orders take stock in Magento: they are shipped there, from `wfs_shipment_source`."""
    wfs_shipment_source: str = ""
    """The source that stands for Walmart's warehouse, where stock is managed for what Walmart ships itself."""
    send_cancels: bool = True
    """Cancel at Walmart what is cancelled or, before it ships, credited in Magento."""
    send_credit_memos: bool = True
    """Refund at Walmart what is credited in Magento after it shipped."""
    cancel_reason: str = ""
    """Walmart's word for a cancellation that the buyer did not ask for. None is chosen at first: each has its price
    (out of stock sets the item's stock to zero at Walmart), so such a cancellation waits for the merchant."""
    refund_reason: str = ""
    """Walmart's word for a refund by credit memo; empty: `General adjustment`."""
    accept_cancellation_requests: bool = False
    """Cancel what the buyer asks to cancel, as long as it has not shipped."""
    create_credit_memos: bool = False
    """Make a credit memo in Magento for a refund that was made at Walmart."""
    carriers: Mapping[str, str] = field(default_factory=dict)
    """Walmart's carrier by Magento's carrier code or by the title of the tracking number."""
    own_carriers: Mapping[str, str] = field(default_factory=dict)
    """Carriers that Walmart does not list: their tracking address by title; `{number}` in it is filled in."""
    methods: Mapping[str, str] = field(default_factory=dict)
    """Walmart's shipping method by the title of the tracking number; else the order's own is sent back."""
    correct_tracking_within: timedelta = timedelta(hours=4)
    """So long after a shipment Walmart takes another tracking number for it (as other connectors report it)."""
    auto_cancel_after: timedelta | None = None
    """So long after the ship-by date Walmart cancels what has not shipped; None: as the market is known for."""
    canceled_limit: Decimal | None = None
    """At most so many orders in a hundred canceled; None: what Walmart asks for in the market (`domain.standards`)."""
    late_limit: Decimal | None = None
    """At most so many orders in a hundred shipped late; None likewise."""
    walmart_order_url: str = ""
    """Where an order is looked at in Seller Center; `{po}` in it is filled in. Empty: the address that is known."""
    settle_after: timedelta = timedelta(seconds=120)
    read_daily: timedelta = timedelta(hours=24)
    rate_limits: Mapping[str, float] = field(default_factory=dict)
    """Calls a minute that Walmart grants this account beyond what it publishes, by `limits.Endpoint`."""

    def cancels_after(self, market: str) -> timedelta:
        """How long after the ship-by date Walmart cancels by itself: 4 days (Walmart's page on auto-cancelled lines),
        7 in Canada (as other connectors report it)."""
        if self.auto_cancel_after is not None:
            return self.auto_cancel_after
        return timedelta(days=7 if market.lower() == "ca" else 4)

    def imports(self, ordered_at: datetime) -> bool:
        """An older order comes in only when a person asks for it, or for its day."""
        return self.import_since is None or ordered_at >= self.import_since

    @property
    def statuses(self) -> dict[OrderStatus, str]:
        """The Magento status for each of the five; empty where Magento is left alone."""
        return {
            OrderStatus.CREATED: self.status_created,
            OrderStatus.UNSHIPPED: self.status_unshipped,
            OrderStatus.PARTIALLY_SHIPPED: self.status_partially_shipped,
            OrderStatus.SHIPPED: self.status_shipped,
            OrderStatus.CANCELED: self.status_canceled,
        }

    @property
    def wfs_source(self) -> str:
        """The source that a WFS order is shipped from in Magento; empty: it never is."""
        return self.wfs_shipment_source if self.wfs_manage_stock else ""

    @property
    def unmanaged_prefix(self) -> str:
        """What the numbers of those orders begin with that take no stock in Magento; empty where there are none."""
        return self.wfs_number_prefix if self.create_wfs_orders and not self.wfs_manage_stock else ""

    def prefix(self, *, by_seller: bool) -> str:
        """The prefix of the Magento order number, which WFS orders may have of their own."""
        return self.number_prefix if by_seller or not self.wfs_number_prefix else self.wfs_number_prefix
