"""Actions on many orders: what was asked, for whom it goes, and what came of it order by order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Id

IS_RUNNING = "state = 'running'"


class BulkJobRow(Base):
    """One action on many orders. A draft is the question before it; who holds it works it off, an order at a time."""

    __tablename__ = "bulk_jobs"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    action: Mapped[str]
    by: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    asks: Mapped[str] = mapped_column(Text, default="")
    """The list that it was asked on, as the grid's address arguments: the way back."""
    was_cut: Mapped[bool] = mapped_column(default=False)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    wants_stop: Mapped[bool] = mapped_column(default=False)
    claimed_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("state in ('draft', 'running', 'done', 'stopped')", name="state"),
        Index("ix_bulk_jobs_running", "id", sqlite_where=text(IS_RUNNING), postgresql_where=text(IS_RUNNING)),
    )


class BulkItemRow(Base):
    """One order of such an action: passed over, waiting, or what came of it; and the command that tells the rest."""

    __tablename__ = "bulk_items"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_id: Mapped[int] = mapped_column(Id, ForeignKey("bulk_jobs.id", ondelete="CASCADE"))
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    state: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text, default="")
    command_id: Mapped[int | None] = mapped_column(Id)
    done_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("job_id", "order_id"),
        CheckConstraint("state in ('waiting', 'skipped', 'done', 'failed')", name="state"),
        Index("ix_bulk_items_state", "job_id", "state", "id"),
    )
