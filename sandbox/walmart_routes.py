"""Walmart's API as HTTP: the token, the orders and the webhooks, with its headers, limits and refusals."""

import time
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from sandbox.buckets import Taken
from sandbox.control import json_answer
from sandbox.walmart_auth import require_headers
from sandbox.walmart_errors import (
    Refused,
    content_error,
    gateway_error,
    order_error,
    system_error,
    threshold_violated,
)
from sandbox.walmart_events import event_types, sample_event
from sandbox.walmart_lines import acknowledge, acknowledge_lines, cancel, ship
from sandbox.walmart_refunds import refund
from sandbox.walmart_returns import refund_return, search_returns
from sandbox.walmart_seller import Seller
from sandbox.walmart_subscriptions import check_event

Json = dict[str, Any]
TOKEN_XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><OAuthTokenDTO>'
    "<accessToken>{access_token}</accessToken><tokenType>{token_type}</tokenType>"
    "<expiresIn>{expires_in}</expiresIn></OAuthTokenDTO>"
)


def install_routes(app: Flask, seller: Seller) -> None:
    """Put Walmart's API on the app."""
    app.register_blueprint(token_routes(seller))
    api = Blueprint("api", __name__)
    api.before_request(lambda: _enter(seller))
    add_order_routes(api, seller)
    add_change_routes(api, seller)
    add_webhook_routes(api, seller)
    app.register_blueprint(api)
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, not_there)
    app.after_request(_tell_tokens_left)


def token_routes(seller: Seller) -> Blueprint:
    """The token calls, which need no access token, or tell of one."""
    routes = Blueprint("token", __name__)

    @routes.post("/v3/token")
    def token() -> Response:
        require_headers(request.headers)
        if request.mimetype != "application/x-www-form-urlencoded":
            raise system_error()
        if request.form.get("grant_type") != "client_credentials":
            raise gateway_error(400, "INVALID_REQUEST", "Invalid grant_type", field="grant_type")
        issued = seller.tokens.issue(request.headers.get("Authorization", ""))
        if "json" in request.headers.get("Accept", ""):
            return json_answer(issued)
        return Response(TOKEN_XML.format(**issued), content_type="application/xml")

    @routes.get("/v3/token/detail")
    def token_detail() -> Response:
        require_headers(request.headers)
        return json_answer(seller.tokens.detail(request.headers.get("WM_SEC.ACCESS_TOKEN", "")))

    return routes


def add_order_routes(api: Blueprint, seller: Seller) -> None:
    """Reading orders."""

    @api.get("/v3/orders", endpoint="orders")
    def orders() -> Response:
        return json_answer(seller.orders.search(_args(), market(), stale_seconds=_stale(seller)))

    @api.get("/v3/orders/released", endpoint="released")
    def released() -> Response:
        args, age = _args(), _stale(seller)
        return json_answer(seller.orders.search(args, market(), released=True, stale_seconds=age))

    @api.get("/v3/orders/<po>", endpoint="order")
    def order(po: str) -> Response:
        return json_answer({"order": seller.orders.view(po, _args(), _stale(seller))})

    @api.get("/v3/returns", endpoint="returns")
    def returns() -> Response:
        return json_answer(search_returns(seller.documents, request.args, seller.settings.now))


def add_change_routes(api: Blueprint, seller: Seller) -> None:
    """Changing orders."""

    @api.post("/v3/orders/<po>/acknowledge", endpoint="acknowledge")
    def acknowledge_order(po: str) -> Response:
        if request.mimetype != "application/json":
            raise system_error()
        return json_answer({"order": _shown(seller.orders.change(po, acknowledge))})

    for name, act in (
        ("acknowledgeLines", acknowledge_lines),
        ("shipping", ship),
        ("cancel", cancel),
        ("refund", refund),
    ):

        def change(po: str, act: Any = act) -> Response:
            body = json_body()
            return json_answer({"order": _shown(seller.orders.change(po, lambda c: act(c, body)))})

        api.add_url_rule(f"/v3/orders/<po>/{name}", name, change, methods=["POST"])

    @api.post("/v3/returns/<number>/refund", endpoint="return_refund")
    def return_refund(number: str) -> Response:
        return json_answer(refund_return(seller.documents, seller.orders, number, json_body()), 202)


