"""The notes on an order: leave one, change it, take it away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import notes
from webapp.models import NoteRow
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.views import beside, door, regions
from webapp.views.order import Found, back, find, shown
from webapp.views.render import page, wants_fragment

bp = Blueprint("order_notes", __name__)


@bp.post("/orders/<account_key>/<po>/notes")
@door.needs(Role.OPERATOR)
def add(account_key: str, po: str) -> AnyResponse:
    """Leave a note."""
    found, text, by = find(account_key, po), request.form.get("text", ""), door.me().email
    act = lambda: notes.add(found.row.id, text, by, _number(), to_magento="copy" in request.form)  # noqa: E731
    try:
        return _do(found, act, "Note added.")
    except notes.WrongText as wrong:
        return _asked_again(found, text, wrong)


@bp.post("/orders/<account_key>/<po>/notes/<int:note_id>")
@door.needs(Role.OPERATOR)
def change(account_key: str, po: str, note_id: int) -> AnyResponse:
    """Change a note; where somebody else was quicker, both texts are shown and nothing is lost."""
    found, text = find(account_key, po), request.form.get("text", "")
    version, by = request.form.get("version", 0, int), door.me().email
    try:
        return _do(found, lambda: notes.change(found.row.id, note_id, text, version, by), "Note changed.")
    except notes.WrongText as wrong:
        return _asked_again(found, text, wrong, notes.find(found.row.id, note_id))
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
    except notes.WrongText:
        raise
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


def _asked_again(found: Found, text: str, wrong: notes.WrongText, note: NoteRow | None = None) -> AnyResponse:
    """The form with what was written and what is wrong with it; without scripts on the order's page."""
    field, mistake = f"note-{note.id}-text" if note else "note-text", str(wrong)
    if not wants_fragment():
        beside.tell(field, mistake)
        return back(found)
    shown: dict[str, Any] = {
        "order": found.row,
        "account": found.account,
        "note": note,
        "text": text,
        "mistake": mistake,
        "version": request.form.get("version", ""),
        "wants_copy": "copy" in request.form,
    }
    answer = make_response(render_template("orders/_note_form.html", **shown), 422)
    answer.headers.update({"HX-Retarget": f"#f-{field}", "HX-Reswap": "outerHTML"})
    return answer


def _number() -> str:
    """The form's own number; without one nothing tells two sendings of it apart."""
    number = request.form.get("request", "")[:64]
    if not number:
        abort(400)
    return number
