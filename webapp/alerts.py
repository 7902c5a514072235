"""What is wrong now that a merchant who is not looking has to know: each cause once, and since when it is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2s
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import redis
from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.exc import IntegrityError

from webapp import clock, failures, queries, queue, timeline, troubles
from webapp.domain.alerts import SAME_WITHIN, Cause, Kind, Known, is_to_be_raised
from webapp.domain.causes import cause as cause_of
from webapp.domain.facets import Facet, Tab, unfold
from webapp.domain.turning import unturned
from webapp.grid import lists
from webapp.grid.wanted import Sort, Wanted
from webapp.inbox import EventState
from webapp.intake import CONFLICT
from webapp.models import CAME_TO_NOTHING, AccountRow, AlertRow, EventRow, OrderRow, db
from webapp.unit_of_work import Work, unit_of_work

DUE_FROM = timedelta(hours=3, minutes=15)
"""An order that was sold so long ago has 45 minutes left of Walmart's four hours."""
LOOKED_AT = 1_000
TWINS_STAND = timedelta(days=1)
REASON_STAYS = "The reason stands on the page."


def look() -> None:
    """Note what is wrong now, and what is over. Another process that looks at the same moment is no harm."""
    causes = {cause.key: cause for cause in found()}
    now = clock.now()
    try:
        with unit_of_work() as work:
            _note(work, causes, now)
    except IntegrityError:
        # Somebody else has just noted the same.
        return


def found() -> list[Cause]:
    """Everything that is wrong at this moment, the orders of demo accounts left out where there are others."""
    accounts = queries.all_accounts()
    real = [row for row in accounts if not row.is_demo] or list(accounts)
    orders = (cause for row in real for cause in _of_orders(row, accounts))
    return [
        *_of_the_server(),
        *_twins(),
        *orders,
        *_needing_somebody(real),
        *_failed(real if len(real) < len(accounts) else None),
    ]


def standing() -> Sequence[AlertRow]:
    """What is wrong and was told, or would have been: newest first."""
    return _told(AlertRow.ended_at.is_(None))


def past(at_most: int = 20) -> Sequence[AlertRow]:
    """What was told and is over, newest first."""
    return _told(AlertRow.ended_at.is_not(None), at_most)


def as_cause(row: AlertRow) -> Cause:
    """A noted cause as it goes out: a neighbour's own sentence, which may quote a buyer, stays on the page."""
    kind = Kind(row.kind)
    detail = REASON_STAYS if kind is Kind.FAILED else row.detail
    return Cause(row.key, kind, unturned(row.headline), unturned(detail), row.path, row.number)


def _told(condition: ColumnElement[bool], at_most: int = 100) -> Sequence[AlertRow]:
    mine = select(AlertRow).where(condition, AlertRow.raised_at.is_not(None))
    return (
        db.session.execute(mine.order_by(AlertRow.began_at.desc(), AlertRow.id.desc()).limit(at_most)).scalars().all()
    )


def _note(work: Work, causes: dict[str, Cause], now: datetime) -> None:
    lately = or_(AlertRow.ended_at.is_(None), AlertRow.seen_at > now - SAME_WITHIN)
    rows = {row.key: row for row in work.execute(select(AlertRow).where(lately).order_by(AlertRow.id)).scalars()}
    for key, row in rows.items():
        if key not in causes:
            row.told_number, row.ended_at = 0, row.ended_at or now
    for key, cause in causes.items():
        row = rows.get(key)
        if row is None:
            row = AlertRow(key=key, kind=cause.kind, began_at=now, told_number=0)
            work.add(row)
        row.headline, row.detail, row.path = cause.headline, cause.detail, cause.path
        row.number, row.seen_at, row.ended_at = cause.number, now, None
        if is_to_be_raised(cause, _known(row), now):
            row.raised_at, row.told_number, row.raises = now, cause.number, (row.raises or 0) + 1
        row.told_number = min(row.told_number, cause.number)


def _known(row: AlertRow) -> Known:
    return Known(row.began_at, row.raised_at, row.told_number)


def _of_the_server() -> Iterator[Cause]:
    places = {"polls": "/polls", "account": "/settings/accounts/"}
    for one in troubles.look(redis_is_up=_redis_is_up()).troubles:
        path = places.get(one.place, "") + (one.key if one.place == "account" else "")
        yield Cause(f"server:{one.name}", Kind.SERVER, one.headline, one.detail, path or "/dashboard")


