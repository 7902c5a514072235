"""What comes in and whose turn it is: events, turns, polls, SKUs that orders wait for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp import clock
from webapp.models.base import Base, Id

IS_NEW = "state = 'received'"
IS_UNANSWERED = "state in ('received', 'waiting')"
WAITS_FOR_SHOP = "substr(trouble, 1, 20) = 'Waiting for Magento:'"
"""Of an order's turn: its shop could not be read, since it does not answer or since it refuses."""
IS_WALMARTS = "source = 'walmart'"
IS_A_SHOPS = "source = 'magento'"
IS_OUR_OWN = "source not in ('walmart', 'magento')"
CAME_TO_NOTHING = "state in ('ignored', 'failed', 'dismissed')"
CAME_AGAIN = "duplicates > 0"
"""Written out, not bound, wherever it is asked for: SQLite uses a partial index only for the very same words."""


def _narrowed_by(name: str, *columns: str, where: str) -> tuple[Index, ...]:
    """An index in the log's order over the events that fit a condition."""
    condition = text(where)
    names = (*columns, "received_at", "id")
    return (Index(f"ix_events_{name}", *names, sqlite_where=condition, postgresql_where=condition),)


class EventRow(Base):
    """What came in: a webhook, a poll's finding or a person's wish. Never deleted before its order."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    store_id: Mapped[int | None] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"))
    delivery_key: Mapped[str | None]
    type: Mapped[str] = mapped_column(default="")
    happened_at: Mapped[datetime | None]
    twin_of: Mapped[int | None] = mapped_column(Id)
    po: Mapped[str | None]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes]
    body_erased_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="received")
    reason: Mapped[str] = mapped_column(default="")
    duplicates: Mapped[int] = mapped_column(default=0)
    handled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("delivery_key"),
        Index("ix_events_new", "id", sqlite_where=text(IS_NEW), postgresql_where=text(IS_NEW)),
        Index("ix_events_order", "account_id", "po", "id"),
        Index("ix_events_received_at", "received_at", "id"),
        Index(
            "ix_events_open",
            "account_id",
            "received_at",
            sqlite_where=text(IS_UNANSWERED),
            postgresql_where=text(IS_UNANSWERED),
        ),
        Index(
            "ix_events_webhooks",
            "account_id",
            "received_at",
            sqlite_where=text(IS_WALMARTS),
            postgresql_where=text(IS_WALMARTS),
        ),
        # What the webhook log is narrowed by. All but the last are small: most events are Walmart's, and end handled.
        *_narrowed_by("shops", "store_id", where=IS_A_SHOPS),
        *_narrowed_by("own", where=IS_OUR_OWN),
        *_narrowed_by("to_nothing", "state", where=CAME_TO_NOTHING),
        *_narrowed_by("again", where=CAME_AGAIN),
        Index("ix_events_type", "type", "received_at", "id"),
    )


class EventActRow(Base):
    """What a person did with an event: replayed it or set it aside. `was_…` is how the attempt before it had ended."""

    __tablename__ = "event_acts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[int] = mapped_column(Id, ForeignKey("events.id", ondelete="CASCADE"))
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    was_state: Mapped[str]
    was_reason: Mapped[str] = mapped_column(Text)
    was_handled_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('replay', 'dismiss')", name="kind"),
        Index("ix_event_acts_event", "event_id", "id"),
    )


class WebhookKindRow(Base):
    """A kind of webhook as Walmart names it, of one account: how many came, and when the last one did."""

    __tablename__ = "webhook_kinds"

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]


class RefusedWebhookRow(Base):
    """How often webhooks were refused at one address and for one reason. `name` is both; without a sender nobody has
    that address."""

    __tablename__ = "refused_webhooks"

    name: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    store_id: Mapped[int | None] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str]
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime]


class SyncRow(Base):
    """One order's turn: when to look at it next, who is looking now, and the number that fences off the rest.

    It exists from the first hint on, before the order itself was ever read.
    """

    __tablename__ = "syncs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    po: Mapped[str]
    look_again_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(default="")
    read_at: Mapped[datetime | None]
    doubted_at: Mapped[datetime | None]
    deaths: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    wake_from: Mapped[datetime | None]
    """It waits because its shop is away, and comes at once when that is back, from this time on that the shop named."""

    __table_args__ = (
        UniqueConstraint("account_id", "po"),
        Index(
            "ix_syncs_wake",
            "account_id",
            sqlite_where=text("wake_from is not null"),
            postgresql_where=text("wake_from is not null"),
        ),
        Index(
            "ix_syncs_for_shop",
            "id",
            sqlite_where=text(WAITS_FOR_SHOP),
            postgresql_where=text(WAITS_FOR_SHOP),
        ),
        Index(
            "ix_syncs_due",
            "look_again_at",
            sqlite_where=text("look_again_at is not null"),
            postgresql_where=text("look_again_at is not null"),
        ),
    )


class PollRow(Base):
    """A periodic read of one account or store: its cursor, when it is due, and how the last one went."""

    __tablename__ = "polls"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    store_id: Mapped[int | None] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(unique=True)
    cursor_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(index=True)
    claimed_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    succeeded_at: Mapped[datetime | None]
    began_at: Mapped[datetime | None] = mapped_column(default=clock.now)
    """Since when there is this poll; None: as long as its account or store."""
    failing_since: Mapped[datetime | None]
    """When it failed first since it last succeeded."""
    trouble: Mapped[str] = mapped_column(Text, default="")
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    found: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What the last whole run brought: how many orders or documents were read, and how many of them were news."""
    finding: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The same of a run that is not over."""


class ReimportRow(Base):
    """A person's wish to read all orders of some days again, how far it has come, and what it brought."""

    __tablename__ = "reimports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    by: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    wants_cancel: Mapped[bool] = mapped_column(default=False)
    pages: Mapped[int] = mapped_column(default=0)
    orders: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unreadable: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    percent: Mapped[int] = mapped_column(default=0)
    reading: Mapped[str] = mapped_column(default="")
    trouble: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('running', 'done', 'canceled')", name="state"),
        Index(
            "uq_reimports_running",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_reimports_account", "account_id", "id"),
    )


class MissingSkuRow(Base):
    """An order waits for this SKU to appear in the store; all waiting SKUs are asked for together."""

    __tablename__ = "missing_skus"

    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), index=True)
