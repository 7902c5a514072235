"""Creating the product that an order lacks: once for each SKU of a shop, however many orders want it at a time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial

import msgspec
from sqlalchemy import Delete, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from webapp import claims, clock, outbox, product_links, shop_facts
from webapp.connectors.http import ConnectorError
from webapp.database import is_sqlite
from webapp.domain.new_product import NewProduct, new_product, shop_sku
from webapp.domain.shop import Product
from webapp.limits import MustWait
from webapp.models import LineRow, MissingSkuRow, NewProductRow, OrderRow, db
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene
from webapp.unit_of_work import Work, unit_of_work

HELD = timedelta(minutes=3)
"""Longer than any call and its effect's becoming visible: whoever comes after that finds what was made."""
LOOK_AGAIN = timedelta(seconds=5)
DEFAULT_SOURCE = "default"


def create(scene: Scene, sku: str) -> Outcome:
    """Create the product, or take the one that is there. Raises ConnectorError, Refusal, MustWait or Unneeded."""
    wanted = new_product(scene.stored, sku, _sold(scene, sku))
    if wanted is None:
        raise Unneeded(f"Nothing of {sku} is left to be created.")
    _hold(scene, wanted.sku)
    try:
        found = scene.both.magento.find_products([wanted.sku]).get(wanted.sku)
        made = found if found and not scene.task.was_sent else _make(scene, wanted, found)
    except (ConnectorError, Refusal) as trouble:
        if not (isinstance(trouble, ConnectorError) and trouble.doubtful):
            _let_go(scene, wanted.sku)
        raise
    words = "Found the product" if found else "Created the product"
    return Outcome(f"{words} {made.sku} in Magento.", partial(_record, scene, sku, made))


def _make(scene: Scene, wanted: NewProduct, found: Product | None) -> Product:
    """Make it with its stock; what an earlier try has made already is only given the stock that it lacks."""
    store, magento = scene.account.store, scene.both.magento
    try:
        view = shop_facts.view(store.id, magento, store.connection.store_view)
    except shop_facts.NoView as missing:
        raise Refusal(str(missing)) from missing
    sources = magento.stock.sources(shop_facts.sales_stock(store.id, magento, view.code))
    sent = outbox.freeze(scene.claim, scene.task, msgspec.to_builtins(wanted))
    tax_class = scene.account.policy.product_tax_class
    frozen = msgspec.convert(sent, NewProduct)
    made = found or magento.products.create(frozen, websites=[view.website_id], tax_class=tax_class)
    # A new product lies at the source “default”, which a shop with several need not sell from.
    if sources and DEFAULT_SOURCE not in sources and not magento.stock.on_the_shelf([made.sku], sources):
        magento.stock.lay(made.sku, sources[0], Decimal(frozen.quantity))
    return made


def _record(scene: Scene, sku: str, made: Product, work: Work) -> None:
    """Others that wait for it go on; a SKU that had to be cut is remembered as what it became."""
    store_id = scene.account.store.id
    if shop_sku(sku) != sku:
        product_links.keep(work, store_id, sku, made, outbox.RULE)
    product_links.wake_waiting(work, store_id, sku)
    work.execute(_mine(scene, shop_sku(sku)))


def _sold(scene: Scene, sku: str) -> int:
    """How many units of the SKU all orders of the store are known to wait for."""
    waiting = (
        select(func.coalesce(func.sum(LineRow.quantity), 0))
        .join(OrderRow, OrderRow.id == LineRow.order_id)
        .join(MissingSkuRow, MissingSkuRow.sync_id == OrderRow.sync_id)
        .where(MissingSkuRow.store_id == scene.account.store.id, MissingSkuRow.sku == sku, LineRow.sku == sku)
    )
    return int(db.session.execute(waiting).scalar_one())


def _hold(scene: Scene, sku: str) -> None:
    """Only one order at a time makes a product. Raises MustWait where another one is at it."""
    now = clock.now()
    insert = sqlite.insert(NewProductRow) if is_sqlite() else postgresql.insert(NewProductRow)
    row = insert.values(shop=_shop(scene), sku=sku, sync_id=scene.claim.sync_id, held_until=now + HELD)
    free = or_(NewProductRow.held_until < now, NewProductRow.sync_id == scene.claim.sync_id)
    taken = row.on_conflict_do_update(
        index_elements=["shop", "sku"],
        set_={"sync_id": row.excluded.sync_id, "held_until": row.excluded.held_until},
        where=free,
    )
    with unit_of_work() as work:
        claims.check(work, scene.claim)
        if not work.changed(taken):
            raise MustWait(f"Another order is creating the product {sku} just now.", now + LOOK_AGAIN)


def _let_go(scene: Scene, sku: str) -> None:
    with unit_of_work() as work:
        work.execute(_mine(scene, sku))


def _mine(scene: Scene, sku: str) -> Delete:
    return delete(NewProductRow).where(
        NewProductRow.shop == _shop(scene), NewProductRow.sku == sku, NewProductRow.sync_id == scene.claim.sync_id
    )


def _shop(scene: Scene) -> str:
    """The shop by its address: all its store views sell the same products."""
    return scene.account.store.connection.url.rstrip("/").casefold()
