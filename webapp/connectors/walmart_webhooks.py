"""Walmart's webhook subscriptions as JSON: what it is told of them, and what it lists."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.connectors.loose import Unreadable, many, needed, part, text
from webapp.connectors.signatures import WebhookAuth

PLAIN = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class EventType:
    """An event that Walmart offers to send."""

    name: str
    resource: str
    version: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook subscription as Walmart lists it; of the password that Walmart lists as well only a digest is kept."""

    id: str
    event_type: str
    resource: str
    url: str
    status: str
    auth_method: str = ""
    partner_id: str = ""
    proof: str = ""


def read_event_types(body: Any) -> tuple[EventType, ...]:
    """The events of Walmart's list, from `events` (the examples' word) or `eventTypes` (the schema's).

    Raises Unreadable.
    """
    root = _object(body)
    return tuple(
        EventType(needed(entry, "eventType"), text(entry, "resourceName"), text(entry, "eventVersion"))
        for entry in many(root, "events") or many(root, "eventTypes")
    )


def read_subscriptions(body: Any) -> tuple[Subscription, ...]:
    """The subscriptions, from `events`, `event` (the schema's word), one in the other, or one flat object.

    Raises Unreadable.
    """
    root = _object(body)
    listed = many(root, "events") or (root,)
    found = [each for entry in listed for each in many(entry, "event") or (entry,) if "subscriptionId" in each]
    return tuple(
        Subscription(
            id=text(entry, "subscriptionId"),
            event_type=text(entry, "eventType"),
            resource=text(entry, "resourceName"),
            url=text(entry, "eventUrl"),
            status=text(entry, "status"),
            auth_method=text(part(entry, "authDetails"), "authMethod"),
            partner_id=text(entry, "partnerId"),
            proof=_proof(entry),
        )
        for entry in found
    )


def proof_of(auth: WebhookAuth) -> str:
    """What a subscription made with `auth` lists as its `proof`."""
    return _proof(auth_details(auth))


def change_of(auth: WebhookAuth) -> dict[str, Any]:
    """The same for a change, which keeps what it does not name: headers of a former proof are overwritten."""
    return {"headers": PLAIN} | auth_details(auth)


def _proof(entry: Mapping[str, Any]) -> str:
    headers = {name: value for name, value in part(entry, "headers").items() if name not in PLAIN}
    told = [entry.get("authDetails") or {}, headers]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def auth_details(auth: WebhookAuth) -> dict[str, Any]:
    """How Walmart is to prove itself, by the first secret: the fields of a subscription."""
    secret = auth.secrets[0] if auth.secrets else ""
    if auth.mode == "header":
        return {"headers": PLAIN | {auth.header_name: secret}}
    details: dict[str, str] = {}
    if auth.mode == "basic":
        details = {"authMethod": "BASIC_AUTH", "userName": auth.user_name, "password": secret}
    elif auth.mode == "hmac":
        details = {"authMethod": "HMAC", "clientSecret": secret}
    elif auth.mode == "oauth":
        named = {"authUrl": auth.auth_url, "clientId": auth.user_name, "clientSecret": secret}
        details = {"authMethod": "OAUTH", **named}
    return {"authDetails": {**details, "authHeaderName": auth.header_name}} if details else {}


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Unreadable("the answer is no object")
    return body
