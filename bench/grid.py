"""How long the server takes for a page of the orders grid at a million orders, and how many SQL statements."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, text

from bench.figures import percentile, table, verdict
from bench.stage import Stage, connect, forget, stage
from jobs import garbage
from webapp import clock, people
from webapp.app import create_app
from webapp.domain import words
from webapp.domain.order import OrderStatus
from webapp.grid import saved
from webapp.grid.saved import Search
from webapp.grid.sql import cursor_beside
from webapp.grid.wanted import Sort
from webapp.models import LineRow, OrderRow, SyncRow, UserRow, db
from webapp.people import Person, Role
from webapp.views import rows

ORDERS = 1_000_000
BASELINE = 1_000
"""The same questions at so many orders: what a page costs by itself."""
CHUNK = 20_000
P95, STATEMENTS = 50.0, 8
DAYS = 730
SYNCS, ROWS, LINES = (row.metadata.tables[row.__tablename__] for row in (SyncRow, OrderRow, LineRow))
LEADS = (1, 2, 2, 3, 5, 14)
"""Days from the sale to the ship-by date."""
STATUSES = tuple(OrderStatus)
SHARES = (0.01, 0.03, 0.02, 0.90, 0.04)
HEADS, TAILS = ("Al", "Ber", "Cor", "Dun", "El", "Fen", "Gor", "Hal"), ("an", "ett", "ine", "o")
NAMES = [head + tail for head in HEADS for tail in TAILS]
SEARCHES = ("mug 1234", "Elan Fenett", "77000123", "nobodyiscalledthis")
FILTERS: dict[str, dict[str, str]] = {
    "status": {"status": "unshipped"},
    "shipped": {"status": "shipped"},
    "magento": {"magento": "no"},
    "by": {"by": "seller"},
    "tab": {"tab": "late"},
    "sold": {"sold_from": "2026-03-01", "sold_to": "2026-03-31"},
    "due": {"due_from": "2026-05-01", "due_to": "2026-06-30"},
    "total": {"total_from": "20", "total_to": "60"},
    "items": {"items": "mug"},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One page: what it is called, its address, and what it took: milliseconds by the clock, of the processor, SQL.

    `again` is by the clock too, where its rows were drawn a moment before.
    """

    name: str
    address: str
    wall: float = 0.0
    processor: float = 0.0
    statements: int = 0
    again: float = 0.0


def main(*, quick: bool) -> None:
    """Ask for the same pages at a few orders and at many."""
    many = ORDERS // 10 if quick else ORDERS
    few_took, many_took = (_at(orders, pairs=not quick) for orders in (BASELINE, many))
    header = ("", f"p50 at {BASELINE:,}", "p95", f"p50 at {many:,}", "p95", "most", "seen p50", "seen p95", "SQL")
    print(f"\nA page of the orders grid, ms, {len(many_took)} different questions")
    print(table(header, [_line(name, few_took, many_took) for name in (*Sort, "search", "")]))
    p95 = percentile([one.wall for one in many_took], 0.95)
    most = max(one.statements for one in many_took)
    print(f"ratio of the p95 to the baseline's: {p95 / percentile([one.wall for one in few_took], 0.95):.2f}")
    print(f"p95 {verdict(p95, P95, at_least=False)}; statements {verdict(most, STATEMENTS, at_least=False)}")
    print("The slowest:")
    for one in sorted(many_took, key=lambda one: -one.processor)[:8]:
        print(f"  {one.wall:6.0f} ms ({one.processor:.0f} of the processor), {one.statements} SQL: {one.name}")


def _line(name: str, few: Sequence[Asked], many: Sequence[Asked]) -> list[str]:
    less, more = ([one for one in asked if one.name.startswith(name)] for asked in (few, many))
    walls = [one.wall for one in more]
    return [
        name or "all",
        f"{percentile([one.wall for one in less], 0.5):.0f}",
        f"{percentile([one.wall for one in less], 0.95):.0f}",
        f"{percentile(walls, 0.5):.0f}",
        f"{percentile(walls, 0.95):.0f}",
        f"{max(walls):.0f}",
        f"{percentile([one.again for one in more], 0.5):.0f}",
        f"{percentile([one.again for one in more], 0.95):.0f}",
        str(max(one.statements for one in more)),
    ]


def _at(orders: int, *, pairs: bool) -> list[Asked]:
    with stage() as played:
        connect(played, None)
        app = create_app(played.settings)
        began = time.perf_counter()
        fill(app, orders)
        print(f"{orders:,} orders made in {time.perf_counter() - began:.0f} s", flush=True)
        logging.disable(logging.INFO)
        try:
            return [_ask(client, asked) for client, asked in _questions(app, played, orders, pairs=pairs)]
        finally:
            logging.disable(logging.NOTSET)
            with app.app_context():
                forget(app)


