"""One Walmart seller account in full: its orders, its credentials, its webhooks and its stream of orders."""

import random
import threading
from pathlib import Path
from typing import Any

from sandbox.documents import Documents
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.walmart_actions import ACTIONS, wanted_numbers
from sandbox.walmart_auth import Limits, Tokens, own_client
from sandbox.walmart_events import order_events, return_event
from sandbox.walmart_lines import Change
from sandbox.walmart_orders import Orders
from sandbox.walmart_returns import start_return
from sandbox.walmart_sender import Sender
from sandbox.walmart_settings import SettingsBox
from sandbox.walmart_spec import BadOrder, make_order
from sandbox.walmart_stream import Stream, believable
from sandbox.walmart_subscriptions import Subscriptions

Json = dict[str, Any]


class Seller:
    """Everything the stand-in knows, in one SQLite file of the folder or in memory.

    Whatever happens to an order and the webhooks that tell of it are one transaction.
    """

    def __init__(self, data: Path | None = None) -> None:
        self.documents = Documents(data / "walmart.sqlite" if data else None)
        self.ledger = Ledger(self.documents)
        self.faults = Faults()
        self.settings = SettingsBox(self.documents)
        self.client = own_client(self.documents)
        self.tokens = Tokens(self.documents, self.settings, self.client)
        self.limits = Limits(self.settings)
        self.orders = Orders(self.documents, self.ledger, self.settings, self.client)
        self.subscriptions = Subscriptions(self.documents, self.settings, self.client)
        self.sender = Sender(self.documents, self.settings, self.subscriptions)
        self.stream = Stream(self.documents, lambda spec: self.place(spec, by="stream"))
        self._rng = random.Random()
        self._rng_lock = threading.Lock()

    def start(self) -> None:
        """Begin to send webhooks and to let the stream flow."""
        self.sender.start()
        self.stream.start()

    def close(self) -> None:
        """End the background work and close the documents."""
        self.stream.close()
        self.sender.close()
        self.documents.close()

    def place(self, spec: Json, by: str = "control") -> str:
        """Let a buyer order: the order of the description, or a believable one for `{"random": true}`.

        `"webhook": false` keeps it quiet, so that only a poll finds it; `seed` makes chance repeatable.
        """
        with self._rng_lock:
            rng = random.Random(spec["seed"]) if spec.get("seed") else random.Random(self._rng.random())
        if _is_yes(spec.get("random")):
            spec = believable(rng) | {name: value for name, value in spec.items() if name != "random"}
        order = make_order(spec, rng)
        with self.documents.transaction():
            po = self.orders.add(order, str(spec.get("market", "us")), by=by)
            if spec.get("market", "us") == "us" and not _is_no(spec.get("webhook")):
                self._announce(po, order, "PO_CREATED", None)
        return po

    def act(self, po: str, action: str, body: Json | None = None) -> Json:
        """Do one of the actions of the control to an order, as a person would outside the API."""
        body = body or {}
        if action == "return":
            return self._start_return(po, body)
        if action not in ACTIONS:
            raise BadOrder(f"an order can be: {', '.join([*ACTIONS, 'return'])}")
        perform, sub_event = ACTIONS[action]
        changed: list[Change] = []

        def run(change: Change) -> None:
            perform(change, body)
            changed.append(change)

        with self.documents.transaction():
            order = self.orders.change(po, run, by="control")
            effects = changed[0].effects
            numbers = {str(detail["line"]) for _, detail in effects if "line" in detail}
            if sub_event and effects and not _is_no(body.get("webhook")):
                self._announce(po, order, sub_event, numbers)
        return order

    def state(self) -> Json:
        """Counts for a glance: orders, effects, deliveries by state, the stream."""
        deliveries: dict[str, int] = {}
        for delivery in self.sender.all():
            deliveries[delivery["state"]] = deliveries.get(delivery["state"], 0) + 1
        effects: dict[str, int] = {}
        for entry in self.ledger.entries():
            effects[entry["effect"]] = effects.get(entry["effect"], 0) + 1
        return {
            "orders": len(self.orders),
            "effects": effects,
            "deliveries": deliveries,
            "subscriptions": self.subscriptions.listing({})["events"],
            "stream": self.stream.state(),
            "partner_id": self.client.partner_id,
        }

    def _announce(self, po: str, order: Json, sub_event: str, numbers: set[str] | None) -> None:
        self.sender.announce(po, order_events(order, self.client.partner_id, sub_event, numbers))

    def _start_return(self, po: str, body: Json) -> Json:
        with self.documents.transaction():
            order = self.orders.record(po)["order"]
            started = start_return(self.documents, order, wanted_numbers(body))
            self.ledger.add("return", po, {"by": "control", "returnOrderId": started["returnOrderId"]})
            event = return_event("RETURN_CREATED", self.client.partner_id, order, started["returnOrderId"])
            self.sender.announce(po, {"RETURN_CREATED": event})
        return started


def _is_yes(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1", "yes", "on")


def _is_no(value: Any) -> bool:
    return value is False or str(value).lower() in ("false", "0", "no", "off")
