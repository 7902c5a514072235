"""What tests of a shop's webhooks do to a house: serve it, hook the shop up as the docs say, look at the events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select, text

from sandbox.server import Server
from tests.house import House
from webapp import accounts, store_webhooks
from webapp.models import EventRow, StoreRow, db
from webapp.settings import CHECKOUT
from webapp.store_webhooks import Wanted
from webapp.unit_of_work import unit_of_work

HEADING = re.compile(r'"event":"(\w+)"')
SECRET = "the-shop-s-own-secret"


@contextmanager
def served(house: House) -> Iterator[str]:
    """The house's web server over real HTTP; the address of the shop's webhooks."""
    server = Server(house.app).start()
    try:
        yield f"{server.url}{address(house)}"
    finally:
        server.close()


def address(house: House) -> str:
    """The path of the shop's webhooks, with the secret where the address holds one."""
    with house.app.app_context():
        row = db.session.execute(select(StoreRow).order_by(StoreRow.id).limit(1)).scalar_one()
        url = accounts.webhook_url("magento", row.key, store_webhooks.auth_of(row))
    return "/webhooks/" + url.partition("/webhooks/")[2]


def prove_by(house: House, wanted: Wanted) -> None:
    """From now on only this proves that a webhook is the shop's."""
    with house.app.app_context():
        store = accounts.stores()[0]
        store_webhooks.change(store.id, wanted, "test")
        store_webhooks.drop_former(store.id, "test")
        db.session.remove()


def templates() -> dict[str, str]:
    """The ready-made bodies of the docs by their event."""
    page = (CHECKOUT / "docs" / "magento-webhooks.md").read_text()
    bodies = re.findall(r"```liquid\n(.+?)\n```", page, re.DOTALL)
    return {HEADING.search(body)[1]: body for body in bodies if HEADING.search(body)}  # type: ignore[index]


@contextmanager
def no_more_events(house: House) -> Iterator[None]:
    """The database refuses every event, as one that is full does."""
    with house.app.app_context():
        _execute("create trigger full before insert on events begin select raise(abort, 'full'); end")
        yield
        _execute("drop trigger full")


def _execute(statement: str) -> None:
    with unit_of_work() as work:
        work.execute(text(statement))
    db.session.remove()


def heard(house: House) -> list[EventRow]:
    """The shop's events, oldest first."""
    with house.app.app_context():
        found = select(EventRow).where(EventRow.source == "magento").order_by(EventRow.id)
        return list(db.session.execute(found).scalars())


def told(house: House) -> Sequence[tuple[str, str | None, str]]:
    """Of each of the shop's events its type, its order and its state."""
    return [(event.type, event.po, event.state) for event in heard(house)]


def reads(house: House, po: str) -> int:
    """How often the order was read in Magento."""
    entity = house.shown(po)["magento_order_id"]
    return len([call for call in house.magento.ledger.calls("GET", f"/V1/orders/{entity}") if call["status"] == 200])
