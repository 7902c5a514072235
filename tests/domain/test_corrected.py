"""Addresses that people correct: what each country demands, and what was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.domain.factories import HOME, an_order
from webapp.address_editing import countries
from webapp.domain.corrected import LABELS, Corrected, corrected, differences, mistakes, tidy
from webapp.domain.order import Address
from webapp.domain.regions import Region

REGIONS = {
    "US": (Region(12, "CA", "California"), Region(22, "ID", "Idaho"), Region(9, "AP", "Armed Forces Pacific")),
    "CA": (Region(76, "QC", "Quebec"), Region(66, "AB", "Alberta")),
    "CL": (Region(800, "RM", "Región Metropolitana"),),
}
TYPED = {
    "name": "Maren Oldfield",
    "address1": "418 Larkspur Ave",
    "city": "Boise",
    "state": "ID",
    "postal_code": "83702",
    "country": "US",
}


def wrong(typed: dict[str, str], *, refuse_unknown: bool = False) -> dict[str, str]:
    address, email = tidy(TYPED | typed)
    regions = REGIONS.get(address.country)
    return mistakes(address, email, regions, countries=countries(), refuse_unknown=refuse_unknown)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, ""),
        ({"postal_code": "83702-1412"}, ""),
        ({"postal_code": "8370"}, "postal_code"),
        ({"postal_code": ""}, "postal_code"),
        ({"state": "idaho"}, ""),
        ({"state": "US-ID"}, ""),
        ({"state": ""}, "state"),
        ({"state": "Ontario"}, "state"),
        ({"state": "AP", "city": "FPO", "postal_code": "96349"}, ""),
        ({"country": "CA", "state": "Québec", "postal_code": "h2x1y4"}, ""),
        ({"country": "ca", "state": "AB", "postal_code": "T2P-1J9"}, ""),
        ({"country": "CA", "state": "AB", "postal_code": "12345"}, "postal_code"),
        ({"country": "PR", "state": "", "postal_code": "00901"}, ""),
        ({"country": "MX", "state": "Jalisco", "postal_code": "44100"}, ""),
        ({"country": "MX", "state": "", "postal_code": "44100"}, "state"),
        ({"country": "CL", "state": "Atacama", "postal_code": ""}, ""),
        ({"country": "CL", "state": "", "postal_code": "8320000"}, ""),
        ({"country": "DE", "state": "", "postal_code": ""}, ""),
        ({"country": "DE", "state": "", "postal_code": "!!"}, "postal_code"),
        ({"country": "JP", "state": "", "postal_code": "〒 ５"}, ""),
        ({"country": "GU", "state": "", "postal_code": "96910"}, ""),
        ({"country": "ZZ", "postal_code": "!!"}, "country"),
        ({"country": "EU"}, "country"),
        ({"country": "Q1"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"country": ""}, "country"),
        ({"name": "  "}, "name"),
        ({"address1": ""}, "address1"),
        ({"city": ""}, "city"),
        ({"city": "B" * 121}, "city"),
        ({"phone": "208-555-0141 x3"}, ""),
        ({"phone": "call me"}, "phone"),
        ({"phone": "0000"}, "phone"),
        ({"email": "maren@relay.example"}, ""),
        ({"email": "maren at relay"}, "email"),
    ],
)
def test_each_country_has_its_own_rules(typed: dict[str, str], field: str) -> None:
    assert "".join(wrong(typed)) == field


def test_a_country_that_does_not_exist_and_an_empty_postal_code_have_their_sentence() -> None:
    assert wrong({"country": "zz"}) == {"country": "There is no country ZZ. Write its two letters, for instance US."}
    assert wrong({"country": "DE", "state": "", "postal_code": "!!"}) == {
        "postal_code": "A postal code has letters or digits. Leave it empty where there is none."
    }


def test_a_region_that_the_shop_does_not_know_is_refused_where_the_settings_say_so() -> None:
    chile = {"country": "CL", "state": "Atacama", "postal_code": ""}
    assert list(wrong(chile, refuse_unknown=True)) == ["state"]
    address, email = tidy(TYPED | {"state": "Ontario"})
    unasked = mistakes(address, email, None, countries=countries(), refuse_unknown=True)
    assert unasked == {}, "the shop could not be asked"


def test_what_was_typed_is_tidied() -> None:
    address, email = tidy({"name": "  Ana   Sol ", "country": "ca", "postal_code": "k1a0b1", "email": " a@b.example "})
    assert (address.name, address.country, address.postal_code, email) == ("Ana Sol", "CA", "K1A 0B1", "a@b.example")


def test_each_difference_is_named_and_walmarts_own_address_is_kept() -> None:
    order = an_order()
    new = replace(HOME, address1="420 Larkspur Ave", phone="", country="US")
    kept = Corrected(new, "new@relay.example", 1, "maren@shop.example", order.ordered_at, order.address, order.email)
    after = corrected(order, kept)
    assert differences(order, after) == [
        ("Street", "418 Larkspur Ave", "420 Larkspur Ave"),
        ("Telephone", "2085550141", ""),
        ("E-mail", "buyer@relay.example", "new@relay.example"),
    ]
    assert order.address == HOME
    assert kept.walmart == HOME
    assert corrected(order, None) is order
    assert set(LABELS) - {"email"} <= set(Address.__dataclass_fields__)
