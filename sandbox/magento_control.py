"""`/_control` of the stand-in shop: its state, a person's doings in the admin, its switches and hooks."""

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import magento_actions, magento_person, magento_products, magento_stock
from sandbox.control import (
    PREFIX,
    Action,
    BadControl,
    Field,
    Panel,
    Row,
    control_answer,
    control_blueprint,
    control_body,
    json_answer,
)
from sandbox.faults import Faults
from sandbox.magento_errors import MagentoError
from sandbox.magento_hooks import Hooks
from sandbox.magento_numbers import plain
from sandbox.magento_orders import shown
from sandbox.magento_search import Document
from sandbox.magento_shop import Settings, Shop

TITLE = "Magento stand-in"
LINKS = ("state", "settings", "orders", "products", "reservations", "hooks", "deliveries")
SHOWN_ORDERS = 50
TRUE = ("1", "true", "on", "yes")

Doing = Callable[[Shop, str, dict[str, Any]], Any]


def control(shop: Shop, faults: Faults) -> Blueprint:
    """The whole `/_control` of the stand-in shop."""
    blueprint = control_blueprint(TITLE, shop.ledger, faults, lambda: panels(shop), LINKS)
    _refusals(blueprint)
    _reads(blueprint, shop)
    _orders(blueprint, shop)
    _shelf(blueprint, shop)
    _switches(blueprint, shop)
    _hooks(blueprint, shop)
    return blueprint


def _refusals(blueprint: Blueprint) -> None:
    @blueprint.errorhandler(MagentoError)
    def refuse(error: MagentoError) -> Response:
        return json_answer(error.body(), error.status)


def _reads(blueprint: Blueprint, shop: Shop) -> None:
    @blueprint.get("/state")
    def state() -> Response:
        return json_answer(state_of(shop))

    @blueprint.get("/orders")
    def orders() -> Response:
        return json_answer([shown(order) for order in shop.orders.all()])

    @blueprint.get("/orders/<reference>")
    def order(reference: str) -> Response:
        found = magento_person.find_order(shop, reference)
        documents = {
            name: table.where(order_id=found["entity_id"])
            for name, table in (
                ("invoices", shop.invoices),
                ("shipments", shop.shipments),
                ("creditmemos", shop.creditmemos),
            )
        }
        return json_answer({"order": shown(found), **documents})

    @blueprint.get("/reservations")
    def reservations() -> Response:
        return json_answer({"rows": shop.reservations.all(), "inconsistencies": magento_stock.inconsistencies(shop)})


def state_of(shop: Shop) -> Document:
    """The settings, the credentials and how much there is."""
    tables = ("orders", "invoices", "shipments", "creditmemos", "products", "hooks", "deliveries")
    return {
        "url": shop.url,
        "settings": asdict(shop.settings),
        "credentials": asdict(shop.credentials),
        "counts": {name: len(getattr(shop, name).all()) for name in tables},
    }


def _orders(blueprint: Blueprint, shop: Shop) -> None:
    @blueprint.post("/orders/<reference>/<doing>")
    def act(reference: str, doing: str) -> AnyResponse:
        if doing not in DOINGS:
            raise BadControl(f"the doing must be one of {', '.join(DOINGS)}")
        return control_answer(DOINGS[doing](shop, reference, control_body()))


def _items(body: dict[str, Any]) -> dict[str, Any] | None:
    """Quantities by SKU or item id: `items`, or one line of a form with `sku` and `qty`."""
    if body.get("sku"):
        return {str(body["sku"]): body.get("qty", 1)}
    items = body.get("items")
    if items is not None and not isinstance(items, dict):
        raise BadControl("items must be quantities by SKU or item id")
    return items or None


def _ship(shop: Shop, reference: str, body: dict[str, Any]) -> Document:
    tracks = body.get("tracks") or ([body] if body.get("track_number") else [])
    number = magento_person.ship(
        shop, reference, _items(body), tracks, body.get("source"), str(body.get("comment", ""))
    )
    return shop.shipments.need(number)


