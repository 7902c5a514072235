"""What a person does to an order at Walmart by hand: ship, cancel, refund, answer the buyer, send again.

Each act is judged against the order as it was last read, becomes a command like those of the plan, and is read again on
both sides right before it goes out. A form's `request_id` names the act, so that a double click asks once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlsplit

from sqlalchemy.orm import selectinload

from webapp import clock, order_rows, outbox, turns
from webapp.domain.carriers import LISTED
from webapp.domain.commands import (
    CancelLines,
    Command,
    CommandState,
    ConfirmShipment,
    CorrectTracking,
    Issued,
    LineMoney,
    RefundLines,
    anew,
)
from webapp.domain.order import CREATED, ZERO, Charge, Line, Order, Tracking
from webapp.domain.plan.seen import shipper
from webapp.domain.reasons import BUYER_ASKED, REFUND_REASONS, buyer_asked, can_refund, cancel_reasons
from webapp.domain.shop import Units
from webapp.models import AccountRow, ChangeRow, CommandRow, OrderRow
from webapp.outbox import Refusal
from webapp.turns import Wake
from webapp.unit_of_work import Work, unit_of_work

GONE = "This order is not known any more; reload the page."
GOING = "It is on its way already."
LONGEST_NUMBER = 60


@dataclass(frozen=True, slots=True)
class Options:
    """For each act the reason why it cannot be done now; empty where it can. Forms show just what is allowed."""

    ship: str
    cancel: str
    refund: str
    answer: str
    resend: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a person says about a parcel that left. `method` empty: the order's own."""

    carrier: str
    number: str
    url: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """An order with what was issued for it."""

    row: OrderRow
    account: AccountRow
    order: Order
    issued: tuple[Issued, ...]

    @property
    def lines(self) -> dict[str, Line]:
        return {line.number: line for line in self.order.lines}


def options(row: OrderRow, account: AccountRow) -> Options:
    """What can be done by hand with an order as it was last read. `row.lines` must be loaded."""
    found = _Found(row, account, order_rows.to_order(row), tuple(outbox.issued([row.sync_id])[row.sync_id]))
    return Options(
        ship=_why_not_shipped(found),
        cancel=_why_not_canceled(found),
        refund=_why_not_refunded(found),
        answer=_why_not_answered(found),
        resend=_why_not_resent(found),
    )


def ship(order_id: int, lines: Mapping[str, int], parcel: Parcel, by: str, request_id: str) -> str:
    """Tell Walmart that these units, by line number, have left in one parcel; what happens now, in a sentence.

    Raises Refusal with what is wrong.
    """
    with unit_of_work() as work:
        found = _find(work, order_id)
        _refuse(_why_not_shipped(found))
        units = _units(found, lines, "ship", {number: _ready(found, line) for number, line in found.lines.items()})
        tracking, is_other = _tracking(found, parcel)
        command = ConfirmShipment(
            units, number=tracking.number, parcel=tracking, other_carrier=is_other, request=request_id
        )
        said = f"Mark as shipped with {tracking.carrier} {tracking.number}: {_in_words(units)}. Asked for by hand."
        return _issue(work, found, [command], by, said, "Telling Walmart that it has shipped.")


def cancel(order_id: int, lines: Mapping[str, tuple[int, str]], by: str, request_id: str) -> str:
    """Cancel open units at Walmart, each line with its quantity and Walmart's word for the reason.

    Raises Refusal with what is wrong.
    """
    with unit_of_work() as work:
        found = _find(work, order_id)
        _refuse(_why_not_canceled(found))
        open_units = {number: line.open for number, line in found.lines.items()}
        units = _units(found, {number: quantity for number, (quantity, _) in lines.items()}, "cancel", open_units)
        reasons = {number: reason for number, (quantity, reason) in lines.items() if quantity}
        for number, reason in reasons.items():
            _check_reason(found, number, reason)
        commands: list[Command] = []
        for reason in dict.fromkeys(reasons.values()):
            mine = tuple(unit for unit in units if reasons[unit.line] == reason)
            commands.append(CancelLines(mine, reason, f"request:{request_id}", "by hand"))
        said = f"Cancel at Walmart: {_in_words(units)}. Asked for by hand."
        return _issue(work, found, commands, by, said, "Canceling at Walmart.")


