"""What a person asks of creation: this order now, or this order again."""

from __future__ import annotations

from sqlalchemy import update

from webapp import clock, outbox
from webapp.domain.commands import CommandState, CreateMagentoOrder, issued_of
from webapp.domain.order import OrderStatus
from webapp.domain.shop import REPLACEABLE_STATES
from webapp.models import AccountRow, ChangeRow, OrderRow, SyncRow
from webapp.outbox import Refusal
from webapp.unit_of_work import Work, unit_of_work

NO_ORDER = "This order is not known any more; reload the page."


def create_now(order_id: int, by: str) -> str:
    """Create the Magento order now, also where creating is switched off; what happens then, in a sentence.

    Twice is once. Raises Refusal with the reason where nothing can be created.
    """
    with unit_of_work() as work:
        row = _row(work, order_id)
        if row.magento_order_id is not None:
            raise Refusal(f"Magento order {row.magento_increment_id} is linked already.")
        return _issue(work, row, by, "Create the Magento order: asked for by hand.")


def why_not_again(row: OrderRow) -> str:
    """Why the Magento order cannot be created again; empty where it can: it is deleted, canceled or closed there."""
    if row.magento_order_id is None:
        return "No Magento order is linked yet."
    if row.status == OrderStatus.CANCELED.value:
        return "The order is canceled at Walmart."
    if not row.magento_is_gone and row.magento_state not in REPLACEABLE_STATES:
        return (
            f"Magento order {row.magento_increment_id} is there and {row.magento_status}. Cancel it in Magento first."
        )
    return ""


def recreate(order_id: int, by: str) -> str:
    """Create the Magento order again, numbered -2, -3 in direct mode; the former one stays as it is and is told of.

    Raises Refusal with the reason.
    """
    with unit_of_work() as work:
        row = _row(work, order_id)
        why_not = why_not_again(row)
        if why_not:
            raise Refusal(why_not)
        former = {"order_id": row.magento_order_id, "increment_id": row.magento_increment_id}
        row.magento_former = [*(row.magento_former or []), former]
        sentence = f"Create the Magento order again, in place of {row.magento_increment_id}: asked for by hand."
        row.magento_order_id = row.magento_increment_id = None
        row.magento_state = row.magento_status = row.magento_counts = ""
        row.magento_is_gone, row.magento_items, row.magento_carts = False, None, None
        return _issue(work, row, by, sentence)


def _row(work: Work, order_id: int) -> OrderRow:
    row = work.session.get(OrderRow, order_id, populate_existing=True)
    if row is None:
        raise Refusal(NO_ORDER)
    return row


def _issue(work: Work, row: OrderRow, by: str, sentence: str) -> str:
    before = issued_of(CreateMagentoOrder, outbox.issued([row.sync_id])[row.sync_id])
    if any(one.is_under_way for one in before):
        return "It is on its way already."
    if any(one.state is CommandState.PARKED for one in before):
        raise Refusal("Magento refused it before. See what to do in the order's log, then try that again.")
    if row.status == OrderStatus.CANCELED.value:
        raise Refusal("The order is canceled at Walmart, so none is created.")
    key = work.session.get_one(AccountRow, row.account_id).key
    outbox.issue(work, row.sync_id, key, row.po, [CreateMagentoOrder(len(before) + 1)], by)
    work.add(ChangeRow(sync_id=row.sync_id, at=clock.now(), kind="person", by=by, sentence=sentence))
    row.under_way, row.changed_at = True, clock.now()
    work.execute(update(SyncRow).where(SyncRow.id == row.sync_id).values(hints=SyncRow.hints + 1))
    return "Creating the Magento order."
