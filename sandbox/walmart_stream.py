"""A steady stream of varied, believable orders; its place is kept, so a restart goes on."""

import random
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.catalog import MISSING_PRODUCTS, PRODUCTS, TEE
from sandbox.documents import Documents
from sandbox.people import PEOPLE
from sandbox.walmart_spec import cents

Json = dict[str, Any]
KIND = "stream"
QUICK_ORDERS = 8
QUICK_SECONDS = 1.0
DEFAULT_LIMIT = 200
SHOWN_EARLY: dict[int, Json] = {
    2: {"ship_node": "WFSFulfilled"},
    4: {"lines": [{"sku": MISSING_PRODUCTS[0].sku, "quantity": 1}]},
    6: {"ship_node": "SellerFulfilled", "lines": [{"sku": PRODUCTS[0].sku, "quantity": 3, "split": True}]},
    7: {"lines": [{"sku": TEE.sku, "quantity": 1}]},
}
"""What a newcomer should not have to wait for: the order at this place of a new stream is of this kind."""
SHIPPING = ("0", "4.99", "5.99", "8.95", "12.45")


def believable(rng: random.Random) -> Json:
    """A description of an order as a small household shop would get it."""
    node = rng.choices(("SellerFulfilled", "WFSFulfilled", "3PLFulfilled"), (93, 6, 1))[0]
    spec: Json = {
        "lines": [_line(rng) for _ in range(rng.choices((1, 2, 3, 5), (66, 22, 10, 2))[0])],
        "person": rng.randrange(len(PEOPLE)),
        "ship_node": node,
        "method": rng.choices(("Value", "Standard", "Express", "OneDay"), (55, 35, 8, 2))[0],
        "first_line": rng.choices((1, 4), (92, 8))[0],
    }
    program = rng.choices((None, "TWO_DAY", "THREE_DAY"), (60, 15, 25))[0]
    if program:
        spec["shipping_program"] = program
    if rng.random() < 0.02:
        spec["email"] = "nocxemail@walmartone.com"
    if rng.random() < 0.015:
        spec |= {"order_type": "REPLACEMENT", "lines": [{"sku": rng.choice(PRODUCTS).sku, "price": "0", "tax": "0"}]}
    return spec


def _line(rng: random.Random) -> Json:
    product = rng.choice((*MISSING_PRODUCTS, TEE) if rng.random() < 0.04 else PRODUCTS)
    quantity = rng.choices((1, 2, 3, 4), (78, 14, 5, 3))[0]
    line: Json = {"sku": product.sku, "quantity": quantity, "split": rng.random() > 0.15}
    if rng.random() < 0.4:
        shipping = Decimal(rng.choice(SHIPPING))
        line["shipping"] = str(shipping)
        line["shipping_tax"] = str(cents(shipping * product.tax_rate / 100))
    if rng.random() < 0.04:
        line["discount"] = str(cents(product.price * quantity / 20))
    if rng.random() < 0.02:
        line["fee"] = "1.25"
    return line


class Stream:
    """Places an order every so many seconds, the first eight of a new stream one a second."""

    def __init__(self, documents: Documents, place: Callable[[Json], str]) -> None:
        self._documents = documents
        self._place = place
        self._rng = random.Random()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(10)

    def state(self) -> Json:
        """`{"every", "limit", "placed", "next_at"}`; every 0 means that it stands still."""
        kept = self._documents.get(KIND, "stream")
        return dict(kept) if kept else {"every": 0, "limit": DEFAULT_LIMIT, "placed": 0, "next_at": None}

    def set(self, every: float, limit: int = DEFAULT_LIMIT) -> Json:
        """Let orders come; 0 stops them. A running stream goes on with its count, a stopped one anew."""
        with self._documents.transaction():
            now = self.state()
            if every <= 0:
                now |= {"every": 0, "next_at": None}
            elif now["every"] > 0:
                now |= {"every": every, "limit": limit}
            else:
                now = {"every": every, "limit": limit, "placed": 0, "next_at": time.time()}
            self._documents.put(KIND, "stream", now)
        with self._wake:
            self._wake.notify_all()
        return now

    def _run(self) -> None:
        while not self._closing:
            wait = self._tick()
            with self._wake:
                if not self._closing:
                    self._wake.wait(wait)

    def _tick(self) -> float | None:
        """Place the order that is due, if one is, and return the seconds until the next look."""
        with self._documents.transaction():
            now = self.state()
            if now["every"] <= 0 or now["placed"] >= now["limit"]:
                return None
            wait: float = now["next_at"] - time.time()
            if wait > 0:
                return wait
            self._place(believable(self._rng) | SHOWN_EARLY.get(now["placed"], {}))
            now["placed"] += 1
            gap = min(QUICK_SECONDS, now["every"]) if now["placed"] < QUICK_ORDERS else now["every"]
            now["next_at"] = time.time() + gap
            self._documents.put(KIND, "stream", now)
            return float(gap)
