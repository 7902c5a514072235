"""What needs doing now, how much is coming, and how the seller stands with Walmart: every number opens its list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from flask import Blueprint, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import alert_channels, clock, dashboard, failures, queries, sync_health, timeline
from webapp.dashboard import Share
from webapp.domain.facets import Tab
from webapp.domain.order import OrderStatus
from webapp.domain.standards import is_kept, limits_for
from webapp.grid import lists
from webapp.grid.wanted import Wanted
from webapp.models import AccountRow
from webapp.people import Role
from webapp.policy_json import policy_from_json
from webapp.queries import Count
from webapp.views import door, orders, words
from webapp.views.render import page

bp = Blueprint("dashboard", __name__)

TILES = (Tab.NEEDS_ACTION, Tab.TO_ACKNOWLEDGE, Tab.TO_SHIP, Tab.LATE, Tab.FAILED, Tab.CANCELLATION)
URGENT = frozenset({Tab.NEEDS_ACTION, Tab.LATE, Tab.FAILED, Tab.CANCELLATION})
DAYS_AHEAD = 7
HOURS_TO_ACKNOWLEDGE = 4
CAUSES_SHOWN = 6
FULL = 100
"""A bar as wide as can be."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its list."""

    words: str
    count: str
    meaning: str
    url: str
    tone: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart: `width` of 100, never nothing for something."""

    words: str
    count: str
    width: float
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One of Walmart's figures for an account: ours, the limit, and whether it is kept."""

    account: str
    words: str
    share: str
    limit: str
    is_kept: bool | None
    width: float
    limit_at: float
    number: str
    number_url: str
    of: str
    source: str


@bp.get("/dashboard")
def index() -> AnyResponse:
    """Everything at a glance."""
    accounts = queries.all_accounts()
    zone_name = orders.zone_name(Wanted(), accounts)
    zone, real = words.zone(zone_name), [row for row in accounts if not row.is_demo] or list(accounts)
    lag = dashboard.lag()
    lag_bars = [(said, count, url_for("behind.webhooks", bar=n)) for n, (said, count) in enumerate(lag.bars)]
    return page(
        "dashboard/index.html",
        "board",
        zone=zone_name,
        tiles=_tiles(accounts, zone),
        ship_by=_ship_by(accounts, zone),
        to_acknowledge=_to_acknowledge(accounts, zone),
        standings=_standings(real),
        lag=_bars(lag_bars),
        lag_middle=_said(lag.middle),
        lag_slowest=_said(lag.slowest),
        causes=_causes(),
        depth=_depth(),
        flows=sync_health.everyone(),
        has_accounts=bool(accounts),
        tells_nobody=door.me().may(Role.ADMIN) and not alert_channels.told(),
    )


def _tiles(accounts: Sequence[AccountRow], zone: tzinfo) -> list[Tile]:
    counts = lists.tab_counts(lists.question(Wanted(), accounts, zone))
    tiles = []
    for tab in TILES:
        count = counts.get(tab, Count(0))
        tone = "" if not count.number else "bad" if tab in URGENT else "some"
        tiles.append(Tile(tab.words, str(count), tab.meaning, url_for("orders.index", tab=tab.value), tone))
    return tiles


