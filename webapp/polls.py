"""Periodic reads: what no webhook told us is found here, from a cursor that moves only when all of it is stored."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Update, and_, case, func, or_, select, update

from webapp import accounts, clock, deaths, poll_windows, product_polls, reimport, scans, shop_outage, shop_polls, stock
from webapp.accounts import Account
from webapp.claims import Holder
from webapp.columns import NOW
from webapp.connectors.http import CallRecord, ConnectorError
from webapp.domain import scan as rules
from webapp.domain.poll_kinds import NAMES, SHOP, kind_of
from webapp.domain.retry import LONGEST_ASKED_WAIT, next_attempt
from webapp.domain.scan import Scan
from webapp.limits import MustWait
from webapp.models import AccountRow, PollRow, StoreRow, db
from webapp.neighbours import call_both
from webapp.order_pages import Tally
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
"""Renewed with every page; a page takes at most a call to Walmart, one for a token and a few to Magento."""
TURN_SECONDS = 15.0
"""How long one piece of work reads on; then the next one takes over, so that no drain outlives its time."""
CURSOR_LIVES = timedelta(seconds=60)
"""A cursor that has lain longer is not trusted: its window is read again."""


def _asleep() -> Select[int]:
    """Polls of paused accounts and stores, and of accounts that rest because Walmart does not serve them."""
    paused_stores = select(StoreRow.id).where(StoreRow.is_paused)
    paused = select(AccountRow.id).where(
        or_(AccountRow.is_paused, AccountRow.store_id.in_(paused_stores), AccountRow.probe_at > NOW)
    )
    return select(PollRow.id).where(or_(PollRow.account_id.in_(paused), PollRow.store_id.in_(paused_stores)))


_IS_FREE = or_(PollRow.claimed_until.is_(None), PollRow.claimed_until < NOW)
_IS_UP = and_(_IS_FREE, PollRow.id.not_in(_asleep()))
_DUE = select(PollRow.id).where(PollRow.due_at <= NOW, _IS_UP).order_by(PollRow.due_at).limit(1)
NEAREST = select(PollRow.due_at).where(_IS_UP).order_by(PollRow.due_at).limit(1)


_FELL_SILENT = PollRow.claimed_until.is_not(None)
_SILENCE = {
    "tries": case((_FELL_SILENT, PollRow.tries + 1), else_=PollRow.tries),
    "trouble": case((_FELL_SILENT, deaths.SENTENCE), else_=PollRow.trouble),
}
"""Whoever lets go says so: a poll that is taken over was left by a worker that is gone."""
_WELL: Mapping[str, object] = {"tries": 0, "trouble": "", "failing_since": None}


class Lost(Exception):
    """Somebody else holds the poll now: stop at once and write nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A poll that this worker holds; `scan` is what an earlier turn left to be read."""

    id: int
    name: str
    kind: str
    account_id: int | None
    store_id: int | None
    cursor_at: datetime | None
    fence: int
    tries: int
    scan: Scan | None
    finding: Mapping[str, int]
    takes_workers_down: bool = False
    """So many workers ended over it, one after the other, that it waits for its time, as after any failure."""

    @property
    def reimport_id(self) -> int | None:
        """The reimport that it reads for, where it does."""
        return reimport.number_in(self.name) if self.kind == reimport.KIND else None

    @property
    def holders(self) -> tuple[Holder, ...]:
        """Whose share of the threads it takes."""
        account = (Holder("account", self.account_id),) if self.account_id is not None else ()
        return account + ((Holder("store", self.store_id),) if self.store_id is not None else ())


def take(*only: ColumnElement[bool]) -> Turn | None:
    """The poll that is due the longest, held for this worker; None when none is due. `only` narrows the choice."""
    now = clock.now()
    poll_id = db.session.execute(_DUE.where(*only) if only else _DUE, {"now": now}).scalar_one_or_none()
    if poll_id is None:
        return None
    with unit_of_work() as work:
        mine = update(PollRow).where(PollRow.id == poll_id, _IS_FREE)
        taken = mine.values(claimed_until=now + LEASE, fence=PollRow.fence + 1, **_SILENCE)
        won = work.changed(taken.execution_options(synchronize_session=False), {"now": now})
        return _turn(work.session.get_one(PollRow, poll_id, populate_existing=True)) if won else None


def take_of(name: str) -> Turn | None:
    """The poll of this name, if it is due."""
    return take(PollRow.name == name)


def take_news(account_id: int | None = None) -> Turn | None:
    """A poll for orders or for a shop's news that is due, of one account and its shop or of all."""
    return take(_of_news(account_id))


