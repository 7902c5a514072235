"""A state of Walmart's is the shop's region of that code or name, or none: never another one."""

from __future__ import annotations

import pytest

from sandbox import magento_directory
from webapp.domain.regions import Region, match, plain


def regions_of(country: str) -> tuple[Region, ...]:
    known = magento_directory.country(country).get("available_regions", [])
    return tuple(Region(int(one["id"]), one["code"], one["name"]) for one in known)


@pytest.mark.parametrize(
    ("state", "country", "code"),
    [
        ("TX", "US", "TX"),
        ("tx", "US", "TX"),
        ("US-TX", "US", "TX"),
        ("Texas", "US", "TX"),
        ("  new   york ", "US", "NY"),
        ("QC", "CA", "QC"),
        ("Québec", "CA", "QC"),
        ("Que\u0301bec", "CA", "QC"),
        ("QUEBEC", "CA", "QC"),
        ("British-Columbia", "CA", "BC"),
        ("PR", "US", "PR"),
        ("Puerto Rico", "US", "PR"),
        ("AP", "US", "AP"),
        ("AA", "US", "AA"),
        ("AE", "US", "AE"),
        ("armed forces pacific", "US", "AP"),
        ("Virginia", "US", "VA"),
        ("DC", "US", "DC"),
    ],
)
def test_a_region_is_known_by_code_or_by_name_without_accents_and_case(state: str, country: str, code: str) -> None:
    found = match(state, country, regions_of(country))
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    ("state", "country"),
    [
        ("Nowhere", "US"),
        ("", "US"),
        ("  ", "US"),
        ("Quebec", "US"),
        ("TX", "CA"),
        ("PR", "PR"),
        ("JAL", "MX"),
        ("-", "US"),
    ],
)
def test_what_the_shop_does_not_know_becomes_no_region_at_all(state: str, country: str) -> None:
    assert match(state, country, regions_of(country)) is None


def test_a_name_that_two_regions_share_is_neither() -> None:
    twins = (Region(1, "A1", "Lake"), Region(2, "A2", "LAKE"))
    assert match("lake", "US", twins) is None
    assert match("a2", "US", twins) == twins[1]


def test_names_are_compared_without_dots_signs_and_doubled_blanks() -> None:
    assert plain("St. Jean-sur  Richelieu") == plain("st jean sur richelieu")
