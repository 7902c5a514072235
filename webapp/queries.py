"""Small questions that several pages ask: an order as a list shows it, all accounts, a count as it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import defer, selectinload, with_expression

from webapp.models import AccountRow, LineRow, NoteRow, OrderRow, db

COUNTED_TO = 1_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `or_more` where counting stopped there."""

    number: int
    or_more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}{'+' if self.or_more else ''}"


def capped(number: int) -> Count:
    """A number as it is shown: exact to a thousand."""
    return Count(min(number, COUNTED_TO), number > COUNTED_TO)


def version(at: datetime) -> int:
    """A time as a whole number that is safe in an address."""
    return (at - _EPOCH) // _MICROSECOND


def moment_of(text: str) -> datetime | None:
    """The inverse of `version`, read leniently: None for anything else."""
    return _EPOCH + int(text) * _MICROSECOND if text.isdecimal() and len(text) <= 17 else None


def all_accounts() -> Sequence[AccountRow]:
    """Every account with its store, in the order of their names."""
    return db.session.execute(select(AccountRow).order_by(AccountRow.name)).scalars().all()


def one(account_key: str, po: str) -> tuple[OrderRow, AccountRow] | None:
    """A single order as the grid shows it, and its account."""
    wanted = select(OrderRow, AccountRow).join(AccountRow, AccountRow.id == OrderRow.account_id)
    wanted = wanted.where(AccountRow.key == account_key, OrderRow.po == po)
    lines = selectinload(OrderRow.lines).load_only(*light_lines())
    light = wanted.options(lines, with_notes(), defer(OrderRow.address), defer(OrderRow.email), defer(OrderRow.made_up))
    found = db.session.execute(light).one_or_none()
    return (found[0], found[1]) if found else None


def with_notes() -> Any:
    """Count the notes of each order in the same statement."""
    number = select(func.count()).select_from(NoteRow).where(NoteRow.order_id == OrderRow.id)
    return with_expression(OrderRow.notes, number.scalar_subquery())


def light_lines() -> tuple[Any, ...]:
    """What a list shows of an order's lines."""
    return (
        LineRow.position,
        LineRow.sku,
        LineRow.title,
        LineRow.quantity,
        LineRow.quantities,
        LineRow.intent_to_cancel,
        LineRow.product_id,
        LineRow.product_type,
    )
