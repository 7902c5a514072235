"""What a person types about a Magento store: checked, each mistake said at its field, made into frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.accounts import NewStore, Store
from webapp.connectors.magento import MagentoStore
from webapp.connectors.magento_admin import AdminUser
from webapp.connectors.magento_oauth import OAuthKeys
from webapp.domain.creation_settings import CART, DIRECT
from webapp.store_changes import StoreChange, View
from webapp.typed import Address, Mistakes, Reader, address, host_of, url_trouble

WAYS = ("oauth", "token", "admin")
EXAMPLE = "For instance https://shop.example.com."
OAUTH = {
    "consumer_key": "the consumer key",
    "consumer_secret": "the consumer secret",
    "access_token": "the access token",
    "token_secret": "the access token secret",
}


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """One store as typed, checked. `has_new_keys`: they are not all those that were stored."""

    name: str
    admin_url: str
    mode: str
    connection: MagentoStore
    has_new_keys: bool

    def as_new(self, view: View) -> NewStore:
        """The store to add."""
        way = self.connection
        return NewStore(
            name=self.name,
            url=way.url,
            token=way.token,
            oauth=way.oauth,
            admin=way.admin,
            public_only=way.public_only,
            admin_url=self.admin_url,
            store_view=view.code,
            store_id=view.store_id,
            currency=view.currency,
            time_zone=view.time_zone,
            mode=self.mode,
        )

    def as_change(self, view: View | None) -> StoreChange:
        """What the store is to be like; without `view` it keeps its own."""
        way = self.connection
        return StoreChange(
            name=self.name,
            url=way.url,
            public_only=way.public_only,
            admin_url=self.admin_url,
            token=(way.token or None) if self.has_new_keys else None,
            oauth=way.oauth if self.has_new_keys else None,
            admin=way.admin if self.has_new_keys else None,
            view=view,
            mode=self.mode,
        )


def read(form: Mapping[str, str], before: Store | None = None) -> StoreEntry:
    """The store that a form describes; what is stored of its keys stays where none are typed. Raises Mistakes."""
    reader = Reader(form)
    name = reader.text("name", "Give the store a name; accounts choose it by that.")
    admin_url = reader.text("admin_url")
    if admin_url and url_trouble(admin_url, EXAMPLE):
        reader.mistakes.setdefault(
            "admin_url", url_trouble(admin_url, "For instance https://shop.example.com/admin_x1/.")
        )
    connection, has_new_keys = _connection(reader, before)
    entry = StoreEntry(name, admin_url, _mode(reader, before), connection, has_new_keys)
    reader.end()
    return entry


def read_connection(form: Mapping[str, str], before: Store | None = None) -> tuple[MagentoStore, str]:
    """Only what a test needs, and the mode. Raises Mistakes."""
    reader = Reader(form)
    connection, _ = _connection(reader, before)
    mode = _mode(reader, before)
    reader.end()
    return connection, mode


def _mode(reader: Reader, before: Store | None) -> str:
    mode = reader.text("mode") or (before.mode if before else "")
    if mode not in (DIRECT, CART):
        reader.mistakes["mode"] = "Choose how orders are created."
    return mode


def _connection(reader: Reader, before: Store | None) -> tuple[MagentoStore, bool]:
    kept = Address(before.connection.url, before.connection.public_only) if before else None
    if not reader.text("url") and before is None:
        reader.mistakes["url"] = f"Enter the shop's base address. {EXAMPLE}"
        place = Address("", public_only=True)
    else:
        place = address(reader, "url", kept, example=EXAMPLE, default=before.connection.url if before else "")
    way = reader.text("way") or (before.connection.way_in if before else "oauth")
    view = reader.text("store_view")
    if way not in WAYS:
        reader.mistakes["way"] = "Choose one of the three ways in."
        way = "oauth"
    stored = before.connection if before and before.connection.way_in == way else None
    if stored and not any(reader.text(name) for name in _fields(way)):
        if host_of(place.url) == host_of(stored.url):
            same = MagentoStore(
                place.url, stored.token, view, place.public_only, oauth=stored.oauth, admin=stored.admin
            )
            return same, False
        # A stored secret must not be sent to an address that somebody just typed.
        reader.mistakes["way"] = "The address is another one: enter the credentials again."
        stored = None
    return _typed(reader, way, place, view), True


def _fields(way: str) -> tuple[str, ...]:
    return {"oauth": tuple(OAUTH), "token": ("access_token",), "admin": ("admin_user", "admin_password")}[way]


def _typed(reader: Reader, way: str, place: Address, view: str) -> MagentoStore:
    if way == "admin":
        user = reader.text("admin_user", "Enter the admin user's name.")
        password = reader.form.get("admin_password", "")
        if not password:
            reader.mistakes["admin_password"] = "Enter the password."
        return MagentoStore(place.url, "", view, place.public_only, admin=AdminUser(user, password))
    if way == "token":
        token = reader.text("access_token", "Enter the access token.")
        return MagentoStore(place.url, token, view, place.public_only)
    keys = [reader.text(name, f"Enter {words}; all four stand together.") for name, words in OAUTH.items()]
    return MagentoStore(place.url, "", view, place.public_only, oauth=OAuthKeys(*keys))


__all__ = ["WAYS", "Mistakes", "StoreEntry", "read", "read_connection"]
