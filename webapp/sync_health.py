"""How the news from Walmart flows, per account, in words: the last webhook, the last poll, and what still waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from webapp import accounts, circuit, clock, shop_polls
from webapp.accounts import Account
from webapp.domain.hues import RED, hue, worst
from webapp.domain.poll_kinds import SHOP, SHOP_WHAT, PollKind, Rule, kinds_of
from webapp.models import IS_UNANSWERED, IS_WALMARTS, AccountRow, EventRow, PollRow, StoreRow, db
from webapp.subscriptions import MARKETS_WITH_WEBHOOKS

MARKETS = {"us": "the United States", "ca": "Canada", "mx": "Mexico", "cl": "Chile"}
EVENT_MAY_WAIT = timedelta(minutes=5)
"""An event that nobody has answered for so long is a trouble."""
SHOP_MAY_MISS = 4
"""So many times of a shop's poll may pass by."""


@dataclass(frozen=True, slots=True)
class SyncHealth:
    """One account's state. `problems` are sentences, the worst first; `sentence` is all of it, `tone` its hue, or `ok`.

    A paused account, or one whose store is paused, has no problems: nothing of it is looked at.
    """

    account_id: int
    account: str
    is_ok: bool
    tone: str
    is_paused: bool
    sentence: str
    problems: tuple[str, ...]
    last_webhook_at: datetime | None
    last_poll_at: datetime | None
    waiting: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class _Backlog:
    count: int
    since: datetime | None


def everyone() -> list[SyncHealth]:
    """Every account's state, oldest account first."""
    return [of_account(account) for account in accounts.everyone()]


def of_account(account: Account) -> SyncHealth:
    """The account's state as it stands at this moment, that of its shop's polls too. Seven statements at most."""
    now = clock.now()
    polls = {row.kind: row for row in _polls(account.id)}
    webhook_at, backlog = _last_webhook(account.id), _backlog(account.id)
    poll_at = max((row.succeeded_at for row in _main(account, polls) if row.succeeded_at), default=None)
    problems = () if account.is_paused else (*_problems(account, polls, backlog, now), *_shop_problems(account, now))
    told = [*problems] or [_flow(account, webhook_at, poll_at, backlog, now)]
    paused = ["The account is paused: nothing is read."] if account.is_paused else []
    return SyncHealth(
        account_id=account.id,
        account=account.name,
        is_ok=not problems,
        tone=worst([*map(hue, problems), *([RED] if _is_unexplained(account, backlog, problems, now) else [])]),
        is_paused=account.is_paused,
        sentence=" ".join([*paused, *told]),
        problems=tuple(problems),
        last_webhook_at=webhook_at,
        last_poll_at=poll_at,
        waiting=backlog.count,
        waiting_since=backlog.since,
    )


def shops_away() -> dict[int, str]:
    """What is wrong with each shop that does not answer, by its store, in a sentence; paused stores are left out."""
    now, away = clock.now(), (StoreRow.is_away, ~StoreRow.is_paused)
    told = select(StoreRow.id, StoreRow.name, StoreRow.trouble, StoreRow.trouble_since).where(*away)
    return {
        row.id: f"{unread(row.name, now - (row.trouble_since or now))}: {(row.trouble or '').rstrip('.')}."
        for row in db.session.execute(told)
    }


def unread(shop: str, length: timedelta) -> str:
    """That a shop does not serve us, in the words of every page; without the full stop."""
    return f"The shop {shop} could not be read for {span(length)}"


def ago(at: datetime, now: datetime) -> str:
    """`40 s ago`, `3 min ago`, `2 h ago`, `5 days ago`."""
    return f"{span(now - at)} ago"


