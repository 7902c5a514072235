"""One Magento store: added, changed, tested, paused, removed, its stock read, and its webhooks' proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, abort, flash, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp import accounts, demo, refusals, shop_choices, stock, store_changes, store_entry, store_test, store_webhooks
from webapp.account_changes import Stale, version
from webapp.accounts import Refused, Store
from webapp.connectors.http import ConnectorError
from webapp.people import Role
from webapp.settings import current
from webapp.store_changes import View
from webapp.store_test import Verdict
from webapp.store_webhooks import Changed, Wanted
from webapp.typed import Mistakes
from webapp.views import conflict, door, store_form
from webapp.views.render import page, wants_fragment
from webapp.views.settings import public_webhook_url
from webapp.views.store_form import StoreForm

bp = Blueprint("store_settings", __name__, url_prefix="/settings/stores")


@bp.get("/new")
@door.needs(Role.ADMIN)
def new() -> AnyResponse:
    """An empty form, or another store view of the shop that `like` names."""
    return _new_page(store_form.empty(accounts.store_named(request.args.get("like", ""))))


@bp.post("/new")
@door.needs(Role.ADMIN)
def add() -> AnyResponse:
    """Add the store once it answers, or say at each field what is wrong."""
    like = _like()
    verdict: Verdict | None = None
    try:
        entry = store_entry.read(request.form, like)
        verdict = store_test.try_store(entry.connection, entry.mode)
        if verdict.view is None:
            form = store_form.as_sent(request.form, {"": "Nothing was added: see below."}, verdict.found, like)
            return _new_page(form, verdict, 422)
        row = store_changes.add(entry.as_new(View.of(verdict.view)), door.me().email)
    except Mistakes as mistakes:
        return _new_page(store_form.as_sent(request.form, mistakes.by_field, None, like), status=422)
    except Refused as refused:
        found = verdict.found if verdict else None
        return _new_page(store_form.as_sent(request.form, {"": str(refused)}, found, like), status=422)
    shop_choices.keep_found(row.id, verdict.found)
    demo.stop()
    flash(f"{row.name} is added.")
    _tell(verdict)
    return redirect(url_for("store_settings.show", key=row.key), 303)


@bp.post("/test")
@door.needs(Role.ADMIN)
def try_new() -> AnyResponse:
    """Try a connection that is only typed."""
    return _try(None, _like())


@bp.get("/<key>")
@door.needs(Role.ADMIN)
def show(key: str) -> AnyResponse:
    """Everything about one store."""
    store = _find(key)
    return _page(store, store_form.of_store(store))


@bp.post("/<key>")
@door.needs(Role.ADMIN)
def change(key: str) -> AnyResponse:
    """Store what is different, or say at each field what is wrong. Another place or other keys are tried first."""
    store = _find(key)
    seen = request.form.get("seen", "")
    if seen not in ("", version(store_changes.told(store))):
        return _stale(store)
    verdict: Verdict | None = None
    try:
        entry = store_entry.read(request.form, store)
        place = entry.connection.url, entry.connection.store_view
        moves = place != (store.connection.url, store.connection.store_view)
        if moves or entry.has_new_keys:
            verdict = store_test.try_store(entry.connection, entry.mode)
            if moves and verdict.view is None:
                form = store_form.as_sent(request.form, {"": "Nothing was saved: see below."}, verdict.found, store)
                return _page(store, form, verdict, 422)
        view = View.of(verdict.view) if moves and verdict and verdict.view else None
        logged = store_changes.change(store.id, replace(entry.as_change(view), seen=seen), door.me().email)
    except Stale:
        return _stale(_find(key))
    except Mistakes as mistakes:
        return _page(store, store_form.as_sent(request.form, mistakes.by_field, None, store), status=422)
    except Refused as refused:
        return _page(store, store_form.as_sent(request.form, {"": str(refused)}, None, store), status=422)
    names = ", ".join(one.setting for one in logged)
    flash(f"Saved: {names}. What waited for the shop goes on now." if logged else "Nothing was different.")
    if verdict is not None:
        shop_choices.keep_found(store.id, verdict.found)
        _tell(verdict)
    return _back(key)


@bp.post("/<key>/test")
@door.needs(Role.ADMIN)
def try_changed(key: str) -> AnyResponse:
    """Try the connection as it is typed, with the stored credentials where none are."""
    store = _find(key)
    return _try(store, store)


@bp.post("/<key>/pause")
@door.needs(Role.ADMIN)
def pause(key: str) -> AnyResponse:
    """Stop all work with it."""
    store_changes.pause(_find(key).id, door.me().email)
    flash("Paused, with every account that uses it. Webhooks are still stored; nothing is read or written.")
    return _back(key)


@bp.post("/<key>/resume")
@door.needs(Role.ADMIN)
def resume(key: str) -> AnyResponse:
    """Go on."""
    store_changes.resume(_find(key).id, door.me().email)
    flash("Working again. What waited goes on now.")
    return _back(key)


@bp.get("/<key>/remove")
@door.needs(Role.ADMIN)
def ask_to_remove(key: str) -> AnyResponse:
    """Say what goes, and ask; or which accounts hold it."""
    return _remove_page(_find(key))


@bp.post("/<key>/remove")
@door.needs(Role.ADMIN)
def remove(key: str) -> AnyResponse:
    """Remove it for good; its name has to be typed, so that it is not the wrong one."""
    store = _find(key)
    if request.form.get("name", "").strip() != store.name:
        return _remove_page(store, mistake="That is not the name of this store. Nothing was removed.", status=422)
    try:
        store_changes.remove(store.id, door.me().email)
    except Refused as refused:
        return _remove_page(store, str(refused), status=422)
    flash(f"{store.name} is removed. The shop itself is as it was.")
    return redirect(url_for("settings.store_list"), 303)


@bp.post("/<key>/stock")
@door.needs(Role.ADMIN)
def read_stock(key: str) -> AnyResponse:
    """Read now whether direct mode's stock is right."""
    store = _find(key)
    try:
        stock.read(store)
        flash("The stock was read.")
    except ConnectorError as error:
        flash(error.message, "bad")
    return redirect(url_for("store_settings.show", key=key, _anchor="stock"), 303)


