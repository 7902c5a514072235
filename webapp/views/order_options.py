"""Set options: which variant of a configurable product a Walmart SKU is, as a page or in a dialog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import product_links, product_options
from webapp.people import Role
from webapp.product_links import Conflict
from webapp.product_options import Choice
from webapp.views import door, order_forms, order_products
from webapp.views.order import Found, find
from webapp.views.order_forms import Typed

bp = Blueprint("order_options", __name__, url_prefix="/orders/<account_key>/<po>")


@bp.get("/options")
@door.needs(Role.OPERATOR)
def ask(account_key: str, po: str) -> AnyResponse:
    """The variants of the product that a SKU is, or of the one named as `parent`, with their options."""
    found = find(account_key, po)
    sku = order_products.sku_of(found, request.args)
    parent = order_products.named(request.args, "parent") or order_products.product_sku(found, sku)
    typed = Typed({"sku": sku, "parent": parent})
    about = _about(found, sku)
    return _form(found, typed, about, product_options.of(found.account.store_id, parent))


@bp.post("/options")
@door.needs(Role.OPERATOR)
def choose(account_key: str, po: str) -> AnyResponse:
    """Let the chosen variant stand for the SKU."""
    found, typed = find(account_key, po), order_forms.sent()
    sku, parent = order_products.sku_of(found, request.form), order_products.named(request.form, "parent")
    choice = product_options.of(found.account.store_id, parent)
    chosen = choice.of(typed["product"])

    def again(mistakes: Mapping[str, str], conflict: Conflict | None = None) -> AnyResponse:
        now = find(account_key, po)
        wrong = Typed(typed.values, mistakes, is_conflict=conflict is not None)
        return _form(now, wrong, _about(now, sku), choice, conflict)

    if choice.trouble:
        return again({"": f"Nothing was set. {choice.trouble}"})
    if chosen is None:
        return again({"product": "Choose what was sold."})
    remember, by, seen = typed["remember"] == "on", door.me().email, typed["seen"]
    act = lambda: product_links.link(  # noqa: E731
        found.row.id, sku, chosen.product.sku, by, remember=remember, options=chosen.words, seen=seen
    )
    try:
        return order_forms.do(found, act, again)
    except Conflict as conflict:
        return again({}, conflict)


@dataclass(frozen=True, slots=True)
class _About:
    """What is asked about, read before the shop is: the title at Walmart, and the product that is linked."""

    sku: str
    title: str
    linked: str


def _about(found: Found, sku: str) -> _About:
    return _About(sku, order_products.title_of(found, sku), order_products.linked(found, sku))


def _form(found: Found, typed: Typed, about: _About, choice: Choice, conflict: Conflict | None = None) -> AnyResponse:
    fits = product_options.fitting(choice.variants, about.title)
    likely = about.linked if choice.of(about.linked) else fits.product.sku if fits else ""
    return order_forms.ask(
        "orders/options.html",
        found,
        typed,
        about=about,
        parent=typed["parent"],
        choice=choice,
        fits=fits.product.sku if fits else "",
        chosen=typed["product"] or likely,
        conflict=conflict,
    )
