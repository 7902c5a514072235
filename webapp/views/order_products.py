"""The products of an order's lines: looked up in the shop, linked and unlinked, and what of them is in stock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import line_stock, product_links
from webapp.domain.shop import Product
from webapp.people import Role
from webapp.product_links import LONGEST_SEARCH, Conflict
from webapp.views import door, order_forms, words
from webapp.views.order import Found, find
from webapp.views.order_forms import Typed
from webapp.views.render import htmx, page, wants_fragment

bp = Blueprint("order_products", __name__)

LONGEST_SKU = 200
FIRST_WORDS = 3
"""So many words of the line's title are searched for before anybody has typed anything."""


@bp.get("/orders/<account_key>/<po>/product")
@door.needs(Role.OPERATOR)
def choose(account_key: str, po: str) -> AnyResponse:
    """Which product a SKU is, and a search of the shop's catalog; htmx asks for what was found alone."""
    found = find(account_key, po)
    sku = sku_of(found, request.args)
    if htmx.target != "found":
        return _form(found, Typed({"sku": sku, "remember": "on"}))
    shown = {"order": found.row, "account": found.account, "sku": sku, **_searched(found, sku)}
    return page("orders/product.html", "found", **shown)


@bp.post("/orders/<account_key>/<po>/product/link")
@door.needs(Role.OPERATOR)
def link(account_key: str, po: str) -> AnyResponse:
    """Let a product stand for a SKU."""
    found, typed = find(account_key, po), order_forms.sent()
    sku, product = sku_of(found, request.form), named(request.form, "product")
    remember, by, seen = typed["remember"] == "on", door.me().email, request.form.get("seen")

    def again(mistakes: Mapping[str, str], conflict: Conflict | None = None) -> AnyResponse:
        wrong = Typed(typed.values, mistakes, is_conflict=conflict is not None)
        return _form(find(account_key, po), wrong, conflict)

    act = lambda: product_links.link(found.row.id, sku, product, by, remember=remember, seen=seen)  # noqa: E731
    try:
        return order_forms.do(found, act, again)
    except Conflict as conflict:
        return again({}, conflict)


@bp.post("/orders/<account_key>/<po>/product/unlink")
@door.needs(Role.OPERATOR)
def unlink(account_key: str, po: str) -> AnyResponse:
    """Look for a SKU by itself again."""
    found, sku = find(account_key, po), named(request.form, "sku")
    typed = Typed({"sku": sku, "remember": "on"})
    again = lambda mistakes: _form(find(account_key, po), Typed(typed.values, mistakes))  # noqa: E731
    return order_forms.do(found, lambda: product_links.unlink(found.row.id, sku, door.me().email), again)


@bp.get("/orders/<account_key>/<po>/stock")
def stock(account_key: str, po: str) -> AnyResponse:
    """What Magento has in stock of each line, by a short call: a page of its own, or the cells of the order's page."""
    found = find(account_key, po)
    template = "orders/_stock_cells.html" if wants_fragment() else "orders/stock.html"
    shown: dict[str, Any] = {"order": found.row, "account": found.account, "currency": found.account.store.currency}
    return page(template, **shown, money=words.money, lines=line_stock.of_order(found.row))


def named(values: Mapping[str, str], name: str) -> str:
    """A SKU that was sent under this name; empty where none was."""
    return values.get(name, "").strip()[:LONGEST_SKU]


def sku_of(found: Found, values: Mapping[str, str]) -> str:
    """The SKU of Walmart's that is asked about; 404 where the order has no line of it."""
    sku = values.get("sku", "")[:LONGEST_SKU]
    if all(line.sku != sku for line in found.row.lines):
        abort(404, "This order has no such line any more.")
    return sku


def title_of(found: Found, sku: str) -> str:
    return next((line.title for line in found.row.lines if line.sku == sku), "")


def linked(found: Found, sku: str) -> str:
    """The shop's SKU that somebody linked to one of Walmart's; empty where nobody did."""
    link = product_links.of_order(found.row, found.account.store_id).get(sku)
    return link.product_sku if link else ""


def product_sku(found: Found, sku: str) -> str:
    """The shop's SKU that stands for one of Walmart's: the linked one, else the same."""
    return linked(found, sku) or sku


def _form(found: Found, typed: Typed, conflict: Conflict | None = None) -> AnyResponse:
    sku = typed["sku"]
    is_searched = "q" in request.args or not wants_fragment()
    return order_forms.ask(
        "orders/product.html",
        found,
        typed,
        sku=sku,
        link=product_links.of_order(found.row, found.account.store_id).get(sku),
        conflict=conflict,
        **_searched(found, sku, is_searched=is_searched),
    )


def _searched(found: Found, sku: str, *, is_searched: bool = True) -> dict[str, object]:
    title = title_of(found, sku)
    text = request.args.get("q", " ".join(title.split()[:FIRST_WORDS]))[:LONGEST_SEARCH]
    results = product_links.search(found.account.store_id, text) if is_searched else None
    return {"title": title, "text": text, "results": results, "refused": _refused(results.products if results else ())}


def _refused(products: tuple[Product, ...]) -> dict[str, str]:
    """Why some of them cannot be linked."""
    return {one.sku: product_links.why_refused(one) for one in products if not one.can_be_ordered}
