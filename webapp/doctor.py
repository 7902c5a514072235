"""The doctor: each connection and setting is tried, and what is wrong is said with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp import accounts, queue, stock, subscriptions, sync_health
from webapp.accounts import Account
from webapp.connection_test import try_connection
from webapp.connectors.http import ConnectorError
from webapp.models import db
from webapp.neighbours import call_magento
from webapp.settings import current
from webapp.stock import StockState


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
    everyone = accounts.everyone()
    if not everyone:
        findings.append(Finding("accounts", True, "No account yet. Add one: flask --app wsgi accounts add …"))
    return findings + [finding for account in everyone for finding in _account(account)]


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


def _account(account: Account) -> Iterator[Finding]:
    verdict = try_connection(account.connection)
    yield Finding(f"account {account.name}", verdict.ok, f"{verdict.sentence} {verdict.next_step}".strip())
    flow = sync_health.of_account(account)
    yield Finding(f"sync {account.name}", flow.is_ok, flow.sentence)
    yield Finding(f"webhooks {account.name}", *subscriptions.standing(account))
    try:
        call_magento(account.store, lambda _: None).find_orders(increment_ids=("0",))
        yield Finding(f"store {account.store.name}", True, "Magento answers and takes the token.")
        agrees = account.is_demo or stock.reading(account.store).state is not StockState.WRONG
        yield Finding(f"stock {account.store.name}", agrees, stock.words(account.store))
    except ConnectorError as error:
        yield Finding(f"store {account.store.name}", False, error.message)
