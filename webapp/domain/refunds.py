"""Money back: what a credit memo means for Walmart's lines, to the cent and never above what was charged for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from webapp.domain.commands import LineMoney
from webapp.domain.order import ZERO, Charge, Line, ReturnedLine
from webapp.domain.shop import ShopCreditmemo, ShopOrder
from webapp.domain.shop_rows import cents

PRODUCT = "PRODUCT"
ROUNDING = Decimal("0.02")
"""Magento's and Walmart's roundings of one unit differ by no more than this."""

Money = tuple[Decimal, Decimal]
"""An amount and the tax on it."""
NOTHING: Money = (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a credit memo is settled: `full` and `partial` lines are sent, `against` is what Walmart had refunded before.

    `note` says what differs. A `question` means that nothing is done without the merchant.
    """

    full: tuple[LineMoney, ...] = ()
    partial: tuple[LineMoney, ...] = ()
    against: tuple[LineMoney, ...] = ()
    note: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One shipped line's money: what was charged for its shipped units, refunded since, and accounted for by memos."""

    line: Line
    charged: Mapping[str, Money]
    refunded: Mapping[str, Money]
    accounted: Mapping[str, Money]
    returned: Decimal = ZERO

    @property
    def is_new(self) -> bool:
        return total(self.refunded) == ZERO and self.returned == ZERO

    @property
    def left(self) -> dict[str, Money]:
        """What can still be refunded, by type."""
        return {kind: _minus(pair, self.refunded.get(kind, NOTHING)) for kind, pair in self.charged.items()}

    @property
    def free(self) -> Decimal:
        """Refunded at Walmart, and told of by no credit memo yet."""
        return max(total(self.refunded), self.returned) - total(self.accounted)


def account(line: Line, accounted: Iterable[LineMoney], returns: Iterable[ReturnedLine] = ()) -> Account:
    """The money of a line. Amounts of cancelled or open units are left out: Walmart never charged them."""
    share = Decimal(line.shipped) / Decimal(line.quantity)
    charged = {kind: (cents(a * share), cents(t * share)) for kind, (a, t) in by_type(line.charges).items()}
    refunded = by_type(charge for refund in line.refunds for charge in refund.charges)
    if not refunded and line.refunded:
        refunded = {PRODUCT: (line.refunded, ZERO)}
    known = by_type(charge for money in accounted if money.line == line.number for charge in money.charges)
    returned = sum((one.amount for one in returns if one.line == line.number and one.units), ZERO)
    return Account(line, charged, refunded, known, returned)


def settle(
    memo: ShopCreditmemo, units: Counter[str], accounts: Sequence[Account], cancelled_shipping: Decimal
) -> Settlement:
    """Settle a memo that refunds these whole units (by Walmart line), and whatever money it names beside them.

    `cancelled_shipping` is the shipping of units that it cancels: Walmart never takes that from the buyer.
    """
    by_line = {one.line.number: one for one in accounts}
    wanted, note = _wanted(memo, units, by_line, cancelled_shipping)
    if wanted is None:
        return Settlement(question=note)
    found = Settlement(note=note)
    for number, amounts in wanted.items():
        found = _settle_line(found, by_line[number], amounts, units[number])
        if found.question:
            return Settlement(question=_about(memo, found.question))
    return found


def unit_charges(one: Account, count: int) -> dict[str, Money]:
    """What was charged for so many shipped units of the line themselves, without its shipping; the last takes the
    rest."""
    amount, tax = one.charged.get(PRODUCT, NOTHING)
    shipped = one.line.shipped
    if count >= shipped:
        return {PRODUCT: (amount, tax)}
    share = Decimal(count) / Decimal(shipped)
    left = one.left.get(PRODUCT, NOTHING)
    return {PRODUCT: (min(cents(amount * share), left[0]), min(cents(tax * share), left[1]))}


def shipping_in_shop(shop: ShopOrder, lines: Iterable[LineMoney]) -> Decimal:
    """What these lines hold of shipping, as the shop's credit memo takes it: net of the shop's own tax on it, which may
    be another than Walmart's, and no more than is left there."""
    charges = [charge for money in lines for charge in money.charges if charge.type != PRODUCT]
    net, gross = sum((one.amount for one in charges), ZERO), sum((one.amount + one.tax for one in charges), ZERO)
    whole = shop.shipping + shop.shipping_tax
    if whole > 0:
        net = cents(gross * shop.shipping / whole)
    return max(min(net, shop.shipping - shop.shipping_refunded), ZERO)


def total(amounts: Mapping[str, Money]) -> Decimal:
    """All amounts with their taxes."""
    return sum((amount + tax for amount, tax in amounts.values()), ZERO)


