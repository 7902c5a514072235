"""One order: what is needed now, what was bought, what went out, what happened; and what is done with one click."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response as AnyResponse

from webapp import clock, creation_by_hand, inbox, issued, notes, order_rows, outbox, product_links
from webapp.actions import acknowledging
from webapp.creation_by_hand import Act
from webapp.domain.command_words import is_doing
from webapp.domain.order import OrderStatus, is_open
from webapp.domain.plan.asking import is_said_by
from webapp.domain.plan.products import waits_for_product
from webapp.grid import tastes
from webapp.models import AccountRow, CommandRow, OrderRow, SyncRow, db
from webapp.people import Role
from webapp.product_links import Link
from webapp.queries import version
from webapp.timeline import Entry
from webapp.views import (
    beside,
    door,
    order_acts,
    order_facts,
    order_fixes,
    order_log,
    order_place,
    regions,
    showing,
    words,
)
from webapp.views.numbers import number
from webapp.views.order_log import LogShown
from webapp.views.render import page, part_of, wants_fragment

bp = Blueprint("order", __name__)

REGIONS = ("head", "next", "items", "parcels", "undone", "sides", "delivery", "buyer", "notes", "log")
BUSY, CALM = 2, 10
"""Seconds between two looks: while something is under way, and at rest."""


PEEKED = 3
"""So many entries of the log and notes are shown below an order's row in the grid."""


@dataclass(frozen=True, slots=True)
class Found:
    """An order with its account and its turn."""

    row: OrderRow
    account: AccountRow
    sync: SyncRow


@bp.get("/orders/<account_key>/<po>")
def show(account_key: str, po: str) -> AnyResponse:
    """The page; htmx asks for its log alone, narrowed."""
    found = find(account_key, po)
    context = shown(found)
    drawn = regions.draw("orders", REGIONS, context)
    if wants_fragment():
        return make_response(render_template("orders/_renewed.html", **context, renewed=[drawn["log"]]))
    return page("orders/show.html", **context, drawn=drawn, place=order_place.of(found.row))


@bp.get("/orders/<account_key>/<po>/live")
@part_of("order.show")
def live(account_key: str, po: str) -> AnyResponse:
    """The parts of the page that are other than the browser has them; 204 while nothing has happened.

    A browser that left a part as it was, since somebody was in it, says that it is `behind`.
    """
    found = find(account_key, po)
    if request.args.get("state") == _state(found) and "behind" not in request.args:
        return Response("", 204)
    context = shown(found)
    other = regions.other(regions.draw("orders", REGIONS, context), request.args.get("seen", ""))
    return make_response(render_template("orders/_renewed.html", **context, renewed=other))


@bp.get("/orders/<account_key>/<po>/log")
def log(account_key: str, po: str) -> AnyResponse:
    """What happened before the newest entries, a stretch at a time."""
    found = find(account_key, po)
    zone = found.account.store.time_zone
    context: dict[str, Any] = {"order": found.row, "account": found.account, "zone": zone, "log": _log(found)}
    return page("orders/log.html", **context | _rights())


@bp.get("/orders/<account_key>/<po>/peek")
def peek(account_key: str, po: str) -> AnyResponse:
    """The last entries of its log and its notes, as a row below its own in the grid; else its page."""
    found = find(account_key, po)
    url = showing.order_url(account_key, po)
    if not wants_fragment():
        return redirect(f"{url}#r-log", 303)
    context = {
        "order": found.row,
        "order_url": url,
        "zone": found.account.store.time_zone,
        "account": found.account,
        "items": showing.items(found.row.lines, found.account.store),
        "entries": [entry for _, entries in _log(found).days for entry in entries][:PEEKED],
        "notes": notes.of_order(found.row.id)[:PEEKED],
        "columns": tastes.of(door.me()).columns,
    }
    return make_response(render_template("orders/_peek.html", **context, **_rights()))


@bp.post("/orders/<account_key>/<po>/refresh")
@door.needs(Role.OPERATOR)
def refresh(account_key: str, po: str) -> AnyResponse:
    """Ask for a fresh look at both sides."""
    found = find(account_key, po)
    inbox.record_wish(found.row.account_id, found.row.po, by=door.me().email)
    flash("Reading the order on both sides now.")
    return back(found)


@bp.post("/orders/<account_key>/<po>/acknowledge")
@door.needs(Role.OPERATOR)
def acknowledge(account_key: str, po: str) -> AnyResponse:
    """Acknowledge it at Walmart now, whatever the account's settings wait for."""
    found = find(account_key, po)
    return said(found, lambda: acknowledging.acknowledge(found.row.id, by=door.me().email))


