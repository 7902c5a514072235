"""Cancel by hand, and answer a buyer who asks to cancel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand
from webapp.by_hand.allowing import why_not_answered, why_not_canceled
from webapp.by_hand.cancelling import judge, reasons_for
from webapp.by_hand.finding import Found as Judged
from webapp.by_hand.finding import asked_to_cancel, open_units, wanted_canceled
from webapp.domain.order import ZERO
from webapp.domain.reasons import BUYER_ASKED, Reason, cancel_reasons
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door, order_forms
from webapp.views.order import Found, find, said
from webapp.views.order_forms import ALL, Typed, number_of_form

bp = Blueprint("order_cancel", __name__, url_prefix="/orders/<account_key>/<po>")


QUANTITY, REASON = "quantity-", "reason-"


@bp.get("/cancel")
@door.needs(Role.OPERATOR)
def ask(account_key: str, po: str) -> AnyResponse:
    """The form: units of each line, and Walmart's reason for each."""
    return _form(find(account_key, po), Typed())


@bp.post("/cancel")
@door.needs(Role.OPERATOR)
def cancel(account_key: str, po: str) -> AnyResponse:
    """Cancel open units at Walmart; where all that is left is to be canceled, say what that is and ask."""
    found, typed, number = find(account_key, po), order_forms.sent(), number_of_form()
    judged, unread = order_forms.judged(found), dict[str, str]()
    if typed["step"] == ALL:
        return _ask_for_all(found, judged, typed)
    if typed["step"] == "change":
        return _form(found, typed)
    wanted = order_forms.quantities(typed, order_forms.lines_asked(judged, open_units(judged)), unread)
    given, by = _with_reasons(typed, wanted), door.me().email

    def again(mistakes: Mapping[str, str]) -> AnyResponse:
        return _form(found, _marked(typed, mistakes))

    if unread:
        return again(_all_wrong(judged, typed, given, unread))
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
        worth=_worth(judged, wanted),
    )


def _ask_for_all(found: Found, judged: Judged, typed: Typed) -> AnyResponse:
    """What would be canceled, whatever units were typed; sent on, it is judged as if these had been typed."""
    every = {line: count for line, count in open_units(judged).items() if count}
    given = _with_reasons(typed, every)
    if mistakes := _wrong(judged, given):
        return _form(found, _marked(typed, mistakes))
    known = {one.code: one for one in cancel_reasons(judged.market)}
    chosen = {line: known[reason] for line, (_, reason) in given.items()}
    kept = {name: value for name, value in typed.values.items() if name not in {"step", "request"}}
    return order_forms.ask(
        "orders/cancel_sure.html",
        found,
        typed,
        lines=[(judged.lines[line], count, chosen[line].words) for line, count in every.items()],
        units=sum(every.values()),
        worth=_worth(judged, every),
        warned=_warned(dict.fromkeys(chosen.values())),
        kept=kept | {f"quantity-{line}": str(count) for line, count in every.items()},
    )


def _with_reasons(typed: Typed, units: Mapping[str, int]) -> dict[str, tuple[int, str]]:
    """Each line with its own reason, or else the one for all."""
    return {line: (count, typed[f"{REASON}{line}"] or typed["reason"]) for line, count in units.items()}


def _worth(judged: Judged, units: Mapping[str, int]) -> Decimal:
    """What these units were sold for."""
    lines = judged.lines
    return sum((lines[line].total * count / lines[line].quantity for line, count in units.items()), ZERO)


def _warned(reasons: Iterable[Reason]) -> list[Reason]:
    return [one for one in reasons if one.warning and one.code != BUYER_ASKED]


def _wrong(judged: Judged, given: Mapping[str, tuple[int, str]]) -> Mapping[str, str]:
    try:
        judge(judged, given)
    except by_hand.Mistakes as wrong:
        return wrong.by_field
    except Refusal as refusal:
        return {"": str(refusal)}
    return {}


def _all_wrong(
    judged: Judged, typed: Typed, given: Mapping[str, tuple[int, str]], unread: Mapping[str, str]
) -> dict[str, str]:
    """What could not be read, with all that is wrong beside it: what was meant there is one unit at least."""
    lines = [name.removeprefix(QUANTITY) for name in unread]
    return {**_wrong(judged, {**given, **_with_reasons(typed, dict.fromkeys(lines, 1))}), **unread}


def _marked(typed: Typed, mistakes: Mapping[str, str]) -> Typed:
    """What was typed, with each mistake where it can be mended: a reason that no line has is missed once, above all."""
    reasons = {name for name in typed.values if name.startswith(REASON) and typed[name]}
    bare = {name for name in mistakes if name.startswith(REASON)} - reasons
    if typed["reason"] or not (bare or ("quantity" in mistakes and not reasons)):
        return Typed(typed.values, mistakes)
    others = {name: wrong for name, wrong in mistakes.items() if name not in bare}
    return Typed(typed.values, others | {"reason": "Choose one of Walmart's reasons."})


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
        warned=_warned(common),
        has_more=sum(line.most for line in lines) > 1,
    )
