"""What tests of polls do to a house: run one kind of poll alone, look at its row, mirror orders without acting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from tests.house import House
from webapp import accounts, clock, polls, sync_health
from webapp.domain.order import Order
from webapp.domain.policy import AcknowledgeWhen
from webapp.models import AccountRow, EventRow, OrderRow, PollRow, StoreRow, SyncRow, db
from webapp.neighbours import call_both
from webapp.order_rows import known
from webapp.sync_health import SyncHealth
from webapp.unit_of_work import unit_of_work


def only_mirror(house: House) -> None:
    """Orders are read and stored, and nothing is done about them."""
    house.set_policy(create_orders=False, acknowledge=AcknowledgeWhen.BY_HAND, acknowledge_guard=False)


def poll(house: House, kind: str = "orders") -> PollRow:
    """Run one poll now, turn after turn, until it is through or fails; its row."""
    with house.app.app_context():
        with unit_of_work() as work:
            work.execute(update(PollRow).where(PollRow.kind == kind).values(due_at=clock.now()))
        while turn := polls.take(PollRow.kind == kind):
            polls.run(turn)
        db.session.remove()
    return row(house, kind)


def row(house: House, kind: str = "orders") -> PollRow:
    with house.app.app_context():
        found = db.session.execute(select(PollRow).where(PollRow.kind == kind)).scalar_one()
        db.session.remove()
        return found


def ask_all(house: House) -> None:
    """All polls are due at once, as on the first start."""
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(PollRow).values(due_at=clock.now()))


def silence(house: House, *kinds: str) -> None:
    """These polls do not come again by themselves."""
    with house.app.app_context(), unit_of_work() as work:
        far = clock.now() + timedelta(days=1000)
        work.execute(update(PollRow).where(PollRow.kind.in_(kinds)).values(due_at=far))


def move_to(house: House, marketplace: str) -> None:
    """The account sells in another market."""
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(AccountRow).values(marketplace=marketplace))


def set_zone(house: House, zone: str) -> None:
    with house.app.app_context(), unit_of_work() as work:
        work.execute(update(StoreRow).values(time_zone=zone))


def stored(house: House) -> dict[str, Order]:
    """Every stored order by PO."""
    with house.app.app_context():
        pos = list(db.session.execute(select(OrderRow.po)).scalars())
        assert len(pos) == len(set(pos))
        found = {po: one.order for po, one in known(house.account_id, pos).items()}
        db.session.remove()
    return found


def at_walmart(house: House, po: str) -> Order | None:
    """The order as the connector reads it alone."""
    with house.app.app_context():
        return call_both(accounts.by_id(house.account_id), lambda _: None).walmart.get_order(po)


def events(house: House, po: str | None = None, **having: Any) -> list[EventRow]:
    with house.app.app_context():
        wanted = select(EventRow).filter_by(**({"po": po} if po else {}), **having).order_by(EventRow.id)
        found = list(db.session.execute(wanted).scalars())
        db.session.remove()
    return found


def turns(house: House) -> dict[str, tuple[int, int]]:
    """Of each order, how often it was taken and hinted at."""
    with house.app.app_context():
        wanted = select(SyncRow.po, SyncRow.fence, SyncRow.hints)
        return {po: (fence, hints) for po, fence, hints in db.session.execute(wanted)}


def calls(house: House, path: str = "/v3/orders") -> list[dict[str, Any]]:
    """The list calls that reached Walmart, in order."""
    return [call for call in house.walmart.ledger.calls() if call["method"] == "GET" and call["path"] == path]


def health(house: House) -> SyncHealth:
    with house.app.app_context():
        found = sync_health.of_account(accounts.by_id(house.account_id))
        db.session.remove()
    return found


def days_ago(days: float) -> str:
    """As the stand-in takes the date of an order."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()
