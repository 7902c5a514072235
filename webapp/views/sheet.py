"""Mark as shipped from a sheet, pasted or as a file: looked at row by row first, then an action on many orders."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import bulk, sheets
from webapp.actions.kinds import ACTIONS
from webapp.actions.shipping import PARCELS, REQUEST, as_option
from webapp.outbox import Refusal
from webapp.people import Role
from webapp.sheets import Row
from webapp.views import door, security
from webapp.views.order_forms import number_of_form
from webapp.views.regions import request_id
from webapp.views.render import page

bp = Blueprint("sheet", __name__, url_prefix="/orders/ship-sheet")

LARGEST_FORM = 2 * sheets.LARGEST + security.LARGEST_FORM
"""A sheet as a file, another that was pasted, and the rest of the form."""


@bp.get("")
@door.needs(Role.OPERATOR)
def ask() -> AnyResponse:
    """Where the sheet is pasted or chosen."""
    return _page("", [], "")


@bp.post("")
@security.takes(LARGEST_FORM)
@door.needs(Role.OPERATOR)
def look() -> AnyResponse:
    """Say of each row what would be done; with the step `send`, do it for those that are right."""
    text, by, action = _text(), door.me().email, ACTIONS["ship"]
    asks = f"sheet={number_of_form()}"
    before = bulk.begun(action, asks, by) if request.form.get("step") == "send" else None
    if before is not None:
        return redirect(url_for("bulk.show", key=before), 303)
    try:
        rows = sheets.look(text)
    except Refusal as refusal:
        return _page(text, [], str(refusal))
    parcels = sheets.parcels(rows)
    if request.form.get("step") != "send" or not parcels:
        return _page(text, rows, "")
    key = bulk.ask(action, parcels, by, asks)
    options = {f"{PARCELS}{order_id}": as_option(mine) for order_id, mine in parcels.items()}
    bulk.start(key, {**options, REQUEST: number_of_form()}, by)
    return redirect(url_for("bulk.show", key=key), 303)


def _text() -> str:
    """The file where one was chosen, else what was pasted."""
    file = request.files.get("file")
    if file is not None and file.filename:
        raw: bytes = file.read(sheets.LARGEST + 1)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")
    pasted: str = request.form.get("sheet", "")[: sheets.LONGEST * 2]
    return pasted


def _page(text: str, rows: list[Row], mistake: str) -> AnyResponse:
    wrong = [row for row in rows if row.mistakes]
    answer = page(
        "orders/sheet.html",
        sheet=text,
        rows=rows,
        wrong=len(wrong),
        goes=len(rows) - len(wrong),
        orders=len(sheets.parcels(rows)),
        mistake=mistake,
        columns=sheets.COLUMNS,
        needed=sheets.NEEDED,
        example=sheets.EXAMPLE,
        form_number=request.form.get("request", "")[:64] or request_id(),
        is_looked_at=bool(rows),
    )
    answer.status_code = 422 if mistake or (rows and len(wrong) == len(rows)) else 200
    return answer