def refund(
    order_id: int, amounts: Mapping[str, tuple[Charge, ...]], reason: str, comment: str, by: str, request_id: str
) -> str:
    """Give the buyer money back on shipped lines: positive charges by line number.

    Lines whose whole rest is given back go as full refunds, the others as partial ones, in calls of their own. Raises
    Refusal with what is wrong.
    """
    with unit_of_work() as work:
        found = _find(work, order_id)
        _refuse(_why_not_refunded(found))
        if reason not in REFUND_REASONS:
            raise Refusal("Choose one of Walmart's reasons for the refund.")
        money = [_money(found, number, charges) for number, charges in amounts.items() if _total(charges)]
        if not money:
            raise Refusal("Enter an amount for at least one line.")
        commands: list[Command] = []
        for is_full in (True, False):
            mine = tuple(one for one in money if (one.units > 0) is is_full)
            if mine:
                commands.append(RefundLines(mine, is_full, reason, comment.strip(), request=request_id))
        total = sum((one.total for one in money), ZERO)
        said = f"Refund {total} {found.order.currency} at Walmart, {reason}. Asked for by hand."
        return _issue(work, found, commands, by, said, "Refunding at Walmart.")


def widened(row: OrderRow, amounts: Mapping[str, tuple[Charge, ...]]) -> list[str]:
    """What Walmart will refund beyond what was typed: a full item price also refunds its tax and its shipping."""
    lines = {line.number: line for line in order_rows.to_order(row).lines}
    said = []
    for number, charges in amounts.items():
        line = lines.get(number)
        if line is None or not charges:
            continue
        price, _ = line.charged("PRODUCT")
        rest = line.total - line.refunded
        if sum((c.amount for c in charges if c.type == "PRODUCT"), ZERO) >= price > 0 and rest > _total(charges):
            said.append(
                f"Line {number}: Walmart refunds tax and shipping too when the whole price is given back, "
                f"{rest} {row.currency} in all."
            )
    return said


def accept_cancellation(order_id: int, by: str, request_id: str) -> str:
    """Cancel at Walmart what the buyer asked to cancel. Raises Refusal where nobody asks any more."""
    with unit_of_work() as work:
        found = _find(work, order_id)
        _refuse(_why_not_answered(found))
        asked = tuple(Units(line.number, line.open) for line in _asked(found))
        reason = buyer_asked(found.account.marketplace) or _chosen_reason(found)
        command = CancelLines(asked, reason, f"request:{request_id}", "the buyer asked")
        said = f"Accept the buyer's cancellation: {_in_words(asked)}."
        return _issue(work, found, [command], by, said, "Canceling at Walmart, as the buyer asked.")


def ship_anyway(order_id: int, by: str) -> str:
    """Let these lines be shipped although their buyer asked to cancel. Raises Refusal where nobody asks any more."""
    with unit_of_work() as work:
        found = _find(work, order_id)
        _refuse(_why_not_answered(found))
        choices = order_rows.choices(found.row)
        numbers = frozenset(line.number for line in _asked(found))
        order_rows.set_choices(found.row, replace(choices, ship_anyway=choices.ship_anyway | numbers))
        return _note(work, found, by, "Ship although the buyer asked to cancel.", "It will be shipped all the same.")


def resend(order_id: int, by: str) -> str:
    """Send what Walmart still lacks of the shop's shipments: what was refused or given up is tried again.

    Both sides are read first, so nothing that Walmart has goes out twice. Raises Refusal with the reason.
    """
    with unit_of_work() as work:
        found = _find(work, order_id)
        _refuse(_why_not_resent(found))
        kinds = (ConfirmShipment, CorrectTracking)
        again = [one for one in found.issued if isinstance(one.command, kinds) and _stands_still(one)]
        wanted = [one.command for one in again if one.command is not None and _is_open(found, one.command)]
        for row in _rows(work, found, again):
            row.state, row.reason, row.dismissed_by = CommandState.DISMISSED, "Sent again by hand.", ""
        commands = [anew(command, found.issued) for command in dict.fromkeys(wanted)]
        said = "Resend the shipping information: asked for by hand."
        says = "Sending what Walmart lacks." if commands else "Both sides are read again; what Walmart lacks is sent."
        return _issue(work, found, commands, by, said, says)


