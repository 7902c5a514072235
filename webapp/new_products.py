"""Creating the product that an order lacks: once for each SKU of a shop, however many orders want it at a time."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import msgspec
from sqlalchemy import func, select

from webapp import outbox, plain, product_links, shop_facts, sku_turns
from webapp.connectors.http import ConnectorError
from webapp.domain.new_product import NewProduct, new_product, shop_sku
from webapp.domain.shop import Product
from webapp.models import LineRow, MissingSkuRow, OrderRow, db
from webapp.outbox import Outcome, Refusal, Unneeded
from webapp.scene import Scene
from webapp.unit_of_work import Work

DEFAULT_SOURCE = "default"


def create(scene: Scene, sku: str) -> Outcome:
    """Create the product, or take the one that is there. Raises ConnectorError, Refusal, MustWait or Unneeded."""
    wanted = new_product(scene.stored, sku, _sold(scene, sku))
    if wanted is None:
        raise Unneeded(f"Nothing of {sku} is left to be created.")
    sku_turns.take(scene, wanted.sku, "creating the product")
    try:
        found = scene.both.magento.find_products([wanted.sku]).get(wanted.sku)
        made = found if found and not scene.task.was_sent else _make(scene, wanted, found)
    except (ConnectorError, Refusal) as trouble:
        if not (isinstance(trouble, ConnectorError) and trouble.doubtful):
            sku_turns.let_go(scene, wanted.sku)
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
    frozen = plain.read(sent, NewProduct)
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
    work.execute(sku_turns.mine(scene, shop_sku(sku)))


def _sold(scene: Scene, sku: str) -> int:
    """How many units of the SKU all orders of the store are known to wait for."""
    waiting = (
        select(func.coalesce(func.sum(LineRow.quantity), 0))
        .join(OrderRow, OrderRow.id == LineRow.order_id)
        .join(MissingSkuRow, MissingSkuRow.sync_id == OrderRow.sync_id)
        .where(MissingSkuRow.store_id == scene.account.store.id, MissingSkuRow.sku == sku, LineRow.sku == sku)
    )
    return int(db.session.execute(waiting).scalar_one())
