"""Both sides of one order as plain counts, with people who act on either, and the plan's commands carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.domain.factories import NOW, an_order
from webapp.domain.command_keys import cause_of
from webapp.domain.commands import (
    AskAboutMemo,
    BookRefund,
    CancelLines,
    CancelMagentoOrder,
    Command,
    CommandState,
    ConfirmShipment,
    CorrectTracking,
    CreateCreditMemo,
    CreateInvoice,
    CreateShipment,
    Issued,
    RefundLines,
)
from webapp.domain.order import ACKNOWLEDGED, CANCELLED, ZERO, Charge, Line, LineRefund, Order, Quantity, Tracking
from webapp.domain.plan import Plan, Seen, plan
from webapp.domain.plan.case import MARK, REFUND
from webapp.domain.policy import Policy
from webapp.domain.refunds import by_type, total
from webapp.domain.shop import (
    Behind,
    Credited,
    ItemUnits,
    ShopCreditmemo,
    ShopItem,
    ShopOrder,
    ShopShipment,
    ShopTrack,
    Units,
)

PRICE, TAX, SHIPPING, SHIPPING_TAX = Decimal("10.00"), Decimal("0.83"), Decimal("4.99"), Decimal("0.41")


class Impossible(Exception):
    """The side refuses: nothing of it is open, or left to give back."""


@dataclass
class WalmartLine:
    """One line at Walmart, and what happened to its units."""

    number: str
    quantity: int
    shipping: bool
    cancelled: int = 0
    shipped: list[str] = field(default_factory=list)
    refunds: list[LineRefund] = field(default_factory=list)
    wish: str = ""

    @property
    def open(self) -> int:
        return self.quantity - self.cancelled - len(self.shipped)

    @property
    def charges(self) -> tuple[Charge, ...]:
        units = Decimal(self.quantity)
        item = Charge("PRODUCT", "ItemPrice", PRICE * units, TAX * units, "Tax")
        return (item, Charge("SHIPPING", "Shipping", SHIPPING, SHIPPING_TAX, "Tax")) if self.shipping else (item,)

    @property
    def charged(self) -> dict[str, tuple[Decimal, Decimal]]:
        share = Decimal(len(self.shipped)) / Decimal(self.quantity)
        cent = Decimal("0.01")
        return {
            kind: ((amount * share).quantize(cent), (tax * share).quantize(cent))
            for kind, (amount, tax) in by_type(self.charges).items()
        }

    @property
    def refunded(self) -> dict[str, tuple[Decimal, Decimal]]:
        return by_type(charge for refund in self.refunds for charge in refund.charges)

    def line(self) -> Line:
        parcels = Counter(self.shipped)
        shipped = [Quantity("Shipped", count, Tracking("UPS", number)) for number, count in parcels.items()]
        rest = [Quantity(ACKNOWLEDGED, self.open), Quantity(CANCELLED, self.cancelled)]
        return Line(
            self.number,
            "MUG",
            "A mug",
            self.quantity,
            tuple(one for one in (*shipped, *rest) if one.amount),
            self.charges,
            self.wish,
            sum((refund.total for refund in self.refunds), ZERO),
            refunds=tuple(self.refunds),
        )


@dataclass
class Record:
    """A command in the outbox."""

    command: Command
    state: CommandState = CommandState.QUEUED
    done_at: datetime | None = None
    reason: str = ""
    frozen: dict[str, Any] = field(default_factory=dict)
    was_sent: bool = False

    def issued(self) -> Issued:
        kind = type(self.command).__name__
        done_at = self.done_at if self.state is CommandState.DONE else None
        return Issued(
            kind,
            cause_of(self.command),
            self.state,
            done_at,
            self.reason,
            was_sent=self.was_sent,
            command=self.command,
            frozen=self.frozen,
        )


class World:
    """One order of `sizes` units a line, all of one SKU and one line of the shop, acknowledged on both sides."""

    def __init__(
        self, sizes: list[int], *, policy: Policy, shipping: bool = True, invoiced: bool = True, lenient: bool = True
    ) -> None:
        self.now = NOW
        self.policy = policy
        self.lenient = lenient
        self.closed = False
        self.walmart = {str(n): WalmartLine(str(n), size, shipping) for n, size in enumerate(sizes, 1)}
        self.ordered = sum(sizes)
        self.invoiced = self.ordered if invoiced else 0
        self.canceled = 0
        self.shipments: list[ShopShipment] = []
        self.memos: list[ShopCreditmemo] = []
        self.records: dict[tuple[str, str], Record] = {}
        self.ids = iter(range(101, 10_000))
        self.answers_get_lost = False
        self.seen: list[tuple[datetime, Order, ShopOrder]] = []

    # What people do

    def ship_in_shop(self, quantity: int, *numbers: str) -> None:
        if quantity < 1 or quantity > self.offered:
            raise Impossible
        tracks = tuple(ShopTrack(next(self.ids), number, "ups", "UPS", self.now) for number in numbers)
        self.shipments.append(self.a_shipment(quantity, tracks))

    def credit_in_shop(self, quantity: int, *, shipping: Decimal = ZERO, adjustment: Decimal = ZERO) -> None:
        if quantity > self.invoiced - self.refunded or (quantity < 1 and not shipping and adjustment <= 0):
            raise Impossible
        whole = (SHIPPING if self.walmart["1"].shipping else ZERO) * len(self.walmart)
        if shipping > whole - sum((memo.shipping for memo in self.memos), ZERO):
            raise Impossible
        self.memos.append(self.a_memo(quantity, shipping, adjustment))

    def cancel_in_shop(self) -> None:
        if self.invoiced + self.canceled >= self.ordered:
            raise Impossible
        self.canceled = self.ordered - self.invoiced

    def ship_at_walmart(self, number: str, tracking: str) -> None:
        line = self.line(number)
        if not line.open:
            raise Impossible
        line.shipped.append(tracking)

    def cancel_at_walmart(self, number: str) -> None:
        line = self.line(number)
        if not line.open:
            raise Impossible
        line.cancelled += 1

    def refund_at_walmart(self, number: str, amount: Decimal | None = None) -> None:
        """All that is left of the line, or so much of its price."""
        line = self.line(number)
        left = self.left(line)
        if amount is not None:
            left = {"PRODUCT": (amount, ZERO)} if left.get("PRODUCT", (ZERO, ZERO))[0] > amount else {}
        if total(left) <= 0:
            raise Impossible
        self.give_back(line, left)

    def line(self, number: str) -> WalmartLine:
        if number not in self.walmart:
            raise Impossible
        return self.walmart[number]

    # What the sides count

    @property
    def documents(self) -> list[ShopShipment | ShopCreditmemo]:
        both: list[ShopShipment | ShopCreditmemo] = [*self.shipments, *self.memos]
        return sorted(both, key=lambda one: one.created_at)

    @property
    def shipped(self) -> int:
        return sum(one.quantity for shipment in self.shipments for one in shipment.items)

    @property
    def refunded(self) -> int:
        return sum(one.quantity for memo in self.memos for one in memo.items)

    @property
    def refunded_unshipped(self) -> int:
        shipped = refunded = unshipped = 0
        for document in self.documents:
            count = sum(one.quantity for one in document.items)
            if isinstance(document, ShopShipment):
                shipped += count
            else:
                unshipped += count - min(count, max(shipped - refunded, 0))
                refunded += count
        return unshipped

    @property
    def given_up(self) -> int:
        """Units that were credited or cancelled while they were open: those first, but in a memo made for a refund."""
        open_, shipped, given_up = self.ordered, 0, 0
        for document in self.documents:
            count = sum(one.quantity for one in document.items)
            if isinstance(document, ShopShipment):
                count = min(count, open_)
                shipped += count
            else:
                shipped_first = any(REFUND in comment for comment in document.comments)
                from_shipped = min(count, shipped) if shipped_first else max(count - open_, 0)
                shipped -= from_shipped
                count -= from_shipped
                given_up += count
            open_ -= count
        return given_up + self.canceled

    @property
    def offered(self) -> int:
        """What Magento would ship."""
        left = self.ordered - self.canceled
        return left - (max(self.shipped, self.refunded) if self.lenient else self.shipped + self.refunded_unshipped)

    def left(self, line: WalmartLine) -> dict[str, tuple[Decimal, Decimal]]:
        used = line.refunded
        return {
            kind: (amount - used.get(kind, (ZERO, ZERO))[0], tax - used.get(kind, (ZERO, ZERO))[1])
            for kind, (amount, tax) in line.charged.items()
        }

    def give_back(self, line: WalmartLine, amounts: Mapping[str, tuple[Decimal, Decimal]]) -> None:
        """As Walmart does: never above what is left, and with the full price everything."""
        left = self.left(line)
        if any(pair[0] > left[kind][0] or pair[1] > left[kind][1] for kind, pair in amounts.items()):
            raise Impossible
        if not line.refunds and amounts.get("PRODUCT", (ZERO, ZERO))[0] == line.charged["PRODUCT"][0]:
            amounts = left
        charges = tuple(Charge(kind, kind, amount, tax) for kind, (amount, tax) in amounts.items())
        line.refunds.append(LineRefund(str(next(self.ids)), "Others", "", charges))

    def a_shipment(self, quantity: int, tracks: tuple[ShopTrack, ...], comment: str = "") -> ShopShipment:
        number = next(self.ids)
        return ShopShipment(number, f"S{number}", 12, self.now, (ItemUnits(1, quantity),), tracks, comments=(comment,))

    def a_memo(self, quantity: int, shipping: Decimal, adjustment: Decimal, comment: str = "") -> ShopCreditmemo:
        number, units = next(self.ids), Decimal(quantity)
        items = (Credited(1, quantity, PRICE * units, TAX * units),) if quantity else ()
        tax = (SHIPPING_TAX * shipping / SHIPPING).quantize(Decimal("0.01"))
        plus, minus = max(adjustment, ZERO), max(-adjustment, ZERO)
        whole = sum((one.total for one in items), ZERO) + shipping + tax + plus - minus
        return ShopCreditmemo(number, f"C{number}", 12, self.now, items, shipping, tax, plus, minus, whole, (comment,))

    def order(self) -> Order:
        return an_order(*(line.line() for line in self.walmart.values()), ship_by=NOW + timedelta(days=3))

    def shop(self) -> ShopOrder:
        item = ShopItem(
            1, "MUG", *map(Decimal, (self.ordered, self.invoiced, self.shipped, self.refunded, self.canceled))
        )
        state = "canceled" if self.canceled == self.ordered else "closed" if self.closed else "processing"
        return ShopOrder(
            12,
            "WM-1",
            "1",
            1,
            state,
            state,
            Decimal(100),
            (item,),
            shipments=tuple(self.shipments),
            creditmemos=tuple(self.memos),
        )

    # What the plan makes of it

    def planned(self, *, stale: int = 0) -> Plan:
        """What is left to do; `stale` looks ago, as long as that is not longer than an effect may stay unseen."""
        self.seen.append((self.now, self.order(), self.shop()))
        recent = [one for one in self.seen if self.now - one[0] < self.policy.settle_after]
        _, order, shop = recent[-1 - min(stale, len(recent) - 1)]
        behind = (Behind(1, "MUG", tuple(Units(line.number, line.quantity) for line in self.walmart.values())),)
        seen = Seen(order, shop, "WM-1", behind=behind, returns=())
        return plan(seen, self.policy, [record.issued() for record in self.records.values()], self.now)

    def act(self, found: Plan) -> None:
        """Put the plan's commands into the outbox, dismiss what is not asked for any more, and carry the rest out."""
        wanted = {(type(one).__name__, cause_of(one)) for one in found.commands}
        held = {(type(one).__name__, cause_of(one)) for one in found.held}
        for key, record in self.records.items():
            if record.state is CommandState.PARKED and key not in held | wanted:
                record.state = CommandState.DISMISSED
        for command in found.commands:
            key = type(command).__name__, cause_of(command)
            record = self.records.setdefault(key, Record(command))
            if record.state is CommandState.QUEUED:
                self.perform(record)

    def perform(self, record: Record) -> None:
        """Carry a command out. Where the answer is lost it stays under way, and the next try finds what it did."""
        if record.was_sent:
            record.state, record.done_at = CommandState.DONE, self.now
            return
        try:
            getattr(self, f"_{type(record.command).__name__}", self._nothing)(record, record.command)
        except Impossible:
            record.state = CommandState.DISMISSED
        else:
            record.was_sent = True
            if record.state is CommandState.QUEUED and not self.answers_get_lost:
                record.state, record.done_at = CommandState.DONE, self.now

    def look(self, stale: int, answers_get_lost: bool) -> None:
        """One look, perhaps an old one, and one round of commands, perhaps without hearing what became of them."""
        self.answers_get_lost = answers_get_lost
        self.act(self.planned(stale=stale))
        self.answers_get_lost = False

    def rest(self, rounds: int = 60) -> Plan:
        """Go on until nothing is asked for, moving the clock as the plan asks to be asked again."""
        for _ in range(rounds):
            found = self.planned()
            self.act(found)
            if not found.commands and (
                found.look_again_at is None or found.look_again_at > self.now + timedelta(hours=1)
            ):
                return found
            self.now = max(self.now, min(found.look_again_at or self.now, self.now + timedelta(hours=1)))
            self.now += timedelta(seconds=1)
        raise AssertionError(f"never at rest: {found}")

    def _nothing(self, record: Record, command: Command) -> None:
        pass

    def _ConfirmShipment(self, record: Record, command: ConfirmShipment) -> None:
        if any(self.walmart[unit.line].open < unit.quantity for unit in command.units):
            raise Impossible
        for unit in command.units:
            self.walmart[unit.line].shipped += [command.number] * unit.quantity
        record.frozen["floors"] = {unit.line: len(self.walmart[unit.line].shipped) for unit in command.units}

    def _CorrectTracking(self, record: Record, command: CorrectTracking) -> None:
        for unit in command.units:
            line = self.walmart[unit.line]
            line.shipped = [command.number if one == command.before else one for one in line.shipped]

    def _CancelLines(self, record: Record, command: CancelLines) -> None:
        if any(self.walmart[unit.line].open < unit.quantity for unit in command.units):
            raise Impossible
        for unit in command.units:
            self.walmart[unit.line].cancelled += unit.quantity
        record.frozen["floors"] = {unit.line: self.walmart[unit.line].cancelled for unit in command.units}

    def _RefundLines(self, record: Record, command: RefundLines) -> None:
        if any(total(self.walmart[money.line].refunded) != money.before for money in command.lines):
            raise Impossible
        for money in command.lines:
            line = self.walmart[money.line]
            before = total(line.refunded)
            self.give_back(line, self.left(line) if command.is_full else by_type(money.charges))
            more = total(line.refunded) - before - money.total
            record.frozen.setdefault("floors", {})[money.line] = str(total(line.refunded))
            record.frozen.setdefault("widened", {})[money.line] = str(more)

    def _BookRefund(self, record: Record, command: BookRefund) -> None:
        pass

    def _AskAboutMemo(self, record: Record, command: AskAboutMemo) -> None:
        record.state, record.reason = CommandState.PARKED, command.question

    def _CreateInvoice(self, record: Record, command: CreateInvoice) -> None:
        left = self.ordered - self.invoiced - self.canceled
        wanted = sum(one.quantity for one in command.items) or left
        if wanted > left:
            raise Impossible
        self.invoiced += wanted

    def _CreateShipment(self, record: Record, command: CreateShipment) -> None:
        quantity = sum(one.quantity for one in command.items)
        if quantity > self.offered:
            raise Impossible
        number = command.tracking.number if command.tracking else ""
        tracks = (ShopTrack(next(self.ids), number, "ups", "UPS", self.now),) if number else ()
        self.shipments.append(self.a_shipment(quantity, tracks, f"({MARK}{cause_of(command)})"))
        record.frozen["entity_id"] = self.shipments[-1].entity_id

    def _CancelMagentoOrder(self, record: Record, command: CancelMagentoOrder) -> None:
        left = self.ordered - self.invoiced - self.canceled
        if left != sum(one.quantity for one in command.items):
            raise Impossible
        self.canceled += left
        record.frozen["floors"] = {"1": self.canceled}

    def _CreateCreditMemo(self, record: Record, command: CreateCreditMemo) -> None:
        quantity = sum(one.quantity for one in command.items)
        if quantity > self.invoiced - self.refunded:
            raise Impossible
        comment = f"({MARK}{'' if command.cancelled else REFUND}{cause_of(command)})"
        self.memos.append(self.a_memo(quantity, command.shipping, command.adjustment, comment))
        record.frozen["entity_id"] = self.memos[-1].entity_id


def policy(**changes: Any) -> Policy:
    """Everything that can be decided by settings is decided, so that nothing has to wait for the merchant."""
    chosen = Policy(cancel_reason="SELLER_CANCEL_PRICING_ERROR", accept_cancellation_requests=True)
    return replace(chosen, **changes)
