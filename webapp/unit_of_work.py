"""The one place that commits: one transaction, then the doorbell, never the other way round."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Result
from sqlalchemy.orm import Session
from sqlalchemy.sql import Executable

from webapp import queue
from webapp.database import WRITES, is_sqlite
from webapp.models import Base, db
from webapp.queue import Bell

_IN_USE = "orderbridge_unit_of_work"
_PRETENDED = "orderbridge_pretended"
_write_lock = threading.Lock()


def _forget_lock() -> None:
    global _write_lock  # noqa: PLW0603
    _write_lock = threading.Lock()


# A thread of the parent may hold the lock at the moment of the fork; in the child nobody would ever let go of it.
os.register_at_fork(after_in_child=_forget_lock)


@dataclass(slots=True)
class Work:
    """An open unit of work: write through it, and say which bell to ring once it is committed."""

    session: Session
    _bells: set[Bell] = field(default_factory=set)

    def add(self, row: Base) -> None:
        """Insert `row`; its id is known after `flush` or the commit."""
        self.session.add(row)

    def flush(self) -> None:
        self.session.flush()

    def execute(
        self, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> Result[Any]:
        """Run a statement with these values; an insert with many rows of them at once."""
        return self.session.execute(statement, values)

    def changed(self, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
        """Run a conditional update or delete with these values and return how many rows it touched."""
        return int(getattr(self.session.execute(statement, values), "rowcount", 0))

    def ring(self, bell: Bell) -> None:
        """Ring after the commit, or never."""
        self._bells.add(bell)

    @property
    def bells(self) -> frozenset[Bell]:
        return frozenset(self._bells)


@contextmanager
def unit_of_work() -> Iterator[Work]:
    """One transaction that writes. Everything in it is committed together, or nothing is; then the bells ring.

    No network call belongs inside. SQLite takes its write lock at the beginning, behind one lock per process, so
    that threads queue up fairly instead of polling the file.
    """
    session = db.session()
    if session.info.get(_PRETENDED):
        yield Work(session)
        session.flush()
        return
    if session.info.get(_IN_USE):
        raise RuntimeError("A unit of work is open already; nest nothing in it.")
    session.rollback()
    with _write_lock if is_sqlite() else nullcontext():
        session.info[_IN_USE] = True
        try:
            session.connection(execution_options={WRITES: True})
            work = Work(session)
            yield work
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info.pop(_IN_USE, None)
    for bell in sorted(work.bells):
        queue.ring(bell)


@contextmanager
def pretended() -> Iterator[None]:
    """For a rehearsal: the units of work inside are one transaction, which is rolled back; no bell is rung."""
    session = db.session()
    session.rollback()
    with _write_lock if is_sqlite() else nullcontext():
        session.info[_PRETENDED] = True
        try:
            session.connection(execution_options={WRITES: True})
            yield
        finally:
            session.info.pop(_PRETENDED, None)
            session.rollback()


def rest() -> None:
    """End what is being read, before a neighbour is called: a call may take 25 seconds, and meanwhile an open
    transaction would keep its connection and hold PostgreSQL's cleaning up. Raises RuntimeError in a unit of work."""
    session = db.session()
    if session.info.get(_PRETENDED):
        return
    if session.info.get(_IN_USE):
        raise RuntimeError("A neighbour is called inside a unit of work; call first, then store.")
    session.rollback()
