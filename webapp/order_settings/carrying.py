"""Settings of what is carried between the two sides afterwards: shipments, cancellations, refunds."""

from __future__ import annotations

from datetime import timedelta

from webapp.domain.carriers import METHODS, listed
from webapp.domain.policy import Policy
from webapp.domain.reasons import BUYER_ASKED, DEFAULT_REFUND_REASON, REFUND_WORDS, can_refund, cancel_reasons
from webapp.domain.standards import standards_of
from webapp.order_settings.kinds import (
    SOURCE,
    Group,
    Length,
    MarketChoice,
    Pairs,
    Percent,
    Place,
    Setting,
    Switch,
    Text,
)


def _tracking_address(url: str) -> str:
    if not url.startswith(("https://", "http://")) or " " in url:
        return "The tracking address begins with https://, for instance https://carrier.example/{number}."
    return ""


def _takes_refunds(place: Place) -> bool:
    return can_refund(place.market)


def _cancel_reasons(place: Place) -> dict[str, str]:
    """Without the one that is only for what a buyer asked to cancel: those carry it anyway."""
    return {one.code: one.words for one in cancel_reasons(place.market) if one.code != BUYER_ASKED}


def _refund_reasons(place: Place) -> dict[str, str]:
    return {code: words for code, words in REFUND_WORDS.items() if code != DEFAULT_REFUND_REASON}


def _carriers(place: Place) -> tuple[str, ...]:
    return listed(place.market)


def mistakes(policy: Policy, place: Place) -> dict[str, str]:
    """A sentence for each setting that Walmart would not take, by its name."""
    own = {title.casefold() for title in policy.own_carriers}
    known = {name.casefold() for name in listed(place.market)} | own
    unknown = sorted({name for name in policy.carriers.values() if name.casefold() not in known})
    if not unknown:
        return {}
    return {
        "carriers": f"Walmart has no carrier {', '.join(unknown)} in this market. Choose one of its own names, or add "
        "it below among the other carriers with its tracking address."
    }


GROUPS: tuple[Group, ...] = (
    Group(
        "shipments",
        "Shipments",
        (
            Setting(
                "send_shipments",
                "Confirm at Walmart what is shipped in Magento",
                "With carrier and tracking number, unit by unit. Without a tracking number it waits and says so.",
                Switch(),
            ),
            Setting(
                "create_shipments",
                "Ship in Magento what Walmart shows shipped",
                "For parcels that were confirmed in Seller Center or by another program, with their tracking numbers.",
                Switch(),
            ),
            Setting(
                "shipment_source",
                "Source of such shipments",
                "Its code in Magento. Empty: the shop's own source selection decides.",
                SOURCE,
            ),
            Setting(
                "carriers",
                "Carriers",
                "A carrier code of Magento, or the title of a tracking number, and Walmart's name for it. What is "
                "spelled alike on both sides needs no row.",
                Pairs("In Magento", "At Walmart", _carriers),
                option="carrier",
            ),
            Setting(
                "own_carriers",
                "Other carriers",
                "Carriers that Walmart does not list: the title of the tracking number, and where the parcel is "
                "followed; {number} in the address is filled in.",
                Pairs("Title", "Tracking address", check=_tracking_address),
                option="own-carrier",
            ),
            Setting(
                "methods",
                "Shipping methods",
                "The title of a tracking number, and Walmart's method for it. Without a row the method that the "
                "buyer chose is confirmed.",
                Pairs("In Magento", "At Walmart", lambda place: METHODS),
                option="method",
            ),
            Setting(
                "correct_tracking_within",
                "Hours in which a tracking number is corrected",
                "So long after a shipment Walmart takes another number for it; shipments are read again meanwhile.",
                Length(timedelta(hours=1), 0, 72),
            ),
        ),
    ),
    Group(
        "cancels",
        "Cancellations",
        (
            Setting(
                "send_cancels",
                "Cancel at Walmart what is canceled in Magento",
                "Also what is credited before it shipped.",
                Switch(),
            ),
            Setting(
                "cancel_reason",
                "Reason for canceling",
                "Where the buyer did not ask. With “out of stock” Walmart also sets the item's stock to zero. Fraud is "
                "only for what Walmart has confirmed.",
                MarketChoice(_cancel_reasons, "none: each cancellation waits until you choose"),
            ),
            Setting(
                "accept_cancellation_requests",
                "Cancel at once what a buyer asks to cancel",
                "As long as it has not shipped. Otherwise the order shows the request and you decide.",
                Switch(),
            ),
            Setting(
                "auto_cancel_after",
                "Days after the ship-by date until Walmart cancels by itself",
                "Only for the warnings here. Empty: 4 calendar days, weekends among them, as Walmart's page "
                "on auto-canceled order lines says; 7 in Canada, as other connectors report it.",
                Length(timedelta(days=1), 0, 60, may_be_empty=True),
            ),
        ),
    ),
    Group(
        "refunds",
        "Refunds",
        (
            Setting(
                "send_credit_memos",
                "Refund at Walmart what is credited in Magento",
                "Once for each credit memo, after it shipped, and never more than was charged. Refunds that were "
                "already made at Walmart are set against it first.",
                Switch(),
                is_offered=_takes_refunds,
            ),
            Setting(
                "refund_reason",
                "Reason for refunding",
                "Told to Walmart with each credit memo.",
                MarketChoice(_refund_reasons, DEFAULT_REFUND_REASON),
                is_offered=_takes_refunds,
            ),
            Setting(
                "create_credit_memos",
                "Make credit memos in Magento for refunds made at Walmart",
                "For those made in Seller Center and by returns, as far as no credit memo accounts for them.",
                Switch(),
            ),
        ),
        note=lambda place: "" if _takes_refunds(place) else "Walmart takes no refunds of orders in this market.",
    ),
    Group(
        "standards",
        "Walmart's limits",
        (
            Setting(
                "canceled_limit",
                "Canceled orders, at most (%)",
                "The dashboard warns above it. Empty: Walmart's own figure for the market.",
                Percent(),
                default="Walmart's",
            ),
            Setting(
                "late_limit",
                "Orders shipped late, at most (%)",
                "Likewise.",
                Percent(),
                default="Walmart's",
            ),
        ),
        note=lambda place: standards_of(place.market).source,
    ),
    Group(
        "links",
        "Links",
        (
            Setting(
                "walmart_order_url",
                "View on Walmart",
                "Where an order's link leads; {po} in it becomes the purchase order. Walmart documents no such "
                "address, so put another one here if Seller Center moves. Empty: its list of orders, searched.",
                Text(
                    r"(https://[^\s{}]+\{po\}[^\s{}]*)?",
                    "An address such as https://seller.walmart.com/orders/manage-orders?poNumber={po}.",
                ),
                default="Seller Center",
            ),
        ),
    ),
)
