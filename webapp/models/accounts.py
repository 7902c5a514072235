"""Walmart accounts, Magento stores, and the access tokens that workers share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.base import Base, Id


class StoreRow(Base):
    """A Magento instance and one of its store views."""

    __tablename__ = "stores"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    public_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The address was typed into a page, so it may only lead to a public host over https."""
    admin_url: Mapped[str] = mapped_column(default="")
    store_view: Mapped[str] = mapped_column(default="default")
    store_id: Mapped[int] = mapped_column(default=1)
    currency: Mapped[str] = mapped_column(default="USD")
    time_zone: Mapped[str] = mapped_column(default="UTC")
    mode: Mapped[str] = mapped_column(default="direct")
    credentials: Mapped[bytes]
    credentials_set_at: Mapped[datetime | None]
    """When they were last entered; None for those entered before this was kept."""
    webhook_auth: Mapped[bytes]
    is_demo: Mapped[bool] = mapped_column(default=False)
    is_paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    trouble: Mapped[str | None] = mapped_column(Text)
    """Why the latest call to the shop got no usable answer; None once one does."""
    trouble_since: Mapped[datetime | None]
    """When the first of these calls in a row failed."""
    is_away: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Another call has failed since, a little later, and none has succeeded: it is not that one call."""

    __table_args__ = (
        UniqueConstraint("id", "is_demo"),
        CheckConstraint("mode in ('direct', 'cart')", name="mode"),
    )


class StoreFactRow(Base):
    """Something that was read from a store and holds for a while: its regions, its stock."""

    __tablename__ = "store_facts"

    store_id: Mapped[int] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    read_at: Mapped[datetime]


class AccountRow(Base):
    """A Walmart seller account, tied to one store. A demo account can only be tied to a demo store."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    store_id: Mapped[int] = mapped_column(Id)
    marketplace: Mapped[str] = mapped_column(default="us")
    api_url: Mapped[str]
    public_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The address was typed into a page, so it may only lead to a public host over https."""
    client_id: Mapped[str]
    client_secret: Mapped[bytes]
    seller_id: Mapped[str] = mapped_column(default="")
    webhook_auth: Mapped[bytes]
    old_secret_until: Mapped[datetime | None]
    """Until when the webhook secret before the present one is still accepted; None while Walmart may need it."""
    number_prefix: Mapped[str] = mapped_column(default="")
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_demo: Mapped[bool] = mapped_column(default=False)
    is_paused: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    """Calls to Walmart in a row that got no usable answer."""
    trouble: Mapped[str | None] = mapped_column(Text)
    """Why Walmart does not serve the account, in Walmart's words; None while it does."""
    trouble_since: Mapped[datetime | None]
    probe_at: Mapped[datetime | None]
    """Until then an account with a trouble rests as a whole; then one call goes out and finds out."""

    store: Mapped[StoreRow] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (
        ForeignKeyConstraint(["store_id", "is_demo"], ["stores.id", "stores.is_demo"]),
        UniqueConstraint("store_id", "number_prefix"),
        CheckConstraint("marketplace in ('us', 'ca', 'mx', 'cl')", name="marketplace"),
    )


class AccessTokenRow(Base):
    """The Walmart access token of an account, shared by all workers and renewed by one of them at a time.

    `failure` is what the last renewal got instead of a token, and `failed_at` when: whoever waited for it shares it.
    """

    __tablename__ = "access_tokens"

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    renewing_until: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class StoreTokenRow(Base):
    """The token of a shop's admin user, shared by all workers and renewed by one of them at a time.

    Its columns are those of `AccessTokenRow`.
    """

    __tablename__ = "store_tokens"

    store_id: Mapped[int] = mapped_column(Id, ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[bytes | None]
    fetched_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    renewing_until: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class BucketRow(Base):
    """How full Walmart's token bucket of one account and endpoint is, by our count, shared by all workers.

    `line_at` is the place in time that the last call which had to wait was told; `most_left` the most that Walmart
    ever said was left, where it publishes no limit.
    """

    __tablename__ = "buckets"

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    full_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    line_at: Mapped[datetime | None]
    most_left: Mapped[int] = mapped_column(default=0)


class SubscriptionRow(Base):
    """What is known of one webhook subscription at Walmart, as of the last look."""

    __tablename__ = "subscriptions"

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    is_active: Mapped[bool] = mapped_column(default=False)
    trouble: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime]


class SettingChangeRow(Base):
    """A setting that somebody changed, old and new; a secret only as changed. It outlives its account or store."""

    __tablename__ = "setting_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="SET NULL"))
    store_id: Mapped[int | None] = mapped_column(Id, ForeignKey("stores.id", ondelete="SET NULL"))
    subject: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    setting: Mapped[str]
    before: Mapped[str] = mapped_column(Text, default="")
    after: Mapped[str] = mapped_column(Text, default="")

    __table_args__ = (
        Index("ix_setting_changes_account", "account_id", "id"),
        Index("ix_setting_changes_store", "store_id", "id"),
    )
