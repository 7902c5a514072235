"""Walmart's front door: client credentials, access tokens, required headers and rate limits."""

import base64
import binascii
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import Headers

from sandbox.buckets import Taken, TokenBucket
from sandbox.documents import Documents
from sandbox.walmart_errors import gateway_error, unauthorized
from sandbox.walmart_settings import SettingsBox

SCOPES = dict.fromkeys(
    (
        "orders", "returns", "inventory", "item", "price", "feeds", "reports", "shipping", "lagtime",
        "rules", "content",
    ),
    "full_access",
)  # fmt: skip
# Calls a minute for US sellers, from Walmart's rate-limit page; the token call is not in its table.
PER_MINUTE: dict[str, float] = {
    "orders": 5000,
    "order": 5000,
    "released": 60,
    "acknowledge": 60,
    "acknowledgeLines": 60,
    "shipping": 60,
    "cancel": 60,
    "refund": 60,
    "returns": 50,
    "subscriptions_create": 200,
    "subscriptions_list": 50,
    "subscriptions_update": 5,
    "subscriptions_delete": 10,
    "event_types": 5,
    "webhook_test": 10,
}


@dataclass(frozen=True, slots=True)
class Client:
    """The seller's one integration; `partner_id` is what webhooks name as the seller."""

    client_id: str
    client_secret: str
    partner_id: str


def own_client(documents: Documents) -> Client:
    """The client of this stand-in, made once and kept."""
    kept = documents.get("client", "walmart")
    if kept is None:
        kept = {
            "client_id": f"sandbox-{secrets.token_hex(8)}",
            "client_secret": secrets.token_urlsafe(32),
            "partner_id": f"100{secrets.randbelow(10**8):08d}",
        }
        documents.put("client", "walmart", kept)
    return Client(**kept)


class Tokens:
    """Access tokens: issued for the client's credentials, good for `token_ttl` seconds, many at once."""

    def __init__(self, documents: Documents, settings: SettingsBox, client: Client) -> None:
        self._documents = documents
        self._settings = settings
        self._client = client
        documents.cached(self._load)

    def _load(self) -> None:
        self._live: dict[str, dict[str, float]] = self._documents.all("token")

    def issue(self, authorization: str) -> dict[str, Any]:
        """The answer to POST /v3/token; Refused when the Basic credentials are not the client's."""
        if not self._is_client(authorization):
            raise unauthorized(self._settings.now.bad_credentials_status)
        ttl = self._settings.now.token_ttl
        now = time.time()
        token = f"eyJraWQiOi{secrets.token_urlsafe(48)}"
        kept = {"issued": now, "expires": now + ttl}
        with self._documents.transaction():
            for old in [name for name, times in self._live.items() if times["expires"] < now - 3600]:
                self._documents.delete("token", old)
                del self._live[old]
            self._documents.put("token", token, kept)
            self._live[token] = kept
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(ttl)}

    def detail(self, token: str) -> dict[str, Any]:
        """The answer to GET /v3/token/detail, its times as texts of epoch milliseconds."""
        times = self.require(token)
        return {
            "expire_at": str(int(times["expires"] * 1000)),
            "issued_at": str(int(times["issued"] * 1000)),
            "is_valid": True,
            "is_channel_match": True,
            "scopes": SCOPES,
        }

    def require(self, token: str | None) -> dict[str, float]:
        """The token's times; Refused when it is missing, unknown or expired."""
        if not token:
            raise unauthorized()
        times = self._live.get(token)
        if times is None or times["expires"] <= time.time():
            raise unauthorized(self._settings.now.expired_token_status)
        return times

    def expire_all(self) -> None:
        """Make every token invalid at once, as a rotated secret does."""
        with self._documents.transaction():
            for token in self._live:
                self._documents.delete("token", token)
            self._live.clear()

    def _is_client(self, authorization: str) -> bool:
        word, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        wanted = f"{self._client.client_id}:{self._client.client_secret}".encode()
        return word.lower() == "basic" and secrets.compare_digest(given, wanted)


def require_headers(headers: Headers) -> None:
    """Refuse a call without the service name or the correlation id, or with half of the Global headers."""
    names = ["WM_SVC.NAME", "WM_QOS.CORRELATION_ID"]
    if "WM_GLOBAL_VERSION" in headers or "WM_MARKET" in headers:
        names += ["WM_GLOBAL_VERSION", "WM_MARKET"]
    for name in names:
        if not headers.get(name):
            raise gateway_error(
                400, "INVALID_REQUEST_HEADER", f"{name} set blank or null", field=name, category="REQUEST"
            )


class Limits:
    """A token bucket for each endpoint, as wide as the settings say."""

    def __init__(self, settings: SettingsBox) -> None:
        self._settings = settings
        self._buckets: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()

    def take(self, endpoint: str) -> Taken:
        """Take a token of the endpoint's bucket; a changed limit begins with a full bucket."""
        now = self._settings.now
        per_minute = now.limits.get(endpoint, PER_MINUTE.get(endpoint, 60)) * now.limit_scale
        burst = min(now.bursts.get(endpoint, per_minute), per_minute)
        with self._lock:
            bucket = self._buckets.get(endpoint)
            if bucket is None or (bucket.per_minute, bucket.burst) != (per_minute, burst):
                bucket = self._buckets[endpoint] = TokenBucket(per_minute, burst)
        return bucket.take()
