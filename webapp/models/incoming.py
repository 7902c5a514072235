"""What comes in and whose turn it is: events, turns, polls, SKUs that orders wait for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Id

IS_NEW = "state = 'received'"
"""Written out, not bound, wherever it is asked for: SQLite uses a partial index only for the very same words."""


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
    )


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

    __table_args__ = (
        UniqueConstraint("account_id", "po"),
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
    trouble: Mapped[str] = mapped_column(Text, default="")


class MissingSkuRow(Base):
    """An order waits for this SKU to appear in the store; all waiting SKUs are asked for together."""

    __tablename__ = "missing_skus"

    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), index=True)
