"""Tries a Magento store, stored or only typed: each thing that Orderbridge needs, with what to do where it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webapp.connectors.http import Caller, ConnectorError, Limits
from webapp.connectors.magento import MagentoClient, MagentoStore
from webapp.gate import PageGate
from webapp.store_changes import View

LIMITS = Limits(connect_seconds=4, total_seconds=10)
"""Somebody waits in front of the page."""


class NoView(Exception):
    """The shop has no such store view; the message names those it has."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried."""

    what: str
    ok: bool
    sentence: str


def client(connection: MagentoStore) -> MagentoClient:
    """A client for somebody who waits."""
    return MagentoClient(Caller(limits=LIMITS, watch=PageGate()), connection)


def try_store(connection: MagentoStore, mode: str) -> list[Check]:
    """Read a little of everything that is needed. Nothing is changed in the shop or stored, and nothing is raised."""
    magento = client(connection)
    first = _one("orders", "Orders can be read.", lambda: magento.find_orders(increment_ids=("0",)))
    return [first, *(_rest(magento, connection, mode) if first.ok else ())]


def look(connection: MagentoStore, wanted: str) -> View:
    """The store view, its base currency and its time zone, as the shop itself says. Raises NoView, ConnectorError."""
    magento = client(connection)
    views = magento.store_views()
    chosen = next((view for view in views if wanted in ("", view.code)), None)
    if chosen is None:
        codes = ", ".join(view.code for view in views)
        raise NoView(f"The shop has no store view {wanted or 'at all'}. It has: {codes or 'none'}.")
    config = magento.store_config(chosen.code)
    return View(
        chosen.code,
        chosen.id,
        config.base_currency if config and config.base_currency else "USD",
        config.time_zone if config and config.time_zone else "UTC",
    )


def _rest(magento: MagentoClient, connection: MagentoStore, mode: str) -> Iterator[Check]:
    yield _one(
        "store view",
        f"The store view {connection.store_view} is there.",
        lambda: look(connection, connection.store_view),
    )
    yield _one("products", "Products can be read.", lambda: magento.find_products(["0"]))
    yield _one("regions", "Regions can be read.", lambda: magento.regions("US"))
    if mode == "direct":
        yield _one("stock", "Stock can be read.", lambda: magento.stock.of_website(_website(magento, connection)))


def _website(magento: MagentoClient, connection: MagentoStore) -> str:
    of_view = {view.code: view.website_id for view in magento.store_views()}
    return magento.stock.websites().get(of_view.get(connection.store_view, 1), "base")


def _one(what: str, well: str, ask: Callable[[], object]) -> Check:
    try:
        ask()
    except ConnectorError as error:
        return Check(what, False, error.message)
    except NoView as missing:
        return Check(what, False, str(missing))
    return Check(what, True, well)
