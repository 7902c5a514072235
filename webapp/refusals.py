"""Webhooks that were refused, counted by reason: nothing of them is kept but that they came, and when the last one did.

Somebody may knock a thousand times a second. The first refusal is stored at once, and what follows within a second
together, so that a stranger costs the database one transaction a second and no more.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from webapp import accounts, clock
from webapp.accounts import Sender
from webapp.connectors.signatures import Flaw, WebhookAuth
from webapp.database import is_sqlite
from webapp.models import RefusedWebhookRow, db
from webapp.unit_of_work import unit_of_work

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two transactions of one process."""
UNKNOWN_ADDRESS = "unknown_address"
TOKEN, TOO_LARGE, CODED, CUT_SHORT = "token", "too_large", "coded", "cut_short"
"""Beside the flaws of a proof: a token asked for with a wrong secret, and bodies that are not read."""

NAMES = {
    Flaw.MISSING: "no proof",
    Flaw.WRONG: "wrong proof",
    Flaw.MALFORMED: "unreadable proof",
    Flaw.CLOCK: "signed at another time",
    TOKEN: "token asked for with a wrong secret",
    TOO_LARGE: "too large",
    CODED: "compressed",
    CUT_SHORT: "cut short",
}

_REFUSED = RefusedWebhookRow.metadata.tables[RefusedWebhookRow.__tablename__]


@dataclass(frozen=True, slots=True)
class _Cause:
    source: str
    sender_id: int | None
    reason: str

    @property
    def name(self) -> str:
        return f"{self.source}:{self.sender_id or ''}:{self.reason}"


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason for which webhooks were refused; `sentence` says why, and what to do."""

    reason: str
    count: int
    last_at: datetime
    sentence: str


@dataclass(slots=True)
class _Tally:
    """What this process has not stored yet."""

    app: Flask
    counts: dict[_Cause, tuple[int, datetime]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stored_at: float = 0.0
    is_coming: bool = False

    def add(self, cause: _Cause) -> None:
        with self.lock:
            count, _ = self.counts.get(cause, (0, None))
            self.counts[cause] = (count + 1, clock.now())
            if self.is_coming:
                return
            self.is_coming = True
            wait = self.stored_at + EVERY - time.monotonic()
        if wait <= 0:
            self.store()
        else:
            later = threading.Timer(wait, self.store_later)
            later.daemon = True
            later.start()

    def store_later(self) -> None:
        with self.app.app_context():
            self.store()

    def store(self) -> None:
        with self.lock:
            counts, self.counts = self.counts, {}
            self.stored_at, self.is_coming = time.monotonic(), False
        for cause, (count, last_at) in counts.items():
            try:
                _add(cause, count, last_at)
            except IntegrityError:
                log.info("a refused webhook's account or store was removed meanwhile")
            except SQLAlchemyError as error:
                log.warning("%s refused webhooks could not be counted: %s", count, type(error).__name__)


def note(source: str, sender: Sender | None, reason: str) -> None:
    """Count a webhook that is being refused. Never raises for a database that is away."""
    log.warning("webhook refused source=%s sender=%s reason=%s", source, sender.id if sender else None, reason)
    _tally().add(_Cause(source, sender.id if sender else None, reason))


def of_account(account_id: int, auth: WebhookAuth) -> Sequence[Refused]:
    """What was refused at an account's address, the latest first."""
    return _shown(RefusedWebhookRow.account_id == account_id, auth)


def of_store(store_id: int, auth: WebhookAuth) -> Sequence[Refused]:
    """The same of a store."""
    return _shown(RefusedWebhookRow.store_id == store_id, auth, of_shop=True)


