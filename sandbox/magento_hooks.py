"""Outgoing webhooks, sent while the shop saves: a module's, Adobe Commerce's and a plain signed one."""

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.util import SKIP_HEADER

from sandbox.control import BadControl
from sandbox.magento_errors import MagentoError
from sandbox.magento_liquid import render
from sandbox.magento_search import Document
from sandbox.magento_shop import Shop, utc_now
from sandbox.magento_signing import new_private_key, public_key, sign

KINDS = ("mageplaza", "adobe_commerce", "adobe_io", "hmac")
EVENTS = {
    "order": "sales_order_save",
    "new_order_comment": "sales_order_status_history_save",
    "new_invoice": "sales_order_invoice_save",
    "new_shipment": "sales_order_shipment_save",
    "new_creditmemo": "sales_order_creditmemo_save",
    "new_track": "sales_order_shipment_track_save",
    "new_product": "catalog_product_save",
    "product_update": "catalog_product_save",
}
NAMES = {
    "order": "order",
    "new_order_comment": "comment",
    "new_invoice": "invoice",
    "new_shipment": "shipment",
    "new_creditmemo": "creditmemo",
    "new_track": "track",
    "new_product": "product",
    "product_update": "product",
}
TOLD = ("entity_id", "increment_id", "order_id", "parent_id", "store_id", "state", "status", "sku")
VETO = "Cannot perform the operation due to an error."
IO_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a delivery: the status, 0 when nobody answered, and the answer's text."""

    status: int
    text: str


class Hooks:
    """The configured webhooks of a shop, and the log of what was sent."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def add(self, given: dict[str, Any]) -> Document:
        """Configure a webhook.

        `kind` (mageplaza, adobe_commerce, adobe_io, hmac), `event` (order, new_shipment, … or `*`), `url`;
        mageplaza: `method`, `headers`, `username`, `password`, `content_type`, `body`, `statuses`,
        `stores`; adobe_commerce: `required`, `timeout_ms`, `fields`, `signed`, `headers`; hmac: `secret`,
        `header`; adobe_io: `client_id`.
        """
        kind, event, url = given.get("kind", "mageplaza"), given.get("event", "order"), given.get("url")
        if kind not in KINDS:
            raise BadControl(f"kind must be one of {', '.join(KINDS)}")
        if event not in (*EVENTS, "*"):
            raise BadControl(f"event must be * or one of {', '.join(EVENTS)}")
        if not url:
            raise BadControl("url is missing")
        hook = {**given, "kind": kind, "event": event, "url": url, "id": self._shop.next_id("hook")}
        if kind == "adobe_io":
            hook["challenged"] = _challenge(str(url))
        with self._shop.documents.transaction():
            self._shop.hooks.put(hook)
        return hook

    def remove(self, hook_id: int | None = None) -> None:
        """Remove one webhook, or all."""
        for hook in self._shop.hooks.all():
            if hook_id in (None, hook["id"]):
                self._shop.hooks.delete(hook["id"])

    def public_key(self) -> str:
        """The key that a receiver checks Adobe Commerce's signatures with."""
        return public_key(self._private_key())

    def tell(self, event: str, document: Document) -> None:
        """Send the event to every webhook that wants it, and wait for each; nothing is sent again.

        A mageplaza or hmac hook that fails is only logged. A required adobe_commerce hook that fails or
        answers an exception stops the save with a MagentoError. An adobe_io event leaves in the background.
        """
        if not self._shop.hooks.all():
            return
        item = _item(event, document)
        for hook in self._shop.hooks.all():
            if not _wants(hook, event, item):
                continue
            if hook["kind"] == "adobe_io":
                threading.Thread(target=self._send_io, args=(hook, event, item), daemon=True).start()
                continue
            outcome = self._send(hook, event, item)
            if hook["kind"] == "adobe_commerce":
                _obey(hook, outcome)

    def send_again(self, delivery_id: int) -> Outcome | None:
        """A person's Replay of a delivery; None when there is none of this number."""
        delivery = self._shop.deliveries.get(delivery_id)
        hook = self._shop.hooks.get(delivery["hook_id"]) if delivery else None
        if delivery is None or hook is None:
            return None
        return self._post(hook, delivery["event"], delivery["body"].encode(), delivery["headers"])

    def _send(self, hook: Document, event: str, item: Document) -> Outcome:
        if hook["kind"] == "mageplaza":
            body, headers = render(hook.get("body", ""), item).encode(), _module_headers(hook)
        elif hook["kind"] == "adobe_commerce":
            body = json.dumps(_mapped(hook, event, item)).encode()
            headers = self._adobe_headers(hook, body)
        else:
            body = json.dumps({"event": NAMES[event], **_told(item)}).encode()
            headers = _signed_headers(hook, body)
        return self._post(hook, event, body, headers)

    def _adobe_headers(self, hook: Document, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", **(hook.get("headers") or {})}
        headers["x-adobe-commerce-request-id"] = str(uuid.uuid4())
        if hook.get("signed", True):
            # The signature covers the base64 text of the body, not the body.
            headers["x-adobe-commerce-webhook-signature"] = sign(self._private_key(), base64.b64encode(body))
        return headers

    def _send_io(self, hook: Document, event: str, item: Document) -> None:
        value = _told(item)
        name = f"com.adobe.commerce.observer.{EVENTS[event]}_commit_after"
        envelope = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"urn:uuid:{uuid.uuid4()}",
            "type": name,
            "datacontenttype": "application/json",
            "time": utc_now().replace(" ", "T") + "Z",
            "event_id": str(uuid.uuid4()),
            "recipient_client_id": hook.get("client_id", ""),
            "data": {"key": str(uuid.uuid4()), "value": value, "source": "store"},
        }
        body = json.dumps(envelope).encode()
        headers = {
            "Content-Type": "application/json",
            "x-adobe-digital-signature-1": sign(self._private_key(), body),
            "x-adobe-public-key1-path": "/_control/adobe-key.pem",
        }
        time.sleep(float(hook.get("delay", 0.2)))
        for tried in range(IO_RETRIES):
            more = {"x-adobe-retry-count": str(tried)} if tried else {}
            if 200 <= self._post(hook, event, body, headers | more).status < 300:
                return

    def _post(self, hook: Document, event: str, body: bytes, headers: dict[str, str]) -> Outcome:
        outcome = _request(hook, body, headers)
        delivery = {
            "id": self._shop.next_id("delivery"),
            "at": utc_now(),
            "hook_id": hook["id"],
            "event": event,
            "url": hook["url"],
            "headers": headers,
            "body": body.decode(),
            "status": outcome.status,
            "answer": outcome.text[:500],
        }
        with self._shop.documents.transaction():
            self._shop.deliveries.put(delivery)
        return outcome

    def _private_key(self) -> str:
        with self._shop.documents.lock:
            kept = self._shop.documents.get("magento_state", "private_key")
            if kept is None:
                kept = new_private_key()
                self._shop.documents.put("magento_state", "private_key", kept)
        return str(kept)


