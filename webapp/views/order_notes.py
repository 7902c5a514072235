"""The notes on an order: leave one, change it, take it away."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import notes
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import door, regions
from webapp.views.order import Found, back, find, shown
from webapp.views.render import page, wants_fragment

bp = Blueprint("order_notes", __name__)


@bp.post("/orders/<account_key>/<po>/notes")
@door.needs(Role.OPERATOR)
def add(account_key: str, po: str) -> AnyResponse:
    """Leave a note."""
    found, text, by = find(account_key, po), request.form.get("text", ""), door.me().email
    act = lambda: notes.add(found.row.id, text, by, _number(), to_magento="copy" in request.form)  # noqa: E731
    return _do(found, act, "Note added.")


@bp.post("/orders/<account_key>/<po>/notes/<int:note_id>")
@door.needs(Role.OPERATOR)
def change(account_key: str, po: str, note_id: int) -> AnyResponse:
    """Change a note; where somebody else was quicker, both texts are shown and nothing is lost."""
    found, text = find(account_key, po), request.form.get("text", "")
    version, by = request.form.get("version", 0, int), door.me().email
    try:
        return _do(found, lambda: notes.change(found.row.id, note_id, text, version, by), "Note changed.")
    except notes.Conflict as conflict:
        note = notes.find(found.row.id, note_id)
        both = {"order": found.row, "account": found.account, "note": note, "mine": text, "theirs": conflict.text}
        answer = page("orders/note_conflict.html", "form", **both)
        answer.status_code = 409
        answer.headers.update({"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})
        return answer


@bp.post("/orders/<account_key>/<po>/notes/<int:note_id>/delete")
@door.needs(Role.OPERATOR)
def delete(account_key: str, po: str, note_id: int) -> AnyResponse:
    """Take a note away."""
    found = find(account_key, po)
    return _do(found, lambda: notes.delete(found.row.id, note_id, door.me().email), "Note deleted.")


def _do(found: Found, act: Callable[[], str | None], said: str) -> AnyResponse:
    """Do it and show the notes as they are now; htmx gets them alone, and a refusal as a notice."""
    missed = ""
    try:
        missed = act() or ""
    except Refusal as refusal:
        if wants_fragment():
            abort(422, str(refusal))
        flash(str(refusal), "bad")
    missed = f"The note is kept. {missed}" if missed else ""
    if not wants_fragment():
        if missed:
            flash(missed, "bad")
        return back(found, "notes")
    now = shown(find(found.account.key, found.row.po))
    region = regions.draw("orders", ("notes",), now)["notes"]
    return make_response(render_template("orders/_noted.html", region=region, said=said, missed=missed))


def _number() -> str:
    """The form's own number; without one nothing tells two sendings of it apart."""
    number = request.form.get("request", "")[:64]
    if not number:
        abort(400)
    return number
