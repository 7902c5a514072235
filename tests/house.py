"""The application as tests drive it: webhooks in, drains run here and now, rows and ledgers looked at."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import select

from jobs import inbound, outbound
from jobs.drain import Source, run
from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests import quick
from webapp import accounts, clock, inbox, product_polls, reports, schema, shop_polls
from webapp.accounts import NewAccount, NewStore
from webapp.app import create_app
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.policy import Policy
from webapp.domain.poll_kinds import US
from webapp.models import AccountRow, CommandRow, OrderRow, PollRow, SyncRow, db
from webapp.settings import Settings
from webapp.unit_of_work import Work, unit_of_work

SECRET = "path-secret"
THREADS = 8


@dataclass
class House:
    """One application with its two neighbours."""

    app: Flask
    walmart: WalmartSandbox
    magento: MagentoSandbox
    account_id: int = 0
    account_key: str = ""
    webhook_path: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def post_webhook(self, po: str, *, sub_type: str = "PO_CREATED", event_id: str = "") -> int:
        """What Walmart would send about an order; the status of the answer."""
        return self.post(order_event(po, sub_type, event_id or f"event-{time.time_ns()}"))

    def post(self, body: bytes | dict[str, Any], path: str = "", **headers: str) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.app.test_client().post(path or self.webhook_path, data=raw, headers=headers)
        return answer.status_code

    def environment(self) -> dict[str, str]:
        """What a process of its own finds, which is to work on this house."""
        settings = self.app.extensions["orderbridge_settings"]
        return {
            **os.environ,
            "DATA_DIR": str(settings.data_dir),
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key,
            "ENCRYPTION_KEYS": ",".join(settings.encryption_keys),
        }

    def drain(self, rounds: int = 200) -> None:
        """Do whatever is due, side by side as it is taken, until nothing is. It is what the workers' drains do, without
        their waiting for rings: `tests/driving.py` runs those where they are what a test is about."""
        for _ in range(rounds):
            came, went = self._do(inbound.SOURCE), self._do(outbound.SOURCE)
            if not (came or went):
                return
        raise AssertionError(f"still due after {rounds} rounds")

    def _do(self, source: Source) -> bool:
        """Take what is due, and do it; false where nothing was."""
        with self.app.app_context():
            pieces = source.take(THREADS, Counter())
            db.session.remove()
        if len(pieces) == 1:
            run(self.app, pieces[0])
        elif pieces:
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(partial(run, self.app), pieces))
        return bool(pieces)

    def pass_time(self, **by: float) -> None:
        """Move the clock on and work off what has fallen due by then."""
        clock.move(timedelta(**by))
        self.drain()

    def set_policy(self, **changes: Any) -> None:
        """Change the account's settings."""
        with self.app.app_context(), unit_of_work() as work:
            row = work.session.get_one(AccountRow, self.account_id)
            policy = accounts.policy_from_json(row.settings, number_prefix=row.number_prefix)
            row.settings = accounts.policy_to_json(replace(policy, **changes))

    def place(self, **spec: Any) -> str:
        """A buyer orders and Walmart sends its webhook."""
        po = self.walmart.place_order(**spec)
        assert self.post_webhook(po) == 200
        return po

    def shown(self, po: str) -> dict[str, Any]:
        """The order as the command line shows it."""
        with self.app.app_context():
            row = db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()
            return reports.order(accounts.by_id(row.account_id), row.sync_id)

    def commands(self, po: str) -> list[CommandRow]:
        with self.app.app_context():
            wanted = select(CommandRow).join(SyncRow, SyncRow.id == CommandRow.sync_id).where(SyncRow.po == po)
            return list(db.session.execute(wanted.order_by(CommandRow.id)).scalars())

    def effects(self, effect: str, key: str | None = None) -> list[str]:
        """The keys of an effect in the ledgers of both sides, in order."""
        entries = self.walmart.ledger.entries(effect) + self.magento.ledger.entries(effect)
        return [entry["key"] for entry in entries if key in (None, entry["key"])]

    def wish(self, po: str) -> None:
        with self.app.app_context():
            inbox.record_wish(self.account_id, po, by="test")


