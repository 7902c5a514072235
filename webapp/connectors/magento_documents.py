"""What Magento tells of orders' documents: shipments with their tracks, credit memos, and which orders have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from webapp.connectors.loose import Object, Unreadable, amount, many, moment, part, text, whole
from webapp.connectors.magento_door import Door, number, thing
from webapp.connectors.magento_search import Filter, any_of, batches
from webapp.domain.order import ZERO
from webapp.domain.shop import Credited, ItemUnits, ShopCreditmemo, ShopShipment, ShopTrack

TRACK = "entity_id,track_number,carrier_code,title,created_at"
SHIPMENT_FIELDS = (
    f"items[entity_id,increment_id,order_id,created_at,tracks[{TRACK}],items[order_item_id,qty],comments[comment],"
    "extension_attributes],total_count"
)
CREDITED = "order_item_id,qty,row_total,tax_amount,discount_amount"
CREDITMEMO_FIELDS = (
    "items[entity_id,increment_id,order_id,created_at,shipping_amount,shipping_tax_amount,adjustment_positive,"
    f"adjustment_negative,grand_total,items[{CREDITED}],comments[comment]],total_count"
)
STANDS_BY = ("state", "status", "total_paid", "total_refunded", "total_canceled")
CHANGED_FIELDS = f"items[entity_id,ext_order_id,updated_at,{','.join(STANDS_BY)}],total_count"
MOST_POLLED_PAGES = 1000


@dataclass(frozen=True, slots=True)
class ChangedOrder:
    """An order that was saved; `ext_order_id` is empty where the order carries none.

    `stands` is how it stands, in words to compare: Magento's times are whole seconds, and it may be saved twice in one.
    """

    entity_id: int
    ext_order_id: str
    updated_at: datetime
    stands: str = ""


class Documents:
    """The reads of documents. Every method raises ConnectorError with Magento's own sentence."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def shipments_of(self, order_ids: Collection[int]) -> tuple[ShopShipment, ...]:
        """All shipments of these orders, oldest first; about 100 orders a call."""
        return self._by("shipments", "order_id", order_ids, SHIPMENT_FIELDS, _shipment)

    def shipments_by_id(self, shipment_ids: Collection[int]) -> tuple[ShopShipment, ...]:
        """These shipments, oldest first: a track that was added or changed leaves no other trace in Magento."""
        return self._by("shipments", "entity_id", shipment_ids, SHIPMENT_FIELDS, _shipment)

    def creditmemos_of(self, order_ids: Collection[int]) -> tuple[ShopCreditmemo, ...]:
        """All credit memos of these orders, oldest first; about 100 orders a call."""
        return self._by("creditmemos", "order_id", order_ids, CREDITMEMO_FIELDS, _creditmemo)

    def shipments_since(self, at: datetime) -> Iterator[ShopShipment]:
        """Shipments made at `at` or later, in whole seconds, oldest first; of every order of the shop."""
        return self._since("shipments", "created_at", at, SHIPMENT_FIELDS, _shipment)

    def creditmemos_since(self, at: datetime) -> Iterator[ShopCreditmemo]:
        """Credit memos made at `at` or later, oldest first; of every order of the shop."""
        return self._since("creditmemos", "created_at", at, CREDITMEMO_FIELDS, _creditmemo)

    def orders_changed_since(self, at: datetime, store_id: int | None = None) -> Iterator[ChangedOrder]:
        """Orders whose `updated_at` is `at` or later, oldest change first.

        A partial shipment, a later track and a comment do not touch it (magento.md, detecting changes by polling).
        """
        only = [[Filter("store_id", str(store_id), "eq")]] if store_id is not None else []
        return self._since("orders", "updated_at", at, CHANGED_FIELDS, _changed, *only)

    def _by(self, path: str, field: str, ids: Collection[int], fields: str, parse: Any) -> tuple[Any, ...]:
        found = {}
        for batch in batches(str(one) for one in sorted(ids)):
            for entry in self._door.search(path, [any_of(field, batch)], fields, parse):
                found[entry.entity_id] = entry
        return tuple(found[one] for one in sorted(found))

    def _since(
        self, path: str, field: str, at: datetime, fields: str, parse: Any, *more: list[Filter]
    ) -> Iterator[Any]:
        since = Filter(field, f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", "gteq")
        return self._door.search(path, [[since], *more], fields, parse, most_pages=MOST_POLLED_PAGES, sort=field)


def _shipment(body: Any) -> ShopShipment:
    entry = thing(body)
    return ShopShipment(
        entity_id=number(entry, "entity_id"),
        increment_id=text(entry, "increment_id"),
        order_id=number(entry, "order_id"),
        created_at=_made(entry),
        items=tuple(ItemUnits(number(item, "order_item_id"), _units(item)) for item in many(entry, "items")),
        tracks=tuple(_track(track) for track in many(entry, "tracks")),
        source_code=text(part(entry, "extension_attributes"), "source_code"),
        comments=_comments(entry),
    )


def _track(track: Object) -> ShopTrack:
    return ShopTrack(
        id=whole(track, "entity_id") or 0,
        number=text(track, "track_number"),
        carrier_code=text(track, "carrier_code"),
        title=text(track, "title"),
        created_at=moment(track, "created_at"),
    )


def _creditmemo(body: Any) -> ShopCreditmemo:
    entry = thing(body)
    return ShopCreditmemo(
        entity_id=number(entry, "entity_id"),
        increment_id=text(entry, "increment_id"),
        order_id=number(entry, "order_id"),
        created_at=_made(entry),
        items=tuple(_credited(item) for item in many(entry, "items")),
        shipping=_money(entry, "shipping_amount"),
        shipping_tax=_money(entry, "shipping_tax_amount"),
        adjustment_positive=_money(entry, "adjustment_positive"),
        adjustment_negative=_money(entry, "adjustment_negative"),
        grand_total=_money(entry, "grand_total"),
        comments=_comments(entry),
    )


def _credited(item: Object) -> Credited:
    return Credited(
        item_id=number(item, "order_item_id"),
        quantity=_units(item),
        row_total=_money(item, "row_total"),
        tax=_money(item, "tax_amount"),
        discount=abs(_money(item, "discount_amount")),
    )


def _changed(body: Any) -> ChangedOrder:
    entry = thing(body)
    updated_at = moment(entry, "updated_at")
    if updated_at is None:
        raise Unreadable("updated_at is missing or no time")
    stands = " ".join(str(entry.get(name) or "") for name in STANDS_BY)
    return ChangedOrder(number(entry, "entity_id"), text(entry, "ext_order_id"), updated_at, stands)


def _made(entry: Object) -> datetime:
    created_at = moment(entry, "created_at")
    if created_at is None:
        raise Unreadable("created_at is missing or no time")
    return created_at


def _units(item: Object) -> int:
    return whole(item, "qty") or 0


def _money(entry: Object, key: str) -> Decimal:
    return amount(entry, key) or ZERO


def _comments(entry: Object) -> tuple[str, ...]:
    return tuple(text(comment, "comment") for comment in many(entry, "comments"))
