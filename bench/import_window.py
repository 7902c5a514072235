"""How fast the orders of a window come in from Walmart's list, in how much memory, and what of that is ours."""

from __future__ import annotations

import base64
import json
import logging
import resource
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update

from bench.figures import table
from bench.stage import Stage, StandIns, ask, connect, forget, stage
from webapp import clock, order_rows, polls
from webapp.app import create_app
from webapp.connectors.loose import document
from webapp.connectors.walmart_parse import parse_page
from webapp.domain.order import SELLER_FULFILLED, Order
from webapp.models import LineRow, OrderRow, PollRow, SyncRow, db
from webapp.unit_of_work import unit_of_work

ORDERS = 10_000
AT_A_TIME = 500
KIND = "orders"
SYNCS, ROWS, LINES = (kind.metadata.tables[kind.__tablename__] for kind in (SyncRow, OrderRow, LineRow))


@dataclass(frozen=True, slots=True)
class Figures:
    """What the importing process measured of itself. Memory is the most it ever held, in MB."""

    orders: int
    first_seconds: float
    again_seconds: float
    mb_at_start: float
    mb_after_a_turn: float
    mb_at_most: float
    bare_seconds: float


def main(*, quick: bool = False) -> None:
    """Import a window by the ordinary poll, look at it again unchanged, and set both beside parsing and inserting."""
    orders = ORDERS // 10 if quick else ORDERS
    with stage() as played:
        stand_ins = played.sandbox()
        connect(played, stand_ins)
        some = {"random": True, "ship_node": SELLER_FULFILLED, "count": AT_A_TIME, "webhook": False}
        for _ in range(0, orders, AT_A_TIME):
            ask(f"{stand_ins.walmart['url']}/_control/orders", some)
        print(_in_words(_in_a_process_of_its_own(played, stand_ins)))


def _in_a_process_of_its_own(played: Stage, stand_ins: StandIns) -> Figures:
    """Memory is a process's own, and its peak never falls."""
    pages = played.folder / "pages"
    done = subprocess.run(
        [sys.executable, "-m", "bench.import_window", json.dumps(stand_ins.walmart), str(pages)],
        env=played.env,
        stdout=subprocess.PIPE,
        check=True,
    )
    return Figures(**json.loads(done.stdout))


def _import(walmart: dict[str, str], pages: Path) -> Figures:
    """Import, import again, and then the same pages bare."""
    logging.disable(logging.CRITICAL)
    app = create_app()
    with app.app_context():
        at_start = _peak()
        first, after_a_turn = _poll()
        again, _ = _poll()
        at_most = _peak()
        orders = db.session.execute(select(func.count()).select_from(OrderRow)).scalar_one()
        pages.mkdir()
        bodies = _fetch(walmart)
        bare = _bare(bodies)
        forget(app)
    return Figures(orders, first, again, at_start, after_a_turn, at_most, bare)


def _poll() -> tuple[float, float]:
    """Seconds for the poll, turn after turn; and the peak memory early on."""
    with unit_of_work() as work:
        work.execute(update(PollRow).where(PollRow.kind == KIND).values(due_at=clock.now()))
    began, early = time.perf_counter(), 0.0
    while turn := polls.take(PollRow.kind == KIND):
        polls.run(turn)
        early = early or _peak()
        db.session.remove()
    return time.perf_counter() - began, early


def _bare(bodies: list[bytes]) -> float:
    """Seconds to parse the same pages and to insert what is in them, a transaction a page, and nothing else."""
    began = time.perf_counter()
    for number, body in enumerate(bodies):
        page = parse_page(document(body), "USD")
        with unit_of_work() as work:
            _insert(work.session, page.orders, first=(number + 1) * 1_000_000)
    return time.perf_counter() - began


def _insert(session: Any, orders: tuple[Order, ...], first: int) -> None:
    now = clock.now()
    rows = [_row(order) for order in orders]
    turns = [{"id": first + n, "account_id": 1, "po": f"{order.po}-bare"} for n, order in enumerate(orders)]
    session.execute(insert(SYNCS), turns)
    kept = {"account_id": 1, "waiting_for": [], "made_up": [], "imported_at": now, "changed_at": now}
    heads = [row | kept | turn | {"sync_id": turn["id"]} for (row, _), turn in zip(rows, turns, strict=True)]
    session.execute(insert(ROWS), heads)
    lines = [line | {"order_id": turn["id"]} for (_, own), turn in zip(rows, turns, strict=True) for line in own]
    session.execute(insert(LINES), lines)


def _row(order: Order) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    row = OrderRow(lines=[])
    order_rows.fill(row, order)
    return _values(row), [_values(line) for line in row.lines]


def _values(row: OrderRow | LineRow) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_") and name != "lines"}


def _fetch(walmart: dict[str, str]) -> list[bytes]:
    """Every page as Walmart sends it, without the connector."""
    basic = base64.b64encode(f"{walmart['client_id']}:{walmart['client_secret']}".encode()).decode()
    headers = {"WM_SVC.NAME": "bench", "WM_QOS.CORRELATION_ID": str(uuid.uuid4()), "Accept": "application/json"}
    form = {**headers, "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    token = json.loads(_get(f"{walmart['url']}/v3/token", form, b"grant_type=client_credentials"))["access_token"]
    query: str | None = "?limit=200"
    bodies = []
    while query:
        bodies.append(_get(f"{walmart['url']}/v3/orders{query}", {**headers, "WM_SEC.ACCESS_TOKEN": token}))
        query = parse_page(document(bodies[-1]), "USD").next_cursor
    return bodies


def _get(url: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
        return bytes(answer.read())


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_words(found: Figures) -> str:
    def line(name: str, seconds: float) -> list[str]:
        share = found.first_seconds / seconds
        return [name, f"{seconds:.1f} s", f"{found.orders / seconds:.0f}", f"{share:.2f}"]

    rows = [
        line("imported by the poll", found.first_seconds),
        line("looked at again, nothing changed", found.again_seconds),
        line("the same pages parsed and inserted, nothing else", found.bare_seconds),
    ]
    told = table([f"{found.orders} orders", "", "orders/s", "× quicker than the import"], rows)
    grown = found.mb_at_most - found.mb_after_a_turn
    return (
        f"{told}\nmemory: {found.mb_at_start:.0f} MB at the start, {found.mb_after_a_turn:.0f} MB after the first "
        f"turn, {found.mb_at_most:.0f} MB at most; {grown:+.0f} MB from there on"
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_import(json.loads(sys.argv[1]), Path(sys.argv[2])))))
