"""Webhook subscriptions of the Walmart stand-in, and how a delivery proves where it comes from."""

import base64
import hashlib
import hmac
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import requests

from sandbox.documents import Documents
from sandbox.walmart_auth import Client
from sandbox.walmart_errors import order_error
from sandbox.walmart_events import is_known
from sandbox.walmart_settings import Settings, SettingsBox

Json = dict[str, Any]
KIND = "subscription"
# Which fields each way of authenticating needs, from Walmart's create-subscription page.
AUTH_FIELDS: dict[str, tuple[str, ...]] = {
    "NONE": (),
    "BASIC_AUTH": ("userName", "password", "authHeaderName"),
    "HMAC": ("clientSecret", "authHeaderName"),
    "OAUTH": ("authUrl", "clientId", "clientSecret", "authHeaderName"),
}
SHORT = ("eventType", "subscriptionId", "partnerId", "eventVersion", "resourceName", "status")


class Subscriptions:
    """The seller's subscriptions, kept in the documents."""

    def __init__(self, documents: Documents, settings: SettingsBox, client: Client) -> None:
        self._documents = documents
        self._settings = settings
        self._client = client

    def create(self, body: Json) -> Json:
        """Add subscriptions; the answer leaves out the url and the secrets, as the published one does."""
        wanted = body.get("events") or body.get("event")
        if not isinstance(wanted, list) or not wanted:
            raise _invalid("events", "events is missing")
        created = []
        with self._documents.transaction():
            for event in wanted:
                check_event(event, needs_status=True)
                if self._settings.now.duplicate_subscriptions == "refuse" and self._has(event):
                    raise _invalid("eventType", "Subscription already exists")
                kept = {"subscriptionId": str(uuid.uuid4()), "partnerId": self._client.partner_id, **event}
                self._documents.put(KIND, kept["subscriptionId"], kept)
                created.append({name: kept[name] for name in SHORT})
        return {"events": created}

    def listing(self, filters: dict[str, str]) -> Json:
        """The subscriptions that fit the filters, secrets in clear as Walmart shows them."""
        names = ("subscriptionId", "eventType", "resourceName", "status")
        wanted = {name: filters[name] for name in names if filters.get(name)}
        return {
            "events": [
                kept
                for kept in self._documents.all(KIND).values()
                if all(kept.get(name) == value for name, value in wanted.items())
            ]
        }

    def update(self, number: str, changes: Json) -> Json:
        """Change the given fields and answer the whole subscription as one flat object."""
        with self._documents.transaction():
            merged = self.get(number) | changes | {"subscriptionId": number}
            check_event(merged, needs_status=True)
            self._documents.put(KIND, number, merged)
        return merged

    def delete(self, number: str) -> Json:
        self.get(number)
        self._documents.delete(KIND, number)
        return {"subscriptionId": number, "message": "Successfully deleted subscription"}

    def get(self, number: str) -> Json:
        """The subscription; Refused with a 404 when there is none."""
        kept = self._documents.get(KIND, number)
        if kept is None:
            raise order_error("CONTENT_NOT_FOUND", "Subscription not found", field="subscriptionId", status=404)
        return dict(kept)

    def find(self, number: str) -> Json | None:
        kept: Json | None = self._documents.get(KIND, number)
        return kept

    def active(self, event_type: str) -> list[Json]:
        """The subscriptions that want this event now."""
        return [
            kept
            for kept in self._documents.all(KIND).values()
            if kept["eventType"] == event_type and kept["status"] == "ACTIVE"
        ]

    def _has(self, event: Json) -> bool:
        return bool(self.listing({"eventType": str(event["eventType"])})["events"])


def check_event(event: Any, *, needs_status: bool) -> None:
    """Refuse a subscription or a test that Walmart's schema does not allow."""
    if not isinstance(event, dict):
        raise _invalid("events", "events is invalid")
    if not is_known(event.get("resourceName"), event.get("eventType")):
        raise _invalid("eventType", "Invalid eventType for the resourceName")
    if event.get("eventVersion") != "V1":
        raise _invalid("eventVersion", "Invalid eventVersion")
    url = urlsplit(str(event.get("eventUrl") or ""))
    if url.scheme not in ("http", "https") or not url.hostname:
        raise _invalid("eventUrl", "Invalid eventUrl")
    if needs_status and event.get("status") not in ("ACTIVE", "INACTIVE"):
        raise _invalid("status", "Invalid status")
    details = event.get("authDetails") or {}
    method = auth_method(details)
    if method not in AUTH_FIELDS:
        raise _invalid("authMethod", "Invalid authMethod")
    for name in AUTH_FIELDS[method]:
        if not details.get(name):
            raise _invalid(name, f"{name} is missing")


def auth_method(details: Json) -> str:
    return str(details.get("authMethod") or "NONE").upper()


class Proofs:
    """Makes the headers by which a delivery authenticates itself; remembers OAuth tokens of receivers."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], tuple[str, float]] = {}
        self._lock = threading.Lock()

    def headers(self, subscription: Json, body: bytes, settings: Settings, session: requests.Session) -> dict[str, str]:
        """The headers of one delivery: the custom ones and the proof that `authDetails` asks for."""
        headers = {"Content-Type": "application/json", "User-Agent": "WalmartNotifications/1.0"}
        custom = {str(k): str(v) for k, v in (subscription.get("headers") or {}).items()}
        headers = {k: v for k, v in headers.items() if k.lower() not in map(str.lower, custom)} | custom
        details = subscription.get("authDetails") or {}
        name = str(details.get("authHeaderName") or "Authorization")
        method = auth_method(details)
        if method == "BASIC_AUTH":
            word = "Basic " if settings.basic_word else ""
            headers[name] = word + _base64(f"{details['userName']}:{details['password']}")
        elif method == "HMAC":
            headers[name] = signature(details["clientSecret"], body, settings.hmac_encoding)
        elif method == "OAUTH":
            headers[name] = f"Bearer {self._token(details, name, custom, settings, session)}"
        return headers

    def forget(self, details: Json) -> None:
        """Drop a receiver's token, since the receiver refused it."""
        with self._lock:
            self._tokens.pop((str(details.get("authUrl")), str(details.get("clientId"))), None)

    def _token(
        self, details: Json, name: str, custom: dict[str, str], settings: Settings, session: requests.Session
    ) -> str:
        key = (str(details["authUrl"]), str(details["clientId"]))
        with self._lock:
            token, until = self._tokens.get(key, ("", 0.0))
        if until > time.time():
            return token
        headers = custom | {
            name: _base64(f"{details['clientId']}:{details['clientSecret']}"),
            "Accept": "application/json; charset=UTF-8",
            "Content-Type": "application/x-www-form-urlencoded; charset=ISO-8859-1",
        }
        answer = session.post(
            details["authUrl"],
            data="grant_type=client_credentials",
            headers=headers,
            timeout=settings.delivery_timeout,
            allow_redirects=False,
        )
        answer.raise_for_status()
        granted = answer.json()
        with self._lock:
            self._tokens[key] = (granted["access_token"], time.time() + float(granted["expires_in"]) - 1)
        return str(granted["access_token"])


def signature(secret: str, body: bytes, encoding: str) -> str:
    """HMAC-SHA256 of the raw body; Walmart does not say in which encoding, so the setting does."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    if encoding == "base64":
        return base64.b64encode(digest).decode()
    return digest.hex().upper() if encoding == "HEX" else digest.hex()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _invalid(field: str, description: str) -> Exception:
    return order_error("INVALID_REQUEST", description, field=field)
