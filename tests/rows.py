"""Rows as the workers would leave them: plain functions with defaults, for tests of the pages and for drawings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp import clock, order_rows, vault
from webapp.domain.order import Address, Charge, Line, Order, Quantity, Tracking
from webapp.models import (
    AccountRow,
    AttemptRow,
    ChangeRow,
    CommandRow,
    EventRow,
    OrderRow,
    StoreRow,
    SyncRow,
)
from webapp.unit_of_work import Work

ALDER_COURT = Address(
    name="Maria Gonzalez",
    address1="418 Alder Court",
    address2="Apt 2",
    city="Spokane",
    state="WA",
    postal_code="99201",
    country="USA",
    phone="5095550134",
)


def a_store(work: Work, name: str = "North Outfitters shop", **changes: Any) -> StoreRow:
    """A Magento store whose admin is known, in Los Angeles' time."""
    values = {
        "key": vault.new_key(),
        "name": name,
        "url": "https://shop.example",
        "admin_url": "https://shop.example/admin/",
        "time_zone": "America/Los_Angeles",
        "credentials": vault.seal({"token": "token"}),
        "webhook_auth": vault.seal({"mode": "none", "secrets": ["secret-in-the-path"]}),
        "created_at": clock.now(),
    }
    row = StoreRow(**values | changes)
    work.add(row)
    work.flush()
    return row


def an_account(work: Work, store: StoreRow, name: str = "North Outfitters", **changes: Any) -> AccountRow:
    """A Walmart account tied to `store`."""
    values = {
        "key": vault.new_key(),
        "name": name,
        "store_id": store.id,
        "api_url": "https://walmart.example",
        "client_id": "client",
        "client_secret": vault.seal("client-secret"),
        "webhook_auth": vault.seal({"mode": "none", "secrets": ["secret-in-the-path"]}),
        "number_prefix": vault.new_key(),
        "is_demo": store.is_demo,
        "created_at": clock.now(),
    }
    row = AccountRow(**values | changes)
    row.store = store
    work.add(row)
    work.flush()
    return row


def a_line(
    number: str = "1",
    sku: str = "MUG-RED",
    title: str = "Enamel mug, red",
    price: str = "11.00",
    tax: str = "0.98",
    shipping: str = "0",
    **changes: Any,
) -> Line:
    """One unit of one product; `statuses` is a dict of units per Walmart word, `tracking` goes on what is shipped."""
    statuses: dict[str, int] = changes.pop("statuses", {"Acknowledged": 1})
    tracking = changes.pop("tracking", None)
    quantities = tuple(
        Quantity(status, amount, tracking if status in {"Shipped", "Delivered"} else None)
        for status, amount in statuses.items()
    )
    charges = [Charge("PRODUCT", "ItemPrice", Decimal(price), Decimal(tax), "Tax1")]
    if Decimal(shipping):
        charges.append(Charge("SHIPPING", "Shipping", Decimal(shipping)))
    return Line(number, sku, title, sum(statuses.values()), quantities, tuple(charges), **changes)


def a_parcel(number: str = "1Z999AA10123456784") -> Tracking:
    return Tracking("UPS", number, f"https://www.ups.com/track?tracknum={number}", "Standard", clock.now())


def turns(work: Work, account: AccountRow, pos: Iterable[str]) -> dict[str, SyncRow]:
    """The turns of many orders, written together, which `an_order` takes then."""
    made = {po: _turn(account, po) for po in pos}
    work.session.add_all(made.values())
    work.flush()
    return made


def _turn(account: AccountRow, po: str) -> SyncRow:
    now = clock.now()
    return SyncRow(account_id=account.id, po=po, look_again_at=now + timedelta(hours=20), read_at=now)


def reread(work: Work, po: str, *lines: Line) -> None:
    """What a later read of the order at Walmart leaves, which shows these lines."""
    row = work.session.execute(
        select(OrderRow).where(OrderRow.po == po).options(selectinload(OrderRow.lines))
    ).scalar_one()
    order_rows.fill(row, replace(order_rows.to_order(row), lines=lines))


