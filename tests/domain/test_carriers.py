"""Which carrier and method a tracking number of the shop means to Walmart."""

from __future__ import annotations

import pytest

from webapp.domain.carriers import METHODS, Carrier, carrier_of, listed, magento_code, method_of
from webapp.domain.policy import Policy
from webapp.domain.reasons import BUYER_ASKED, REFUND_REASONS, can_refund, cancel_reasons
from webapp.domain.shop import ShopTrack

HOUSE = {"House Courier": "https://track.example/?n={number}"}


def a_track(code: str, title: str, number: str = "1Z9") -> ShopTrack:
    return ShopTrack(5, number, code, title)


@pytest.mark.parametrize(
    ("code", "title", "settings", "found"),
    [
        ("ups", "United Parcel Service", {}, Carrier("UPS")),
        ("usps", "", {}, Carrier("USPS")),
        ("FEDEX", "Federal Express", {}, Carrier("FedEx")),
        ("custom", "on trac", {}, Carrier("OnTrac")),
        ("custom", "DHL Ecommerce US", {}, Carrier("DHL Ecommerce - US")),
        ("ontrac", "Whatever", {}, Carrier("OnTrac")),
        ("custom", "Hermes", {}, None),
        ("hermes", "", {}, None),
        ("custom", "Hermes", {"carriers": {"hermes": "GLS"}}, Carrier("GLS")),
        ("hermes", "Parcel", {"carriers": {"Hermes": "GLS"}}, Carrier("GLS")),
        ("ups", "UPS Mail Innovations", {"carriers": {"ups mail innovations": "UPSMI"}}, Carrier("UPSMI")),
        ("custom", "house courier", {"own_carriers": HOUSE}, Carrier("house courier", False, "https://track.example/?n=1Z9")),
        ("hc", "x", {"carriers": {"hc": "House Courier"}, "own_carriers": HOUSE}, Carrier("House Courier", False, "https://track.example/?n=1Z9")),
        ("hc", "x", {"carriers": {"hc": "Nobody"}}, None),
    ],
)  # fmt: skip
def test_a_carrier_is_found_by_mapping_code_or_title_or_asked_for(
    code: str, title: str, settings: dict[str, dict[str, str]], found: Carrier | None
) -> None:
    assert carrier_of(a_track(code, title), Policy(**settings), "us") == found  # type: ignore[arg-type]


def test_each_market_has_its_own_names() -> None:
    assert carrier_of(a_track("custom", "Canpar"), Policy(), "ca") == Carrier("CANPAR")
    assert carrier_of(a_track("custom", "Canpar"), Policy(), "us") is None
    assert len(listed("us")) == len(set(listed("us"))) == 75


@pytest.mark.parametrize(
    ("methods", "order_method", "sent"),
    [({}, "Standard", "Standard"), ({}, "", "Standard"), ({}, "Rush", "Rush")]
    + [({"ups air": "Express"}, "Standard", "Express"), ({"VALUE": "Standard"}, "Value", "Standard")],
)
def test_the_orders_own_method_is_sent_back_unless_it_is_mapped(
    methods: dict[str, str], order_method: str, sent: str
) -> None:
    assert method_of(a_track("ups", "UPS Air"), Policy(methods=methods), order_method) == sent
    assert METHODS[0] == "Standard"


@pytest.mark.parametrize(("carrier", "code"), [("UPS", "ups"), ("FedEx", "fedex"), ("GLS", "custom")])
def test_magentos_own_carriers_keep_their_codes(carrier: str, code: str) -> None:
    assert magento_code(carrier) == code


def test_reasons_are_the_markets_and_out_of_stock_says_what_it_does() -> None:
    assert [len(cancel_reasons(market)) for market in ("us", "CA", "mx", "cl", "xx")] == [5, 2, 3, 3, 0]
    warned = {reason.code for reason in cancel_reasons("us") if "zero" in reason.warning}
    assert warned == {"SELLER_CANCEL_OUT_OF_STOCK"}
    assert BUYER_ASKED in {reason.code for reason in cancel_reasons("ca")}
    assert len(REFUND_REASONS) == 22
    assert [can_refund(market) for market in ("us", "ca", "mx", "cl")] == [True, True, False, False]
