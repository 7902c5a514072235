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

REFUND_WORDS = {
    "General adjustment": "General adjustment",
    "CustomerChangedMind": "The buyer changed their mind",
    "Customer returned item": "The buyer returned the item",
    "DamagedItem": "The item is damaged",
    "DefectiveItem": "The item is defective",
    "ItemNotAsAdvertised": "Not as advertised",
    "IncorrectItemReceived": "The wrong item was received",
    "ItemNotReceivedByCustomer": "The buyer did not receive the item",
    "CustomerReceivedItemLate": "The item came late",
    "Missing Parts / Instructions": "Parts or instructions are missing",
    "Merchandise not received": "The goods were not received",
    "CancelledYetShipped": "Canceled, but shipped all the same",
    "Buyer canceled": "The buyer canceled",
    "IncorrectShippingPrice": "Wrong shipping price",
    "BillingError": "Billing error",
    "TaxExemptCustomer": "The buyer is exempt from tax",
    "Finance -> Goodwill": "Goodwill",
    "Finance -> Rollback": "Rollback of a charge",
    "Quality -> Missing Parts / Instructions": "Quality: parts or instructions are missing",
    "Shipping & Delivery -> Damaged": "Damaged in shipping",
    "Shipping & Delivery -> Shipping Price Discrepancy": "The shipping price differs",
    "Others": "Another reason",
}
"""What `refundReason` may be, with these spaces and signs, in the US and in Canada (Walmart's page on refunds), and
what a merchant calls it."""
REFUND_REASONS = tuple(REFUND_WORDS)


def cancel_reasons(market: str) -> tuple[Reason, ...]:
    """The reasons for a cancellation in a market."""
    return CANCEL_REASONS.get(market.lower(), ())


def in_words(code: str) -> str:
    """A reason as a merchant says it: `SELLER_CANCEL_OUT_OF_STOCK` is `out of stock`. An unknown one stays."""
    if code.startswith("CUSTOMER_REQUESTED"):
        return "the buyer asked for it"
    known = {one.code: one.words for reasons in CANCEL_REASONS.values() for one in reasons}
    return known.get(code, code.removeprefix("SELLER_CANCEL_").replace("_", " ")).lower()


def refund_in_words(code: str) -> str:
    """A reason for a refund as a merchant says it, with Walmart's word behind it where that is another one."""
    words = REFUND_WORDS.get(code, code)
    return words if words == code else f"{words} ({code})"


def buyer_asked(market: str) -> str:
    """The reason for what a buyer asked to cancel; empty where the market has none of its own."""
    return BUYER_ASKED if any(reason.code == BUYER_ASKED for reason in cancel_reasons(market)) else ""


def can_refund(market: str) -> bool:
    """Walmart takes refunds of orders from sellers in this market."""
    return market.lower() in REFUNDING_MARKETS
