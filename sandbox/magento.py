"""The stand-in Magento store: a real HTTP server that answers as a Magento Open Source 2.4.7 does."""

import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import magento_actions, magento_person, magento_products, magento_stock
from sandbox.control import PREFIX, install
from sandbox.documents import Documents
from sandbox.faults import Faults
from sandbox.magento_auth import Gate
from sandbox.magento_control import control
from sandbox.magento_hooks import Hooks
from sandbox.magento_orders import shown
from sandbox.magento_pages import pages
from sandbox.magento_rest import Door
from sandbox.magento_routes import ROUTES
from sandbox.magento_search import Document
from sandbox.magento_shop import Settings, Shop
from sandbox.server import Server, StandIn

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
VERSION = "Magento/2.4 (Community)"


def open_shop(data: Path | None, *, products: bool = True) -> Shop:
    """The shop kept in the folder, or one in memory; with the demo's products on its shelf."""
    shop = Shop(Documents(data / "magento.sqlite" if data else None))
    if products:
        magento_products.seed(shop)
    return shop


def make_app(shop: Shop, faults: Faults) -> Flask:
    """The shop's pages and its REST interface, with `/_control/` beside them."""
    app = Flask(__name__)
    app.url_map.merge_slashes = False
    install(app, shop.ledger, faults)
    shop.tell = Hooks(shop).tell
    door = Door(shop, Gate(shop.credentials), faults, ROUTES)

    @app.route("/rest/<path:rest>", methods=METHODS)
    def rest(rest: str) -> Response:
        return door.answer(request)

    @app.get("/magento_version")
    def version() -> Response:
        return Response(VERSION, content_type="text/plain; charset=UTF-8")

    @app.get("/")
    def home() -> AnyResponse:
        return redirect(f"{PREFIX}/")

    app.register_blueprint(control(shop, faults))
    app.register_blueprint(pages(shop))
    return app


def stand_in(data: Path | None, repairs_every: float = 0) -> StandIn:
    """The Magento stand-in ready to be served, its state kept in the folder when there is one.

    With `repairs_every` seconds it is a shop whose host runs the cron line that keeps direct orders' stock right.
    """
    shop = open_shop(data)
    skus = [product["sku"] for product in shop.products.all() if product["type_id"] != "configurable"]

    ended = threading.Event()
    cron = threading.Thread(target=_repair, args=(shop, repairs_every, ended), daemon=True)

    def start(url: str) -> None:
        shop.url = url
        if repairs_every:
            cron.start()

    def close() -> None:
        ended.set()
        if cron.is_alive():
            cron.join()
        shop.documents.close()

    return StandIn(
        kind="magento",
        app=make_app(shop, Faults()),
        banner={"token": shop.credentials.token, "skus": skus},
        start=start,
        close=close,
    )


def _repair(shop: Shop, every: float, ended: threading.Event) -> None:
    while not ended.wait(every):
        magento_stock.repair(shop)