@bp.post("/orders/<account_key>/<po>/create")
@door.needs(Role.OPERATOR)
def create(account_key: str, po: str) -> AnyResponse:
    """Create the Magento order now, also where creating is switched off."""
    found = find(account_key, po)
    return said(found, lambda: creation_by_hand.create_now(found.row.id, by=door.me().email))


@bp.get("/orders/<account_key>/<po>/recreate")
@door.needs(Role.OPERATOR)
def ask_to_recreate(account_key: str, po: str) -> AnyResponse:
    """Say what becomes of the former Magento order, and ask."""
    found = find(account_key, po)
    offer = creation_by_hand.offer(found.row, found.account)
    shown = {"order": found.row, "account": found.account, "offer": offer, "goes": offer.act is Act.AGAIN}
    return page("orders/recreate.html", "form", **shown)


@bp.post("/orders/<account_key>/<po>/recreate")
@door.needs(Role.OPERATOR)
def recreate(account_key: str, po: str) -> AnyResponse:
    """Create the Magento order again, in place of one that is deleted, canceled or closed."""
    found = find(account_key, po)
    former = request.form.get("former", "")[:64]
    return said(found, lambda: creation_by_hand.recreate(found.row.id, door.me().email, former))


@bp.post("/orders/<account_key>/<po>/commands/<int:command_id>/retry")
@door.needs(Role.OPERATOR)
def retry(account_key: str, po: str, command_id: int) -> AnyResponse:
    """Try a parked command again."""
    found = find(account_key, po)
    _check_command(found, command_id)
    never = "never_arrived" in request.form
    act = lambda: outbox.retry(command_id, by=door.me().email, never_arrived=never)  # noqa: E731
    return said(found, act, "It is tried again now.", lambda: _where_it_stands(found, command_id))


@bp.post("/orders/<account_key>/<po>/commands/<int:command_id>/dismiss")
@door.needs(Role.OPERATOR)
def dismiss(account_key: str, po: str, command_id: int) -> AnyResponse:
    """Give a parked command up, with a reason."""
    found = find(account_key, po)
    _check_command(found, command_id)
    act = lambda: outbox.dismiss(command_id, request.form.get("reason", "")[:500], by=door.me().email)  # noqa: E731
    try:
        return said(found, act, "Given up; the reason stands in the log.", lambda: _where_it_stands(found, command_id))
    except outbox.NoReason as wrong:
        beside.tell(f"why-{command_id}", str(wrong))
        return _where_it_stands(found, command_id)


def _where_it_stands(found: Found, command_id: int) -> AnyResponse:
    """To the page that the form says it is on, one of three; never to an address that was sent."""
    match request.form.get("on", ""):
        case "outgoing":
            cause, older = request.form.get("cause", "")[:64] or None, request.form.get("older", 0, number) or None
            return redirect(url_for("outgoing.index", show="parked", cause=cause, older=older), 303)
        case "command":
            return redirect(url_for("outgoing.show", command_id=command_id), 303)
    return back(found)


def find(account_key: str, po: str) -> Found:
    """The order that an address names, with its lines; 404 where there is none."""
    wanted = (
        select(OrderRow, AccountRow, SyncRow)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .join(SyncRow, SyncRow.id == OrderRow.sync_id)
        .where(AccountRow.key == account_key, OrderRow.po == po)
        .options(joinedload(OrderRow.lines))
    )
    found = db.session.execute(wanted).unique().one_or_none()
    if found is None:
        abort(404, "There is no such order here. It may belong to an account that was removed.")
    return Found(*found)


def back(found: Found, part: str = "") -> AnyResponse:
    """To the order's page, at one of its parts, in the list that it was opened from."""
    args: dict[str, Any] = {"list": order_place.kept(), "_anchor": f"r-{part}" if part else None}
    return redirect(url_for("order.show", account_key=found.account.key, po=found.row.po, **args), 303)


def said(
    found: Found, act: Callable[[], Any], done: str = "", where: Callable[[], AnyResponse] | None = None
) -> AnyResponse:
    """Do it and tell what came of it, on the order's page or `where` else; a refusal is its own sentence.

    Raises NoReason.
    """
    try:
        sentence = act()
    except outbox.NoReason:
        raise
    except outbox.Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(done or str(sentence))
    return where() if where else back(found)


def _check_command(found: Found, command_id: int) -> None:
    command = db.session.get(CommandRow, command_id)
    if command is None or command.sync_id != found.sync.id:
        abort(404)


def _state(found: Found) -> str:
    """Another one whenever the page may show something else; each minute too, since deadlines draw near."""
    minute = int(clock.now().timestamp()) // 60
    return f"{version(found.row.changed_at)}.{found.sync.fence}.{found.sync.hints}.{minute}"