def _request(hook: Document, body: bytes, headers: dict[str, str]) -> Outcome:
    # The module waits for ever, as observed on 2.4.7-p3; so does Adobe Commerce unless told otherwise.
    limit = float(hook.get("timeout_ms") or 0) / 1000 or None
    bare = {"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER, "Connection": None, **headers}
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                hook.get("method", "POST"),
                hook["url"],
                data=body,
                headers=bare,
                timeout=limit,
                allow_redirects=False,
            )
    except requests.RequestException:
        return Outcome(0, "Cannot connect to server")
    return Outcome(answer.status_code, answer.text)


def _challenge(url: str) -> bool:
    """Register as Adobe I/O does: the receiver must echo a challenge."""
    word = uuid.uuid4().hex
    try:
        answer = requests.get(url, params={"challenge": word}, timeout=10)
    except requests.RequestException:
        return False
    return answer.ok and word in answer.text


def _wants(hook: Document, event: str, item: Document) -> bool:
    if hook["event"] not in (event, "*") or hook.get("enabled") is False:
        return False
    if event == "new_track" and hook["kind"] in ("mageplaza", "hmac"):
        return False
    statuses, stores = hook.get("statuses"), hook.get("stores")
    if event == "order" and statuses and item.get("status") not in statuses:
        return False
    return not stores or item.get("store_id") in stores


def _item(event: str, document: Document) -> Document:
    """The document as a template sees it."""
    item = {name: value for name, value in document.items() if name[0] != "_"}
    if event == "order":
        item["mp_new"] = document.get("mp_new", "")
        item["billingAddress"] = document.get("billing_address") or {}
        item["shippingAddress"] = (document.get("_shipping") or {}).get("address") or {}
    return item


def _told(item: Document) -> Document:
    return {name: item[name] for name in TOLD if item.get(name) is not None}


def _mapped(hook: Document, event: str, item: Document) -> Document:
    """The payload that the hook's fields choose; by default the ids and the state."""
    fields = hook.get("fields")
    chosen = {name: item.get(name) for name in fields} if fields else _told(item)
    return {"event": f"observer.{EVENTS[event]}_after", NAMES[event]: chosen}


def _module_headers(hook: Document) -> dict[str, str]:
    headers = {"Content-Type": hook.get("content_type", "application/json"), **(hook.get("headers") or {})}
    if hook.get("username"):
        pair = f"{hook['username']}:{hook.get('password', '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return headers


def _signed_headers(hook: Document, body: bytes) -> dict[str, str]:
    digest = hmac.new(str(hook.get("secret", "")).encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", hook.get("header", "X-Signature-Sha256"): digest}


def _obey(hook: Document, outcome: Outcome) -> None:
    """Do as the answer of an Adobe Commerce hook says; documented, not observed."""
    if not 200 <= outcome.status < 300:
        if hook.get("required", True):
            raise MagentoError(400, VETO)
        return
    try:
        given = json.loads(outcome.text)
    except ValueError:
        given = None
    for operation in given if isinstance(given, list) else [given]:
        if not isinstance(operation, dict) or "op" not in operation:
            if hook.get("required", True):
                raise MagentoError(400, VETO)
        elif operation["op"] == "exception":
            raise MagentoError(400, str(operation.get("message") or VETO))
