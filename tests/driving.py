"""What several tests do to a house beyond its own methods: one drain alone, rows by PO, a second account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from sqlalchemy import select

from jobs import inbound, outbound
from jobs.drain import drain
from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.house import House
from webapp import accounts, claims, clock
from webapp.accounts import NewAccount, NewStore
from webapp.claims import Claim
from webapp.connectors.signatures import WebhookAuth
from webapp.domain.policy import Policy
from webapp.models import AccountRow, AttemptRow, CommandRow, EventRow, SyncRow, db
from webapp.unit_of_work import unit_of_work

T = TypeVar("T")


def drain_in(house: House) -> None:
    """Only what comes in: events, reads, polls."""
    with house.app.app_context():
        drain(inbound.SOURCE, threads=8, linger=0.0)
        db.session.remove()


def drain_out(house: House) -> None:
    """Only what goes out."""
    with house.app.app_context():
        drain(outbound.SOURCE, threads=8, linger=0.0)
        db.session.remove()


def turn_of(house: House, po: str) -> SyncRow:
    with house.app.app_context():
        return db.session.execute(select(SyncRow).where(SyncRow.po == po)).scalar_one()


def attempts_of(house: House, po: str) -> list[AttemptRow]:
    with house.app.app_context():
        mine = select(AttemptRow).join(SyncRow, SyncRow.id == AttemptRow.sync_id).where(SyncRow.po == po)
        return list(db.session.execute(mine.order_by(AttemptRow.id)).scalars())


def events_of(house: House, po: str) -> list[EventRow]:
    with house.app.app_context():
        return list(db.session.execute(select(EventRow).where(EventRow.po == po).order_by(EventRow.id)).scalars())


def command_of(house: House, po: str, kind: str) -> CommandRow:
    """The newest command of a kind."""
    return [row for row in house.commands(po) if row.kind == kind][-1]


def seconds_until_next_try(house: House, po: str, kind: str) -> float:
    at = command_of(house, po, kind).next_attempt_at
    assert at is not None
    return (at - clock.now()).total_seconds()


def sentences(house: House, po: str) -> str:
    """The order's log as one text."""
    return "\n".join(entry["sentence"] for entry in house.shown(po)["log"])


def take(house: House, po: str) -> Claim:
    """Hold an order, as a worker does."""
    with house.app.app_context():
        claim = claims.take_one(house.account_id, po)
        db.session.remove()
    assert claim is not None
    return claim


def pause(house: House, *, on: bool) -> None:
    with house.app.app_context(), unit_of_work() as work:
        work.session.get_one(AccountRow, house.account_id).is_paused = on


def call_posts(house: House, path: str) -> int:
    """How many calls with this text in their path tried to change something, on both sides."""
    calls = house.walmart.ledger.calls("POST", path) + house.magento.ledger.calls("POST", path)
    return len(calls)


def side_by_side(house: House, work: Callable[[int], T], threads: int = 8) -> list[T]:
    """Run `work` in so many threads that begin at the same moment, each with its own application context."""
    together = threading.Barrier(threads)

    def one(number: int) -> T:
        with house.app.app_context():
            together.wait(10)
            try:
                return work(number)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


@contextmanager
def second_account(house: House, name: str = "Other") -> Iterator[House]:
    """Another seller with a shop of its own, in the same application."""
    with WalmartSandbox() as walmart, MagentoSandbox() as magento:
        with house.app.app_context(), unit_of_work() as work:
            accounts.add_store(work, NewStore(f"{name} shop", magento.url, magento.token))
            row = accounts.add_account(
                work,
                NewAccount(
                    name=name,
                    store=f"{name} shop",
                    client_id=walmart.client_id,
                    client_secret=walmart.client_secret,
                    api_url=walmart.url,
                    policy=Policy(number_prefix="WM-"),
                    webhook_auth=WebhookAuth(mode="none", secrets=("other",)),
                ),
            )
        yield House(house.app, walmart, magento, row.id, row.key, f"/webhooks/walmart/{row.key}/other")


LEASE_IS_OVER = claims.LEASE + timedelta(seconds=1)
