"""The two neighbours of one account, ready to be called for one piece of work: fenced, recorded, with shared tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webapp.accounts import Account, Store
from webapp.claims import Claim
from webapp.connectors.http import Caller, CallRecord, Limits
from webapp.connectors.magento import MagentoClient
from webapp.connectors.magento_admin import fetch_admin_token
from webapp.connectors.walmart import WalmartClient, fetch_token
from webapp.gate import Gate, PageGate, ShopGate
from webapp.models import StoreTokenRow
from webapp.shop_health import ShopHealth
from webapp.tokens import SharedToken


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Clients for both sides of one account."""

    walmart: WalmartClient
    magento: MagentoClient


def call_both(account: Account, on_call: Callable[[CallRecord], None], claim: Claim | None = None) -> Neighbours:
    """Clients that put each call on record, keep Walmart's limits and, given a claim, prove it before each effect."""
    gated = Caller(on_call=on_call, watch=Gate(account, claim))
    token = SharedToken(account.id, lambda: fetch_token(gated, account.connection))
    return Neighbours(
        walmart=WalmartClient(gated, account.connection, token),
        magento=_shop(account.store, Caller(on_call=on_call, watch=_shop_gate(account.store, claim))),
    )


def call_magento(store: Store, on_call: Callable[[CallRecord], None]) -> MagentoClient:
    """A client for a store alone, for reads that belong to no order."""
    return _shop(store, Caller(on_call=on_call, watch=_shop_gate(store)))


def call_magento_briefly(store: Store, limits: Limits) -> MagentoClient:
    """A client for somebody who waits in front of a page, within `limits`."""
    return _shop(store, Caller(limits=limits, watch=PageGate()))


def _shop_gate(store: Store, claim: Claim | None = None) -> ShopGate:
    return ShopGate(ShopHealth(store.id, is_failing=store.is_failing), claim)


def _shop(store: Store, caller: Caller) -> MagentoClient:
    """With the token that all workers share, where the store is entered as an admin user."""
    connection, user = store.connection, store.connection.admin
    if user is None:
        return MagentoClient(caller, connection)
    tokens = SharedToken(
        store.id,
        lambda: fetch_admin_token(caller, connection.url, user, public_only=connection.public_only),
        StoreTokenRow,
    )
    return MagentoClient(caller, connection, tokens)
