"""Walmart's reasons as a merchant reads them."""

from __future__ import annotations

import pytest

from webapp.domain.reasons import CANCEL_REASONS, in_words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SELLER_CANCEL_PRICING_ERROR", "pricing error"),
        ("SELLER_CANCEL_FRAUD_STOP_SHIPMENT", "fraud"),
        ("CUSTOMER_REQUESTED_SELLER_TO_CANCEL", "the buyer asked for it"),
        ("MIRAKL_REFUND_15", "out of stock"),
        ("Auto-cancelled due to expiry", "auto-cancelled due to expiry"),
        ("SELLER_CANCEL_SOMETHING_NEW", "something new"),
        ("", ""),
    ],
)
def test_a_reason_is_read_in_plain_words(code: str, words: str) -> None:
    assert in_words(code) == words


def test_no_reason_is_shown_by_its_code() -> None:
    codes = [reason.code for reasons in CANCEL_REASONS.values() for reason in reasons]
    assert not [code for code in codes if "_" in in_words(code)]
