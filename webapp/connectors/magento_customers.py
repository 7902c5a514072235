"""Magento's customers: one read, found by e-mail, made. Nothing of an existing customer is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.connectors.loose import text, whole
from webapp.connectors.magento_door import Door, number, read, thing
from webapp.connectors.magento_errors import is_gone, judge_lookup
from webapp.connectors.magento_search import Filter

FIELDS = "items[id,email,firstname,lastname,group_id,website_id],total_count"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the shop."""

    id: int
    email: str
    first_name: str
    last_name: str
    group_id: int
    website_id: int | None


class Customers:
    """The calls about customers. Every method raises ConnectorError with Magento's own sentence."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def get(self, customer_id: int) -> Customer | None:
        """The customer, or None where there is none of this id."""
        answer = self._door.send("GET", f"customers/{customer_id}", judge=judge_lookup)
        return None if is_gone(answer) else read(answer, _customer)

    def find(self, email: str, website_id: int) -> Customer | None:
        """The website's customer with this e-mail."""
        groups = [[Filter("email", email, "eq")], [Filter("website_id", str(website_id), "eq")]]
        return next(iter(self._door.search("customers/search", groups, FIELDS, _customer)), None)

    def create(self, email: str, names: tuple[str, str], website_id: int, group_id: int, store_id: int) -> Customer:
        """A new customer without a password and without addresses. The website may have one of this e-mail: 400."""
        sent = {
            "email": email,
            "firstname": names[0],
            "lastname": names[1],
            "website_id": website_id,
            "group_id": group_id,
            "store_id": store_id,
        }
        return read(self._door.send("POST", "customers", body={"customer": sent}), _customer)


def _customer(body: Any) -> Customer:
    entry = thing(body)
    return Customer(
        id=number(entry, "id"),
        email=text(entry, "email"),
        first_name=text(entry, "firstname"),
        last_name=text(entry, "lastname"),
        group_id=whole(entry, "group_id") or 0,
        website_id=whole(entry, "website_id"),
    )
