"""What REST shows of a shop's stock: what lies at the sources, what may still be sold, what open orders wait for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from webapp.connectors.loose import Unreadable, amount, many, moment, text, whole
from webapp.connectors.magento_door import Door, number, objects, read, thing
from webapp.connectors.magento_search import Filter, any_of, batches
from webapp.domain.order import ZERO
from webapp.domain.stock import OpenItem

FINAL = "complete,closed,canceled"
ITEM = "sku,qty_ordered,qty_shipped,qty_refunded,qty_canceled,parent_item_id"
OPEN_FIELDS = f"items[entity_id,increment_id,store_id,created_at,items[{ITEM}]],total_count"
MOST_OPEN_PAGES = 25


@dataclass(frozen=True, slots=True)
class SalesStock:
    """The stock that a website sells from, and every website that sells from it."""

    stock_id: int
    websites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtSource:
    """What lies of a SKU at one source, and whether the source offers it (its status)."""

    quantity: Decimal
    is_in_stock: bool = True


class Stock:
    """The calls about stock. Every method raises ConnectorError with Magento's own sentence."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def websites(self) -> dict[int, str]:
        """The codes of the shop's websites by their ids."""
        answer = self._door.send("GET", "store/websites")
        entries = read(answer, lambda body: [thing(one) for one in objects(body)])
        return {number(one, "id"): text(one, "code") for one in entries}

    def of_website(self, code: str) -> SalesStock:
        """The stock that a website sells from."""
        answer = self._door.send("GET", f"inventory/stock-resolver/website/{quote(code, safe='')}")
        return read(answer, _stock)

    def sources(self, stock_id: int) -> tuple[str, ...]:
        """The codes of the sources that a stock takes from."""
        groups = [[Filter("stock_id", str(stock_id), "eq")]]
        fields = "items[source_code,stock_id],total_count"
        return tuple(self._door.search("inventory/stock-source-links", groups, fields, _source))

    def on_the_shelf(self, skus: Collection[str], sources: Collection[str]) -> dict[str, Decimal]:
        """What lies at the sources and is in stock, by SKU, casefolded."""
        found: dict[str, Decimal] = {}
        for batch in batches(skus):
            groups = [any_of("sku", batch), any_of("source_code", sources), [Filter("status", "1", "eq")]]
            fields = "items[sku,source_code,quantity,status],total_count"
            for sku, quantity in self._door.search("inventory/source-items", groups, fields, _at_source):
                found[sku] = found.get(sku, ZERO) + quantity
        return found

    def lay(self, sku: str, source: str, quantity: Decimal) -> None:
        """Let so many lie at a source, in stock, whatever lay there before."""
        item = {"sku": sku, "source_code": source, "quantity": quantity, "status": 1}
        self._door.send("POST", "inventory/source-items", body={"sourceItems": [item]})

    def at_each(self, sku: str, sources: Collection[str]) -> dict[str, AtSource]:
        """What lies of one SKU at each of these sources that knows it, in stock or not, by the source's code."""
        groups = [any_of("sku", [sku]), any_of("source_code", sources)]
        fields = "items[sku,source_code,quantity,status],total_count"
        return dict(self._door.search("inventory/source-items", groups, fields, _of_source))

    def set_at_each(self, sku: str, wanted: Mapping[str, AtSource]) -> None:
        """Let so many lie at each of these sources, whatever lay there before; all of it or nothing."""
        items = [
            {"sku": sku, "source_code": source, "quantity": one.quantity, "status": int(one.is_in_stock)}
            for source, one in wanted.items()
        ]
        self._door.send("POST", "inventory/source-items", body={"sourceItems": items})

    def salable(self, sku: str, stock_id: int) -> Decimal:
        """How many may still be sold."""
        path = f"inventory/get-product-salable-quantity/{quote(sku, safe='')}/{stock_id}"
        return read(self._door.send("GET", path), _amount)

    def open_items(self, store_ids: Collection[int]) -> Iterator[OpenItem]:
        """The lines of all orders of these store views that are not finished, of at most 5,000 orders."""
        groups = [[Filter("state", FINAL, "nin")], any_of("store_id", map(str, sorted(store_ids)))]
        found = self._door.search("orders", groups, OPEN_FIELDS, _open_items, most_pages=MOST_OPEN_PAGES)
        for items in found:
            yield from items


def _stock(body: Any) -> SalesStock:
    entry = thing(body)
    channels = many(entry, "extension_attributes", "sales_channels")
    return SalesStock(number(entry, "stock_id"), tuple(text(one, "code") for one in channels))


def _source(body: Any) -> str:
    return text(thing(body), "source_code")


def _at_source(body: Any) -> tuple[str, Decimal]:
    entry = thing(body)
    return text(entry, "sku").casefold(), amount(entry, "quantity") or ZERO


def _of_source(body: Any) -> tuple[str, AtSource]:
    entry = thing(body)
    return text(entry, "source_code"), AtSource(amount(entry, "quantity") or ZERO, whole(entry, "status") == 1)


def _amount(body: Any) -> Decimal:
    found = amount({"quantity": body}, "quantity")
    if found is None:
        raise Unreadable("the answer is no quantity")
    return found


def _open_items(body: Any) -> tuple[OpenItem, ...]:
    order = thing(body)
    return tuple(
        OpenItem(
            increment_id=text(order, "increment_id"),
            sku=text(item, "sku"),
            ordered=amount(item, "qty_ordered") or ZERO,
            shipped=amount(item, "qty_shipped") or ZERO,
            refunded=amount(item, "qty_refunded") or ZERO,
            canceled=amount(item, "qty_canceled") or ZERO,
            ordered_at=moment(order, "created_at"),
        )
        for item in many(order, "items")
        if not whole(item, "parent_item_id")
    )
