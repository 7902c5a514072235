"""What a store was asked before and need not be asked again for each order: its regions, its last stock reading."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from webapp import clock, plain
from webapp.connectors.magento import MagentoClient
from webapp.database import is_sqlite
from webapp.domain.regions import Region
from webapp.models import StoreFactRow, db
from webapp.unit_of_work import Work, unit_of_work

REGIONS_HOLD = timedelta(days=7)
VIEW_HOLDS = timedelta(hours=6)


class NoView(Exception):
    """The shop has no store view of this code; the message names those it has."""


@dataclass(frozen=True, slots=True)
class View:
    """A store view: its `store_id`, its website, and the base currency of that."""

    id: int
    code: str
    website_id: int
    currency: str


def regions(store_id: int, magento: MagentoClient, country: str) -> tuple[Region, ...]:
    """The regions that the store knows in a country, asked once a week. Raises ConnectorError."""
    name = f"regions:{country}"
    known = get(store_id, name)
    if known is not None and clock.now() - known[1] < REGIONS_HOLD:
        return plain.read(known[0]["regions"], tuple[Region, ...])
    found = magento.regions(country)
    with unit_of_work() as work:
        put(work, store_id, name, {"regions": [asdict(one) for one in found]})
    return found


def view(store_id: int, magento: MagentoClient, code: str) -> View:
    """What the shop says of its store view, asked every few hours. Raises NoView and ConnectorError."""
    name = f"view:{code}"
    known = get(store_id, name)
    if known is not None and clock.now() - known[1] < VIEW_HOLDS:
        return plain.read(known[0], View)
    views = {one.code: one for one in magento.store_views()}
    if code not in views:
        raise NoView(f"The shop has no store view {code}. It has: {', '.join(views) or 'none'}.")
    config = magento.store_config(code)
    found = View(views[code].id, code, views[code].website_id, config.base_currency if config else "")
    with unit_of_work() as work:
        put(work, store_id, name, asdict(found))
    return found


def sales_stock(store_id: int, magento: MagentoClient, code: str) -> int:
    """The id of the stock that a store view sells from, asked every few hours. Raises NoView and ConnectorError."""
    name = f"stock:{code}"
    known = get(store_id, name)
    if known is not None and clock.now() - known[1] < VIEW_HOLDS:
        return int(known[0]["id"])
    website = magento.stock.websites()[view(store_id, magento, code).website_id]
    found = magento.stock.of_website(website).stock_id
    with unit_of_work() as work:
        put(work, store_id, name, {"id": found})
    return found


def get(store_id: int, name: str) -> tuple[dict[str, Any], datetime] | None:
    """A fact, and when it was read."""
    row = db.session.get(StoreFactRow, (store_id, name), populate_existing=True)
    return (row.value, row.read_at) if row else None


def put(work: Work, store_id: int, name: str, value: dict[str, Any]) -> None:
    """Keep a fact, in place of what was known before."""
    now = clock.now()
    insert = sqlite.insert(StoreFactRow) if is_sqlite() else postgresql.insert(StoreFactRow)
    row = insert.values(store_id=store_id, name=name, value=value, read_at=now)
    work.execute(row.on_conflict_do_update(index_elements=["store_id", "name"], set_={"value": value, "read_at": now}))
