"""Tries a Walmart account's connection, stored or only typed, and says which of the usual causes is in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from webapp import clock
from webapp.connectors.http import Caller, CallRecord, ConnectorError, Limits
from webapp.connectors.walmart import TokenDetail, WalmartAccount, WalmartClient, fetch_token
from webapp.gate import PageGate

LIMITS = Limits(connect_seconds=4, total_seconds=10)
"""Somebody waits in front of the page."""

CLOCKS_AGREE = timedelta(minutes=2)
NEEDED = "full_access"
KNOWN_HOSTS = frozenset({"marketplace.walmartapis.com", "sandbox.walmartapis.com"})


class Cause(StrEnum):
    """What a test found, as a word for scripts."""

    WELL = "well"
    WRONG_SECRET = "wrong_secret"
    EXPIRED = "expired"
    MISSING_SCOPE = "missing_scope"
    WRONG_HOST = "wrong_host"
    CLOCK_OFF = "clock_off"
    NO_NETWORK = "no_network"
    WALMART_AWAY = "walmart_away"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a test went: what was found, in a sentence, and what to do now."""

    cause: Cause
    sentence: str
    next_step: str = ""

    @property
    def ok(self) -> bool:
        return self.cause is Cause.WELL


@dataclass(slots=True)
class _Test:
    """One test while it runs; `last` is the record of its last call."""

    account: WalmartAccount
    last: CallRecord | None = field(default=None)

    def note(self, record: CallRecord) -> None:
        self.last = record


@dataclass(frozen=True, slots=True)
class _OneToken:
    """The token of this test alone: what is only typed must not reach the workers."""

    value: str

    def get(self) -> str:
        return self.value

    def renew(self, rejected: str) -> str:
        return self.value


def try_connection(account: WalmartAccount) -> Verdict:
    """Ask for a token, what it may do, and one order. Nothing is changed or stored, and nothing is raised."""
    test = _Test(account)
    try:
        return _ask(test)
    except ConnectorError as error:
        return _explain(test, error)


def _ask(test: _Test) -> Verdict:
    caller = Caller(on_call=test.note, limits=LIMITS, watch=PageGate())
    token = fetch_token(caller, test.account)
    walmart = WalmartClient(caller, test.account, _OneToken(token.value))
    detail = _or_none(walmart.token_detail)
    verdict = (_expired(detail) or _scope_trouble(detail)) if detail else None
    if verdict is None:
        walmart.list_orders(modified_from=clock.now() - timedelta(hours=1), limit=1)
        verdict = _clock_trouble(detail) or _all_well(test.account, detail)
    return verdict


def _or_none(ask: Callable[[], TokenDetail]) -> TokenDetail | None:
    """A market that does not tell about tokens is judged by the orders alone."""
    try:
        return ask()
    except ConnectorError as error:
        if error.status is None:
            raise
        return None


def _expired(detail: TokenDetail) -> Verdict | None:
    """Walmart calls the token that it has just given not valid any more."""
    if detail.is_valid:
        return None
    return Verdict(
        Cause.EXPIRED,
        "Walmart takes the key, but calls the access token that it gave for it expired.",
        "Try again in a minute. If it stays so, the key's access was ended: make a new secret in Walmart's Developer "
        "Portal and enter it here.",
    )


def _scope_trouble(detail: TokenDetail) -> Verdict | None:
    has = detail.scopes.get("orders", NEEDED)
    if has == NEEDED:
        return None
    may = "may only read orders" if has == "view_only" else "may not see orders"
    return Verdict(
        Cause.MISSING_SCOPE,
        f"Walmart knows the key, but it {may} (orders: {has}).",
        "In Walmart's Developer Portal give this key full access to Orders, then make a new secret and enter it here.",
    )


def _clock_trouble(detail: TokenDetail | None) -> Verdict | None:
    difference = _difference(detail)
    if difference is None or abs(difference) <= CLOCKS_AGREE:
        return None
    side = "ahead of" if difference > timedelta(0) else "behind"
    return Verdict(
        Cause.CLOCK_OFF,
        f"Walmart answers, but this server's clock is {_minutes(difference)} {side} Walmart's.",
        "Switch on time synchronisation (NTP) on this server: deadlines and marks of lateness hang on its clock.",
    )


