"""Every route of the stand-in's REST interface, with the right it needs."""

from typing import Any

from sandbox import (
    magento_actions,
    magento_attributes,
    magento_carts,
    magento_customers,
    magento_directory,
    magento_invoices,
    magento_orders,
    magento_products,
    magento_refunds,
    magento_shipments,
    magento_stock,
    magento_stores,
)
from sandbox.magento_auth import ANONYMOUS
from sandbox.magento_errors import internal_error
from sandbox.magento_fields import ORDER_COLUMNS
from sandbox.magento_rest import Call, Handler, Route
from sandbox.magento_search import Criteria, Document, echo
from sandbox.magento_shapes import argument
from sandbox.magento_shop import Table

SALES = "Magento_Sales::"
CATALOG = "Magento_Catalog::"
INVENTORY = "Magento_InventoryApi::"
INVENTORY_SALES = "Magento_InventorySalesApi::"
SOURCE_SELECTION = "Magento_InventorySourceSelectionApi::source_selection_algorithm_post"
STORE = "Magento_Backend::store"
CUSTOMERS = "Magento_Customer::"


def _check_columns(criteria: Criteria, known: frozenset[str]) -> None:
    """A column that the table lacks is a breakdown of the database, a 500 (2.4.7-p3)."""
    if not criteria.fields <= known:
        raise internal_error()


