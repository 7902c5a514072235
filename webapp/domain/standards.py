"""What Walmart asks of its sellers, by market, with where each figure comes from. Walmart changes them now and then."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from webapp.domain.policy import Policy


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


OWN = "Limits that differ from these were set for {} under Order settings."


def standards_of(marketplace: str) -> Standards:
    """What Walmart asks for in this market."""
    return BY_MARKET.get(marketplace, UNKNOWN)


def limits_for(policy: Policy, marketplace: str, account: str) -> Standards:
    """The limits that hold for an account: its own, else those of its market."""
    theirs = standards_of(marketplace)
    canceled = theirs.canceled if policy.canceled_limit is None else policy.canceled_limit
    late = theirs.shipped_late if policy.late_limit is None else policy.late_limit
    is_own = (canceled, late) != (theirs.canceled, theirs.shipped_late)
    return Standards(canceled, late, f"{theirs.source} {OWN.format(account)}" if is_own else theirs.source)


def is_kept(share: Decimal | None, limit: Decimal | None) -> bool | None:
    """Whether a share in percent keeps within a limit; None where one of them is not known."""
    return None if share is None or limit is None else share <= limit
