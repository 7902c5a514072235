"""The page on which an order's delivery address is corrected."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import address_editing
from webapp.address_editing import Conflict, Mistakes
from webapp.domain.corrected import LABELS, LONGEST, LONGEST_ELSE, NEEDED
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door
from webapp.views.order import Found, back, find, said

bp = Blueprint("order_address", __name__)

LONGEST_INPUT = 400


@bp.get("/orders/<account_key>/<po>/address")
@door.needs(Role.OPERATOR)
def edit(account_key: str, po: str) -> AnyResponse:
    """The address that holds, to be corrected."""
    return _page(find(account_key, po))


@bp.post("/orders/<account_key>/<po>/address")
@door.needs(Role.OPERATOR)
def save(account_key: str, po: str) -> AnyResponse:
    """Keep a corrected address; what is wrong, or was changed meanwhile, is shown with what was typed."""
    found, form = find(account_key, po), request.form
    given = {name: form.get(name, "")[:LONGEST_INPUT] for name in LABELS}
    choice = form.get("magento", "")[:8]
    try:
        sentence = address_editing.save(found.row.id, given, form.get("version", 0, int), choice, door.me().email)
    except Mistakes as wrong:
        return _page(find(account_key, po), given, wrong.of_fields, choice=choice, status=422)
    except Conflict:
        return _page(find(account_key, po), given, {}, choice=choice, status=409)
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(sentence)
    return back(found, "buyer")


@bp.post("/orders/<account_key>/<po>/address/magento")
@door.needs(Role.OPERATOR)
def to_magento(account_key: str, po: str) -> AnyResponse:
    """Have the Magento order changed to the corrected address."""
    found = find(account_key, po)
    return said(found, lambda: address_editing.ask_magento(found.row.id, door.me().email))


def _page(
    found: Found,
    given: Mapping[str, str] | None = None,
    mistakes: Mapping[str, str] | None = None,
    *,
    choice: str = "",
    status: int = 200,
) -> AnyResponse:
    form, proposed = address_editing.form_of(found.row), address_editing.proposed(found.row)
    shown = {
        "order": found.row,
        "account": found.account,
        "labels": LABELS,
        "longest": {name: LONGEST.get(name, LONGEST_ELSE) for name in LABELS},
        "needed": NEEDED,
        "values": given if given is not None else form.values,
        "theirs": {LABELS[name]: value for name, value in form.values.items() if value} if status == 409 else {},
        "mistakes": mistakes or {},
        "version": form.version,
        "number": form.shop_number,
        "proposed": proposed,
        "choice": choice or proposed,
        "regions": address_editing.regions_known(found.row, found.account.store_id),
    }
    return make_response(render_template("orders/address.html", **shown), status)
