"""Orders as last read, their lines, and what was seen to change."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DDL, JSON, BigInteger, Computed, ForeignKey, Index, Text, UniqueConstraint, event, false, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from webapp.domain import facets
from webapp.domain.facets import Problem
from webapp.domain.hold_rules import HELD
from webapp.domain.plan import asking
from webapp.models.accounts import AccountRow
from webapp.models.base import Base, Id

_NAMES = {
    "status": " ".join(f"when '{status}' then {rank}" for rank, status in enumerate(facets.STATUSES[:-1])),
    "status_rest": len(facets.STATUSES) - 1,
    "status_unit": 1 << facets.STATUS_AT,
    "shop_unit": 1 << facets.IN_SHOP_AT,
    "node_unit": 1 << facets.SHIPPED_BY_AT,
    "problem_unit": 1 << facets.PROBLEM_AT,
    "account_unit": 1 << facets.ACCOUNT_AT,
}


def _begins(sentence: str, problem: Problem) -> str:
    return f"when substr(attention, 1, {len(sentence)}) = '{sentence}' then {int(problem)}"


_ASKS = (
    (asking.NO_PRODUCT, Problem.PRODUCT),
    (asking.NO_CARRIER, Problem.CARRIER),
    (asking.NO_REASON, Problem.REASON),
    (asking.BUYER_ASKED, Problem.ANSWER),
    (asking.SHIPPED_THOUGH_ASKED, Problem.ANSWER),
    (asking.LATE, Problem.LATE),
    (HELD, Problem.HELD),
)
_IS_HELD = f"substr(attention, 1, {len(HELD)}) = '{HELD}'"
PROBLEM = (
    f"case {' '.join(_begins(*one) for one in _ASKS)} when has_failed then {int(Problem.FAILED)}"
    f" when attention is not null then {int(Problem.ELSE)} when wants_to_cancel then {int(Problem.ANSWER)} else 0 end"
)
DIFFERS = (
    "case when magento_order_id is null then 0"
    " when magento_is_gone then (case when status = 'Canceled' then 0 else 1 end)"
    " when magento_state = '' then 0"
    " when status = 'Canceled' then (case magento_state when 'canceled' then 0 when 'closed' then 0 else 1 end)"
    " when magento_state = 'canceled' then 1"
    " when status <> 'Shipped' then (case magento_state when 'complete' then 1 when 'closed' then 1 else 0 end)"
    " when magento_state = 'closed' then (case when refunded > 0 then 0 else 1 end)"
    " when ship_node = 'SellerFulfilled' and replace(magento_counts, 'shipped', '') = magento_counts then 1"
    " else 0 end"
)
"""Both sides do not show the same. That a shop ships nothing of a WFS order is as it should be."""
FACET = (
    "account_id * {account_unit} + (case status {status} else {status_rest} end) * {status_unit}"
    " + (case when magento_order_id is not null and magento_is_gone then 1 when magento_order_id is not null then 0"
    f" when wants_magento and {_IS_HELD} then 3 when wants_magento and attention is not null then 2"
    " when wants_magento then 3 else 4 end) * {shop_unit}"
    " + (case ship_node when 'SellerFulfilled' then 0 when 'WFSFulfilled' then 1 else 2 end) * {node_unit}"
    " + (case when attention is not null or wants_to_cancel then 1 else 0 end)"
    " + (case when acknowledge_by is not null then 2 else 0 end)"
    " + (case when to_ship then 4 else 0 end)"
    " + (case when is_open then 8 else 0 end)"
    " + (case when has_failed then 16 else 0 end)"
    " + (case when wants_to_cancel then 32 else 0 end)"
    " + (case when refunded > 0 then 64 else 0 end)"
    f" + ({DIFFERS}) * 128 + ({PROBLEM}) * {{problem_unit}}"
).format(**_NAMES)
"""The order's facet (`domain.facets`), as SQL over its own columns."""


