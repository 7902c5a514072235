"""One order at a time makes a product, or changes the stock of one, however many orders of a shop want it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Delete, delete, or_
from sqlalchemy.dialects import postgresql, sqlite

from webapp import claims, clock
from webapp.database import is_sqlite
from webapp.limits import MustWait
from webapp.models import NewProductRow
from webapp.scene import Scene
from webapp.unit_of_work import unit_of_work

HELD = timedelta(minutes=3)
"""Longer than any call and its effect's becoming visible: whoever comes after that finds what was done."""
LOOK_AGAIN = timedelta(seconds=5)


def take(scene: Scene, sku: str, doing: str) -> None:
    """Take the turn of this SKU in the shop. Raises MustWait where another order has it; `doing` says what it does."""
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
            raise MustWait(f"Another order is {doing} {sku} just now.", now + LOOK_AGAIN)


def let_go(scene: Scene, sku: str) -> None:
    """Let others have it; nothing where it was let go already."""
    with unit_of_work() as work:
        work.execute(mine(scene, sku))


def mine(scene: Scene, sku: str) -> Delete:
    """Lets go within a transaction of the caller's."""
    return delete(NewProductRow).where(
        NewProductRow.shop == _shop(scene), NewProductRow.sku == sku, NewProductRow.sync_id == scene.claim.sync_id
    )


def shop_at(url: str) -> str:
    """The shop by its address: all its store views sell the same products."""
    return url.rstrip("/").casefold()


def _shop(scene: Scene) -> str:
    return shop_at(scene.account.store.connection.url)
