"""Products that people link to a Walmart SKU: for one order, or remembered for all later ones of a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import selectinload

from webapp import accounts, clock, turns
from webapp.connectors.http import ConnectorError, Limits
from webapp.connectors.magento import MagentoClient
from webapp.database import is_sqlite
from webapp.domain.command_words import KNOWN_NOW
from webapp.domain.plan.products import waits_for_product
from webapp.domain.shop import CONFIGURABLE, Product
from webapp.models import AccountRow, ChangeRow, LineRow, MissingSkuRow, OrderRow, ProductLinkRow, SyncRow, db
from webapp.neighbours import call_magento_briefly
from webapp.outbox import Refusal
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

LIMITS = Limits(connect_seconds=2, total_seconds=5)
"""Somebody waits in front of the page."""
MOST_FOUND = 12
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Found:
    """What a search of the catalog brought, or why it brought nothing."""

    products: tuple[Product, ...] = ()
    trouble: str = ""


def search(store_id: int, text: str) -> Found:
    """The shop's products by SKU or name, what fits best first. Magento's trouble is said, never raised."""
    wanted = " ".join(text.split())[:LONGEST_SEARCH]
    if len(wanted) < 2:
        return Found()
    try:
        found = ask_briefly(store_id).products.search(wanted, MOST_FOUND)
    except ConnectorError as error:
        return Found(trouble=error.message)
    return Found(tuple(sorted(found, key=lambda one: _fit(one, wanted.casefold()))))


class Conflict(Exception):
    """Somebody else has said meanwhile what the SKU is: `theirs` is their product, `by` who they are."""

    def __init__(self, theirs: str, by: str) -> None:
        self.theirs, self.by = theirs, by
        super().__init__(theirs)


def link(
    order_id: int, sku: str, product_sku: str, by: str, *, remember: bool, options: str = "", seen: str | None = None
) -> str:
    """Let a product of the shop stand for a SKU of this order, and with `remember` of all later ones of the store.

    `options` are the words of the variant that was chosen. `seen` is the product that stood for the SKU when the
    question was asked, '' for none. Returns what follows, in a sentence. Raises Refusal with the reason, and Conflict
    where another product stands for it by now.
    """
    order = _order(order_id)
    product = _orderable(accounts.by_id(order.account_id).store.id, product_sku)
    with unit_of_work() as work:
        row = _held(work, order_id, sku)
        _check_seen(row, sku, product.sku, seen)
        former = of_order(row, accounts.by_id(row.account_id).store.id).get(sku)
        if row.magento_order_id is not None and not remember:
            raise Refusal(
                f"Magento order {row.magento_increment_id} has its lines already. Remember the product to use it for "
                "later orders."
            )
        for line in row.lines:
            if line.sku == sku and row.magento_order_id is None:
                line.linked_sku, line.product_id = None if remember else product.sku, product.id
                line.product_type = product.type
        if row.magento_order_id is None:
            _has_product(work, row, sku, former.product_sku if former else sku)
        chosen = f" with the options {options}" if options else ""
        words = f"Linked {sku} to the Magento product {product.sku} ({product.name}){chosen}"
        return _linked(work, row, sku, product, f"{words}, {_REMEMBERED if remember else _HERE}.", by, remember)


def unlink(order_id: int, sku: str, by: str) -> str:
    """Forget what stands for a SKU: on this order, and what the store remembers. Raises Refusal where nothing does."""
    with unit_of_work() as work:
        row = _held(work, order_id, sku)
        store_id = accounts.by_id(row.account_id).store.id
        mine = [line for line in row.lines if line.sku == sku]
        forgotten = forget(work, store_id, sku)
        if not forgotten and not any(line.linked_sku for line in mine):
            raise Refusal(f"{sku} is not linked to a product.")
        for line in mine:
            line.linked_sku = None
            if row.magento_order_id is None:
                line.product_id, line.product_type = None, ""
        _tell(work, row.sync_id, by, f"Unlinked {sku}{'; it is not remembered any more' if forgotten else ''}.")
        _wake(work, row)
    return f"{sku} is looked for by its own SKU again."


def keep(work: Work, store_id: int, sku: str, product: Product, by: str) -> None:
    """Remember a product for a SKU, in place of what was remembered before."""
    what = {"product_sku": product.sku, "product_name": product.name, "by": by, "at": clock.now()}
    insert = sqlite.insert(ProductLinkRow) if is_sqlite() else postgresql.insert(ProductLinkRow)
    row = insert.values(store_id=store_id, sku=sku, **what)
    work.execute(row.on_conflict_do_update(index_elements=["store_id", "sku"], set_=what))


def forget(work: Work, store_id: int, sku: str) -> bool:
    """Remember nothing for a SKU any more; whether something was."""
    mine = delete(ProductLinkRow).where(ProductLinkRow.store_id == store_id, ProductLinkRow.sku == sku)
    return bool(work.changed(mine))


def wake_waiting(work: Work, store_id: int, sku: str) -> list[int]:
    """Let every order of the store be looked at that waits for this SKU of Walmart's; their turns' ids."""
    waiting = (
        select(SyncRow.id, SyncRow.account_id, SyncRow.po)
        .join(MissingSkuRow, MissingSkuRow.sync_id == SyncRow.id)
        .join(OrderRow, OrderRow.sync_id == SyncRow.id)
        .join(LineRow, LineRow.order_id == OrderRow.id)
        .where(MissingSkuRow.store_id == store_id, LineRow.sku == sku, LineRow.linked_sku.is_(None))
        .distinct()
    )
    rows = work.execute(waiting).all()
    now = clock.now()
    turns.wake(work, [Wake(row.account_id, row.po, now) for row in rows])
    work.ring(Bell.INBOUND)
    return [row.id for row in rows]


@dataclass(frozen=True, slots=True)
class Link:
    """What stands for one of Walmart's SKUs on an order, and whether the store remembers it."""

    product_sku: str
    is_remembered: bool
    by: str = ""


