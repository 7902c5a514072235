"""Tries a Magento store, stored or only typed: what is in the way, in a sentence of its own, and what the shop is."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from webapp import clock
from webapp.connectors.http import Answer, Caller, ConnectorError, Limits
from webapp.connectors.magento import MagentoStore
from webapp.connectors.magento_admin import TWO_FACTOR, WRONG_PASSWORD, ends_at
from webapp.connectors.magento_errors import BEARER_SETTING, NO_STORE_VIEW
from webapp.connectors.magento_probe import (
    FoundSource,
    FoundView,
    Probe,
    error_of,
    is_magentos,
    lacks_right,
    their_time,
    words_of,
)
from webapp.gate import PageGate
from webapp.store_rights import RIGHTS, Right, is_missed

LIMITS = Limits(connect_seconds=4, total_seconds=10)
"""Somebody waits in front of the page."""

CLOCKS_AGREE = timedelta(minutes=2)
AT_ONCE = 4
"""Rights that are tried side by side: a shop answers each in a tenth of a second, and there are two dozen."""
INTEGRATIONS = "In Magento's admin under System > Integrations"


class Cause(StrEnum):
    """What a test found, as a word for scripts."""

    WELL = "well"
    MISSING_RIGHT = "missing_right"
    TOKEN_OR_SETTING = "token_or_setting"
    WRONG_TOKEN = "wrong_token"
    EXPIRED = "expired"
    WRONG_KEYS = "wrong_keys"
    WRONG_PASSWORD = "wrong_password"
    TWO_FACTOR = "two_factor"
    CLOCK_OFF = "clock_off"
    NO_STORE_VIEW = "no_store_view"
    MAINTENANCE = "maintenance"
    SHOP_BROKEN = "shop_broken"
    LOCKED = "locked"
    NOT_MAGENTO = "not_magento"
    REDIRECT = "redirect"
    TLS = "tls"
    WRONG_HOST = "wrong_host"
    NO_NETWORK = "no_network"


@dataclass(frozen=True, slots=True)
class Found:
    """What the shop told of itself. `version` is empty where it keeps that to itself."""

    version: str = ""
    views: tuple[FoundView, ...] = ()
    sources: tuple[FoundSource, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()

    def view(self, code: str) -> FoundView | None:
        """The store view of this code; the shop's first one where none is asked for."""
        return next((view for view in self.views if code in ("", view.code)), None)


@dataclass(frozen=True, slots=True)
class TriedRight:
    """A right that was tried. `is_missed`: something that the store always does cannot be done without it."""

    right: Right
    is_given: bool
    is_missed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a test went: what was found, in a sentence, and what to do now. `found` once the credentials count."""

    cause: Cause
    sentence: str
    next_step: str = ""
    found: Found | None = None
    view: FoundView | None = None
    rights: tuple[TriedRight, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return self.cause is Cause.WELL

    @property
    def is_usable(self) -> bool:
        """The store can be kept: it answers, and its store view is known. A right may be missing still."""
        return self.view is not None


def try_store(connection: MagentoStore, mode: str) -> Verdict:
    """Try everything that is needed of a shop. Nothing is changed there or stored here, and nothing is raised."""
    probe = Probe(Caller(limits=LIMITS, watch=PageGate()), connection)
    try:
        greeting = probe.greet()
        trouble = _not_magento(connection, greeting) or _no_view(connection, probe)
        return trouble or _with_keys(connection, probe, mode, greeting)
    except ConnectorError as error:
        return _explain(connection, error)


def _with_keys(connection: MagentoStore, probe: Probe, mode: str, greeting: Answer) -> Verdict:
    first = probe.ask("GET", RIGHTS[0].path)
    trouble = _keys_trouble(connection, first, greeting)
    if trouble:
        return trouble
    tried = _try_rights(probe, mode)
    if not any(one.is_given for one in tried):
        return _no_right_at_all(connection)
    found = _look(probe, tried)
    missed = [one.right for one in tried if one.is_missed]
    view = found.view(connection.store_view)
    if missed:
        return _missing(connection, missed, found, view, tried)
    return _all_well(found, view, tried, greeting)


def _try_rights(probe: Probe, mode: str) -> tuple[TriedRight, ...]:
    """Each right by a call of its own. An answer that is no refusal shows it, whatever it says."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        answers = list(threads.map(lambda right: probe.ask(right.method, right.path), RIGHTS))
    given = [not lacks_right(answer) for answer in answers]
    return tuple(
        TriedRight(right, is_given, not is_given and is_missed(right, mode))
        for right, is_given in zip(RIGHTS, given, strict=True)
    )


