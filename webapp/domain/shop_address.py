"""A Walmart address as Magento demands it: every needed field filled, and what had to be made up named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from webapp.domain.order import Address, Order
from webapp.domain.regions import Region, match

NO_PHONE = "0000"
NO_POSTCODE = "00000"
NO_NAME = "Walmart customer"
NO_EMAIL = "walmart-{po}@example.com"
"""A domain that is kept free for such use and takes no mail, so nobody is ever written to."""

COUNTRIES = {
    "USA": "US",
    "CAN": "CA",
    "MEX": "MX",
    "CHL": "CL",
    "PRI": "PR",
    "GUM": "GU",
    "VIR": "VI",
    "ASM": "AS",
    "MNP": "MP",
}
"""ISO-3 to ISO-2 for the countries Walmart delivers to; Walmart writes ISO-3, Magento wants ISO-2."""


class CannotBuild(Exception):
    """The order cannot be put into a Magento order as it stands; the message says why and what to do."""


def build_address(
    order: Order,
    regions: tuple[Region, ...] | None,
    made_up: list[str],
    *,
    refuse_unknown: bool = False,
    needs_email: bool = False,
) -> dict[str, Any]:
    """The address both for billing and for shipping; what is invented is added to `made_up`.

    A cart `needs_email`, an order that is created directly does not. `regions` is None where the shop's directory was
    not asked. Raises CannotBuild.
    """
    address = order.address
    first, last = _names(address.name, made_up)
    street = [part for part in (address.address1.strip(), address.address2.strip()) if part]
    country = country_of(address)
    email = order.email.strip()
    if needs_email and not email:
        email = _instead("e-mail", NO_EMAIL.format(po=order.po), made_up)
    body = {
        "firstname": first,
        "lastname": last,
        "street": street or [_instead("street", "-", made_up)],
        "city": address.city.strip() or _instead("city", "-", made_up),
        "postcode": address.postal_code.strip() or _instead("postcode", NO_POSTCODE, made_up),
        "country_id": country,
        "telephone": address.phone.strip() or _instead("telephone", NO_PHONE, made_up),
        "email": email,
    }
    return body | _region(address.state.strip(), country, regions, refuse_unknown=refuse_unknown)


def country_of(address: Address) -> str:
    """The country's two letters. Raises CannotBuild where Walmart's word for it is unknown."""
    code = address.country.strip().upper()
    found = COUNTRIES.get(code, code)
    if len(found) != 2:
        raise CannotBuild(f"Walmart gives the country as “{address.country}”, which Magento does not know.")
    return found


def names_of(name: str) -> tuple[str, str]:
    """First and last name, for a shop that wants two."""
    return _names(name, [])


def _region(
    state: str, country: str, regions: tuple[Region, ...] | None, *, refuse_unknown: bool
) -> dict[str, str | int]:
    """Code, name and id where the shop knows the region; else Walmart's own text and no id."""
    if not state:
        return {}
    if regions is None:
        return {"region": state, "region_code": state}
    found = match(state, country, regions)
    if found:
        return {"region": found.name, "region_code": found.code, "region_id": found.id}
    if refuse_unknown and regions:
        raise CannotBuild(
            f"Walmart gives the state as “{state}”, and Magento knows no such region in {country}. Correct the "
            "address, or allow unknown regions as text in the account's settings; then try again."
        )
    return {"region": state}


def _names(name: str, made_up: list[str]) -> tuple[str, str]:
    parts = name.split()
    if not parts:
        word = _instead("name", NO_NAME, made_up)
        return word, word
    if len(parts) == 1:
        return parts[0], _instead("last name", parts[0], made_up)
    return " ".join(parts[:-1]), parts[-1]


def _instead(what: str, value: str, made_up: list[str]) -> str:
    made_up.append(f"{what} “{value}”")
    return value


def filled_in(made_up: Iterable[str]) -> str:
    """What Walmart did not give and what stands in its place, a sentence each."""
    parts = (one.partition(" “") for one in made_up)
    said = (
        f"Walmart gave no {what}: “{value} was filled in because Magento demands a value." for what, _, value in parts
    )
    return " ".join(said)
