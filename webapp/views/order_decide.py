"""What a person decides about an order: what is dealt with, and what a credit memo is about."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import by_hand
from webapp.people import Role
from webapp.views import door
from webapp.views.order import find, said

bp = Blueprint("order_decide", __name__, url_prefix="/orders/<account_key>/<po>")


@bp.post("/settle")
@door.needs(Role.OPERATOR)
def settle(account_key: str, po: str) -> AnyResponse:
    """What needs attention has been seen to."""
    found, sentence = find(account_key, po), request.form.get("sentence", "")[:2000]
    return said(found, lambda: by_hand.settle(found.row.id, sentence, door.me().email))


@bp.post("/memos/<int:memo>/refunds")
@door.needs(Role.OPERATOR)
def refunds(account_key: str, po: str, memo: int) -> AnyResponse:
    """This credit memo is about units that shipped."""
    found = find(account_key, po)
    return said(found, lambda: by_hand.refunds_shipped(found.row.id, memo, door.me().email))