def _twins() -> Iterator[Cause]:
    """Webhooks of the last day that carried a used id and another body: nobody honest sends those."""
    mine = select(EventRow.id).where(
        text(CAME_TO_NOTHING),
        EventRow.state == EventState.IGNORED,
        EventRow.received_at > clock.now() - TWINS_STAND,
        EventRow.reason == CONFLICT,
    )
    counted = select(func.count()).select_from(mine.limit(LOOKED_AT + 1).subquery())
    number = db.session.execute(counted).scalar_one()
    if number:
        came = _counted(min(number, LOOKED_AT), "webhook", number > LOOKED_AT)
        headline = f"{came} came with the id of an earlier one and another body."
        detail = (
            "Each was kept and has no effect. Somebody may know the webhook's secret: look at them under Incoming, and "
            "change the secret in the account's settings."
        )
        yield Cause("server:twins", Kind.SERVER, headline, detail, "/incoming?show=ignored")


def _of_orders(row: AccountRow, accounts: Sequence[AccountRow]) -> Iterator[Cause]:
    """Counted as the lists count, from the very question that the address asks: the list behind holds as many."""
    zone = _zone(row)
    until = f"{(clock.now() - DUE_FROM).astimezone(zone):%Y-%m-%dT%H:%M}"
    urgent = Wanted(tab=Tab.TO_ACKNOWLEDGE, account=row.key, sold_to=until, sort=Sort.SOLD, descending=False)
    looks = (
        (Kind.ACKNOWLEDGE, urgent, "not acknowledged, and Walmart’s time ends"),
        (Kind.LATE, Wanted(tab=Tab.LATE, account=row.key), "late: the ship-by date has passed"),
        (Kind.CANCELLATION, Wanted(tab=Tab.CANCELLATION, account=row.key), "to be canceled: the buyer asks for it"),
    )
    for kind, wanted, said in looks:
        count = lists.count(lists.question(wanted, accounts, zone))
        if count.number:
            one = str(count) == "1"
            headline = f"{count} {'order' if one else 'orders'} of {row.name} {'is' if one else 'are'} {said}."
            yield Cause(f"{kind}:{row.key}", kind, headline, "", _list_path(wanted), count.number)


def _needing_somebody(accounts: Sequence[AccountRow]) -> Iterator[Cause]:
    """By reason, among the newest thousand; the list behind holds those of every reason.

    What failed or what a buyer asks for has its own kind.
    """
    ids = {row.id for row in accounts}
    codes = [code for code in lists.question(Wanted(), accounts, UTC).known if _only_needs_somebody(unfold(code), ids)]
    told = select(OrderRow.attention).where(OrderRow.facet.in_(codes)).order_by(OrderRow.ordered_at.desc())
    groups: dict[str, list[str]] = defaultdict(list)
    found = db.session.execute(told.limit(LOOKED_AT + 1)).scalars().all()
    or_more = len(found) > LOOKED_AT
    for attention in found[:LOOKED_AT]:
        groups[cause_of(attention or "")].append(attention or "")
    for sentence, each in groups.items():
        number = len(each)
        key = f"{Kind.NEEDS_ACTION}:{blake2s(sentence.encode(), digest_size=6).hexdigest()}"
        headline = (
            f"{_counted(number, 'order', or_more)} {'needs' if number == 1 and not or_more else 'need'} somebody."
        )
        yield Cause(key, Kind.NEEDS_ACTION, headline, _example(each), _list_path(Wanted(tab=Tab.NEEDS_ACTION)), number)


def _only_needs_somebody(facet: Facet, account_ids: Collection[int]) -> bool:
    known_otherwise = facet.has_failed or facet.wants_to_cancel
    return facet.account_id in account_ids and facet.needs_action and not known_otherwise


def _example(sentences: Sequence[str]) -> str:
    return sentences[0] if len(set(sentences)) == 1 else f"For example: {sentences[0]}"


def _counted(number: int, of: str, or_more: bool) -> str:
    """`1 order`, `7 orders`; `7+ orders` where older ones were not looked at."""
    return f"{number:,}{'+' if or_more else ''} {of if number == 1 and not or_more else of + 's'}"


def _failed(accounts: Sequence[AccountRow] | None) -> Iterator[Cause]:
    """Of these accounts, of all where none are given."""
    parked = failures.parked(None if accounts is None else [row.id for row in accounts])
    for one in parked.causes:
        headline = f"{timeline.in_words(one.kind)[0]} failed for {_counted(one.orders, 'order', parked.or_more)}."
        path = f"/outgoing?{urlencode({'show': 'parked', 'cause': one.slug})}"
        yield Cause(f"{Kind.FAILED}:{one.slug}", Kind.FAILED, headline, one.sentence, path, one.orders)


def _zone(row: AccountRow) -> tzinfo:
    """In which the account's lists read the times in their addresses."""
    try:
        return ZoneInfo(row.store.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _list_path(wanted: Wanted) -> str:
    return f"/orders?{urlencode(wanted.to_args())}"


def _redis_is_up() -> bool:
    try:
        return bool(queue.client().ping())
    except redis.RedisError:
        return False
