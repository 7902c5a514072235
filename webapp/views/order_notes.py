"""The notes on an order: leave one, change it, take it away."""

from __future__ import annotations

from flask import Blueprint, abort, flash, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import notes
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door
from webapp.views.order import back, find

bp = Blueprint("order_notes", __name__)


@bp.post("/orders/<account_key>/<po>/notes")
@door.needs(Role.OPERATOR)
def add(account_key: str, po: str) -> AnyResponse:
    """Leave a note."""
    found = find(account_key, po)
    try:
        missed = notes.add(
            found.row.id, request.form.get("text", ""), door.me().email, _number(), to_magento="copy" in request.form
        )
        if missed:
            flash(f"The note is kept. {missed}", "bad")
    except Refusal as refusal:
        flash(str(refusal), "bad")
    return back(found, "notes")


@bp.post("/orders/<account_key>/<po>/notes/<int:note_id>")
@door.needs(Role.OPERATOR)
def change(account_key: str, po: str, note_id: int) -> AnyResponse:
    """Change a note; where somebody else was quicker, both texts are shown and nothing is lost."""
    found, text = find(account_key, po), request.form.get("text", "")
    try:
        notes.change(found.row.id, note_id, text, request.form.get("version", 0, int), door.me().email)
    except Refusal as refusal:
        flash(str(refusal), "bad")
    except notes.Conflict as conflict:
        note = notes.find(found.row.id, note_id)
        shown = {"order": found.row, "account": found.account, "note": note, "mine": text, "theirs": conflict.text}
        return make_response(render_template("orders/note_conflict.html", **shown), 409)
    return back(found, "notes")


@bp.post("/orders/<account_key>/<po>/notes/<int:note_id>/delete")
@door.needs(Role.OPERATOR)
def delete(account_key: str, po: str, note_id: int) -> AnyResponse:
    """Take a note away."""
    found = find(account_key, po)
    try:
        notes.delete(found.row.id, note_id, door.me().email)
    except Refusal as refusal:
        flash(str(refusal), "bad")
    return back(found, "notes")


def _number() -> str:
    """The form's own number; without one nothing tells two sendings of it apart."""
    number = request.form.get("request", "")[:64]
    if not number:
        abort(400)
    return number
