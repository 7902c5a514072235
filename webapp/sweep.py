"""What is due, by bell: the one look that the drains, the scheduler and the command line share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, select

from webapp import bulk, claims, clock, exports, inbox, polls, queue
from webapp.models import db
from webapp.queue import Bell


@dataclass(frozen=True, slots=True)
class Inbound:
    """What stood behind the inbound bell at a moment: work without a time of its own, and when the rest falls due."""

    at: datetime
    has_events: bool
    has_action: bool
    has_file: bool
    next_poll: datetime | None
    next_read: datetime | None

    @property
    def is_poll_due(self) -> bool:
        return self.next_poll is not None and self.next_poll <= self.at

    @property
    def is_read_due(self) -> bool:
        """An order is due, or will be once what came in is routed."""
        return self.has_events or (self.next_read is not None and self.next_read <= self.at)


def inbound() -> Inbound:
    """Look at all of it with one statement: most looks find nothing, and there are many."""
    now = clock.now()
    events, action, file, poll, read = db.session.execute(_inbound(), {"now": now}).one()
    return Inbound(now, events is not None, action is not None, file is not None, poll, read)


def seconds_to_next(bell: Bell) -> float | None:
    """How far off the nearest due row behind a bell is: 0 when something is due, None when nothing ever will be."""
    if bell is Bell.OUTBOUND:
        return _seconds_until(claims.nearest_command(clock.now()))
    seen = inbound()
    if seen.has_events or seen.has_action or seen.has_file:
        return 0.0
    return _seconds_until(min((time for time in (seen.next_read, seen.next_poll) if time), default=None))


def sweep() -> list[Bell]:
    """Ring for whatever is due, and return which bells were rung."""
    due = [bell for bell in Bell if seconds_to_next(bell) == 0.0]
    for bell in due:
        queue.ring(bell)
    return due


@cache
def _inbound() -> Select[Any]:
    looks: tuple[Select[Any], ...] = (inbox.ANY_NEW, bulk.FREE, exports.FREE, polls.NEAREST, claims.nearest_read())
    return select(*(look.scalar_subquery() for look in looks))


def _seconds_until(at: datetime | None) -> float | None:
    return None if at is None else max((at - clock.now()).total_seconds(), 0.0)
