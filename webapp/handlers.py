"""How each command is carried out: read what it rests on, adopt what is there already, then act once."""

from __future__ import annotations

from functools import partial
from typing import assert_never

from sqlalchemy import update

from webapp import clock, creation, new_products
from webapp.claims import Claim
from webapp.connectors.http import ConnectorError
from webapp.domain.commands import (
    AcknowledgeOrder,
    CreateInvoice,
    CreateMagentoOrder,
    CreateProduct,
    SetMagentoStatus,
)
from webapp.domain.order import ACKNOWLEDGED, CREATED, Order
from webapp.domain.plan import needs_acknowledgement
from webapp.domain.policy import ACKNOWLEDGE_WITHIN
from webapp.domain.shop import CLOSED_STATES
from webapp.models import OrderRow
from webapp.outbox import Outcome, Task, Trial, Unneeded
from webapp.scene import Scene, read_again, set_up
from webapp.unit_of_work import Work

STATES = frozenset({"processing"})
"""Statuses that are a state of their own as well; any other one stands within the state that the order has."""


def perform(claim: Claim, task: Task, trial: Trial) -> Outcome:
    """Carry one command out under the order's claim. Raises ConnectorError, Refusal or Unneeded."""
    scene = set_up(claim, task, trial)
    match task.command:
        case AcknowledgeOrder():
            return _acknowledge(scene)
        case CreateMagentoOrder():
            return creation.create(scene)
        case CreateProduct(sku, _):
            return new_products.create(scene, sku)
        case CreateInvoice():
            return _invoice(scene)
        case SetMagentoStatus(status, _):
            return _set_status(scene, status)
        case _:
            assert_never(task.command)


def _acknowledge(scene: Scene) -> Outcome:
    order = read_again(scene)
    if not needs_acknowledgement(order):
        return Outcome("Nothing is left to acknowledge; Walmart shows the order as taken.")
    _send_acknowledgement(scene, order)
    if clock.now() <= order.ordered_at + ACKNOWLEDGE_WITHIN:
        return Outcome("Walmart took the acknowledgement.")
    return Outcome("Walmart took the acknowledgement, after the four hours it asks for.", partial(_mark_late, scene))


def _send_acknowledgement(scene: Scene, order: Order) -> None:
    """Whole where Walmart allows it; by line where some units are canceled or shipped already."""
    counts = order.counts()
    if counts[CREATED] + counts[ACKNOWLEDGED] == sum(counts.values()):
        scene.both.walmart.acknowledge(order.po)
        return
    open_lines = {line.number: line.counts()[CREATED] for line in order.lines if line.counts()[CREATED]}
    scene.both.walmart.acknowledge_lines(order.po, open_lines)


def _mark_late(scene: Scene, work: Work) -> None:
    work.execute(update(OrderRow).where(OrderRow.sync_id == scene.claim.sync_id).values(acknowledged_late=True))


def _invoice(scene: Scene) -> Outcome:
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


def _set_status(scene: Scene, status: str) -> Outcome:
    """Change the status alone; an order that is complete, closed, canceled or held is never moved back."""
    if scene.magento_order_id is None:
        raise Unneeded("No Magento order is linked.")
    shop = scene.both.magento.get_order(scene.magento_order_id)
    if shop is None:
        raise Unneeded("The Magento order was deleted.")
    if shop.state in CLOSED_STATES:
        raise Unneeded(f"The Magento order is {shop.status or shop.state} by now and stays so.")
    if shop.status == status:
        return Outcome(f"The Magento order is {status} already.")
    state = {"state": status} if status in STATES else {}
    scene.both.magento.update_order({"entity_id": shop.entity_id, "status": status, **state})
    return Outcome(f"Set the Magento order to {status}.")
