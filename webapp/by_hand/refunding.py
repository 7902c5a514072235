"""Money given back by hand: amounts per line, never above what was charged for what has shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from webapp import order_rows
from webapp.by_hand.allowing import refunding, why_not_refunded
from webapp.by_hand.finding import ASKED, Found, Mistakes, find, issue, refuse, was_asked
from webapp.domain.amounts import money as in_money
from webapp.domain.commands import Command, LineMoney, RefundLines
from webapp.domain.order import ZERO, Charge, Line
from webapp.domain.reasons import REFUND_REASONS, refund_in_words
from webapp.domain.refunds import NOTHING, Account, Money, account, by_type, total
from webapp.domain.refunds import widened as widened_by
from webapp.models import OrderRow
from webapp.outbox import Refusal
from webapp.unit_of_work import unit_of_work

LONGEST_COMMENT = 250
KIND_WORDS = {"PRODUCT": "product", "SHIPPING": "shipping", "FEE": "fees"}


@dataclass(frozen=True, slots=True)
class Left:
    """What can still be refunded of a line, by Walmart's charge type, with the names that go out with it."""

    line: Line
    amounts: Mapping[str, Money]
    is_going: bool = False
    """A refund of it is on its way, so nothing can be asked for until Walmart shows it."""

    @property
    def total(self) -> Decimal:
        return total(self.amounts)

    def charge(self, kind: str, amount: Decimal, tax: Decimal) -> Charge:
        """So much of one kind, with the names that Walmart gave the line's own charge."""
        own = next((one for one in self.line.charges if one.type == kind), Charge(kind, kind.title(), ZERO))
        return Charge(kind, own.name, amount, tax, own.tax_name)

    @property
    def everything(self) -> tuple[Charge, ...]:
        """All that is left."""
        return tuple(self.charge(kind, *pair) for kind, pair in self.amounts.items() if any(pair))


def left_to_refund(found: Found) -> list[Left]:
    """Each line that has shipped and of which something is left."""
    going = refunding(found)
    every = [
        Left(line, _positive(account(line, ()).left), line.number in going)
        for line in found.order.lines
        if line.shipped
    ]
    return [one for one in every if one.total > 0]


def refund(
    order_id: int, amounts: Mapping[str, tuple[Charge, ...]], reason: str, comment: str, by: str, request_id: str
) -> str:
    """Give the buyer money back on shipped lines: positive charges by line number.

    Lines whose whole rest is given back go as full refunds, the others as partial ones, in calls of their own.
    """
    with unit_of_work() as work:
        found = find(work, order_id)
        if was_asked(found, request_id):
            return ASKED
        money = judge(found, amounts, reason, comment)
        commands: list[Command] = []
        for is_full in (True, False):
            mine = tuple(one for one in money if (one.units > 0) is is_full)
            if mine:
                commands.append(RefundLines(mine, is_full, reason, comment.strip(), request=request_id))
        sum_of_all = sum((one.total for one in money), ZERO)
        why = refund_in_words(reason)
        said = f"Refund {in_money(sum_of_all, found.order.currency)} at Walmart: {why}. Asked for by hand."
        return issue(work, found, commands, by, said, "Refunding at Walmart.")


def judge(found: Found, amounts: Mapping[str, tuple[Charge, ...]], reason: str, comment: str = "") -> list[LineMoney]:
    """What would be sent. Raises Refusal with what is wrong."""
    refuse(why_not_refunded(found))
    mistakes: dict[str, str] = {}
    if reason not in REFUND_REASONS:
        mistakes["reason"] = "Choose one of Walmart's reasons for the refund."
    if len(comment) > LONGEST_COMMENT or not all(sign.isprintable() for sign in comment):
        mistakes["comment"] = f"At most {LONGEST_COMMENT} ordinary characters."
    asked = {number: charges for number, charges in amounts.items() if any(one.amount or one.tax for one in charges)}
    money = [_money(found, number, charges, mistakes) for number, charges in asked.items()]
    if not money:
        mistakes["amounts"] = "Enter an amount for at least one line."
    if mistakes:
        raise Mistakes(mistakes)
    return money


def widened(row: OrderRow, amounts: Mapping[str, tuple[Charge, ...]]) -> tuple[Decimal, list[str]]:
    """What Walmart will refund beyond what was typed, and that in words: a full item price also refunds its tax and its
    shipping."""
    lines = {line.number: line for line in order_rows.to_order(row).lines}
    said, beyond = [], ZERO
    for number, charges in amounts.items():
        line = lines.get(number)
        if line is None or not line.shipped or not charges:
            continue
        one = account(line, ())
        more = widened_by(line, one, by_type(charges))
        if more > 0:
            beyond += more
            said.append(
                f"Line {number}: Walmart refunds tax and shipping too when the whole price is given back, "
                f"{in_money(total(one.charged), row.currency)} in all."
            )
    return beyond, said


def _money(found: Found, number: str, charges: tuple[Charge, ...], mistakes: dict[str, str]) -> LineMoney:
    line = found.lines.get(number)
    if line is None:
        raise Refusal(f"The order has no line {number}.")
    if not line.shipped:
        raise Refusal(f"Line {number} has not shipped, so it cannot be refunded; cancel it instead.")
    if number in refunding(found):
        raise Refusal(f"A refund of line {number} is on its way. Wait until Walmart shows it.")
    one = account(line, ())
    _check(one, by_type(charges), found.order.currency, mistakes)
    whole = one.is_new and by_type(charges) == _positive(one.charged)
    return LineMoney(number, charges, line.shipped if whole else 0, line.refunded)


def _check(one: Account, asked: Mapping[str, Money], currency: str, mistakes: dict[str, str]) -> None:
    """Never above what is left of a charge, and of its tax."""
    number = one.line.number
    for kind, pair in asked.items():
        left = one.left.get(kind, NOTHING)
        for field, what, amount, most in (
            ("amount", KIND_WORDS.get(kind, kind.lower()), pair[0], left[0]),
            ("tax", f"tax on {KIND_WORDS.get(kind, kind.lower())}", pair[1], left[1]),
        ):
            if amount < 0:
                mistakes[f"{field}-{number}-{kind}"] = "Amounts are entered without a minus."
            elif amount > most:
                left_of = f"{in_money(max(most, ZERO), currency)} of {what}"
                sentence = f"Line {number} has {left_of} left to refund, not {in_money(amount, currency)}."
                mistakes[f"{field}-{number}-{kind}"] = sentence


def _positive(amounts: Mapping[str, Money]) -> dict[str, Money]:
    return {kind: pair for kind, pair in _floored(amounts) if any(pair)}


def _floored(amounts: Mapping[str, Money]) -> Iterable[tuple[str, Money]]:
    return ((kind, (max(amount, ZERO), max(tax, ZERO))) for kind, (amount, tax) in amounts.items())
