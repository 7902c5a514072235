"""`stores add|list`."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import select

from webapp import accounts, demo
from webapp.accounts import NewStore, Refused
from webapp.cli.saying import as_json, plainly, show, show_added
from webapp.connectors.magento import MagentoStore, StoreView
from webapp.models import StoreRow, db
from webapp.neighbours import call_shop
from webapp.unit_of_work import unit_of_work

stores = AppGroup("stores", help="Magento stores.")


@stores.command("add")
@click.argument("name")
@click.option("--url", required=True, help="The shop's base address, for instance https://shop.example.")
@click.option("--token", required=True, help="The integration's access token.")
@click.option("--admin-url", default="", help="The admin's address, for links to orders and products.")
@click.option("--store-view", default="", help="The store view's code; the shop's first one where not given.")
@click.option("--mode", type=click.Choice(["direct"]), default="direct", help="How orders are created.")
@as_json
@plainly
def stores_add(name: str, url: str, token: str, admin_url: str, store_view: str, mode: str, as_json: bool) -> None:
    """Connect a Magento store view."""
    view, currency, time_zone = _look_at_shop(url.rstrip("/"), token, store_view)
    new = NewStore(
        name=name,
        url=url,
        token=token,
        admin_url=admin_url,
        store_view=view.code,
        store_id=view.id,
        currency=currency,
        time_zone=time_zone,
        mode=mode,
    )
    with unit_of_work() as work:
        row = accounts.add_store(work, new)
    demo.stop()
    show_added("magento", row, new.webhook_auth, as_json)


@stores.command("list")
@as_json
def stores_list(as_json: bool) -> None:
    """All stores."""
    rows = db.session.execute(select(StoreRow).order_by(StoreRow.id)).scalars().all()
    document = [{"key": row.key, "name": row.name, "url": row.url, "mode": row.mode} for row in rows]
    show(document, as_json, "\n".join(f"{row.name}  {row.url}" for row in rows) or "No store yet.")


def _look_at_shop(url: str, token: str, wanted: str) -> tuple[StoreView, str, str]:
    """The store view, its base currency and its time zone, as the shop itself says."""
    magento = call_shop(MagentoStore(url=url, token=token))
    views = [view for view in magento.store_views() if view.id != 0]
    chosen = next((view for view in views if wanted in ("", view.code)), None)
    if chosen is None:
        codes = ", ".join(view.code for view in views)
        raise Refused(f"The shop has no store view {wanted or 'at all'}. It has: {codes or 'none'}.")
    config = magento.store_config(chosen.code)
    currency = config.base_currency if config and config.base_currency else "USD"
    return chosen, currency, config.time_zone if config and config.time_zone else "UTC"
