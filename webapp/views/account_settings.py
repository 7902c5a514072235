"""One Walmart account: added, changed, tested, paused, removed, and its webhooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import (
    account_changes,
    account_entry,
    accounts,
    demo,
    refusals,
    removal,
    subscriptions,
    sync_health,
    webhook_kinds,
)
from webapp.account_entry import MARKETS
from webapp.accounts import Account, Refused
from webapp.connection_test import Verdict, try_connection
from webapp.connectors.http import ConnectorError
from webapp.people import Role
from webapp.settings import current
from webapp.subscriptions import Result
from webapp.typed import Mistakes
from webapp.views import account_form, conflict, door
from webapp.views.account_form import Form
from webapp.views.render import page, wants_fragment
from webapp.views.settings import public_webhook_url

bp = Blueprint("account_settings", __name__, url_prefix="/settings/accounts")

MODES = {
    "none": "A secret in the address. Nothing has to be guessed about Walmart; the address is the key.",
    "header": "A header of our own with a secret. Nothing has to be guessed either.",
    "basic": "User name and password (BASIC_AUTH), with or without the word Basic before them.",
    "hmac": "A signature of each body (HMAC-SHA256), taken in hex and in base64.",
    "oauth": "Walmart fetches a token from this server first and shows it with each webhook (OAUTH).",
}
"""How webhooks prove their sender, with what is known of it."""


@bp.get("/new")
@door.needs(Role.ADMIN)
def new() -> AnyResponse:
    """An empty form with the defaults."""
    return _new_page(account_form.empty())


@bp.post("/new")
@door.needs(Role.ADMIN)
def add() -> AnyResponse:
    """Add the account, or say at each field what is wrong."""
    try:
        row = account_changes.add(account_entry.read_new(request.form).as_new(), door.me().email)
    except Mistakes as mistakes:
        return _new_page(account_form.as_sent(request.form, mistakes.by_field, is_new=True), status=422)
    except Refused as refused:
        return _new_page(account_form.as_sent(request.form, {"": str(refused)}, is_new=True), status=422)
    demo.stop()
    flash(f"{row.name} is added. Its orders are being read; subscribe to webhooks below to get them in seconds.")
    return redirect(url_for("account_settings.show", key=row.key), 303)


@bp.post("/test")
@door.needs(Role.ADMIN)
def try_new() -> AnyResponse:
    """Try a connection that is only typed."""
    return _try(None, lambda form, verdict: _new_page(form, verdict))


@bp.get("/<key>")
@door.needs(Role.ADMIN)
def show(key: str) -> AnyResponse:
    """Everything about one account."""
    account = _find(key)
    return _page(account, account_form.of_account(account))


@bp.post("/<key>")
@door.needs(Role.ADMIN)
def change(key: str) -> AnyResponse:
    """Store what is different, or say at each field what is wrong."""
    account = _find(key)
    try:
        wanted = account_entry.read_changed(request.form, account).as_change()
        wanted = replace(wanted, seen_of_account=request.form.get("seen", ""))
        logged = account_changes.change(account.id, wanted, door.me().email)
    except account_changes.Stale:
        return _stale(_find(key))
    except Mistakes as mistakes:
        return _page(account, account_form.as_sent(request.form, mistakes.by_field, is_new=False), status=422)
    except Refused as refused:
        return _page(account, account_form.as_sent(request.form, {"": str(refused)}, is_new=False), status=422)
    names = ", ".join(one.setting for one in logged)
    flash(f"Saved: {names}. Open orders are looked at again with it." if logged else "Nothing was different.")
    return _back(key)


@bp.post("/<key>/test")
@door.needs(Role.ADMIN)
def try_changed(key: str) -> AnyResponse:
    """Try the connection as it is typed, with the stored secret where none is."""
    account = _find(key)
    return _try(account, lambda form, verdict: _page(account, form, verdict))


@bp.post("/<key>/pause")
@door.needs(Role.ADMIN)
def pause(key: str) -> AnyResponse:
    """Stop its work."""
    account_changes.pause(_find(key).id, door.me().email)
    flash("Paused. Webhooks are still stored; nothing is read or written until you resume.")
    return _back(key)


@bp.post("/<key>/resume")
@door.needs(Role.ADMIN)
def resume(key: str) -> AnyResponse:
    """Go on."""
    account_changes.resume(_find(key).id, door.me().email)
    flash("Working again. What waited goes on now.")
    return _back(key)


@bp.get("/<key>/remove")
@door.needs(Role.ADMIN)
def ask_to_remove(key: str) -> AnyResponse:
    """Say what goes, and ask."""
    account = _find(key)
    return page("settings/remove.html", **_going(account))


@bp.post("/<key>/remove")
@door.needs(Role.ADMIN)
def remove(key: str) -> AnyResponse:
    """Remove it for good; its name has to be typed, so that it is not the wrong one."""
    account = _find(key)
    if request.form.get("name", "").strip() != account.name:
        mistake = "That is not the name of this account. Nothing was removed."
        return make_response(page("settings/remove.html", **_going(account, mistake)), 422)
    try:
        left = removal.remove(account, door.me().email)
    except Refused:
        # The page tells why by itself.
        return make_response(page("settings/remove.html", **_going(account)), 422)
    flash(f"{account.name} is removed, with its orders and their log.")
    if left:
        flash(left, "bad")
    return redirect(url_for("settings.account_list"), 303)


def _going(account: Account, mistake: str = "") -> dict[str, Any]:
    going = removal.what_goes(account)
    return {"account": account, "going": going, "mistake": mistake, "still_held": removal.STILL_HELD}


@bp.post("/<key>/webhooks/<act>")
@door.needs(Role.ADMIN)
def webhooks(key: str, act: str) -> AnyResponse:
    """Subscribe, unsubscribe, send-test, rotate, retire or mode."""
    account = _find(key)
    if act not in ACTS:
        abort(404)
    try:
        ACTS[act](account, door.me().email)
    except (Refused, ConnectorError) as trouble:
        flash(str(trouble), "bad")
    return redirect(url_for("account_settings.show", key=key, _anchor="webhooks"), 303)


def _subscribe(account: Account, by: str) -> None:
    _say(subscriptions.subscribe(account, by), "Walmart offers none of the events.")


def _unsubscribe(account: Account, by: str) -> None:
    _say(subscriptions.unsubscribe(account, by), "There was nothing to delete.")


def _send_test(account: Account, by: str) -> None:
    _say(subscriptions.send_tests(account), "Walmart offers none of the events.")


def _rotate(account: Account, by: str) -> None:
    _say(subscriptions.rotate(account, by), "A new secret counts. Walmart has no subscription to update.")


def _retire(account: Account, by: str) -> None:
    retired = account_changes.retire_old_secrets(account.id, by)
    flash("The old secret is refused from now on." if retired else "There was no old secret.")


def _mode(account: Account, by: str) -> None:
    names = (request.form.get(name, "").strip()[:64] for name in ("mode", "header_name", "user_name"))
    _say(subscriptions.change_mode(account, account_changes.new_auth(*names), by), "Changed, with a new secret.")


ACTS: dict[str, Callable[[Account, str], None]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "send-test": _send_test,
    "rotate": _rotate,
    "retire": _retire,
    "mode": _mode,
}


def _say(results: Sequence[Result], nothing: str) -> None:
    refused = [result for result in results if result.did == "refused"]
    done = [result for result in results if result.did != "refused"]
    if done or not results:
        flash(f"{subscriptions.in_words(done)}." if done else nothing)
    if refused:
        flash("; ".join(f"{result.event_type}: {result.sentence}" for result in refused), "bad")


def _try(account: Account | None, whole: Callable[[Form, Verdict | None], AnyResponse]) -> AnyResponse:
    """The verdict alone for htmx, the whole page with it for a browser without scripts."""
    try:
        verdict = try_connection(account_entry.read_connection(request.form, account))
        mistakes: dict[str, str] = {}
    except Mistakes as found:
        verdict, mistakes = None, found.by_field
    if wants_fragment():
        return page("settings/_verdict.html", verdict=verdict, mistakes=mistakes)
    return whole(account_form.as_sent(request.form, mistakes, is_new=account is None), verdict)


def _stale(account: Account) -> AnyResponse:
    """Somebody else saved meanwhile: both values at each field."""
    sent = account_form.as_sent(request.form, {}, is_new=False)
    mistakes = conflict.both(account_changes.told(account), sent.values)
    return _page(account, replace(sent, mistakes=mistakes), status=409)


def _find(key: str) -> Account:
    account = accounts.by_key(key)
    return account or abort(404, "There is no such account. It may have been removed.")


def _back(key: str) -> AnyResponse:
    return redirect(url_for("account_settings.show", key=key), 303)


def _new_page(form: Form, verdict: Verdict | None = None, status: int = 200) -> AnyResponse:
    return make_response(page("settings/new.html", form=form, verdict=verdict, tested=status == 200), status)


def _page(account: Account, form: Form, verdict: Verdict | None = None, status: int = 200) -> AnyResponse:
    auth = account.webhook_auth
    shown = page(
        "settings/account.html",
        account=account,
        form=form,
        verdict=verdict,
        seen=conflict.seen(request.form, account_form.of_account(account).values, status),
        market=MARKETS[account.marketplace],
        health=sync_health.of_account(account),
        changes=account_changes.recent(account.id),
        events=subscriptions.statuses(account),
        offered=subscriptions.are_offered(account),
        not_offered=subscriptions.NOT_OFFERED,
        modes=MODES,
        header_names=account_changes.HEADERS,
        webhook_url=public_webhook_url("walmart", account.key),
        token_url=accounts.token_url(account.key) if auth.mode == "oauth" else "",
        strange=[kind for kind in webhook_kinds.of_account(account.id) if not kind.is_known],
        reasons=refusals.NAMES,
        refused=refusals.of_account(account.id, auth),
        hides_secret=auth.mode == "none",
        has_old_secret=account_changes.has_old_secret(auth),
        old_secret_until=account_changes.old_secret_until(account.id),
        is_public=current().is_https,
        zone=account.store.time_zone,
    )
    return make_response(shown, status)
