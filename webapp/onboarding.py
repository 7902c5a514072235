"""The way from an empty server to orders that run by themselves: each step with a check of whether it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from webapp import accounts, alert_channels, settings, shop_choices, stock, subscriptions, sync_health
from webapp.accounts import Account, Store
from webapp.stock import StockState


class Place(StrEnum):
    """Where a step is done."""

    NEW_STORE = "new store"
    STORE = "store"
    STOCK = "stock"
    NEW_ACCOUNT = "new account"
    ACCOUNT = "account"
    ALERTS = "alerts"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `said` is what was found, or what to do; `key` names the store or account that it is about. Without a
    `place` it cannot be taken yet."""

    title: str
    is_done: bool
    said: str
    place: Place | None = None
    key: str = ""
    is_needed: bool = True
    """Without it no order runs; the others make it quick and quiet."""


def steps() -> Sequence[Step]:
    """All of them, in the order in which one takes them. The demo counts for nothing."""
    shops = [store for store in accounts.stores() if not store.is_demo]
    sellers = [account for account in accounts.everyone() if not account.is_demo]
    return (*_of_shops(shops), *_of_sellers(sellers, bool(shops)), _alerts())


def is_open(found: Sequence[Step]) -> bool:
    """Something that orders need is not done yet."""
    return any(step.is_needed and not step.is_done for step in found)


def _of_shops(shops: Sequence[Store]) -> Iterator[Step]:
    connect, answers = "Connect the Magento store", "See that it answers"
    if not shops:
        how = "Make an integration in Magento under System > Integrations; its four keys open the shop."
        yield Step(connect, False, how, Place.NEW_STORE)
        yield Step(answers, False, "The test of the connection tries every right that is needed.")
        return
    yield Step(connect, True, _named([store.name for store in shops]), Place.STORE, shops[0].key)
    for store in shops:
        known = shop_choices.found_in(store.id)
        said = f"{store.name} runs {known[0].version or 'Magento'}." if known else f"Test {store.name}: it was not yet."
        yield Step(answers, known is not None, said, Place.STORE, store.key)
        if store.mode == "direct":
            is_right = stock.reading(store).state is StockState.RIGHT and not stock.warning(store)
            said = f"{store.name} holds stock for open orders as it should." if is_right else stock.warning(store)
            said = said or f"{store.name}: no open order of yours is old enough yet to judge the stock by."
            yield Step("Keep its stock right", is_right, said, Place.STOCK, store.key, False)


def _of_sellers(sellers: Sequence[Account], has_shop: bool) -> Iterator[Step]:
    connect, read, hear = "Connect the Walmart account", "Read its orders", "Hear of orders within seconds"
    if not sellers:
        how = "You need its client ID and client secret from Walmart's Developer Portal."
        place = Place.NEW_ACCOUNT if has_shop else None
        yield Step(connect, False, how if has_shop else "Each account belongs to a store: connect that first.", place)
        yield Step(read, False, "Orders are read by themselves as soon as the account is connected.")
        yield Step(hear, False, "Walmart's webhooks are subscribed on the account's page.", is_needed=False)
        return
    yield Step(connect, True, _named([account.name for account in sellers]), Place.ACCOUNT, sellers[0].key)
    for account in sellers:
        health = sync_health.of_account(account)
        yield Step(
            read, health.last_poll_at is not None, f"{account.name}: {health.sentence}", Place.ACCOUNT, account.key
        )
        is_told, said = _hears(account)
        yield Step(hear, is_told, f"{account.name}: {said}", Place.ACCOUNT, account.key, False)


def _hears(account: Account) -> tuple[bool, str]:
    """Whether the account's webhooks come, or need not; and how that stands."""
    if not subscriptions.are_offered(account):
        return True, subscriptions.NOT_OFFERED
    events = subscriptions.statuses(account)
    troubled = [f"{event.event_type}: {event.trouble}" for event in events if event.trouble]
    if any(event.is_subscribed for event in events) and not troubled:
        return True, "webhooks are subscribed."
    if troubled:
        return False, " ".join(troubled)
    if not settings.current().is_https:
        return False, "Walmart needs an https address that it can reach: start this server with PUBLIC_URL."
    return False, "polls find orders within five minutes; subscribe on its page to get them in seconds."


def _alerts() -> Step:
    """Somebody who was added is told only once a message, or a test, has arrived and none has failed since."""
    told = alert_channels.told()
    reached = [row.name for row in told if row.sent_at and not row.trouble]
    said = " ".join(
        [
            *(f"{row.name} does not get them: {row.trouble}" for row in told if row.trouble),
            *(f"{row.name} is added: send a test." for row in told if not row.trouble and not row.sent_at),
            *([f"{_named(reached)} {'is' if len(reached) == 1 else 'are'} told."] if reached else []),
        ]
    )
    title = "Be told when something is wrong"
    return Step(title, bool(reached), said or "By e-mail, or in your chat program.", Place.ALERTS, "", False)


def _named(names: Sequence[str]) -> str:
    return ", ".join(names)
