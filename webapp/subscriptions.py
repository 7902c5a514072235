"""Walmart's webhook subscriptions of one account: exactly the wanted ones exist, each made by a request of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from webapp import account_changes, accounts, clock, webhook_kinds
from webapp.account_changes import Logged
from webapp.accounts import Account, Refused
from webapp.connectors.http import ConnectorError
from webapp.connectors.signatures import WebhookAuth
from webapp.connectors.walmart import EventType, Subscription, WalmartClient, proof_of
from webapp.models import SubscriptionRow, db
from webapp.neighbours import call_both
from webapp.unit_of_work import unit_of_work
from webapp.webhook_kinds import WANTED

MARKETS_WITH_WEBHOOKS = frozenset({"us"})
ACTIVE = "ACTIVE"
WITHOUT_DETAILS = frozenset({"none", "header"})
"""Modes in which Walmart is told of no `authDetails`."""
NOT_OFFERED = "Walmart offers no webhooks in this market, so polling does the work: nothing is to be subscribed."


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event: `did` is kept, changed, created, deleted or refused, with Walmart's sentence."""

    event_type: str
    did: str
    sentence: str = ""
    is_active: bool = False


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


def subscribe(account: Account, by: str) -> list[Result]:
    """`reconcile`, kept in the account's changes. Raises Refused where webhooks are not offered, or ConnectorError."""
    if not are_offered(account):
        raise Refused(NOT_OFFERED)
    results = reconcile(account)
    account_changes.note(account.id, by, Logged("Webhook subscriptions", "", in_words(results)))
    return results


def unsubscribe(account: Account, by: str) -> list[Result]:
    """`remove_all`, kept in the account's changes."""
    results = remove_all(account)
    account_changes.note(account.id, by, Logged("Webhook subscriptions", "", in_words(results)))
    return results


def rotate(account: Account, by: str) -> list[Result]:
    """A new webhook secret, told to Walmart at once where it has subscriptions; the old one counts until retired.

    Raises ConnectorError when Walmart could not be told; both secrets are accepted until it was.
    """
    account_changes.rotate_secret(account.id, by)
    return _tell(accounts.by_id(account.id))


def change_mode(account: Account, wanted: WebhookAuth, by: str) -> list[Result]:
    """Another way of proving the sender, told to Walmart at once like a new secret."""
    account_changes.change_webhooks(account.id, wanted, by)
    return _tell(accounts.by_id(account.id))


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
    remember(account, results)
    if wanted and not any(result.did == "refused" for result in results):
        account_changes.end_old_secrets_later(account.id)
    return results


def remove_all(account: Account) -> list[Result]:
    """Delete every subscription of ours, before the account is removed."""
    walmart = call_both(account, lambda _: None).walmart
    results = [_remove(walmart, one) for one in walmart.subscriptions() if _is_mine(account, one)]
    remember(account, results)
    return results


def send_tests(account: Account) -> list[Result]:
    """Have Walmart send a test notification for each wanted event; says how each went."""
    if not are_offered(account):
        raise Refused(NOT_OFFERED)
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


def standing(account: Account) -> tuple[bool, str]:
    """Whether all is well with the account's webhooks, and how they stand, with the next step."""
    if not are_offered(account):
        return True, NOT_OFFERED
    events = statuses(account)
    if troubled := [f"{event.event_type}: {event.trouble}" for event in events if event.trouble]:
        return False, f"{' '.join(troubled)} Subscribe again: flask --app wsgi accounts subscribe {account.name!r}"
    if active := [event.event_type for event in events if event.is_subscribed]:
        return True, f"{', '.join(active)} subscribed."
    step = f"flask --app wsgi accounts subscribe {account.name!r}"
    return True, f"None is subscribed, so polls find orders within five minutes. To get them in seconds: {step}"


def in_words(results: Iterable[Result]) -> str:
    """What became of the events, in one line."""
    said = (
        f"{result.event_type} {result.did}" + (f" ({result.sentence})" if result.sentence else "") for result in results
    )
    return ", ".join(said) or "nothing to do"


def _tell(account: Account) -> list[Result]:
    """Where Walmart has no subscription of ours there is nobody to tell, and the old secret ends by itself."""
    known = select(SubscriptionRow).where(SubscriptionRow.account_id == account.id, SubscriptionRow.is_active)
    if are_offered(account) and db.session.execute(known.limit(1)).first() is not None:
        return reconcile(account)
    account_changes.end_old_secrets_later(account.id)
    return []


def _status(name: str, known: Mapping[str, SubscriptionRow], last: Mapping[str, datetime]) -> Status:
    row = known.get(name)
    return Status(name, row is not None and row.is_active, row.trouble if row else "", last.get(name))


def _last_received(account: Account) -> dict[str, datetime]:
    """When each kind of event came last."""
    last: dict[str, datetime] = {}
    for kind in webhook_kinds.of_account(account.id):
        last.setdefault(kind.event_type, kind.last_at)
    return last


def _url(account: Account) -> str:
    return accounts.webhook_url("walmart", account.key, account.webhook_auth)


def _auth(account: Account) -> WebhookAuth:
    """As Walmart is told it: with OAUTH also where to fetch the bearer token."""
    address = accounts.token_url(account.key) if account.webhook_auth.mode == "oauth" else ""
    return replace(account.webhook_auth, auth_url=address)


def _is_mine(account: Account, subscription: Subscription) -> bool:
    """Recognised by the account's key in the path, so also after this server has moved to another address."""
    return f"/webhooks/walmart/{account.key}" in subscription.url


def _ensure(walmart: WalmartClient, account: Account, event: EventType, mine: Iterable[Subscription]) -> Result:
    """What is as it should be is not written again: Walmart takes five changes a minute."""
    url, auth = _url(account), _auth(account)
    found = next((one for one in mine if one.event_type == event.name), None)
    try:
        if found is None:
            walmart.subscribe(event.name, url, auth, resource=event.resource)
            return Result(event.name, "created", is_active=True)
        if (found.url, found.status, found.proof) == (url, ACTIVE, proof_of(auth)):
            return Result(event.name, "kept", is_active=True)
        if found.auth_method and auth.mode in WITHOUT_DETAILS:
            # A change keeps what it does not name, so the former secret would stay with Walmart for ever.
            walmart.unsubscribe(found.id)
            walmart.subscribe(event.name, url, auth, resource=event.resource)
        else:
            walmart.change_subscription(found.id, url, auth)
        return Result(event.name, "changed", is_active=True)
    except ConnectorError as error:
        still_active = found is not None and found.status == ACTIVE
        return Result(event.name, "refused", error.message, still_active)


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
        return Result(subscription.event_type, "refused", error.message, subscription.status == ACTIVE)
    return Result(subscription.event_type, "deleted")


def _test(walmart: WalmartClient, account: Account, event: EventType) -> Result:
    try:
        return Result(event.name, "sent", walmart.send_test(event, _url(account), _auth(account)))
    except ConnectorError as error:
        return Result(event.name, "refused", error.message)


def remember(account: Account, results: Iterable[Result]) -> None:
    """Keep what each event has come to, for the account page."""
    results = list(results)
    active = {result.event_type for result in results if result.is_active}
    trouble = {result.event_type: result.sentence for result in results if result.did == "refused"}
    with unit_of_work() as work:
        for name in {result.event_type for result in results}:
            key = {"account_id": account.id, "event_type": name}
            row = work.session.get(SubscriptionRow, key) or SubscriptionRow(**key)
            row.is_active, row.trouble, row.checked_at = name in active, trouble.get(name, ""), clock.now()
            work.add(row)
