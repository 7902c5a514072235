"""What tells one command from another: the cause of its idempotency key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from webapp.domain.commands import (
    AcknowledgeOrder,
    AskAboutMemo,
    BookRefund,
    CancelLines,
    CancelMagentoOrder,
    Command,
    ConfirmShipment,
    CopyNote,
    CorrectTracking,
    CreateCreditMemo,
    CreateInvoice,
    CreateMagentoOrder,
    CreateProduct,
    CreateShipment,
    Issued,
    LineMoney,
    RefundLines,
    ReleaseStock,
    ReserveStock,
    SendOrderMail,
    SetMagentoStatus,
    UpdateMagentoAddress,
)
from webapp.domain.shop import ItemUnits, Units


def cause_of(command: Command) -> str:
    """The part of the idempotency key that names why this command is wanted, not the state it was wanted in."""
    if isinstance(command, CreateProduct):
        return f"{command.generation}:{command.sku}"
    base = base_of(command)
    generation = getattr(command, "generation", 1)
    if not base:
        return str(generation)
    return base if generation == 1 else f"{base}:{generation}"


def base_of(command: Command) -> str:
    """The cause without its generation, which tells one after a failed one from the first; empty where nothing else
    tells commands of this kind apart."""
    match command:
        case SetMagentoStatus(status, reached):
            return f"{reached}:{status}"
        case SendOrderMail(order):
            return str(order)
        case UpdateMagentoAddress(version, order):
            return f"{order}:{version}"
        case CopyNote(note, order, request):
            return f"{order}:{note}:{request}"
        case CreateProduct(sku=sku):
            return f"product:{sku}"
        case ReserveStock(sku=sku):
            return sku
        case ReleaseStock(sku=sku, reservation=reservation):
            return f"{sku}:{reservation}"
        case ConfirmShipment():
            return f"{_source(command.shipment, command.request)}:{command.number}:{units_key(command.units)}"
        case CorrectTracking():
            return f"{command.shipment}:{command.before}>{command.number}:{units_key(command.units)}"
        case CancelLines():
            return f"{command.cause}:{units_key(command.units)}"
        case RefundLines():
            kind = "full" if command.is_full else "partial"
            return f"{_source(command.memo, command.request, 'memo')}:{kind}"
        case BookRefund() | AskAboutMemo():
            return f"memo:{command.memo}"
        case CreateShipment():
            return f"{command.tracking.number if command.tracking else ''}:{units_key(command.units)}"
        case CancelMagentoOrder():
            return f"{command.order}:{_items_key(command.items)}"
        case CreateCreditMemo():
            return f"{'cancelled' if command.cancelled else 'refunded'}:{_money_key(command.lines)}"
        case CreateInvoice(items=items) if items:
            return f"only:{_items_key(items)}"
        case AcknowledgeOrder() | CreateMagentoOrder() | CreateInvoice():
            return ""
        case _:
            assert_never(command)


def units_key(units: Iterable[Units]) -> str:
    """`1x1,2x1`: so many units of each line."""
    return ",".join(f"{one.line}x{one.quantity}" for one in units)


def anew(command: Command, issued: Iterable[Issued]) -> Command:
    """The same as the next generation after all that were issued for the same cause."""
    before = [
        getattr(one.command, "generation", 1)
        for one in issued
        if one.command is not None and type(one.command) is type(command) and base_of(one.command) == base_of(command)
    ]
    return replace(command, generation=max(before, default=0) + 1)  # type: ignore[arg-type]


def _source(document: int, request: str, word: str = "shipment") -> str:
    return f"request:{request}" if request else f"{word}:{document}"


def _items_key(items: Iterable[ItemUnits]) -> str:
    return ",".join(f"{one.item_id}x{one.quantity}" for one in items)


def _money_key(lines: Iterable[LineMoney]) -> str:
    return ",".join(f"{one.line}x{one.units}={one.total}" for one in lines)