class MagentoSandbox:
    """The stand-in shop inside a test, on a port of its own; what its methods do, a person might."""

    def __init__(self, data: Path | None = None, *, port: int = 0, products: bool = True) -> None:
        self.shop = open_shop(data, products=products)
        self.faults = Faults()
        self.ledger = self.shop.ledger
        self.credentials = self.shop.credentials
        self.token = self.shop.credentials.token
        self._server = Server(make_app(self.shop, self.faults), port).start()
        self.url = self.shop.url = self._server.url

    def close(self) -> None:
        self._server.close()
        self.shop.documents.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def fault(self, kind: str, *, method: str | None = None, path: str = "", **more: Any) -> int:
        """Switch a fault on and give its number; `more` are the fields of a fault."""
        return self.faults.add({"kind": kind, "match": {"method": method, "path": path}, **more}).id

    def clear_faults(self) -> None:
        self.faults.clear()

    def settings(self, **changes: Any) -> Settings:
        """Change switches of the shop, such as `maintenance`, `bearer_enabled`, `multi_source`."""
        return self.shop.change_settings(**changes)

    def add_product(self, sku: str, **more: Any) -> Document:
        """Put a product on the shelf: `name`, `price`, `weight`, `quantity`, `children`."""
        return magento_products.add(self.shop, sku, **more)

    def remove_product(self, sku: str) -> bool:
        return magento_products.remove(self.shop, sku)

    def orders(self) -> list[Document]:
        """Every order as the REST interface tells it, oldest first."""
        return [shown(order) for order in self.shop.orders.all()]

    def order(self, reference: str) -> Document:
        """The order of an increment id, an entity id or an external order id."""
        return shown(magento_person.find_order(self.shop, str(reference)))

    def shipments(self, reference: str) -> list[Document]:
        order = magento_person.find_order(self.shop, str(reference))
        return self.shop.shipments.where(order_id=order["entity_id"])

    def invoices(self, reference: str) -> list[Document]:
        order = magento_person.find_order(self.shop, str(reference))
        return self.shop.invoices.where(order_id=order["entity_id"])

    def creditmemos(self, reference: str) -> list[Document]:
        order = magento_person.find_order(self.shop, str(reference))
        return self.shop.creditmemos.where(order_id=order["entity_id"])

    def invoice(self, reference: str, items: Mapping[str, Any] | None = None) -> str:
        """Invoice quantities by SKU or item id, or all; the invoice's id."""
        return magento_person.invoice(self.shop, str(reference), items)

    def ship(
        self,
        reference: str,
        items: Mapping[str, Any] | None = None,
        tracks: list[Document] | None = None,
        source: str | None = None,
        comment: str = "",
    ) -> str:
        """Ship quantities by SKU or item id, or all; the shipment's id."""
        return magento_person.ship(self.shop, str(reference), items, tracks, source, comment)

    def track(self, reference: str, number: str, carrier: str = "ups", title: str = "") -> Document:
        """Add a tracking number to the order's last shipment."""
        sent = {"track_number": number, "carrier_code": carrier, "title": title}
        return magento_person.track(self.shop, str(reference), sent)

    def replace_track(self, reference: str, old: str, new: str) -> bool:
        """Correct a tracking number."""
        return magento_person.replace_track(self.shop, str(reference), old, new)

    def refund(
        self,
        reference: str,
        items: Mapping[str, Any] | None = None,
        *,
        return_to_stock: bool = False,
        **amounts: Any,
    ) -> str:
        """Make a credit memo; `amounts`: shipping_amount, adjustment_positive, adjustment_negative."""
        return magento_person.refund(self.shop, str(reference), items, amounts, return_to_stock=return_to_stock)

    def cancel(self, reference: str) -> bool:
        return magento_actions.cancel(self.shop, self._id(reference))

    def hold(self, reference: str) -> bool:
        return magento_actions.hold(self.shop, self._id(reference))

    def unhold(self, reference: str) -> bool:
        return magento_actions.unhold(self.shop, self._id(reference))

    def comment(self, reference: str, text: str) -> bool:
        return magento_person.comment(self.shop, str(reference), text)

    def delete(self, reference: str) -> bool:
        """Remove the order for good, which only a person at the database can."""
        return magento_actions.delete(self.shop, self._id(reference))

    def add_hook(self, **description: Any) -> Document:
        """Configure an outgoing webhook; see the hooks' module for its fields."""
        return Hooks(self.shop).add(description)

    def deliveries(self) -> list[Document]:
        """Every webhook sent so far, with what came of it."""
        return self.shop.deliveries.all()

    def salable(self, sku: str, stock_id: int = 1) -> float:
        return float(magento_stock.salable(self.shop, sku, stock_id))

    def repair(self, *leaves_out: str) -> list[Document]:
        """Act as the cron that repairs the reservations, but for open orders of these prefixes; what it wrote."""
        return magento_stock.repair(self.shop, leaves_out)

    def state(self) -> Document:
        """The settings and the credentials."""
        return {"settings": asdict(self.shop.settings), "credentials": asdict(self.credentials)}

    def _id(self, reference: str) -> int:
        return int(magento_person.find_order(self.shop, str(reference))["entity_id"])
