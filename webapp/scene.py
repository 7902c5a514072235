"""Everything that carrying out one command needs: the claim, the account, both neighbours, what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webapp import accounts, clock, order_rows, turns
from webapp.accounts import Account
from webapp.claims import Claim
from webapp.connectors.http import ConnectorError
from webapp.domain.commands import Side
from webapp.domain.corrected import Corrected
from webapp.domain.order import Order
from webapp.domain.plan import Choices
from webapp.domain.shop import Behind, ShopOrder
from webapp.neighbours import Neighbours, call_both
from webapp.outbox import Task, Trial, Unneeded
from webapp.queue import Bell
from webapp.turns import Wake
from webapp.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class Scene:
    """One order, held, with one command to carry out."""

    claim: Claim
    task: Task
    account: Account
    both: Neighbours
    stored: Order
    magento_order_id: int | None
    increment_id: str = ""
    choices: Choices = field(default_factory=Choices)
    behind: tuple[Behind, ...] = ()
    former: frozenset[int] = field(default_factory=frozenset)
    links: Mapping[str, str] = field(default_factory=dict)
    """The shop's SKUs that a person linked on this order, by Walmart's."""
    correction: Corrected | None = None
    shop_is_gone: bool = False
    """Two reads have shown that the Magento order is deleted."""


def set_up(claim: Claim, task: Task, trial: Trial) -> Scene:
    """The scene of one try. Raises Unneeded where the order was never read."""
    account = accounts.by_id(claim.account_id)
    row = order_rows.find(claim.sync_id)
    if row is None:
        raise Unneeded("The order was never read from Walmart.")
    return Scene(
        claim=claim,
        task=task,
        account=account,
        both=call_both(account, trial.calls.append, claim),
        stored=order_rows.to_order(row),
        magento_order_id=row.magento_order_id,
        increment_id=row.magento_increment_id or "",
        choices=order_rows.choices(row),
        behind=order_rows.way_back(row),
        former=_ids(row.magento_former or ()),
        links=order_rows.links(row),
        correction=order_rows.correction(row),
        shop_is_gone=row.magento_is_gone,
    )


def read_again(scene: Scene) -> Order:
    """The order at Walmart right before acting, priced as first read."""
    order = scene.both.walmart.get_order(scene.claim.po)
    if order is None:
        raise ConnectorError("Walmart does not show this order at the moment.", side=Side.WALMART)
    return order_rows.with_first_prices(order, scene.stored)


def shop_again(scene: Scene) -> ShopOrder:
    """The Magento order right before acting. Raises Unneeded where there is none any more.

    One that a single read does not show is not given up: the order's own turn looks twice.
    """
    if scene.magento_order_id is None:
        raise Unneeded("No Magento order is linked.")
    shop = scene.both.magento.get_order(scene.magento_order_id)
    if shop is None and scene.shop_is_gone:
        raise Unneeded("The Magento order was deleted.")
    if shop is None:
        with unit_of_work() as work:
            turns.wake(work, [Wake(scene.claim.account_id, scene.claim.po, clock.now())])
            work.ring(Bell.INBOUND)
        raise ConnectorError("Magento does not show the order at the moment.", side=Side.MAGENTO)
    return shop


def _ids(former: Sequence[dict[str, object]]) -> frozenset[int]:
    return frozenset(int(str(one["order_id"])) for one in former)