def _track(shop: Shop, reference: str, body: dict[str, Any]) -> Any:
    if body.get("replaces"):
        return magento_person.replace_track(shop, reference, str(body["replaces"]), str(body.get("track_number", "")))
    shipment_id = int(body["shipment_id"]) if body.get("shipment_id") else None
    return magento_person.track(shop, reference, body, shipment_id)


def _refund(shop: Shop, reference: str, body: dict[str, Any]) -> Document:
    names = ("shipping_amount", "adjustment_positive", "adjustment_negative")
    amounts = {name: body[name] for name in names if name in body}
    number = magento_person.refund(
        shop, reference, _items(body), amounts, return_to_stock=_is_on(body.get("return_to_stock"))
    )
    return shop.creditmemos.need(number)


def _invoice(shop: Shop, reference: str, body: dict[str, Any]) -> Document:
    return shop.invoices.need(magento_person.invoice(shop, reference, _items(body)))


def _comment(shop: Shop, reference: str, body: dict[str, Any]) -> bool:
    return magento_person.comment(shop, reference, str(body.get("comment", "")))


def _on_id(act: Callable[[Shop, Any], bool]) -> Doing:
    return lambda shop, reference, body: act(shop, magento_person.find_order(shop, reference)["entity_id"])


DOINGS: dict[str, Doing] = {
    "ship": _ship,
    "track": _track,
    "invoice": _invoice,
    "creditmemo": _refund,
    "comment": _comment,
    "cancel": _on_id(magento_actions.cancel),
    "hold": _on_id(magento_actions.hold),
    "unhold": _on_id(magento_actions.unhold),
    "delete": _on_id(magento_actions.delete),
}


def _shelf(blueprint: Blueprint, shop: Shop) -> None:
    @blueprint.get("/products")
    def products() -> Response:
        return json_answer([magento_products.shown(shop, one) for one in shop.products.all()])

    @blueprint.post("/products")
    def add_product() -> AnyResponse:
        body = control_body()
        if not body.get("sku"):
            raise BadControl("sku is missing")
        names = ("name", "price", "weight", "quantity", "children")
        more = {name: body[name] for name in names if name in body}
        return control_answer(magento_products.add(shop, str(body["sku"]), **more))

    @blueprint.post("/products/remove")
    def remove_product() -> AnyResponse:
        return control_answer(magento_products.remove(shop, str(control_body().get("sku", ""))))

    @blueprint.post("/cron/repair-reservations")
    def repair() -> AnyResponse:
        left_out = str(control_body().get("leaves_out", ""))
        return control_answer(magento_stock.repair(shop, tuple(filter(None, left_out.split(",")))))


def _switches(blueprint: Blueprint, shop: Shop) -> None:
    @blueprint.get("/settings")
    def shown_settings() -> Response:
        return json_answer(asdict(shop.settings))

    @blueprint.post("/settings")
    def settings() -> AnyResponse:
        return control_answer(asdict(shop.change_settings(**parse_settings(control_body()))))


