"""An address as a person corrected it: set in place of Walmart's, which is kept; checked by the country's own rules."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from webapp.domain.order import Address, Order
from webapp.domain.regions import Region, match
from webapp.domain.shop_address import COUNTRIES

LABELS = {
    "name": "Name",
    "address1": "Street",
    "address2": "Second line",
    "city": "City",
    "state": "State or province",
    "postal_code": "Postal code",
    "country": "Country",
    "phone": "Telephone",
    "email": "E-mail",
}
"""What can be corrected, in the order of the form; `email` belongs to the order, the rest to its address."""

LONGEST = {"name": 100, "postal_code": 20, "phone": 40, "email": 254}
LONGEST_ELSE = 120
NEEDED = ("name", "address1", "city")
WITH_STATE = frozenset({"US", "CA", "MX"})
_ZIP = (re.compile(r"\d{5}(-\d{4})?"), "five digits, or nine as 12345-6789")
POSTAL = {
    **dict.fromkeys(("US", "PR", "GU", "VI", "AS", "MP"), _ZIP),
    "CA": (re.compile(r"[A-Z]\d[A-Z] \d[A-Z]\d"), "letters and digits as in K1A 0B1"),
    "MX": (re.compile(r"\d{5}"), "five digits"),
    "CL": (re.compile(r"(\d{7}|\d{3}-\d{4})?"), "seven digits, or nothing"),
}
"""By country: the postal code's form, and the same in words."""
_PHONE = re.compile(r"(?=(?:\D*\d){5})[\d\s+().,/x-]+", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CANADIAN = re.compile(r"([A-Z]\d[A-Z])\s*-?\s*(\d[A-Z]\d)")


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a person put in place of Walmart's address and e-mail; `walmart` and `walmart_email` are what they replaced.

    `version` counts the corrections. `asked` is the one that a person wants in the Magento order, `in_magento` the one
    that it is known to have; 0 is Walmart's own.
    """

    address: Address
    email: str
    version: int
    by: str
    at: datetime
    walmart: Address = field(default_factory=Address)
    walmart_email: str = ""
    asked: int = 0
    in_magento: int = 0


def corrected(order: Order, correction: Corrected | None) -> Order:
    """The order as it is to be delivered."""
    return replace(order, address=correction.address, email=correction.email) if correction else order


def two_letters(country: str) -> str:
    """The country's code as Magento writes it; an unknown word stays as it is."""
    code = country.strip().upper()
    return COUNTRIES.get(code, code)


def tidy(given: dict[str, str]) -> tuple[Address, str]:
    """What was typed, without stray blanks, codes in their usual form: an address and an e-mail."""
    clean = {name: " ".join(given.get(name, "").split()) for name in LABELS}
    email, country = clean.pop("email"), clean["country"].upper()
    if country == "CA":
        clean["postal_code"] = _CANADIAN.sub(r"\1 \2", clean["postal_code"].upper())
    return Address(**clean | {"country": country}), email


def mistakes(
    address: Address,
    email: str,
    regions: tuple[Region, ...] | None,
    *,
    countries: Container[str],
    refuse_unknown: bool,
) -> dict[str, str]:
    """By the name of the field, what is wrong with it, in a sentence; none where all is well.

    `countries` are the codes of those that exist, `regions` what the shop knows in this one; None where it could not be
    asked.
    """
    place = _of_place(address, regions, countries, refuse_unknown=refuse_unknown)
    return dict([*_of_text(address, email), *place])


def differences(before: Order, after: Order) -> list[tuple[str, str, str]]:
    """Each field that differs, as its label, what it was and what it is."""
    old, new = _fields(before), _fields(after)
    return [(label, old[name], new[name]) for name, label in LABELS.items() if old[name] != new[name]]


def _fields(order: Order) -> dict[str, str]:
    address = order.address
    found = {name: str(getattr(address, name)) for name in LABELS if name != "email"}
    return found | {"country": two_letters(address.country), "email": order.email}


def _of_text(address: Address, email: str) -> Iterator[tuple[str, str]]:
    for name in LABELS:
        value, most = email if name == "email" else str(getattr(address, name)), LONGEST.get(name, LONGEST_ELSE)
        if len(value) > most:
            yield name, f"At most {most} characters; this has {len(value)}."
        elif name in NEEDED and not value:
            yield name, "Magento takes no order without it."
    if address.phone and not _PHONE.fullmatch(address.phone):
        yield "phone", "A telephone number has at least five digits, and no words. Leave it empty where there is none."
    if email and not _EMAIL.fullmatch(email):
        yield "email", "This is no e-mail address. Leave it empty where there is none."


def _of_place(
    address: Address, regions: tuple[Region, ...] | None, countries: Container[str], *, refuse_unknown: bool
) -> Iterator[tuple[str, str]]:
    country = address.country
    if len(country) != 2 or not country.isalpha():
        yield "country", "The country is two letters, for instance US."
        return
    if country not in countries:
        yield "country", f"There is no country {country}. Write its two letters, for instance US."
        return
    form, in_words = POSTAL.get(country, (None, ""))
    if form is not None and not form.fullmatch(address.postal_code):
        yield "postal_code", f"A postal code in {country} is {in_words}."
    elif address.postal_code and not any(sign.isalnum() for sign in address.postal_code):
        yield "postal_code", "A postal code has letters or digits. Leave it empty where there is none."
    if not address.state:
        if country in WITH_STATE:
            yield "state", f"An address in {country} needs its state or province."
    elif regions and match(address.state, country, regions) is None and (refuse_unknown or country in WITH_STATE):
        yield "state", f"Magento knows no “{address.state}” in {country}. Write its code or its name."
