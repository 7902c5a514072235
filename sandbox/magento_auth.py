"""Who calls Magento's REST interface, and whether the caller has the right that a route asks for."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from sandbox.magento_errors import MagentoError, required
from sandbox.magento_oauth import Credentials, Nonces, Signed, verify

ANONYMOUS = "anonymous"
ADMIN_SECONDS = 3600
WRONG_SIGN_IN = (
    "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later."
)


def new_credentials() -> Credentials:
    """Fresh secrets of the lengths Magento uses."""
    return Credentials(
        consumer_key=secrets.token_hex(16),
        consumer_secret=secrets.token_hex(16),
        token=secrets.token_hex(16),
        token_secret=secrets.token_hex(16),
        admin_user="admin",
        admin_password=secrets.token_urlsafe(12),
    )


def unauthorized(resource: str) -> MagentoError:
    """The one 401 for a bad token, no token, Bearer switched off and a missing right (2.4.7-p3)."""
    return MagentoError(401, "The consumer isn't authorized to access %resources.", {"resources": resource})


class Gate:
    """Checks each call's credentials; what is switched off or missing is asked for at every call."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._nonces = Nonces()

    def check(
        self, header: str, signed: Signed, resource: str, *, bearer: bool, rights: tuple[str, ...] | None
    ) -> None:
        """Raise 401 unless the caller may use `resource`; `rights` None means every right.

        `bearer` is the shop's setting that lets an integration token be used as a Bearer token.
        """
        if resource == ANONYMOUS:
            return
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "oauth":
            verify(value, signed, self.credentials, self._nonces)
        elif scheme.lower() == "bearer" and self._is_admin(value.strip()):
            return
        elif scheme.lower() != "bearer" or not bearer or not self._is_token(value.strip()):
            raise unauthorized(resource)
        if rights is not None and resource not in rights:
            raise unauthorized(resource)

    def admin_token(self, body: dict[str, Any]) -> str:
        """A token for the admin user, good for an hour (2.4.7-p3); 401 for a wrong password."""
        for name in ("username", "password"):
            if not isinstance(body.get(name), str):
                raise required(name)
        known = self.credentials
        right = hmac.compare_digest(body["username"].encode(), known.admin_user.encode())
        if not (hmac.compare_digest(body["password"].encode(), known.admin_password.encode()) and right):
            raise MagentoError(401, WRONG_SIGN_IN)
        now = int(time.time())
        return self._sign({"uid": 1, "utypid": 2, "iat": now, "exp": now + ADMIN_SECONDS})

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode(), self.credentials.token.encode())

    def _is_admin(self, value: str) -> bool:
        try:
            head, payload, _ = value.split(".")
            claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        except ValueError:
            return False
        expected = self._sign(claims)
        return hmac.compare_digest(value.encode(), expected.encode()) and claims["exp"] > time.time()

    def _sign(self, claims: dict[str, Any]) -> str:
        head = _part({"kid": "1", "alg": "HS256"})
        body = f"{head}.{_part(claims)}"
        digest = hmac.new(self.credentials.consumer_secret.encode(), body.encode(), hashlib.sha256)
        return f"{body}.{base64.urlsafe_b64encode(digest.digest()).decode().rstrip('=')}"


def _part(value: dict[str, Any]) -> str:
    data = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
