"""Refund by hand: amounts first, then the question with everything that Walmart will do, then once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand
from webapp.by_hand import Left, left_to_refund
from webapp.by_hand.allowing import why_not_refunded
from webapp.by_hand.finding import Found as Judged
from webapp.by_hand.refunding import judge
from webapp.domain.amounts import OtherCurrency, amount_of
from webapp.domain.order import ZERO, Charge
from webapp.domain.outgoing import lines_named
from webapp.domain.reasons import DEFAULT_REFUND_REASON, REFUND_WORDS, refund_in_words
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door, order_forms
from webapp.views.order import Found, find
from webapp.views.order_facts import CHARGE_WORDS
from webapp.views.order_forms import ALL, Typed, number_of_form

bp = Blueprint("order_refund", __name__, url_prefix="/orders/<account_key>/<po>")

Amounts = dict[str, tuple[Charge, ...]]


@bp.get("/refund")
@door.needs(Role.OPERATOR)
def ask(account_key: str, po: str) -> AnyResponse:
    """The form: a reason, and amounts of each line that has shipped."""
    return _form(find(account_key, po), Typed())


@bp.post("/refund")
@door.needs(Role.OPERATOR)
def refund(account_key: str, po: str) -> AnyResponse:
    """Say what will be given back and ask; with `confirmed`, which names the sum that was shown, do it."""
    found, typed, number = find(account_key, po), order_forms.sent(), number_of_form()
    judged, mistakes = order_forms.judged(found), dict[str, str]()
    left = left_to_refund(judged)
    asked = _ticked(typed, left) if typed["step"] == ALL else typed
    amounts = _amounts(asked, left, found.row.currency, mistakes)
    if mistakes or typed["step"] == "change":
        return _form(found, Typed(typed.values, mistakes))

    def again(mistakes: Mapping[str, str]) -> AnyResponse:
        return _form(found, Typed(typed.values, mistakes))

    sure = typed["confirmed"] == str(_sum(amounts)) and typed["step"] == "send"
    reason, comment, by = typed["reason"], typed["comment"].strip(), door.me().email
    if sure:
        return order_forms.do(found, lambda: by_hand.refund(found.row.id, amounts, reason, comment, by, number), again)
    try:
        judge(judged, amounts, reason, comment)
    except by_hand.Mistakes as wrong:
        return again(wrong.by_field)
    except Refusal as refusal:
        return again({"": str(refusal)})
    return _ask_again(found, judged, asked, amounts)


def _ask_again(found: Found, judged: Judged, asked: Typed, amounts: Amounts) -> AnyResponse:
    """Everything that will be given back, before it is sent."""
    beyond, widened = by_hand.widened(found.row, amounts)
    return order_forms.ask(
        "orders/refund_sure.html",
        found,
        asked,
        amounts=[(line, charges) for line, charges in amounts.items() if charges],
        lines=judged.lines,
        total=_sum(amounts),
        in_all=_sum(amounts) + beyond,
        how_much=_how_much(asked, left_to_refund(judged)),
        widened=widened,
        memo=_memo(judged),
        why=refund_in_words(asked["reason"]),
        charge_words=CHARGE_WORDS,
        kept={name: value for name, value in asked.values.items() if name not in {"step", "confirmed", "request"}},
    )


def _ticked(typed: Typed, left: list[Left]) -> Typed:
    """As if everything that is left had been ticked for each line that can be refunded now."""
    return Typed({**typed.values, **{f"all-{one.line.number}": "on" for one in left if not one.is_going}})


def _how_much(asked: Typed, left: list[Left]) -> str:
    """Of how many units all that is left is given back, where it is all, and what is left out of it."""
    mine, going = [one.line for one in left if not one.is_going], [one.line.number for one in left if one.is_going]
    if not all(asked[f"all-{line.number}"] == "on" for line in mine):
        return ""
    units = sum(line.shipped for line in mine)
    of = f"{units} {'unit' if units == 1 else 'units'} in {len(mine)} {'line' if len(mine) == 1 else 'lines'}"
    without = f" Without {lines_named(going)}, of which a refund is on its way." if going else ""
    return f"All that is left to refund, of {of}.{without}"


def _memo(judged: Judged) -> str:
    """What Magento's side of the refund will be, before it is sent."""
    if judged.row.magento_order_id is None or judged.row.magento_is_gone:
        return ""
    if judged.policy.create_credit_memos:
        return "Magento gets a credit memo for it once Walmart shows the refund."
    return (
        "Magento gets no credit memo for it: making them is switched off in the account's order settings. Make it in "
        "Magento yourself; it is set against this refund, so the buyer is not paid twice."
    )


def _form(found: Found, typed: Typed) -> AnyResponse:
    judged = order_forms.judged(found)
    left = left_to_refund(judged)
    return order_forms.ask(
        "orders/refund.html",
        found,
        typed,
        why_not=why_not_refunded(judged),
        lines=left,
        reasons=REFUND_WORDS,
        reason=typed["reason"] or judged.policy.refund_reason or DEFAULT_REFUND_REASON,
        charge_words=CHARGE_WORDS,
        has_more=sum(one.line.shipped for one in left if not one.is_going) > 1,
    )


def _amounts(typed: Typed, lines: list[Left], currency: str, mistakes: dict[str, str]) -> Amounts:
    """Charges by line; a line of which everything is given back needs no amounts."""
    found: Amounts = {}
    for line in lines:
        number = line.line.number
        if typed[f"all-{number}"] == "on":
            found[number] = line.everything
            continue
        charges = (
            line.charge(
                kind, *(_amount(typed, f"{what}-{number}-{kind}", currency, mistakes) for what in ("amount", "tax"))
            )
            for kind in line.amounts
        )
        found[number] = tuple(one for one in charges if one.amount or one.tax)
    return found


def _amount(typed: Typed, name: str, currency: str, mistakes: dict[str, str]) -> Decimal:
    text = typed[name].strip()
    if not text:
        return ZERO
    try:
        amount = amount_of(text, currency)
    except OtherCurrency:
        mistakes[name] = f"This order is in {currency}."
        return ZERO
    if amount is None:
        mistakes[name] = "An amount such as 4.50, not below zero."
    return amount or ZERO


def _sum(amounts: Amounts) -> Decimal:
    return sum((one.amount + one.tax for charges in amounts.values() for one in charges), ZERO)