def _difference(detail: TokenDetail | None) -> timedelta | None:
    """Our clock minus theirs. A token may be older than this test, so the time of the answer is trusted first."""
    theirs = (detail.their_time or detail.issued_at) if detail else None
    return clock.now() - theirs if theirs else None


def _all_well(account: WalmartAccount, detail: TokenDetail | None) -> Verdict:
    read = [f"market {account.market.upper()}"]
    if detail and detail.scopes:
        read.append("access " + ", ".join(f"{name} {_plain(what)}" for name, what in sorted(detail.scopes.items())))
    difference = _difference(detail)
    if difference is not None:
        read.append(f"clocks {abs(difference).total_seconds():.0f} s apart")
    return Verdict(Cause.WELL, f"Walmart takes the key, and orders can be read: {'; '.join(read)}.")


def _explain(test: _Test, error: ConnectorError) -> Verdict:
    if error.status is None:
        return _unreached(test, error)
    if _is_a_page(test) or error.code in {"redirect", "unreadable"} or error.status in {404, 405}:
        return _not_walmart(test, error)
    if error.unauthorized:
        return _refused(test, error)
    return Verdict(
        Cause.WALMART_AWAY,
        f"Walmart was reached but cannot answer just now. {error.message}",
        "Nothing is wrong on your side as far as one can tell. Try again in a few minutes.",
    )


def _refused(test: _Test, error: ConnectorError) -> Verdict:
    if test.last is not None and not test.last.url.endswith("/v3/token"):
        return Verdict(
            Cause.MISSING_SCOPE,
            f"Walmart takes the key but refuses to show orders. {error.message}",
            "In Walmart's Developer Portal give this key full access to Orders, and check that it is a key of the "
            f"market {test.account.market.upper()}.",
        )
    return Verdict(
        Cause.WRONG_SECRET,
        "Walmart does not know this client ID with this client secret.",
        "Copy both again from Walmart's Developer Portal; keys of the sandbox do not open production, nor the other "
        "way round. A new secret there makes the old one useless.",
    )


def _not_walmart(test: _Test, error: ConnectorError) -> Verdict:
    host = urlsplit(test.account.api_url).netloc
    if _host(test) in KNOWN_HOSTS:
        return Verdict(
            Cause.WALMART_AWAY,
            f"{host} answered with something that is not Walmart's API. {error.message}",
            "Something between this server and Walmart answers in its place, such as a proxy, or Walmart turns this "
            "server's address away. Ask whoever runs the network.",
        )
    return Verdict(
        Cause.WRONG_HOST,
        f"{host} answers, but it is not Walmart's API. {error.message}",
        "Correct the API address. Walmart's own is https://marketplace.walmartapis.com in every market.",
    )


def _unreached(test: _Test, error: ConnectorError) -> Verdict:
    """A known host is right, so the way to it is not; with another host the address is the first suspect."""
    is_known = _host(test) in KNOWN_HOSTS
    if error.permanent or (not is_known and "no host" in error.message):
        return Verdict(Cause.WRONG_HOST, error.message, "Correct the API address.")
    if "certificate" in error.message or "TLS" in error.message:
        next_step = "Check the address, this server's clock, and whether a proxy breaks the encryption open."
        return Verdict(Cause.NO_NETWORK if is_known else Cause.WRONG_HOST, error.message, next_step)
    return Verdict(
        Cause.NO_NETWORK,
        error.message,
        "Check that this server may reach that host and port: its firewall, its name service, its way out.",
    )


def _is_a_page(test: _Test) -> bool:
    """The answer is a web page: no API of Walmart's speaks so."""
    text = test.last.response_excerpt.lstrip()[:200].lower() if test.last else ""
    return text.startswith(("<!doctype html", "<html"))


def _host(test: _Test) -> str:
    try:
        return urlsplit(test.account.api_url).hostname or ""
    except ValueError:
        return ""


def _plain(access: str) -> str:
    return {"full_access": "full", "view_only": "view only", "no_access": "none"}.get(access, access)


def _minutes(length: timedelta) -> str:
    minutes = round(abs(length) / timedelta(minutes=1))
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
