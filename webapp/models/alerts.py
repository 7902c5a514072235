"""Who is told when something is wrong, and of what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Id

IS_STANDING = "ended_at is null"


class AlertRow(Base):
    """Something that is or was wrong, from its first sight to its end.

    `raises` counts how often there was a cause to tell it, at last at `raised_at`; None while there was none.
    `told_number` is the lowest number of orders it was about since then.
    """

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]
    headline: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str] = mapped_column(Text, default="")
    number: Mapped[int] = mapped_column(default=0)
    told_number: Mapped[int] = mapped_column(default=0)
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    raised_at: Mapped[datetime | None]
    raises: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_alerts_standing", "key", unique=True, sqlite_where=text(IS_STANDING), postgresql_where=text(IS_STANDING)
        ),
        Index("ix_alerts_began_at", "began_at", "id"),
    )


class AlertChannelRow(Base):
    """A way to somebody: an e-mail address, or an address that takes a POST. `name` is what may be shown of it.

    `told` says of the alerts that stand, by their ids, which of their raises it was told: no clock decides what is new.
    Who holds it tries to send; a failed try comes again.
    """

    __tablename__ = "alert_channels"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    address: Mapped[bytes]
    public_only: Mapped[bool] = mapped_column(default=True)
    wants: Mapped[list[Any]]
    every_minutes: Mapped[int]
    is_paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    told: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sent_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (CheckConstraint("kind in ('mail', 'hook')", name="kind"),)
