"""Takes a Walmart account away: first its subscriptions at Walmart, then its orders in small pieces, then itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select

from webapp import account_changes, demo, stock_holding, subscriptions
from webapp.account_changes import Logged
from webapp.accounts import Account, Refused
from webapp.connectors.http import ConnectorError
from webapp.models import AccountRow, CommandRow, EventRow, OrderRow, SubscriptionRow, SyncRow, db
from webapp.unit_of_work import unit_of_work

STILL_HELD = (
    "Stock in Magento is still held for its orders, and nobody would give it back. Switch “Hold stock while an order "
    "waits” off in its order settings, let the account and its store work, and wait until it is given back. What "
    "cannot be, put right in Magento and give up on the order’s page."
)
NAMED = 20
"""So many of what is held are named."""
AT_ONCE = 500
"""Orders that one transaction deletes: between two of them others get their turn."""


@dataclass(frozen=True, slots=True)
class Going:
    """What goes with an account, counted."""

    orders: int
    in_magento: int
    unfinished: int
    events: int
    subscriptions: int
    held: tuple[str, ...]
    """Stock in Magento that is still held for its orders; nobody would give it back."""


def what_goes(account: Account) -> Going:
    """What removing the account takes away. Nothing is changed by asking."""
    mine = select(SyncRow.id).where(SyncRow.account_id == account.id)
    orders = OrderRow.account_id == account.id
    waiting = CommandRow.sync_id.in_(mine), CommandRow.state.in_(("queued", "running", "parked"))
    active = SubscriptionRow.account_id == account.id, SubscriptionRow.is_active
    return Going(
        orders=_count(OrderRow, orders),
        in_magento=_count(OrderRow, orders, OrderRow.magento_order_id.is_not(None)),
        unfinished=_count(CommandRow, *waiting),
        events=_count(EventRow, EventRow.account_id == account.id),
        subscriptions=_count(SubscriptionRow, *active),
        held=stock_holding.held_by(account.id),
    )


def remove(account: Account, by: str) -> str:
    """Remove the account with its orders and their log; returns what could not be undone at Walmart, if anything.

    Nothing changes in Magento or in Walmart's orders. Raises Refused while stock is held for them. Broken off half way,
    the account is left paused, and a second call goes on.
    """
    if account.is_demo:
        demo.remove()
        return ""
    held = stock_holding.held_by(account.id)
    if held:
        raise Refused(f"{account.name} was not removed: {STILL_HELD} Held: {'; '.join(held[:NAMED])}.")
    account_changes.pause(account.id, by)
    trouble = _unsubscribe(account)
    account_changes.note(account.id, by, Logged("Account", "", "removed, with its orders and their log"))
    while _delete_some(account.id):
        pass
    with unit_of_work() as work:
        work.execute(delete(AccountRow).where(AccountRow.id == account.id))
    return trouble


def _unsubscribe(account: Account) -> str:
    """An account that Walmart does not know any more must be removable too."""
    if not subscriptions.are_offered(account):
        return ""
    try:
        results = subscriptions.remove_all(account)
    except ConnectorError as error:
        return f"The webhook subscriptions at Walmart could not be deleted: {error.message}"
    refused = [f"{result.event_type}: {result.sentence}" for result in results if result.did == "refused"]
    return f"Some webhook subscriptions stayed at Walmart. {' '.join(refused)}" if refused else ""


def _delete_some(account_id: int) -> int:
    with unit_of_work() as work:
        some = select(SyncRow.id).where(SyncRow.account_id == account_id).limit(AT_ONCE)
        gone = work.changed(delete(SyncRow).where(SyncRow.id.in_(some)))
        events = select(EventRow.id).where(EventRow.account_id == account_id).limit(AT_ONCE)
        return gone + work.changed(delete(EventRow).where(EventRow.id.in_(events)))


def _count(table: type[OrderRow | CommandRow | EventRow | SubscriptionRow], *conditions: object) -> int:
    found = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
    return int(db.session.execute(found).scalar_one())
