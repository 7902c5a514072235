"""What must go out, and what happened on each try."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, and_, false, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Id

IS_OPEN = "state in ('queued', 'running')"
"""Written out, not bound, wherever it is asked for: SQLite uses a partial index only for the very same words."""


class CommandRow(Base):
    """What must go out. Its key is unique, its payload is frozen before the first send, it is never deleted.

    `is_in_line`: it waits for nothing but a token of its account's rate limit, or was let go to take one. While it is
    queued, `next_attempt_at` is when the token is foreseen; the nearest `deadline` gets the next one.
    """

    __tablename__ = "commands"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    cause: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(default=dict)
    frozen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    state: Mapped[str] = mapped_column(default="queued")
    issued_by: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    is_in_line: Mapped[bool] = mapped_column(default=False, server_default=false())
    tries: Mapped[int] = mapped_column(default=0)
    first_sent_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(Text, default="")
    dismissed_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
    wake_from: Mapped[datetime | None]
    """As of a turn: it waits because its shop is away."""

    __table_args__ = (
        Index(
            "ix_commands_due",
            "next_attempt_at",
            sqlite_where=text(IS_OPEN),
            postgresql_where=text(IS_OPEN),
        ),
        Index("ix_commands_order", "sync_id", "id"),
        Index("ix_commands_state", "state", "id"),
    )


PAID_PERHAPS = and_(CommandRow.kind == "RefundLines", CommandRow.first_sent_at.is_not(None))
"""A refund whose answer was lost. Only a person who has looked in Seller Center tries it again, each by itself."""


class AttemptRow(Base):
    """What happened on one try of a command, or on a read that failed, with each call that it made."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"))
    command_id: Mapped[int | None] = mapped_column(Id, ForeignKey("commands.id", ondelete="CASCADE"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    duration_ms: Mapped[int]
    outcome: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text)
    calls: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (
        Index("ix_attempts_order", "sync_id", "id"),
        Index("ix_attempts_command", "command_id", "id"),
        Index("ix_attempts_started_at", "started_at", "id"),
    )