def _listed(call: Call, table: Table, known: frozenset[str]) -> tuple[list[Document], Document]:
    criteria = call.criteria()
    _check_columns(criteria, known)
    items, total = table.search(criteria, call.stale)
    if not items and total and call.shop.settings.last_page_repeats and criteria.page_size:
        last = Criteria(criteria.groups, criteria.sorts, criteria.page_size, -(-total // criteria.page_size))
        items, total = table.search(last, call.stale)
    return items, {"search_criteria": echo(criteria), "total_count": total}


DOCUMENT_COLUMNS = ORDER_COLUMNS | {
    "order_id",
    "shipping_address_id",
    "total_qty",
    "transaction_id",
    "invoice_id",
    "creditmemo_status",
    "shipment_status",
    "can_void_flag",
    "adjustment",
    "base_adjustment",
}
PRODUCT_COLUMNS = frozenset(
    {"entity_id", "sku", "name", "price", "status", "visibility", "type_id", "attribute_set_id"}
    | {"created_at", "updated_at", "weight", "store_id", "website_id", "category_id", "url_key"}
)
CUSTOMER_COLUMNS = frozenset(
    {"entity_id", "email", "firstname", "lastname", "group_id", "store_id", "website_id", "created_at", "updated_at"}
)
SOURCE_ITEM_COLUMNS = frozenset({"source_item_id", "sku", "source_code", "quantity", "status"})


def orders(call: Call) -> Document:
    items, rest = _listed(call, call.shop.orders, ORDER_COLUMNS)
    return {"items": [magento_orders.shown(one) for one in items], **rest}


def order(call: Call) -> Document:
    return magento_orders.shown(call.shop.orders.need(call.id(), call.stale))


def statuses(call: Call) -> Any:
    return call.shop.orders.need(call.id(), call.stale).get("status")


def invoices(call: Call) -> Document:
    items, rest = _listed(call, call.shop.invoices, DOCUMENT_COLUMNS)
    return {"items": items, **rest}


def shipments(call: Call) -> Document:
    items, rest = _listed(call, call.shop.shipments, DOCUMENT_COLUMNS)
    return {"items": items, **rest}


def creditmemos(call: Call) -> Document:
    items, rest = _listed(call, call.shop.creditmemos, DOCUMENT_COLUMNS)
    return {"items": items, **rest}


def shipment_comment(call: Call) -> bool:
    sent = argument(call.body(), "entity")
    return magento_shipments.add_comment(call.shop, call.id(), str(sent.get("comment", "")))


def shipment_comments(call: Call) -> Document:
    shipment = call.shop.shipments.need(call.id(), call.stale)
    items = shipment["comments"]
    return {"items": items, "search_criteria": echo(Criteria()), "total_count": len(items)}


def products(call: Call) -> Document:
    criteria = call.criteria()
    _check_columns(criteria, PRODUCT_COLUMNS)
    rows = [magento_products.listed(one) for one in call.shop.products.all()]
    answer = magento_stock.listed(rows, criteria)
    answer["items"] = [{name: value for name, value in one.items() if name != "entity_id"} for one in answer["items"]]
    return answer


def product(call: Call) -> Document:
    return magento_products.shown(call.shop, magento_products.by_sku(call.shop, call.path["sku"]))


def put_product(call: Call) -> Document:
    sent = argument(call.body(), "product") | {"sku": call.path["sku"]}
    magento_products.by_sku(call.shop, call.path["sku"])
    return magento_products.save(call.shop, {"product": sent})


def customers(call: Call) -> Document:
    items, rest = _listed(call, call.shop.customers, CUSTOMER_COLUMNS)
    return {"items": items, **rest}


def customer_groups(call: Call) -> Document:
    names = ("NOT LOGGED IN", "General", "Wholesale", "Retailer")
    found = [{"id": number, "code": name, "tax_class_id": 3} for number, name in enumerate(names)]
    return magento_stock.listed(found, call.criteria())


def source_items(call: Call) -> Document:
    criteria = call.criteria()
    _check_columns(criteria, SOURCE_ITEM_COLUMNS)
    return magento_stock.list_source_items(call.shop, criteria)


def stock_item(call: Call) -> Document:
    return magento_products.stock_item(call.shop, call.path["sku"])


ORDER_ROUTES = (
    Route("GET", "orders", SALES + "actions_view", orders),
    Route("POST", "orders", SALES + "create", lambda c: magento_orders.save_order(c.shop, c.body())),
    Route("PUT", "orders/create", SALES + "create", lambda c: magento_orders.save_order(c.shop, c.body())),
    Route("GET", "orders/:id", SALES + "actions_view", order),
    Route(
        "PUT",
        "orders/:id",
        SALES + "create",
        lambda c: magento_orders.update_address(c.shop, c.id(), c.body()),
    ),
    Route("GET", "orders/:id/statuses", SALES + "actions_view", statuses),
    Route(
        "GET",
        "orders/:id/comments",
        SALES + "comment",
        lambda c: magento_actions.comments(c.shop, c.id(), c.stale),
    ),
    Route(
        "POST",
        "orders/:id/comments",
        SALES + "comment",
        lambda c: magento_actions.comment(c.shop, c.id(), c.body()),
    ),
    Route("POST", "orders/:id/cancel", SALES + "cancel", lambda c: magento_actions.cancel(c.shop, c.id())),
    Route("POST", "orders/:id/hold", SALES + "hold", lambda c: magento_actions.hold(c.shop, c.id())),
    Route("POST", "orders/:id/emails", SALES + "emails", lambda c: magento_actions.mail(c.shop, c.id())),
    Route("POST", "orders/:id/unhold", SALES + "unhold", lambda c: magento_actions.unhold(c.shop, c.id())),
)
DOCUMENT_ROUTES = (
    Route(
        "POST",
        "order/:id/invoice",
        SALES + "invoice",
        lambda c: magento_invoices.invoice(c.shop, c.id(), c.body()),
    ),
    Route("POST", "order/:id/ship", SALES + "ship", lambda c: magento_shipments.ship(c.shop, c.id(), c.body())),
    Route(
        "POST",
        "order/:id/refund",
        SALES + "creditmemo",
        lambda c: magento_refunds.refund(c.shop, c.id(), c.body()),
    ),
    Route("GET", "invoices", SALES + "sales_invoice", invoices),
    Route("GET", "invoices/:id", SALES + "sales_invoice", lambda c: c.shop.invoices.need(c.id(), c.stale)),
    Route(
        "POST",
        "invoice/:id/refund",
        SALES + "sales_invoice",
        lambda c: magento_refunds.refund_invoice(c.shop, c.id()),
    ),
    Route("GET", "creditmemos", SALES + "sales_creditmemo", creditmemos),
    Route(
        "GET",
        "creditmemo/:id",
        SALES + "sales_creditmemo",
        lambda c: c.shop.creditmemos.need(c.id(), c.stale),
    ),
    Route("GET", "shipments", SALES + "shipment", shipments),
    Route("GET", "shipment/:id", SALES + "shipment", lambda c: c.shop.shipments.need(c.id(), c.stale)),
    Route("GET", "shipment/:id/comments", SALES + "shipment", shipment_comments),
    Route("POST", "shipment/:id/comments", SALES + "shipment", shipment_comment),
    Route(
        "POST",
        "shipment/track",
        SALES + "shipment",
        lambda c: magento_shipments.add_track(c.shop, c.body()),
    ),
    Route(
        "DELETE",
        "shipment/track/:id",
        SALES + "shipment",
        lambda c: magento_shipments.delete_track(c.shop, c.id()),
    ),
)
CATALOG_ROUTES = (
    Route("GET", "products", CATALOG + "products", products),
    Route("POST", "products", CATALOG + "products", lambda c: magento_products.save(c.shop, c.body())),
    Route(
        "GET",
        "products/attributes",
        CATALOG + "attributes_attributes",
        lambda c: magento_stock.listed(c.shop.attributes.all(), c.criteria()),
    ),
    Route(
        "GET",
        "products/attributes/:code",
        CATALOG + "attributes_attributes",
        lambda c: magento_attributes.shown(c.shop, c.path["code"]),
    ),
    Route("GET", "products/:sku", CATALOG + "products", product),
    Route("PUT", "products/:sku", CATALOG + "products", put_product),
    Route(
        "DELETE",
        "products/:sku",
        CATALOG + "products",
        lambda c: magento_products.remove(c.shop, c.path["sku"]),
    ),
    Route(
        "GET",
        "configurable-products/:sku/children",
        CATALOG + "products",
        lambda c: magento_products.children_of(c.shop, c.path["sku"]),
    ),
    Route(
        "GET",
        "configurable-products/:sku/options/all",
        CATALOG + "products",
        lambda c: magento_products.options_of(c.shop, c.path["sku"]),
    ),
    Route("GET", "stockItems/:sku", CATALOG + "catalog_inventory", stock_item),
)
STOCK_ROUTES = (
    Route(
        "GET",
        "inventory/sources",
        INVENTORY + "source",
        lambda c: magento_stock.listed(magento_stock.sources(c.shop), c.criteria()),
    ),
    Route("GET", "inventory/source-items", INVENTORY + "source", source_items),
    Route(
        "POST",
        "inventory/source-items",
        INVENTORY + "stock_source_item_assign",
        lambda c: magento_stock.set_source_items(c.shop, c.body()),
    ),
    Route(
        "GET",
        "inventory/stocks",
        INVENTORY + "stock",
        lambda c: magento_stock.listed(magento_stock.stocks(c.shop), c.criteria()),
    ),
    Route(
        "GET",
        "inventory/stock-source-links",
        INVENTORY + "stock_source_link",
        lambda c: magento_stock.listed(magento_stock.links(c.shop), c.criteria()),
    ),
    Route(
        "GET",
        "inventory/stock-resolver/website/:code",
        INVENTORY_SALES + "stock",
        lambda c: magento_stock.resolve(c.shop, c.path["code"]),
    ),
    Route(
        "GET",
        "inventory/get-product-salable-quantity/:sku/:stock",
        INVENTORY_SALES + "stock",
        lambda c: magento_stock.salable_quantity(c.shop, c.path["sku"], c.id("stock")),
    ),
    Route(
        "GET",
        "inventory/is-product-salable/:sku/:stock",
        INVENTORY_SALES + "stock",
        lambda c: magento_stock.is_salable(c.shop, c.path["sku"], c.id("stock")),
    ),
    Route(
        "POST",
        "inventory/source-selection-algorithm-result",
        SOURCE_SELECTION,
        lambda c: magento_stock.select_sources(c.shop, c.body()),
    ),
)
SHOP_ROUTES = (
    Route("POST", "integration/admin/token", ANONYMOUS, lambda c: c.gate.admin_token(c.body())),
    Route("GET", "store/storeViews", STORE, lambda c: magento_stores.store_views(c.shop)),
    Route("GET", "store/storeConfigs", STORE, lambda c: magento_stores.store_configs(c.shop)),
    Route("GET", "store/storeGroups", STORE, lambda c: magento_stores.store_groups(c.shop)),
    Route("GET", "store/websites", STORE, lambda c: magento_stores.websites(c.shop)),
    Route(
        "GET",
        "modules",
        "Magento_Backend::admin",
        lambda c: magento_stores.modules(c.shop),
    ),
    Route("GET", "directory/currency", ANONYMOUS, lambda c: magento_stores.currency(c.shop)),
    Route("GET", "directory/countries", ANONYMOUS, lambda c: magento_directory.countries()),
    Route("GET", "directory/countries/:id", ANONYMOUS, lambda c: magento_directory.country(c.path["id"])),
)


CUSTOMER_ROUTES = (
    Route("GET", "customers/search", CUSTOMERS + "customer", customers),
    Route("GET", "customerGroups/search", CUSTOMERS + "group", customer_groups),
    Route("GET", "customers/:id", CUSTOMERS + "customer", lambda c: magento_customers.get(c.shop, c.id())),
    Route("POST", "customers", CUSTOMERS + "manage", lambda c: magento_customers.create(c.shop, c.body())),
)


def cart_routes(base: str, resource: str, new: Handler) -> tuple[Route, ...]:
    """The cart flow under `carts` for an integration and under `guest-carts` for anyone."""
    return (
        Route("POST", base, resource, new),
        Route("GET", f"{base}/:id", resource, lambda c: magento_carts.shown(_cart(c))),
        Route("GET", f"{base}/:id/items", resource, lambda c: magento_carts.shown(_cart(c))["items"]),
        Route(
            "POST",
            f"{base}/:id/items",
            resource,
            lambda c: magento_carts.add_item(c.shop, c.path["id"], c.body()),
        ),
        Route(
            "POST",
            f"{base}/:id/shipping-information",
            resource,
            lambda c: magento_carts.set_shipping(c.shop, c.path["id"], c.body()),
        ),
        Route(
            "PUT",
            f"{base}/:id/order",
            resource,
            lambda c: magento_carts.place(c.shop, c.path["id"], c.body()),
        ),
    )


def _cart(call: Call) -> Document:
    return magento_carts.find(call.shop, call.path["id"])


CART_ROUTES = cart_routes(
    "carts", "Magento_Cart::manage", lambda c: str(magento_carts.create(c.shop, c.store)["id"])
) + cart_routes("guest-carts", ANONYMOUS, lambda c: magento_carts.create(c.shop, c.store)["masked_id"])
ROUTES = ORDER_ROUTES + DOCUMENT_ROUTES + CATALOG_ROUTES + STOCK_ROUTES + SHOP_ROUTES + CUSTOMER_ROUTES + CART_ROUTES
