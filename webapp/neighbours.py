"""The two neighbours of one account, ready to be called for one piece of work: fenced, recorded, with shared tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webapp.accounts import Account, Store
from webapp.claims import Claim
from webapp.connectors.http import Caller, CallRecord
from webapp.connectors.magento import MagentoClient, MagentoStore
from webapp.connectors.walmart import WalmartClient, fetch_token
from webapp.gate import Gate, ShopGate
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
        magento=MagentoClient(Caller(on_call=on_call, watch=ShopGate(claim)), account.store.connection),
    )


def call_shop(connection: MagentoStore) -> MagentoClient:
    """A client for a shop that is not stored yet."""
    return MagentoClient(Caller(watch=ShopGate()), connection)


def call_magento(store: Store, on_call: Callable[[CallRecord], None]) -> MagentoClient:
    """A client for a store alone, for reads that belong to no order."""
    return MagentoClient(Caller(on_call=on_call, watch=ShopGate()), store.connection)