def order_event(po: str, sub_type: str = "PO_CREATED", event_id: str = "event-1") -> dict[str, Any]:
    """An ORDER_UPDATES notification."""
    return {
        "source": {"eventType": "ORDER_UPDATES", "eventTime": "2026-11-01T10:00:00.000Z", "eventId": event_id},
        "payload": {"meta": {"subEventType": sub_type}, "order": {"purchaseOrderId": po}},
    }


def settings_for(folder: Path, database_url: str, redis_url: str) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=database_url.replace("postgresql://", "postgresql+psycopg://"),
        redis_url=redis_url,
        secret_key="test",
        encryption_keys=(Fernet.generate_key().decode(),),
        public_url="",
        allowed_hosts_out=frozenset(),
        metrics_token="",
        drain_threads=THREADS,
    )


def _poll_later(work: Work) -> None:
    """As if every poll had just been run."""
    every = {kind.name: kind.every for kind in US} | {product_polls.KIND: product_polls.EVERY}
    for row in work.execute(select(PollRow)).scalars():
        row.due_at = clock.now() + every.get(row.kind, shop_polls.EVERY)


@lru_cache
def _migrated() -> bytes:
    """The file of an empty SQLite database after all migrations, made once: it is half of a short test's time."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        app = create_app(settings_for(Path(folder), f"sqlite:///{file}", "unix:///nowhere"))
        schema.attach(app)
        with app.app_context():
            schema.upgrade()
            db.session.remove()
            db.engine.dispose()
        return file.read_bytes()


@lru_cache
def _migrated_template(server: str) -> str:
    """The name of a PostgreSQL database after all migrations, made once on each server, to be copied."""
    name = "migrated"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    app = create_app(settings_for(Path("/nowhere"), in_database(server, name), "unix:///nowhere"))
    schema.attach(app)
    with app.app_context():
        schema.upgrade()
        db.session.remove()
        db.engine.dispose()
    return name


def in_database(server: str, name: str) -> str:
    """The URL of a database on the PostgreSQL server."""
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def new_database(server: str, *, migrated: bool = False) -> str:
    """A fresh database on the PostgreSQL server, empty or after all migrations; its URL."""
    name = f"test_{time.time_ns()}"
    template = f' template "{_migrated_template(server)}"' if migrated else ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"{template}'.encode())
    return in_database(server, name)


@contextmanager
def build(
    folder: Path,
    database_url: str,
    redis_url: str,
    walmart: WalmartSandbox,
    magento: MagentoSandbox,
) -> Iterator[House]:
    """An application with one account and one store; a database on PostgreSQL is migrated already.

    Each poll comes when its time has passed, as after a first round: that round is most of a short test's work.
    """
    settings = settings_for(folder, database_url, redis_url)
    if settings.is_sqlite:
        Path(database_url.removeprefix("sqlite:///")).write_bytes(_migrated())
    app = create_app(settings)
    with app.app_context():
        quick.prepare(app, db.engine)
        with unit_of_work() as work:
            accounts.add_store(work, NewStore("Shop", magento.url, magento.token, admin_url=f"{magento.url}/admin"))
            row = accounts.add_account(
                work,
                NewAccount(
                    name="Seller",
                    store="Shop",
                    client_id=walmart.client_id,
                    client_secret=walmart.client_secret,
                    api_url=walmart.url,
                    policy=Policy(number_prefix="WM-"),
                    webhook_auth=WebhookAuth(mode="none", secrets=(SECRET,)),
                ),
            )
            _poll_later(work)
        db.session.remove()
    house = House(app, walmart, magento, row.id, row.key, f"/webhooks/walmart/{row.key}/{SECRET}")
    yield house
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
