"""The ways to somebody who is not looking: added, changed and tried by admins; each is told whatever is new to it."""

from __future__ import annotations

import logging
import random
import re
import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import or_, select, update

from webapp import alerts, audit, clock, settings, vault
from webapp.connectors import hook, mail
from webapp.connectors.http import Caller, ConnectorError, Limits
from webapp.connectors.mail import MailError
from webapp.domain.alerts import SAME_WITHIN, Cause, Kind, Message, message
from webapp.domain.retry import next_attempt
from webapp.gate import PageGate
from webapp.models import AlertChannelRow, AlertRow, db
from webapp.typed import Reader, host_of
from webapp.unit_of_work import rest, unit_of_work

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
LIMITS = Limits(connect_seconds=4, total_seconds=10)
OFTEN: Mapping[int, str] = {
    1: "at once",
    15: "at most every 15 minutes",
    60: "at most once an hour",
    1440: "at most once a day",
}
"""How often a message may go out, in minutes; what is still wrong by then stands in the next one, and what began and
ended in between in none."""
USUALLY = 15
LONGEST_TRY = timedelta(hours=1)
_MAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+\Z")
NO_MAIL_SERVER = (
    "This server has no mail server yet: whoever runs it sets SMTP_URL and starts it again. Until then, use a hook."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: where to, of which kinds, how often."""

    kind: str
    address: str
    public_only: bool
    wants: tuple[str, ...]
    every_minutes: int

    @property
    def name(self) -> str:
        """What is shown of the address: a hook's own is a secret."""
        return self.address if self.kind == "mail" else f"{urlsplit(self.address).hostname}/…"


def read_wish(form: Mapping[str, str], wants: Collection[str]) -> Wish:
    """What was typed. Raises Mistakes."""
    reader = Reader(form)
    kind = "hook" if form.get("kind") == "hook" else "mail"
    address = form.get(kind, "").strip()
    trouble = _mail_trouble(address) if kind == "mail" else _hook_trouble(address)
    if trouble:
        reader.mistakes[kind] = trouble
    chosen, often = _choice(reader, form, wants)
    reader.end()
    public_only = kind == "hook" and host_of(address) not in settings.current().allowed_hosts_out
    return Wish(kind, address, public_only, chosen, often)


def add(wish: Wish, by: str) -> int:
    """A new channel. What is wrong already is told to it too. Returns its number."""
    with unit_of_work() as work:
        row = AlertChannelRow(
            kind=wish.kind,
            name=wish.name,
            address=vault.seal(wish.address),
            public_only=wish.public_only,
            wants=list(wish.wants),
            every_minutes=wish.every_minutes,
            created_at=clock.now(),
        )
        work.add(row)
        work.flush()
        audit.record(work, audit.ALERTS, by, wish.name, after=_in_words(wish.wants, wish.every_minutes))
        return row.id


def change(channel_id: int, form: Mapping[str, str], wants: Collection[str], by: str) -> bool:
    """Other kinds, or more or less often; False where it is gone. Raises Mistakes."""
    with unit_of_work() as work:
        row = work.session.get(AlertChannelRow, channel_id, populate_existing=True)
        if row is None:
            return False
        reader = Reader(form)
        chosen, often = _choice(reader, form, wants)
        reader.end()
        before, after = _in_words(row.wants, row.every_minutes), _in_words(chosen, often)
        if before != after:
            audit.record(work, audit.ALERTS, by, row.name, before, after)
        row.wants, row.every_minutes = list(chosen), often
        return True


def pause(channel_id: int, is_paused: bool, by: str) -> bool:
    """Tell it nothing for a while, or go on: then it is told what is still wrong. False where it is gone."""
    with unit_of_work() as work:
        row = work.session.get(AlertChannelRow, channel_id, populate_existing=True)
        if row is None:
            return False
        if row.is_paused != is_paused:
            words = ("on", "paused")
            audit.record(work, audit.ALERTS, by, row.name, words[row.is_paused], words[is_paused])
            row.is_paused, row.next_try_at = is_paused, None
        return True


def remove(channel_id: int, by: str) -> None:
    """Forget it; twice is once."""
    with unit_of_work() as work:
        row = work.session.get(AlertChannelRow, channel_id, populate_existing=True)
        if row is not None:
            audit.record(work, audit.ALERTS, by, row.name, "told", "removed")
            work.session.delete(row)


def everyone() -> Sequence[AlertChannelRow]:
    """All channels, in the order in which they were added."""
    rows = select(AlertChannelRow).order_by(AlertChannelRow.id).execution_options(populate_existing=True)
    return db.session.execute(rows).scalars().all()


def told() -> Sequence[AlertChannelRow]:
    """Whoever is told when something is wrong: all but the paused ones."""
    return [row for row in everyone() if not row.is_paused]


def who_knows(alert: AlertRow, channels: Sequence[AlertChannelRow]) -> Sequence[str]:
    """Those of the channels that took a message about this standing alert, by their names."""
    return [row.name for row in channels if str(alert.id) in (row.told or {})]


def test(channel_id: int) -> str:
    """Send a message that says it is a test; what went wrong in a sentence, empty where nothing did. Both are kept."""
    row = db.session.get(AlertChannelRow, channel_id, populate_existing=True)
    if row is None:
        return "It was removed meanwhile."
    cause = Cause(
        "test", Kind.SERVER, "This is a test: nothing is wrong.", "Alerts reach you here.", "/settings/alerts"
    )
    text = message([cause], settings.current().address)
    trouble = _try(row, Message("Orderbridge: this is a test", text.text), [cause])
    with unit_of_work() as work:
        kept = work.session.get(AlertChannelRow, channel_id, populate_existing=True)
        if kept is not None:
            kept.trouble, kept.sent_at = trouble, kept.sent_at if trouble else clock.now()
            if kept.tries and not trouble:
                # What was not taken waits for its next try, and now it would arrive.
                kept.tries, kept.next_try_at = 0, None
    return trouble


def tell() -> int:
    """Send to each channel whatever is new to it and may go out by now. Returns how many messages were taken."""
    return sum(_tell_one(channel_id) for channel_id in _ready())


def _ready() -> list[int]:
    now = clock.now()
    free = or_(AlertChannelRow.claimed_until.is_(None), AlertChannelRow.claimed_until < now)
    up = or_(AlertChannelRow.next_try_at.is_(None), AlertChannelRow.next_try_at <= now)
    mine = select(AlertChannelRow.id).where(~AlertChannelRow.is_paused, free, up).order_by(AlertChannelRow.id)
    return list(db.session.execute(mine).scalars())


def _tell_one(channel_id: int) -> bool:
    """Held for this process while it sends, so that two tell nothing twice."""
    row = db.session.get(AlertChannelRow, channel_id, populate_existing=True)
    new = _new_to(row) if row is not None else []
    if row is None or not new:
        return False
    causes = [alerts.as_cause(one) for one in new]
    told = {str(one.id): one.raises for one in new}
    now = clock.now()
    free = or_(AlertChannelRow.claimed_until.is_(None), AlertChannelRow.claimed_until < now)
    with unit_of_work() as work:
        mine = update(AlertChannelRow).where(AlertChannelRow.id == channel_id, free)
        if not work.changed(mine.values(claimed_until=now + LEASE)):
            return False
    trouble = _try(row, message(causes, settings.current().address), causes)
    with unit_of_work() as work:
        kept = work.session.get(AlertChannelRow, channel_id, populate_existing=True)
        if kept is not None:
            _keep(kept, trouble, told)
    return not trouble


def _keep(row: AlertChannelRow, trouble: str, told: Mapping[str, int]) -> None:
    now = clock.now()
    row.claimed_until, row.trouble = None, trouble
    if trouble:
        row.tries += 1
        again = next_attempt(row.tries, now, jitter=random.random()) or now + LONGEST_TRY
        row.next_try_at = min(again, now + LONGEST_TRY)
        log.warning("alerts to channel=%s were not taken: %s", row.id, trouble)
        return
    # What ended a moment ago may go on, and is not told once more then.
    may_stand = or_(AlertRow.ended_at.is_(None), AlertRow.seen_at > now - SAME_WITHIN)
    ids = {str(one) for one in db.session.execute(select(AlertRow.id).where(may_stand)).scalars()}
    known = {key: raises for key, raises in (row.told or {}).items() if key in ids}
    row.tries, row.sent_at, row.told = 0, now, known | dict(told)
    row.next_try_at = now + timedelta(minutes=row.every_minutes)


def _new_to(row: AlertChannelRow) -> Sequence[AlertRow]:
    mine = select(AlertRow).where(AlertRow.ended_at.is_(None), AlertRow.raises > 0, AlertRow.kind.in_(row.wants))
    mine = mine.order_by(AlertRow.kind != Kind.SERVER, AlertRow.id).execution_options(populate_existing=True)
    told = row.told or {}
    return [one for one in db.session.execute(mine).scalars() if one.raises > told.get(str(one.id), 0)]


def _try(row: AlertChannelRow, told: Message, causes: Sequence[Cause]) -> str:
    """Send it; what went wrong, in a sentence."""
    try:
        address: str = vault.unseal(row.address)
        if row.kind == "mail":
            server = settings.current().mail_server
            if server is None:
                return NO_MAIL_SERVER
            rest()
            mail.send(server, address, told.subject, told.text)
        else:
            caller = Caller(limits=LIMITS, watch=PageGate())
            hook.post(caller, address, _document(told, causes), public_only=row.public_only)
    except (MailError, vault.Unreadable) as trouble:
        return str(trouble)
    except ConnectorError as trouble:
        return trouble.message
    except (ValueError, TypeError, LookupError, OSError) as error:
        # Whatever it is, the others are told. Only the places: the error's own words may hold the address.
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("channel=%s broke off with %s:\n%s", row.id, type(error).__name__, places)
        return f"Sending broke off inside Orderbridge ({type(error).__name__}); its log says where."
    return ""


def _document(told: Message, causes: Sequence[Cause]) -> dict[str, object]:
    """`text` is what Slack, Mattermost and Google Chat show; a script reads `alerts`."""
    server = settings.current().address
    each = [
        {
            "cause": one.key,
            "kind": str(one.kind),
            "headline": one.headline,
            "detail": one.detail,
            "url": server + one.path,
            "orders": one.number,
        }
        for one in causes
    ]
    return {"text": f"{told.subject}\n\n{told.text}", "alerts": each}


def _choice(reader: Reader, form: Mapping[str, str], wants: Collection[str]) -> tuple[tuple[str, ...], int]:
    chosen = tuple(kind.value for kind in Kind if kind.value in wants)
    if not chosen:
        reader.mistakes["wants"] = "Choose at least one kind, or remove or pause this one."
    often = form.get("every", "")
    if not often.isdecimal() or int(often[:6]) not in OFTEN:
        reader.mistakes["every"] = "Choose one of the list."
        return chosen, USUALLY
    return chosen, int(often)


def _mail_trouble(address: str) -> str:
    if settings.current().mail_server is None:
        return NO_MAIL_SERVER
    if len(address) > 254 or not address.isprintable() or not _MAIL.match(address):
        return "Give one e-mail address, such as orders@shop.example.com."
    return ""


def _hook_trouble(address: str) -> str:
    wrong = "Give the whole address as the chat program or script shows it; it begins with https://."
    try:
        parts = urlsplit(address)
        is_allowed = host_of(address) in settings.current().allowed_hosts_out
        fits = parts.scheme == "https" or (parts.scheme == "http" and is_allowed)
        is_whole = fits and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return wrong
    return "" if is_whole and len(address) <= 2000 and address.isprintable() and " " not in address else wrong


def _in_words(kinds: Collection[str], minutes: int) -> str:
    return f"{', '.join(kind.words.lower() for kind in Kind if kind.value in kinds)}; {OFTEN[minutes]}"
