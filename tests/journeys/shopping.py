"""What the tests about creation do to a house: its mode changed, sums looked at, a worker that dies at a call."""

from __future__ import annotations

import html
import re
import signal
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.driving import LEASE_IS_OVER
from tests.house import House
from tests.mother import Mother
from webapp import accounts, clock, order_rows, people
from webapp.accounts import Store
from webapp.domain.shop import Behind
from webapp.models import OrderRow, StoreRow, UserRow, db
from webapp.unit_of_work import unit_of_work


def use(house: House, mode: str) -> None:
    """The store's orders are created in this mode from now on."""
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(StoreRow).values(mode=mode))


def store_of(house: House) -> Store:
    return accounts.by_id(house.account_id).store


def row_of(house: House, po: str) -> OrderRow:
    with house.app.app_context():
        return db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()


def behind(house: House, po: str) -> tuple[Behind, ...]:
    return order_rows.way_back(row_of(house, po))


def shop_order(house: House, po: str) -> dict[str, Any]:
    """The Magento order that is linked."""
    number = house.shown(po)["magento_increment_id"]
    assert number, house.shown(po)["waiting_for"]
    return dict(house.magento.order(number))


def walmart_total(house: House, po: str) -> Decimal:
    with house.app.app_context():
        return db.session.execute(select(OrderRow.total).where(OrderRow.po == po)).scalar_one()


def browser(house: House, role: str = "operator") -> FlaskClient:
    """A person of this role, signed in."""
    email = f"{role}@shop.example"
    client = house.app.test_client()
    with house.app.app_context():
        if db.session.execute(select(UserRow).where(UserRow.email == email)).first() is None:
            with unit_of_work() as work:
                work.add(UserRow(email=email, role=role, created_at=clock.now()))
        assert client.get(people.issue_link(email)).status_code == 303
        db.session.remove()
    return client


def page_of(house: House, po: str) -> str:
    """The path of the order's page."""
    return f"/orders/{house.account_key}/{po}"


def submit(client: FlaskClient, path: str, seen_on: str, **form: str) -> str:
    """Send a form of the page `seen_on`; what the page says after it."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(seen_on).text)
    assert token is not None
    answer = client.post(path, data={"csrf_token": token[1], **form}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def reserved(house: House, sku: str) -> Decimal:
    """The sum of the shop's promises for a SKU."""
    return house.magento.shop.reserved(1, sku)


def die_at(house: House, mother: Mother, method: str, path: str) -> None:
    """A worker process works off what is to go out and is killed right after this call; its lease then ends."""
    log = house.app.extensions["orderbridge_settings"].data_dir / "worker.log"
    worker = mother.start(("tests.drain_and_die", method, path), house.environment(), log)
    assert worker.wait(60) == -signal.SIGKILL, log.read_text()[-2000:]
    clock.move(LEASE_IS_OVER)
