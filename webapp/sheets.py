"""Parcels from a sheet: a CSV text read row by row, each judged against its order as if those above it had gone."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from webapp import outbox
from webapp.actions.shipping import Packed
from webapp.by_hand import Mistakes, Parcel
from webapp.by_hand.allowing import why_not_shipped
from webapp.by_hand.doubting import Label, doubts
from webapp.by_hand.finding import Found, of_row, ready_units, refuse
from webapp.by_hand.shipping import in_parcel, judge, tracking_mistakes
from webapp.domain.outgoing import contents
from webapp.models import AccountRow, OrderRow, db
from webapp.outbox import Refusal

MOST_ROWS = 2_000
LONGEST = 400_000
LARGEST = 4 * LONGEST
"""The bytes of the longest sheet: UTF-8 has at most four for a sign."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "order": (
        "order",
        "po",
        "po number",
        "po#",
        "purchase order",
        "purchase order id",
        "purchaseorderid",
        "order number",
    ),
    "account": ("account",),
    "line": ("line", "line number", "linenumber"),
    "quantity": ("quantity", "qty", "units"),
    "carrier": ("carrier",),
    "number": ("tracking number", "tracking", "number", "trackingnumber", "tracking#"),
    "url": ("tracking url", "tracking address", "url", "trackingurl"),
    "method": ("method", "shipping method"),
}
"""The names that a column may have, in small letters."""
NEEDED = ("order", "carrier", "number")
EXAMPLE = "order,line,quantity,carrier,tracking number"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the sheet, judged: what would be told to Walmart, or everything that is wrong with it."""

    at: int
    order: str
    said: str = ""
    mistakes: tuple[str, ...] = ()
    order_id: int = 0
    account_key: str = ""
    packed: Packed | None = None
    doubt: str = ""
    """What to look at before it goes; nothing forbids it."""


@dataclass(slots=True)
class _Orders:
    """The orders that the sheet names, and what of each is still to ship after the rows above."""

    found: dict[str, list[Found]]
    left: dict[int, dict[str, int]] = field(default_factory=dict)


def look(text: str) -> list[Row]:
    """Every row with what would be done; nothing is done. Raises Refusal where it is no sheet."""
    rows = _read(text)
    orders = _Orders(_find({row["order"] for _, row in rows if row["order"]}))
    return _doubted([_judge(at, row, orders) for at, row in rows], orders)


def parcels(rows: Iterable[Row]) -> dict[int, list[Packed]]:
    """What goes, by order; rows with the same carrier and number are one parcel."""
    found: dict[int, dict[Parcel, Counter[str]]] = {}
    for row in rows:
        if row.packed is not None:
            found.setdefault(row.order_id, {}).setdefault(row.packed.parcel, Counter()).update(row.packed.lines)
    return {
        order_id: [Packed(parcel, dict(lines)) for parcel, lines in mine.items()] for order_id, mine in found.items()
    }


def _read(text: str) -> list[tuple[int, dict[str, str]]]:
    """The rows that are not empty, by their numbers in the sheet, with their values by our own names."""
    if len(text) > LONGEST:
        raise Refusal(f"The sheet is longer than {LONGEST:,} signs. Cut it into several.")
    lines = text.lstrip("\ufeff").strip()
    if not lines:
        raise Refusal(f"The sheet is empty. Its first row names the columns: {EXAMPLE}.")
    head = lines.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        every = list(csv.reader(io.StringIO(lines), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refusal(f"The sheet cannot be read as CSV: {error}.") from error
    names = [_name(cell) for cell in every[0]]
    missing = [one for one in NEEDED if one not in names]
    if missing:
        raise Refusal(f"The first row must name the columns; missing: {', '.join(missing)}. For instance: {EXAMPLE}.")
    if len(every) - 1 > MOST_ROWS:
        raise Refusal(f"The sheet has more than {MOST_ROWS:,} rows. Cut it into several.")
    empty = dict.fromkeys(COLUMNS, "")
    rows = [(at, {**empty, **_named(names, cells)}) for at, cells in enumerate(every[1:], 2)]
    return [(at, row) for at, row in rows if any(row.values())]


def _named(names: list[str], cells: list[str]) -> dict[str, str]:
    """A spreadsheet's guard against formulas, a leading apostrophe, is taken off."""
    return {name: cell.strip().removeprefix("'") for name, cell in zip(names, cells, strict=False) if name}


