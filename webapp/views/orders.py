"""The orders grid: one page, its rows and its news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import tzinfo
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import queries
from webapp.domain.facets import Tab
from webapp.grid import lists, saved, tastes
from webapp.grid.lists import MOST_NEWS, PAGE_SIZES, Page, Question
from webapp.grid.saved import Saved
from webapp.grid.tastes import Tastes
from webapp.grid.wanted import Wanted
from webapp.models import AccountRow, OrderRow
from webapp.people import Role
from webapp.views import chosen, door, first_steps, grid_words, showing, words
from webapp.views.chosen import Chosen
from webapp.views.grid_words import address
from webapp.views.numbers import number
from webapp.views.render import htmx, page, part_of, wants_fragment
from webapp.views.rows import drawn

bp = Blueprint("orders", __name__)

QUICK, CALM = 1, 5
"""Seconds between two looks for news: quick while the list is short, as in somebody's first minutes."""
FULL = 50


@bp.get("/")
def home() -> AnyResponse:
    """The orders are the home page."""
    response = make_response("", 302)
    response.headers["Location"] = url_for("orders.index")
    return response


@bp.get("/orders")
def index() -> AnyResponse:
    """The grid; its address is its whole state, and whoever has a view to begin with begins with it."""
    wanted, likes = Wanted.from_args(request.args), tastes.of(door.me())
    kept = saved.load(door.me(), wanted.find)
    if not request.args and likes.view:
        first = next((view for view in kept.views if view.key == likes.view), None)
        if first is not None:
            return redirect(f"{url_for('orders.index')}?{saved.query_of(first)}", 303)
    if wanted.find and kept.search is None:
        wanted = wanted.but(find="")
    accounts = queries.all_accounts()
    asked = lists.question(wanted, accounts, zone_of(wanted, accounts), kept.search)
    found = lists.page(asked, likes.size)
    response = page("orders/index.html", "grid", **_shown(asked, found, accounts, kept, likes))
    if wants_fragment():
        here = address(wanted, likes)
        # A list that is read anew is no further step on the way back.
        response.headers["HX-Push-Url"] = "false" if _is_there(here) else here
    return response


@bp.get("/orders/news")
@part_of("orders.index")
def news() -> AnyResponse:
    """What has changed for a page that somebody looks at; 204 when nothing has."""
    wanted, accounts, likes = Wanted.from_args(request.args), queries.all_accounts(), tastes.of(door.me())
    seen = _seen(request.args.get("seen", ""))
    top = request.args.get("top", 0, number)
    search = saved.load(door.me(), wanted.find).search if wanted.find else None
    found = lists.news(lists.question(wanted, accounts, zone_of(wanted, accounts), search), top, seen)
    is_news = found.new != request.args.get("new", 0, number)
    if not found.changed and not is_news:
        return Response("", 204)
    shown = {
        "news": _news_text(found.new),
        "is_news": is_news,
        "news_url": _news_url(wanted, top, found.new),
        "show_url": address(wanted.but(), likes),
        "pace": CALM if len(seen) >= FULL else QUICK,
        "changed": _rows(found.changed, accounts),
        "columns": likes.columns,
        "may_act": door.me().may(Role.OPERATOR),
        "in_list": _in_list(wanted),
    }
    return make_response(render_template("orders/_news.html", **shown))


@bp.get("/orders/<account_key>/<po>/row")
@part_of("order.show")
def row(account_key: str, po: str) -> AnyResponse:
    """One row of the grid while something is under way; 204 while it is as the browser has it."""
    found = queries.one(account_key, po)
    if found is None:
        abort(404)
    shown = showing.row(*found)
    if request.args.get("version") == str(shown.version):
        return Response("", 204)
    wanted = Wanted.from_args(dict(parse_qsl(request.args.get("list", "")[:4000])))
    columns, may_act = tastes.of(door.me()).columns, door.me().may(Role.OPERATOR)
    return make_response(drawn(shown, columns, may_act, _in_list(wanted)))


def asked_in_form() -> Question:
    """The list that a form stood on, as its `asks` says."""
    wanted, accounts = wanted_in_form(), queries.all_accounts()
    search = saved.load(door.me(), wanted.find).search if wanted.find else None
    return lists.question(wanted, accounts, zone_of(wanted, accounts), search)


def wanted_in_form() -> Wanted:
    return Wanted.from_args(dict(parse_qsl(request.form.get("asks", "")[:4000])))


def zone_of(wanted: Wanted, accounts: Sequence[AccountRow]) -> tzinfo:
    """The time zone in which dates are typed: that of the chosen account's store, else of the first real one."""
    return words.zone(zone_name(wanted, accounts))


def zone_name(wanted: Wanted, accounts: Sequence[AccountRow]) -> str:
    fits = [row for row in accounts if row.key == wanted.account] or [row for row in accounts if not row.is_demo]
    return next((row.store.time_zone for row in [*fits, *accounts]), "UTC")


