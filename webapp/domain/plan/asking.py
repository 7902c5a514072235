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
CHOOSE_CARRIER = ". Choose in the account's settings"
NAMELESS = "without a name"
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


_WAITS_FOR = {
    Ask.ANSWER: "Waiting for you: the buyer asked to cancel",
    Ask.REASON: "Waiting for you: choose why it is canceled",
}


def is_said_by(attention: str, waiting: str) -> bool:
    """Whether a sentence of `waiting_for` says no more than what `attention` asks of somebody."""
    same = _WAITS_FOR.get(ask_of(attention))
    return waiting == attention or (same is not None and waiting.startswith(same))


def carrier_of(sentence: str) -> str:
    """Which carrier of the shop's a sentence asks to map; empty where it has no name."""
    name = sentence.removeprefix(NO_CARRIER).partition(CHOOSE_CARRIER)[0].strip()
    return "" if name == NAMELESS else name


def ask_of(sentence: str) -> Ask:
    """What it asks for; ELSE where the page has no help of its own and a person says that it is dealt with."""
    return next((ask for beginning, ask in _BEGINNINGS.items() if sentence.startswith(beginning)), Ask.ELSE)
