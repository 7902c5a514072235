"""When an account rests: after how many failures, how long until the next probe, and in which words."""

from __future__ import annotations

from datetime import timedelta

OPENS_AFTER = 25
"""So many calls in a row without a usable answer: more than one round of polls, as one broken endpoint is no outage."""

OUTAGE_WAITS = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 60, 120, 300))
REFUSED_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30))
"""Waits before each probe; the last one goes on. Credentials that are refused are hardly right a minute later."""

JITTER = 0.2


def rest(failures: int, *, refused: bool, jitter: float) -> timedelta:
    """How long to rest after so many failures in a row; `jitter` from 0 to 1 moves it by 20 % either way."""
    waits = REFUSED_WAITS if refused else OUTAGE_WAITS
    wait = waits[min(max(failures - OPENS_AFTER, 0), len(waits) - 1)]
    return wait * (1 + JITTER * (2 * jitter - 1))
