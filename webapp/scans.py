"""A reading of Walmart's list, a page at a time: each page is stored together with how far the reading has come."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from webapp import clock, inbox, order_pages, plain
from webapp.accounts import Account
from webapp.connectors.http import ConnectorError
from webapp.connectors.walmart import OrderPage, WalmartClient
from webapp.domain import scan as rules
from webapp.domain.scan import MARGIN, MOST_FOUND, OLDEST, By, PageRead, Scan
from webapp.neighbours import Neighbours
from webapp.order_pages import Asked, Tally
from webapp.unit_of_work import Work, unit_of_work

Keep = Callable[[Work, Scan, Tally], None]
"""Stores the scan and what its page brought, in the transaction that stores the page. It may raise to undo both."""

_TOO_MANY = re.compile(r"10[.,]?000|more than|too many|exceed|narrow", re.IGNORECASE)


def turn(account: Account, both: Neighbours, scan: Scan, keep: Keep, *, poll: str, for_reimport: bool = False) -> Scan:
    """Read and store one page, or cut a window that holds too much; returns the scan as it goes on.

    Raises ConnectorError where Walmart did not give the page: the scan stands as it was.
    """
    asked = Asked(poll, clock.now(), inbox.newest(), for_reimport)
    window = scan.windows[0]
    may_cut = scan.is_at_start and rules.can_be_cut(window, asked.at)
    page = _page(both.walmart, scan, may_cut)
    if page is None or (may_cut and (page.total or 0) >= MOST_FOUND):
        smaller = rules.cut(scan, asked.at, page.total if page else None)
        with unit_of_work() as work:
            keep(work, smaller, Tally())
        return smaller
    count = len(page.orders) + len(page.unreadable)
    after = rules.turned(scan, PageRead(count, page.total, page.next_cursor, page.answered_at or asked.at))
    order_pages.sync_page(account, both, page, asked, lambda work, tally: keep(work, after, tally))
    return after


def to_json(scan: Scan) -> dict[str, Any]:
    """Plain values for the database."""
    plain: dict[str, Any] = msgspec.to_builtins(scan)
    return plain


def from_json(kept: dict[str, Any]) -> Scan:
    """The inverse of `to_json`."""
    return plain.read(kept, Scan)


def _page(walmart: WalmartClient, scan: Scan, may_cut: bool) -> OrderPage | None:
    """The next page; None where Walmart says that the window holds more than it gives out."""
    window = scan.windows[0]
    start, end = rules.whole_second(window.start), window.end
    try:
        if window.by is By.CREATED:
            return walmart.list_orders(created_from=start, created_to=end, ship_node=window.node, cursor=scan.cursor)
        # Walmart takes only the last seven days where no date of creation is given.
        return walmart.list_orders(
            created_from=rules.whole_second(clock.now() - OLDEST + MARGIN),
            modified_from=start,
            modified_to=end,
            ship_node=window.node,
            cursor=scan.cursor,
        )
    except ConnectorError as error:
        if may_cut and error.status == 400 and _TOO_MANY.search(error.message):
            return None
        raise
