"""What can be done by hand with an order now, and for each thing that cannot, the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from webapp import clock, order_rows, outbox
from webapp.by_hand.finding import Found, asked_to_cancel, of_row, open_units, ready_units, undecided
from webapp.domain.commands import CommandState, ConfirmShipment, CorrectTracking, Issued, RefundLines
from webapp.domain.order import fulfiller
from webapp.domain.reasons import can_refund
from webapp.domain.refunds import account, total
from webapp.models import AccountRow, OrderRow
from webapp.refunding import SETTLES_AFTER

NOT_IN_MAGENTO = "Magento shows no shipment, so there is nothing to resend. One that is made there is found by itself."
GOING = "Everything is on its way to Walmart already."


@dataclass(frozen=True, slots=True)
class Options:
    """For each act the reason why it cannot be done now; empty where it can. Forms show just what is allowed.

    `answer` is accepting a buyer's cancellation, `anyway` shipping although the buyer asked.
    """

    ship: str
    cancel: str
    refund: str
    answer: str
    anyway: str
    resend: str


def options(row: OrderRow, account: AccountRow) -> Options:
    """What can be done by hand with an order as it was last read. `row.lines` must be loaded."""
    return options_of(row, account, outbox.issued([row.sync_id])[row.sync_id])


def options_of(row: OrderRow, account: AccountRow, issued: Iterable[Issued]) -> Options:
    """The same where it is known already what was issued for the order."""
    found = of_row(row, account, issued)
    return Options(
        ship=why_not_shipped(found),
        cancel=why_not_canceled(found),
        refund=why_not_refunded(found),
        answer=why_not_answered(found),
        anyway=why_not_anyway(found),
        resend=why_not_resent(found),
    )


def why_not_shipped(found: Found) -> str:
    """Why no unit can be marked as shipped."""
    if why_not := _why_not_written(found):
        return why_not
    if any(ready_units(found).values()):
        return ""
    if any(open_units(found).values()):
        return "To be acknowledged first; Walmart takes no shipment before."
    return GOING if _is_open(found) else "Nothing is left to ship."


def why_not_canceled(found: Found) -> str:
    """Why no unit can be canceled."""
    if why_not := _why_not_written(found):
        return why_not
    if any(open_units(found).values()):
        return ""
    if _is_open(found):
        return GOING
    if _is_canceled(found):
        return "Everything is canceled already."
    return "Nothing is open any more." + ("" if why_not_refunded(found) else " What has shipped can be refunded.")


def why_not_refunded(found: Found) -> str:
    """Why no money can be given back."""
    if why_not := _why_not_written(found):
        return why_not
    if not can_refund(found.market):
        return f"Walmart takes no refunds by its API in {found.market.upper()}. Refund in Seller Center."
    shipped = [line for line in found.order.lines if line.shipped]
    if not shipped:
        return _why_not_paid(found)
    if not any(total(account(line, ()).left) > 0 for line in shipped):
        return "All that was charged is refunded already."
    return "" if any(line.number not in refunding(found) for line in shipped) else GOING


def _why_not_paid(found: Found) -> str:
    """Of an order of which nothing has shipped: Walmart charges only what has."""
    if not _is_open(found):
        return "Nothing of it has shipped, so the buyer paid nothing and there is nothing to refund."
    instead = "" if why_not_canceled(found) else " Cancel what is open instead."
    return f"Nothing has shipped yet, so there is nothing to refund.{instead}"


def why_not_answered(found: Found) -> str:
    """Why there is no wish of a buyer to accept."""
    return _why_not_written(found) or (
        "" if asked_to_cancel(found) else "The buyer does not ask to cancel anything open."
    )


def why_not_anyway(found: Found) -> str:
    """Why there is no wish of a buyer to pass over."""
    why_not = why_not_answered(found)
    return why_not or ("" if undecided(found) else "You have decided to ship it anyway.")


def why_not_resent(found: Found) -> str:
    """Why there are no shipments to send."""
    if found.row.magento_order_id is None:
        return "No Magento order is linked, so there is no shipment to send."
    if _is_canceled(found):
        return "Everything is canceled at Walmart, so no shipment can be sent any more."
    if why_not := _why_not_written(found):
        return why_not
    shop = order_rows.to_shop(found.row)
    return "" if (shop and shop.shipments) or stopped_shipments(found) else NOT_IN_MAGENTO


def stopped_shipments(found: Found) -> list[Issued]:
    """Shipments and corrections of their numbers that were refused or given up: these can be sent again."""
    kinds = (ConfirmShipment, CorrectTracking)
    return [
        one
        for one in found.issued
        if isinstance(one.command, kinds) and (one.state is CommandState.PARKED or one.given_up)
    ]


def refunding(found: Found) -> frozenset[str]:
    """Lines of which a refund is on its way, or done and not to be seen yet: until then nobody knows what is left."""
    lines, going = found.lines, set[str]()
    for one in found.issued:
        if not isinstance(one.command, RefundLines):
            continue
        if one.is_under_way:
            going.update(money.line for money in one.command.lines)
        elif one.state is CommandState.DONE and one.done_at and clock.now() < one.done_at + SETTLES_AFTER:
            floors: Mapping[str, str] = one.frozen.get("floors") or {}
            going.update(
                line for line, paid in floors.items() if line in lines and lines[line].refunded < Decimal(paid)
            )
    return frozenset(going)


def _is_open(found: Found) -> bool:
    return any(line.open for line in found.order.lines)


def _is_canceled(found: Found) -> bool:
    return not any(line.open or line.shipped for line in found.order.lines)


def _why_not_written(found: Found) -> str:
    if not found.order.is_fulfilled_by_seller:
        return f"{fulfiller(found.order)}, so nothing is written to Walmart."
    if found.account.is_paused or found.account.store.is_paused:
        return "The account is paused. Resume it first."
    return ""
