"""What is due, by bell: the one look that the drains, the scheduler and the command line share."""

from __future__ import annotations

from datetime import datetime

from webapp import bulk, claims, clock, exports, inbox, polls, queue
from webapp.queue import Bell


def seconds_to_next(bell: Bell) -> float | None:
    """How far off the nearest due row behind a bell is: 0 when something is due, None when nothing ever will be."""
    if bell is Bell.OUTBOUND:
        return _seconds_until(claims.nearest_command(clock.now()))
    if inbox.has_new() or bulk.is_due() or exports.is_due():
        return 0.0
    times = [claims.nearest_read(clock.now()), polls.nearest()]
    return _seconds_until(min((time for time in times if time), default=None))


def sweep() -> list[Bell]:
    """Ring for whatever is due, and return which bells were rung."""
    due = [bell for bell in Bell if seconds_to_next(bell) == 0.0]
    for bell in due:
        queue.ring(bell)
    return due


def _seconds_until(at: datetime | None) -> float | None:
    return None if at is None else max((at - clock.now()).total_seconds(), 0.0)
