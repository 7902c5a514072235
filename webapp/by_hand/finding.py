"""An order as a person acts on it: found with all that was issued for it, asked once, told about in its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp import accounts, clock, order_rows, outbox, turns
from webapp.domain.command_words import DOING
from webapp.domain.commands import CancelLines, Command, CommandState, ConfirmShipment, Issued, RefundLines
from webapp.domain.order import CREATED, Line, Order
from webapp.domain.plan.asking import Ask, ask_of, is_said_by
from webapp.domain.plan.resting import FOR_SHIPMENT
from webapp.domain.policy import Policy
from webapp.domain.shop import Units
from webapp.models import AccountRow, ChangeRow, OrderRow
from webapp.outbox import Refusal
from webapp.turns import Wake
from webapp.unit_of_work import Work

GONE = "This order is not known any more; reload the page."
ASKED = "It was asked for already and is on its way, or done: see the log."


class Mistakes(Refusal):
    """What was typed cannot be used: a sentence for each field."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(by_field.values())))
        self.by_field = dict(by_field)


@dataclass(frozen=True, slots=True)
class Found:
    """An order with what was issued for it."""

    row: OrderRow
    account: AccountRow
    order: Order
    issued: tuple[Issued, ...]

    @property
    def lines(self) -> dict[str, Line]:
        return {line.number: line for line in self.order.lines}

    @property
    def policy(self) -> Policy:
        return accounts.policy_from_json(self.account.settings, number_prefix=self.account.number_prefix)

    @property
    def is_paused(self) -> bool:
        return self.account.is_paused or self.account.store.is_paused

    @property
    def market(self) -> str:
        return self.account.marketplace


def find(work: Work, order_id: int) -> Found:
    """The order with its lines, held until the end of this work: two people act one after the other.

    Raises Refusal where it is gone.
    """
    held = select(OrderRow).where(OrderRow.id == order_id).options(selectinload(OrderRow.lines))
    wanted = held.with_for_update(of=OrderRow).execution_options(populate_existing=True)
    row = work.session.execute(wanted).scalar_one_or_none()
    if row is None:
        raise Refusal(GONE)
    account = work.session.get_one(AccountRow, row.account_id)
    return of_row(row, account, outbox.issued([row.sync_id])[row.sync_id])


def of_row(row: OrderRow, account: AccountRow, issued: Iterable[Issued]) -> Found:
    """The order of a row whose lines are loaded."""
    return Found(row, account, order_rows.to_order(row), tuple(issued))


def refuse(why_not: str) -> None:
    """Raise Refusal, if there is a reason."""
    if why_not:
        raise Refusal(why_not)


def was_asked(found: Found, request_id: str) -> bool:
    """Something was issued under this request before: the form came twice."""
    return any(_request_of(one.command) == request_id for one in found.issued)


def issue(work: Work, found: Found, commands: Iterable[Command], by: str, said: str, says: str) -> str:
    """Put the commands in the outbox and `said` in the log; `says` is what happens now."""
    wanted = list(commands)
    new = outbox.issue(work, found.row.sync_id, found.account.key, found.row.po, wanted, by) if wanted else 0
    if wanted and not new:
        return ASKED
    return note(work, found, by, said, says)


def note(work: Work, found: Found, by: str, said: str, says: str) -> str:
    """Put `said` in the log and have the order looked at; `says` is what happens now.

    Of a paused account nothing is under way: only a turn could say that it no longer is, and none comes.
    """
    row, now = found.row, clock.now()
    work.add(ChangeRow(sync_id=row.sync_id, at=now, kind="person", by=by, sentence=said))
    row.under_way, row.changed_at = row.under_way or not found.is_paused, now
    turns.wake(work, [Wake(row.account_id, row.po, now)])
    return says


def say_at_once(found: Found, *commands: ConfirmShipment | CancelLines) -> None:
    """Say as the next turn will what Walmart is being told: until then the order would wait for a shipment."""
    told = [f"{DOING[type(command).__name__]}." for command in commands]
    is_left = sum(open_units(found).values()) > sum(unit.quantity for one in commands for unit in one.units)
    waits = [one for one in found.row.waiting_for if one != FOR_SHIPMENT or is_left]
    found.row.waiting_for = list(dict.fromkeys([*told, *waits]))


