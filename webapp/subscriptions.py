"""Walmart's webhook subscriptions of one account: exactly the wanted ones exist, each made by a request of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from webapp import accounts, clock
from webapp.accounts import Account
from webapp.connectors.http import ConnectorError
from webapp.connectors.walmart import EventType, Subscription, WalmartClient
from webapp.models import EventRow, SubscriptionRow, db
from webapp.neighbours import call_both
from webapp.unit_of_work import unit_of_work

WANTED = ("ORDER_UPDATES", "PO_CREATED", "PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL")
"""ORDER_UPDATES takes the place of the three older events. As long as Walmart's list of event types offers those they
are wanted too; that list decides, not a date (Walmart's page on the new order management event)."""

MARKETS_WITH_WEBHOOKS = frozenset({"us"})
ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event: `did` is kept, changed, created, deleted or refused, with Walmart's sentence."""

    event_type: str
    did: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """One event as the account page shows it."""

    event_type: str
    is_subscribed: bool
    trouble: str
    last_at: datetime | None


def are_offered(account: Account) -> bool:
    """Walmart offers webhooks in this market; elsewhere polling does the work."""
    return account.marketplace in MARKETS_WITH_WEBHOOKS


def reconcile(account: Account) -> list[Result]:
    """List what there is, then create, change or delete, so that exactly the wanted events reach this server once.

    Subscriptions that lead elsewhere are somebody else's and left alone. One event that Walmart refuses blocks no
    other. Raises ConnectorError when the lists themselves cannot be read.
    """
    walmart = call_both(account, lambda _: None).walmart
    offered = {event.name: event for event in walmart.event_types()}
    mine = [one for one in walmart.subscriptions() if _is_mine(account, one)]
    wanted = [offered[name] for name in WANTED if name in offered]
    results = [_ensure(walmart, account, event, mine) for event in wanted]
    results += [_remove(walmart, one) for one in _surplus(mine, wanted)]
    _remember(account, results)
    return results


def remove_all(account: Account) -> list[Result]:
    """Delete every subscription of ours, before the account is removed."""
    walmart = call_both(account, lambda _: None).walmart
    results = [_remove(walmart, one) for one in walmart.subscriptions() if _is_mine(account, one)]
    _remember(account, results)
    return results


def send_tests(account: Account) -> list[Result]:
    """Have Walmart send a test notification for each wanted event; says how each went."""
    walmart = call_both(account, lambda _: None).walmart
    offered = {event.name: event for event in walmart.event_types()}
    return [_test(walmart, account, offered[name]) for name in WANTED if name in offered]


def statuses(account: Account) -> list[Status]:
    """Per event: whether it is subscribed as far as we know, what is wrong, and when the last one came."""
    rows = select(SubscriptionRow).where(SubscriptionRow.account_id == account.id)
    known = {row.event_type: row for row in db.session.execute(rows).scalars()}
    last = _last_received(account)
    names = [name for name in WANTED if name in known] or [WANTED[0]]
    return [_status(name, known, last) for name in names]


def _status(name: str, known: Mapping[str, SubscriptionRow], last: Mapping[str, datetime]) -> Status:
    row = known.get(name)
    return Status(name, row is not None and row.is_active, row.trouble if row else "", last.get(name))


def _last_received(account: Account) -> dict[str, datetime]:
    """When each kind of event came last. A type may carry its sub-event behind a blank."""
    found = select(EventRow.type, func.max(EventRow.received_at)).where(
        EventRow.account_id == account.id, EventRow.source == "walmart"
    )
    last: dict[str, datetime] = {}
    for kind, at in db.session.execute(found.group_by(EventRow.type)):
        name = kind.partition(" ")[0]
        last[name] = max(at, last.get(name, at))
    return last


def _url(account: Account) -> str:
    return accounts.webhook_url("walmart", account.key, account.webhook_auth)


def _is_mine(account: Account, subscription: Subscription) -> bool:
    """Recognised by the account's key in the path, so also after this server has moved to another address."""
    return f"/webhooks/walmart/{account.key}" in subscription.url


def _ensure(walmart: WalmartClient, account: Account, event: EventType, mine: Iterable[Subscription]) -> Result:
    """The secret of an existing subscription cannot be compared, so what is kept is also told the present one."""
    url, auth = _url(account), account.webhook_auth
    found = next((one for one in mine if one.event_type == event.name), None)
    try:
        if found is None:
            walmart.subscribe(event.name, url, auth, resource=event.resource)
            return Result(event.name, "created")
        walmart.change_subscription(found.id, url, auth)
        return Result(event.name, "kept" if found.url == url and found.status == ACTIVE else "changed")
    except ConnectorError as error:
        return Result(event.name, "refused", error.message)


def _surplus(mine: list[Subscription], wanted: list[EventType]) -> list[Subscription]:
    """What is not wanted any more, and every second subscription of the same event."""
    seen: set[str] = set()
    names = {event.name for event in wanted}
    surplus = []
    for one in mine:
        if one.event_type not in names or one.event_type in seen:
            surplus.append(one)
        seen.add(one.event_type)
    return surplus


def _remove(walmart: WalmartClient, subscription: Subscription) -> Result:
    try:
        walmart.unsubscribe(subscription.id)
    except ConnectorError as error:
        return Result(subscription.event_type, "refused", error.message)
    return Result(subscription.event_type, "deleted")


def _test(walmart: WalmartClient, account: Account, event: EventType) -> Result:
    try:
        return Result(event.name, "sent", walmart.send_test(event, _url(account), account.webhook_auth))
    except ConnectorError as error:
        return Result(event.name, "refused", error.message)


def _remember(account: Account, results: list[Result]) -> None:
    """Keep what each event has come to, for the account page."""
    active = {result.event_type for result in results if result.did in {"created", "changed", "kept"}}
    trouble = {result.event_type: result.sentence for result in results if result.did == "refused"}
    with unit_of_work() as work:
        for name in {result.event_type for result in results}:
            key = {"account_id": account.id, "event_type": name}
            row = work.session.get(SubscriptionRow, key) or SubscriptionRow(**key)
            row.is_active, row.trouble, row.checked_at = name in active, trouble.get(name, ""), clock.now()
            work.add(row)