def _one_zone(orders: Iterable[OrderRow], accounts: Iterable[AccountRow]) -> str:
    """The time zone of all these orders' stores; empty where they have several."""
    zones = {account.id: account.store.time_zone for account in accounts}
    found = {zones[order.account_id] for order in orders}
    return found.pop() if len(found) == 1 else ""


def _shown(
    asked: Question, found: Page, accounts: Sequence[AccountRow], kept: Saved, likes: Tastes
) -> dict[str, object]:
    wanted, rows = asked.wanted, _rows(found.orders, accounts)
    picked = chosen.in_this(asked, [row.id for row in rows]) if door.me().may(Role.OPERATOR) else Chosen()
    at_top = wanted.is_at_top or found.before is None
    total = found.counts.get(wanted.tab)
    is_empty = not found.newest_id and not asked.mistakes and not wanted.is_filtered
    after = replace(wanted, after=found.after, before=None, at=found.at + len(rows))
    before = replace(wanted, before=found.before, after=None, at=max(found.at - likes.size, 0))
    return {
        "wanted": wanted,
        "asks": urlencode(wanted.but().to_args()),
        "accounts": accounts,
        **grid_words.choices(accounts),
        "all_columns": tastes.COLUMNS,
        "zone_name": zone_name(wanted, accounts),
        "times": grid_words.times(wanted, zone_of(wanted, accounts)),
        "one_zone": _one_zone(found.orders, accounts),
        "mistakes": asked.mistakes,
        "rows": [replace(row, is_chosen=row.id in picked.here) for row in rows] if picked.here else rows,
        "chosen": picked,
        "likes": likes,
        "columns": likes.columns,
        "sizes": PAGE_SIZES,
        "search": kept.search,
        "views": grid_words.views(wanted, kept, likes),
        "tabs": grid_words.tabs(wanted, found, likes),
        "headings": grid_words.headings(wanted, likes),
        "pills": grid_words.pills(wanted, accounts, kept.search, likes),
        "summary": grid_words.summary(found, str(total or ""), len(rows)),
        "total": total,
        "settings_url": _settings_url(wanted, accounts),
        "may_choose_all": total is not None,
        "before_url": address(before, likes) if found.before else "",
        "after_url": address(after, likes) if found.after else "",
        "here_url": address(wanted, likes),
        "clear_url": address(Wanted(sort=wanted.sort, descending=wanted.descending), likes),
        "news": "",
        "news_url": _news_url(wanted.but(), found.newest_id, 0) if at_top and not asked.mistakes else "",
        "show_url": address(wanted.but(), likes),
        "pace": QUICK if len(rows) < FULL else CALM,
        "changed": (),
        "first_steps": first_steps.shown(only_open=bool(accounts)) if is_empty else (),
        "may_act": door.me().may(Role.OPERATOR),
        "in_list": _in_list(wanted),
        "wants_said": wants_fragment(),
        "all_done": wanted.tab is not Tab.ALL and not wanted.filters and not wanted.find,
    }


def _is_there(here: str) -> bool:
    """The browser is at this address already."""
    there = urlsplit(htmx.current_url or "")
    return f"{there.path}?{there.query}".removesuffix("?") == here


def _settings_url(wanted: Wanted, accounts: Sequence[AccountRow]) -> str:
    """The order settings of the account whose orders stand here, else all accounts."""
    of_one = [row.key for row in accounts if wanted.account in ("", row.key)]
    return url_for("account_orders.show", key=of_one[0]) if len(of_one) == 1 else url_for("settings.account_list")


def _in_list(wanted: Wanted) -> str:
    """What the address of an order carries, so that its page knows the list that it was opened from."""
    args = urlencode(wanted.to_args())
    return f"?{urlencode({'list': args})}" if args else ""


def _rows(orders: Iterable[OrderRow], accounts: Iterable[AccountRow]) -> tuple[showing.Row, ...]:
    by_id = {account.id: account for account in accounts}
    return tuple(showing.row(order, by_id[order.account_id]) for order in orders)


def _news_url(wanted: Wanted, top: int, new: int) -> str:
    return url_for("orders.news", **wanted.but().to_args(), top=top, new=new)  # type: ignore[arg-type]


def _news_text(new: int) -> str:
    if not new:
        return ""
    return "1 new order" if new == 1 else f"{MOST_NEWS}+ new orders" if new > MOST_NEWS else f"{new} new orders"


def _seen(text: str) -> dict[int, int]:
    """`12.1763…,13.1763…` as id to version; at most a page of them."""
    pairs = (entry.partition(".") for entry in text.split(",")[: max(PAGE_SIZES)])
    return {int(a): int(b) for a, _, b in pairs if a.isdecimal() and b.isdecimal() and len(a) < 19 and len(b) < 19}