def deal_tracks(order_id: int, deals: Mapping[str, str], by: str) -> str:
    """Deal tracking numbers to units anew, by `shipment:line`; what was sent already stays. Raises Refusal."""
    with unit_of_work() as work:
        found = _find(work, order_id)
        choices = order_rows.choices(found.row)
        order_rows.set_choices(found.row, replace(choices, deals={**choices.deals, **deals}))
        return _note(work, found, by, "Deal the tracking numbers anew.", "The numbers go out as you dealt them.")


def refunds_shipped(order_id: int, memo: int, by: str) -> str:
    """A credit memo is about units that shipped, not about open ones. Raises Refusal."""
    with unit_of_work() as work:
        found = _find(work, order_id)
        choices = order_rows.choices(found.row)
        order_rows.set_choices(found.row, replace(choices, refund_memos=choices.refund_memos | {memo}))
        said = "A credit memo is about units that shipped: they are refunded, nothing is canceled."
        return _note(work, found, by, said, "The credit memo is taken for a refund.")


def settle(order_id: int, sentence: str, by: str) -> str:
    """A person has dealt with what this sentence asks for: it is not shown again. Raises Refusal."""
    with unit_of_work() as work:
        found = _find(work, order_id)
        choices = order_rows.choices(found.row)
        order_rows.set_choices(found.row, replace(choices, settled=choices.settled | {sentence}))
        return _note(work, found, by, f"Dealt with: {sentence}", "It is not asked for again.")


def _find(work: Work, order_id: int) -> _Found:
    row = work.session.get(OrderRow, order_id, options=[selectinload(OrderRow.lines)], populate_existing=True)
    if row is None:
        raise Refusal(GONE)
    account = work.session.get_one(AccountRow, row.account_id)
    return _Found(row, account, order_rows.to_order(row), tuple(outbox.issued([row.sync_id])[row.sync_id]))


def _refuse(why_not: str) -> None:
    if why_not:
        raise Refusal(why_not)


def _issue(work: Work, found: _Found, commands: Iterable[Command], by: str, said: str, says: str) -> str:
    wanted = list(commands)
    new = outbox.issue(work, found.row.sync_id, found.account.key, found.row.po, wanted, by) if wanted else 0
    if wanted and not new:
        return GOING
    return _note(work, found, by, said, says)


def _note(work: Work, found: _Found, by: str, said: str, says: str) -> str:
    row, now = found.row, clock.now()
    work.add(ChangeRow(sync_id=row.sync_id, at=now, kind="person", by=by, sentence=said))
    row.under_way, row.changed_at = True, now
    turns.wake(work, [Wake(row.account_id, row.po, now)])
    return says


def _rows(work: Work, found: _Found, issued: Iterable[Issued]) -> list[CommandRow]:
    causes = {(one.kind, one.cause) for one in issued}
    mine = work.session.query(CommandRow).filter(CommandRow.sync_id == found.row.sync_id)
    return [row for row in mine if (row.kind, row.cause) in causes]


def _why_not_written(found: _Found) -> str:
    if not found.order.is_fulfilled_by_seller:
        return f"{shipper(found.order)}; nothing is written to Walmart for it."
    if found.account.is_paused or found.account.store.is_paused:
        return "Its account is paused. Resume it first."
    return ""


def _why_not_shipped(found: _Found) -> str:
    if any(_ready(found, line) for line in found.order.lines):
        return _why_not_written(found)
    if found.order.counts()[CREATED]:
        return _why_not_written(found) or "Acknowledge the order first; Walmart takes no shipment before."
    return _why_not_written(found) or "Nothing is left to ship."


def _why_not_canceled(found: _Found) -> str:
    left = any(line.open for line in found.order.lines)
    return _why_not_written(found) or ("" if left else "Nothing is open any more; what has shipped can be refunded.")


def _why_not_refunded(found: _Found) -> str:
    if not can_refund(found.account.marketplace):
        market = found.account.marketplace.upper()
        return f"Walmart takes no refunds by its API in {market}. Refund in Seller Center."
    if not any(line.shipped for line in found.order.lines):
        return _why_not_written(found) or "Nothing has shipped yet, so there is nothing to refund: cancel instead."
    left = any(line.shipped and line.total > line.refunded for line in found.order.lines)
    return _why_not_written(found) or ("" if left else "All that was charged is refunded already.")


