"""When a failed piece of work is tried again: a schedule as data and one pure function."""

from __future__ import annotations

from datetime import datetime, timedelta

SCHEDULE = tuple(
    timedelta(seconds=s) for s in (2, 10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 86400)
)
"""Waits between tries: quick at first, then over three days, so an outage of a weekend parks nothing."""

JITTER = 0.2
LONGEST_ASKED_WAIT = timedelta(hours=6)
BELIEVED_TRIES = 5
"""So often a wait shorter than ours is taken at its word; a side that asks for one second all day must not use up
the tries within a minute."""


def next_attempt(tries: int, now: datetime, *, jitter: float, retry_after: timedelta | None = None) -> datetime | None:
    """When to try again after `tries` failed tries; None means: park it for a person.

    `jitter` is a random number from 0 to 1 and moves the wait by up to 20 % either way. A wait that the
    other side asked for (`Retry-After`, Walmart's replenishment time) is never cut short.
    """
    if tries > len(SCHEDULE):
        return None
    wait = SCHEDULE[tries - 1] * (1 + JITTER * (2 * jitter - 1))
    if retry_after is not None:
        asked = max(min(retry_after, LONGEST_ASKED_WAIT), timedelta(0)) + timedelta(milliseconds=250 * jitter)
        wait = asked if tries <= BELIEVED_TRIES else max(asked, wait)
    return now + wait
