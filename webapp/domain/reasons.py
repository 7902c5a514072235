"""Walmart's words for why something is cancelled or refunded, by market, and what each brings with it."""

from __future__ import annotations

from dataclasses import dataclass

BUYER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
DEFAULT_REFUND_REASON = "General adjustment"
REFUNDING_MARKETS = frozenset({"us", "ca"})
"""Where Walmart takes refunds of orders by its API (Walmart's page on refunds)."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as Walmart spells it, in plain words, and what a merchant should know before choosing it."""

    code: str
    words: str
    warning: str = ""


ZEROES_STOCK = "Walmart then sets the item's stock to zero. Send new stock to sell it again."
ASKED = Reason(BUYER_ASKED, "The buyer asked to cancel", "Only for lines whose buyer did ask.")

CANCEL_REASONS: dict[str, tuple[Reason, ...]] = {
    "us": (
        ASKED,
        Reason("SELLER_CANCEL_PRICING_ERROR", "Pricing error"),
        Reason("SELLER_CANCEL_OUT_OF_STOCK", "Out of stock", ZEROES_STOCK),
        Reason("SELLER_CANCEL_FRAUD_STOP_SHIPMENT", "Fraud", "Only for fraud that Walmart has confirmed."),
        Reason("SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE", "Address cannot be served"),
    ),
    "ca": (Reason("CANCEL_BY_SELLER", "Canceled by the seller"), ASKED),
    "mx": (
        Reason("SELLER_REJECTION", "Rejected by the seller"),
        Reason("MIRAKL_REFUND_45", "Pricing error"),
        Reason("MIRAKL_REFUND_15", "Out of stock", ZEROES_STOCK),
    ),
    "cl": (
        Reason("RECHAZAR", "Rejected by the seller"),
        Reason("ERROR_DE_PRECIO", "Pricing error"),
        Reason("AGOTADO", "Out of stock", ZEROES_STOCK),
    ),
}
"""What `cancellationReason` may be (Walmart's pages on cancelling order lines)."""

REFUND_REASONS = (
    "General adjustment",
    "CustomerChangedMind",
    "Customer returned item",
    "DamagedItem",
    "DefectiveItem",
    "ItemNotAsAdvertised",
    "IncorrectItemReceived",
    "ItemNotReceivedByCustomer",
    "CustomerReceivedItemLate",
    "Missing Parts / Instructions",
    "Merchandise not received",
    "CancelledYetShipped",
    "Buyer canceled",
    "IncorrectShippingPrice",
    "BillingError",
    "TaxExemptCustomer",
    "Finance -> Goodwill",
    "Finance -> Rollback",
    "Quality -> Missing Parts / Instructions",
    "Shipping & Delivery -> Damaged",
    "Shipping & Delivery -> Shipping Price Discrepancy",
    "Others",
)
"""What `refundReason` may be, with these spaces and signs, in the US and in Canada (Walmart's page on refunds)."""


def cancel_reasons(market: str) -> tuple[Reason, ...]:
    """The reasons for a cancellation in a market."""
    return CANCEL_REASONS.get(market.lower(), ())


def in_words(code: str) -> str:
    """A reason as a merchant says it: `SELLER_CANCEL_OUT_OF_STOCK` is `out of stock`. An unknown one stays."""
    if code.startswith("CUSTOMER_REQUESTED"):
        return "the buyer asked for it"
    known = {one.code: one.words for reasons in CANCEL_REASONS.values() for one in reasons}
    return known.get(code, code.removeprefix("SELLER_CANCEL_").replace("_", " ")).lower()


def buyer_asked(market: str) -> str:
    """The reason for what a buyer asked to cancel; empty where the market has none of its own."""
    return BUYER_ASKED if any(reason.code == BUYER_ASKED for reason in cancel_reasons(market)) else ""


def can_refund(market: str) -> bool:
    """Walmart takes refunds of orders from sellers in this market."""
    return market.lower() in REFUNDING_MARKETS