def _why_not_answered(found: _Found) -> str:
    return _why_not_written(found) or ("" if _asked(found) else "The buyer does not ask to cancel anything open.")


def _why_not_resent(found: _Found) -> str:
    if found.row.magento_order_id is None:
        return "No Magento order is linked, so there is no shipment to send."
    return _why_not_written(found)


def _ready(found: _Found, line: Line) -> int:
    return line.open - line.counts()[CREATED]


def _asked(found: _Found) -> list[Line]:
    return [line for line in found.order.lines if line.intent_to_cancel and line.open]


def _stands_still(one: Issued) -> bool:
    return one.state is CommandState.PARKED or one.given_up


def _is_open(found: _Found, command: Command) -> bool:
    units = getattr(command, "units", ())
    if isinstance(command, CorrectTracking):
        return True
    return all(unit.line in found.lines and found.lines[unit.line].open >= unit.quantity for unit in units)


def _units(found: _Found, lines: Mapping[str, int], verb: str, most: Mapping[str, int]) -> tuple[Units, ...]:
    for number, quantity in lines.items():
        if number not in most:
            raise Refusal(f"The order has no line {number}; reload the page.")
        if quantity < 0 or quantity > most[number]:
            raise Refusal(f"Line {number} has {most[number]} to {verb}, not {quantity}; reload the page.")
    chosen = tuple(Units(line.number, lines[line.number]) for line in found.order.lines if lines.get(line.number))
    if not chosen:
        raise Refusal(f"Choose at least one unit to {verb}.")
    return chosen


def _tracking(found: _Found, parcel: Parcel) -> tuple[Tracking, bool]:
    """The parcel in Walmart's words, and whether its carrier is none of Walmart's."""
    carrier, number, url = parcel.carrier.strip(), parcel.number.strip(), parcel.url.strip()
    if not carrier:
        raise Refusal("Choose the carrier.")
    if not number or len(number) > LONGEST_NUMBER or not number.replace("-", "").replace(" ", "").isalnum():
        raise Refusal("Enter the tracking number: letters and digits only, Walmart takes no other signs.")
    listed = LISTED.get(found.account.marketplace, ())
    known = next((name for name in listed if name.casefold() == carrier.casefold()), "")
    if url and urlsplit(url).scheme not in {"https", "http"}:
        raise Refusal("The tracking address must begin with https://.")
    if not known and not url:
        raise Refusal(f"Walmart does not list the carrier {carrier}: enter the address where the parcel is tracked.")
    method = parcel.method.strip() or found.order.method_code or "Standard"
    return Tracking(known or carrier, number, url, method, clock.now()), not known


def _check_reason(found: _Found, number: str, reason: str) -> None:
    market = found.account.marketplace
    if reason not in {one.code for one in cancel_reasons(market)}:
        raise Refusal(f"Choose one of Walmart's reasons for canceling line {number}.")
    if reason == BUYER_ASKED and not found.lines[number].intent_to_cancel:
        raise Refusal(f"The buyer has not asked to cancel line {number}; Walmart takes that reason only where one has.")


def _chosen_reason(found: _Found) -> str:
    chosen = str(found.account.settings.get("cancel_reason") or "")
    if not chosen:
        raise Refusal("Walmart has no reason for buyers' requests in this market: cancel with a reason of your own.")
    return chosen


def _money(found: _Found, number: str, charges: tuple[Charge, ...]) -> LineMoney:
    line = found.lines.get(number)
    if line is None or not line.shipped:
        raise Refusal(f"Line {number} has not shipped, so it cannot be refunded; cancel it instead.")
    if any(charge.amount < 0 or charge.tax < 0 for charge in charges):
        raise Refusal("Amounts are entered without a minus.")
    left = line.total - line.refunded
    if _total(charges) > left:
        raise Refusal(f"Line {number} has {left} {found.order.currency} left to refund, not {_total(charges)}.")
    is_whole = _total(charges) == left and not line.refunded and line.shipped == line.quantity
    return LineMoney(number, charges, line.shipped if is_whole else 0, line.refunded)


def _total(charges: Iterable[Charge]) -> Decimal:
    return sum((charge.amount + charge.tax for charge in charges), ZERO)


def _in_words(units: Iterable[Units]) -> str:
    return ", ".join(f"{one.quantity} of line {one.line}" for one in units)
