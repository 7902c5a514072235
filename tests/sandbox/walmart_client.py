"""A caller of the Walmart stand-in as the tests need it, and a receiver for its webhooks."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

import requests
from flask import Flask, Response, request

from sandbox.server import Server
from sandbox.walmart import WalmartSandbox

Json = dict[str, Any]
HEADERS = {
    "WM_SVC.NAME": "Walmart Marketplace",
    "WM_QOS.CORRELATION_ID": "00000000-0000-4000-8000-000000000000",
    "Accept": "application/json",
}


class Caller:
    """Calls the API with everything that Walmart demands."""

    def __init__(self, walmart: WalmartSandbox) -> None:
        self.walmart = walmart
        self.session = requests.Session()
        self.session.headers.update(HEADERS)
        self.session.headers["WM_SEC.ACCESS_TOKEN"] = self.token()

    def token(self) -> str:
        answer = self.session.post(
            f"{self.walmart.url}/v3/token",
            data={"grant_type": "client_credentials"},
            auth=(self.walmart.client_id, self.walmart.client_secret),
        )
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.walmart.url + path, timeout=10, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.call("GET", path, **more)

    def acknowledge(self, po: str) -> requests.Response:
        headers = {"Content-Type": "application/json"}
        return self.call("POST", f"/v3/orders/{po}/acknowledge", headers=headers)

    def ship(self, po: str, *lines: Json, **more: Any) -> requests.Response:
        body = {"orderShipment": {**more, "orderLines": {"orderLine": list(lines)}}}
        return self.call("POST", f"/v3/orders/{po}/shipping", json=body)

    def cancel(self, po: str, *lines: Json) -> requests.Response:
        body = {"orderCancellation": {"orderLines": {"orderLine": list(lines)}}}
        return self.call("POST", f"/v3/orders/{po}/cancel", json=body)

    def refund(self, po: str, *lines: Json) -> requests.Response:
        body = {"orderRefund": {"purchaseOrderId": po, "orderLines": {"orderLine": list(lines)}}}
        return self.call("POST", f"/v3/orders/{po}/refund", json=body)

    def close(self) -> None:
        self.session.close()


def quantity(count: int) -> Json:
    return {"unitOfMeasurement": "EACH", "amount": str(count)}


def shipped(line: str = "1", count: int = 1, number: str = "1Z1", *, override: bool = False, **tracking: Any) -> Json:
    """A line of a ship confirmation."""
    told = {
        "shipDateTime": 1795000000000,
        "carrierName": {"carrier": "UPS"},
        "methodCode": "Standard",
        "trackingNumber": number,
        **tracking,
    }
    entry = {"status": "Shipped", "statusQuantity": quantity(count), "trackingInfo": told}
    return {
        "lineNumber": line,
        "intentToCancelOverride": override,
        "sellerOrderId": "100000012",
        "orderLineStatuses": {"orderLineStatus": [entry]},
    }


def cancelled(line: str = "1", count: int = 1, reason: str = "SELLER_CANCEL_OUT_OF_STOCK") -> Json:
    """A line of a cancellation."""
    entry = {"status": "Cancelled", "cancellationReason": reason, "statusQuantity": quantity(count)}
    return {"lineNumber": line, "orderLineStatuses": {"orderLineStatus": [entry]}}


def refunded(
    line: str = "1",
    *,
    product: float | None = None,
    tax: float | None = None,
    shipping: float | None = None,
    full: bool = False,
    reason: str = "CustomerChangedMind",
) -> Json:
    """A line of a refund; the amounts are sent as they are given."""
    charges = []
    for kind, name, amount, of_it in (
        ("PRODUCT", "Item Price", product, tax),
        ("SHIPPING", "Shipping", shipping, None),
    ):
        if amount is not None:
            charge: Json = {
                "chargeType": kind,
                "chargeName": name,
                "chargeAmount": {"currency": "USD", "amount": amount},
            }
            if of_it is not None:
                charge["tax"] = {"taxName": f"{name} Tax", "taxAmount": {"currency": "USD", "amount": of_it}}
            charges.append({"refundReason": reason, "charge": charge})
    refunds = {"refund": [{"refundComments": "", "refundCharges": {"refundCharge": charges}}]}
    return {"lineNumber": line, "isFullRefund": full, "refunds": refunds}


def error_of(answer: requests.Response) -> Json:
    """The error in the orders service's envelope."""
    error: Json = answer.json()["errors"]["error"][0]
    return error


def wait_for(check: Callable[[], Any], seconds: float = 20) -> Any:
    """What the check gives as soon as it is true, looked at every few milliseconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = check()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError("it did not happen in time")


class Receiver:
    """A merchant's webhook address that keeps what comes and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.token_calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self._lock = threading.Lock()
        app = Flask(__name__)

        @app.post("/hook")
        def hook() -> Response:
            with self._lock:
                self.got.append((dict(request.headers), request.get_data()))
                return Response(status=self.answers.pop(0) if self.answers else 200)

        @app.post("/token")
        def token() -> dict[str, Any]:
            self.token_calls.append((dict(request.headers), request.get_data()))
            return {"access_token": "given-token", "expires_in": 60}

        self._server = Server(app).start()
        self.url = f"{self._server.url}/hook"
        self.token_url = f"{self._server.url}/token"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.close()