def of_order(row: OrderRow, store_id: int) -> dict[str, Link]:
    """The links that hold for an order, by Walmart's SKU. `row.lines` must be loaded."""
    skus = {line.sku for line in row.lines}
    kept = select(ProductLinkRow).where(ProductLinkRow.store_id == store_id, ProductLinkRow.sku.in_(skus))
    links = {one.sku: Link(one.product_sku, True, one.by) for one in db.session.execute(kept).scalars()}
    return links | {line.sku: Link(line.linked_sku, False) for line in row.lines if line.linked_sku}


def wanted(row: OrderRow, links: Mapping[str, Link]) -> list[str]:
    """Walmart's SKUs that the order waits for a product for. `row.lines` must be loaded."""
    waits = select(MissingSkuRow.sku).where(MissingSkuRow.sync_id == row.sync_id)
    missing = set(db.session.execute(waits).scalars())
    skus = dict.fromkeys(line.sku for line in row.lines)
    return [sku for sku in skus if (links[sku].product_sku if sku in links else sku) in missing]


def of_store(store_id: int) -> Sequence[ProductLinkRow]:
    """Everything that a store remembers, by Walmart's SKU."""
    mine = select(ProductLinkRow).where(ProductLinkRow.store_id == store_id).order_by(ProductLinkRow.sku)
    return db.session.execute(mine).scalars().all()


_REMEMBERED, _HERE = "remembered for later orders", "for this order alone"


def _linked(work: Work, row: OrderRow, sku: str, product: Product, words: str, by: str, remember: bool) -> str:
    _tell(work, row.sync_id, by, words)
    others = []
    if remember:
        store_id = accounts.by_id(row.account_id).store.id
        keep(work, store_id, sku, product, by)
        others = [one for one in wake_waiting(work, store_id, sku) if one != row.sync_id]
        for sync_id in others:
            _tell(work, sync_id, by, f"{words} It was linked on order {row.po}.")
    _wake(work, row)
    if row.magento_order_id is not None:
        return f"Remembered for later orders. Magento order {row.magento_increment_id} stays as it is."
    also = {0: "", 1: " Another order that waits for it is read again too."}
    more = also.get(len(others), f" {len(others)} other orders that wait for it are read again too.")
    return f"{sku} is {product.sku} in Magento. The order is read again.{more}"


