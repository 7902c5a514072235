"""Direct mode's stock: read per SKU, judged, and said: until it is seen to be right, its store carries a warning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy import select

from webapp import clock, plain, shop_facts
from webapp.accounts import Store
from webapp.connectors.http import ConnectorError
from webapp.connectors.magento import MagentoClient
from webapp.domain.order import SELLER_FULFILLED, OrderStatus
from webapp.domain.policy import Policy, make_alike
from webapp.domain.stock import Drift, cron_line, drifts
from webapp.models import AccountRow, LineRow, OrderRow, StoreRow, db
from webapp.neighbours import call_magento
from webapp.policy_json import policy_from_json
from webapp.unit_of_work import Work, unit_of_work

FACT = "stock"
MOST_SKUS = 20
SOON, OFTEN, HOURLY = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
CRON_TAKES = timedelta(minutes=15)
"""An order younger than this may not have been seen by the shop's cron line yet."""
OPEN = (OrderStatus.CREATED.value, OrderStatus.UNSHIPPED.value, OrderStatus.PARTIALLY_SHIPPED.value)


class StockState(StrEnum):
    """What the last reading showed."""

    NOT_READ = "not_read"
    NOTHING_TO_SEE = "nothing_to_see"
    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Reading:
    """The last look at a store's stock. `right_at` is when it was last seen to be right."""

    state: StockState = StockState.NOT_READ
    read_at: datetime | None = None
    right_at: datetime | None = None
    drifts: tuple[Drift, ...] = ()
    trouble: str = ""
    """Why the last look failed; what stands beside it is older then."""


Stored = Store | StoreRow


def reading(store: Stored) -> Reading:
    """The last reading, for the store's page."""
    known = shop_facts.get(store.id, FACT)
    return plain.read(known[0], Reading) if known else Reading()


def warning(store: Stored) -> str:
    """What is to be done about a direct store's stock; empty where nothing is."""
    if store.mode != "direct":
        return ""
    last = reading(store)
    if last.state is StockState.WRONG:
        most = ", ".join(f"{one.sku} by {one.too_many:g}" for one in last.drifts if one.is_wrong)
        return f"Magento may sell more than there is ({most}): its cron line is missing or does not run."
    if last.right_at is None:
        return (
            "Magento holds no stock for orders that are created directly until its cron line runs, and it was not seen "
            "to run yet. Set it up on the shop's host; this warning goes once stock was seen to be right."
        )
    return ""


def words(store: Store) -> str:
    """What was last seen of a store's stock and what keeps it right, for its page."""
    if store.mode != "direct":
        return "Orders are created from carts, so Magento holds their stock itself."
    last = reading(store)
    seen = {
        StockState.NOT_READ: "The stock was not read yet.",
        StockState.NOTHING_TO_SEE: "No open order of ours is old enough to judge the stock by.",
        StockState.RIGHT: "Magento holds stock for our open orders as it should.",
        StockState.WRONG: "",
    }[last.state]
    parts = [seen, warning(store), f"It could not be read: {last.trouble}" if last.trouble else ""]
    if warning(store):
        parts.append(f"The line for the crontab on the shop's host: {cron(store)}")
    return " ".join(part for part in parts if part)


def cron(store: Stored | None = None) -> str:
    """The exact line for the crontab on the shop's host; it leaves out the orders that take no stock there."""
    return cron_line(leaves_out=_left_out(store.id) if store else ())


def _left_out(store_id: int) -> frozenset[str]:
    """What the numbers of orders begin with that take no stock: WFS orders whose stock is not managed. Where numbers
    do not tell them from orders that do take stock, none is left out: to sell too little is the lesser harm."""
    policies = _policies(store_id)
    taking = ["", *(policy.number_prefix for policy in policies)]  # the shop's own orders have numbers of digits alone
    found = {policy.unmanaged_prefix for policy in policies}
    return frozenset(one for one in found if one and not any(make_alike(one, other) for other in taking))


def makes_wfs_orders(store: Stored) -> bool:
    """Some account creates orders there that Walmart ships: those are created directly, whatever the store's mode."""
    return any(policy.create_wfs_orders for policy in _policies(store.id))


