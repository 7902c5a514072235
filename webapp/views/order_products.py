"""The products of an order's lines: looked up in the shop, linked and unlinked, and what of them is in stock."""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from webapp import line_stock, product_links
from webapp.domain.shop import Product
from webapp.people import Role
from webapp.product_links import LONGEST_SEARCH, Found
from webapp.views import door
from webapp.views.order import find, said
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
    sku = request.args.get("sku", "")[:LONGEST_SKU]
    line = next((line for line in found.row.lines if line.sku == sku), None)
    if line is None:
        abort(404, "This order has no such line any more.")
    is_search = htmx.target == "found"
    text = request.args.get("q", " ".join(line.title.split()[:FIRST_WORDS]))[:LONGEST_SEARCH]
    link = product_links.of_order(found.row, found.account.store_id).get(sku)
    title = line.title
    results = _search(found.account.store_id, text) if is_search or "q" in request.args else None
    return page(
        "orders/product.html",
        "found" if is_search else "form",
        order=found.row,
        account=found.account,
        sku=sku,
        title=title,
        link=link,
        text=text,
        results=results,
        refused=_refused(results.products if results else ()),
    )


@bp.post("/orders/<account_key>/<po>/product/link")
@door.needs(Role.OPERATOR)
def link(account_key: str, po: str) -> AnyResponse:
    """Let a product stand for a SKU."""
    found, form = find(account_key, po), request.form
    sku, product = form.get("sku", "")[:LONGEST_SKU], form.get("product", "").strip()[:LONGEST_SKU]
    remember, by = form.get("remember", "") != "", door.me().email
    return said(found, lambda: product_links.link(found.row.id, sku, product, by, remember=remember))


@bp.post("/orders/<account_key>/<po>/product/unlink")
@door.needs(Role.OPERATOR)
def unlink(account_key: str, po: str) -> AnyResponse:
    """Look for a SKU by itself again."""
    found, sku = find(account_key, po), request.form.get("sku", "")[:LONGEST_SKU]
    return said(found, lambda: product_links.unlink(found.row.id, sku, door.me().email))


@bp.get("/orders/<account_key>/<po>/stock")
def stock(account_key: str, po: str) -> AnyResponse:
    """What Magento has in stock of each line, by a short call: a page of its own, or the cells of the order's page."""
    found = find(account_key, po)
    template = "orders/_stock_cells.html" if wants_fragment() else "orders/stock.html"
    return page(template, order=found.row, account=found.account, lines=line_stock.of_order(found.row))


def _search(store_id: int, text: str) -> Found:
    parent = request.args.get("parent", "")[:LONGEST_SKU]
    return product_links.variants(store_id, parent) if parent else product_links.search(store_id, text)


def _refused(products: tuple[Product, ...]) -> dict[str, str]:
    """Why some of them cannot be linked."""
    return {one.sku: product_links.why_refused(one) for one in products if not one.can_be_ordered}
