"""`stores add|list|set|test|pause|resume|remove|stock`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup

from webapp import accounts, demo, shop_choices, stock, store_changes, store_test
from webapp.accounts import NewStore, Refused, Store
from webapp.cli.saying import as_json, fail, plainly, show, show_added
from webapp.connectors.magento import MagentoStore
from webapp.connectors.magento_admin import AdminUser
from webapp.connectors.magento_oauth import OAuthKeys
from webapp.domain.creation_settings import CART, DIRECT
from webapp.store_changes import StoreChange, View
from webapp.store_test import Verdict

stores = AppGroup("stores", help="Magento stores.")

BY = "command line"
OAUTH_HELP = "KEY:SECRET:TOKEN:TOKENSECRET of the integration; works where Bearer tokens are switched off."
MODE_HELP = (
    "How orders are created: direct keeps Walmart's numbers and needs a cron line on the shop's host; cart holds stock."
)
USER_HELP = "A user of the shop's admin without a second factor; where no integration can be made."


def admin_options(command: Callable[..., None]) -> Callable[..., None]:
    """The third way in. The password is never an argument, which others on this machine could read."""
    user = click.option("--admin-user", default="", help=USER_HELP)
    return user(
        click.option("--admin-password-stdin", is_flag=True, help="Read its password from standard input.")(command)
    )


mode_option = click.option("--mode", type=click.Choice([DIRECT, CART]), default=None, help=MODE_HELP)


@stores.command("add")
@click.argument("name")
@click.option("--url", required=True, help="The shop's base address, for instance https://shop.example.")
@click.option("--token", default="", help="The integration's access token.")
@click.option("--oauth", default="", help=OAUTH_HELP)
@admin_options
@click.option("--admin-url", default="", help="The admin's address, for links to orders and products.")
@click.option("--store-view", default="", help="The store view's code; the shop's first one where not given.")
@mode_option
@as_json
@plainly
def stores_add(name: str, mode: str | None, as_json: bool, **given: Any) -> None:
    """Connect a Magento store view, by a token, by four keys or as an admin user."""
    keys = _keys(given)
    if keys == (None, None, None):
        raise Refused(
            "Give --token or --oauth; both are shown in Magento under System > Integrations. Or --admin-user with "
            "--admin-password-stdin."
        )
    token, oauth, admin = keys
    chosen = mode or DIRECT
    connection = MagentoStore(given["url"], token or "", given["store_view"], oauth=oauth, admin=admin)
    verdict = store_test.try_store(connection, chosen)
    view = _usable(verdict)
    new = NewStore(
        name=name,
        url=given["url"],
        token=token or "",
        oauth=oauth,
        admin=admin,
        admin_url=given["admin_url"],
        store_view=view.code,
        store_id=view.store_id,
        currency=view.currency,
        time_zone=view.time_zone,
        mode=chosen,
    )
    row = store_changes.add(new, BY)
    shop_choices.keep_found(row.id, verdict.found)
    demo.stop()
    show_added("magento", row, new.webhook_auth, as_json)
    if not verdict.ok:
        click.echo(f"{verdict.sentence} {verdict.next_step}", err=True)
    if new.mode == DIRECT and not as_json:
        click.echo(f"Magento holds no stock for its orders until this line runs on the shop's host:\n  {stock.cron()}")


@stores.command("list")
@as_json
@plainly
def stores_list(as_json: bool) -> None:
    """All stores."""
    found = accounts.stores()
    lines = [f"{one.name}  {one.connection.url}  {one.mode}{', paused' * one.is_paused}" for one in found]
    show([_shown(one) for one in found], as_json, "\n".join(lines) or "No store yet.")


@stores.command("set")
@click.argument("name")
@click.option("--rename", help="The store's new name.")
@click.option("--url", help="The shop's base address.")
@click.option("--token", help="A new access token.")
@click.option("--oauth", default="", help=OAUTH_HELP)
@admin_options
@click.option("--admin-url", help="The admin's address.")
@click.option("--store-view", help="The store view's code.")
@mode_option
@as_json
@plainly
def stores_set(name: str, as_json: bool, **given: Any) -> None:
    """Change a store; what is not given stays."""
    store = find(name)
    token, oauth, admin = _keys(given)
    verdict = None
    if given["store_view"] or given["url"]:
        verdict = store_test.try_store(_connection(store, given), given["mode"] or store.mode)
    wanted = StoreChange(
        name=given["rename"],
        url=given["url"],
        public_only=False,
        admin_url=given["admin_url"],
        token=token,
        oauth=oauth,
        admin=admin,
        view=_usable(verdict) if verdict else None,
        mode=given["mode"],
    )
    logged = store_changes.change(store.id, wanted, BY)
    shop_choices.keep_found(store.id, verdict.found if verdict else None)
    document = [{"setting": one.setting, "before": one.before, "after": one.after} for one in logged]
    lines = [f"{one.setting}: {one.before or '—'} → {one.after or '—'}" for one in logged]
    show(document, as_json, "\n".join(lines) or "Nothing is different.")


@stores.command("test")
@click.argument("name")
@as_json
@plainly
def stores_test(name: str, as_json: bool) -> None:
    """Try everything that is needed of the shop, and say what is in the way."""
    store = find(name)
    verdict = store_test.try_store(store.connection, store.mode)
    shop_choices.keep_found(store.id, verdict.found)
    rights = [
        {"name": one.right.name, "use": one.right.use, "given": one.is_given, "missed": one.is_missed}
        for one in verdict.rights
    ]
    found = asdict(verdict.found) if verdict.found else None
    document = {"cause": verdict.cause, "ok": verdict.ok, "sentence": verdict.sentence, "next_step": verdict.next_step}
    show({**document, "found": found, "rights": rights}, as_json, f"{verdict.sentence} {verdict.next_step}".strip())
    if not verdict.ok:
        sys.exit(1)


@stores.command("stock")
@click.argument("name")
@as_json
@plainly
def stores_stock(name: str, as_json: bool) -> None:
    """Read whether the shop's stock agrees with its open orders, and say what keeps it right."""
    store = find(name)
    last = stock.read(store)
    drifts = [{"sku": one.sku, "drift": str(one.amount), "salable": str(one.salable)} for one in last.drifts]
    document = {"state": last.state, "right_at": last.right_at, "drifts": drifts, "cron": stock.cron(store)}
    show(document, as_json, stock.words(store))


