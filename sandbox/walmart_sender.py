"""Sends webhooks in the background: at once, again after 5, 15 and 45 minutes, and then never more."""

import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import requests

from sandbox import clock
from sandbox.documents import Documents
from sandbox.walmart_settings import Settings, SettingsBox
from sandbox.walmart_subscriptions import Proofs, Subscriptions, auth_method

Json = dict[str, Any]
KIND = "delivery"
RETRY_MINUTES = (5, 15, 45)
WORKERS = 8
KEPT_FINISHED = 2000


class Sender:
    """Deliveries, kept in the documents, so that a restart of the stand-in goes on with what is due.

    A delivery is `waiting`, `delivered` (a 2xx came), `lost` (four answers that were none) or `dropped`
    (by the `drop` setting, never sent).
    """

    def __init__(self, documents: Documents, settings: SettingsBox, subscriptions: Subscriptions) -> None:
        self._documents = documents
        self._settings = settings
        self._subscriptions = subscriptions
        self._proofs = Proofs()
        self._due: list[tuple[float, int]] = []
        self._wake = threading.Condition()
        self._closing = False
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._workers = ThreadPoolExecutor(WORKERS, "webhook")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        kept = documents.all(KIND)
        self._last = max((delivery["n"] for delivery in kept.values()), default=0)
        self._finished = deque(d["n"] for d in kept.values() if d["state"] != "waiting")
        for delivery in kept.values():
            if delivery["state"] == "waiting":
                heapq.heappush(self._due, (delivery["next_at"], delivery["n"]))

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop sending; what is waiting stays waiting."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(10)
        self._workers.shutdown(wait=True, cancel_futures=True)
        for session in self._sessions:
            session.close()

    def announce(self, po: str, bodies: dict[str, Json]) -> None:
        """Make a delivery for each active subscription of each event; call it in the order's transaction."""
        settings = self._settings.now
        for event_type, body in bodies.items():
            text = msgspec.json.encode(body).decode()
            for subscription in self._subscriptions.active(event_type):
                copies = 2 if random.random() < settings.duplicate else 1
                for _ in range(copies):
                    self._add(po, event_type, body["source"]["eventId"], text, subscription, settings)

    def nudge(self) -> None:
        """Look again at what is due, after a change of settings."""
        with self._wake:
            self._wake.notify_all()

    def all(self, state: str | None = None, po: str | None = None) -> list[Json]:
        """The deliveries, oldest first, all or those of a state and an order."""
        return [
            delivery
            for delivery in self._documents.all(KIND).values()
            if state in (None, delivery["state"]) and po in (None, delivery["po"])
        ]

    def send_again(self, number: int) -> bool:
        """Make a delivery due now, whatever became of it; False when there is none of this number."""
        with self._documents.transaction():
            delivery = self._documents.get(KIND, _key(number))
            if delivery is None:
                return False
            delivery |= {"state": "waiting", "next_at": time.time()}
            self._documents.put(KIND, _key(number), delivery)
        self._schedule(delivery["next_at"], number)
        return True

    def try_once(self, subscription: Json, body: Json) -> Json:
        """Send one body right now and say how it was answered; nothing is kept."""
        return self._post(subscription, msgspec.json.encode(body))

    def _add(self, po: str, event_type: str, event_id: str, text: str, subscription: Json, settings: Settings) -> None:
        with self._documents.lock:
            self._last += 1
            is_dropped = random.random() < settings.drop
            delivery = {
                "n": self._last,
                "at": clock.iso(clock.now()),
                "po": po,
                "eventType": event_type,
                "eventId": event_id,
                "subscriptionId": subscription["subscriptionId"],
                "url": subscription["eventUrl"],
                "state": "dropped" if is_dropped else "waiting",
                "next_at": time.time() + random.uniform(0, settings.shuffle),
                "attempts": [],
                "body": text,
            }
            self._documents.put(KIND, _key(self._last), delivery)
            number = self._last
        if is_dropped:
            self._finish(number)
        else:
            self._schedule(delivery["next_at"], number)

    def _schedule(self, at: float, number: int) -> None:
        with self._wake:
            heapq.heappush(self._due, (at, number))
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._closing and not self._is_due():
                    self._wake.wait(self._seconds_to_next())
                if self._closing:
                    return
                numbers = [heapq.heappop(self._due)[1] for _ in range(self._count_due())]
            for number in numbers:
                self._workers.submit(self._send, number)

    def _is_due(self) -> bool:
        return self._settings.now.deliveries_on and bool(self._due) and self._due[0][0] <= time.time()

    def _seconds_to_next(self) -> float | None:
        if not self._due or not self._settings.now.deliveries_on:
            return None
        return max(0.0, self._due[0][0] - time.time())

    def _count_due(self) -> int:
        now = time.time()
        return sum(1 for at, _ in self._due if at <= now)

    def _send(self, number: int) -> None:
        # The announcing transaction may still be open: the lock waits for its end.
        with self._documents.lock:
            delivery = self._documents.get(KIND, _key(number))
        if delivery is None or delivery["state"] != "waiting" or self._closing:
            return
        subscription = self._subscriptions.find(delivery["subscriptionId"])
        if subscription is None:
            outcome: Json = {"at": clock.iso(clock.now()), "error": "the subscription is gone"}
        else:
            outcome = self._post(subscription, delivery["body"].encode())
        with self._documents.transaction():
            delivery["attempts"].append(outcome)
            delivery |= self._after(delivery, outcome, subscription)
            self._documents.put(KIND, _key(number), delivery)
        if delivery["state"] == "waiting":
            self._schedule(delivery["next_at"], number)
        else:
            self._finish(number)

    def _after(self, delivery: Json, outcome: Json, subscription: Json | None) -> Json:
        tries = len(delivery["attempts"])
        if 200 <= outcome.get("status", 0) < 300:
            return {"state": "delivered", "next_at": None}
        if subscription is None or tries > len(RETRY_MINUTES):
            return {"state": "lost", "next_at": None}
        wait = RETRY_MINUTES[tries - 1] * 60 * self._settings.now.retry_scale
        return {"next_at": time.time() + wait}

    def _post(self, subscription: Json, body: bytes) -> Json:
        settings = self._settings.now
        started = time.perf_counter()
        outcome: Json = {"at": clock.iso(clock.now())}
        session = self._session()
        try:
            headers = self._proofs.headers(subscription, body, settings, session)
            answer = session.post(
                subscription["eventUrl"],
                data=body,
                headers=headers,
                timeout=settings.delivery_timeout,
                allow_redirects=False,
            )
            outcome["status"] = answer.status_code
            details = subscription.get("authDetails") or {}
            if answer.status_code == 401 and auth_method(details) == "OAUTH":
                self._proofs.forget(details)
        except (requests.RequestException, ValueError, KeyError) as error:
            outcome["error"] = type(error).__name__
        outcome["seconds"] = round(time.perf_counter() - started, 4)
        return outcome

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            with self._wake:
                self._sessions.append(session)
        return session

    def _finish(self, number: int) -> None:
        with self._documents.lock:
            self._finished.append(number)
            if len(self._finished) > KEPT_FINISHED:
                self._documents.delete(KIND, _key(self._finished.popleft()))


def _key(number: int) -> str:
    return f"{number:09d}"


def without_bodies(deliveries: Iterable[Json]) -> list[Json]:
    return [{name: value for name, value in d.items() if name != "body"} for d in deliveries]
