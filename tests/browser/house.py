"""A house with something on every page, served to a browser: for tests that only look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
from flask import Flask
from werkzeug.serving import make_server

from tests.rows import a_change, a_line, an_order
from tests.views.conftest import PEOPLE, built, settings_in
from tests.views.scene import draw
from webapp import bulk, clock, notes, order_rows, people
from webapp.actions.kinds import ACTIONS
from webapp.domain.shop import Behind, Credited, ItemUnits, ShopCreditmemo, ShopOrder, ShopShipment, ShopTrack, Units
from webapp.models import AccountRow, OrderRow, PollRow, RefusedWebhookRow, ReimportRow, db
from webapp.unit_of_work import Work, unit_of_work

UNDECIDED = "2802123870001"
"""The PO of an order whose tracking numbers can be dealt and whose credit memo waits for somebody."""


@dataclass
class Site:
    """The running server."""

    app: Flask
    url: str

    def link(self, role: str = "admin") -> str:
        with self.app.app_context():
            return self.url + people.issue_link(PEOPLE[role])


@dataclass
class House:
    """A running server whose orders, events, commands, polls, jobs and people are there; nothing works on them."""

    site: Site
    names: dict[str, str]
    """What an address is filled in with: `key`, `po`, `store`, `undecided`, `job`."""

    def path(self, template: str) -> str:
        return template.format(**self.names)


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """A server of its own, with people and nothing else."""
    app = built(settings_in(folder))
    with serving(app) as url:
        yield Site(app, url)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application's address while it is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.engine.dispose()


def furnish(site: Site) -> House:
    """Draw the scene, and what else a page can show."""
    with site.app.app_context():
        key, po = draw()
        with unit_of_work() as work:
            account = db.session.query(AccountRow).filter_by(key=key).one()
            order = db.session.query(OrderRow).filter_by(po=po).one()
            _undecided(work, account)
            _polls(work, account)
            a_change(work, order, "Erased nothing; called the buyer.", "person", PEOPLE["operator"])
            refused = {"source": "walmart", "account_id": account.id, "reason": "The signature does not fit."}
            work.add(RefusedWebhookRow(name=f"{account.key} signature", count=3, last_at=clock.now(), **refused))
        notes.add(order.id, "Ring twice.", PEOPLE["operator"], "r1")
        job = bulk.ask(ACTIONS["refresh"], [order.id], PEOPLE["admin"])
        bulk.start(job, {}, PEOPLE["admin"])
        names = {"key": key, "po": po, "store": account.store.key, "undecided": UNDECIDED, "job": job}
    return House(site, names)


def _undecided(work: Work, account: AccountRow) -> None:
    lines = (a_line("1", "MUG"), a_line("2", "TEE"))
    row = an_order(work, account, UNDECIDED, lines, ordered_at=clock.now() - timedelta(hours=60))
    row.magento_items = msgspec.to_builtins(
        [Behind(60 + at, line.sku, (Units(line.number, line.quantity),)) for at, line in enumerate(lines)]
    )
    tracks = (ShopTrack(1, "T-ONE", "ups", "UPS"), ShopTrack(2, "T-TWO", "ups", "UPS"))
    shipment = ShopShipment(34, "000000034", 9, clock.now(), (ItemUnits(60, 1), ItemUnits(61, 1)), tracks)
    memo = ShopCreditmemo(8, "000000008", 9, clock.now(), (Credited(60, 1),), grand_total=Decimal("11.98"))
    shop = ShopOrder(
        9,
        f"WM-{UNDECIDED}",
        UNDECIDED,
        1,
        "processing",
        "processing",
        row.total,
        (),
        shipments=(shipment,),
        creditmemos=(memo,),
    )
    order_rows.set_shop(row, shop)


def _polls(work: Work, account: AccountRow) -> None:
    now = clock.now()
    for kind, trouble in (("orders", ""), ("open", "Walmart answered 503."), ("cancellations", "")):
        at = now - timedelta(minutes=1)
        work.add(
            PollRow(kind=kind, name=kind, account_id=account.id, due_at=now, succeeded_at=at, trouble=trouble, tries=2)
        )
    span = {"since": now - timedelta(days=3), "until": now, "started_at": now, "ended_at": now}
    work.add(ReimportRow(account_id=account.id, by=PEOPLE["admin"], state="done", total=12, percent=100, **span))