def span(length: timedelta) -> str:
    """A length of time in the one unit that says enough."""
    seconds = max(int(length.total_seconds()), 0)
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (size == 60 and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _is_stuck(backlog: _Backlog, now: datetime) -> bool:
    return backlog.since is not None and now - backlog.since > EVENT_MAY_WAIT


def _is_unexplained(account: Account, backlog: _Backlog, problems: Sequence[str], now: datetime) -> bool:
    """Events wait, and nothing else is wrong that they could be waiting for."""
    return len(problems) == 1 and _is_stuck(backlog, now) and not circuit.health_of(account.id).trouble


def _problems(account: Account, polls: dict[str, PollRow], backlog: _Backlog, now: datetime) -> tuple[str, ...]:
    found = [_lateness(account, kind, polls.get(kind.name), now) for kind in kinds_of(account.marketplace)]
    told = [sentence for sentence in found if sentence]
    if backlog.since and _is_stuck(backlog, now):
        events = "One event waits" if backlog.count == 1 else f"{backlog.count:,} events wait"
        told.append(f"{events} to be answered, for {span(now - backlog.since)} by now.")
    return tuple(told)


def _lateness(account: Account, kind: PollKind, row: PollRow | None, now: datetime) -> str:
    """Why this poll is a trouble; empty when it is none."""
    if row is None or kind.late_after is None:
        return ""
    since = row.succeeded_at or row.began_at or _connected_at(account.id)
    if now - since <= kind.late_after:
        return ""
    return f"No poll for {kind.what} has succeeded for {span(now - since)}: {_why(row)}."


def _shop_problems(account: Account, now: datetime) -> Iterator[str]:
    """The shop does not answer, or what its webhooks did not tell is found late now."""
    away = shops_away().get(account.store.id)
    if away:
        yield away
        return
    shop = (PollRow.store_id == account.store.id, PollRow.kind.in_(SHOP))
    polls = select(PollRow).where(*shop).order_by(PollRow.kind).execution_options(populate_existing=True)
    for row in db.session.execute(polls).scalars():
        since = row.succeeded_at or row.began_at or account.created_at
        if now - since > SHOP_MAY_MISS * shop_polls.every(row.kind):
            yield f"No poll for {SHOP_WHAT[row.kind]} has succeeded for {span(now - since)}: {_why(row)}."


def _why(row: PollRow) -> str:
    return row.trouble.rstrip(".") or "it has not been its turn; look whether the workers run"


def _flow(
    account: Account, webhook_at: datetime | None, poll_at: datetime | None, backlog: _Backlog, now: datetime
) -> str:
    events = "1 event is" if backlog.count == 1 else f"{backlog.count:,} events are"
    waits = f"{events} in hand" if backlog.count else "every event is answered"
    polled = f"last poll {ago(poll_at, now)}" if poll_at else "no poll yet"
    return f"{_webhooks(account, webhook_at, now)}; {polled}; {waits}."


def _webhooks(account: Account, at: datetime | None, now: datetime) -> str:
    if account.marketplace not in MARKETS_WITH_WEBHOOKS and at is None:
        return f"Walmart sends no webhooks in {MARKETS[account.marketplace]}, so orders are found by polls alone"
    return f"Last webhook {ago(at, now)}" if at else "No webhook yet"


def _main(account: Account, polls: dict[str, PollRow]) -> list[PollRow]:
    """The polls that find new orders of the seller."""
    every = kinds_of(account.marketplace)
    frequent = [kind for kind in every if kind.rule is not Rule.CANCELLATIONS and kind.every < timedelta(hours=1)]
    return [polls[kind.name] for kind in frequent if kind.name in polls]


def _polls(account_id: int) -> Sequence[PollRow]:
    wanted = select(PollRow).where(PollRow.account_id == account_id).execution_options(populate_existing=True)
    return db.session.execute(wanted).scalars().all()


def _last_webhook(account_id: int) -> datetime | None:
    mine = select(EventRow.received_at).where(EventRow.account_id == account_id, text(IS_WALMARTS))
    return db.session.execute(mine.order_by(EventRow.received_at.desc()).limit(1)).scalar_one_or_none()


def _backlog(account_id: int) -> _Backlog:
    mine = select(func.count(), func.min(EventRow.received_at))
    count, since = db.session.execute(mine.where(EventRow.account_id == account_id, text(IS_UNANSWERED))).one()
    return _Backlog(count, since)


def _connected_at(account_id: int) -> datetime:
    return db.session.execute(select(AccountRow.created_at).where(AccountRow.id == account_id)).scalar_one()
