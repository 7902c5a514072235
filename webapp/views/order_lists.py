"""What a person does with the lists of orders: search, choose columns, keep views."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.grid import saved, tastes
from webapp.grid.lists import PAGE_SIZES
from webapp.grid.saved import Search
from webapp.grid.tastes import Tastes
from webapp.people import Refused, Role
from webapp.views import beside, door
from webapp.views.grid_words import address
from webapp.views.orders import wanted_in_form

bp = Blueprint("lists", __name__, url_prefix="/orders")


@bp.post("/find")
@door.needs(Role.VIEWER)
def find() -> AnyResponse:
    """Search for what was typed. It is posted and kept under a key, so that no name stands in an address."""
    wanted = wanted_in_form()
    kept = saved.load(door.me(), wanted.find).search or Search()
    typed = Search(request.form.get("q", kept.text).strip(), request.form.get("buyer", kept.buyer).strip())
    key = wanted.find
    if typed != kept:
        key = saved.keep_search(door.me(), typed) if typed != Search() else ""
    return redirect(address(wanted.but(find=key), tastes.of(door.me())), 303)


WAYS = {"up": -1, "down": 1}
"""The buttons that move a column, and by how many places."""


@bp.post("/display")
@door.needs(Role.VIEWER)
def display() -> AnyResponse:
    """Remember columns, their order, the density and the rows to a page."""
    likes = tastes.of(door.me())
    likes = replace(Tastes(), view=likes.view) if "reset" in request.form else _display_chosen(likes)
    for way, by in WAYS.items():
        if way in request.form:
            name = request.form[way]
            likes = replace(likes, columns=tastes.moved(likes.columns, name, by))
            beside.leave_open("display", f"{way}-{name}")
    tastes.keep(door.me(), likes)
    return _back(likes)


def _display_chosen(likes: Tastes) -> Tastes:
    chosen = set(request.form.getlist("column"))
    order = [*likes.columns, *likes.hidden]
    size = request.form.get("size", 50, int)
    return replace(
        likes,
        columns=tastes.columns_from([name for name in order if name in chosen or name in tastes.FIXED]),
        compact=request.form.get("density") == "compact",
        size=size if size in PAGE_SIZES else 50,
        keys="keys" in request.form,
    )


@bp.post("/views")
@door.needs(Role.VIEWER)
def save_view() -> AnyResponse:
    """Give the present list a name."""
    likes = tastes.of(door.me())
    try:
        asks = wanted_in_form().but(find="").to_args()
        key = saved.save_view(door.me(), request.form.get("name", ""), asks, is_shared="shared" in request.form)
    except Refused as refusal:
        beside.tell("view-name", str(refusal))
        return _back(likes)
    if "first" in request.form:
        tastes.begin_with(door.me(), key)
    flash("The view is saved.")
    return _back(likes)


@bp.post("/views/<key>")
@door.needs(Role.VIEWER)
def change_view(key: str) -> AnyResponse:
    """Rename a view, share it, begin with it, or delete it."""
    person, likes = door.me(), tastes.of(door.me())
    try:
        if "delete" in request.form:
            saved.delete_view(person, key)
            flash("The view is deleted.")
        elif "first" in request.form:
            tastes.begin_with(person, "" if likes.view == key else key)
        else:
            saved.change_view(person, key, request.form.get("name", ""), is_shared="shared" in request.form)
            flash("The view is changed.")
    except Refused as refusal:
        beside.tell(f"v-{key}", str(refusal))
    return _back(likes)


def _back(likes: Tastes) -> AnyResponse:
    """To that list; anything but the fixed grid address is made from its arguments alone."""
    wanted = wanted_in_form()
    return redirect(address(wanted, likes) if wanted.to_args() else url_for("orders.index", tab="all"), 303)
