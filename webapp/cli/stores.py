"""`stores add|list|set|test|pause|resume|remove|stock`."""

from __future__ import annotations

import sys
from typing import Any

import click
from flask.cli import AppGroup

from webapp import accounts, demo, stock, store_changes, store_test
from webapp.accounts import NewStore, Refused, Store
from webapp.cli.saying import as_json, fail, plainly, show, show_added
from webapp.connectors.magento import MagentoStore
from webapp.connectors.magento_oauth import OAuthKeys
from webapp.domain.creation_settings import CART, DIRECT
from webapp.store_changes import StoreChange, View
from webapp.unit_of_work import unit_of_work

stores = AppGroup("stores", help="Magento stores.")

BY = "command line"
OAUTH_HELP = "KEY:SECRET:TOKEN:TOKENSECRET of the integration; works where Bearer tokens are switched off."
MODE_HELP = (
    "How orders are created: direct keeps Walmart's numbers and needs a cron line on the shop's host; cart holds stock."
)
mode_option = click.option("--mode", type=click.Choice([DIRECT, CART]), default=None, help=MODE_HELP)


@stores.command("add")
@click.argument("name")
@click.option("--url", required=True, help="The shop's base address, for instance https://shop.example.")
@click.option("--token", default="", help="The integration's access token.")
@click.option("--oauth", default="", help=OAUTH_HELP)
@click.option("--admin-url", default="", help="The admin's address, for links to orders and products.")
@click.option("--store-view", default="", help="The store view's code; the shop's first one where not given.")
@mode_option
@as_json
@plainly
def stores_add(name: str, mode: str | None, as_json: bool, **given: str) -> None:
    """Connect a Magento store view."""
    oauth = _oauth(given["oauth"])
    if not given["token"] and oauth is None:
        raise Refused("Give --token or --oauth; both are shown in Magento under System > Integrations.")
    view = _look(MagentoStore(url=given["url"], token=given["token"], oauth=oauth, store_view=""), given["store_view"])
    new = NewStore(
        name=name,
        url=given["url"],
        token=given["token"],
        oauth=oauth,
        admin_url=given["admin_url"],
        store_view=view.code,
        store_id=view.store_id,
        currency=view.currency,
        time_zone=view.time_zone,
        mode=mode or DIRECT,
    )
    with unit_of_work() as work:
        row = accounts.add_store(work, new)
    demo.stop()
    show_added("magento", row, new.webhook_auth, as_json)
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
@click.option("--admin-url", help="The admin's address.")
@click.option("--store-view", help="The store view's code.")
@mode_option
@as_json
@plainly
def stores_set(name: str, as_json: bool, **given: Any) -> None:
    """Change a store; what is not given stays."""
    store = find(name)
    oauth = _oauth(given["oauth"])
    wanted = StoreChange(
        name=given["rename"],
        url=given["url"],
        admin_url=given["admin_url"],
        token=given["token"],
        oauth=oauth,
        view=_look(_connection(store, given, oauth), given["store_view"] or store.connection.store_view)
        if given["store_view"] or given["url"]
        else None,
        mode=given["mode"],
    )
    logged = store_changes.change(store.id, wanted, BY)
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
    checks = store_test.try_store(store.connection, store.mode)
    document = [{"what": one.what, "ok": one.ok, "sentence": one.sentence} for one in checks]
    show(document, as_json, "\n".join(f"{'ok ' if one.ok else 'NO '} {one.what}: {one.sentence}" for one in checks))
    if not all(one.ok for one in checks):
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
    document = {"state": last.state, "right_at": last.right_at, "drifts": drifts, "cron": stock.cron()}
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


def _connection(store: Store, given: dict[str, Any], oauth: OAuthKeys | None) -> MagentoStore:
    """As the store will be reached once the change is made."""
    kept = store.connection
    has_new_keys = given["token"] is not None or oauth is not None
    return MagentoStore(
        url=given["url"] or kept.url,
        token=(given["token"] or "") if has_new_keys else kept.token,
        oauth=oauth if has_new_keys else kept.oauth,
        store_view="",
    )


def _look(connection: MagentoStore, wanted: str) -> View:
    try:
        return store_test.look(connection, wanted)
    except store_test.NoView as missing:
        raise Refused(str(missing)) from missing


def _oauth(given: str) -> OAuthKeys | None:
    parts = given.split(":")
    if not given:
        return None
    if len(parts) != 4 or not all(parts):
        raise Refused("Give --oauth as KEY:SECRET:TOKEN:TOKENSECRET, the four values of the integration in Magento.")
    return OAuthKeys(*parts)