def _name(cell: str) -> str:
    wanted = cell.strip().casefold()
    return next((name for name, known in COLUMNS.items() if wanted in known), "")


def _find(names: set[str]) -> dict[str, list[Found]]:
    """Orders by their PO and by their Magento number."""
    found: dict[str, list[Found]] = {}
    wanted = sorted(names)
    for at in range(0, len(wanted), 400):
        some = wanted[at : at + 400]
        which = or_(OrderRow.po.in_(some), OrderRow.magento_increment_id.in_(some))
        query = select(OrderRow, AccountRow).join(AccountRow, AccountRow.id == OrderRow.account_id).where(which)
        rows = db.session.execute(query.options(selectinload(OrderRow.lines))).all()
        issued = outbox.issued([row.sync_id for row, _ in rows])
        for row, account in rows:
            one = of_row(row, account, issued[row.sync_id])
            for name in {row.po, row.magento_increment_id or row.po} & set(some):
                found.setdefault(name, []).append(one)
    return found


def _judge(at: int, row: Mapping[str, str], orders: _Orders) -> Row:
    parcel = Parcel(row["carrier"], row["number"], row["url"], row["method"])
    try:
        found = _order(row, orders)
    except Refusal as refusal:
        return Row(at, row["order"], mistakes=_each(str(refusal), _amount(row), *tracking_mistakes(parcel).values()))
    key, left = found.account.key, orders.left.setdefault(found.row.id, ready_units(found))
    amount = _amount(row)
    try:
        # One unit stands in for an amount that cannot be read, so that the rest of the row is judged as well.
        lines = _lines({**row, "quantity": "1"} if amount else row, left)
        command = judge(found, lines, parcel, left, sure=True)
        refuse(amount)
    except Mistakes as mistakes:
        return Row(at, found.row.po, mistakes=_each(amount, *_said(mistakes)), account_key=key)
    except Refusal as refusal:
        wrong = _each(why_not_shipped(found), amount, str(refusal), *tracking_mistakes(parcel, found).values())
        return Row(at, found.row.po, mistakes=wrong, account_key=key)
    for unit in command.units:
        left[unit.line] -= unit.quantity
    said = f"{contents(command.units, found.order.lines)} with {in_parcel(command)}"
    return Row(at, found.row.po, said, (), found.row.id, key, Packed(parcel, lines))


def _doubted(rows: list[Row], orders: _Orders) -> list[Row]:
    """With what is odd about the numbers of those that can go, seen together."""
    by_id = {one.row.id: one for some in orders.found.values() for one in some}
    packed = [(row, row.packed.parcel) for row in rows if row.packed]
    labels = [Label(by_id[row.order_id], parcel.carrier, parcel.number) for row, parcel in packed]
    odd = {row.at: " ".join(said) for (row, _), said in zip(packed, doubts(labels), strict=True)}
    return [replace(row, doubt=odd.get(row.at, "")) for row in rows]


def _each(*sentences: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for sentence in sentences if sentence))


def _said(mistakes: Mistakes) -> Iterator[str]:
    for name, sentence in mistakes.by_field.items():
        yield "Cancellation requested: answer the buyer on the order's page first." if name == "anyway" else sentence


def _amount(row: Mapping[str, str]) -> str:
    """What is wrong with the quantity by itself."""
    typed = row["quantity"]
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 7
    return f"{typed} is no number of units." if typed and not is_number else ""


def _order(row: Mapping[str, str], orders: _Orders) -> Found:
    if not row["order"]:
        raise Refusal("The order is missing.")
    found = orders.found.get(row["order"], [])
    if row["account"]:
        found = [one for one in found if one.account.name.casefold() == row["account"].casefold()]
    if not found:
        raise Refusal(f"There is no order {row['order']} here. Give Walmart's PO or Magento's number.")
    if len(found) > 1:
        names = ", ".join(one.account.name for one in found)
        raise Refusal(f"Several accounts have this order ({names}). Add a column account.")
    return found[0]


def _lines(row: Mapping[str, str], left: Mapping[str, int]) -> dict[str, int]:
    """The units of a row: of one line, or all that is left."""
    quantity = row["quantity"]
    line = row["line"] or (next(iter(left)) if len(left) == 1 else "")
    if line:
        return {line: int(quantity) if quantity else left.get(line, 0)}
    if quantity:
        raise Refusal("The quantity needs a line, since the order has several.")
    return {number: count for number, count in left.items() if count}
