"""How each command is carried out: read what it rests on, adopt what is there already, then act once."""

from __future__ import annotations

from functools import partial
from typing import assert_never

from sqlalchemy import update

from webapp import (
    addresses,
    clock,
    creation,
    mailing,
    mirroring,
    new_products,
    note_copying,
    refunding,
    sending,
    stock_holding,
)
from webapp.claims import Claim
from webapp.domain.commands import (
    AcknowledgeOrder,
    AskAboutMemo,
    BookRefund,
    CancelLines,
    CancelMagentoOrder,
    ConfirmShipment,
    CopyNote,
    CorrectTracking,
    CreateCreditMemo,
    CreateInvoice,
    CreateMagentoOrder,
    CreateProduct,
    CreateShipment,
    RefundLines,
    ReleaseStock,
    ReserveStock,
    SendOrderMail,
    SetMagentoStatus,
    UpdateMagentoAddress,
)
from webapp.domain.order import ACKNOWLEDGED, CREATED, Order
from webapp.domain.plan import needs_acknowledgement
from webapp.domain.policy import ACKNOWLEDGE_WITHIN
from webapp.domain.shop import CLOSED_STATES
from webapp.models import OrderRow
from webapp.outbox import Outcome, Task, Trial, Unneeded
from webapp.scene import Scene, read_again, set_up, shop_again
from webapp.unit_of_work import Work

Across = (
    ConfirmShipment
    | CorrectTracking
    | CancelLines
    | RefundLines
    | BookRefund
    | AskAboutMemo
    | CreateInvoice
    | CreateShipment
    | CancelMagentoOrder
    | CreateCreditMemo
)

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
        case SetMagentoStatus(status, _):
            return _set_status(scene, status)
        case ReserveStock():
            return stock_holding.reserve(scene, task.command)
        case ReleaseStock():
            return stock_holding.release(scene, task.command)
        case SendOrderMail():
            return mailing.send(scene, task.command)
        case UpdateMagentoAddress():
            return addresses.update(scene, task.command)
        case CopyNote():
            return note_copying.copy(scene, task.command)
        case _:
            return _across(scene, task.command)


def _across(scene: Scene, command: Across) -> Outcome:
    """Carry a status from one side to the other."""
    match command:
        case ConfirmShipment():
            return sending.confirm(scene, command)
        case CorrectTracking():
            return sending.correct(scene, command)
        case CancelLines():
            return sending.cancel(scene, command)
        case RefundLines():
            return refunding.refund(scene, command)
        case BookRefund():
            return refunding.book(scene, command)
        case AskAboutMemo():
            return refunding.ask(command)
        case CreateInvoice():
            return mirroring.invoice(scene, command)
        case CreateShipment():
            return mirroring.ship(scene, command)
        case CancelMagentoOrder():
            return mirroring.cancel(scene, command)
        case CreateCreditMemo():
            return mirroring.credit(scene, command)
        case _:
            assert_never(command)


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


def _set_status(scene: Scene, status: str) -> Outcome:
    """Change the status alone; an order that is complete, closed, canceled or held is never moved back."""
    shop = shop_again(scene)
    if shop.state in CLOSED_STATES:
        raise Unneeded(f"The Magento order is {shop.status or shop.state} by now and stays so.")
    if shop.status == status:
        return Outcome(f"The Magento order is {status} already.")
    state = {"state": status} if status in STATES else {}
    scene.both.magento.update_order({"entity_id": shop.entity_id, "status": status, **state})
    return Outcome(f"Set the Magento order to {status}.")
