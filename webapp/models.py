"""The tables. A stored thing is a `…Row`; the rules know only the domain's own types."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry, relationship

from webapp.columns import Money, Utc


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can change it on both databases."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: Utc, Decimal: Money, dict[str, Any]: JSON, list[Any]: JSON},
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

Id = BigInteger().with_variant(Integer, "sqlite")


class StoreRow(Base):
    """A Magento instance and one of its store views."""

    __tablename__ = "stores"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    admin_url: Mapped[str] = mapped_column(default="")
    store_view: Mapped[str] = mapped_column(default="default")
    store_id: Mapped[int] = mapped_column(default=1)
    currency: Mapped[str] = mapped_column(default="USD")
    time_zone: Mapped[str] = mapped_column(default="UTC")
    mode: Mapped[str] = mapped_column(default="direct")
    credentials: Mapped[bytes]
    webhook_auth: Mapped[bytes]
    is_demo: Mapped[bool] = mapped_column(default=False)
    is_paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("id", "is_demo"),
        CheckConstraint("mode in ('direct', 'cart')", name="mode"),
    )


class AccountRow(Base):
    """A Walmart seller account, tied to one store. A demo account can only be tied to a demo store."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    store_id: Mapped[int] = mapped_column(Id)
    marketplace: Mapped[str] = mapped_column(default="us")
    api_url: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[bytes]
    seller_id: Mapped[str] = mapped_column(default="")
    webhook_auth: Mapped[bytes]
    number_prefix: Mapped[str] = mapped_column(default="")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_demo: Mapped[bool] = mapped_column(default=False)
    is_paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    store: Mapped[StoreRow] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        ForeignKeyConstraint(["store_id", "is_demo"], ["stores.id", "stores.is_demo"]),
        UniqueConstraint("store_id", "number_prefix"),
        CheckConstraint("marketplace in ('us', 'ca', 'mx', 'cl')", name="marketplace"),
    )


class AccessTokenRow(Base):
    """The Walmart access token of an account, shared by all workers and renewed by one of them at a time."""

    __tablename__ = "access_tokens"

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    renewing_until: Mapped[datetime | None]


class EventRow(Base):
    """What came in: a webhook, a poll's finding or a person's wish. Never deleted before its order."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    source: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    store_id: Mapped[int | None] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"))
    delivery_key: Mapped[str | None]
    type: Mapped[str] = mapped_column(default="")
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
        Index(
            "ix_events_new", "id", sqlite_where=text("state = 'received'"), postgresql_where=text("state = 'received'")
        ),
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


class OrderRow(Base):
    """The last snapshot of an order, kept for the grid, the links and the plan. Truth is at Walmart and Magento."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"), unique=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    po: Mapped[str]
    customer_order_id: Mapped[str]
    ordered_at: Mapped[datetime]
    ship_by: Mapped[datetime | None]
    deliver_by: Mapped[datetime | None]
    buyer: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    address: Mapped[dict[str, Any]] = mapped_column(default=dict)
    method_code: Mapped[str] = mapped_column(default="")
    ship_node: Mapped[str]
    order_type: Mapped[str] = mapped_column(default="")
    original_customer_order_id: Mapped[str] = mapped_column(default="")
    currency: Mapped[str]
    total: Mapped[Decimal]
    refunded: Mapped[Decimal]
    status: Mapped[str]
    counts: Mapped[str] = mapped_column(default="")
    acknowledge_by: Mapped[datetime | None]
    acknowledged_late: Mapped[bool] = mapped_column(default=False)
    waiting_for: Mapped[list[Any]] = mapped_column(default=list)
    attention: Mapped[str | None] = mapped_column(Text)
    under_way: Mapped[bool] = mapped_column(default=False)
    magento_order_id: Mapped[int | None]
    magento_increment_id: Mapped[str | None]
    magento_state: Mapped[str] = mapped_column(default="")
    magento_status: Mapped[str] = mapped_column(default="")
    magento_is_gone: Mapped[bool] = mapped_column(default=False)
    magento_counts: Mapped[str] = mapped_column(default="")
    made_up: Mapped[list[Any]] = mapped_column(default=list)
    is_demo: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    account: Mapped[AccountRow] = relationship(lazy="raise")
    lines: Mapped[list[LineRow]] = relationship(lazy="raise", order_by="LineRow.position", cascade="all, delete-orphan")

    __table_args__ = (
        UniqueConstraint("account_id", "po"),
        Index("ix_orders_newest", "ordered_at", "id"),
        Index("ix_orders_status", "status", "ordered_at", "id"),
        Index("ix_orders_account", "account_id", "ordered_at", "id"),
        Index("ix_orders_account_status", "account_id", "status", "ordered_at", "id"),
        Index(
            "ix_orders_no_magento",
            "ordered_at",
            "id",
            sqlite_where=text("magento_order_id is null"),
            postgresql_where=text("magento_order_id is null"),
        ),
        Index(
            "ix_orders_account_no_magento",
            "account_id",
            "ordered_at",
            "id",
            sqlite_where=text("magento_order_id is null"),
            postgresql_where=text("magento_order_id is null"),
        ),
        Index("ix_orders_changed_at", "changed_at", "id"),
        Index("ix_orders_magento", "magento_order_id"),
    )


class LineRow(Base):
    """One order line: quantities per status and charges as Walmart last gave them, prices as first read."""

    __tablename__ = "order_lines"

    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    sku: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    quantity: Mapped[int]
    quantities: Mapped[list[Any]]
    charges: Mapped[list[Any]]
    intent_to_cancel: Mapped[str] = mapped_column(default="")
    refunded: Mapped[Decimal]
    product_id: Mapped[int | None]


class CommandRow(Base):
    """What must go out. Its key is unique, its payload is frozen before the first send, it is never deleted."""

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
    tries: Mapped[int] = mapped_column(default=0)
    first_sent_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(Text, default="")
    dismissed_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_commands_due",
            "next_attempt_at",
            sqlite_where=text("state in ('queued', 'running')"),
            postgresql_where=text("state in ('queued', 'running')"),
        ),
        Index("ix_commands_order", "sync_id", "id"),
        Index("ix_commands_state", "state", "id"),
    )


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

    __table_args__ = (Index("ix_attempts_order", "sync_id", "id"), Index("ix_attempts_command", "command_id", "id"))


class ChangeRow(Base):
    """What was seen to change on an order, or what a person did to it, as one sentence with its author."""

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str]
    by: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_changes_order", "sync_id", "id"),)


class MissingSkuRow(Base):
    """An order waits for this SKU to appear in the store; all waiting SKUs are asked for together."""

    __tablename__ = "missing_skus"

    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), index=True)


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


class UserRow(Base):
    """A person who may sign in. Without a password only a one-time link opens the door."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    is_disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

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