def by_type(charges: Iterable[Charge]) -> dict[str, Money]:
    """The sums of charges by their type."""
    found: dict[str, Money] = {}
    for charge in charges:
        amount, tax = found.get(charge.type, NOTHING)
        found[charge.type] = (amount + charge.amount, tax + charge.tax)
    return found


def as_charges(line: Line, amounts: Mapping[str, Money]) -> tuple[Charge, ...]:
    """Amounts by type as charges with the names that Walmart gave the line's own."""
    names = {charge.type: (charge.name, charge.tax_name) for charge in reversed(line.charges)}
    return tuple(
        Charge(kind, names.get(kind, (kind.title(), ""))[0], amount, tax, names.get(kind, ("", ""))[1])
        for kind, (amount, tax) in amounts.items()
        if amount or tax
    )


def widened(line: Line, one: Account, amounts: Mapping[str, Money]) -> Decimal:
    """What Walmart gives back beyond these amounts: with the full item price also the line's tax and shipping."""
    price = one.charged.get(PRODUCT, NOTHING)[0]
    if not price or amounts.get(PRODUCT, NOTHING)[0] < price or total(one.refunded):
        return ZERO
    return max(total(one.charged) - total(amounts), ZERO)


def _wanted(
    memo: ShopCreditmemo, units: Counter[str], accounts: Mapping[str, Account], cancelled_shipping: Decimal
) -> tuple[dict[str, dict[str, Money]] | None, str]:
    """Per line what the memo wants refunded, by type; None with a question where it cannot be laid on lines."""
    wanted = {number: unit_charges(accounts[number], count) for number, count in units.items() if count}
    credited = sum((one.total for one in memo.items), ZERO)
    notes = []
    shipping = max(memo.shipping + memo.shipping_tax - cancelled_shipping, ZERO)
    rest = _lay_shipping(wanted, units, accounts, shipping)
    adjustment = memo.adjustment_positive - memo.adjustment_negative
    short = sum((_short(accounts[number], count) for number, count in units.items() if count), ZERO)
    if short > ROUNDING:
        adjustment += short
        notes.append(f"{short} of it goes on other lines, as earlier credit memos took so much of these units' price.")
    rest += _lay_adjustment(wanted, accounts, adjustment)
    if rest > ROUNDING:
        return None, _too_much(memo, rest)
    if rest:
        notes.append(f"{rest} more was credited than Walmart charged; that is not sent.")
    return wanted, " ".join(notes) if credited or notes else ""


def _short(one: Account, count: int) -> Decimal:
    """How much of the units' own charges the line has left no more, since adjustments of earlier memos were laid on it.
    What Walmart gave back without a memo is another matter: the units are set against that."""
    if one.free > 0:
        return ZERO
    share = min(Decimal(count) / Decimal(one.line.shipped), Decimal(1))
    own = sum((cents(part * share) for part in one.charged.get(PRODUCT, NOTHING)), ZERO)
    return max(own - total(_clipped(unit_charges(one, count), one.left)), ZERO)


def _lay_shipping(
    wanted: dict[str, dict[str, Money]], units: Counter[str], accounts: Mapping[str, Account], gross: Decimal
) -> Decimal:
    """Lay shipping with its tax on the lines, first on those that come back. What is left over."""
    first = [accounts[number] for number in units if units[number]]
    others = [one for one in accounts.values() if not units[one.line.number]]
    for lines in (first, others):
        for one in lines:
            for kind, (amount, tax) in one.charged.items():
                if kind == PRODUCT or gross <= 0:
                    continue
                taken = min(amount + tax - total({kind: one.accounted.get(kind, NOTHING)}), gross)
                if taken > 0:
                    part = _split(taken, amount, tax)
                    _add(wanted, one.line.number, kind, part)
                    gross -= taken
    return gross


def _lay_adjustment(
    wanted: dict[str, dict[str, Money]], accounts: Mapping[str, Account], adjustment: Decimal
) -> Decimal:
    """Lay an adjustment on the items' own price by what remains; a fee takes from what the memo refunds else."""
    if adjustment == 0:
        return ZERO
    if adjustment < 0:
        return _take_fee(wanted, -adjustment)
    given = [one for one in accounts.values() if not wanted.get(one.line.number) and _is_same(one.free, adjustment)]
    if given:
        # The same money as Walmart gave back on that line, whatever kind of money it was there.
        _add(wanted, given[0].line.number, PRODUCT, (adjustment, ZERO))
        return ZERO
    room = {number: _room(one, wanted.get(number, {})) for number, one in accounts.items()}
    left, whole = adjustment, sum(room.values(), ZERO)
    if whole <= 0:
        return adjustment
    share = min(adjustment / whole, Decimal(1))
    numbers = [number for number, amount in room.items() if amount > 0]
    for number in numbers:
        part = min(left, cents(room[number] * share)) if number != numbers[-1] else min(left, room[number])
        if part > 0:
            _add(wanted, number, PRODUCT, (part, ZERO))
            left -= part
    return left