def run(turn: Turn) -> None:
    """Read on, or once through. Trouble is kept with the poll, which then comes again on the retry schedule."""
    try:
        if turn.takes_workers_down:
            _failed(turn, deaths.POLL_TOO_OFTEN, None)
        elif turn.kind == product_polls.KIND:
            shop_polls.ensure(accounts.store_by_id(_store_of(turn)))
            _ask_for_products(turn)
        elif turn.kind in SHOP:
            _read_shop(turn)
        else:
            _read(turn, accounts.by_id(_account_of(turn)))
    except Lost:
        log.info("poll=%s was taken over", turn.id)
    except MustWait as wait:
        _wait(turn, wait)
    except ConnectorError as error:
        _failed(turn, error.message, error.retry_after)
    except shop_outage.NoAnswer as away:
        _failed(turn, away.error.message, away.error.retry_after, is_away=True)
    except Exception as error:
        log.exception("poll=%s failed unexpectedly", turn.id)
        _failed(turn, f"An error in Orderbridge itself ({type(error).__name__}).", None)


def ask_now(account_id: int | None = None) -> int:
    """Make the polls for orders and for shops' news due at once, of one account and its shop or of all; how many."""
    with unit_of_work() as work:
        work.ring(Bell.INBOUND)
        return work.changed(update(PollRow).where(_of_news(account_id)).values(due_at=clock.now()))


def ask_one(poll_id: int) -> bool:
    """Make one poll due at once, unless it is being read; whether it is there."""
    mine = PollRow.id == poll_id, or_(PollRow.claimed_until.is_(None), PollRow.claimed_until < clock.now())
    with unit_of_work() as work:
        work.ring(Bell.INBOUND)
        work.execute(update(PollRow).where(*mine).values(due_at=clock.now()))
        return work.session.get(PollRow, poll_id) is not None


def troubles() -> list[str]:
    """What is wrong with the polls just now, a sentence each."""
    return list(db.session.execute(select(PollRow.trouble).where(PollRow.trouble != "").distinct()).scalars())


def _of_news(account_id: int | None) -> ColumnElement[bool]:
    news = PollRow.kind.in_([*NAMES, *SHOP])
    if account_id is None:
        return news
    its_store = select(AccountRow.store_id).where(AccountRow.id == account_id).scalar_subquery()
    return and_(news, or_(PollRow.account_id == account_id, PollRow.store_id == its_store))


def _turn(row: PollRow) -> Turn:
    scan = scans.from_json(row.progress) if row.progress else None
    is_restarted = scan is not None and bool(row.tries or not _is_fresh(scan))
    if scan and is_restarted:
        scan = rules.restarted(scan)
    return Turn(
        id=row.id,
        name=row.name,
        kind=row.kind,
        account_id=row.account_id,
        store_id=row.store_id,
        cursor_at=row.cursor_at,
        fence=row.fence,
        tries=row.tries,
        scan=scan,
        finding={} if is_restarted else row.finding or {},
        takes_workers_down=row.trouble == deaths.SENTENCE and row.tries >= deaths.MOST,
    )


def _is_fresh(scan: Scan) -> bool:
    return scan.turned_at is not None and abs(clock.now() - scan.turned_at) < CURSOR_LIVES


def _read(turn: Turn, account: Account) -> None:
    """Page by page until all is read, time is up, or a reimport was called off."""
    both = call_both(account, _log_call)
    scan = turn.scan or _begin(turn, account)
    ends_at = time.monotonic() + TURN_SECONDS
    finding = dict(turn.finding)

    def keep(work: Work, after: Scan, tally: Tally) -> None:
        for name, number in (("read", tally.orders), ("new", tally.new), ("changed", tally.changed)):
            finding[name] = finding.get(name, 0) + number
        _renew(work, turn, progress=scans.to_json(after), finding=finding)
        if turn.reimport_id is not None:
            reimport.record(work, turn.reimport_id, after, tally)
        log.info("poll=%s orders=%s new=%s changed=%s", turn.id, tally.orders, tally.new, tally.changed)

    while not scan.is_done and not _is_called_off(turn):
        scan = scans.turn(account, both, scan, keep, poll=turn.kind, for_reimport=turn.reimport_id is not None)
        if time.monotonic() >= ends_at:
            break
    if turn.reimport_id is not None:
        _end_reimport(turn, turn.reimport_id, scan)
    elif scan.is_done:
        _succeeded(turn, account, scan, finding)
    else:
        _end(turn, due_at=clock.now(), tries=0, failing_since=None)


def _ask_for_products(turn: Turn) -> None:
    shop_outage.knock(turn.kind, _store_of(turn), _log_call)
    asked, there = product_polls.ask(_store_of(turn), _log_call)
    stock.read_when_due(accounts.store_by_id(_store_of(turn)))
    due_at, found = clock.now() + product_polls.EVERY, {"asked": asked, "there": there}
    _end_shop(turn, due_at=due_at, found=found)


