"""Orders as last read, their lines, and what was seen to change."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.accounts import AccountRow
from webapp.models.base import Base, Id


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
    magento_items: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """The way back: for each line of the Magento order the Walmart lines, and how many units of each, behind it."""
    magento_carts: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Every cart that was opened for this order, newest last: one of them may have become an order unseen."""
    magento_former: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Magento orders that this one was created as before: deleted or canceled, and created again by a person."""
    creation_asked: Mapped[int] = mapped_column(default=0, server_default="0")
    """The generation of `CreateMagentoOrder` that a person asked for, whatever the settings say; 0: nobody did."""
    corrected_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a person put in place of Walmart's address and e-mail; Walmart's own stay in `address` and `email`."""
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
    linked_sku: Mapped[str | None]
    """The shop's SKU that a person linked this line to, for this order alone; it goes before all else."""


class ChangeRow(Base):
    """What was seen to change on an order, or what a person did to it, as one sentence with its author.

    `private` is what only who may see the buyer's address reads; it is buyer data.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sync_id: Mapped[int] = mapped_column(Id, ForeignKey("syncs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str]
    by: Mapped[str]
    sentence: Mapped[str] = mapped_column(Text)
    private: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_changes_order", "sync_id", "id"),)


class NoteRow(Base):
    """What a person wrote on an order for others to read. An empty text was erased together with the buyer's data."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(Id, ForeignKey("orders.id", ondelete="CASCADE"))
    request_id: Mapped[str] = mapped_column(unique=True)
    author: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime | None]
    changed_by: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_notes_order", "order_id", "id"),)
