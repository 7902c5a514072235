"""The orders grid: one page, its rows and its news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import actions, queries
from webapp.domain.order import OrderStatus
from webapp.models import AccountRow, OrderRow
from webapp.people import Role
from webapp.queries import MOST_NEWS, PAGE_SIZE, Grid, Wanted
from webapp.views import door, showing
from webapp.views.render import page, wants_fragment

bp = Blueprint("orders", __name__)

QUICK, CALM = 1, 5
"""Seconds between two looks for news: quick while the list is short, as in somebody's first minutes."""

MAGENTO_WORDS = (("yes", "created"), ("no", "not created"))


@dataclass(frozen=True, slots=True)
class Link:
    """A tab, a pill or a page link."""

    text: str
    url: str
    count: str = ""
    is_on: bool = False
    icon: str = ""
    slug: str = "all"
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One chosen order and what is said about it."""

    url: str
    po: str
    sentence: str


@bp.get("/")
def home() -> AnyResponse:
    """The orders are the home page."""
    response = make_response("", 302)
    response.headers["Location"] = url_for("orders.index")
    return response


@bp.get("/orders")
def index() -> AnyResponse:
    """The grid; its address is its whole state."""
    wanted = Wanted.from_args(request.args)
    accounts = queries.all_accounts()
    grid = queries.grid(wanted, accounts)
    response = page("orders/index.html", "grid", **_shown(wanted, grid, accounts))
    if wants_fragment():
        response.headers["HX-Push-Url"] = _address(wanted)
    return response


@bp.get("/orders/news")
def news() -> AnyResponse:
    """What has changed for a page that somebody looks at; 204 when nothing has."""
    wanted, accounts = Wanted.from_args(request.args), queries.all_accounts()
    seen = _seen(request.args.get("seen", ""))
    found = queries.news(wanted, accounts, request.args.get("top", 0, int), seen)
    if not found.changed and found.new == request.args.get("new", 0, int):
        return Response("", 204)
    pace = CALM if len(seen) >= PAGE_SIZE else QUICK
    shown = {
        "news": _news_text(found.new),
        "news_url": _news_url(wanted, request.args.get("top", 0, int), found.new),
        "show_url": _address(wanted),
        "pace": pace,
        "changed": _rows(found.changed, accounts),
        "may_act": door.me().may(Role.OPERATOR),
    }
    return make_response(render_template("orders/_news.html", **shown))


@bp.get("/orders/<account_key>/<po>/row")
def row(account_key: str, po: str) -> AnyResponse:
    """One row of the grid while something is under way; 204 while it is as the browser has it."""
    found = queries.one(account_key, po)
    if found is None:
        abort(404)
    shown, may_act = showing.row(*found), door.me().may(Role.OPERATOR)
    if request.args.get("version") == str(shown.version):
        return Response("", 204)
    return make_response(render_template("orders/_row.html", row=shown, oob=False, may_act=may_act))


@bp.post("/orders/acknowledge")
@door.needs(Role.OPERATOR)
def ask_to_acknowledge() -> AnyResponse:
    """Say what would be done with the chosen orders and what is passed over, and ask."""
    return _asked(actions.can_acknowledge(_chosen()), asks=True)


@bp.post("/orders/acknowledge/now")
@door.needs(Role.OPERATOR)
def acknowledge() -> AnyResponse:
    """Do it, and say for each order what came of it."""
    return _asked(actions.acknowledge(_chosen(), by=door.me().email), asks=False)


def _chosen() -> list[int]:
    """The orders whose boxes were ticked."""
    given = request.form.getlist("order")[: actions.MOST_AT_ONCE]
    return [int(one) for one in given if one.isdecimal() and len(one) < 19]


def _asked(results: Sequence[actions.Result], *, asks: bool) -> AnyResponse:
    """The orders that go and those that are passed over, as a question or as what was done."""
    told = [(one.done, Told(showing.order_url(one.account_key, one.po), one.po, one.sentence)) for one in results]
    done, skipped = [one for goes, one in told if goes], [one for goes, one in told if not goes]
    return page("orders/acknowledge.html", done=done, skipped=skipped, ids=_chosen(), asks=asks)


def _shown(wanted: Wanted, grid: Grid, accounts: Sequence[AccountRow]) -> dict[str, object]:
    rows = _rows(grid.orders, accounts)
    at_top = wanted.is_at_top or grid.newer is None
    return {
        "wanted": wanted,
        "accounts": accounts,
        "magento_words": MAGENTO_WORDS,
        "rows": rows,
        "tabs": _tabs(wanted, grid),
        "summary": _summary(grid, at_top, rows),
        "newer_url": _address(wanted.but(newer=grid.newer)) if grid.newer else "",
        "older_url": _address(wanted.but(older=grid.older)) if grid.older else "",
        "clear_url": url_for("orders.index"),
        "no_account_url": _address(wanted.but(account="")),
        "no_magento_url": _address(wanted.but(magento="")),
        "news": "",
        "news_url": _news_url(wanted.but(), grid.newest_id, 0) if at_top else "",
        "show_url": _address(wanted.but()),
        "pace": QUICK if len(rows) < PAGE_SIZE else CALM,
        "changed": (),
        "may_act": door.me().may(Role.OPERATOR),
        "oob": False,
        "wants_said": wants_fragment(),
    }


def _rows(orders: Iterable[OrderRow], accounts: Iterable[AccountRow]) -> tuple[showing.Row, ...]:
    by_id = {account.id: account for account in accounts}
    return tuple(showing.row(order, by_id[order.account_id]) for order in orders)


def _tabs(wanted: Wanted, grid: Grid) -> tuple[Link, ...]:
    everything = Link("All", _address(wanted.but(status=None)), str(grid.counts["all"]), wanted.status is None)
    return (
        everything,
        *(
            Link(
                status.value,
                _address(wanted.but(status=status)),
                str(grid.counts[status.slug]),
                wanted.status is status,
                showing.ICONS[status],
                status.slug,
                status.meaning,
            )
            for status in OrderStatus
        ),
    )


def _summary(grid: Grid, at_top: bool, rows: Sequence[showing.Row]) -> str:
    if not rows:
        return "No orders"
    if at_top and grid.older is None:
        return "1 order" if len(rows) == 1 else f"{len(rows)} orders"
    return f"{'First' if at_top else 'Further'} {len(rows)} of {grid.total} orders"


def _address(wanted: Wanted) -> str:
    return url_for("orders.index", **wanted.to_args())  # type: ignore[arg-type]


def _news_url(wanted: Wanted, top: int, new: int) -> str:
    return url_for("orders.news", **wanted.but().to_args(), top=top, new=new)  # type: ignore[arg-type]


def _news_text(new: int) -> str:
    if not new:
        return ""
    return "1 new order" if new == 1 else f"{MOST_NEWS}+ new orders" if new > MOST_NEWS else f"{new} new orders"


def _seen(text: str) -> dict[int, int]:
    """`12.1763…,13.1763…` as id to version; at most a page of them."""
    pairs = (entry.partition(".") for entry in text.split(",")[:PAGE_SIZE])
    return {int(a): int(b) for a, _, b in pairs if a.isdecimal() and b.isdecimal() and len(a) < 19 and len(b) < 19}