def add_webhook_routes(api: Blueprint, seller: Seller) -> None:
    """Subscribing to webhooks; in the other markets than the US creating was seen to answer 520."""
    subscriptions = seller.subscriptions

    @api.get("/v3/webhooks/eventTypes", endpoint="event_types")
    def list_event_types() -> Response:
        return json_answer(event_types())

    @api.post("/v3/webhooks/subscriptions", endpoint="subscriptions_create")
    def create() -> Response:
        if market() != "us":
            return Response("", 520)
        return json_answer(subscriptions.create(json_body()))

    @api.get("/v3/webhooks/subscriptions", endpoint="subscriptions_list")
    def listing() -> Response:
        return json_answer(subscriptions.listing(request.args.to_dict()))

    @api.patch("/v3/webhooks/subscriptions/<number>", endpoint="subscriptions_update")
    def update(number: str) -> Response:
        return json_answer(subscriptions.update(number, json_body()))

    @api.delete("/v3/webhooks/subscriptions/<number>", endpoint="subscriptions_delete")
    def delete(number: str) -> Response:
        return json_answer(subscriptions.delete(number))

    @api.post("/v3/webhooks/test", endpoint="webhook_test")
    def test() -> Response:
        body = json_body()
        check_event(body, needs_status=False)
        sample = sample_event(body["eventType"], seller.client.partner_id)
        outcome = seller.sender.try_once(body, sample)
        if not 200 <= outcome.get("status", 0) < 300:
            raise order_error("INVALID_REQUEST", "Eventurl could not be validated", field="eventUrl")
        return json_answer({"message": "Eventurl successfully validated"})


def market() -> str:
    """The market that the Global headers name, else the US."""
    return request.headers.get("WM_MARKET", "us").lower()


def json_body() -> Json:
    """The call's JSON object; without the right Content-Type Walmart fails instead of refusing."""
    if request.mimetype != "application/json":
        raise system_error()
    try:
        body = msgspec.json.decode(request.get_data())
    except msgspec.DecodeError:
        raise order_error("MALFORMED_REQUEST_CONTENT", "Malformed request content") from None
    if not isinstance(body, dict):
        raise content_error("The body is not an object")
    return body


def refused(error: Refused) -> Response:
    """The refusal as it goes out."""
    if isinstance(error.body, str):
        return Response(error.body, error.status, content_type="application/xml")
    return json_answer(error.body, error.status)


def too_many(taken: Taken) -> Response:
    """Walmart's 429, which has no Retry-After."""
    g.sandbox_taken = taken
    return refused(threshold_violated())


def not_there(error: HTTPException) -> Response:
    """Unknown paths and methods, as the gateway answers them."""
    if error.code == 405:
        return refused(gateway_error(405, "METHOD_NOT_ALLOWED", "Method not allowed", category="REQUEST"))
    if error.code == 404:
        return refused(gateway_error(404, "URI_NOT_FOUND", "URI not found", category="REQUEST"))
    return refused(system_error())


def _enter(seller: Seller) -> Response | None:
    if seller.settings.now.latency:
        time.sleep(seller.settings.now.latency)
    seller.tokens.require(request.headers.get("WM_SEC.ACCESS_TOKEN"))
    require_headers(request.headers)
    g.sandbox_taken = seller.limits.take((request.endpoint or "").partition(".")[2])
    return None if g.sandbox_taken.allowed else refused(threshold_violated())


def _tell_tokens_left(response: Response) -> Response:
    told: list[Taken] = [g.get(name) for name in ("sandbox_taken", "sandbox_throttled") if g.get(name) is not None]
    if told:
        taken = min(told, key=lambda one: (one.allowed, one.left))
        response.headers["x-current-token-count"] = str(taken.left if taken.allowed else 0)
        response.headers["X-Next-Replenishment-Time"] = str(int(taken.next_at * 1000))
    return response


def _args() -> dict[str, list[str]]:
    args = {name: request.args.getlist(name) for name in request.args}
    return args | {"_raw": [request.query_string.decode("latin-1")]}


def _stale(seller: Seller) -> float:
    return seller.faults.stale_seconds(request.method, request.path)


def _shown(order: Json) -> Json:
    """A change answers with the order, without the parts that only parameters bring."""
    return {name: value for name, value in order.items() if name not in ("orderType", "originalCustomerOrderID")}
