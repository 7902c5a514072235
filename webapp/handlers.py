"""How each command is carried out: read what it rests on, adopt what is there already, then act once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, assert_never

from sqlalchemy import update

from webapp import accounts, clock, order_rows, outbox
from webapp.accounts import Account
from webapp.claims import Claim
from webapp.connectors.http import ConnectorError
from webapp.domain import magento_entity
from webapp.domain.commands import AcknowledgeOrder, CreateInvoice, CreateMagentoOrder, Side
from webapp.domain.magento_entity import CannotBuild, Target
from webapp.domain.order import ACKNOWLEDGED, CREATED, Order, OrderStatus
from webapp.domain.plan import needs_acknowledgement
from webapp.domain.policy import ACKNOWLEDGE_WITHIN
from webapp.domain.shop import ShopOrder
from webapp.models import ChangeRow, OrderRow
from webapp.neighbours import Neighbours, call_both
from webapp.outbox import Outcome, Refusal, Task, Trial, Unneeded
from webapp.settings import current
from webapp.unit_of_work import Work

DUPLICATE_NUMBER = "duplicate_number"


@dataclass(frozen=True, slots=True)
class _Scene:
    """Everything a handler needs for one order."""

    claim: Claim
    task: Task
    account: Account
    both: Neighbours
    stored: Order
    magento_order_id: int | None


def perform(claim: Claim, task: Task, trial: Trial) -> Outcome:
    """Carry one command out under the order's claim. Raises ConnectorError, Refusal or Unneeded."""
    scene = _scene(claim, task, trial)
    match task.command:
        case AcknowledgeOrder():
            return _acknowledge(scene)
        case CreateMagentoOrder():
            return _create(scene)
        case CreateInvoice():
            return _invoice(scene)
        case _:
            assert_never(task.command)


def _scene(claim: Claim, task: Task, trial: Trial) -> _Scene:
    account = accounts.by_id(claim.account_id)
    row = order_rows.find(claim.sync_id)
    if row is None:
        raise Unneeded("The order was never read from Walmart.")
    return _Scene(
        claim=claim,
        task=task,
        account=account,
        both=call_both(account, trial.calls.append, claim),
        stored=order_rows.to_order(row),
        magento_order_id=row.magento_order_id,
    )


def _read_again(scene: _Scene) -> Order:
    """The order at Walmart right before acting, priced as first read."""
    order = scene.both.walmart.get_order(scene.claim.po)
    if order is None:
        raise ConnectorError("Walmart does not show this order at the moment.", side=Side.WALMART)
    return order_rows.with_first_prices(order, scene.stored)


def _acknowledge(scene: _Scene) -> Outcome:
    order = _read_again(scene)
    if not needs_acknowledgement(order):
        return Outcome("Nothing is left to acknowledge; Walmart shows the order as taken.")
    _send_acknowledgement(scene, order)
    if clock.now() <= order.ordered_at + ACKNOWLEDGE_WITHIN:
        return Outcome("Walmart took the acknowledgement.")
    return Outcome("Walmart took the acknowledgement, after the four hours it asks for.", partial(_mark_late, scene))


def _send_acknowledgement(scene: _Scene, order: Order) -> None:
    """Whole where Walmart allows it; by line where some units are canceled or shipped already."""
    counts = order.counts()
    if counts[CREATED] + counts[ACKNOWLEDGED] == sum(counts.values()):
        scene.both.walmart.acknowledge(order.po)
        return
    open_lines = {line.number: line.counts()[CREATED] for line in order.lines if line.counts()[CREATED]}
    scene.both.walmart.acknowledge_lines(order.po, open_lines)


def _mark_late(scene: _Scene, work: Work) -> None:
    work.execute(update(OrderRow).where(OrderRow.sync_id == scene.claim.sync_id).values(acknowledged_late=True))


def _create(scene: _Scene) -> Outcome:
    order = _read_again(scene)
    if order.status is OrderStatus.CANCELED and not scene.task.was_sent:
        raise Unneeded("Canceled at Walmart before the Magento order was made.")
    sent = _freeze(scene, order)
    found = _find(scene, sent)
    if found is not None:
        return _link(scene, found, sent, f"Found Magento order {found.increment_id} and linked it.")
    if order.status is OrderStatus.CANCELED:
        raise _called_off(scene)
    try:
        created = scene.both.magento.create_order(sent["body"])
    except ConnectorError as error:
        if error.code != DUPLICATE_NUMBER:
            raise
        adopted = _find(scene, sent)
        if adopted is None:
            raise _number_taken(sent) from error
        return _link(scene, adopted, sent, f"Magento order {adopted.increment_id} was there already; linked it.")
    return _link(scene, created, sent, f"Created Magento order {created.increment_id}.")