def parse_settings(body: dict[str, Any]) -> dict[str, Any]:
    """The switches named in the body, each as its type; BadControl for one that there is not."""
    known = {one.name: one.type for one in fields(Settings)}
    unknown = body.keys() - known.keys()
    if unknown:
        raise BadControl(f"no such setting: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return {name: _setting(str(known[name]), value) for name, value in body.items()}


def _setting(kind: str, value: Any) -> Any:
    if "bool" in kind:
        return _is_on(value)
    if "tuple" in kind:
        listed = value.split(",") if isinstance(value, str) else value
        return None if listed is None else tuple(str(one) for one in listed)
    return str(value)


def _is_on(value: Any) -> bool:
    return value is True or str(value).lower() in TRUE


def _hooks(blueprint: Blueprint, shop: Shop) -> None:
    hooks = Hooks(shop)

    @blueprint.get("/hooks")
    def listed() -> Response:
        return json_answer(shop.hooks.all())

    @blueprint.post("/hooks")
    def add() -> AnyResponse:
        return control_answer(hooks.add(control_body()))

    @blueprint.delete("/hooks")
    @blueprint.post("/hooks/clear")
    def clear() -> AnyResponse:
        hooks.remove()
        return control_answer([])

    @blueprint.delete("/hooks/<int:number>")
    def remove(number: int) -> AnyResponse:
        hooks.remove(number)
        return control_answer(shop.hooks.all())

    @blueprint.get("/deliveries")
    def deliveries() -> Response:
        event = request.args.get("event")
        return json_answer([one for one in shop.deliveries.all() if event in (None, one["event"])])

    @blueprint.post("/deliveries/<int:number>/replay")
    def replay(number: int) -> AnyResponse:
        outcome = hooks.send_again(number)
        if outcome is None:
            raise BadControl("there is no such delivery, or its hook is gone")
        return control_answer(asdict(outcome))

    @blueprint.get("/adobe-key.pem")
    def key() -> Response:
        return Response(hooks.public_key(), content_type="application/x-pem-file")


def panels(shop: Shop) -> list[Panel]:
    """The stand-in's part of the control page: orders, settings, products, hooks."""
    return [_order_panel(shop), _settings_panel(shop), _product_panel(shop), _hook_panel(shop)]


def _order_panel(shop: Shop) -> Panel:
    rows = []
    for order in shop.orders.all()[: -SHOWN_ORDERS - 1 : -1]:
        path = f"{PREFIX}/orders/{order['entity_id']}"
        counts = ", ".join(
            f"{item['sku']} {item['qty_ordered']}/{item['qty_shipped']}/{item['qty_canceled']}/{item['qty_refunded']}"
            for item in order["items"]
        )
        cells = (order["increment_id"], order.get("status"), order.get("grand_total"), counts)
        rows.append(Row(cells, _order_actions(path)))
    columns = ("Order", "Status", "Total", "Ordered/shipped/canceled/refunded")
    return Panel("Orders", (), columns, rows)


def _order_actions(path: str) -> tuple[Action, ...]:
    line = (Field("sku", "", "all"), Field("qty", "1"))
    carrier = (Field("track_number"), Field("carrier_code", "ups"))
    return (
        Action("Ship", f"{path}/ship", line + carrier),
        Action("Track", f"{path}/track", carrier),
        Action("Credit memo", f"{path}/creditmemo", (*line, Field("shipping_amount", "", "0"))),
        Action("Invoice", f"{path}/invoice"),
        Action("Cancel", f"{path}/cancel"),
        Action("Hold", f"{path}/hold"),
        Action("Unhold", f"{path}/unhold"),
    )


def _settings_panel(shop: Shop) -> Panel:
    switches = [(name, value) for name, value in asdict(shop.settings).items() if name != "rights"]
    actions = tuple(
        Action(f"Set {name}", f"{PREFIX}/settings", (Field(name, _written(value)),)) for name, value in switches
    )
    return Panel("Settings", actions)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple | list) else str(value)


def _product_panel(shop: Shop) -> Panel:
    rows = []
    for product in shop.products.all():
        sku = product["sku"]
        on_shelf = magento_products.stock_item(shop, sku)["qty"]
        salable = plain(magento_stock.salable(shop, sku, magento_stock.stock_of(shop, "base")))
        remove = Action("Remove", f"{PREFIX}/products/remove", (Field("sku", sku),))
        rows.append(Row((sku, product["name"], product["price"], on_shelf, salable), (remove,)))
    add = Action("Add", f"{PREFIX}/products", (Field("sku"), Field("name"), Field("price", "10.00")))
    cron = Action("Run the reservation repair", f"{PREFIX}/cron/repair-reservations")
    return Panel("Products", (add, cron), ("SKU", "Name", "Price", "On the shelf", "Salable"), rows)


def _hook_panel(shop: Shop) -> Panel:
    rows = [Row((one["id"], one["kind"], one["event"], one["url"])) for one in shop.hooks.all()]
    clear = Action("Remove all", f"{PREFIX}/hooks/clear")
    return Panel("Webhooks", (clear,), ("Id", "Kind", "Event", "Address"), rows)
