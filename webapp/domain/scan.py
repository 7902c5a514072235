"""Reading every order of a span of time: windows that Walmart answers in full, page after page, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

MOST_FOUND = 10_000
"""Walmart gives no more orders than this for one query, so a window that has as many is cut."""
OLDEST = timedelta(days=180)
"""Walmart gives out no older orders."""
MARGIN = timedelta(hours=1)
"""Kept from that border: an order, or a clock, may cross it while it is being asked for."""
SECOND = timedelta(seconds=1)
MOST_TIMES_SHORT = 2
"""How often a window that gave fewer orders than announced is read again before it is believed."""


class By(StrEnum):
    """The time that a window is about."""

    CREATED = "created"
    MODIFIED = "modified"


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time at one ship node. Without an end it reaches to the present, however long the reading takes.

    `is_counted`: its orders are in the scan's `announced` already.
    """

    node: str
    by: By
    start: datetime
    end: datetime | None = None
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """How far a reading has come. The first of `windows` is being read, from `cursor` on; none is left at the end.

    `as_of` is Walmart's own clock when the reading began: what changes later is the next reading's. `announced` sums up
    how many orders Walmart said there are, `by_node` how many at which ship node; `read` and `expected` are of the
    present window.
    """

    windows: tuple[Window, ...]
    as_of: datetime | None = None
    cursor: str | None = None
    read: int = 0
    expected: int | None = None
    times_short: int = 0
    announced: int = 0
    by_node: dict[str, int] = field(default_factory=dict)
    turned_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        return not self.windows

    @property
    def is_at_start(self) -> bool:
        """The next page is the first of its window."""
        return self.cursor is None


@dataclass(frozen=True, slots=True)
class PageRead:
    """What a page said of itself."""

    count: int
    total: int | None
    next_cursor: str | None
    at: datetime


def turned(scan: Scan, page: PageRead) -> Scan:
    """After a page: on to the next one, to the next window, or once more through this one if orders are missing."""
    here = _counted(scan, page.total) if scan.is_at_start else scan
    here = replace(here, as_of=scan.as_of or page.at, read=scan.read + page.count, turned_at=page.at)
    if page.next_cursor and page.count and page.next_cursor != scan.cursor:
        return replace(here, cursor=page.next_cursor)
    # An order that leaves a window while it is read moves the later ones up, over the edge between two pages.
    if here.read < (here.expected or 0) and here.times_short < MOST_TIMES_SHORT:
        return replace(restarted(here), times_short=here.times_short + 1)
    return replace(restarted(here), windows=here.windows[1:], times_short=0)


def restarted(scan: Scan) -> Scan:
    """The present window again from its first page: nobody knows how long a cursor lives."""
    return replace(scan, cursor=None, read=0, expected=None)


def can_be_cut(window: Window, now: datetime) -> bool:
    """Whole seconds only: Walmart takes no milliseconds."""
    return (window.end or now) - window.start >= 2 * SECOND


def cut(scan: Scan, now: datetime, total: int | None) -> Scan:
    """The present window as two halves that share one second, so that nothing falls between them."""
    scan = _counted(scan, total)
    window = scan.windows[0]
    middle = whole_second(window.start + ((window.end or now) - window.start) / 2)
    halves = replace(window, end=middle), replace(window, start=middle)
    return replace(restarted(scan), windows=(*halves, *scan.windows[1:]))


def whole_second(at: datetime) -> datetime:
    """The second in which `at` lies."""
    return at.replace(microsecond=0)


def spans(start: datetime, end: datetime, longest: timedelta) -> list[tuple[datetime, datetime]]:
    """The time from start to end in parts, each sharing its border with the next; at least one."""
    borders = [start]
    while end - borders[-1] > longest:
        borders.append(borders[-1] + longest)
    return list(zip(borders, [*borders[1:], end], strict=True))


def length(windows: Iterable[Window], now: datetime) -> timedelta:
    """The time that the windows cover together."""
    return sum(((window.end or now) - window.start for window in windows), timedelta(0))


def left(scan: Scan, nodes: Sequence[str], now: datetime) -> timedelta:
    """How much of the time is still to be read, where each node counts by its share of the orders announced so far.

    Until each has announced something once, they count alike: nobody knows yet who ships most.
    """
    whole = sum(scan.by_node.values()) if all(node in scan.by_node for node in nodes) else 0
    share = {node: scan.by_node[node] / whole if whole else 1 / len(nodes) for node in nodes}
    lengths = [length([window], now) * share[window.node] for window in scan.windows]
    if lengths and scan.expected:
        lengths[0] *= 1 - min(scan.read / scan.expected, 1)
    return sum(lengths, timedelta(0))


def _counted(scan: Scan, total: int | None) -> Scan:
    """With what the first page of the present window announced; a window that is read again counts once."""
    window = scan.windows[0]
    if total is None or window.is_counted:
        return replace(scan, expected=total)
    windows = (replace(window, is_counted=True), *scan.windows[1:])
    by_node = {**scan.by_node, window.node: scan.by_node.get(window.node, 0) + total}
    return replace(scan, expected=total, windows=windows, announced=scan.announced + total, by_node=by_node)