def _has_product(work: Work, row: OrderRow, sku: str, missed: str) -> None:
    """Say of the order what is true until it is read again: it lacks this product no more, and maybe none at all.

    Another of Walmart's SKUs may stand for the same missing product: then the order lacks it as before.
    """
    account = work.session.get_one(AccountRow, row.account_id)
    links = of_order(row, account.store_id)
    others = {line.sku for line in row.lines} - {sku}
    if missed in {links[other].product_sku if other in links else other for other in others}:
        return
    mine = MissingSkuRow.sync_id == row.sync_id
    was_missed = work.changed(delete(MissingSkuRow).where(mine, MissingSkuRow.sku == missed))
    if not was_missed or work.execute(select(MissingSkuRow.sku).where(mine)).first():
        return
    row.attention = ""
    row.waiting_for = [*(one for one in row.waiting_for if not waits_for_product(one)), KNOWN_NOW]
    row.under_way = not (account.is_paused or account.store.is_paused)


def _orderable(store_id: int, product_sku: str) -> Product:
    """The product, as the shop has it now. Raises Refusal where there is none, or none that can be ordered."""
    try:
        product = ask_briefly(store_id).find_products([product_sku]).get(product_sku)
    except ConnectorError as error:
        raise Refusal(f"Nothing was linked: {error.message}") from error
    if product is None:
        raise Refusal(f"Magento has no product with the SKU {product_sku}.")
    if not product.can_be_ordered:
        raise Refusal(why_refused(product))
    return product


def why_refused(product: Product) -> str:
    """Why this product cannot be linked."""
    if product.type == CONFIGURABLE:
        return f"{product.sku} is a configurable product; what is sold is one of its variants. Set its options."
    return f"{product.sku} is a {product.type} product, which cannot be ordered by itself. Link a simple product."


def _fit(product: Product, wanted: str) -> tuple[bool, bool, bool, str]:
    """An exact SKU first, then those that begin with what was typed; parents, which cannot be linked, last."""
    sku = product.sku.casefold()
    return sku != wanted, not product.can_be_ordered, not sku.startswith(wanted), sku


def ask_briefly(store_id: int) -> MagentoClient:
    """The store's Magento, asked while somebody waits."""
    return call_magento_briefly(accounts.store_by_id(store_id), LIMITS)


def _order(order_id: int) -> OrderRow:
    row = db.session.get(OrderRow, order_id)
    if row is None:
        raise Refusal("This order is not known any more; reload the page.")
    return row


def _held(work: Work, order_id: int, sku: str) -> OrderRow:
    """The order with its lines, as it is stored now. Raises Refusal where it has no such SKU."""
    wanted = select(OrderRow).where(OrderRow.id == order_id).options(selectinload(OrderRow.lines))
    row: OrderRow | None = work.execute(wanted.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None or all(line.sku != sku for line in row.lines):
        raise Refusal(f"This order has no line with the SKU {sku} any more; reload the page.")
    return row


def _check_seen(row: OrderRow, sku: str, wanted: str, seen: str | None) -> None:
    found = of_order(row, accounts.by_id(row.account_id).store.id).get(sku)
    now = found.product_sku if found else ""
    if seen is not None and now not in {seen, wanted}:
        raise Conflict(now, found.by if found else "")


def _tell(work: Work, sync_id: int, by: str, sentence: str) -> None:
    work.add(ChangeRow(sync_id=sync_id, at=clock.now(), kind="person", by=by, sentence=sentence))


def _wake(work: Work, row: OrderRow) -> None:
    row.changed_at = clock.now()
    turns.wake(work, [Wake(row.account_id, row.po, clock.now())])
    work.ring(Bell.INBOUND)
