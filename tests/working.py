"""What workers do about one order, without a drain around it: nobody polls, so a test of an order costs that order's
work alone."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from tests.house import House
from webapp import claims, clock, handlers, inbox, orders, outbox
from webapp.claims import Claim
from webapp.models import SyncRow, db


def look(house: House, po: str) -> None:
    """Something told of the order: it is read, and whatever follows is done."""
    house.wish(po)
    work_off(house, po)


def work_off(house: House, po: str) -> None:
    """Events are routed, and the order is worked on until nothing of it is due."""
    mine = SyncRow.po == po
    with house.app.app_context():
        inbox.route()
        for _ in range(40):
            work: Callable[[Claim], None]
            if db.session.execute(select(SyncRow.id).where(mine, claims.due_commands(clock.now()))).first():
                work = carry_out
            elif db.session.execute(select(SyncRow.id).where(mine, claims.due_reads(clock.now()))).first():
                work = orders.sync
            else:
                db.session.remove()
                return
            claim = claims.take_one(house.account_id, po)
            assert claim is not None
            work(claim)
            db.session.remove()
    raise AssertionError(f"{po} never comes to rest")


def try_once(house: House, po: str) -> None:
    """What is due of the order's commands is carried out, and nothing is read after it."""
    with house.app.app_context():
        claim = claims.take_one(house.account_id, po)
        assert claim is not None
        carry_out(claim)
        db.session.remove()


def carry_out(claim: Claim) -> None:
    """The work of carrying out an order's commands."""
    outbox.run(claim, handlers.perform)