def _questions(app: Flask, played: Stage, orders: int, *, pairs: bool) -> Iterator[tuple[FlaskClient, Asked]]:
    """Each sort both ways, with no filter, one and two, at the top and in the middle of the list; and searches."""
    with app.app_context():
        path = people.first_link()
        user = db.session.execute(select(UserRow)).scalars().one()
        me = Person(user.id, user.email, Role.ADMIN, has_password=False, session="")
        keys = {each: saved.keep_search(me, Search(text=each)) for each in SEARCHES}
        middle = db.session.get_one(OrderRow, orders // 2)
        lists = [(sort, down, str(cursor_beside(middle, sort, down))) for sort in Sort for down in (True, False)]
        db.session.remove()
    client = app.test_client()
    assert client.get(str(path)).status_code == 303
    client.get("/orders")
    # As before the services are forked.
    garbage.leave_what_is_there()
    filters = FILTERS | {"account": {"account": played.account}}
    chosen = [(), *((name,) for name in filters), *(combinations(filters, 2) if pairs else ())]
    for sort, down, cursor in lists:
        args = {"sort": f"{'-' if down else ''}{sort}"}
        for names in chosen:
            given = args | {key: value for name in names for key, value in filters[name].items()}
            for depth in ({}, {"after": cursor, "at": str(orders // 2)}):
                where = ", in the middle" if depth else ""
                name = f"{sort} {'down' if down else 'up'}, {' and '.join(names) or 'all'}{where}"
                yield client, Asked(name, urlencode(given | depth))
        for words_typed, key in keys.items():
            yield client, Asked(f"search “{words_typed}” by {sort}", urlencode(args | {"find": key}))


def _ask(client: FlaskClient, asked: Asked) -> Asked:
    """Once to warm up, once to measure with all its rows to be drawn, and once as somebody does who looks again."""
    address, app = f"/orders?{asked.address}", client.application
    client.get(address)
    statements = 0

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal statements
        statements += statement != "BEGIN"

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    rows.forget(app)
    wall, processor = _took(client, address)
    event.remove(engine, "before_cursor_execute", note)
    again, _ = _took(client, address)
    return Asked(asked.name, asked.address, wall, processor, statements, again)


def _took(client: FlaskClient, address: str) -> tuple[float, float]:
    """Milliseconds by the clock and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    answer = client.get(address)
    wall, processor = (time.perf_counter() - wall) * 1000, (time.process_time() - processor) * 1000
    assert answer.status_code == 200, answer.text
    return wall, processor


def fill(app: Flask, orders: int) -> None:
    """Straight into the tables; what the database keeps beside them is built at the end, which is quicker."""
    dice = random.Random(orders)
    with app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA cache_size=-400000")
        kept = text("select name, sql from sqlite_master where name = 'orders_fts_insert'")
        triggers = connection.execute(kept).all()
        for name, _ in triggers:
            connection.execute(text(f"drop trigger {name}"))
        indexes = [*ROWS.indexes, *LINES.indexes]
        for index in indexes:
            index.drop(connection)
        for first in range(1, orders + 1, CHUNK):
            _insert(connection, dice, range(first, min(first + CHUNK, orders + 1)))
            connection.commit()
        for index in indexes:
            index.create(connection)
        connection.execute(text("insert into orders_fts(orders_fts) values ('rebuild')"))
        for _, made_by in triggers:
            connection.execute(text(made_by))
        connection.execute(text("analyze"))
        connection.commit()
        forget(app)


def _insert(connection: Any, dice: random.Random, ids: range) -> None:
    rows = [_order(dice, number) for number in ids]
    connection.execute(insert(SYNCS), [{"id": row["id"], "account_id": 1, "po": row["po"], "hints": 1} for row in rows])
    connection.execute(insert(ROWS), rows)
    connection.execute(insert(LINES), [_line_of(row, place) for row in rows for place in range(1 + row["id"] % 4 // 3)])


def _order(dice: random.Random, number: int) -> dict[str, Any]:
    now = clock.now()
    sold = now - timedelta(minutes=dice.randrange(DAYS * 24 * 60))
    (status,) = dice.choices(STATUSES, SHARES)
    is_open = status not in {OrderStatus.SHIPPED, OrderStatus.CANCELED}
    is_made = dice.random() < 0.97
    po, co, buyer = f"{77_000_000_0000 + number}", f"{20_000_000_000 + number}", " ".join(dice.choices(NAMES, k=2))
    return {
        "id": number,
        "sync_id": number,
        "account_id": 1,
        "po": po,
        "customer_order_id": co,
        "ordered_at": sold,
        "ship_by": sold + timedelta(days=dice.choice(LEADS)),
        "buyer": buyer,
        "ship_node": "SellerFulfilled" if dice.random() < 0.9 else "WFSFulfilled",
        "currency": "USD",
        "total": Decimal(dice.randrange(500, 20_000)) / 100,
        "refunded": Decimal(0),
        "status": status,
        "attention": "A SKU has no product." if dice.random() < 0.002 else None,
        "is_open": is_open,
        "to_ship": is_open,
        "acknowledge_by": sold + timedelta(hours=4) if status is OrderStatus.CREATED else None,
        "magento_order_id": number if is_made else None,
        "magento_increment_id": f"WM-{po}" if is_made else None,
        "wants_magento": not is_made,
        "find_numbers": words.stored([po, co]),
        "find_items": words.stored([_sku(number)]),
        "find_buyer": words.stored([buyer]),
        "waiting_for": [],
        "made_up": [],
        "imported_at": sold,
        "changed_at": sold,
    }


def _sku(number: int) -> str:
    return f"{('MUG', 'LAMP', 'CHAIR', 'DESK')[number % 4]}-{number % 5000}"


def _line_of(order: dict[str, Any], place: int) -> dict[str, Any]:
    return {
        "order_id": order["id"],
        "number": str(place + 1),
        "position": place,
        "sku": _sku(order["id"]),
        "title": "A thing",
        "quantity": 1,
        "quantities": [],
        "charges": [],
        "refunded": Decimal(0),
    }
