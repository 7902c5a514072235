"""What is wrong at this moment, if anything, in plain words with a next step: asked by every page, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from statistics import median
from typing import Any

from sqlalchemy import (
    BindParameter,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import aliased

from webapp import clock, product_polls, shop_polls
from webapp.columns import NOW, Utc
from webapp.domain.hues import hue
from webapp.domain.poll_kinds import NAMES, NOT_ITS_TURN, SHOP, SHOP_WHAT, STORE_POLLS, kind_of
from webapp.models import (
    IS_NEW,
    IS_OPEN,
    IS_UNANSWERED,
    IS_WALMARTS,
    AccountRow,
    AttemptRow,
    CommandRow,
    EventActRow,
    EventRow,
    OrderRow,
    PollRow,
    StoreRow,
    SyncRow,
    db,
)
from webapp.queries import COUNTED_TO, Count, capped
from webapp.sync_health import SHOP_MAY_MISS, span, unread

BEHIND = timedelta(seconds=30)
STUCK = timedelta(minutes=5)
SOONEST_LATE = timedelta(minutes=15)
"""No poll is late before."""
AWAY_WITHIN = product_polls.EVERY
"""So long none of a shop's polls succeeds before that is told, where the shop answers and refuses; each time one of
them was tried beside the first. A shop that does not answer is told as soon as two calls in a row found it so, some
seconds apart (`shop_health.SURE_AFTER`): one that timed out alone tells nothing, and its orders say it at once."""
LATEST_TRIES = 20
SLOW_WITHIN = timedelta(minutes=10)
SLOW_TRY, SLOW_CALL = 5_000, 3_000
"""Milliseconds. A neighbour is slow when half of the latest tries took longer, and most of the calls to it in them."""
FEWEST_TRIES = 5
NOTHING_LOST = "Nothing is lost."


@dataclass(frozen=True, slots=True)
class Trouble:
    """`headline` says what is wrong and for how long, `detail` what it means and the next step. `place` names the page
    that tells more: polls, the accounts, or an account's or a store's settings by its key. `name` stays the same while
    it is the same trouble. `short` says the headline where there is room for a few words only; empty: it is short."""

    tone: str
    headline: str
    detail: str
    place: str = ""
    key: str = ""
    name: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """How everything stands. `oldest_due` is how long the oldest piece of due work has waited. `pause` says that no
    account runs since somebody wants it so, which is no trouble: nobody is alarmed, and every page says it."""

    redis_is_up: bool
    oldest_due: timedelta
    last_order_at: datetime | None
    last_webhook_at: datetime | None
    last_poll_at: datetime | None
    waiting: Count
    troubles: tuple[Trouble, ...]
    pause: Trouble | None = None

    @property
    def tone(self) -> str:
        """`ok`, `warn` or `bad`: that of the worst trouble."""
        tones = {one.tone for one in self.troubles}
        return "bad" if "bad" in tones else "warn" if tones else "ok"


def look(*, redis_is_up: bool) -> State:
    """Everything that a page has to tell of the server. One statement, and one more where calls take long."""
    now = clock.now()
    times = {"now": now, "early": now - SOONEST_LATE, "slow_since": now - SLOW_WITHIN, "away_since": now - AWAY_WITHIN}
    rows = db.session.execute(_everything(), times).all()
    facts, flow, told = rows[0], rows[1], rows[2:]
    oldest = max(now - facts.since, timedelta(0)) if facts.since else timedelta(0)
    waiting = capped(facts.number)
    found = [
        *_of_the_server(redis_is_up, oldest, waiting),
        *(_resting(row, now) for row in told if row.what == "rest"),
        *_slow([row for row in told if row.what == "try"], now, waiting),
        *_late(told, now),
    ]
    found.sort(key=lambda one: one.tone != "bad")
    pause = _pause([row for row in told if row.what == "pause"])
    return State(redis_is_up, oldest, facts.at, flow.at, flow.since, waiting, tuple(found), pause)


def _of_the_server(redis_is_up: bool, oldest: timedelta, waiting: Count) -> Iterator[Trouble]:
    wait = "" if not waiting.number else f" {waiting} {'waits' if str(waiting) == '1' else 'wait'}."
    if oldest > STUCK:
        step = f"{NOTHING_LOST} Look whether the workers and the scheduler run; they go on by themselves once they do."
        yield Trouble("bad", f"Work has waited {span(oldest)}.", f"{wait} {step}".strip(), name="work")
    elif oldest > BEHIND:
        yield Trouble("warn", f"Behind by {span(oldest)}.", f"{wait} It is being worked off.".strip(), name="work")
    if not redis_is_up:
        step = "Orders are still taken in; start Redis, and work goes on by itself."
        yield Trouble("warn", "Redis is down.", f"{wait} {NOTHING_LOST} {step}".strip(), name="redis")


def _resting(row: Any, now: datetime) -> Trouble:
    again = f" It is tried again in {span(row.at - now)}." if row.at and row.at > now else ""
    headline = f"Walmart has not served {row.name} for {span(now - (row.since or now))}."
    detail, name = f"{row.text} {NOTHING_LOST}{again}", f"rest:{row.key}"
    return Trouble(hue(row.text or ""), headline, detail, "account", row.key, name, "No service from Walmart")


def _pause(rows: Sequence[Any]) -> Trouble | None:
    """With the place where it is taken up again: the account's, the store's, or that of all accounts."""
    if not rows:
        return None
    first, of_stores = rows[0], {row.word if row.number else "" for row in rows}
    if len(rows) == 1 and not first.number:
        who, place, key = f"{first.name} is", "account", first.key
    elif len(of_stores) == 1 and first.number:
        who, place, key = f"The store {first.text} is", "store", first.word
    else:
        who, place, key = "All accounts are", "accounts", ""
    what = f"{who} paused: webhooks are still stored, and nothing is read or written."
    detail = f"{what} An admin resumes {'it' if key else 'them'} under Settings."
    return Trouble("warn", "Paused.", detail, place, key, "pause")


def _late(rows: Iterable[Any], now: datetime) -> Iterator[Trouble]:
    """The worst poll of each account and store that is late; a resting account's polls rest with it, and those of a
    shop that its calls show to be away are told with that."""
    away = [row for row in rows if row.what == "shop"]
    yield from (_unread(row, now) for row in away)
    resting = {row.key for row in rows if row.what == "rest"}
    told = {row.key for row in away}
    late = [row for row in rows if row.what in {"account poll", "store poll"}]
    for row in sorted(late, key=lambda row: (not _is_away(row), row.at if _is_away(row) else row.since)):
        if row.key in resting | told:
            continue
        allowed, what = _allowed(row)
        if _is_away(row):
            yield _unread(row, now)
        elif allowed is None or now - row.since <= allowed:
            continue
        else:
            headline = f"No poll of {row.name} for {what} has succeeded for {span(now - row.since)}."
            yield _of_polls(row, headline, "A poll is late")
        told.add(row.key)


def _unread(row: Any, now: datetime) -> Trouble:
    return _of_polls(row, f"{unread(row.name, now - row.at)}.", "Shop cannot be read")


def _of_polls(row: Any, headline: str, short: str) -> Trouble:
    why = row.text or NOT_ITS_TURN
    detail = f"{why} {NOTHING_LOST} It is tried again by itself."
    return Trouble(hue(why), headline, detail, "polls", name=f"polls:{row.key}", short=short)


def _is_away(row: Any) -> bool:
    """A poll of the shop fails, and none of it has succeeded since, each having had its turn: its orders wait."""
    return row.what == "store poll" and row.number > 0 and row.word in STORE_POLLS


def _allowed(row: Any) -> tuple[timedelta | None, str]:
    """How long a poll may be silent, and what it looks for."""
    kind, _, market = row.word.partition(":")
    if row.what == "store poll":
        return (SHOP_MAY_MISS * shop_polls.every(kind), SHOP_WHAT[kind]) if kind in SHOP else (None, "")
    if kind not in NAMES:
        return None, ""
    found = kind_of(market, kind)
    return found.late_after, found.what


def _slow(tries: Sequence[Any], now: datetime, waiting: Count) -> Iterator[Trouble]:
    """The neighbours that answer slowly, by the latest tries."""
    slow = [row for row in tries if row.number > SLOW_TRY]
    if len(tries) < FEWEST_TRIES or 2 * len(slow) < len(tries):
        return
    calls = select(AttemptRow.calls).where(AttemptRow.id.in_([int(row.word) for row in slow]))
    took: dict[str, list[int]] = {}
    for some in db.session.execute(calls).scalars():
        for call in some:
            took.setdefault(str(call.get("side", "")), []).append(int(call.get("duration_ms") or 0))
    first = min(row.since for row in slow)
    for side, each in sorted(took.items()):
        if side and median(each) > SLOW_CALL:
            headline = f"{side} has answered slowly for {span(now - first)}."
            takes = f"Since {first:%H:%M} UTC a call takes {median(each) / 1000:.0f} s."
            detail = f"{takes} {waiting} waiting. {NOTHING_LOST} Nothing is to be done."
            yield Trouble("warn", headline, detail, name=f"slow:{side}")


@cache
def _everything() -> Any:
    """A row of facts, one of when Walmart was last heard, then a row for each thing that may be a trouble."""
    never = cast(null(), Utc)
    early = bindparam("early", type_=Utc())
    latest = select(AttemptRow.id, AttemptRow.started_at, AttemptRow.duration_ms).order_by(AttemptRow.id.desc())
    tries = latest.limit(LATEST_TRIES).subquery()
    polled = func.coalesce(PollRow.succeeded_at, PollRow.began_at, AccountRow.created_at)
    return union_all(
        _row("facts", at=_last_order(), since=_oldest_due(), number=_waiting()),
        _row("flow", at=_last_webhook(), since=_last_poll()),
        _row(
            "rest",
            AccountRow.name,
            AccountRow.key,
            "",
            AccountRow.trouble,
            AccountRow.probe_at,
            AccountRow.trouble_since,
        ).where(AccountRow.trouble.is_not(None), ~AccountRow.is_paused),
        _row(
            "account poll",
            AccountRow.name,
            AccountRow.key,
            PollRow.kind + ":" + AccountRow.marketplace,
            PollRow.trouble,
            never,
            polled,
        )
        .join_from(PollRow, AccountRow, AccountRow.id == PollRow.account_id)
        .join(StoreRow, StoreRow.id == AccountRow.store_id)
        .where(polled < early, ~AccountRow.is_paused, ~StoreRow.is_paused),
        _row("shop", StoreRow.name, StoreRow.key, "", StoreRow.trouble, StoreRow.trouble_since).where(
            StoreRow.is_away, ~StoreRow.is_paused
        ),
        _of_stores(early),
        _paused(),
        _row("try", word=cast(tries.c.id, AccountRow.name.type), since=tries.c.started_at, number=tries.c.duration_ms)
        .select_from(tries)
        .where(tries.c.started_at > bindparam("slow_since", type_=Utc())),
    )


def _of_stores(early: BindParameter[datetime]) -> Select[Any]:
    """Polls of stores that are late or fail: `at` is since when one fails, `number` 1 where none of the store has
    succeeded since, for long enough that another one was tried."""
    polled = func.coalesce(PollRow.succeeded_at, PollRow.began_at, StoreRow.created_at)
    each = aliased(PollRow)
    read_at = select(func.max(each.succeeded_at)).where(each.store_id == StoreRow.id).scalar_subquery()
    is_unread = or_(read_at.is_(None), PollRow.failing_since > read_at)
    is_long = PollRow.failing_since <= bindparam("away_since", type_=Utc())
    is_away = and_(PollRow.tries > 1, is_long, is_unread)
    number, since = case((is_away, 1), else_=0), PollRow.failing_since
    told = _row("store poll", StoreRow.name, StoreRow.key, PollRow.kind, PollRow.trouble, since, polled, number)
    told = told.join_from(PollRow, StoreRow, StoreRow.id == PollRow.store_id)
    return told.where(or_(polled < early, is_away), ~StoreRow.is_paused)


def _paused() -> Select[Any]:
    """Each account, where none of them runs; `number` 1 where its store is paused. Demo accounts count while there is
    no other one."""
    other = aliased(AccountRow)
    counts = or_(~AccountRow.is_demo, ~select(other.id).where(~other.is_demo).exists())
    awake, its_store = aliased(AccountRow), aliased(StoreRow)
    runs = select(awake.id).join(its_store, its_store.id == awake.store_id)
    runs = runs.where(~awake.is_paused, ~its_store.is_paused, awake.is_demo == AccountRow.is_demo)
    number = case((StoreRow.is_paused, 1), else_=0)
    told = _row("pause", AccountRow.name, AccountRow.key, StoreRow.key, StoreRow.name, number=number)
    return told.join_from(AccountRow, StoreRow, StoreRow.id == AccountRow.store_id).where(counts, ~runs.exists())


def _row(
    what: str,
    name: Any = "",
    key: Any = "",
    word: Any = "",
    text_: Any = "",
    at: Any = None,
    since: Any = None,
    number: Any = 0,
) -> Select[Any]:
    """One part of the statement, with every column that any part has."""
    times = [cast(null(), Utc) if each is None else each for each in (at, since)]
    words = [literal(each) if isinstance(each, str) else each for each in (what, name, key, word, text_)]
    return select(
        *(each.label(label) for each, label in zip(words, ("what", "name", "key", "word", "text"), strict=True)),
        times[0].label("at"),
        times[1].label("since"),
        (literal(number) if isinstance(number, int) else number).label("number"),
    )


def _last_order() -> ScalarSelect[datetime]:
    return select(OrderRow.imported_at).order_by(OrderRow.id.desc()).limit(1).scalar_subquery()


def _last_webhook() -> ScalarSelect[datetime]:
    """Of any account, each by its end of the index."""
    mine = select(EventRow.received_at).where(EventRow.account_id == AccountRow.id, text(IS_WALMARTS))
    each = mine.order_by(EventRow.received_at.desc()).limit(1).scalar_subquery()
    return select(func.max(each)).select_from(AccountRow).scalar_subquery()


def _last_poll() -> ScalarSelect[Any]:
    return select(func.max(PollRow.succeeded_at)).where(PollRow.account_id.is_not(None)).scalar_subquery()


def _oldest_due() -> ScalarSelect[datetime]:
    """The conditions are written out, not bound: a partial index is only used for a condition it can be proved from."""
    commands = select(func.min(CommandRow.next_attempt_at).label("due")).where(text(IS_OPEN))
    syncs = select(func.min(SyncRow.look_again_at).label("due")).where(text("look_again_at is not null"))
    replayed = select(func.max(EventActRow.at)).where(EventActRow.event_id == EventRow.id).scalar_subquery()
    since = func.coalesce(replayed, EventRow.received_at).label("due")
    first = select(since).where(text(IS_NEW)).order_by(EventRow.id).limit(1).subquery()
    events = select(first.c.due)
    both = union_all(commands, syncs, events).subquery()
    return select(func.min(both.c.due)).select_from(both).scalar_subquery()


def _waiting() -> Any:
    """Events and commands in hand or due, counted as far as is told."""
    events = select(EventRow.id).where(text(IS_UNANSWERED)).limit(COUNTED_TO + 1)
    commands = select(CommandRow.id).where(text(IS_OPEN), CommandRow.next_attempt_at <= NOW).limit(COUNTED_TO + 1)
    parts = [select(func.count()).select_from(one.subquery()).scalar_subquery() for one in (events, commands)]
    return parts[0] + parts[1]
