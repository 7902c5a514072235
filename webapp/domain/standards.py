"""What Walmart asks of its sellers, by market, with where each figure comes from. Walmart changes them now and then."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Standards:
    """Shares of orders in percent: at most so many canceled, at most so many shipped late; None where none is known."""

    canceled: Decimal | None
    shipped_late: Decimal | None
    source: str


_SELLER_CENTER = "Seller Center shows what Walmart itself counts, and over which days."

BY_MARKET = {
    "us": Standards(
        Decimal(2),
        Decimal(5),
        "Walmart's Seller Performance Standards (US): at most 2 % canceled, at most 5 % shipped late. "
        f"{_SELLER_CENTER}",
    ),
    "ca": Standards(
        Decimal(3),
        None,
        "Walmart's Seller Performance Standards (Canada, October 2024): less than 3 % canceled. "
        f"For late shipments it names no figure. {_SELLER_CENTER}",
    ),
}
UNKNOWN = Standards(None, None, f"Walmart publishes no figures for this market. {_SELLER_CENTER}")


def standards_of(marketplace: str) -> Standards:
    """What Walmart asks for in this market."""
    return BY_MARKET.get(marketplace, UNKNOWN)


def is_kept(share: Decimal | None, limit: Decimal | None) -> bool | None:
    """Whether a share in percent keeps within a limit; None where one of them is not known."""
    return None if share is None or limit is None else share <= limit
