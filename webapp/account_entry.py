"""What a person types about a Walmart account: checked, each mistake said at its field, made into frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from webapp import accounts
from webapp.account_changes import Change
from webapp.accounts import Account, NewAccount
from webapp.connectors.walmart import WalmartAccount
from webapp.domain.policy import ACKNOWLEDGE_WITHIN, AcknowledgeWhen, Policy
from webapp.settings import current

MARKETS = {"us": "United States", "ca": "Canada", "mx": "Mexico", "cl": "Chile"}
LONGEST = 200
_PREFIX = re.compile(r"[A-Za-z0-9_\-]{1,12}\Z")


class Mistakes(Exception):
    """What was typed cannot be used: a sentence for each field."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        super().__init__(" ".join(by_field.values()))
        self.by_field = dict(by_field)


@dataclass(frozen=True, slots=True)
class Entry:
    """One account as typed, checked."""

    name: str
    store: str
    connection: WalmartAccount
    seller_id: str
    policy: Policy

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
            policy=self.policy,
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
            policy=self.policy,
        )


@dataclass(slots=True)
class _Reader:
    """A form being read; mistakes are collected, so that all of them are said at once."""

    form: Mapping[str, str]
    before: Account | None
    mistakes: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, missing: str = "") -> str:
        """A short text without blanks around it; `missing` is what is said where it is empty."""
        value = self.form.get(name, "").strip()
        if not value and missing:
            self.mistakes[name] = missing
        if len(value) > LONGEST or not value.isprintable():
            self.mistakes[name] = f"At most {LONGEST} ordinary characters."
            return ""
        return value

    def is_on(self, name: str) -> bool:
        return self.form.get(name, "") != ""


def read(form: Mapping[str, str], before: Account | None = None) -> Entry:
    """The account that a form describes; `before` is the stored one, whose secret stays where none is typed.

    Raises Mistakes.
    """
    reader = _Reader(form, before)
    entry = Entry(
        name=reader.text("name", "Give the account a name; the orders page shows it."),
        store=reader.text("store", "Choose the store that the orders go to."),
        connection=_connection(reader),
        seller_id=_seller_id(reader),
        policy=_policy(reader),
    )
    if reader.mistakes:
        raise Mistakes(reader.mistakes)
    return entry


def read_connection(form: Mapping[str, str], before: Account | None = None) -> WalmartAccount:
    """Only what a test of the connection needs. Raises Mistakes."""
    reader = _Reader(form, before)
    connection = _connection(reader)
    if reader.mistakes:
        raise Mistakes(reader.mistakes)
    return connection


def check_url(url: str) -> str:
    """The address without its last slash, private and http allowed: the command line's right. Raises Refused."""
    trouble = _url_trouble(url)
    if trouble:
        raise accounts.Refused(trouble)
    return url.rstrip("/")


def _connection(reader: _Reader) -> WalmartAccount:
    before = reader.before
    market = before.marketplace if before else reader.text("marketplace")
    if market not in MARKETS:
        reader.mistakes["marketplace"] = "Choose a market."
    url, public_only = _address(reader)
    typed = WalmartAccount(
        api_url=url,
        client_id=reader.text("client_id", "Enter the client ID from Walmart's Developer Portal."),
        client_secret=reader.text("client_secret"),
        market=market,
        public_only=public_only,
    )
    if typed.client_secret:
        return typed
    if before is None:
        reader.mistakes["client_secret"] = "Enter the client secret from Walmart's Developer Portal."
        return typed
    if _host(url) != _host(before.connection.api_url):
        # A stored secret must not be sent to an address that somebody just typed.
        reader.mistakes["client_secret"] = "The address is another one: enter the client secret again."
        return typed
    return replace(typed, client_secret=before.connection.client_secret)


def _address(reader: _Reader) -> tuple[str, bool]:
    """The API address, and whether it must lead to the open internet."""
    url = (reader.text("api_url") or accounts.API_URL).rstrip("/")
    before = reader.before
    if before and url == before.connection.api_url:
        return url, before.connection.public_only
    trouble = _url_trouble(url)
    is_allowed = not trouble and _host(url) in current().allowed_hosts_out
    if not trouble and not is_allowed and not url.startswith("https://"):
        trouble = (
            "The address must begin with https://. Another one has to be named in ALLOWED_HOSTS_OUT by whoever runs "
            "this server, or given on the command line."
        )
    if trouble:
        reader.mistakes["api_url"] = trouble
    return url, not is_allowed


def _url_trouble(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "That is no address. Walmart's own is https://marketplace.walmartapis.com."
    if parts.scheme not in {"http", "https"} or not host:
        return "The address begins with https:// and a host. Walmart's own is https://marketplace.walmartapis.com."
    if parts.username is not None or parts.query or parts.fragment:
        return "Give the address alone, without a user name, a question mark or a #."
    return ""


def _host(url: str) -> str:
    """`host:port`, as ALLOWED_HOSTS_OUT names it."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    except ValueError:
        return ""


def _seller_id(reader: _Reader) -> str:
    value = reader.text("seller_id")
    if value and not re.fullmatch(r"[A-Za-z0-9_.\-]{1,64}", value):
        reader.mistakes["seller_id"] = (
            "The seller ID has only letters and digits. Leave it empty if you do not know it."
        )
    return value


def _policy(reader: _Reader) -> Policy:
    """The switches; what the form does not offer stays as it is."""
    kept = reader.before.policy if reader.before else Policy()
    return replace(
        kept,
        acknowledge=_acknowledge(reader),
        acknowledge_guard=reader.is_on("acknowledge_guard"),
        acknowledge_guard_before=_minutes(reader),
        create_orders=reader.is_on("create_orders"),
        create_wfs_orders=reader.is_on("create_wfs_orders"),
        import_since=_day(reader),
        number_prefix=_prefix(reader, "number_prefix"),
        wfs_number_prefix=_prefix(reader, "wfs_number_prefix"),
        invoice=reader.is_on("invoice"),
    )


def _acknowledge(reader: _Reader) -> AcknowledgeWhen:
    try:
        return AcknowledgeWhen(reader.form.get("acknowledge", ""))
    except ValueError:
        reader.mistakes["acknowledge"] = "Choose when orders are acknowledged."
        return AcknowledgeWhen.AFTER_MAGENTO_ORDER


def _minutes(reader: _Reader) -> timedelta:
    longest = int(ACKNOWLEDGE_WITHIN / timedelta(minutes=1))
    value = reader.text("acknowledge_guard_before")
    if not value.isdecimal() or not 1 <= int(value[:5]) <= longest:
        reader.mistakes["acknowledge_guard_before"] = f"A whole number of minutes from 1 to {longest}."
        return Policy().acknowledge_guard_before
    return timedelta(minutes=int(value))


def _day(reader: _Reader) -> datetime | None:
    """The beginning of that day, in the zone of the store it is to go to."""
    value = reader.text("import_since")
    if not value:
        return None
    zones = {store.name: store.zone for store in accounts.stores()}
    zone = zones.get(reader.form.get("store", "").strip(), UTC)
    try:
        return datetime.fromisoformat(value[:10]).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        reader.mistakes["import_since"] = "A date such as 2026-11-01, or nothing for all orders."
        return None


def _prefix(reader: _Reader, name: str) -> str:
    value = reader.text(name)
    if value and not _PREFIX.match(value):
        reader.mistakes[name] = "At most 12 letters, digits, - and _."
    elif not value and name == "number_prefix" and reader.before:
        reader.mistakes[name] = f"Give a prefix, for instance {reader.before.policy.number_prefix or 'WM-'}."
    return value
