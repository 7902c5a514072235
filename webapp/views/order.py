"""One order: what is needed now, what was bought, what went out, what happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from webapp import actions, clock, inbox, order_rows, outbox, timeline
from webapp.domain.order import ZERO, Line, Order, OrderStatus, is_open
from webapp.domain.plan import needs_acknowledgement
from webapp.models import AccountRow, CommandRow, OrderRow, SyncRow, db
from webapp.people import Role
from webapp.queries import version
from webapp.timeline import Entry
from webapp.views import door, showing, words
from webapp.views.render import page, wants_fragment

bp = Blueprint("order", __name__)

CHARGE_WORDS = {"PRODUCT": "Items", "SHIPPING": "Shipping"}
MISSING_AMOUNT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line with its units per status and its money."""

    line: Line
    url: str
    shares: tuple[tuple[str, int], ...]
    counts: str
    price: str
    tax: str
    total: str
    refunded: str
    wants_to_cancel: bool


@dataclass(frozen=True, slots=True)
class Parcel:
    """Units that Walmart shows shipped under one tracking number."""

    carrier: str
    number: str
    url: str
    contents: str
    shipped_at: Markup


@dataclass(frozen=True, slots=True)
class Sum:
    """One row of the totals."""

    name: str
    amount: str


@dataclass(frozen=True, slots=True)
class Found:
    """An order with its account and its turn."""

    row: OrderRow
    account: AccountRow
    sync: SyncRow


@bp.get("/orders/<account_key>/<po>")
def show(account_key: str, po: str) -> AnyResponse:
    """The page; htmx asks for its live part alone, and gets 204 while that is as the browser has it."""
    found = _find(account_key, po)
    state = _state_version(found)
    if wants_fragment() and request.args.get("version") == state:
        return Response("", 204)
    return page("orders/show.html", "live", **_shown(found, state))


@bp.post("/orders/<account_key>/<po>/refresh")
@door.needs(Role.OPERATOR)
def refresh(account_key: str, po: str) -> AnyResponse:
    """Ask for a fresh look at both sides."""
    found = _find(account_key, po)
    inbox.record_wish(found.row.account_id, found.row.po, by=door.me().email)
    flash("Reading the order on both sides now.")
    return _back(account_key, po)


@bp.post("/orders/<account_key>/<po>/acknowledge")
@door.needs(Role.OPERATOR)
def acknowledge(account_key: str, po: str) -> AnyResponse:
    """Acknowledge it at Walmart now, whatever the account's settings wait for."""
    for result in actions.acknowledge([_find(account_key, po).row.id], by=door.me().email):
        flash(result.sentence, "ok" if result.done else "bad")
    return _back(account_key, po)


@bp.post("/orders/<account_key>/<po>/commands/<int:command_id>/retry")
@door.needs(Role.OPERATOR)
def retry(account_key: str, po: str, command_id: int) -> AnyResponse:
    """Try a parked command again."""
    _check_command(_find(account_key, po), command_id)
    try:
        outbox.retry(command_id, by=door.me().email)
    except outbox.Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash("It is tried again now.")
    return _back(account_key, po)


@bp.post("/orders/<account_key>/<po>/commands/<int:command_id>/dismiss")
@door.needs(Role.OPERATOR)
def dismiss(account_key: str, po: str, command_id: int) -> AnyResponse:
    """Give a parked command up, with a reason."""
    _check_command(_find(account_key, po), command_id)
    try:
        outbox.dismiss(command_id, request.form.get("reason", "")[:500], by=door.me().email)
    except outbox.Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash("Given up; the reason stands in the log.")
    return _back(account_key, po)


def _find(account_key: str, po: str) -> Found:
    wanted = (
        select(OrderRow, AccountRow, SyncRow)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .join(SyncRow, SyncRow.id == OrderRow.sync_id)
        .where(AccountRow.key == account_key, OrderRow.po == po)
        .options(selectinload(OrderRow.lines))
    )
    found = db.session.execute(wanted).one_or_none()
    if found is None:
        abort(404, "There is no such order here. It may belong to an account that was removed.")
    return Found(*found)


def _check_command(found: Found, command_id: int) -> None:
    command = db.session.get(CommandRow, command_id)
    if command is None or command.sync_id != found.sync.id:
        abort(404)


def _back(account_key: str, po: str) -> AnyResponse:
    return redirect(url_for("order.show", account_key=account_key, po=po), 303)


def _state_version(found: Found) -> str:
    return f"{version(found.row.changed_at)}.{found.sync.fence}.{found.sync.hints}"


