"""Windows and pages: cut, restarted and left behind, without a clock, a network or a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.scan import (
    By,
    PageRead,
    Scan,
    Window,
    can_be_cut,
    cut,
    left,
    length,
    restarted,
    spans,
    turned,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def scan(*, end: datetime | None = NOON, days: float = 1) -> Scan:
    return Scan((Window("SellerFulfilled", By.MODIFIED, NOON - days * DAY, end),))


def page(count: int, total: int | None = None, cursor: str | None = None) -> PageRead:
    return PageRead(count, total, cursor, NOON)


def test_pages_lead_from_cursor_to_cursor_and_to_the_end() -> None:
    one = turned(scan(), page(2, 5, "?a"))
    two = turned(one, page(2, 5, "?b"))
    three = turned(two, page(1, 5))
    assert (one.cursor, two.cursor, three.cursor) == ("?a", "?b", None)
    assert (one.read, two.read) == (2, 4)
    assert three.is_done
    assert three.announced == 5


def test_the_reading_stands_for_the_time_at_which_it_began() -> None:
    one = turned(scan(), page(1, 2, "?a"))
    two = turned(one, replace(page(1, 2), at=NOON + DAY))
    assert two.as_of == NOON


def test_a_window_that_gives_fewer_than_announced_is_read_again_and_then_believed() -> None:
    now = scan()
    for _ in range(2):
        now = turned(turned(now, page(2, 5, "?a")), page(1, 5))
        assert not now.is_done
        assert now.is_at_start
    assert turned(turned(now, page(2, 5, "?a")), page(1, 5)).is_done


def test_an_empty_page_and_a_cursor_that_repeats_end_a_window() -> None:
    assert turned(scan(), page(0, 0, "?a")).is_done
    once = turned(scan(), page(2, None, "?a"))
    assert turned(once, page(2, None, "?a")).is_done


def test_a_window_without_a_total_is_believed() -> None:
    assert turned(scan(), page(3)).is_done


def test_a_restart_keeps_the_windows_and_counts_what_was_announced_once() -> None:
    one = turned(scan(), page(2, 5, "?a"))
    again = turned(restarted(one), page(2, 5, "?a"))
    assert again.read == 2
    assert again.announced == 5


def test_halves_are_counted_with_the_window_they_come_from() -> None:
    halves = cut(scan(), NOON, 12_000)
    assert halves.announced == 12_000
    assert turned(halves, page(1, 6_000, "?a")).announced == 12_000
    unknown = cut(scan(), NOON, None)
    assert turned(unknown, page(1, 6_000, "?a")).announced == 6_000


def test_an_open_window_stays_open_at_its_newer_half() -> None:
    older, newer = cut(scan(end=None), NOON, None).windows
    assert older.end == newer.start
    assert newer.end is None


@pytest.mark.parametrize(("seconds", "may"), [(0, False), (1, False), (2, True), (3600, True)])
def test_a_window_can_be_cut_down_to_a_second(seconds: int, may: bool) -> None:
    window = Window("SellerFulfilled", By.CREATED, NOON - timedelta(seconds=seconds), NOON)
    assert can_be_cut(window, NOON) is may


@given(st.integers(2, 400 * 86400), st.booleans(), st.integers(0, 999_999))
def test_cutting_always_ends_and_leaves_no_gap(seconds: int, is_open: bool, microsecond: int) -> None:
    now = NOON.replace(microsecond=microsecond)
    start = NOON - timedelta(seconds=seconds)
    one = Scan((Window("SellerFulfilled", By.CREATED, start, None if is_open else now),))
    cuts = 0
    while can_be_cut(one.windows[0], now):
        widest = length(one.windows[:1], now)
        one, cuts = cut(one, now, None), cuts + 1
        assert length(one.windows[:1], now) < widest
    assert cuts < 40
    assert one.windows[0].start == start
    assert one.windows[-1].end == (None if is_open else now)
    for before, after in zip(one.windows, one.windows[1:], strict=False):
        assert before.end == after.start
        assert after.start.microsecond == 0


@given(st.integers(0, 200 * 86400), st.integers(1, 40))
def test_spans_cover_the_time_without_a_gap(seconds: int, days: int) -> None:
    parts = spans(NOON - timedelta(seconds=seconds), NOON, timedelta(days=days))
    assert parts[0][0] == NOON - timedelta(seconds=seconds)
    assert parts[-1][1] == NOON
    assert all(before[1] == after[0] for before, after in zip(parts, parts[1:], strict=False))
    assert all(end - start <= timedelta(days=days) for start, end in parts)


@pytest.mark.parametrize(("announced", "part"), [((200,), 1 / 2), ((200, 1_800), 9 / 10), ((0, 0), 0), ((2, 8), 4 / 5)])
def test_what_is_left_goes_by_who_ships_most_once_everybody_was_heard(announced: tuple[int, ...], part: float) -> None:
    nodes = ("SellerFulfilled", "WFSFulfilled")
    going = Scan(tuple(Window(node, By.CREATED, NOON - DAY, NOON) for node in nodes))
    going = turned(going, PageRead(announced[0], announced[0], None, NOON))
    for total in announced[1:]:
        going = turned(going, PageRead(0, total, "next", NOON))
    assert left(going, nodes, NOON) == DAY * part
