"""Actions on many orders: the question before, the progress and what came of each order after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import bulk, bulk_progress, queries
from webapp.account_entry import MARKETS
from webapp.actions.kinds import ACTIONS
from webapp.bulk_progress import DONE, FAILED, SKIPPED, UNDER_WAY, WAITING, Item, JobState
from webapp.domain.carriers import listed
from webapp.domain.reasons import BUYER_ASKED, Reason, cancel_reasons
from webapp.grid import lists
from webapp.grid.wanted import Wanted
from webapp.models import BulkJobRow
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door, orders, regions, showing, words
from webapp.views.grid_words import address
from webapp.views.numbers import number
from webapp.views.order_forms import Typed
from webapp.views.render import page, part_of, wants_fragment

bp = Blueprint("bulk", __name__)

REGIONS = ("progress", "results")
SHOWN = 100
BUSY, CALM = 1, 5
OUTCOMES = (
    (FAILED, "Failed", "alert", "bad"),
    (WAITING, "Waiting", "clock", ""),
    (UNDER_WAY, "On its way", "clock", ""),
    (DONE, "Done", "shipped", ""),
    (SKIPPED, "Passed over", "minus", ""),
)
LONGEST_QUERY = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One of the tabs of what came of an action."""

    slug: str
    text: str
    icon: str
    tone: str
    number: int
    url: str
    is_on: bool


@orders.bp.post("/orders/bulk", endpoint="bulk")
@door.needs(Role.OPERATOR)
def ask() -> AnyResponse:
    """Judge the chosen orders, or everything that the list holds, and ask."""
    action = ACTIONS.get(request.form.get("action", ""))
    if action is None:
        abort(400)
    asks = request.form.get("asks", "")[:LONGEST_QUERY]
    ids = lists.matching_ids(orders.asked_in_form(), bulk.MOST + 1) if "all" in request.form else _ticked()
    key = bulk.ask(action, ids, door.me().email, asks)
    if wants_fragment():
        return _question(_find(key))
    return redirect(url_for("bulk.show", key=key), 303)


@bp.get("/bulk")
def index() -> AnyResponse:
    """What was done on many orders lately, by everybody."""
    jobs = [(job, ACTIONS[job.action].menu.rstrip("…"), bulk_progress.counts(job)) for job in bulk_progress.recent()]
    return page("bulk/index.html", jobs=jobs, outcomes=OUTCOMES)


@bp.get("/bulk/<key>")
def show(key: str) -> AnyResponse:
    """The question; once it was answered, how it stands."""
    job = _find(key)
    if job.state == JobState.DRAFT:
        return _question(job)
    context = _progress(job)
    drawn = regions.draw("bulk", REGIONS, context)
    if wants_fragment():
        return make_response(render_template("bulk/_renewed.html", **context, renewed=drawn.values()))
    return page("bulk/show.html", **context, drawn=drawn)


@bp.get("/bulk/<key>/live")
@part_of("bulk.show")
def live(key: str) -> AnyResponse:
    """The parts of the progress page that are other than the browser has them."""
    context = _progress(_find(key))
    other = regions.other(regions.draw("bulk", REGIONS, context), request.args.get("seen", ""))
    if not other and context["lives"]:
        return Response("", 204)
    return make_response(render_template("bulk/_renewed.html", **context, renewed=other))


@bp.post("/bulk/<key>/start")
@door.needs(Role.OPERATOR)
def start(key: str) -> AnyResponse:
    """Do it; twice is once."""
    given = {name: value[:200] for name, value in request.form.items() if name != "csrf_token"}
    job = _find(key)
    mistakes = ACTIONS[job.action].check(given, bulk_progress.markets(job)) if job.state == JobState.DRAFT else {}
    if mistakes:
        return _question(job, Typed(given, mistakes))
    answer = _done(key, lambda: bulk.start(key, given, door.me().email))
    if wants_fragment():
        return Response("", 204, {"HX-Redirect": answer.headers["Location"]})
    return answer


@bp.post("/bulk/<key>/stop")
@door.needs(Role.OPERATOR)
def stop(key: str) -> AnyResponse:
    """Do no further orders."""
    return _done(key, lambda: bulk.stop(key))


@bp.post("/bulk/<key>/again")
@door.needs(Role.OPERATOR)
def again(key: str) -> AnyResponse:
    """The same once more, with the orders on which it failed; or its question."""
    return _done(key, lambda: bulk.again(key, door.me().email))


def _done(key: str, act: Callable[[], str | None]) -> AnyResponse:
    _find(key)
    try:
        key = act() or key
    except Refusal as refusal:
        flash(str(refusal), "bad")
    return redirect(url_for("bulk.show", key=key), 303)


