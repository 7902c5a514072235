"""What a sentence that needs attention asks of a person: told by how it begins, which the rules take from here."""

from __future__ import annotations

from enum import StrEnum


class Ask(StrEnum):
    """The kinds of help that the order's page offers."""

    ANSWER = "answer"
    CARRIER = "carrier"
    REASON = "reason"
    PRODUCT = "product"
    LATE = "late"
    ELSE = "else"


BUYER_ASKED = "The buyer asked to cancel"
SHIPPED_THOUGH_ASKED = "Magento shipped line"
NO_CARRIER = "Walmart knows no carrier"
NO_REASON = "Walmart wants a reason for canceling"
NO_PRODUCT = "No product"
LATE = "Walmart cancels what has not shipped"

_BEGINNINGS = {
    BUYER_ASKED: Ask.ANSWER,
    SHIPPED_THOUGH_ASKED: Ask.ANSWER,
    NO_CARRIER: Ask.CARRIER,
    NO_REASON: Ask.REASON,
    NO_PRODUCT: Ask.PRODUCT,
    LATE: Ask.LATE,
}


def ask_of(sentence: str) -> Ask:
    """What it asks for; ELSE where the page has no help of its own and a person says that it is dealt with."""
    return next((ask for beginning, ask in _BEGINNINGS.items() if sentence.startswith(beginning)), Ask.ELSE)
