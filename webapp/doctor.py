"""The doctor: each connection and setting is tried, and what is wrong is said with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp import accounts, alert_channels, queue, stock, subscriptions, sync_health
from webapp.accounts import Account, Store
from webapp.connection_test import try_connection
from webapp.models import db
from webapp.settings import current
from webapp.stock import StockState
from webapp.store_test import try_store


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and how it went."""

    what: str
    ok: bool
    sentence: str


def examine() -> list[Finding]:
    """Try everything. Nothing is changed on either side."""
    findings = [_database(), _redis(), _address()]
    if not findings[0].ok:
        return findings
    findings.append(_alerts())
    everyone = accounts.everyone()
    if not everyone:
        findings.append(Finding("accounts", True, "No account yet. Add one: flask --app wsgi accounts add …"))
    findings += [finding for account in everyone for finding in _account(account)]
    return findings + [finding for store in accounts.stores() for finding in _store(store)]


def _database() -> Finding:
    try:
        db.session.execute(text("select 1"))
    except SQLAlchemyError as error:
        return Finding("database", False, f"It does not answer ({type(error).__name__}). Check DATABASE_URL.")
    return Finding("database", True, db.engine.dialect.name)


def _redis() -> Finding:
    try:
        queue.client().ping()
    except redis.RedisError:
        sentence = "It does not answer. Webhooks are still stored and worked off when it is back. Check REDIS_URL."
        return Finding("redis", False, sentence)
    return Finding("redis", True, "answers")


def _address() -> Finding:
    address = current().address
    if not address.startswith("https://"):
        return Finding("address", True, f"{address}: Walmart and Magento need an https address; set PUBLIC_URL.")
    return Finding("address", True, address)


def _alerts() -> Finding:
    channels = alert_channels.told()
    wrong = next((row for row in channels if row.trouble), None)
    if wrong is not None:
        return Finding("alerts", False, f"{wrong.name} does not get them. {wrong.trouble}")
    if not channels:
        return Finding("alerts", True, "Nobody is told when something is wrong. Add somebody under Settings, Alerts.")
    return Finding("alerts", True, f"{len(channels)} told when something is wrong")


def _account(account: Account) -> Iterator[Finding]:
    verdict = try_connection(account.connection)
    yield Finding(f"account {account.name}", verdict.ok, f"{verdict.sentence} {verdict.next_step}".strip())
    flow = sync_health.of_account(account)
    yield Finding(f"sync {account.name}", flow.is_ok, flow.sentence)
    yield Finding(f"webhooks {account.name}", *subscriptions.standing(account))


def _store(store: Store) -> Iterator[Finding]:
    verdict = try_store(store.connection, store.mode)
    yield Finding(f"store {store.name}", verdict.ok, f"{verdict.sentence} {verdict.next_step}".strip())
    agrees = store.is_demo or stock.reading(store).state is not StockState.WRONG
    yield Finding(f"stock {store.name}", agrees, stock.words(store))