def _find(key: str) -> BulkJobRow:
    job = bulk.find(key)
    if job is None or job.action not in ACTIONS:
        abort(404, bulk.GONE)
    return job


def _ticked() -> list[int]:
    given = request.form.getlist("order")
    return [int(one) for one in given if one.isdecimal() and len(one) < 19]


def _question(job: BulkJobRow, typed: Typed | None = None) -> AnyResponse:
    """The number of orders, what they are worth, and who is passed over for which reason."""
    counts, action = bulk_progress.counts(job), ACTIONS[job.action]
    goes, skipped = counts.get(WAITING, 0), counts.get(SKIPPED, 0)
    some, more = bulk_progress.items(job, WAITING, 0, SHOWN)
    answer = page(
        "bulk/ask.html",
        "form",
        job=job,
        action=action,
        goes=goes,
        skipped=skipped,
        question=action.question.format(orders=_orders(goes)),
        orders=_orders,
        worth=[words.money(amount, currency) for amount, currency in bulk_progress.worth(job)],
        some=_linked(some),
        more=goes - len(some) if more else 0,
        reasons=[(reason, _linked(reason.some)) for reason in bulk_progress.reasons(job)],
        most=bulk.MOST,
        back_url=_back(job),
        typed=typed or Typed(),
        markets=bulk_progress.markets(job),
        market_words=MARKETS,
        reasons_in=partial(_reasons, job),
        carriers_in=listed,
    )
    answer.status_code = typed.status if typed else 200
    return answer


def _reasons(job: BulkJobRow, market: str) -> list[Reason]:
    """Walmart's reasons to cancel that fit all of the market's orders: the buyer's own only where all have asked."""
    every = cancel_reasons(market)
    return [one for one in every if one.code != BUYER_ASKED or bulk_progress.wish_all(job, market)]


def _progress(job: BulkJobRow) -> dict[str, Any]:
    counts, action = bulk_progress.counts(job), ACTIONS[job.action]
    total = sum(counts.values()) - counts.get(SKIPPED, 0)
    lives = job.state == JobState.RUNNING or bool(counts.get(UNDER_WAY))
    chosen = _chosen_outcome(counts)
    shown, more = bulk_progress.items(job, chosen, request.args.get("after", 0, number), SHOWN)
    return {
        "job": job,
        "action": action,
        "counts": counts,
        "total": total,
        "handled": total - counts.get(WAITING, 0),
        "percent": 100 * (total - counts.get(WAITING, 0)) // total if total else 100,
        "headline": _headline(job, counts),
        "lives": lives,
        "pace": BUSY if lives else CALM,
        "watch_url": url_for("bulk.live", key=job.key, show=request.args.get("show") or None),
        "tabs": [
            Outcome(slug, text, icon, tone, counts[slug], url_for("bulk.show", key=job.key, show=slug), slug == chosen)
            for slug, text, icon, tone in OUTCOMES
            if counts.get(slug)
        ],
        "items": _linked(shown),
        "older_url": url_for("bulk.show", key=job.key, show=chosen, after=more) if more else "",
        "back_url": _back(job),
        "may_act": door.me().may(Role.OPERATOR),
        "zone": orders.zone_name(Wanted(), queries.all_accounts()),
    }


def _chosen_outcome(counts: dict[str, int]) -> str:
    """What is asked for; else what failed, since that is what a person looks for, else whatever there is."""
    wanted = request.args.get("show", "")
    if counts.get(wanted):
        return wanted
    return next((slug for slug, *_ in OUTCOMES if counts.get(slug) and slug != WAITING), WAITING)


def _headline(job: BulkJobRow, counts: dict[str, int]) -> str:
    """`493 done, 7 failed`, with what is under way in front of it."""
    came = [f"{counts[slug]:,} {said}" for slug, said in _SAID if counts.get(slug)]
    said = ", ".join(came) or "nothing to do"
    if job.state == JobState.RUNNING:
        return f"Stopping: {said}." if job.wants_stop else f"Working: {said}."
    return f"{'Stopped' if job.state == JobState.STOPPED else 'Ended'}: {said}."


_SAID = (
    (DONE, "done"),
    (UNDER_WAY, "on its way"),
    (FAILED, "failed"),
    (WAITING, "not done yet"),
    (SKIPPED, "passed over"),
)


def _linked(items: Iterable[Item]) -> list[tuple[Item, str]]:
    return [(item, showing.order_url(item.account_key, item.po)) for item in items]


def _orders(number: int) -> str:
    return "1 order" if number == 1 else f"{number:,} orders"


def _back(job: BulkJobRow) -> str:
    """To the list that it was asked on; of what came from the form only arguments are left."""
    return address(Wanted.from_args(dict(parse_qsl(job.asks))))
