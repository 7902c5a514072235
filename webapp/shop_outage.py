"""A shop that does not answer: one small call a minute asks until it does, and then what could not be read comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import aliased

from webapp import accounts, shop_health, shop_polls
from webapp.connectors.http import CallRecord, ConnectorError
from webapp.domain.poll_kinds import SHOP_PATHS
from webapp.models import PollRow, StoreRow, db
from webapp.neighbours import call_magento
from webapp.unit_of_work import Work

AGAIN = timedelta(minutes=1)
"""So soon one of its polls comes again while the shop cannot be reached, unless the shop named a later time."""


class NoAnswer(Exception):
    """The shop could not be reached, or broke down over the smallest of calls."""

    def __init__(self, error: ConnectorError) -> None:
        super().__init__(error.message)
        self.error = error


def knock(kind: str, store_id: int, on_call: Callable[[CallRecord], None]) -> None:
    """Where a call or a poll of the store has failed, ask the shop for next to nothing of what this kind of poll reads.

    Nothing heavy is asked of a shop in trouble, and no poll that has nothing to ask succeeds then. Raises NoAnswer,
    and ConnectorError where the shop answers and refuses.
    """
    failed = select(PollRow.id).where(PollRow.store_id == store_id, PollRow.tries > 0).exists()
    in_trouble = select(StoreRow.id).where(StoreRow.id == store_id, or_(StoreRow.trouble_since.is_not(None), failed))
    if db.session.execute(in_trouble).first() is None:
        return
    if not shop_polls.serves_orders(store_id):
        shop_health.forget(store_id)
        return
    try:
        call_magento(accounts.store_by_id(store_id), on_call).knock(SHOP_PATHS[kind])
    except ConnectorError as error:
        if error.permanent or (error.status or 500) < 500:
            raise
        raise NoAnswer(error) from error


def is_first_to_come(work: Work, poll_id: int, store_id: int, now: datetime) -> bool:
    """No other poll of the store will ask within the minute."""
    others = _others(poll_id, store_id)
    soon = select(PollRow.id).where(*others, PollRow.claimed_until.is_(None), PollRow.due_at <= now + AGAIN).limit(1)
    return work.execute(soon).first() is None


def wake_others(work: Work, poll_id: int, store_id: int, now: datetime) -> None:
    """A poll of the store has succeeded, which is not stored yet: what has failed since the last success comes at once.

    What fails although others succeed, such as for want of a right, keeps to its schedule; so does what the
    shop told to come much later, and the look for deleted orders, which comes each hour.
    """
    each = aliased(PollRow)
    newest = select(func.max(each.succeeded_at)).where(each.store_id == store_id).scalar_subquery()
    soon = PollRow.due_at.between(now, now + shop_polls.EVERY)
    away = (soon, or_(newest.is_(None), PollRow.failing_since > newest))
    mine = update(PollRow).where(*_others(poll_id, store_id), PollRow.failing_since.is_not(None), *away)
    work.execute(mine.values(due_at=now).execution_options(synchronize_session=False))


def _others(poll_id: int, store_id: int) -> tuple[ColumnElement[bool], ...]:
    return PollRow.store_id == store_id, PollRow.id != poll_id
