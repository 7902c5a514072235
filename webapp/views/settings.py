"""The settings' front: which accounts and stores there are, and how each is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import accounts, stock, subscriptions, sync_health
from webapp.account_entry import MARKETS
from webapp.accounts import Account, Store
from webapp.domain.hues import AMBER, RED, hue
from webapp.people import Role
from webapp.settings import current
from webapp.views import door, first_steps
from webapp.views.render import page

bp = Blueprint("settings", __name__, url_prefix="/settings")


@dataclass(frozen=True, slots=True)
class AccountShown:
    """One account in the list."""

    name: str
    url: str
    market: str
    store: str
    is_demo: bool
    state: str
    tone: str
    health: str
    webhooks: str


@dataclass(frozen=True, slots=True)
class StoreShown:
    """One store in the list. A secret in the address of its webhooks is not shown."""

    name: str
    page: str
    url: str
    store_view: str
    mode: str
    currency: str
    time_zone: str
    is_demo: bool
    is_paused: bool
    webhook_url: str
    accounts: str
    away: str
    away_tone: str
    warning: str


@bp.get("")
@door.needs(Role.OPERATOR)
def index() -> AnyResponse:
    """The accounts are what one comes for."""
    return redirect(url_for("settings.account_list"), 303)


@bp.get("/accounts")
@door.needs(Role.OPERATOR)
def account_list() -> AnyResponse:
    """All Walmart accounts with their health in words."""
    shown = [_account(account) for account in accounts.everyone()]
    return page(
        "settings/accounts.html",
        accounts=shown,
        has_store=bool(accounts.stores()),
        first_steps=first_steps.shown(only_open=True),
    )


@bp.get("/stores")
@door.needs(Role.OPERATOR)
def store_list() -> AnyResponse:
    """All Magento stores."""
    everyone, away = accounts.everyone(), sync_health.shops_away()
    shown = [_store(store, everyone, away.get(store.id, "")) for store in accounts.stores()]
    return page("settings/stores.html", stores=shown)


def public_webhook_url(source: str, key: str) -> str:
    """The address that webhooks go to, without the secret that it may carry."""
    return f"{current().address}/webhooks/{source}/{key}"


_STATES = {"ok": "Working", AMBER: "Waiting", RED: "Trouble"}


def _account(account: Account) -> AccountShown:
    health = sync_health.of_account(account)
    state = "Paused" if health.is_paused else _STATES[health.tone]
    return AccountShown(
        name=account.name,
        url=url_for(f"{'account_settings' if door.me().may(Role.ADMIN) else 'account_orders'}.show", key=account.key),
        market=f"{MARKETS[account.marketplace]} ({account.marketplace.upper()})",
        store=account.store.name,
        is_demo=account.is_demo,
        state=state,
        tone=AMBER if health.is_paused else health.tone,
        health=health.sentence,
        webhooks=_webhooks(account),
    )


def _webhooks(account: Account) -> str:
    if not subscriptions.are_offered(account):
        return "Not offered here; polling does the work."
    events = subscriptions.statuses(account)
    active = sum(event.is_subscribed for event in events)
    troubled = [event.event_type for event in events if event.trouble]
    if troubled:
        return f"Trouble with {', '.join(troubled)}."
    if not active:
        return "Not subscribed; polling does the work."
    return "1 event subscribed." if active == 1 else f"{active} events subscribed."


def _store(store: Store, everyone: Sequence[Account], away: str) -> StoreShown:
    auth = store.webhook_auth
    secret = "/…" if auth.mode == "none" and auth.secrets else ""
    return StoreShown(
        name=store.name,
        page=url_for("store_settings.show", key=store.key),
        url=store.connection.url,
        store_view=store.connection.store_view,
        mode=store.mode,
        currency=store.currency,
        time_zone=store.time_zone,
        is_demo=store.is_demo,
        is_paused=store.is_paused,
        webhook_url=public_webhook_url("magento", store.key) + secret,
        accounts=", ".join(account.name for account in everyone if account.store.id == store.id),
        away=away,
        away_tone=hue(away),
        warning="" if store.is_demo else stock.warning(store),
    )