def everywhere() -> Sequence[tuple[str, str, Refused]]:
    """What was refused at every address, the latest first: the sender's side and name, and why. Without a name nobody
    has the address."""
    known = {("walmart", one.id): (one.name, one.webhook_auth) for one in accounts.everyone()}
    known |= {("magento", one.id): (one.name, one.webhook_auth) for one in accounts.stores()}
    rows = db.session.execute(select(RefusedWebhookRow).order_by(RefusedWebhookRow.last_at.desc())).scalars()
    told = []
    for row in rows:
        name, auth = known.get((row.source, row.account_id or row.store_id or 0), ("", None))
        sentence = in_words(row.reason, auth) if auth else "Nobody has that address: look at where it was entered."
        told.append((row.source, name, Refused(row.reason, row.count, row.last_at, sentence)))
    return told


def totals() -> dict[tuple[str, str], int]:
    """How many were refused, by source and reason."""
    by = (RefusedWebhookRow.source, RefusedWebhookRow.reason)
    counted = select(*by, func.sum(RefusedWebhookRow.count)).group_by(*by).order_by(*by)
    return {(source, reason): int(count) for source, reason, count in db.session.execute(counted)}


def in_words(reason: str, auth: WebhookAuth, *, of_shop: bool = False) -> str:
    """Why such a webhook is refused, and what to do about it."""
    where = "The secret at the end of the address" if auth.mode == "none" else f"The header {auth.header_name}"
    again = (
        "Enter in the shop what counts now; if the secret is lost, rotate it."
        if of_shop
        else "Subscribe again, so that the sender has what counts now."
    )
    stranger = "If it goes on after that, it is somebody else who tries the address, and nothing is to be done."
    return {
        Flaw.MISSING: f"{where} was missing. {again} A proxy before this server must pass it on. {stranger}",
        Flaw.WRONG: f"{where} did not prove the sender: it belongs to another secret, or to a body that was changed "
        f"on its way. {again} {stranger}",
        Flaw.MALFORMED: f"{where} came twice, or was too long to be a proof. Look at the proxy before this server.",
        Flaw.CLOCK: "It was signed rightly, at a time more than five minutes from this server's clock. "
        "Switch on time synchronisation here; if the clock is right, somebody repeats an old webhook.",
        TOKEN: f"A token was asked for with another client ID or secret than this subscription's. {again} {stranger}",
        TOO_LARGE: "The body was larger than 1 MiB. The sender's own are a thousand times smaller, so it was "
        "somebody else, and nothing is to be done.",
        CODED: "The body came compressed. Let the proxy before this server pass bodies on as they are.",
        CUT_SHORT: "The body ended before its announced length. The sender comes again; if this goes on, look at "
        "the time limits of the proxy before this server.",
    }.get(reason, "Nobody has that address.")


def _tally() -> _Tally:
    """This process's own: what a parent has not stored stays the parent's."""
    name = f"orderbridge_refusals_{os.getpid()}"
    found: _Tally | None = current_app.extensions.get(name)
    if found is None:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        found = current_app.extensions.setdefault(name, _Tally(app))
    return found


def _add(cause: _Cause, count: int, last_at: datetime) -> None:
    insert = sqlite.insert(_REFUSED) if is_sqlite() else postgresql.insert(_REFUSED)
    added = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"count": _REFUSED.c.count + insert.excluded.count, "last_at": insert.excluded.last_at},
    )
    is_walmart = cause.source == "walmart"
    values = {
        "name": cause.name,
        "source": cause.source,
        "account_id": cause.sender_id if is_walmart else None,
        "store_id": None if is_walmart else cause.sender_id,
        "reason": cause.reason,
        "count": count,
        "last_at": last_at,
    }
    with unit_of_work() as work:
        work.execute(added, values)


def _shown(mine: ColumnElement[bool], auth: WebhookAuth, *, of_shop: bool = False) -> Sequence[Refused]:
    found = select(RefusedWebhookRow).where(mine).order_by(RefusedWebhookRow.last_at.desc())
    rows = db.session.execute(found.execution_options(populate_existing=True)).scalars()
    return [Refused(row.reason, row.count, row.last_at, in_words(row.reason, auth, of_shop=of_shop)) for row in rows]
