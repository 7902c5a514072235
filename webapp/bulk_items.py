"""One order of an action on many, and how its fresh read ended where that is all that was asked for.

Of such an order the sentence stays empty until the first read that began after it was asked for has ended, however it
did; that fixes what is told of it, whatever later reads come to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select, update

from webapp.models import BulkItemRow, OrderRow, SyncRow
from webapp.unit_of_work import Work


class ItemState(StrEnum):
    """What became of one order. A done one may still fail: its command tells."""

    WAITING = "waiting"
    SKIPPED = "skipped"
    DONE = "done"
    FAILED = "failed"


IS_ON_ITS_WAY = (BulkItemRow.state == ItemState.DONE) & (BulkItemRow.sentence == "")
_EXPECTED = select(BulkItemRow.id, OrderRow).join(OrderRow, OrderRow.id == BulkItemRow.order_id)
_EXPECTED = _EXPECTED.where(
    OrderRow.sync_id.in_(bindparam("turns", expanding=True)), IS_ON_ITS_WAY, BulkItemRow.done_at <= bindparam("began")
)


def was_read(work: Work, troubles: Mapping[int, str], began: datetime) -> None:
    """These turns were read at Walmart, each with the shop's trouble or '': tell whoever asked for it before `began`.

    The turns are locked by this work, as by `claims.check`.
    """
    for item_id, row in _expected(work, troubles, began):
        _fix(work, item_id, *_of_read(row, troubles[row.sync_id]))


def was_not_read(work: Work, sync_id: int, sentence: str, began: datetime) -> None:
    """Neither side could be read, and it is tried again: tell whoever asked for it before `began`."""
    for item_id, _ in _expected(work, [sync_id], began):
        _fix(work, item_id, ItemState.FAILED, f"Not read: {sentence}")


def catch_up(work: Work, order_id: int) -> None:
    """Tell of a read that ended before the order counted as asked for. Where the turn says by now what came later, the
    next read tells; an order that has gone needs none."""
    turn = select(SyncRow).join(OrderRow, OrderRow.sync_id == SyncRow.id).where(OrderRow.id == order_id)
    # Locked first, so that a read that ends just now finds the order, or is found here.
    locked = turn.with_for_update(of=SyncRow).execution_options(populate_existing=True)
    sync = work.execute(locked).scalar_one_or_none()
    if sync is not None and sync.read_at is not None and _still_says_how_it_was_read(sync):
        was_read(work, {sync.id: sync.trouble}, sync.read_at)


def _still_says_how_it_was_read(sync: SyncRow) -> bool:
    """Its trouble is the shop's: no failed try, no doubt, no death and nobody who holds it came after the read."""
    return not sync.tries and not sync.deaths and sync.doubted_at is None and sync.claimed_until is None


def _expected(work: Work, sync_ids: Collection[int], began: datetime) -> list[tuple[int, OrderRow]]:
    found: Any = work.execute(_EXPECTED, {"turns": list(sync_ids), "began": began})
    return [(item_id, row) for item_id, row in found]


def _fix(work: Work, item_id: int, state: ItemState, sentence: str) -> None:
    work.execute(update(BulkItemRow).where(BulkItemRow.id == item_id).values(state=state, sentence=sentence))


def _of_read(row: OrderRow, trouble: str) -> tuple[ItemState, str]:
    """Which side was read, and which one did not answer."""
    if trouble:
        return ItemState.FAILED, f"Read at Walmart, not in Magento. {trouble}"
    if row.magento_order_id is not None:
        return ItemState.DONE, "Read on both sides."
    wants = row.wants_magento
    return (
        ItemState.DONE,
        "Read at Walmart; in Magento its products." if wants else "Read at Walmart; Magento has none.",
    )
