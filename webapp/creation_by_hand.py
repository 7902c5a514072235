"""What a person asks of creation: this order now, or this order again; and what of that can be asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select

from webapp import at_once, circuit, claims, clock, order_rows, outbox, turns
from webapp.domain.commands import CommandState, CreateMagentoOrder, Issued, issued_of
from webapp.domain.order import OrderStatus
from webapp.domain.plan.creating import CREATING, is_blocked, is_over_once_asked
from webapp.domain.shop import REPLACEABLE_STATES
from webapp.models import AccountRow, ChangeRow, MissingSkuRow, OrderRow, db
from webapp.outbox import Refusal
from webapp.queue import Bell
from webapp.shops import OUTAGE
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

NO_ORDER = "This order is not known any more; reload the page."
GOES_LATER = "The Magento order is created as soon as it can be."
IS_GOING = "It is on its way already."


class Act(StrEnum):
    """What may be done: create it, create it again after a question, or nothing."""

    NOW = "now"
    AGAIN = "again"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be asked of an order, and a sentence: what that does, what is asked first, or why nothing can be."""

    act: Act
    sentence: str


def offer(row: OrderRow, account: AccountRow, issued: Collection[Issued] | None = None) -> Offer:
    """What a person may ask of this order's creation just now; `issued`: all its commands, where they were read."""
    if row.magento_order_id is not None:
        why_not = why_not_again(row) or _why_not_at_all(row, account)
        return Offer(Act.NOTHING, why_not) if why_not else Offer(Act.AGAIN, _question(row, account))
    before = outbox.issued([row.sync_id])[row.sync_id] if issued is None else issued
    why_not = (
        _why_not_at_all(row, account)
        or _why_not_now(row, issued_of(CreateMagentoOrder, before))
        or _waits_for_products(row)
    )
    return Offer(Act.NOTHING, why_not) if why_not else Offer(Act.NOW, "Create the Magento order now.")


def create_now(order_id: int, by: str) -> str:
    """Create the Magento order, also where creating is switched off; what happens then, in a sentence.

    What stands in the way is said on the order, and it is created once that is gone. Twice is once. Raises Refusal
    with the reason where nothing can be created.
    """
    with unit_of_work() as work:
        row, account = _order(work, order_id)
        if row.magento_order_id is not None:
            raise Refusal(f"Magento order {row.magento_increment_id} is linked already.")
        return _ask(work, row, account, by, "Create the Magento order: asked for by hand.")


def why_not_again(row: OrderRow) -> str:
    """Why the Magento order cannot be created again; empty where it can: it is deleted, canceled or closed there."""
    if row.magento_order_id is None:
        return "No Magento order is linked yet."
    if not row.magento_is_gone and row.magento_state not in REPLACEABLE_STATES:
        return (
            f"Magento order {row.magento_increment_id} is there and {row.magento_status}. Cancel it in Magento first."
        )
    return ""


def recreate(order_id: int, by: str, former: str = "") -> str:
    """Create the Magento order again, numbered -2, -3 in direct mode; the former one stays as it is and is told of.

    `former` is the number that the person was shown: what was created in its place meanwhile is not replaced again.
    Raises Refusal with the reason.
    """
    with unit_of_work() as work:
        row, account = _order(work, order_id)
        if former and _was_replaced(row, former):
            return f"{former} is replaced already." if row.magento_order_id else IS_GOING
        why_not = why_not_again(row) or _why_not_at_all(row, account)
        if why_not:
            raise Refusal(why_not)
        replaced = {"order_id": row.magento_order_id, "increment_id": row.magento_increment_id}
        row.magento_former = [*(row.magento_former or []), replaced]
        sentence = f"Create the Magento order again, in place of {row.magento_increment_id}: asked for by hand."
        row.magento_order_id = row.magento_increment_id = None
        row.magento_state = row.magento_status = row.magento_counts = ""
        row.magento_is_gone, row.magento_items, row.magento_carts, row.magento_seen = False, None, None, None
        kept = order_rows.correction(row)
        if kept is not None:
            order_rows.set_correction(row, replace(kept, asked=0, in_magento=0))
        return _ask(work, row, account, by, sentence)


def _order(work: Work, order_id: int) -> tuple[OrderRow, AccountRow]:
    row = work.session.get(OrderRow, order_id, populate_existing=True)
    if row is None:
        raise Refusal(NO_ORDER)
    return row, work.session.get_one(AccountRow, row.account_id)


def _ask(work: Work, row: OrderRow, account: AccountRow, by: str, sentence: str) -> str:
    """Note the wish and let the order be looked at: the plan then knows what stands in the way."""
    issued = outbox.issued([row.sync_id])[row.sync_id]
    before = issued_of(CreateMagentoOrder, issued)
    if any(one.is_under_way for one in before) or _is_asked(row, before):
        _wake(work, row)
        return IS_GOING
    why_not = _why_not_at_all(row, account) or _why_not_now(row, before)
    if why_not:
        raise Refusal(why_not)
    row.creation_asked = len(before) + 1
    row.under_way, row.changed_at = True, clock.now()
    work.add(ChangeRow(sync_id=row.sync_id, at=clock.now(), kind="person", by=by, sentence=sentence))
    _wake(work, row)
    trouble = circuit.rest_of(row.account_id) or claims.trouble(row.account_id, row.po)
    later = trouble or any(is_blocked(one) or one.startswith(OUTAGE) for one in map(str, row.waiting_for))
    at_once.say(row, GOES_LATER if later else CREATING, is_over_once_asked, issued)
    return f"{GOES_LATER} {trouble}".rstrip() if later else CREATING


def _wake(work: Work, row: OrderRow) -> None:
    turns.wake(work, [Wake(row.account_id, row.po, clock.now())])
    work.ring(Bell.INBOUND)


def _why_not_at_all(row: OrderRow, account: AccountRow) -> str:
    if row.status == OrderStatus.CANCELED.value:
        return "Canceled at Walmart, so no Magento order is created."
    if row.buyer_erased_at is not None:
        return "The buyer’s data was erased, so there is nobody to create an order for."
    if account.is_paused or account.store.is_paused:
        return "The account is paused. Resume it first."
    return ""


def _why_not_now(row: OrderRow, before: tuple[Issued, ...]) -> str:
    if any(one.is_under_way for one in before):
        return "It is being created."
    if any(one.state is CommandState.PARKED for one in before):
        return "Magento refused it before; try that again or give it up."
    if _is_asked(row, before):
        return "It is asked for already, and created as soon as it can be."
    return ""


def _waits_for_products(row: OrderRow) -> str:
    waits = select(MissingSkuRow.sku).where(MissingSkuRow.sync_id == row.sync_id).order_by(MissingSkuRow.sku)
    missing = ", ".join(db.session.execute(waits).scalars())
    return f"It waits for the product {missing}." if missing else ""


def _is_asked(row: OrderRow, before: tuple[Issued, ...]) -> bool:
    """As the plan sees it: somebody asked, and nobody gave it up since."""
    given_up = any(one.given_up and int(one.cause) >= row.creation_asked for one in before)
    return row.creation_asked > 0 and not given_up


def _was_replaced(row: OrderRow, former: str) -> bool:
    return any(one["increment_id"] == former for one in row.magento_former or ())


def _question(row: OrderRow, account: AccountRow) -> str:
    gone = "was deleted" if row.magento_is_gone else f"is {row.magento_status or row.magento_state}"
    number = "with Magento's next number"
    if account.store.mode == "direct":
        number = f"with -{len(row.magento_former or ()) + 2} behind its number"
    return f"Magento order {row.magento_increment_id} {gone}. Create the order there again, {number}?"