HAS_BUYER = "buyer_erased_at is null"
LEAD = {
    "sqlite": "strftime('%s', ship_by) - strftime('%s', ordered_at)",
    "postgresql": "extract(epoch from ship_by - ordered_at)",
}
"""Seconds from the sale to the ship-by date. An index of it tells the shortest and the longest at once."""


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
    remarks: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """What is not as one would expect and stays so, a sentence each."""
    choices: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a person has decided for this order (`domain.plan.Choices`)."""
    auto_cancel_at: Mapped[datetime | None]
    """When Walmart cancels what is still open; None when nothing is, or when the seller does not ship it."""
    under_way: Mapped[bool] = mapped_column(default=False)
    is_open: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Some unit is neither shipped nor canceled."""
    to_ship: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Some acknowledged unit is left to the seller to ship."""
    wants_to_cancel: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The buyer asked to cancel a unit that is open, and nobody has decided to ship it anyway."""
    has_failed: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A command of it is parked."""
    wants_magento: Mapped[bool] = mapped_column(default=False, server_default=false())
    """No Magento order is linked, and one is to be made."""
    facet: Mapped[int] = mapped_column(BigInteger, Computed(FACET, persisted=True))
    magento_order_id: Mapped[int | None]
    magento_increment_id: Mapped[str | None]
    magento_state: Mapped[str] = mapped_column(default="")
    magento_status: Mapped[str] = mapped_column(default="")
    magento_is_gone: Mapped[bool] = mapped_column(default=False)
    magento_counts: Mapped[str] = mapped_column(default="")
    magento_items: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """The way back: for each line of the Magento order the Walmart lines, and how many units of each, behind it."""
    magento_seen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The Magento order as last read, with its shipments and credit memos."""
    magento_carts: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Every cart that was opened for this order, newest last: one of them may have become an order unseen."""
    magento_former: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    """Magento orders that this one was created as before: deleted or canceled, and created again by a person."""
    creation_asked: Mapped[int] = mapped_column(default=0, server_default="0")
    """The generation of `CreateMagentoOrder` that a person asked for, whatever the settings say; 0: nobody did."""
    corrected_address: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a person put in place of Walmart's address and e-mail; Walmart's own stay in `address` and `email`."""
    finished_at: Mapped[datetime | None]
    """Since when every unit is shipped or canceled."""
    buyer_erased_at: Mapped[datetime | None]
    """When whatever tells who the buyer is was erased for good."""
    made_up: Mapped[list[Any]] = mapped_column(default=list)
    find_numbers: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    find_items: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    find_buyer: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    """The words (`domain.words`) of its numbers, its products and its buyer. The database keeps their index."""
    is_demo: Mapped[bool] = mapped_column(default=False)
    imported_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    notes: Mapped[int | None] = query_expression()
    """How many notes there are on it, where a question asks for that (`queries.with_notes`)."""

    account: Mapped[AccountRow] = relationship(lazy="raise")
    lines: Mapped[list[LineRow]] = relationship(lazy="raise", order_by="LineRow.position", cascade="all, delete-orphan")

    __table_args__ = (
        UniqueConstraint("account_id", "po"),
        # Each sort over everything, with what may be filtered by beside it; and each sort within one facet.
        Index("ix_orders_by_sold", "ordered_at", "id", "facet", "ship_by", "total"),
        Index("ix_orders_by_due", "ship_by", "id", "facet", "ordered_at", "total"),
        Index("ix_orders_by_total", "total", "id", "facet", "ordered_at", "ship_by"),
        Index("ix_orders_facet_sold", "facet", "ordered_at", "id", "ship_by", "total"),
        Index("ix_orders_facet_due", "facet", "ship_by", "id", "ordered_at", "total"),
        Index("ix_orders_facet_total", "facet", "total", "id", "ordered_at", "ship_by"),
        Index("ix_orders_changed_at", "changed_at", "id"),
        Index("ix_orders_magento", "magento_order_id"),
        Index("ix_orders_to_erase", "finished_at", sqlite_where=text(HAS_BUYER), postgresql_where=text(HAS_BUYER)),
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
    refunds: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    return_order_id: Mapped[str] = mapped_column(default="", server_default=text("''"))
    seller_order_id: Mapped[str] = mapped_column(default="", server_default=text("''"))
    product_id: Mapped[int | None]
    product_type: Mapped[str] = mapped_column(default="", server_default=text("''"))
    """Magento's type of the product, as last read; empty where none was found yet."""
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

    __table_args__ = (Index("ix_changes_order", "sync_id", "id"), Index("ix_changes_at", "at", "id"))


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


FINDING = {
    "sqlite": (
        "create virtual table orders_fts using fts5(find_numbers, find_items, find_buyer, content='orders', "
        "content_rowid='id', detail=column, prefix='2 3', tokenize='unicode61 remove_diacritics 0')",
        "create trigger orders_fts_insert after insert on orders begin "
        "insert into orders_fts(rowid, find_numbers, find_items, find_buyer) "
        "values (new.id, new.find_numbers, new.find_items, new.find_buyer); end",
        "create trigger orders_fts_delete after delete on orders begin "
        "insert into orders_fts(orders_fts, rowid, find_numbers, find_items, find_buyer) "
        "values ('delete', old.id, old.find_numbers, old.find_items, old.find_buyer); end",
        "create trigger orders_fts_update after update of find_numbers, find_items, find_buyer on orders begin "
        "insert into orders_fts(orders_fts, rowid, find_numbers, find_items, find_buyer) "
        "values ('delete', old.id, old.find_numbers, old.find_items, old.find_buyer); "
        "insert into orders_fts(rowid, find_numbers, find_items, find_buyer) "
        "values (new.id, new.find_numbers, new.find_items, new.find_buyer); end",
    ),
    "postgresql": (
        "alter table orders add column find_vector tsvector generated always as ("
        "array_to_tsvector(string_to_array(ltrim(replace(find_numbers, ' ', ' n')), ' ')) || "
        "array_to_tsvector(string_to_array(ltrim(replace(find_items, ' ', ' i')), ' ')) || "
        "array_to_tsvector(string_to_array(ltrim(replace(find_buyer, ' ', ' b')), ' '))) stored",
        "create index ix_orders_find on orders using gin (find_vector)",
    ),
}
"""The index of the words: FTS5 beside the table on SQLite, a `tsvector` in it on PostgreSQL, whose words begin with the
letter of their field. Either is kept by the database in the transaction that writes the order, and goes with it."""

for _dialect, _statements in FINDING.items():
    for _statement in (*_statements, f"create index ix_orders_lead on orders (({LEAD[_dialect].replace('%', '%%')}))"):
        event.listen(OrderRow.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]


def is_of_finding(name: str | None) -> bool:
    """This table, column or index is the database's own, and no model has it."""
    return (name or "").startswith(("orders_fts", "find_vector", "ix_orders_find", "ix_orders_lead"))
