"""The list of orders as a file for a spreadsheet: the same rows, columns and order that the page shows."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    has_request_context,
    redirect,
    request,
    stream_with_context,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from webapp import audit, clock, exports, order_rows, queries
from webapp.domain.spreadsheet import cell
from webapp.domain.turning import unturned
from webapp.grid import lists, tastes
from webapp.models import AccountRow, ExportRow, OrderRow
from webapp.people import Role
from webapp.unit_of_work import rest, unit_of_work
from webapp.views import door, orders, showing, words
from webapp.views.grid_words import address
from webapp.views.render import page, wants_fragment

MOST = 100_000
"""So many orders go into one file."""
MOST_AT_ONCE = 5_000
"""A longer file is made in the background, so that nobody waits for it and nothing cuts it off."""
AT_ONCE = 500
BEGIN_OF_FILE = "\ufeff"
"""By this mark spreadsheet programs know that the text is UTF-8."""


@dataclass(frozen=True, slots=True)
class One:
    """An order, its account, and what the grid says of it."""

    order: OrderRow
    account: AccountRow
    row: showing.Row

    def local(self, at: datetime | None) -> str:
        return f"{at.astimezone(words.zone(self.account.store.time_zone)):%Y-%m-%d %H:%M}" if at else ""

    def to(self, field: str) -> str:
        """A field of the address that holds now: Walmart's, or what a person put in its place."""
        kept = order_rows.correction(self.order)
        if field == "email":
            return kept.email if kept else self.order.email
        return str(getattr(kept.address, field) if kept else self.order.address.get(field) or "")


Column = tuple[str, Callable[[One], str]]
COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "po": (
        ("Walmart PO #", lambda one: one.order.po),
        ("Customer order #", lambda one: one.order.customer_order_id),
    ),
    "sold": (
        ("Sale date", lambda one: one.local(one.order.ordered_at)),
        ("Account", lambda one: one.account.name),
        ("Marketplace", lambda one: one.account.marketplace.upper()),
    ),
    "due": (("Ship by", lambda one: one.local(one.order.ship_by)),),
    "shop": (
        ("Magento #", lambda one: one.row.shop.number),
        ("Magento status", lambda one: "deleted" if one.row.shop.is_gone else one.row.shop.state),
    ),
    "items": (
        ("Items", lambda one: "; ".join(f"{item.quantity} × {item.title}" for item in _items(one))),
        ("SKUs", lambda one: "; ".join(item.sku for item in _items(one))),
        ("Units", lambda one: str(sum(item.quantity for item in _items(one)))),
    ),
    "buyer": (("Buyer", lambda one: one.order.buyer),),
    "by": (("Fulfilment", lambda one: one.row.by),),
    "total": (
        ("Total", lambda one: plain(one.order.total)),
        ("Refunded", lambda one: plain(one.order.refunded)),
        ("Currency", lambda one: one.order.currency),
    ),
    "status": (
        ("Walmart status", lambda one: one.row.status.value),
        ("Units by status", lambda one: one.order.counts),
        ("What it waits for", lambda one: one.row.sentence),
    ),
}
"""What each column of the grid becomes."""
ZONE: Column = ("Time zone", lambda one: one.account.store.time_zone)
ADDRESS: tuple[Column, ...] = (
    ("Street", lambda one: one.to("address1")),
    ("Street 2", lambda one: one.to("address2")),
    ("City", lambda one: one.to("city")),
    ("State", lambda one: one.to("state")),
    ("Postal code", lambda one: one.to("postal_code")),
    ("Country", lambda one: one.to("country")),
    ("Telephone", lambda one: one.to("phone")),
    ("E-mail", lambda one: one.to("email")),
)


def _items(one: One) -> tuple[showing.Item, ...]:
    return showing.items(one.order.lines, one.account.store)


def plain(amount: Decimal) -> str:
    """`1234.50`, `-0.125`: a number to any program, two places at least."""
    places = -int(str(amount.normalize().as_tuple().exponent)) if amount else 0
    return f"{amount:.{max(places, 2)}f}"


bp = Blueprint("export", __name__)


