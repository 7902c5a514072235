"""The stand-in Walmart Marketplace: a real HTTP server that a connector cannot tell from Walmart's."""

from pathlib import Path
from typing import Any, Self

from flask import Flask, redirect
from werkzeug.wrappers import Response as AnyResponse

from sandbox.control import PREFIX, install
from sandbox.server import Server, StandIn
from sandbox.walmart_control import make_control
from sandbox.walmart_routes import install_routes, too_many
from sandbox.walmart_seller import Seller

Json = dict[str, Any]


def make_app(seller: Seller) -> Flask:
    """Walmart's API for the seller, with `/_control/` beside it."""
    app = Flask(__name__)
    install(app, seller.ledger, seller.faults, too_many)
    install_routes(app, seller)
    app.register_blueprint(make_control(seller))

    @app.get("/")
    def home() -> AnyResponse:
        return redirect(f"{PREFIX}/")

    return app


def stand_in(data: Path | None) -> StandIn:
    """The Walmart stand-in ready to be served, its state kept in the folder when there is one."""
    seller = Seller(data)
    return StandIn(
        kind="walmart",
        app=make_app(seller),
        banner={"client_id": seller.client.client_id, "client_secret": seller.client.client_secret},
        start=lambda url: seller.start(),
        close=seller.close,
    )


class WalmartSandbox:
    """The stand-in inside a test, on a port of its own; what its methods do, a person might."""

    def __init__(self, data: Path | None = None, *, port: int = 0) -> None:
        self.seller = Seller(data)
        self.ledger = self.seller.ledger
        self.faults = self.seller.faults
        self.client_id = self.seller.client.client_id
        self.client_secret = self.seller.client.client_secret
        self.partner_id = self.seller.client.partner_id
        self._server = Server(make_app(self.seller), port).start()
        self.url = self._server.url
        self.seller.start()

    def close(self) -> None:
        self._server.close()
        self.seller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def place_order(self, **spec: Any) -> str:
        """Let a buyer order and return the PO; see `walmart_spec.make_order` for the description."""
        return self.seller.place(spec)

    def act(self, po: str, action: str, **body: Any) -> Json:
        """Do something to an order outside the API, such as `ship`, `intent_to_cancel`, `auto_cancel`."""
        return self.seller.act(po, action, body)

    def order(self, po: str) -> Json:
        """The order as it is now, in Walmart's JSON."""
        order: Json = self.seller.orders.record(po)["order"]
        return order

    def statuses(self, po: str) -> dict[str, dict[str, int]]:
        """Units by status for each line: `{"1": {"Acknowledged": 1}}`."""
        told: dict[str, dict[str, int]] = {}
        for line in self.order(po)["orderLines"]["orderLine"]:
            counts = told.setdefault(line["lineNumber"], {})
            for entry in line["orderLineStatuses"]["orderLineStatus"]:
                units = int(entry["statusQuantity"]["amount"])
                counts[entry["status"]] = counts.get(entry["status"], 0) + units
        return told

    def subscribe(self, event_type: str, url: str, auth: Json | None = None, **more: Any) -> str:
        """Subscribe a receiver as the API would and return the subscription's id."""
        event = {
            "eventType": event_type,
            "eventVersion": "V1",
            "resourceName": "ReturnsAndRefunds" if event_type.startswith("RETURN_") else "ORDER",
            "eventUrl": url,
            "status": "ACTIVE",
            **({"authDetails": auth} if auth else {}),
            **more,
        }
        created = self.seller.subscriptions.create({"events": [event]})
        return str(created["events"][0]["subscriptionId"])

    def deliveries(self, state: str | None = None, po: str | None = None) -> list[Json]:
        """The webhook deliveries, oldest first, with their bodies as text and their attempts."""
        return self.seller.sender.all(state, po)

    def stream(self, every: float, limit: int = 200) -> Json:
        """Let orders come one each so many seconds; 0 stops them."""
        return self.seller.stream.set(every, limit)

    def fault(self, kind: str, *, method: str | None = None, path: str = "", **more: Any) -> int:
        """Switch a fault on and give its number; `more` are the fields of a fault."""
        return self.faults.add({"kind": kind, "match": {"method": method, "path": path}, **more}).id

    def clear_faults(self) -> None:
        self.faults.clear()

    def settings(self, **changes: Any) -> None:
        """Change switches of the stand-in, such as `limit_scale`, `retry_scale`, `token_ttl`."""
        self.seller.settings.update(changes)
        self.seller.sender.nudge()
