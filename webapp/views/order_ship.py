"""Mark as shipped, send again what the shop shipped, and deal its tracking numbers to units."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand
from webapp.by_hand import Parcel
from webapp.by_hand.allowing import why_not_shipped
from webapp.by_hand.finding import Found as Judged
from webapp.by_hand.finding import ready_units, undecided
from webapp.by_hand.shipping import judge
from webapp.domain.carriers import METHODS, listed
from webapp.domain.outgoing import lines_named
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door, order_forms
from webapp.views.order import Found, find, said
from webapp.views.order_forms import Typed

bp = Blueprint("order_ship", __name__, url_prefix="/orders/<account_key>/<po>")


@bp.get("/ship")
@door.needs(Role.OPERATOR)
def ask(account_key: str, po: str) -> AnyResponse:
    """The form: carrier, tracking number, units of each line."""
    return _form(find(account_key, po), Typed())


@bp.post("/ship")
@door.needs(Role.OPERATOR)
def ship(account_key: str, po: str) -> AnyResponse:
    """Tell Walmart that these units have left in one parcel."""
    found, typed, number = find(account_key, po), order_forms.sent(), order_forms.number_of_form()
    judged, mistakes = order_forms.judged(found), dict[str, str]()
    lines = order_forms.lines_asked(judged, ready_units(judged))
    wanted = order_forms.quantities(typed, lines, mistakes)
    parcel = Parcel(typed["carrier"], typed["number"], typed["url"], typed["method"])
    if mistakes:
        unread = dict.fromkeys((name.removeprefix("quantity-") for name in mistakes), 1)
        return _form(found, Typed(typed.values, {**_wrong(judged, wanted | unread, parcel, typed), **mistakes}))
    by, anyway, sure = door.me().email, typed["anyway"] == "on", typed["sure"]

    def again(mistakes: Mapping[str, str]) -> AnyResponse:
        return _form(found, Typed(typed.values, mistakes))

    def act() -> str:
        return by_hand.ship(found.row.id, wanted, parcel, by, number, anyway=anyway, sure=sure)

    return order_forms.do(found, act, again)


def _wrong(judged: Judged, wanted: Mapping[str, int], parcel: Parcel, typed: Typed) -> Mapping[str, str]:
    """All else that is wrong, where of what could not be read one unit at least was meant."""
    try:
        judge(judged, wanted, parcel, ready_units(judged), anyway=typed["anyway"] == "on", sure=typed["sure"])
    except by_hand.Mistakes as wrong:
        return wrong.by_field
    except Refusal as refusal:
        return {"": str(refusal)}
    return {}


@bp.post("/resend")
@door.needs(Role.OPERATOR)
def resend(account_key: str, po: str) -> AnyResponse:
    """Send what Walmart still lacks of the shop's shipments."""
    found = find(account_key, po)
    return said(found, lambda: by_hand.resend(found.row.id, door.me().email))


def _form(found: Found, typed: Typed) -> AnyResponse:
    judged = order_forms.judged(found)
    own = [name for name in judged.policy.own_carriers if name not in listed(judged.market)]
    wishing = [line.number for line in undecided(judged)]
    methods = dict.fromkeys(one for one in (found.row.method_code, *METHODS) if one)
    return order_forms.ask(
        "orders/ship.html",
        found,
        typed,
        why_not=why_not_shipped(judged),
        lines=order_forms.lines_asked(judged, ready_units(judged)),
        wishing=wishing,
        wished=lines_named(wishing),
        carriers=[*own, *listed(judged.market)],
        own=own,
        methods=list(methods),
    )