def _rights() -> dict[str, bool]:
    may_act = door.me().may(Role.OPERATOR)
    return {"may_act": may_act, "sees_buyer": may_act}


def _log(found: Found, issued: Sequence[CommandRow] | None = None) -> LogShown:
    return order_log.shown(found.row, found.account.store.time_zone, request.args, issued)


def shown(found: Found) -> dict[str, Any]:
    """Everything that the page's parts show."""
    row, account, order = found.row, found.account, order_rows.to_order(found.row)
    commands = issued.rows_of(row.sync_id)
    before = [issued.as_issued(one) for one in commands]
    log = _log(found, commands)
    zone, status = account.store.time_zone, OrderStatus(row.status)
    lives = row.under_way or _is_due(found) or log.has_open
    rights = _rights()
    attention = _attention(row, log.parked)
    links = product_links.of_order(row, account.store_id)
    args: dict[str, Any] = {"kind": log.wanted.kind or None, "side": log.wanted.side or None}
    return {
        "order": row,
        "account": account,
        "zone": zone,
        "status": status,
        "icon_name": showing.ICONS[status],
        "nothing_left": status is OrderStatus.PARTIALLY_SHIPPED and not is_open(order.counts()),
        "lives": lives,
        "pace": BUSY if lives else CALM,
        "watch_url": url_for("order.live", account_key=account.key, po=row.po, state=_state(found), **args),
        "attention": attention,
        **order_acts.shown(row, account, order, attention, before),
        **_said(row, account, lives=lives),
        **order_fixes.shown(log.parked, row, account),
        "lines": order_facts.lines(row, account, links),
        "to_link": _to_link(row, links) if rights["may_act"] and row.magento_order_id is None else [],
        "sums": order_facts.sums(row, order),
        "total": words.money(row.total, row.currency),
        "paid": order_facts.paid(order),
        "refunded": words.money(row.refunded, row.currency) if row.refunded else "",
        "gap": order_facts.gap(row, order),
        "shop": showing.shop(row, account.store),
        "not_held": order_facts.not_held(row, account),
        "walmart_url": showing.walmart_url(account, row.po),
        "ship_by": words.deadline(row.ship_by, zone, is_open=is_open(order.counts()), focus=True),
        "acknowledge_by": words.due(row.acknowledge_by, zone),
        "may_acknowledge": rights["may_act"] and order_facts.waits_for_acknowledgement(order),
        "offer": creation_by_hand.offer(row, account, before) if rights["may_act"] else None,
        **order_facts.buyer(row, order, sees_buyer=rights["sees_buyer"]),
        "by_walmart": not order.is_fulfilled_by_seller,
        "fulfilled_by": showing.SHIPPED_BY.get(row.ship_node, row.ship_node),
        "is_replacement": order.is_replacement,
        "notes": notes.of_order(row.id),
        "log": log,
        "kind_words": order_log.KIND_WORDS,
        "side_words": order_log.SIDE_WORDS,
        **rights,
    }


def _is_due(found: Found) -> bool:
    """The order is being looked at, or is about to be."""
    sync, now = found.sync, clock.now()
    held = sync.claimed_until is not None and sync.claimed_until > now
    return held or (sync.look_again_at is not None and sync.look_again_at <= now)


def _said(row: OrderRow, account: AccountRow, *, lives: bool) -> dict[str, Any]:
    """What is done now, what the order waits for, what stays other than one expects, and how long ago it was sold."""
    told, age = _waiting(row, account), clock.now() - row.ordered_at
    going = [sentence for sentence in told if lives and is_doing(sentence)]
    waiting = [sentence for sentence in told if sentence not in going]
    return {"going": going, "waiting": waiting, "remarks": row.remarks or [], "age": age}


def _waiting(row: OrderRow, account: AccountRow) -> list[str]:
    """What it waits for beside what somebody is asked for; of a paused account first that."""
    resting = showing.resting(account)
    asked = row.attention or ""
    told = [one for one in row.waiting_for if asked and (waits_for_product(one) or is_said_by(asked, one))]
    rest = [sentence for sentence in row.waiting_for if sentence not in told]
    return [resting, *rest] if resting and row.waiting_for else rest


def _to_link(row: OrderRow, links: Mapping[str, Link]) -> list[tuple[str, bool]]:
    """Walmart's SKUs that the order waits for, and whether only the options of their products are missing."""
    choosy = {line.sku for line in row.lines if showing.needs_options(line)}
    return [(sku, sku in choosy) for sku in product_links.wanted(row, links)]


def _attention(row: OrderRow, parked: list[Entry]) -> str:
    """What a person must know; what a parked command says by itself is not said twice."""
    said = row.attention or ""
    return "" if any(entry.detail and entry.detail in said for entry in parked) else said