def _read_shop(turn: Turn) -> None:
    """Only once all is stored does the cursor move."""
    shop_outage.knock(turn.kind, _store_of(turn), _log_call)
    reached = shop_polls.read(turn.kind, _store_of(turn), turn.cursor_at, lambda work: _renew(work, turn), _log_call)
    now = clock.now()
    due_at = now + shop_polls.every(turn.kind) if reached.is_done else now
    brought = {"read": reached.read, "news": reached.news}
    finding = {name: turn.finding.get(name, 0) + number for name, number in brought.items()}
    told = {"found": finding, "finding": None} if reached.is_done else {"finding": finding}
    _end_shop(turn, cursor_at=reached.cursor_at, due_at=due_at, **told)


def _begin(turn: Turn, account: Account) -> Scan:
    kind = kind_of(account.marketplace, turn.kind)
    return Scan((poll_windows.window_of(kind, account, turn.cursor_at, clock.now()),))


def _is_called_off(turn: Turn) -> bool:
    return turn.reimport_id is not None and reimport.is_called_off(turn.reimport_id)


def _end_reimport(turn: Turn, reimport_id: int, scan: Scan) -> None:
    with unit_of_work() as work:
        _renew(work, turn)
        if reimport.end(work, reimport_id, scan):
            work.session.delete(work.session.get_one(PollRow, turn.id))
        else:
            work.execute(_mine(turn).values(claimed_until=None, due_at=clock.now(), **_WELL))


def _succeeded(turn: Turn, account: Account, scan: Scan, finding: Mapping[str, int]) -> None:
    """Only now does the cursor move: to Walmart's own time when the reading began."""
    every = kind_of(account.marketplace, turn.kind).every
    now = clock.now()
    _end(
        turn,
        cursor_at=scan.as_of or now,
        progress=None,
        found=dict(finding),
        finding=None,
        due_at=now + every,
        succeeded_at=now,
        **{**_WELL, "trouble": poll_windows.missed(turn.cursor_at, now)},
    )


def _wait(turn: Turn, wait: MustWait) -> None:
    """No failure: what was read is kept, and it goes on when its call may go out."""
    try:
        _end(turn, due_at=wait.at)
    except Lost:
        log.info("poll=%s was taken over", turn.id)


def _failed(turn: Turn, sentence: str, retry_after: timedelta | None, *, is_away: bool = False) -> None:
    """`is_away`: its shop could not be reached, not even with the smallest call."""
    tries, now = turn.tries + 1, clock.now()
    failed = {"tries": tries, "trouble": sentence, "failing_since": func.coalesce(PollRow.failing_since, now)}
    try:
        with unit_of_work() as work:
            is_probe = is_away and shop_outage.is_first_to_come(work, turn.id, _store_of(turn), now)
            longest = min(_every(turn), shop_outage.AGAIN) if is_probe else _every(turn)
            _renew(work, turn, claimed_until=None, due_at=_again_at(tries, now, longest, retry_after), **failed)
            if turn.reimport_id is not None:
                reimport.record_trouble(work, turn.reimport_id, sentence)
    except Lost:
        log.info("poll=%s was taken over", turn.id)
    log.warning("poll=%s failed: %s", turn.id, sentence)


def _again_at(tries: int, now: datetime, longest: timedelta, retry_after: timedelta | None) -> datetime:
    """Soon at first, then after `longest`, or after the time that the other side asked for where that is longer."""
    latest = now + max(longest, min(retry_after or timedelta(0), LONGEST_ASKED_WAIT))
    return min(next_attempt(tries, now, jitter=random.random(), retry_after=retry_after) or latest, latest)


def _every(turn: Turn) -> timedelta:
    if turn.kind in NAMES:
        return kind_of(accounts.by_id(_account_of(turn)).marketplace, turn.kind).every
    return shop_polls.every(turn.kind) if turn.kind in SHOP else product_polls.EVERY


def _renew(work: Work, turn: Turn, **values: object) -> None:
    """Prove, in the transaction that stores something, that the poll is still ours; renews the lease."""
    if not work.changed(_mine(turn).values(**{"claimed_until": clock.now() + LEASE, **values})):
        raise Lost


def _end(turn: Turn, **values: object) -> None:
    with unit_of_work() as work:
        _renew(work, turn, claimed_until=None, **values)


def _end_shop(turn: Turn, **values: object) -> None:
    """It has succeeded, so its shop is there."""
    now = clock.now()
    with unit_of_work() as work:
        shop_outage.wake_others(work, turn.id, _store_of(turn), now)
        _renew(work, turn, claimed_until=None, succeeded_at=now, **_WELL, **values)


def _mine(turn: Turn) -> Update:
    return update(PollRow).where(PollRow.id == turn.id, PollRow.fence == turn.fence)


def _account_of(turn: Turn) -> int:
    if turn.account_id is None:
        raise LookupError(f"The poll {turn.id} belongs to no account.")
    return turn.account_id


def _store_of(turn: Turn) -> int:
    if turn.store_id is None:
        raise LookupError(f"The poll {turn.id} belongs to no store.")
    return turn.store_id


def _log_call(call: CallRecord) -> None:
    log.info("call side=%s method=%s status=%s ms=%s", call.side, call.method, call.status, call.duration_ms)