def _look(probe: Probe, tried: Sequence[TriedRight]) -> Found:
    """What may be read: nothing is asked for without its right."""
    given = {one.right.name for one in tried if one.is_given}
    views = tuple(probe.views()) if "Magento_Backend::store" in given else ()
    sources: tuple[FoundSource, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    try:
        sources = tuple(probe.sources()) if "Magento_InventoryApi::source" in given else ()
        groups = tuple(probe.groups().items()) if "Magento_Customer::group" in given else ()
    except ConnectorError as error:
        if error.status is None:
            raise
        # A shop whose inventory modules are switched off has no such call.
    return Found(probe.version(), views, sources, groups)


def _not_magento(connection: MagentoStore, greeting: Answer) -> Verdict | None:
    """What anybody who asks is told: whether there is a Magento at all, and at work."""
    status, words, is_page = greeting.status, words_of(greeting), not is_magentos(greeting)
    if status == 503 and is_page:
        return Verdict(
            Cause.MAINTENANCE,
            "The shop is in maintenance mode (503).",
            "Nothing has to be changed here. Test again once it is open; on the shop's host, "
            "bin/magento maintenance:status tells.",
        )
    if status in (401, 403) and is_page:
        return Verdict(
            Cause.LOCKED,
            f"Something in front of the shop refuses the call ({status}{f': {words}' if words else ''}).",
            "It is not Magento: a firewall, or a password of the web server as test shops have it. "
            "Let this server's address through to /rest/.",
        )
    if status >= 500:
        return Verdict(
            Cause.SHOP_BROKEN,
            f"The shop answers with an error of its own ({status}{f': {words}' if words else ''}).",
            "Look into var/log/exception.log on the shop's host, and test again.",
        )
    if is_page:
        return Verdict(
            Cause.NOT_MAGENTO,
            f"{connection.url} answers, but Magento's REST API is not there ({status}).",
            "Give the shop's base address, as it stands under Stores > Configuration > General > Web, without /rest "
            "and without a page behind it.",
        )
    return None


def _no_view(connection: MagentoStore, probe: Probe) -> Verdict | None:
    if not connection.store_view:
        return None
    answer = probe.greet(connection.store_view)
    if answer.status != 400 or words_of(answer) != NO_STORE_VIEW:
        return None
    try:
        views = tuple(Probe(Caller(limits=LIMITS, watch=PageGate()), replace(connection, store_view="")).views())
    except ConnectorError:
        views = ()
    has = f"It has: {', '.join(view.code for view in views)}. " if views else ""
    return Verdict(
        Cause.NO_STORE_VIEW,
        f"The shop has no store view {connection.store_view}.",
        f"{has}The codes stand under Stores > Settings > All Stores.",
        Found(views=views) if views else None,
    )


def _keys_trouble(connection: MagentoStore, first: Answer, greeting: Answer) -> Verdict | None:
    """What Magento says of signed calls; a Bearer token is judged by all rights together."""
    if first.status not in (400, 401) or lacks_right(first):
        return None
    words = words_of(first)
    if connection.oauth is None:
        error = error_of(first)
        return Verdict(Cause.SHOP_BROKEN, error.message if error else words, "Test again in a few minutes.")
    if any(word in words.lower() for word in ("validating the nonce", "timestamp")):
        return _clock_off(words, greeting)
    return Verdict(
        Cause.WRONG_KEYS,
        f"Magento refuses the signature: {words}",
        f"{_which_key(words)} {INTEGRATIONS} the four values stand under the integration's details.",
    )


def _which_key(words: str) -> str:
    if "consumer" in words.lower():
        return "It is the consumer key that is wrong, or the integration is not active."
    if "token" in words.lower():
        return "It is the access token that is wrong, or the integration was reauthorized and has new values."
    return (
        "Key and token are right, so one of the two secrets is wrong. Where both are right, a proxy changes host or "
        "port: the shop must see the address that is entered here."
    )


def _clock_off(words: str, greeting: Answer) -> Verdict:
    theirs = their_time(greeting)
    apart = ""
    if theirs:
        minutes = round((clock.now() - theirs) / timedelta(minutes=1))
        side = "ahead of" if minutes > 0 else "behind"
        apart = f" This server's clock is {abs(minutes)} minutes {side} the shop's." if minutes else ""
    return Verdict(
        Cause.CLOCK_OFF,
        f"Magento refuses the time of the signature: {words}.{apart}",
        "Switch on time synchronisation (NTP) on this server and on the shop's host: a signature from more than ten "
        "minutes in the future is refused.",
    )


def _no_right_at_all(connection: MagentoStore) -> Verdict:
    """Magento gives one answer for a wrong token, Bearer switched off and no right, so the likely one is said first."""
    if connection.way_in == "token":
        token = connection.token.strip()
        ended_at = ends_at(token)
        if ended_at is not None:
            return _admin_token(ended_at)
        if len(token) != 32 or not token.isalnum():
            return Verdict(
                Cause.WRONG_TOKEN,
                "Magento does not accept this access token, and it does not look like one: Magento's have 32 letters "
                "and digits.",
                f"{INTEGRATIONS} copy the Access Token, not the Consumer Key or one of the two secrets.",
            )
        return Verdict(
            Cause.TOKEN_OR_SETTING,
            "Magento does not accept this access token. Most likely it may not be used as a Bearer token: the setting "
            "is off in every new shop.",
            f"Switch on {BEARER_SETTING}, or enter all four keys of the integration (OAuth), which need no setting. If "
            "it is on, the token is wrong: copy the Access Token again, and see that the integration is active.",
        )
    who = "The integration" if connection.way_in == "oauth" else "The admin user's role"
    return Verdict(
        Cause.MISSING_RIGHT,
        f"{who} has none of the rights that Orderbridge needs.",
        f"{_where_rights_are(connection)} tick what docs/magento.md lists, and save.",
    )


def _admin_token(ended_at: datetime) -> Verdict:
    """Magento's tokens for people are JWTs of an hour; an integration's have no end."""
    ended = f"it expired on {ended_at:%Y-%m-%d at %H:%M} UTC" if ended_at <= clock.now() else "and Magento refuses it"
    return Verdict(
        Cause.EXPIRED,
        f"This is an admin user's token, which lasts about an hour: {ended}.",
        f"{INTEGRATIONS} take the Access Token of an integration, which does not expire; or enter the admin user's "
        "name and password here, and Orderbridge fetches such tokens itself.",
    )


def _where_rights_are(connection: MagentoStore) -> str:
    if connection.way_in == "admin":
        return "In Magento's admin under System > User Roles, in the user's role under Role Resources,"
    return f"{INTEGRATIONS}, in the integration under API,"


def _missing(
    connection: MagentoStore,
    missed: Sequence[Right],
    found: Found,
    view: FoundView | None,
    tried: tuple[TriedRight, ...],
) -> Verdict:
    named = "; ".join(f"{right.name} ({right.use})" for right in missed)
    count = "a right is" if len(missed) == 1 else f"{len(missed)} rights are"
    boxes = ", ".join(dict.fromkeys(right.where for right in missed))
    return Verdict(
        Cause.MISSING_RIGHT,
        f"Magento accepts the credentials, but {count} missing: {named}.",
        f"{_where_rights_are(connection)} tick {boxes}, and save.",
        found,
        view,
        tried,
    )


def _all_well(found: Found, view: FoundView | None, tried: tuple[TriedRight, ...], greeting: Answer) -> Verdict:
    if view is None:
        return Verdict(Cause.NO_STORE_VIEW, "The shop has no store view.", "Add one in Magento's admin.", found)
    read = [found.version or "a Magento that keeps its version to itself"]
    read.append(f"store view {view.code} ({view.currency or 'currency unknown'}, {view.time_zone or 'UTC'})")
    if len(found.views) > 1:
        read.append(f"{len(found.views)} store views in all")
    if found.sources:
        read.append(f"{len(found.sources)} stock source{'s' * (len(found.sources) != 1)}")
    theirs = their_time(greeting)
    if theirs and abs(clock.now() - theirs) > CLOCKS_AGREE:
        minutes = round(abs(clock.now() - theirs) / timedelta(minutes=1))
        read.append(f"clocks {minutes} minutes apart, which will not do for OAuth and for deadlines")
    return Verdict(
        Cause.WELL, f"Magento accepts the credentials and their rights: {'; '.join(read)}.", "", found, view, tried
    )


def _explain(connection: MagentoStore, error: ConnectorError) -> Verdict:
    if error.code == WRONG_PASSWORD:
        return Verdict(
            Cause.WRONG_PASSWORD,
            error.message,
            "Check both by signing in to the admin. Six failures lock the user for half an hour; an integration "
            "(System > Integrations) is the better way in.",
        )
    if error.code == TWO_FACTOR:
        return Verdict(
            Cause.TWO_FACTOR,
            error.message,
            "A server cannot give one. Use an integration instead: System > Integrations, with its four keys.",
        )
    if error.code == "redirect":
        return Verdict(
            Cause.REDIRECT,
            error.message,
            "Enter the address that the shop redirects to, if it is the same shop: often https for http, or with www.",
        )
    if error.status is not None:
        return Verdict(Cause.SHOP_BROKEN, error.message, "Test again in a few minutes.")
    return _unreached(error)


def _unreached(error: ConnectorError) -> Verdict:
    if error.permanent:
        return Verdict(Cause.WRONG_HOST, error.message, "Correct the address.")
    if "no host" in error.message:
        return Verdict(
            Cause.WRONG_HOST, error.message, "Correct the address; if it is right, ask whoever runs the name service."
        )
    if "certificate" in error.message or "TLS" in error.message:
        return Verdict(
            Cause.TLS,
            error.message,
            "Open the address in a browser: it warns of the same. Renew the shop's certificate with all of its chain; "
            "also see that this server's clock is right.",
        )
    return Verdict(
        Cause.NO_NETWORK,
        error.message,
        "Check that the shop runs, and that this server may reach that host and port through every firewall.",
    )
