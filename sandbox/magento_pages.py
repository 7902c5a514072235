"""What a person sees who follows a link into the stand-in's admin: its orders, one order, one product."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template
from werkzeug.wrappers import Response

from sandbox import magento_products
from sandbox.magento_orders import newest_first
from sandbox.magento_search import Document
from sandbox.magento_shop import Shop

ORDERS = "/admin/sales/order/"
MOST = 200


def pages(shop: Shop) -> Blueprint:
    """The admin's pages under `/admin/`; ids in their addresses are entity ids, as in the real one."""
    blueprint = Blueprint("admin", __name__, template_folder="templates")

    @blueprint.get(ORDERS)
    def orders() -> str:
        return render_template("magento_orders.html", orders=shop.orders.all()[: -MOST - 1 : -1])

    @blueprint.get("/admin/sales/order/view/order_id/<int:number>/")
    def order(number: int) -> Response | str:
        found = shop.orders.get(number)
        if found is None:
            return redirect(ORDERS)
        if not (found.get("billing_address") and found["_shipping"].get("address")):
            # The real page breaks on an order that was imported without its addresses.
            abort(500, "An order without addresses cannot be shown.")
        return render_template("magento_order.html", **order_view(shop, found))

    @blueprint.get("/admin/catalog/product/edit/id/<int:number>/")
    @blueprint.get("/admin/catalog/product/edit/id/<int:number>/store/<int:store>/")
    def product(number: int, store: int = 0) -> str:
        found = shop.products.get(number)
        if found is None:
            abort(404)
        stock = magento_products.stock_item(shop, found["sku"])
        return render_template("magento_product.html", product=found, stock=stock)

    return blueprint


def order_view(shop: Shop, order: Document) -> dict[str, Any]:
    """All that the order's page shows."""
    wanted = {"order_id": order["entity_id"]}
    return {
        "order": order,
        "shipping": order["_shipping"],
        "comments": newest_first(order["status_histories"]),
        "invoices": shop.invoices.where(**wanted),
        "shipments": shop.shipments.where(**wanted),
        "creditmemos": shop.creditmemos.where(**wanted),
    }
