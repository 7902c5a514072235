"""What the merchant decided: the switches of one account and its store, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    customer: CustomerMode = CustomerMode.GUEST
    customer_id: int = 0
    customer_website: int = 0
    customer_group: int = 1
    unknown_region: UnknownRegion = UnknownRegion.AS_TEXT
    tax_source: TaxSource = TaxSource.WALMART
    ship_by_comment: bool = True
    shipping_method: str = "flatrate_flatrate"
    payment_method: str = "checkmo"
    status_created: str = ""
    status_unshipped: str = "processing"
    status_partially_shipped: str = "processing"
    status_shipped: str = ""
    status_canceled: str = ""
    invoice: bool = True
    settle_after: timedelta = timedelta(seconds=120)
    read_daily: timedelta = timedelta(hours=24)
    rate_limits: Mapping[str, float] = field(default_factory=dict)
    """Calls a minute that Walmart grants this account beyond what it publishes, by `limits.Endpoint`."""

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

    def prefix(self, *, by_seller: bool) -> str:
        """The prefix of the Magento order number, which WFS orders may have of their own."""
        return self.number_prefix if by_seller or not self.wfs_number_prefix else self.wfs_number_prefix
