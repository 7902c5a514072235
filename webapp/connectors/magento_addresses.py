"""The addresses of a Magento order: read, and changed one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from webapp.connectors.loose import Object, many, part, text, whole
from webapp.connectors.magento_door import Door, number, read, thing
from webapp.connectors.magento_errors import is_gone, judge_lookup

ADDRESS = "entity_id,address_type,firstname,lastname,street,city,region,region_id,postcode,country_id,telephone,email"
FIELDS = (
    f"entity_id,customer_is_guest,customer_email,billing_address[{ADDRESS}],"
    f"extension_attributes[shipping_assignments[shipping[address[{ADDRESS}]]]]"
)


@dataclass(frozen=True, slots=True)
class ShopAddress:
    """An address of an order. `shown` is all that Magento says of it, by Magento's names."""

    entity_id: int
    kind: str
    shown: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Addressed:
    """An order with its billing and its shipping address, as far as it has them."""

    order_id: int
    is_guest: bool
    email: str
    addresses: tuple[ShopAddress, ...]


class Addresses:
    """The calls about an order's addresses. Both raise ConnectorError with Magento's own sentence."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def of_order(self, order_id: int) -> Addressed | None:
        """The order's addresses, or None where there is no such order (any more)."""
        answer = self._door.send("GET", f"orders/{order_id}?fields={quote(FIELDS, safe='')}", judge=judge_lookup)
        return None if is_gone(answer) else read(answer, _addressed)

    def change(self, order_id: int, address: ShopAddress, wanted: Mapping[str, Any]) -> None:
        """Put another address in place of this one, whole; may be repeated."""
        entity = {**wanted, "address_type": address.kind, "entity_id": address.entity_id, "parent_id": order_id}
        self._door.send("PUT", f"orders/{order_id}", body={"entity": entity})


def _addressed(body: Any) -> Addressed:
    entry = thing(body)
    assignments = many(part(entry, "extension_attributes"), "shipping_assignments")
    found = [part(entry, "billing_address"), *(part(part(one, "shipping"), "address") for one in assignments)]
    return Addressed(
        number(entry, "entity_id"),
        bool(whole(entry, "customer_is_guest")),
        text(entry, "customer_email"),
        tuple(_address(one) for one in found if whole(one, "entity_id")),
    )


def _address(entry: Object) -> ShopAddress:
    return ShopAddress(number(entry, "entity_id"), text(entry, "address_type"), dict(entry))