@stores.command("pause")
@click.argument("name")
@as_json
@plainly
def stores_pause(name: str, as_json: bool) -> None:
    """Stop all work with a store; webhooks are still stored."""
    store_changes.pause(find(name).id, BY)
    show(_shown(find(name)), as_json, f"{name} is paused. Nothing is read from it or written to it.")


@stores.command("resume")
@click.argument("name")
@as_json
@plainly
def stores_resume(name: str, as_json: bool) -> None:
    """Work with a store again; what waited is due at once."""
    store_changes.resume(find(name).id, BY)
    show(_shown(find(name)), as_json, f"{name} works again; what waited goes on now.")


@stores.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@plainly
def stores_remove(name: str, yes: bool, as_json: bool) -> None:
    """Remove a store that no account uses; the shop itself stays as it is."""
    store = find(name)
    if not yes and not click.confirm(f"Remove {store.name}?"):
        fail("Nothing was removed.")
    store_changes.remove(store.id, BY)
    show({"removed": store.name}, as_json, f"{store.name} is removed.")


def find(name: str) -> Store:
    """The store of this name or key; ends with a sentence where there is none."""
    store = accounts.store_named(name)
    return store or fail(f"There is no store named {name}.")


def _shown(store: Store) -> dict[str, Any]:
    return {
        "key": store.key,
        "name": store.name,
        "url": store.connection.url,
        "store_view": store.connection.store_view,
        "currency": store.currency,
        "mode": store.mode,
        "paused": store.is_paused,
    }


def _connection(store: Store, given: dict[str, Any]) -> MagentoStore:
    """As the store will be reached once the change is made."""
    kept = store.connection
    token, oauth, admin = _keys(given)
    if (token, oauth, admin) == (None, None, None):
        token, oauth, admin = kept.token, kept.oauth, kept.admin
    view = given["store_view"] or kept.store_view
    return MagentoStore(given["url"] or kept.url, token or "", view, oauth=oauth, admin=admin)


def _usable(verdict: Verdict) -> View:
    """The store view that a test found. Raises Refused with what was in the way."""
    if verdict.view is None:
        raise Refused(f"{verdict.sentence} {verdict.next_step}".strip())
    return View.of(verdict.view)


def _keys(given: dict[str, Any]) -> tuple[str | None, OAuthKeys | None, AdminUser | None]:
    """The way in that was given, at most one. The password is read once and kept in `given`."""
    ways = [bool(given["token"]), bool(given["oauth"]), bool(given["admin_user"] or given["admin_password_stdin"])]
    if sum(ways) > 1:
        raise Refused("Give one way in: --token, --oauth, or --admin-user.")
    return given["token"] or None, _oauth(given["oauth"]), _admin(given)


def _admin(given: dict[str, Any]) -> AdminUser | None:
    if not given["admin_user"] and not given["admin_password_stdin"]:
        return None
    if not given["admin_user"] or not given["admin_password_stdin"]:
        raise Refused("Give --admin-user and --admin-password-stdin together.")
    if "password" not in given:
        given["password"] = sys.stdin.readline().rstrip("\n")
    if not given["password"]:
        raise Refused("Nothing came on standard input. Send the admin user's password there, on one line.")
    return AdminUser(given["admin_user"], given["password"])


def _oauth(given: str) -> OAuthKeys | None:
    parts = given.split(":")
    if not given:
        return None
    if len(parts) != 4 or not all(parts):
        raise Refused("Give --oauth as KEY:SECRET:TOKEN:TOKENSECRET, the four values of the integration in Magento.")
    return OAuthKeys(*parts)
