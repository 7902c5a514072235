"""Creating switched on later: how many orders that means is said first, then the workers create them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, false, func, or_, select, true, update

from webapp import clock
from webapp.domain.commands import CommandState, CreateMagentoOrder
from webapp.domain.hold_rules import HELD, skus_of
from webapp.domain.order import SELLER_FULFILLED, OrderStatus
from webapp.domain.policy import Policy
from webapp.models import CommandRow, LineRow, OrderRow, SyncRow, db
from webapp.queue import Bell
from webapp.unit_of_work import Work

KIND = CreateMagentoOrder.__name__


def count(account_id: int, policy: Policy, *, only_held: bool = False) -> int:
    """How many stored orders would be created in Magento under this policy, as far as their products are there.

    `only_held`: of those alone that a rule holds now. A rule about addresses lets fewer through than are counted.
    """
    late = _late(account_id, policy)
    if only_held:
        late = late.where(cast(OrderRow.waiting_for, Text).contains(HELD, autoescape=True))
    return int(db.session.execute(select(func.count()).select_from(late.subquery())).scalar_one())


def number_of(orders: int, policy: Policy) -> str:
    """So many orders, in words: where addresses are still to be judged, no more than so many."""
    words = "1 order" if orders == 1 else f"{orders} orders"
    return f"Up to {words}" if policy.hold_addresses else words


def say(orders: int, policy: Policy) -> str:
    """What follows, as a sentence, to be read before the setting is saved; empty where nothing does."""
    return f"{number_of(orders, policy)} will be created in Magento as soon as this is saved." if orders else ""


def start(work: Work, account_id: int, policy: Policy) -> int:
    """Let all of them be created, by the workers; returns how many were set going."""
    late = _late(account_id, policy).subquery()
    turns = update(SyncRow).where(SyncRow.id.in_(select(late.c.sync_id)))
    work.ring(Bell.INBOUND)
    return work.changed(turns.values(look_again_at=clock.now(), hints=SyncRow.hints + 1, tries=0))


def _late(account_id: int, policy: Policy) -> Select[int]:
    """Orders without a Magento order that the policy asks for and nobody is at or has given up."""
    held = exists().where(
        CommandRow.sync_id == OrderRow.sync_id,
        CommandRow.kind == KIND,
        or_(
            CommandRow.state.in_((CommandState.QUEUED, CommandState.RUNNING, CommandState.PARKED)),
            CommandRow.dismissed_by != "",
        ),
    )
    return select(OrderRow.sync_id).where(
        OrderRow.account_id == account_id,
        OrderRow.magento_order_id.is_(None),
        OrderRow.status != OrderStatus.CANCELED.value,
        _wanted(policy),
        ~held,
        *_not_held_back(policy),
    )


def _not_held_back(policy: Policy) -> Iterator[ColumnElement[bool]]:
    """What the rules that hold orders let through, as far as a row tells: an address is judged order by order."""
    never_held = OrderRow.ship_node != SELLER_FULFILLED
    if policy.hold_above is not None:
        yield or_(never_held, OrderRow.total <= policy.hold_above)
    skus = skus_of(policy.hold_skus)
    if skus:
        named = exists().where(LineRow.order_id == OrderRow.id, func.lower(LineRow.sku).in_(skus))
        yield or_(never_held, ~named)


def _wanted(policy: Policy) -> ColumnElement[bool]:
    """The same rules as the plan's, asked of many orders at once."""
    by_seller = OrderRow.ship_node == SELLER_FULFILLED
    since = OrderRow.ordered_at >= policy.import_since if policy.import_since else true()
    own = and_(by_seller, since) if policy.create_orders else false()
    return or_(own, ~by_seller if policy.create_wfs_orders else false())
