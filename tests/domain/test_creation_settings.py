"""What each way of creating orders can honour, and a sentence for what it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.domain.creation_settings import CART, DIRECT, LONGEST_PREFIX, number_sample, offers, problems
from webapp.domain.policy import CustomerMode, Policy, TaxSource


@pytest.mark.parametrize(
    ("mode", "by_seller", "sample"),
    [
        (DIRECT, True, "WM-109000000000001"),
        (DIRECT, False, "WFS-109000000000001"),
        (CART, True, "000000042"),
        (CART, False, "WFS-109000000000001"),
    ],
)
def test_a_sample_shows_what_the_number_will_look_like(mode: str, by_seller: bool, sample: str) -> None:
    assert number_sample(Policy(number_prefix="WM-", wfs_number_prefix="WFS-"), mode, by_seller=by_seller) == sample


@pytest.mark.parametrize("mode", [DIRECT, CART])
def test_what_is_chosen_by_default_stands_in_both_modes(mode: str) -> None:
    assert problems(Policy(number_prefix="WM-"), mode) == ()


@pytest.mark.parametrize(
    ("mode", "chosen", "words"),
    [
        (DIRECT, {"tax_source": TaxSource.MAGENTO}, "always carry Walmart's tax"),
        (DIRECT, {"number_prefix": "W" * (LONGEST_PREFIX + 1)}, "within the 50"),
        (DIRECT, {"number_prefix": "WM:"}, "colon"),
        (DIRECT, {"wfs_number_prefix": "WM "}, "blank"),
        (DIRECT, {"number_prefix": "WM-", "wfs_number_prefix": "10"}, "digits alone"),
        (DIRECT, {"number_prefix": "W", "wfs_number_prefix": "W1"}, "cannot be told"),
        (DIRECT, {"number_prefix": "W1", "wfs_number_prefix": "W"}, "cannot be told"),
        (CART, {"wfs_manage_stock": True}, "stands for Walmart's warehouse"),
        (CART, {"customer": CustomerMode.PREDEFINED}, "id of the Magento customer"),
        (CART, {"customer": CustomerMode.NEW, "customer_group": 0}, "customer group"),
        (CART, {"shipping_method": "flatrate"}, "carrier and method"),
        (DIRECT, {"payment_method": ""}, "payment method"),
        (DIRECT, {"status_shipped": "complete"}, "brings an order to complete"),
        (DIRECT, {"status_canceled": "canceled"}, "brings an order to canceled"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_a_sentence(mode: str, chosen: dict[str, Any], words: str) -> None:
    found = problems(Policy(**chosen), mode)
    assert len(found) == 1
    assert words in found[0]


def test_each_mode_offers_only_what_it_can_do() -> None:
    assert (offers(DIRECT).has_prefix, offers(CART).has_prefix) == (True, False)
    assert (offers(DIRECT).has_order_mail, offers(CART).has_order_mail) == (True, False)
    assert offers(DIRECT).tax_sources == (TaxSource.WALMART,)
    assert problems(Policy(tax_source=TaxSource.MAGENTO), CART) == ()