@bp.post("/<key>/webhooks/<act>")
@door.needs(Role.ADMIN)
def webhooks(key: str, act: str) -> AnyResponse:
    """Rotate, retire or mode. A secret that is made is on the answer, this once, and in no address or cookie."""
    store = _find(key)
    if act not in ACTS:
        abort(404)
    try:
        changed = ACTS[act](store, door.me().email)
    except Refused as refused:
        flash(str(refused), "bad")
        changed = Changed()
    if changed.made:
        store = _find(key)
        return _page(store, store_form.of_store(store), made=_made(store, changed))
    if changed.logged:
        flash(f"Saved: {changed.logged[0].after}.")
    return redirect(url_for("store_settings.show", key=key, _anchor="webhooks"), 303)


def _rotate(store: Store, by: str) -> Changed:
    return store_webhooks.rotate(store.id, by)


def _retire(store: Store, by: str) -> Changed:
    return store_webhooks.drop_former(store.id, by)


def _mode(store: Store, by: str) -> Changed:
    names = ("mode", "header_name", "user_name", "secret")
    given = {name: request.form.get(name, "").strip()[:200] for name in names}
    return store_webhooks.change(store.id, Wanted(**given, public_keys=request.form.get("public_keys", "")[:8000]), by)


ACTS: dict[str, Callable[[Store, str], Changed]] = {"rotate": _rotate, "retire": _retire, "mode": _mode}


