"""The Walmart stand-in's own part of `/_control`: place orders, act on them, stream, settings, deliveries."""

import time
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import clock
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
from sandbox.walmart_orders import Card
from sandbox.walmart_seller import Seller
from sandbox.walmart_sender import without_bodies
from sandbox.walmart_settings import BadSetting
from sandbox.walmart_spec import BadOrder
from sandbox.walmart_stream import DEFAULT_LIMIT

SHOWN_ORDERS = 40
SHOWN_DELIVERIES = 15


def make_control(seller: Seller) -> Blueprint:
    """The blueprint with the common and the Walmart control routes."""
    links = ("state", "orders", "deliveries", "settings", "stream")
    control = control_blueprint("Walmart stand-in", seller.ledger, seller.faults, lambda: _panels(seller), links)
    add_orders(control, seller)
    add_background(control, seller)
    for kind in (BadOrder, BadSetting):
        control.register_error_handler(kind, lambda error: json_answer({"error": str(error)}, 400))
    return control


def add_orders(control: Blueprint, seller: Seller) -> None:
    """Placing orders and acting on them."""

    @control.post("/orders")
    def place() -> AnyResponse:
        body = control_body()
        count = _whole(body.pop("count", 1), "count")
        pos = [seller.place(body) for _ in range(count)]
        return control_answer({"po": pos[0] if pos else None, "pos": pos}, 201)

    @control.get("/orders")
    def listing() -> Response:
        return json_answer([_card_json(card) for card in seller.orders.cards()])

    @control.get("/orders/<po>")
    def one(po: str) -> Response:
        return json_answer(seller.orders.record(po))

    @control.post("/orders/<po>/<action>")
    def act(po: str, action: str) -> AnyResponse:
        return control_answer(seller.act(po, action, control_body()))


def add_background(control: Blueprint, seller: Seller) -> None:
    """The stream, the settings, the deliveries and the tokens."""

    @control.get("/state")
    def state() -> Response:
        return json_answer(seller.state())

    @control.get("/stream")
    def show_stream() -> Response:
        return json_answer(seller.stream.state())

    @control.post("/stream")
    def set_stream() -> AnyResponse:
        body = control_body()
        limit = _whole(body.get("limit", DEFAULT_LIMIT), "limit")
        return control_answer(seller.stream.set(_number(body.get("every", 10), "every"), limit))

    @control.get("/settings")
    def show_settings() -> Response:
        return json_answer(seller.settings.now)

    @control.post("/settings")
    def set_settings() -> AnyResponse:
        now = seller.settings.update(control_body())
        seller.sender.nudge()
        return control_answer(now)

    @control.get("/deliveries")
    def deliveries() -> Response:
        found = seller.sender.all(request.args.get("state"), request.args.get("po"))
        return json_answer(found if "bodies" in request.args else without_bodies(found))

    @control.post("/deliveries/<int:number>/again")
    def again(number: int) -> AnyResponse:
        if not seller.sender.send_again(number):
            raise BadControl(f"there is no delivery {number}")
        return control_answer({"n": number})

    @control.post("/tokens/expire")
    def expire() -> AnyResponse:
        seller.tokens.expire_all()
        return control_answer({"expired": True})


def _card_json(card: Card) -> dict[str, Any]:
    return {
        "po": card.po,
        "customer_order_id": card.customer_order_id,
        "market": card.market,
        "node": card.node,
        "created": card.created,
        "modified": card.modified,
        "statuses": sorted(card.statuses),
        "skus": sorted(card.skus),
    }


def _panels(seller: Seller) -> list[Panel]:
    return [_place_panel(seller), _order_panel(seller), _delivery_panel(seller)]


def _place_panel(seller: Seller) -> Panel:
    stream = seller.stream.state()
    place = Action(
        "Place an order",
        f"{PREFIX}/orders",
        (Field("sku"), Field("quantity", "1"), Field("price"), Field("ship_node", "", "SellerFulfilled")),
    )
    flow = Action(
        "Set the stream",
        f"{PREFIX}/stream",
        (Field("every", str(stream["every"] or 10), "seconds, 0 stops"), Field("limit", str(stream["limit"]))),
    )
    some = Action("Place a random order", f"{PREFIX}/orders", (Field("random", "true"), Field("count", "1")))
    title = f"Orders: {len(seller.orders)}; stream: {stream['placed']} placed, one each {stream['every']} s"
    return Panel(title, (some, place, flow))


def _order_panel(seller: Seller) -> Panel:
    names = ("ship", "cancel", "refund", "intent_to_cancel", "auto_cancel", "fraud_cancel", "deliver", "return")
    rows = [
        Row(
            (
                card.po,
                clock.iso(clock.from_ms(card.created)),
                card.node,
                ", ".join(sorted(card.statuses)),
                ", ".join(sorted(card.skus)),
            ),
            tuple(Action(name, f"{PREFIX}/orders/{card.po}/{name}") for name in names),
        )
        for card in seller.orders.cards()[:SHOWN_ORDERS]
    ]
    return Panel("The newest orders", (), ("PO", "Created", "Node", "Statuses", "SKUs"), rows)


def _delivery_panel(seller: Seller) -> Panel:
    rows = [
        Row(
            (
                delivery["n"],
                delivery["eventType"],
                delivery["po"],
                delivery["state"],
                ", ".join(str(a.get("status") or a.get("error")) for a in delivery["attempts"]),
                _wait(delivery["next_at"]),
            ),
            (Action("again", f"{PREFIX}/deliveries/{delivery['n']}/again"),),
        )
        for delivery in seller.sender.all()[: -SHOWN_DELIVERIES - 1 : -1]
    ]
    fields = tuple(
        Field(name, str(getattr(seller.settings.now, name)))
        for name in ("drop", "duplicate", "shuffle", "retry_scale", "limit_scale", "latency")
    )
    return Panel(
        "Webhook deliveries and settings",
        (Action("Change settings", f"{PREFIX}/settings", fields),),
        ("n", "Event", "PO", "State", "Answers", "Next try in"),
        rows,
    )


def _wait(next_at: float | None) -> str:
    return "" if next_at is None else f"{max(0, round(next_at - time.time()))} s"


def _whole(value: Any, name: str) -> int:
    number = _number(value, name)
    if number != int(number) or number < 0:
        raise BadControl(f"{name} must be a whole number")
    return int(number)


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadControl(f"{name} must be a number") from None