def _ship_by(accounts: Sequence[AccountRow], zone: tzinfo) -> list[Bar]:
    """What is late, what is left of today, each of the next days, and all after them."""
    now = clock.now().astimezone(zone)
    today = now.date()
    parts = [("Late", Wanted(tab=Tab.LATE), "late")]
    parts.append(("Today", Wanted(tab=Tab.TO_SHIP, due_from=_minute(now), due_to=str(today)), "soon"))
    for ahead in range(1, DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        said = "Tomorrow" if ahead == 1 else f"{day:%a} {day.day} {day:%b}"
        parts.append((said, Wanted(tab=Tab.TO_SHIP, due_from=str(day), due_to=str(day)), ""))
    later = str(today + timedelta(days=DAYS_AHEAD))
    parts.append(("Later", Wanted(tab=Tab.TO_SHIP, due_from=later), ""))
    return _counted(parts, accounts, zone)


def _to_acknowledge(accounts: Sequence[AccountRow], zone: tzinfo) -> list[Bar]:
    """By the hours since the sale; after four, Walmart's time is over."""
    now, parts = clock.now().astimezone(zone), []
    to = ""
    for hours in range(1, HOURS_TO_ACKNOWLEDGE + 1):
        begin = now - timedelta(hours=hours)
        said = "Under 1 h old" if hours == 1 else f"{hours - 1} to {hours} h old"
        wanted = Wanted(tab=Tab.TO_ACKNOWLEDGE, sold_from=_minute(begin), sold_to=to)
        parts.append((said, wanted, "soon" if hours == HOURS_TO_ACKNOWLEDGE else ""))
        to = _minute(begin - timedelta(minutes=1))
    parts.append((f"Over {HOURS_TO_ACKNOWLEDGE} h old", Wanted(tab=Tab.TO_ACKNOWLEDGE, sold_to=to), "late"))
    return _counted(parts, accounts, zone)


def _counted(parts: Sequence[tuple[str, Wanted, str]], accounts: Sequence[AccountRow], zone: tzinfo) -> list[Bar]:
    counts = lists.counts(lists.questions([wanted for _, wanted, _ in parts], accounts, zone))
    most = max((count.number for count in counts), default=0)
    return [
        Bar(said, str(count), _width(count.number, most), _list_url(wanted), tone if count.number else "")
        for (said, wanted, tone), count in zip(parts, counts, strict=True)
    ]


def _standings(accounts: Sequence[AccountRow]) -> list[Standing]:
    ids = [row.id for row in accounts]
    canceled, late = dashboard.canceled(ids), dashboard.shipped_late(ids)
    found = []
    for row in accounts:
        policy = policy_from_json(row.settings, number_prefix=row.number_prefix)
        asked = limits_for(policy, row.marketplace, row.name)
        parts = (
            ("Canceled", canceled[row.id], asked.canceled, "orders sold in the last 30 days", _canceled_url(row)),
            (
                "Shipped late",
                late[row.id],
                asked.shipped_late,
                "orders that you had to ship in the last 30 days",
                url_for("behind.shipped_late", account_key=row.key),
            ),
        )
        found += [_standing(row.name, *part, asked.source) for part in parts]
    return found


def _canceled_url(account: AccountRow) -> str:
    since = (clock.now() - dashboard.DAYS).astimezone(words.zone(account.store.time_zone))
    wanted = Wanted(status=OrderStatus.CANCELED, account=account.key, by="seller", sold_from=_minute(since))
    return _list_url(wanted)


def _standing(
    account: str, said: str, share: Share, limit: Decimal | None, of: str, number_url: str, source: str
) -> Standing:
    percent = share.percent
    most = max(percent or Decimal(0), 2 * limit if limit else Decimal(0), Decimal(1))
    return Standing(
        account=account,
        words=said,
        share="none yet" if percent is None else f"{percent} %",
        limit="no figure" if limit is None else f"at most {limit} %",
        is_kept=is_kept(percent, limit),
        width=_width(percent or 0, most),
        limit_at=_width(limit, most) if limit else 0,
        number=f"{share.number:,}",
        number_url=number_url,
        of=f"of {share.of:,} {of}",
        source=source,
    )


def _causes() -> list[Bar]:
    parts = [
        (
            f"{timeline.in_words(one.kind)[0]}: {one.sentence}",
            one.orders,
            url_for("outgoing.index", show="parked", cause=one.slug),
        )
        for one in failures.parked().causes[:CAUSES_SHOWN]
    ]
    return _bars(parts)


def _depth() -> list[Bar]:
    found = dashboard.depth()
    parts = (
        ("Events in hand", found.events, url_for("incoming.index", show="waiting")),
        ("Orders to be read now", found.orders, url_for("behind.to_read")),
        ("Orders that wait for Magento", found.for_magento, url_for("behind.for_magento")),
        ("Commands under way", found.running, url_for("outgoing.index", show="running")),
        ("Commands due now", found.commands, url_for("outgoing.index", show="waiting", due="now")),
        ("Commands due later", found.later, url_for("outgoing.index", show="waiting", due="later")),
    )
    most = max(count.number for _, count, _ in parts)
    return [Bar(said, str(count), _width(count.number, most), url) for said, count, url in parts]


def _bars(parts: Sequence[tuple[str, int, str]]) -> list[Bar]:
    most = max((number for _, number, _ in parts), default=0)
    return [Bar(said, f"{number:,}", _width(number, most), url) for said, number, url in parts]


def _width(number: Any, most: Any) -> float:
    return round(max(float(number) / float(most) * FULL, 1.0), 1) if number and most else 0.0


def _list_url(wanted: Wanted) -> str:
    return url_for("orders.index", **wanted.to_args())  # type: ignore[arg-type]


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def _said(length: timedelta | None) -> str:
    if length is None:
        return ""
    seconds = length.total_seconds()
    return words.span(length) if seconds >= 60 else words.duration(round(seconds * 1000))