def _take_fee(wanted: dict[str, dict[str, Money]], fee: Decimal) -> Decimal:
    for amounts in wanted.values():
        amount, tax = amounts.get(PRODUCT, NOTHING)
        taken = min(fee, amount)
        amounts[PRODUCT] = (amount - taken, tax)
        fee -= taken
    return ZERO


def _room(one: Account, amounts: Mapping[str, Money]) -> Decimal:
    """How much more of the item's own price can be given back, beyond what memos took and this one takes."""
    charged = one.charged.get(PRODUCT, NOTHING)[0]
    used = max(one.accounted.get(PRODUCT, NOTHING)[0], ZERO) + amounts.get(PRODUCT, NOTHING)[0]
    return max(charged - used, ZERO)


def _settle_line(found: Settlement, one: Account, wanted: Mapping[str, Money], units: int) -> Settlement:
    """Set what is wanted of one line against what Walmart refunded on it that no memo accounts for; send the rest."""
    number, asked, free = one.line.number, total(wanted), one.free
    if asked <= 0:
        return found
    if free <= 0:
        return _send(found, one, wanted, units)
    if _is_same(free, asked) or (free > asked and (_is_whole(one, units) or total(one.left) <= 0)):
        return replace(found, against=(*found.against, LineMoney(number, as_charges(one.line, wanted), units)))
    if free < asked and _is_whole(one, units):
        rest = _clipped(wanted, one.left)
        before = {kind: _minus(pair, rest.get(kind, NOTHING)) for kind, pair in wanted.items()}
        found = replace(found, against=(*found.against, LineMoney(number, as_charges(one.line, before))))
        return _send(found, one, rest, units) if total(rest) > 0 else found
    return Settlement(question=f"on line {number} Walmart has refunded {free} already, and this one is about {asked}")


def _send(found: Settlement, one: Account, wanted: Mapping[str, Money], units: int) -> Settlement:
    clipped = _clipped(wanted, one.left)
    if total(clipped) <= 0:
        return found
    number, note = one.line.number, found.note
    money = LineMoney(number, as_charges(one.line, clipped), units, total(one.refunded))
    extra = widened(one.line, one, clipped)
    if extra:
        more = f"With the full price of line {number} Walmart gives back {extra} of tax and shipping too."
        note = f"{note} {more}".strip()
    if one.is_new and total(clipped) == total(one.charged):
        return replace(found, full=(*found.full, money), note=note)
    return replace(found, partial=(*found.partial, money), note=note)


def _is_same(free: Decimal, asked: Decimal) -> bool:
    return free > 0 and abs(free - asked) <= ROUNDING


def _is_whole(one: Account, units: int) -> bool:
    """All of the line's shipped units come back, so there is no doubt which money is meant."""
    return units >= one.line.shipped > 0


def _clipped(wanted: Mapping[str, Money], left: Mapping[str, Money]) -> dict[str, Money]:
    found = {}
    for kind, (amount, tax) in wanted.items():
        most = left.get(kind, NOTHING)
        found[kind] = (max(min(amount, most[0]), ZERO), max(min(tax, most[1]), ZERO))
    return found


def _split(gross: Decimal, amount: Decimal, tax: Decimal) -> Money:
    """So much of an amount with its tax, split as that is."""
    if gross >= amount + tax:
        return amount, tax
    part = cents(gross * amount / (amount + tax))
    return part, gross - part


def _add(wanted: dict[str, dict[str, Money]], number: str, kind: str, part: Money) -> None:
    amounts = wanted.setdefault(number, {})
    amount, tax = amounts.get(kind, NOTHING)
    amounts[kind] = (amount + part[0], tax + part[1])


def _minus(one: Money, other: Money) -> Money:
    return one[0] - other[0], one[1] - other[1]


def _too_much(memo: ShopCreditmemo, rest: Decimal) -> str:
    return _about(memo, f"{rest} of it is more than Walmart charged for what has shipped")


def _about(memo: ShopCreditmemo, what: str) -> str:
    return (
        f"Credit memo {memo.increment_id}: {what}. Is it the same money? Then dismiss this with a word of explanation. "
        "Else refund the difference on the order's page, and dismiss this."
    )
