"""People who may sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Base, Id


class UserRow(Base):
    """A person who may sign in. Without a password only a one-time link opens the door."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    is_disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    grid: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How this person likes the orders: columns, density, rows to a page, the view to begin with."""

    __table_args__ = (CheckConstraint("role in ('viewer', 'operator', 'admin')", name="role"),)


class SessionRow(Base):
    """A signed-in browser; only the hash of its token is kept, and signing out deletes it."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]

    user: Mapped[UserRow] = relationship(lazy="joined", innerjoin=True)


class SignInLinkRow(Base):
    """A link that signs one user in, once, until it expires."""

    __tablename__ = "sign_in_links"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]


class SignInAttemptRow(Base):
    """A failed sign-in, kept a while so that guessing can be slowed down."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email_hash: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_sign_in_attempts_who", "email_hash", "at"),
        Index("ix_sign_in_attempts_where", "address", "at"),
    )


class SavedListRow(Base):
    """What somebody asked the grid for: a view with a name, or a search that is forgotten at `expires_at`.

    A search may hold a buyer's name, so addresses carry only its key, and only its own user finds anything by it.
    """

    __tablename__ = "saved_lists"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(default="")
    asks: Mapped[dict[str, Any]]
    is_shared: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
