"""Cancel by hand, and answer a buyer who asks to cancel."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand
from webapp.by_hand.allowing import why_not_answered, why_not_canceled
from webapp.by_hand.cancelling import reasons_for
from webapp.by_hand.finding import asked_to_cancel, open_units, wanted_canceled
from webapp.domain.order import ZERO
from webapp.domain.reasons import BUYER_ASKED, cancel_reasons
from webapp.people import Role
from webapp.views import door, order_forms
from webapp.views.order import Found, find, said
from webapp.views.order_forms import Typed, number_of_form

bp = Blueprint("order_cancel", __name__, url_prefix="/orders/<account_key>/<po>")


@bp.get("/cancel")
@door.needs(Role.OPERATOR)
def ask(account_key: str, po: str) -> AnyResponse:
    """The form: units of each line, and Walmart's reason for each."""
    return _form(find(account_key, po), Typed())


@bp.post("/cancel")
@door.needs(Role.OPERATOR)
def cancel(account_key: str, po: str) -> AnyResponse:
    """Cancel open units at Walmart."""
    found, typed, number = find(account_key, po), order_forms.sent(), number_of_form()
    judged, mistakes = order_forms.judged(found), dict[str, str]()
    lines = order_forms.lines_asked(judged, open_units(judged))
    wanted = order_forms.quantities(typed, lines, mistakes)
    if mistakes:
        return _form(found, Typed(typed.values, mistakes))
    given = {line: (quantity, typed[f"reason-{line}"] or typed["reason"]) for line, quantity in wanted.items()}
    by = door.me().email

    def again(mistakes: Mapping[str, str]) -> AnyResponse:
        common = {} if typed["reason"] else _common(mistakes)
        return _form(found, Typed(typed.values, common or mistakes))

    return order_forms.do(found, lambda: by_hand.cancel(found.row.id, given, by, number), again)


@bp.get("/accept")
@door.needs(Role.OPERATOR)
def ask_to_accept(account_key: str, po: str) -> AnyResponse:
    """What the buyer wants canceled, what it was sold for, and that it cannot be taken back."""
    return _asked_to_accept(find(account_key, po), Typed())


@bp.post("/accept")
@door.needs(Role.OPERATOR)
def accept(account_key: str, po: str) -> AnyResponse:
    """Cancel the units that were shown, if they still are what the buyer asked to cancel; else ask again."""
    found, number, by = find(account_key, po), number_of_form(), door.me().email
    judged = order_forms.judged(found)
    shown = order_forms.quantities(order_forms.sent(), order_forms.lines_asked(judged, open_units(judged)), {})

    def again(mistakes: Mapping[str, str]) -> AnyResponse:
        return _asked_to_accept(find(account_key, po), Typed({"request": number}, mistakes))

    return order_forms.do(found, lambda: by_hand.accept_cancellation(found.row.id, shown, by, number), again)


@bp.post("/ship-anyway")
@door.needs(Role.OPERATOR)
def ship_anyway(account_key: str, po: str) -> AnyResponse:
    """Let it be shipped although the buyer asked to cancel."""
    found = find(account_key, po)
    return said(found, lambda: by_hand.ship_anyway(found.row.id, door.me().email))


def _asked_to_accept(found: Found, typed: Typed) -> AnyResponse:
    judged = order_forms.judged(found)
    wanted, asked = wanted_canceled(judged), asked_to_cancel(judged)
    return order_forms.ask(
        "orders/accept.html",
        found,
        typed,
        why_not=why_not_answered(judged),
        lines=[(line, wanted[line.number]) for line in asked],
        units=sum(wanted.values()),
        worth=sum((line.total * wanted[line.number] / line.quantity for line in asked), ZERO),
    )


def _common(mistakes: Mapping[str, str]) -> dict[str, str]:
    """No reason was chosen at all: that is said once, where one is chosen for all lines."""
    only = all(name.startswith("reason-") for name in mistakes)
    return {"reason": "Choose one of Walmart's reasons."} if mistakes and only else {}


def _form(found: Found, typed: Typed) -> AnyResponse:
    judged = order_forms.judged(found)
    lines = order_forms.lines_asked(judged, open_units(judged))
    choices = {line.number: reasons_for(judged, line.number) for line in lines}
    offered = {one.code for line in lines if line.most for one in choices[line.number]}
    common = [one for one in cancel_reasons(judged.market) if one.code in offered]
    return order_forms.ask(
        "orders/cancel.html",
        found,
        typed,
        why_not=why_not_canceled(judged),
        lines=lines,
        choices=choices,
        common=common,
        warned=[one for one in common if one.warning and one.code != BUYER_ASKED],
    )