def _policies(store_id: int) -> Sequence[Policy]:
    rows = db.session.execute(select(AccountRow).where(AccountRow.store_id == store_id)).scalars()
    return [policy_from_json(row.settings, number_prefix=row.number_prefix) for row in rows]


def not_held(store: Stored) -> str:
    """What an order says whose stock may not be held; empty as long as nobody has seen that it is not."""
    if store.mode != "direct" or reading(store).state is not StockState.WRONG:
        return ""
    return "Magento holds no stock for some of our orders: the shop's cron line for it is missing or does not run."


def read(store: Store) -> Reading:
    """Read the stock of what our open orders sell, judge it and keep the reading. Raises ConnectorError."""
    skus, numbers = _sold(store)
    found = _look(call_magento(store, lambda _: None), store, skus, numbers) if skus else ()
    before, now = reading(store), clock.now()
    state = _judge(found)
    last = Reading(state, now, now if state is StockState.RIGHT else before.right_at, found)
    with unit_of_work() as work:
        _keep(work, store, last)
    return last


def read_when_due(store: Store) -> None:
    """Read a direct store's stock now and then: soon again while fresh orders are all that there is to judge by, often
    until it was seen to be right, hourly after that.

    Trouble is kept with the reading and said there; nothing is raised.
    """
    last = reading(store)
    every = HOURLY if last.state is StockState.RIGHT else OFTEN
    if last.state is StockState.NOTHING_TO_SEE and any(one.fresh for one in last.drifts):
        every = SOON
    if store.mode != "direct" or (last.read_at and clock.now() < last.read_at + every):
        return
    try:
        read(store)
    except ConnectorError as error:
        with unit_of_work() as work:
            _keep(work, store, replace(last, read_at=clock.now(), trouble=error.message))


def _keep(work: Work, store: Store, last: Reading) -> None:
    shop_facts.put(work, store.id, FACT, msgspec.to_builtins(asdict(last)))


def _judge(found: tuple[Drift, ...]) -> StockState:
    if any(one.is_wrong for one in found):
        return StockState.WRONG
    return StockState.RIGHT if any(one.is_right for one in found) else StockState.NOTHING_TO_SEE


def _sold(store: Store) -> tuple[list[str], frozenset[str]]:
    """The SKUs of our newest open orders in the store, and the numbers of all our open orders there."""
    ours = (
        select(OrderRow.id, OrderRow.magento_increment_id)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(
            AccountRow.store_id == store.id,
            OrderRow.magento_order_id.is_not(None),
            OrderRow.status.in_(OPEN),
            OrderRow.ship_node == SELLER_FULFILLED,
        )
        .order_by(OrderRow.id.desc())
        .limit(5000)
    )
    rows = db.session.execute(ours).all()
    lines = select(LineRow.sku).where(LineRow.order_id.in_([row.id for row in rows[:100]]))
    skus = dict.fromkeys(db.session.execute(lines.order_by(LineRow.order_id.desc())).scalars())
    return list(skus)[:MOST_SKUS], frozenset(row.magento_increment_id for row in rows)


def _look(magento: MagentoClient, store: Store, skus: list[str], numbers: frozenset[str]) -> tuple[Drift, ...]:
    views, websites = magento.store_views(), magento.stock.websites()
    mine = next((view for view in views if view.id == store.store_id), None)
    sells_from = magento.stock.of_website(websites[mine.website_id] if mine else "base")
    store_ids = [view.id for view in views if websites.get(view.website_id) in sells_from.websites]
    known = {product.sku for product in magento.find_products(skus).values() if product.can_be_ordered}
    shelf = magento.stock.on_the_shelf(known, magento.stock.sources(sells_from.stock_id))
    salable = {sku.casefold(): magento.stock.salable(sku, sells_from.stock_id) for sku in sorted(known)}
    left_out = tuple(_left_out(store.id))
    items = [one for one in magento.stock.open_items(store_ids or [store.store_id]) if not one.is_of(left_out)]
    return drifts(sorted(known), shelf, salable, items, numbers, clock.now() - CRON_TAKES)
