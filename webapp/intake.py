"""Stores webhooks: those that arrive together share one transaction, and each is answered when its row is committed."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from webapp.accounts import Sender, unchanged
from webapp.database import is_sqlite
from webapp.models import EventRow
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

CONFLICT = "An event with the same id but another body came before; this one was kept and has no effect."

# Built once, on the table and not the class: many rows in one execution, without the ORM between.
_EVENTS = EventRow.metadata.tables[EventRow.__tablename__]
_NEW = {
    is_on_sqlite: make(_EVENTS)
    .on_conflict_do_nothing(index_elements=["delivery_key"])
    .execution_options(preserve_rowcount=True)
    for is_on_sqlite, make in ((True, sqlite.insert), (False, postgresql.insert))
}

Values = Mapping[str, Any]


class SenderChanged(Exception):
    """What the sender proved itself by is not what is stored any more: look it up again. Nothing was stored."""


class NotStored(SQLAlchemyError):
    """The row was in a batch that broke off; nothing of it was stored."""


class _Mixed(Exception):
    """Some rows of the batch are there already."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One request's row, and what became of it."""

    sender: Sender
    values: Values
    ended: bool = False
    stored: bool = False
    error: Exception | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def end(self, *, stored: bool = False, error: Exception | None = None) -> None:
        if not self.ended:
            self.ended, self.stored, self.error = True, stored, error


class _Queue:
    """The rows that wait for the next transaction. One of the waiting requests leads, and writes for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Entry] = []
        self._is_led = False

    def join(self, entry: _Entry) -> bool:
        """Wait in line; True for the one that has to lead now."""
        entry.turn.acquire()
        with self._lock:
            self._waiting.append(entry)
            leads, self._is_led = not self._is_led, True
        if not leads:
            entry.turn.acquire()
        return not entry.ended

    def take(self) -> list[_Entry]:
        """All that wait, the leader first; they are the leader's to end now."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        return batch

    def leave(self, batch: Sequence[_Entry]) -> None:
        """Let the batch go, and the first of those that came meanwhile lead."""
        with self._lock:
            leader = self._waiting[0] if self._waiting else None
            self._is_led = leader is not None
        if leader:
            leader.turn.release()
        for entry in batch:
            entry.end(error=NotStored("The transaction broke off."))
            entry.turn.release()


def store(sender: Sender, values: Values) -> bool:
    """Store one event and return once it is committed and the bell is rung; False when it had come before.

    A delivery that came before is counted; the same id with another body is kept as a conflict. Raises SenderChanged,
    or the database's error for this row: one that cannot be stored never spoils those that it came with.
    """
    entry = _Entry(sender, values)
    queue = _queue()
    if queue.join(entry):
        batch: list[_Entry] = []
        try:
            _write(queue, batch)
        finally:
            queue.leave(batch)
    if entry.error:
        raise entry.error
    return entry.stored


def _queue() -> _Queue:
    """This process's queue: a fork must not wait for a leader that stayed behind in its parent."""
    queue: _Queue = current_app.extensions.setdefault(f"orderbridge_intake_{os.getpid()}", _Queue())
    return queue


def _write(queue: _Queue, batch: list[_Entry]) -> None:
    """All in one transaction; where that cannot be, each in its own."""
    try:
        with unit_of_work() as work:
            # Not before: while this one waited for its transaction, others have joined.
            batch += queue.take()
            _write_all(work, batch)
    except (OperationalError, InterfaceError) as away:
        batch += queue.take()
        _end_all(batch, error=away)
    except (SQLAlchemyError, _Mixed, ValueError, TypeError):
        _write_each(batch)
    else:
        _end_all(batch, stored=True)


def _write_all(work: Work, batch: Sequence[_Entry]) -> None:
    fresh = _of_unchanged_senders(work, batch)
    if fresh and _insert(work, *(entry.values for entry in fresh)) != len(fresh):
        raise _Mixed
    work.ring(Bell.INBOUND)


def _write_each(batch: Sequence[_Entry]) -> None:
    for entry in batch:
        try:
            with unit_of_work() as work:
                stored = bool(_of_unchanged_senders(work, [entry])) and _write_one(work, entry.values)
                work.ring(Bell.INBOUND)
        except (OperationalError, InterfaceError) as away:
            _end_all(batch, error=away)
        except (SQLAlchemyError, ValueError, TypeError) as error:
            entry.end(error=error)
        else:
            entry.end(stored=stored)


def _write_one(work: Work, values: Values) -> bool:
    if _insert(work, values):
        return True
    mine = EventRow.delivery_key == values["delivery_key"]
    first = work.execute(select(EventRow.body).where(mine)).scalar_one()
    work.execute(update(EventRow).where(mine).values(duplicates=EventRow.duplicates + 1))
    if first != values["body"]:
        _insert(work, {**values, "delivery_key": None, "state": "ignored", "reason": CONFLICT})
    return False


def _of_unchanged_senders(work: Work, batch: Sequence[_Entry]) -> list[_Entry]:
    """Those whose proof still counts at the moment of storing; the others end here."""
    valid = unchanged(work, {entry.sender for entry in batch})
    for entry in batch:
        if entry.sender not in valid:
            entry.end(error=SenderChanged())
    return [entry for entry in batch if entry.sender in valid]


def _end_all(batch: Sequence[_Entry], *, stored: bool = False, error: Exception | None = None) -> None:
    for entry in batch:
        entry.end(stored=stored, error=error)


def _insert(work: Work, *rows: Values) -> int:
    """Insert those that are not there yet; returns how many that were."""
    result = work.execute(_NEW[is_sqlite()], rows)
    return int(getattr(result, "rowcount", 0))