def _shown(found: Found, state: str) -> dict[str, object]:
    row, account, order = found.row, found.account, order_rows.to_order(found.row)
    entries = timeline.log(row.account_id, row.po, row.sync_id, row.waiting_for)
    person = door.me()
    zone = account.store.time_zone
    sees_buyer = person.may(Role.OPERATOR)
    status = OrderStatus(row.status)
    return {
        "order": row,
        "account": account,
        "zone": zone,
        "state": state,
        "status": status,
        "icon_name": showing.ICONS[status],
        "nothing_left": status is OrderStatus.PARTIALLY_SHIPPED and not is_open(order.counts()),
        "lives": row.under_way or _is_due(found) or any(entry.is_open for entry in entries),
        "attention": _attention(row, entries),
        "waiting": [sentence for sentence in row.waiting_for if sentence != row.attention],
        "parked": [entry for entry in entries if entry.is_parked],
        "lines": [_line(line, row, account) for line in row.lines],
        "sums": _sums(row, order),
        "total": words.money(row.total, row.currency),
        "refunded": words.money(row.refunded, row.currency) if row.refunded else "",
        "gap": _gap(row, order),
        "parcels": _parcels(order, zone),
        "shop": showing.shop(row, account.store),
        "walmart_url": showing.walmart_url(row.po),
        "ship_by": words.deadline(row.ship_by, zone, is_open=is_open(order.counts())),
        "acknowledge_by": words.due(row.acknowledge_by, zone),
        "may_acknowledge": person.may(Role.OPERATOR) and needs_acknowledgement(order),
        "address": _address(order, sees_buyer=sees_buyer),
        "sees_buyer": sees_buyer,
        "by_walmart": not order.is_fulfilled_by_seller,
        "is_replacement": order.is_replacement,
        "days": _days(entries, zone),
        "log_is_cut": any(_many(entries, kind) for kind in ("event", "attempt", "command", "change")),
        "may_act": person.may(Role.OPERATOR),
    }


def _is_due(found: Found) -> bool:
    """The order is being looked at, or is about to be."""
    sync, now = found.sync, clock.now()
    held = sync.claimed_until is not None and sync.claimed_until > now
    return held or (sync.look_again_at is not None and sync.look_again_at <= now)


def _attention(row: OrderRow, entries: tuple[Entry, ...]) -> str:
    """What a person must know; what a parked command says by itself is not said twice."""
    said = row.attention or ""
    return "" if any(entry.is_parked and entry.detail and entry.detail in said for entry in entries) else said


def _line(stored: object, row: OrderRow, account: AccountRow) -> LineShown:
    line = order_rows.to_line(stored)  # type: ignore[arg-type]
    price, tax = line.charged("PRODUCT")
    counts = line.counts()
    return LineShown(
        line=line,
        url=showing.product_url(account.store, getattr(stored, "product_id", None)),
        shares=showing.shares(counts),
        counts=_counts_words(counts),
        price=words.money(price, row.currency),
        tax=words.money(tax, row.currency),
        total=words.money(price + tax, row.currency),
        refunded=words.money(line.refunded, row.currency) if line.refunded else "",
        wants_to_cancel=bool(line.intent_to_cancel) and is_open(counts),
    )


def _counts_words(counts: Counter[str]) -> str:
    """Walmart's own words here, so that Delivered stands as Delivered."""
    return " · ".join(f"{amount} {word}" for word, amount in sorted(counts.items()) if amount)


def _sums(row: OrderRow, order: Order) -> list[Sum]:
    amounts: dict[str, Decimal] = {}
    tax = ZERO
    for line in order.lines:
        for charge in line.charges:
            amounts[charge.type] = amounts.get(charge.type, ZERO) + charge.amount
            tax += charge.tax
    named = [
        Sum(CHARGE_WORDS.get(kind, kind.capitalize()), words.money(value, row.currency))
        for kind, value in amounts.items()
    ]
    return [*named, Sum("Tax", words.money(tax, row.currency))]


def _gap(row: OrderRow, order: Order) -> str:
    """What is missing between the charges and the total; empty when they add up."""
    gap = row.total - order.total
    return words.money(gap, row.currency) if abs(gap) >= MISSING_AMOUNT else ""


def _parcels(order: Order, zone: str) -> list[Parcel]:
    packed: dict[tuple[str, str], list[tuple[int, str]]] = {}
    traces = {}
    for line in order.lines:
        for quantity in line.quantities:
            if quantity.tracking is None or not (quantity.tracking.number or quantity.tracking.carrier):
                continue
            key = (quantity.tracking.carrier, quantity.tracking.number)
            traces[key] = quantity.tracking
            packed.setdefault(key, []).append((quantity.amount, line.sku))
    return [
        Parcel(
            carrier=trace.carrier or "Carrier not named",
            number=trace.number,
            url=showing.safe_url(trace.url),
            contents=_contents(packed[key]),
            shipped_at=words.moment(trace.shipped_at, zone),
        )
        for key, trace in traces.items()
    ]


def _contents(packed: list[tuple[int, str]]) -> str:
    units: Counter[str] = Counter()
    for amount, sku in packed:
        units[sku] += amount
    return ", ".join(f"{amount} × {sku}" for sku, amount in units.items())


def _address(order: Order, *, sees_buyer: bool) -> list[str]:
    """A viewer learns where a parcel goes, not to which door."""
    address = order.address
    place = " ".join(part for part in (address.city, address.state, address.postal_code if sees_buyer else "") if part)
    if not sees_buyer:
        return [line for line in (place, address.country) if line]
    return [line for line in (address.address1, address.address2, place, address.country) if line]


def _days(entries: tuple[Entry, ...], zone: str) -> list[tuple[str, list[Entry]]]:
    """The log by the store's days, newest day first."""
    return [(day, list(of_day)) for day, of_day in groupby(entries, key=lambda entry: words.day(entry.at, zone))]


def _many(entries: tuple[Entry, ...], kind: str) -> bool:
    return sum(1 for entry in entries if entry.kind == kind) >= timeline.MOST_OF_A_KIND