def _made(store: Store, changed: Changed) -> dict[str, str]:
    """What was made, by what it is called: a secret, or the whole address where that holds it."""
    if store.webhook_auth.mode == "none":
        return {"The new address": accounts.webhook_url("magento", store.key, store.webhook_auth)}
    where = store.webhook_auth.header_name if store.webhook_auth.mode == "header" else "The secret"
    return {"The password" if store.webhook_auth.mode == "basic" else where: changed.made}


def _try(store: Store | None, kept: Store | None) -> AnyResponse:
    """The verdict alone for htmx, the whole page with it for a browser without scripts."""
    verdict: Verdict | None = None
    mistakes: dict[str, str] = {}
    try:
        connection, mode = store_entry.read_connection(request.form, kept)
        verdict = store_test.try_store(connection, mode)
        if store and connection.url == store.connection.url:
            shop_choices.keep_found(store.id, verdict.found)
    except Mistakes as found:
        mistakes = found.by_field
    form = store_form.as_sent(request.form, mistakes, verdict.found if verdict else None, kept)
    if wants_fragment():
        return page("settings/_store_verdict.html", verdict=verdict, mistakes=mistakes, form=form, is_part=True)
    return _page(store, form, verdict) if store else _new_page(form, verdict)


def _stale(store: Store) -> AnyResponse:
    """Somebody else saved meanwhile: both values at each field."""
    sent = store_form.as_sent(request.form, {}, None, store)
    mistakes = conflict.both(store_changes.told(store), sent.values)
    return _page(store, replace(sent, mistakes=mistakes), status=409)


def _tell(verdict: Verdict) -> None:
    if not verdict.ok:
        flash(f"{verdict.sentence} {verdict.next_step}".strip(), "bad")


def _like() -> Store | None:
    """The store whose shop and credentials another store view is added with."""
    return accounts.store_named(request.form.get("like", ""))


def _find(key: str) -> Store:
    store = accounts.store_named(key)
    return store if store and store.key == key else abort(404, "There is no such store. It may have been removed.")


def _back(key: str) -> AnyResponse:
    return redirect(url_for("store_settings.show", key=key), 303)


def _new_page(form: StoreForm, verdict: Verdict | None = None, status: int = 200) -> AnyResponse:
    return make_response(page("settings/store_new.html", form=form, verdict=verdict, cron=stock.cron()), status)


def _remove_page(store: Store, trouble: str = "", mistake: str = "", status: int = 200) -> AnyResponse:
    tied = [account for account in accounts.everyone() if account.store.id == store.id]
    shown = page("settings/store_remove.html", store=store, tied=tied, trouble=trouble, mistake=mistake)
    return make_response(shown, status)


def _page(
    store: Store,
    form: StoreForm,
    verdict: Verdict | None = None,
    status: int = 200,
    made: dict[str, str] | None = None,
) -> AnyResponse:
    known = shop_choices.found_in(store.id)
    shown = page(
        "settings/store.html",
        store=store,
        form=form,
        verdict=verdict,
        seen=conflict.seen(request.form, store_form.of_store(store).values, status),
        tied=[account for account in accounts.everyone() if account.store.id == store.id],
        found=known[0] if known else None,
        found_at=known[1] if known else None,
        reading=stock.reading(store),
        stock_warning=stock.warning(store),
        cron=stock.cron(store),
        makes_wfs_orders=stock.makes_wfs_orders(store),
        changes=store_changes.recent(store.id),
        modes=store_webhooks.MODES,
        proof=store_webhooks.told(store.webhook_auth),
        has_old_proof=store_webhooks.has_former(store.webhook_auth),
        last_event=store_webhooks.last_event(store.id),
        refused=refusals.of_store(store.id, store.webhook_auth),
        reasons=refusals.NAMES,
        made=made,
        webhook_url=public_webhook_url("magento", store.key),
        hides_secret=store.webhook_auth.mode == "none",
        is_public=current().is_https,
        zone=store.time_zone,
    )
    return make_response(shown, status)
