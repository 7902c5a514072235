"""An account that Walmart does not serve rests as a whole: one probe at a time, and in words why."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, select, update

from webapp import clock
from webapp.columns import Moment
from webapp.connectors.http import Answer, Call, ConnectorError
from webapp.domain.circuit import OPENS_AFTER, rest
from webapp.limits import MustWait
from webapp.models import AccountRow, SyncRow, db
from webapp.queue import Bell
from webapp.unit_of_work import Work, unit_of_work

log = logging.getLogger(__name__)

PROBE_TAKES = timedelta(seconds=60)

_HEALTH = select(AccountRow.failures, AccountRow.trouble, AccountRow.trouble_since, AccountRow.probe_at).where(
    AccountRow.id == bindparam("mine")
)


@dataclass(frozen=True, slots=True)
class Health:
    """How an account stands with Walmart: `failures` calls in a row failed; a trouble rests until `probe_at`."""

    failures: int = 0
    trouble: str = ""
    since: datetime | None = None
    probe_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """What is wrong, since when, and when it is tried again; empty when nothing is."""
        if not self.trouble or not self.since or not self.probe_at:
            return ""
        return (
            f"Walmart has not served this account since {self.since:%Y-%m-%d %H:%M} UTC: {self.trouble} "
            f"Nothing is lost: its orders wait, and it is tried again at {self.probe_at:%H:%M} UTC."
        )


@dataclass(slots=True)
class Circuit:
    """One piece of work's view of its account's health; it has passed once it may call."""

    account_id: int
    passed: bool = False
    failures: int = 0
    is_probe: bool = False
    token_refused: bool = False

    def enter(self) -> None:
        """Go on, or raise MustWait while the account rests; of all that come at the time of a probe one goes on."""
        if self.passed:
            return
        health = health_of(self.account_id)
        if health.trouble:
            self.is_probe = _wins_probe(self.account_id)
            if not self.is_probe:
                raise _resting(self.account_id)
        self.passed, self.failures = True, health.failures

    def note(self, call: Call, answer: Answer | None, error: ConnectorError | None) -> None:
        """Learn from how a call went."""
        if _is_refused(call, error):
            # A token that is refused once is renewed; only a fresh one that is refused too tells of the account.
            if error is not None and (error.status == 403 or not call.effect or self.token_refused):
                self._failed(error, refused=True)
            self.token_refused = True
        elif error is not None and (answer is None or answer.status >= 500):
            self._failed(error, refused=False)
        elif (self.failures or self.is_probe) and call.effect:
            self._served()

    def _failed(self, error: ConnectorError, *, refused: bool) -> None:
        with unit_of_work() as work:
            row = _locked(work, self.account_id)
            if row is None or (row.trouble and not self.is_probe):
                return
            row.failures = max(row.failures + 1, OPENS_AFTER if refused else 0)
            self.failures = row.failures
            if row.failures < OPENS_AFTER:
                return
            now = clock.now()
            row.trouble, row.trouble_since = error.message, row.trouble_since or now
            row.probe_at = now + rest(row.failures, refused=refused, jitter=random.random())
        log.warning("account=%s rests until %s: %s", self.account_id, row.probe_at, error.message)

    def _served(self) -> None:
        with unit_of_work() as work:
            wake(work, self.account_id)
        self.failures, self.is_probe = 0, False


def wake(work: Work, account_id: int) -> None:
    """The account is served again, or has new credentials: what waited goes on."""
    mine = update(AccountRow).where(AccountRow.id == account_id)
    work.execute(mine.values(failures=0, trouble=None, trouble_since=None, probe_at=None))
    for bell in Bell:
        work.ring(bell)


def health_of(account_id: int) -> Health:
    """How an account stands with Walmart."""
    row = db.session.execute(_HEALTH, {"mine": account_id}).one_or_none()
    return Health(row[0], row[1] or "", row[2], row[3]) if row else Health()


def rest_of(account_id: int) -> str:
    """Why the account's turns do not come just now, and when they do; empty while they come, be it for a probe."""
    health = health_of(account_id)
    return health.sentence if health.probe_at and health.probe_at > clock.now() else ""


def is_awake(now: Moment) -> ColumnElement[bool]:
    """Turns of accounts that are not resting, or that are due for a probe."""
    resting = select(AccountRow.id).where(AccountRow.probe_at > now)
    return SyncRow.account_id.not_in(resting)


def _is_refused(call: Call, error: ConnectorError | None) -> bool:
    """The credentials are refused; a 403 of a call that acts, or of returns, may mean that single right alone."""
    of_one_right = call.acts or "/v3/returns" in call.url
    return error is not None and error.unauthorized and not (of_one_right and error.status == 403)


def _locked(work: Work, account_id: int) -> AccountRow | None:
    found = select(AccountRow).where(AccountRow.id == account_id).with_for_update(of=AccountRow)
    return work.execute(found.execution_options(populate_existing=True)).scalar_one_or_none()


def _wins_probe(account_id: int) -> bool:
    now = clock.now()
    due = (AccountRow.id == account_id, AccountRow.trouble.is_not(None), AccountRow.probe_at <= now)
    with unit_of_work() as work:
        return work.changed(update(AccountRow).where(*due).values(probe_at=now + PROBE_TAKES)) == 1


def _resting(account_id: int) -> MustWait:
    health = health_of(account_id)
    return MustWait(health.sentence or "Walmart serves this account again.", health.probe_at or clock.now())
