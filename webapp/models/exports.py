"""Files that are made in the background: what was asked for, and the parts that are written so far."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Id

IS_TO_WRITE = "state = 'waiting'"


class ExportRow(Base):
    """A file of orders that somebody asked for. Who holds it writes it, a part at a time."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    by: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    columns: Mapped[list[str]] = mapped_column(JSON)
    with_address: Mapped[bool] = mapped_column(default=False)
    order_ids: Mapped[bytes]
    """The list as it was when it was asked for: packed JSON."""
    total: Mapped[int]
    written: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was taken since a part was written."""

    __table_args__ = (
        CheckConstraint("state in ('waiting', 'done', 'failed')", name="state"),
        Index("ix_exports_to_write", "id", sqlite_where=text(IS_TO_WRITE), postgresql_where=text(IS_TO_WRITE)),
    )


class ExportPartRow(Base):
    """Some hundred lines of such a file, packed."""

    __tablename__ = "export_parts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    export_id: Mapped[int] = mapped_column(Id, ForeignKey("exports.id", ondelete="CASCADE"))
    begin: Mapped[int]
    body: Mapped[bytes]

    __table_args__ = (UniqueConstraint("export_id", "begin"),)