def under_way(found: Found) -> Counter[str]:
    """Open units of each line that are being shipped or canceled: on their way, or done and not to be seen yet."""
    taken: Counter[str] = Counter()
    for one in found.issued:
        command = one.command
        if isinstance(command, ConfirmShipment | CancelLines) and (one.is_under_way or _is_unseen(found, one)):
            taken.update({unit.line: unit.quantity for unit in command.units})
    return taken


def open_units(found: Found) -> dict[str, int]:
    """Units of each line that nothing has been asked for yet."""
    taken = under_way(found)
    return {line.number: max(line.open - taken[line.number], 0) for line in found.order.lines}


def ready_units(found: Found) -> dict[str, int]:
    """Those of them that are acknowledged, so that Walmart takes their shipment."""
    free = open_units(found)
    return {line.number: max(free[line.number] - line.counts()[CREATED], 0) for line in found.order.lines}


def asked_to_cancel(found: Found) -> list[Line]:
    """Lines with open units whose buyer asked to cancel them."""
    free = open_units(found)
    return [line for line in found.order.lines if line.intent_to_cancel and free[line.number]]


def wanted_canceled(found: Found) -> dict[str, int]:
    """The units of each line that its buyer asked to cancel and that are open still."""
    free = open_units(found)
    return {line.number: free[line.number] for line in asked_to_cancel(found)}


def undecided(found: Found) -> list[Line]:
    """Those of them that nobody has decided to ship anyway."""
    agreed = order_rows.choices(found.row).ship_anyway
    return [line for line in asked_to_cancel(found) if line.number not in agreed]


def agree(found: Found, numbers: Iterable[str]) -> None:
    """Let these lines be shipped although their buyer asked to cancel."""
    choices = order_rows.choices(found.row)
    order_rows.set_choices(found.row, replace(choices, ship_anyway=choices.ship_anyway | frozenset(numbers)))
    if not undecided(found):
        answered(found.row)


def answered(row: OrderRow) -> None:
    """Ask for no answer to the buyer any more: the next turn says the same, but may be long in coming."""
    if row.attention and ask_of(row.attention) is Ask.ANSWER:
        row.waiting_for = [one for one in row.waiting_for if not is_said_by(row.attention, str(one))]
        row.attention = None


def chosen_units(
    found: Found, lines: Mapping[str, int], verb: str, most: Mapping[str, int], mistakes: dict[str, str]
) -> tuple[Units, ...]:
    """The units that were chosen, in the order's own order; what is wrong with them goes into `mistakes`."""
    taken = under_way(found)
    for number, quantity in lines.items():
        if number not in most:
            raise Refusal(f"The order has no line {number}.")
        if quantity < 0 or quantity > most[number]:
            going = f" {taken[number]} of it is on its way already." if taken[number] else ""
            mistakes[f"quantity-{number}"] = f"Line {number} has {most[number]} to {verb}, not {quantity}.{going}"
    if not mistakes and not any(lines.values()):
        mistakes["quantity"] = f"Choose at least one unit to {verb}."
    return tuple(Units(line.number, lines[line.number]) for line in found.order.lines if lines.get(line.number))


def _request_of(command: Command | None) -> str:
    match command:
        case ConfirmShipment(request=request) | RefundLines(request=request):
            return request
        case CancelLines(cause=cause):
            return cause.removeprefix("request:") if cause.startswith("request:") else ""
        case _:
            return ""


def _is_unseen(found: Found, one: Issued) -> bool:
    """Done a moment ago, and the order as it was last read does not show it yet."""
    if one.state is not CommandState.DONE or one.done_at is None:
        return False
    if clock.now() > one.done_at + found.policy.settle_after:
        return False
    floors: Mapping[str, int] = one.frozen.get("floors") or {}
    what = "cancelled" if isinstance(one.command, CancelLines) else "shipped"
    lines = found.lines
    return any(number in lines and getattr(lines[number], what) < int(count) for number, count in floors.items())
