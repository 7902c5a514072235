"""The lists behind those numbers of the dashboard that no other page lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from webapp import dashboard, queries
from webapp.models import EventRow, SyncRow
from webapp.queries import COUNTED_TO
from webapp.views import showing, words
from webapp.views.render import page

bp = Blueprint("behind", __name__)


@dataclass(frozen=True, slots=True)
class One:
    """A line: what it is, where more is told, and in which words it belongs here."""

    name: str
    url: str
    sentence: Markup


@bp.get("/dashboard/shipped-late/<account_key>")
def shipped_late(account_key: str) -> AnyResponse:
    """The orders of an account that went out after their ship-by date, or are still open after it."""
    account = next((row for row in queries.all_accounts() if row.key == account_key), None)
    if account is None:
        abort(404, "There is no such account.")
    said, zone = Markup("Due {}. It is {}."), account.store.time_zone
    rows = [
        One(row.po, showing.order_url(account.key, row.po), said.format(words.moment(row.ship_by, zone), row.status))
        for row in dashboard.late_orders(account.id)
    ]
    meaning = (
        "You had to ship them in the last 30 days, and some unit went out after the ship-by date or is still here."
    )
    return _page(f"Shipped late: {account.name}", meaning, rows)


@bp.get("/dashboard/webhooks/<int:bar>")
def webhooks(bar: int) -> AnyResponse:
    """The newest webhooks that took so long from their coming to the read that answered them."""
    if bar >= len(dashboard.LAGS):
        abort(404)
    _, said = dashboard.LAGS[bar]
    rows = [
        One(f"#{row.id}", url_for("incoming.show", event_id=row.id), _took(row, took))
        for row, took in dashboard.lag_events(said)
    ]
    return _page(f"Webhooks done: {said}", "Of the newest five hundred that Walmart sent.", rows)


@bp.get("/dashboard/to-read")
def to_read() -> AnyResponse:
    """The orders that are to be read on both sides now."""
    due, said = dashboard.to_read(), Markup("Its turn came {}.")
    meaning = "They are read on both sides, many side by side, the longest due first."
    return _turns("Orders to be read now", meaning, due, lambda row: said.format(words.ago(row.look_again_at)))


@bp.get("/dashboard/for-magento")
def for_magento() -> AnyResponse:
    """The orders that wait since their shop does not answer or refuses, each with what it said."""
    meaning = "Their shop does not answer, or refuses: each says why. They go on by themselves once it serves us."
    waiting = dashboard.for_magento()
    return _turns("Orders that wait for Magento", meaning, waiting, lambda row: Markup.escape(row.trouble))


def _turns(title: str, meaning: str, found: Sequence[SyncRow], said: Callable[[SyncRow], Markup]) -> AnyResponse:
    keys = {row.id: row.key for row in queries.all_accounts()}
    rows = [One(row.po, showing.order_url(keys[row.account_id], row.po), said(row)) for row in found[:COUNTED_TO]]
    more = "" if len(found) <= COUNTED_TO else f" These are the first {COUNTED_TO:,}."
    return _page(title, f"{meaning}{more}", rows)


def _took(row: EventRow, length: timedelta) -> Markup:
    done = words.duration(round(length / timedelta(milliseconds=1)))
    return Markup("{} came {}, done in {}.").format(row.type, words.ago(row.received_at), done)


def _page(title: str, meaning: str, rows: Sequence[One]) -> AnyResponse:
    return page("dashboard/behind.html", title=title, meaning=meaning, rows=rows)
