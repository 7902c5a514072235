"""The demo: an account and a store of the stand-ins, tied to each other, until the first real one is connected."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import requests
from sqlalchemy import select

from webapp import accounts, subscriptions, vault
from webapp.accounts import NewAccount, NewStore
from webapp.connectors.http import ConnectorError
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.policy import Policy
from webapp.models import AccountRow, StoreRow, db
from webapp.neighbours import call_both, call_magento
from webapp.subscriptions import Result
from webapp.unit_of_work import unit_of_work

log = logging.getLogger(__name__)

STORE = "Demo shop"
EVENT = "ORDER_UPDATES"
ACCOUNT = "Demo account"
ONE_EACH_SECONDS = 10
AT_MOST = 200
RETRY_SCALE = 0.01
"""Walmart sends a refused webhook again after 5, 15 and 45 minutes; nobody watches a demo that long."""
_TIMEOUT = 5
HOOKS = {
    "order": '{"event":"order","entity_id":"{{ item.entity_id }}","increment_id":"{{ item.increment_id }}"}',
    "new_shipment": '{"event":"shipment","entity_id":"{{ item.entity_id }}","order_id":"{{ item.order_id }}"}',
    "new_creditmemo": '{"event":"creditmemo","entity_id":"{{ item.entity_id }}","order_id":"{{ item.order_id }}"}',
}


def connect(banners: Iterable[dict[str, Any]]) -> bool:
    """Tie the stand-ins' account and store to each other; False when a real one is connected, so no demo is wanted."""
    if accounts.has_real():
        return False
    found = {banner["kind"]: banner for banner in banners}
    if {"walmart", "magento"} - found.keys():
        return False
    is_new = _store_rows(found["walmart"], found["magento"])
    _take_zone()
    _subscribe()
    _hook(found["magento"]["url"])
    _control(found["walmart"]["url"], "settings", {"retry_scale": RETRY_SCALE})
    if is_new:
        _control(found["walmart"]["url"], "stream", {"every": ONE_EACH_SECONDS, "limit": AT_MOST})
    return True


def stop() -> None:
    """No more demo orders: a real account or store was connected."""
    for row in _accounts():
        _control(row.api_url, "stream", {"every": 0})


def remove() -> int:
    """Take the demo's account, store and orders away; returns how many accounts went."""
    stop()
    with unit_of_work() as work:
        rows = list(work.execute(select(AccountRow).where(AccountRow.is_demo)).scalars())
        for row in rows:
            work.session.delete(row)
        work.flush()
        for store in work.execute(select(StoreRow).where(StoreRow.is_demo)).scalars():
            work.session.delete(store)
    return len(rows)


def _store_rows(walmart: dict[str, Any], magento: dict[str, Any]) -> bool:
    """Add the two, or bring their addresses up to date; True when they were added."""
    with unit_of_work() as work:
        store = work.execute(select(StoreRow).where(StoreRow.is_demo)).scalar_one_or_none()
        account = work.execute(select(AccountRow).where(AccountRow.is_demo)).scalar_one_or_none()
        if store is not None and account is not None:
            store.url, store.admin_url = magento["url"], f"{magento['url']}/admin/"
            store.credentials = vault.seal({"token": magento["token"]})
            account.api_url, account.client_id = walmart["url"], walmart["client_id"]
            account.client_secret = vault.seal(walmart["client_secret"])
            return False
        accounts.add_store(work, _new_store(magento))
        accounts.add_account(work, _new_account(walmart))
    return True


def _new_store(magento: dict[str, Any]) -> NewStore:
    return NewStore(
        name=STORE,
        url=magento["url"],
        token=magento["token"],
        admin_url=f"{magento['url']}/admin/",
        is_demo=True,
        webhook_auth=WebhookAuth(mode="header", header_name="X-Orderbridge-Key", secrets=(vault.new_token(),)),
    )


def _new_account(walmart: dict[str, Any]) -> NewAccount:
    return NewAccount(
        name=ACCOUNT,
        store=STORE,
        client_id=walmart["client_id"],
        client_secret=walmart["client_secret"],
        api_url=walmart["url"],
        policy=Policy(),
        is_demo=True,
        webhook_auth=WebhookAuth(mode="hmac", header_name="X-Walmart-Signature", secrets=(vault.new_token(),)),
    )


def _take_zone() -> None:
    """Times are told in the shop's own zone, as a test of the connection reads it."""
    row = db.session.execute(select(StoreRow).where(StoreRow.is_demo)).scalar_one()
    store = accounts.store_by_id(row.id)
    try:
        config = call_magento(store, lambda _: None).store_config(store.connection.store_view or "default")
    except ConnectorError as error:
        log.warning("the demo shop's time zone could not be read: %s", error)
        return
    with unit_of_work() as work:
        work.session.get_one(StoreRow, store.id).time_zone = (config and config.time_zone) or "UTC"


def _subscribe() -> None:
    """Have the stand-in send its order events to this server's address, which may have changed since."""
    for row in _accounts():
        account = accounts.by_id(row.id)
        url = accounts.webhook_url("walmart", account.key, account.webhook_auth)
        walmart = call_both(account, lambda _: None).walmart
        try:
            for subscription in walmart.subscriptions():
                walmart.unsubscribe(subscription.id)
            walmart.subscribe(EVENT, url, account.webhook_auth)
            subscriptions.remember(account, [Result(EVENT, "created", is_active=True)])
        except ConnectorError as error:
            log.warning("the demo's webhooks could not be subscribed: %s", error)


def _hook(magento_url: str) -> None:
    """Have the stand-in shop tell this server of saved orders and shipments, as the Mageplaza module would."""
    row = db.session.execute(select(StoreRow).where(StoreRow.is_demo)).scalar_one()
    store = accounts.store_by_id(row.id)
    url = accounts.webhook_url("magento", store.key, store.webhook_auth)
    headers = {store.webhook_auth.header_name: store.webhook_auth.secrets[0]}
    _control(magento_url, "hooks/clear", {})
    for event, body in HOOKS.items():
        _control(magento_url, "hooks", {"event": event, "url": url, "headers": headers, "body": body})


def _control(url: str, what: str, body: dict[str, Any]) -> None:
    """Tell a stand-in what a person would click on its control page. A stand-in that is away is no trouble."""
    try:
        requests.post(f"{url}/_control/{what}", json=body, timeout=_TIMEOUT).raise_for_status()
    except requests.RequestException as error:
        log.warning("the stand-in did not take %s: %s", what, error)


def _accounts() -> list[AccountRow]:
    return list(db.session.execute(select(AccountRow).where(AccountRow.is_demo)).scalars())