@bp.post("/orders/export")
@door.needs(Role.OPERATOR)
def as_csv() -> AnyResponse:
    """The whole list that the form stood on, or the orders that were ticked in it, streamed."""
    ids, with_address = _wanted(), "addresses" in request.form
    if not ids or len(ids) > MOST:
        flash(_no_file(len(ids)), "bad")
        return redirect(address(orders.wanted_in_form(), tastes.of(door.me())), 303)
    with unit_of_work() as work:
        number = "1 order" if len(ids) == 1 else f"{len(ids):,} orders"
        what = f"{number}{' with addresses, telephones and e-mails' if with_address else ''}"
        audit.record(work, audit.EXPORTS, door.me().email, "CSV file", after=f"{what}; {_filters()}")
    names = tastes.of(door.me()).columns
    if len(ids) > MOST_AT_ONCE:
        key = exports.ask(ids, names, door.me().email, with_address=with_address)
        return redirect(url_for("export.show", key=key), 303)
    parts = (lines(ids[begin : begin + AT_ONCE], names, with_address) for begin in range(0, len(ids), AT_ONCE))
    return _file(chain([_head(names, with_address)], parts), clock.now())


@bp.get("/exports/<key>")
@door.needs(Role.OPERATOR)
def show(key: str) -> AnyResponse:
    """How far a file that is made in the background has come; once it is whole, the way to it."""
    told = {"export": _find(key), "days_kept": exports.KEPT.days, "wants_said": wants_fragment()}
    return page("orders/exported.html", "progress", **told)


@bp.get("/exports/<key>/file")
@door.needs(Role.OPERATOR)
def fetch(key: str) -> AnyResponse:
    """The whole file, for who asked for it."""
    export = _find(key)
    if export.state != "done":
        return redirect(url_for("export.show", key=key), 303)
    head = _head(export.columns, export.with_address)
    return _file(chain([head], exports.text_of(export.id)), export.asked_at)


def _find(key: str) -> ExportRow:
    export = exports.find(key, door.me().email)
    if export is None:
        abort(404, "There is no such file. Who asked for it has it for a day, or until a buyer in it is erased.")
    return export


def _file(parts: Iterator[str], at: datetime) -> AnyResponse:
    response = Response(stream_with_context(parts), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="orders-{at:%Y-%m-%d-%H%M}.csv"'
    return response


def _wanted() -> list[int]:
    if "list" in request.form or "all" in request.form:
        return lists.all_in_order(orders.asked_in_form(), MOST + 1)
    return [int(one) for one in request.form.getlist("order") if one.isdecimal() and len(one) < 19]


def _no_file(number: int) -> str:
    if number > MOST:
        return f"One file holds {MOST:,} orders at most, and the list has more. Narrow it by the sale date."
    if "list" in request.form or "all" in request.form:
        return "The list holds no orders, so there is no file."
    return "Tick the boxes in front of the orders first, or export the whole list under Export."


def _filters() -> str:
    """The list as its address says it; what was searched for stands there under a key only."""
    wanted = orders.wanted_in_form()
    chosen = "" if "list" in request.form or "all" in request.form else "ticked on "
    return f"{chosen}{url_for('orders.index')}?{urlencode(wanted.but().to_args())}".rstrip("?")


def _columns(names: Sequence[str], *, with_address: bool) -> list[Column]:
    columns = list(chain.from_iterable(COLUMNS[name] for name in names))
    if {"sold", "due"} & set(names):
        columns.append(ZONE)
    has_buyer = COLUMNS["buyer"][0] in columns
    return columns + [*([] if has_buyer else COLUMNS["buyer"]), *ADDRESS] if with_address else columns


def _head(names: Sequence[str], with_address: bool) -> str:
    return BEGIN_OF_FILE + _lines([[name for name, _ in _columns(names, with_address=with_address)]])


def lines(ids: Sequence[int], names: Sequence[str], with_address: bool) -> str:
    """Some hundred orders as lines of the file, with what the grid's columns of these names become.

    The database is let go after them. It works without a request, too.
    """
    with nullcontext() if has_request_context() else current_app.test_request_context():
        columns, accounts = _columns(names, with_address=with_address), {row.id: row for row in queries.all_accounts()}
        found = [
            One(order, accounts[order.account_id], showing.row(order, accounts[order.account_id]))
            for order in lists.in_turn(ids, with_address=with_address)
        ]
        text = _lines([[safe(read(one)) for _, read in columns] for one in found])
        rest()
    return text


def safe(text: str) -> str:
    """A number stays a number, also a negative one; what else could be run gets an apostrophe, and no text turns."""
    text = unturned(text)
    return text if text.removeprefix("-").replace(".", "", 1).isdecimal() else cell(text)


def _lines(rows: Sequence[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made).writerows(rows)
    return made.getvalue()
