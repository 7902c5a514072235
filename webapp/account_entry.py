"""What a person types about a Walmart account: checked, each mistake said at its field, made into frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from webapp import accounts, order_settings
from webapp.account_changes import Change
from webapp.accounts import Account, NewAccount
from webapp.connectors.walmart import WalmartAccount
from webapp.domain.policy import Policy
from webapp.order_settings.kinds import Place
from webapp.typed import Address, Mistakes, Reader, address, host_of, url_trouble

MARKETS = {"us": "United States", "ca": "Canada", "mx": "Mexico", "cl": "Chile"}
EXAMPLE = "Walmart's own is https://marketplace.walmartapis.com."


@dataclass(frozen=True, slots=True)
class Entry:
    """One account as typed, checked. `policy` is None where the form did not ask for it."""

    name: str
    store: str
    connection: WalmartAccount
    seller_id: str
    policy: Policy | None = None

    def as_new(self) -> NewAccount:
        """The account to add."""
        return NewAccount(
            name=self.name,
            store=self.store,
            client_id=self.connection.client_id,
            client_secret=self.connection.client_secret,
            marketplace=self.connection.market,
            api_url=self.connection.api_url,
            public_only=self.connection.public_only,
            seller_id=self.seller_id,
            policy=self.policy or Policy(),
        )

    def as_change(self) -> Change:
        """What the account is to be like; the market stays."""
        return Change(
            name=self.name,
            store=self.store,
            api_url=self.connection.api_url,
            public_only=self.connection.public_only,
            client_id=self.connection.client_id,
            client_secret=self.connection.client_secret,
            seller_id=self.seller_id,
        )


def read_new(form: Mapping[str, str]) -> Entry:
    """The account to add that a form describes, with the first of its order settings. Raises Mistakes."""
    reader = Reader(form)
    entry = _entry(reader, None)
    try:
        policy = order_settings.read(form, Policy(), place_typed(form), is_new=True)
    except Mistakes as found:
        raise Mistakes({**reader.mistakes, **found.by_field}) from found
    reader.end()
    return replace(entry, policy=policy)


def read_changed(form: Mapping[str, str], before: Account) -> Entry:
    """The connection that a form describes; the stored secret stays where none is typed. Raises Mistakes."""
    reader = Reader(form)
    entry = _entry(reader, before)
    reader.end()
    return entry


def read_connection(form: Mapping[str, str], before: Account | None = None) -> WalmartAccount:
    """Only what a test of the connection needs. Raises Mistakes."""
    reader = Reader(form)
    connection = _connection(reader, before)
    reader.end()
    return connection


def place_typed(form: Mapping[str, str]) -> Place:
    """Where the settings of a new account would hold: in the store that was chosen."""
    name = form.get("store", "").strip()
    store = next((one for one in accounts.stores() if one.name == name), None)
    if store is None:
        return Place(market=form.get("marketplace", "us"))
    return Place(form.get("marketplace", "us"), store.mode, store.zone, store.currency)


def check_url(url: str) -> str:
    """The address without its last slash, private and http allowed: the command line's right. Raises Refused."""
    trouble = url_trouble(url, EXAMPLE)
    if trouble:
        raise accounts.Refused(trouble)
    return url.rstrip("/")


def _entry(reader: Reader, before: Account | None) -> Entry:
    return Entry(
        name=reader.text("name", "Give the account a name; the orders page shows it."),
        store=reader.text("store", "Choose the store that the orders go to."),
        connection=_connection(reader, before),
        seller_id=_seller_id(reader),
    )


def _connection(reader: Reader, before: Account | None) -> WalmartAccount:
    market = before.marketplace if before else reader.text("marketplace")
    if market not in MARKETS:
        reader.mistakes["marketplace"] = "Choose a market."
    kept = Address(before.connection.api_url, before.connection.public_only) if before else None
    place = address(reader, "api_url", kept, example=EXAMPLE, default=accounts.API_URL)
    typed = WalmartAccount(
        api_url=place.url,
        client_id=reader.text("client_id", "Enter the client ID from Walmart's Developer Portal."),
        client_secret=reader.text("client_secret"),
        market=market,
        public_only=place.public_only,
    )
    if typed.client_secret:
        return typed
    if before is None:
        reader.mistakes["client_secret"] = "Enter the client secret from Walmart's Developer Portal."
        return typed
    if host_of(place.url) != host_of(before.connection.api_url):
        # A stored secret must not be sent to an address that somebody just typed.
        reader.mistakes["client_secret"] = "The address is another one: enter the client secret again."
        return typed
    return replace(typed, client_secret=before.connection.client_secret)


def _seller_id(reader: Reader) -> str:
    value = reader.text("seller_id")
    if value and not re.fullmatch(r"[A-Za-z0-9_.\-]{1,64}", value):
        reader.mistakes["seller_id"] = (
            "The seller ID has only letters and digits. Leave it empty if you do not know it."
        )
    return value
