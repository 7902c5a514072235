"""Where polls begin to read in nights that are longer or shorter than others, and on 29 February."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from webapp import days
from webapp.accounts import Account
from webapp.domain.poll_kinds import Rule, kinds_of
from webapp.domain.scan import OLDEST, spans
from webapp.poll_windows import OVERLAP, window_of

NEW_YORK = ZoneInfo("America/New_York")
NOBODY = cast(Account, SimpleNamespace(id=0))
EVERY = timedelta(minutes=5)


@pytest.mark.parametrize(
    "around",
    [
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2027, 3, 14, 7, tzinfo=UTC),
        datetime(2028, 2, 29, 0, tzinfo=UTC),
        datetime(2028, 3, 1, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    ids=["an hour twice", "an hour missing", "29 February", "the day after it", "the year's end"],
)
@pytest.mark.parametrize("skew", [timedelta(), timedelta(minutes=10), timedelta(minutes=-10)])
def test_every_window_begins_before_the_last_one_ended(around: datetime, skew: timedelta) -> None:
    changed = next(kind for kind in kinds_of("us") if kind.rule is Rule.CHANGED)
    now = around - timedelta(hours=2)
    cursor = now
    while now < around + timedelta(hours=2):
        now += EVERY
        # The cursor is Walmart's time, the window is asked for by ours, which may be wrong.
        window = window_of(changed, NOBODY, cursor, now + skew)
        assert window.start <= cursor - OVERLAP + timedelta(seconds=1)
        assert window.start.microsecond == 0
        assert window.end is None
        cursor = now


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-11-01", 25), ("2027-03-14", 23), ("2028-02-29", 24), ("2028-02-28", 24), ("2026-12-31", 24)],
)
def test_a_day_is_as_long_as_the_shops_calendar_has_it(day: str, hours: int) -> None:
    start, end = days.moment(day, NEW_YORK), days.end(day, NEW_YORK)
    assert end - start == timedelta(hours=hours)
    nights = spans(start - timedelta(days=3), end + timedelta(days=3), timedelta(days=1))
    assert all(one[1] == following[0] for one, following in zip(nights, nights[1:], strict=False))
    assert (nights[0][0], nights[-1][1]) == (start - timedelta(days=3), end + timedelta(days=3))


def test_no_window_reaches_further_back_than_walmart_does() -> None:
    now = datetime(2028, 2, 29, 12, tzinfo=UTC)
    for kind in kinds_of("ca"):
        if kind.rule is not Rule.OPEN:
            arguments: tuple[Any, ...] = (kind, NOBODY, now - timedelta(days=400), now)
            assert window_of(*arguments).start > now - OLDEST
