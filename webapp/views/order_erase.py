"""Erase the buyer of one order on request."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from webapp import erasing, settings
from webapp.people import Role
from webapp.views import door
from webapp.views.order import find, said
from webapp.views.render import page

bp = Blueprint("erase", __name__)


@bp.get("/orders/<account_key>/<po>/erase")
@door.needs(Role.ADMIN)
def ask(account_key: str, po: str) -> AnyResponse:
    """Say what goes and what stays, and ask; or why it cannot be."""
    found = find(account_key, po)
    days = settings.current().buyer_data_days
    shown = {"order": found.row, "account": found.account, "why_not": erasing.why_not(found.row), "days": days}
    return page("orders/erase.html", "form", **shown)


@bp.post("/orders/<account_key>/<po>/erase")
@door.needs(Role.ADMIN)
def now(account_key: str, po: str) -> AnyResponse:
    """Erase it for good."""
    found = find(account_key, po)
    return said(found, lambda: erasing.erase_one(found.row.id, by=door.me().email))
