"""The log of all orders: narrowed by kind, account, person and words, an order once or every line."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import global_log, queries
from webapp.global_log import Asked
from webapp.grid.wanted import Wanted
from webapp.people import Role
from webapp.views import door, order_log, orders, showing, words
from webapp.views.render import page

bp = Blueprint("log", __name__)


@bp.get("/log")
def index() -> AnyResponse:
    """The log; its address is its state, but for a text, which is posted."""
    return _page(Asked.from_args({**request.args, "text": ""}), request.args.get("older", ""))


@bp.post("/log")
@door.needs(Role.VIEWER)
def find() -> AnyResponse:
    """The same with words that may be a buyer's name: they stand in no address, and so each page is posted."""
    return _page(Asked.from_args(request.form), request.form.get("older", ""))


def _page(asked: Asked, older: str) -> AnyResponse:
    accounts = queries.all_accounts()
    zone = orders.zone_name(Wanted(), accounts)
    found = global_log.read(asked, older)
    days = groupby(found.lines, key=lambda line: words.day(line.entry.at, zone))
    args: dict[str, Any] = asked.to_args()
    return page(
        "log/index.html",
        "list",
        asked=asked,
        zone=zone,
        days=[(day, [(line, *_urls(line)) for line in lines]) for day, lines in days],
        older=found.older,
        older_url=url_for("log.index", **args, older=found.older) if found.older and not asked.text else "",
        until=words.moment(found.until, zone) if found.until else "",
        kinds=order_log.KIND_WORDS,
        accounts=[(row.key, row.name) for row in accounts],
        people=global_log.people(),
        is_later=bool(older),
    )


def _urls(line: global_log.Told) -> tuple[str, str]:
    """To the order, and to where the line itself is told at length."""
    order = showing.order_url(line.account_key, line.po) if line.account_key and line.po else ""
    if line.command_id is not None:
        return order, url_for("outgoing.show", command_id=line.command_id)
    if line.entry.kind == "event":
        return order, url_for("incoming.show", event_id=line.entry.id)
    return order, ""
