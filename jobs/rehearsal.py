"""One order's whole walk through the database, rolled back: what it compiles and loads, every later fork has already.

A fork begins with what its parent has in memory. Without this each drain would configure the mappers and compile
its statements anew, which takes ten times as long as the work itself.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from webapp import accounts, claims, clock, hints, inbox, order_rows, order_store, orders, outbox, polls, sweep, turns
from webapp.accounts import Account, NewAccount, NewStore
from webapp.claims import Claim
from webapp.domain.order import CREATED, Address, Charge, Line, Order, Quantity
from webapp.domain.policy import AcknowledgeWhen, Policy
from webapp.models import SyncRow, db
from webapp.order_store import Sight
from webapp.queue import Bell
from webapp.shops import Shop
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)


class _Curtain(Exception):
    """The rehearsal is over: nothing of it is kept."""


def rehearse(app: Flask) -> None:
    """Do everything once that a drain does in the database, keep nothing, and leave no connection open.

    A database that is away is no trouble: the first real walk then takes a little longer.
    """
    configure_mappers()
    with app.app_context():
        try:
            _read()
            with unit_of_work() as work:
                _write(work)
        except _Curtain:
            pass
        except SQLAlchemyError as error:
            log.warning("no rehearsal: %s", type(error).__name__)
        finally:
            db.session.remove()
            db.engine.dispose()


def _read() -> None:
    for bell in Bell:
        sweep.seconds_to_next(bell)
    for due in (claims.due_reads, claims.due_commands):
        claims.candidates(due, 1)
    polls.nearest()
    inbox.newest_of(0, "")
    hints.wishers(0, "", 0)
    outbox.issued([0])


def _write(work: Work) -> None:
    po, name = f"rehearsal-{uuid.uuid4().hex}", uuid.uuid4().hex
    accounts.add_store(work, NewStore(name, "http://127.0.0.1:9", "none"))
    policy = Policy(acknowledge=AcknowledgeWhen.ON_IMPORT)
    row = accounts.add_account(work, NewAccount(name, name, "none", "none", policy=policy))
    account = accounts.by_id(row.id)
    turns.wake(work, [Wake(account.id, po, clock.now())])
    sync_id = work.execute(select(SyncRow.id).where(SyncRow.po == po)).scalar_one()
    order = _order(po)
    for status in (CREATED, "Acknowledged"):
        claim = claims.take_within(work, sync_id, clock.now())
        if claim is not None:
            _store(work, account, claim, _in_status(order, status))
            claims.hand_over(work, claim)
    raise _Curtain


def _store(work: Work, account: Account, claim: Claim, order: Order) -> None:
    claims.check(work, claim)
    known = order_rows.known(account.id, [order.po]).get(order.po)
    sight = Sight(claim, order, known, clock.now())
    order_store.store(work, account, orders.judge(account, [sight], {order.po: Shop()}), 0)
    work.flush()


def _order(po: str) -> Order:
    charge = Charge("PRODUCT", "ItemPrice", Decimal("1.00"), Decimal("0.10"))
    line = Line("1", "none", "none", 1, (Quantity(CREATED, 1),), (charge,))
    ship_by = clock.now() + timedelta(days=2)
    return Order(po, "none", clock.now(), (line,), ship_by=ship_by, address=Address(name="none"))


def _in_status(order: Order, status: str) -> Order:
    return replace(order, lines=tuple(replace(line, quantities=(Quantity(status, 1),)) for line in order.lines))
