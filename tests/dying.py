"""Workers that die at any point of their work, inside the test's own process.

A point is before a call to a neighbour or before a commit. That is also right after the one before it, since between
two of them nothing is left behind anywhere. What dies here writes nothing, sends nothing and tells nobody any more,
just as after a kill -9, which `tests.journeys.shopping.die_at` does to a real worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.driving import LEASE_IS_OVER
from tests.house import House
from tests.working import work_off
from webapp import claims, clock, neighbours, outbox
from webapp.connectors.http import Answer, Call, Caller
from webapp.domain.commands import CommandState
from webapp.models import db

OPEN = {CommandState.QUEUED, CommandState.RUNNING}
SETTLES = (2, 15, 60, 240, 900, 900, 15, 240, 240)
"""Seconds after which what is in doubt is looked at again."""


class Killed(BaseException):
    """Caught by nothing in the product, so whoever it strikes does nothing more."""


@contextmanager
def mortal(point: int) -> Iterator[None]:
    """Whoever reaches the n-th point in here is killed there."""
    left = point

    def reach(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise Killed

    class Mortal(Caller):
        def _exchange(self, call: Call) -> Answer:
            reach()
            return super()._exchange(call)

    vars(neighbours)["Caller"] = Mortal
    event.listen(Session, "before_commit", reach)
    try:
        yield
    finally:
        event.remove(Session, "before_commit", reach)
        vars(neighbours)["Caller"] = Caller


def dies(house: House, po: str, point: int, work: Callable[[claims.Claim], None]) -> bool:
    """A worker holds the order and dies at the n-th point of its work, and its lease ends. False where it was done
    before that."""
    with house.app.app_context():
        claim = claims.take_one(house.account_id, po)
        assert claim is not None, f"{po} is held by somebody"
        try:
            with mortal(point):
                work(claim)
        except Killed:
            clock.move(LEASE_IS_OVER)
            return True
        finally:
            db.session.remove()
    return False


def finish(house: House, po: str, work: Callable[[House, str], None] = work_off) -> None:
    """Go on until nothing is under way: what is in doubt settles, and is looked at again. A refund whose outcome nobody
    knows is parked, and a person who finds nothing at Walmart has it tried again."""
    for seconds in SETTLES:
        work(house, po)
        rows = house.commands(po)
        parked = [row.id for row in rows if row.state == CommandState.PARKED]
        if not parked and not any(row.state in OPEN for row in rows):
            return
        with house.app.app_context():
            for command_id in parked:
                outbox.retry(command_id, "a person")
            db.session.remove()
        clock.move(timedelta(seconds=seconds))
    raise AssertionError([f"{row.kind}: {row.state} {row.reason}" for row in house.commands(po)])
