"""Orders as plain JSON values, for the command line and for scripts that rely on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp import timeline
from webapp.accounts import Account
from webapp.models import AccountRow, OrderRow, db


def orders() -> Iterator[dict[str, Any]]:
    """All orders, newest first, each with what it waits for."""
    wanted = select(OrderRow, AccountRow.name).join(AccountRow, AccountRow.id == OrderRow.account_id)
    wanted = wanted.order_by(OrderRow.ordered_at.desc(), OrderRow.id.desc()).execution_options(yield_per=500)
    for row, account in db.session.execute(wanted):
        yield _heading(row, account)


def order(account: Account, sync_id: int) -> dict[str, Any]:
    """One order with its lines, quantities per status, and its log. Raises NoResultFound for an unknown one."""
    wanted = select(OrderRow).where(OrderRow.sync_id == sync_id).options(selectinload(OrderRow.lines))
    row = db.session.execute(wanted.execution_options(populate_existing=True)).scalar_one()
    return {
        **_heading(row, account.name),
        "counts": row.counts,
        "total": str(row.total),
        "currency": row.currency,
        "lines": [_line(line) for line in row.lines],
        "log": [{"at": entry.at, "by": entry.by, "sentence": entry.sentence} for entry in _log(row)],
    }


def _heading(row: OrderRow, account: str) -> dict[str, Any]:
    return {
        "account": account,
        "po": row.po,
        "customer_order_id": row.customer_order_id,
        "status": row.status,
        "magento_increment_id": row.magento_increment_id,
        "magento_order_id": row.magento_order_id,
        "waiting_for": row.waiting_for,
        "attention": row.attention,
    }


def _line(line: Any) -> dict[str, Any]:
    quantities: dict[str, int] = {}
    for quantity in line.quantities:
        quantities[quantity["status"]] = quantities.get(quantity["status"], 0) + quantity["amount"]
    return {
        "number": line.number,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "quantities": quantities,
    }


def _log(row: OrderRow) -> tuple[timeline.Entry, ...]:
    return timeline.log(row.account_id, row.po, row.sync_id)