def _called_off(scene: _Scene) -> Exception:
    """Nothing more is sent. What was sent may still arrive, so it is not believed to be lost at once."""
    before, settles = scene.task.tried_before, scene.account.policy.settle_after
    if before is not None and clock.now() - before < settles:
        return ConnectorError(
            "Canceled at Walmart; looking whether Magento made the order after all.", side=Side.MAGENTO
        )
    return Unneeded("Canceled at Walmart, and Magento did not make the order.")


def _freeze(scene: _Scene, order: Order) -> dict[str, Any]:
    """The payload that goes out; built once, kept in the command's row before the first send."""
    if scene.task.was_sent and scene.task.frozen is not None:
        return scene.task.frozen
    policy, store = scene.account.policy, scene.account.store
    number = policy.prefix(by_seller=order.is_fulfilled_by_seller) + order.po
    target = Target(
        store_id=store.store_id,
        currency=store.currency,
        increment_id=number,
        back_link=_back_link(scene.account, order.po),
    )
    products = scene.both.magento.find_products(sorted({line.sku for line in order.lines}))
    missing = sorted({line.sku for line in order.lines if line.uncancelled > 0} - products.keys())
    if missing:
        raise Unneeded(f"No product {', '.join(missing)} in Magento any more; the order waits for it.")
    try:
        entity = magento_entity.build(order, products, target)
    except CannotBuild as problem:
        raise Refusal(str(problem)) from problem
    payload = {
        "body": entity.body,
        "increment_id": number,
        "ext_order_id": order.po,
        "store_id": store.store_id,
        "grand_total": str(entity.grand_total),
        "made_up": list(entity.made_up),
    }
    return outbox.freeze(scene.claim, scene.task, payload)


def _find(scene: _Scene, sent: dict[str, Any]) -> ShopOrder | None:
    """The Magento order that this command made earlier, or that another connector made for the same PO."""
    magento, po = scene.both.magento, sent["ext_order_id"]
    numbered = magento.find_orders(increment_ids=(sent["increment_id"], po), store_id=sent["store_id"])
    for order in numbered + magento.find_orders(ext_order_ids=(po,)):
        agrees = order.grand_total == Decimal(sent["grand_total"])
        if order.increment_id == sent["increment_id"] and order.store_id == sent["store_id"]:
            if order.ext_order_id != po or not agrees:
                raise _number_taken(sent)
            return order
        if not order.is_canceled:
            if agrees:
                return order
            raise Refusal(
                f"Magento order {order.increment_id} carries this PO but its total is {order.grand_total}, not "
                f"{sent['grand_total']}. Compare the two; cancel it in Magento or dismiss this, then try again."
            )
    return None


def _number_taken(sent: dict[str, Any]) -> Refusal:
    return Refusal(
        f"Magento has another order with the number {sent['increment_id']}. Choose another number prefix in the "
        "account's settings, then try again."
    )


def _link(scene: _Scene, shop: ShopOrder, sent: dict[str, Any], sentence: str) -> Outcome:
    return Outcome(sentence, partial(_record_link, scene, shop, sent))


def _record_link(scene: _Scene, shop: ShopOrder, sent: dict[str, Any], work: Work) -> None:
    work.execute(
        update(OrderRow)
        .where(OrderRow.sync_id == scene.claim.sync_id)
        .values(
            magento_order_id=shop.entity_id,
            magento_increment_id=shop.increment_id,
            magento_state=shop.state,
            magento_status=shop.status,
            made_up=sent["made_up"],
            changed_at=clock.now(),
        )
    )
    if sent["made_up"]:
        sentence = f"Walmart gave no {' and no '.join(sent['made_up'])}; filled in because Magento demands a value."
        work.add(
            ChangeRow(sync_id=scene.claim.sync_id, at=clock.now(), kind="made_up", by=outbox.RULE, sentence=sentence)
        )


def _invoice(scene: _Scene) -> Outcome:
    if scene.magento_order_id is None:
        raise Unneeded("No Magento order is linked.")
    shop = scene.both.magento.get_order(scene.magento_order_id)
    if shop is None:
        raise Unneeded("The Magento order was deleted.")
    if shop.is_invoiced:
        return Outcome("The Magento order is invoiced already.")
    try:
        invoice_id = scene.both.magento.invoice(shop.entity_id)
    except ConnectorError as error:
        again = scene.both.magento.get_order(shop.entity_id) if error.permanent else None
        if again is not None and again.is_invoiced:
            return Outcome("The Magento order is invoiced already.")
        raise
    return Outcome(f"Magento made invoice {invoice_id}.")


def _back_link(account: Account, po: str) -> str:
    public = current().public_url
    return f"{public}/orders/{account.key}/{po}" if public else ""
