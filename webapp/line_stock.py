"""What the shop has in stock of an order's products, read while somebody waits: briefly, or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from webapp import accounts, order_rows, products, shop_facts
from webapp.accounts import Store
from webapp.connectors.http import ConnectorError, Limits
from webapp.connectors.magento import MagentoClient
from webapp.domain.shop import Product
from webapp.models import OrderRow
from webapp.neighbours import call_magento_briefly

LIMITS = Limits(connect_seconds=1.5, total_seconds=2.5)
TAKES = 4.0
"""Seconds for all SKUs of an order together; what was not read by then is unknown."""
MOST_SKUS = 20
RESTS = 15.0
"""Seconds in which a shop that did not answer is not asked again."""

_at_work = threading.BoundedSemaphore(2)
_away_until: dict[int, float] = {}


class Stock(StrEnum):
    """In a word."""

    THERE = "in stock"
    OUT = "out of stock"
    NOT_FOUND = "not found"
    NOT_COUNTED = "not counted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LineStock:
    """Of one of Walmart's SKUs. `salable` is how many may still be sold; `why` the reason where that is not known.
    `price` is the shop's own."""

    state: Stock
    salable: str = ""
    why: str = ""
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order with the stock of its product."""

    number: str
    sku: str
    title: str
    stock: LineStock


def of_order(row: OrderRow) -> list[Line]:
    """The lines of an order, each with what is in stock. `row.lines` must be loaded.

    Magento's trouble is said, never raised.
    """
    lines = [(line.number, line.sku, line.title) for line in row.lines]
    found = _read_briefly(row)
    return [Line(number, sku, title, found[sku]) for number, sku, title in lines]


def _read_briefly(row: OrderRow) -> dict[str, LineStock]:
    """By SKU.

    At most two people are answered at a time by one process, so that a slow shop holds up nobody else.
    """
    skus = list(dict.fromkeys(line.sku for line in row.lines))
    wanted = products.Wanted(frozenset(skus[:MOST_SKUS]), _links(row))
    store = accounts.by_id(row.account_id).store
    if _away_until.get(store.id, 0) > time.monotonic() or not _at_work.acquire(blocking=False):
        return dict.fromkeys(skus, LineStock(Stock.UNKNOWN, why="Magento is slow at the moment."))
    try:
        found = dict(_read(store, wanted))
    except ConnectorError as error:
        _away_until[store.id] = time.monotonic() + RESTS
        found = dict.fromkeys(skus, LineStock(Stock.UNKNOWN, why=error.message))
    except shop_facts.NoView as missing:
        found = dict.fromkeys(skus, LineStock(Stock.UNKNOWN, why=str(missing)))
    finally:
        _at_work.release()
    return {sku: found.get(sku, LineStock(Stock.UNKNOWN, why="It was not read in time.")) for sku in skus}


def _read(store: Store, wanted: products.Wanted) -> Iterator[tuple[str, LineStock]]:
    ends_at = time.monotonic() + TAKES
    magento = call_magento_briefly(store, LIMITS)
    found = products.match(magento, store.id, wanted).products
    stock_id = shop_facts.sales_stock(store.id, magento, store.connection.store_view)
    for sku in sorted(wanted.skus):
        if time.monotonic() < ends_at:
            yield sku, _of(magento, found.get(sku), stock_id)


def _links(row: OrderRow) -> dict[str, str]:
    """The shop's SKU of each of Walmart's: as it stands in the Magento order, where there is one, else as linked."""
    ordered = order_rows.ordered_skus(row)
    return {line.sku: ordered[line.number] for line in row.lines if line.number in ordered} or order_rows.links(row)


def _of(magento: MagentoClient, product: Product | None, stock_id: int) -> LineStock:
    if product is None:
        return LineStock(Stock.NOT_FOUND)
    if not product.can_be_ordered:
        return LineStock(Stock.NOT_COUNTED, why=f"It is a {product.type} product.", price=product.price)
    try:
        salable = magento.stock.salable(product.sku, stock_id)
    except ConnectorError as error:
        if error.status is None:
            raise
        return LineStock(Stock.UNKNOWN, why=error.message, price=product.price)
    return LineStock(Stock.THERE if salable > 0 else Stock.OUT, f"{salable:g}", price=product.price)


def forget() -> None:
    """Ask every shop again, also one that did not answer a moment ago."""
    _away_until.clear()
