"""Which kinds of webhooks Walmart sends an account, counted as they come; also kinds that nobody here has heard of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from webapp.database import is_sqlite
from webapp.models import EventRow, WebhookKindRow, db
from webapp.unit_of_work import Work

ENVELOPE = "ORDER_UPDATES"
OLDER = ("PO_CREATED", "PO_LINE_AUTOCANCELLED", "INTENT_TO_CANCEL")
"""To be removed by Walmart on 15 December 2026, in favour of the envelope with the same names in it."""
WANTED = (ENVELOPE, *OLDER)
"""The order events. As long as Walmart's list of event types offers the older ones they are wanted too; that list
decides, not a date (Walmart's page on the new order management event)."""
KNOWN = frozenset({*WANTED, *(f"{ENVELOPE} {news}" for news in (*OLDER, "FRAUD_CANCEL"))})
MOST_SHOWN = 50

_KINDS = WebhookKindRow.metadata.tables[WebhookKindRow.__tablename__]


@dataclass(frozen=True, slots=True)
class Seen:
    """A kind of webhook that came: `type` is Walmart's event type, with its sub-event behind a blank."""

    type: str
    count: int
    last_at: datetime

    @property
    def is_known(self) -> bool:
        return self.type in KNOWN

    @property
    def event_type(self) -> str:
        """As it is subscribed."""
        return self.type.partition(" ")[0]


def note(work: Work, events: Iterable[EventRow]) -> None:
    """Count webhooks of Walmart that are being routed; a delivery that came before is none."""
    counts: Counter[tuple[int, str]] = Counter()
    last: dict[tuple[int, str], datetime] = {}
    for event in events:
        if event.source == "walmart" and event.account_id is not None:
            kind = (event.account_id, event.type)
            counts[kind] += 1
            last[kind] = max(event.received_at, last.get(kind, event.received_at))
    if not counts:
        return
    insert = sqlite.insert(_KINDS) if is_sqlite() else postgresql.insert(_KINDS)
    later = func.max if is_sqlite() else func.greatest
    added = insert.on_conflict_do_update(
        index_elements=["account_id", "type"],
        set_={
            "count": _KINDS.c.count + insert.excluded.count,
            "last_at": later(_KINDS.c.last_at, insert.excluded.last_at),
        },
    )
    rows = [
        {"account_id": account_id, "type": name, "count": counts[account_id, name], "last_at": last[account_id, name]}
        for account_id, name in sorted(counts)
    ]
    work.execute(added, rows)


def of_account(account_id: int) -> Sequence[Seen]:
    """The kinds that came, the latest first."""
    mine = select(WebhookKindRow).where(WebhookKindRow.account_id == account_id)
    found = mine.order_by(WebhookKindRow.last_at.desc()).limit(MOST_SHOWN).execution_options(populate_existing=True)
    return [Seen(row.type, row.count, row.last_at) for row in db.session.execute(found).scalars()]


def unknown_count() -> int:
    """How many webhooks came whose kind nobody here has heard of, of all accounts."""
    strange = select(func.coalesce(func.sum(WebhookKindRow.count), 0)).where(WebhookKindRow.type.not_in(KNOWN))
    return int(db.session.execute(strange).scalar_one())