def an_order(
    work: Work,
    account: AccountRow,
    po: str,
    lines: tuple[Line, ...] = (),
    *,
    ordered_at: datetime | None = None,
    ship_in: timedelta | None = timedelta(hours=26),
    address: Address = ALDER_COURT,
    magento: bool = True,
    products: bool = True,
    turn: SyncRow | None = None,
    **changes: Any,
) -> OrderRow:
    """An order as a sync leaves it; `changes` go into the row as they are. With one of `turns` it is one of many, which
    are written together at the end."""
    now = clock.now()
    sync = turn or turns(work, account, [po])[po]
    of_domain = {name: changes.pop(name) for name in ("ship_node", "order_type", "currency") if name in changes}
    order = Order(
        po=po,
        customer_order_id=changes.pop("customer_order_id", f"48{po[-11:]}"),
        ordered_at=ordered_at or now - timedelta(minutes=20),
        lines=lines or (a_line(),),
        ship_by=now + ship_in if ship_in is not None else None,
        deliver_by=now + timedelta(days=5),
        email="maria.gonzalez@relay.example",
        address=address,
        method_code="Standard",
        **of_domain,
    )
    row = OrderRow(sync_id=sync.id, account_id=account.id, po=po, imported_at=now, changed_at=now, lines=[], made_up=[])
    row.waiting_for, row.is_demo = [], account.is_demo
    order_rows.fill(row, order)
    if magento:
        row.magento_order_id, row.magento_increment_id = int(po[-6:]) + 1, f"WM-{po}"
        row.magento_state = row.magento_status = "processing"
    order_rows.set_numbers(row, order)
    for line in row.lines:
        line.product_id = 40 + line.position if products else None
    for name, value in changes.items():
        setattr(row, name, value)
    work.add(row)
    if turn is None:
        work.flush()
    return row


def an_event(work: Work, order: OrderRow, **changes: Any) -> EventRow:
    """A handled Walmart webhook about an order."""
    values: dict[str, Any] = {
        "source": "walmart",
        "account_id": order.account_id,
        "type": "PO_CREATED",
        "po": order.po,
        "headers": {"content-type": "application/json"},
        "body": msgspec.json.encode({"purchaseOrderId": order.po, "customerEmailId": "maria@relay.example"}),
        "received_at": order.imported_at - timedelta(seconds=1),
        "state": "handled",
        "handled_at": order.imported_at,
    }
    row = EventRow(**values | changes)
    work.add(row)
    return row


def a_command(work: Work, order: OrderRow, kind: str = "AcknowledgeOrder", **changes: Any) -> CommandRow:
    """A command that was just issued by the rules."""
    values: dict[str, Any] = {
        "sync_id": order.sync_id,
        "kind": kind,
        "key": vault.new_key(),
        "cause": "1",
        "arguments": {"generation": 1},
        "state": "queued",
        "issued_by": "rule",
        "issued_at": clock.now(),
        "next_attempt_at": clock.now() + timedelta(hours=1),
    }
    row = CommandRow(**values | changes)
    work.add(row)
    work.flush()
    return row


def an_attempt(work: Work, order: OrderRow, command: CommandRow | None, sentence: str, **changes: Any) -> AttemptRow:
    """One try with one call."""
    values: dict[str, Any] = {
        "sync_id": order.sync_id,
        "command_id": command.id if command else None,
        "number": 1,
        "started_at": order.imported_at + timedelta(seconds=1),
        "duration_ms": 184,
        "outcome": "done",
        "sentence": sentence,
        "calls": [a_call()],
    }
    row = AttemptRow(**values | changes)
    work.add(row)
    return row


def a_call(**changes: Any) -> dict[str, Any]:
    """A recorded call, as the connectors keep it."""
    kept: dict[str, Any] = {
        "side": "Walmart",
        "at": clock.now().isoformat(),
        "method": "POST",
        "url": "https://walmart.example/v3/orders/2802123876439/acknowledge",
        "status": 200,
        "duration_ms": 184,
        "correlation_id": "7f3a9c10-5d1e-4b77-a61c-09c4f5b2d001",
        "request_excerpt": "",
        "response_excerpt": '{"order":{"purchaseOrderId":"2802123876439"}}',
        "error": "",
    }
    return kept | changes


def a_change(work: Work, order: OrderRow, sentence: str, kind: str = "status", by: str = "rule") -> ChangeRow:
    """Something seen or done, as one sentence."""
    row = ChangeRow(sync_id=order.sync_id, at=clock.now(), kind=kind, by=by, sentence=sentence)
    work.add(row)
    return row
