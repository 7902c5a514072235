"""Units on both sides: what Walmart has of them, what the shop's documents mean, and what each side lacks.

A line of the shop and the Walmart lines behind it are one group. On each side every unit of it is open, shipped or
cancelled; in the shop it may also be refunded after it was shipped. What one side has and the other lacks is what has
to be done; what both have asks for nothing, whoever did it first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from webapp.domain.order import CANCELLED, CREATED, SHIPPED_WORDS, Line
from webapp.domain.shop import Behind, ShopCreditmemo, ShopItem, ShopOrder, ShopShipment, Units


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of the shop's order that share Walmart lines, and those lines; nearly always one of the shop's."""

    items: tuple[int, ...]
    sku: str
    units: tuple[Units, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(one.line for one in self.units)


@dataclass(frozen=True, slots=True)
class WalmartUnits:
    """The units of a Walmart line that stand behind a line of the shop. `created` of the open ones cannot ship yet."""

    line: str
    open: int = 0
    created: int = 0
    shipped: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Floor:
    """So many units of a line are shipped or cancelled at least: what was done here counts before it can be seen."""

    line: str
    shipped: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """How many units of a shop line one shipment took. `surplus` of them were credited or cancelled before."""

    shipment: int
    item_id: int
    quantity: int
    surplus: int = 0


@dataclass(frozen=True, slots=True)
class Credit:
    """What a credit memo means for a shop line: open units are cancelled first, then shipped ones are refunded."""

    memo: int
    item_id: int
    cancelled: int
    refunded: int


@dataclass(frozen=True, slots=True)
class ShopUnits:
    """One line of the shop's order, unit by unit, by our own count; Magento's "to ship" is not asked.

    `cancelled` units were given up before they shipped, `by_order` of them by cancelling the order, the rest by credit
    memos. `surplus` units were shipped after that all the same. `late_cancel` units had shipped when the order was
    cancelled. `unseen` says that the counts tell of documents that are not there yet.
    """

    item_id: int
    ordered: int
    open: int
    shipped: int
    refunded: int
    cancelled: int
    by_order: int = 0
    surplus: int = 0
    late_cancel: int = 0
    unseen: bool = False
    sent: tuple[Sent, ...] = ()
    credits: tuple[Credit, ...] = ()


@dataclass(frozen=True, slots=True)
class Differences:
    """What one side has and the other lacks, in units of one group.

    `confirm`: shipped in the shop, open at Walmart. `cancel`: given up in the shop, open at Walmart. `ship`: shipped at
    Walmart, open in the shop. `give_up`: cancelled at Walmart, open in the shop. `clash`: shipped in the shop and not
    refunded, cancelled at Walmart; `moot`: the same, but refunded. `late`: given up in the shop, shipped at Walmart.
    `waiting`: open on both sides.
    """

    confirm: int = 0
    cancel: int = 0
    ship: int = 0
    give_up: int = 0
    clash: int = 0
    moot: int = 0
    late: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One group as it stands on both sides."""

    group: Group
    walmart: tuple[WalmartUnits, ...]
    shop: tuple[ShopUnits, ...]
    differences: Differences = field(default_factory=Differences)

    @property
    def unseen(self) -> bool:
        return any(item.unseen for item in self.shop)

    @property
    def surplus(self) -> int:
        return sum(item.surplus for item in self.shop)


def standings(
    order_lines: Iterable[Line],
    shop: ShopOrder,
    behind: Sequence[Behind],
    floors: Sequence[Floor],
    refunding: Container[int] = (),
) -> tuple[Standing, ...]:
    """Each group of the order on both sides. Lines that exist on one side alone have nothing to be equal to.

    `refunding` are credit memos that a person said to be about units that shipped.
    """
    lines = {line.number: line for line in order_lines}
    items = {item.item_id: item for item in shop.items}
    found = []
    for group in groups(behind):
        if not all(item in items for item in group.items):
            continue
        walmart = tuple(at_walmart(lines[one.line], one.quantity, floors) for one in group.units if one.line in lines)
        counted = tuple(in_shop(items[item], shop.shipments, shop.creditmemos, refunding) for item in group.items)
        found.append(Standing(group, walmart, counted, compare(counted, walmart)))
    return tuple(found)


def groups(behind: Iterable[Behind]) -> tuple[Group, ...]:
    """Shop lines with the Walmart units behind them; those that share a Walmart line are one."""
    found: list[Group] = []
    for one in behind:
        if not one.units:
            continue
        near = [group for group in found if set(group.lines) & {unit.line for unit in one.units}]
        units = Counter[str]()
        for unit in (*(unit for group in near for unit in group.units), *one.units):
            units[unit.line] += unit.quantity
        items = (*(item for group in near for item in group.items), one.item_id)
        joined = Group(items, near[0].sku if near else one.sku, tuple(Units(*pair) for pair in units.items()))
        found = [group for group in found if group not in near] + [joined]
    return tuple(found)


def at_walmart(line: Line, behind: int, floors: Iterable[Floor] = ()) -> WalmartUnits:
    """The `behind` units of a line as Walmart has them. Those that are not behind were cancelled before the shop's
    order was made."""
    counts = line.counts()
    shipped = sum(counts[word] for word in SHIPPED_WORDS)
    cancelled = counts[CANCELLED]
    for floor in floors:
        if floor.line == line.number:
            shipped, cancelled = max(shipped, floor.shipped), max(cancelled, floor.cancelled)
    shipped = min(shipped, behind)
    cancelled = min(max(cancelled - max(line.quantity - behind, 0), 0), behind - shipped)
    rest = behind - shipped - cancelled
    return WalmartUnits(line.number, rest, min(counts[CREATED], rest), shipped, cancelled)


def in_shop(
    item: ShopItem,
    shipments: Iterable[ShopShipment],
    memos: Iterable[ShopCreditmemo],
    refunding: Container[int] = (),
) -> ShopUnits:
    """A line of the shop's order, its documents taken in the order in which they were made.

    Totals that tell of more than the documents are counted, so that nothing is done twice; they are marked as unseen.
    """
    count = _Count(open=int(item.ordered))
    for _, document in sorted(_happenings(item.item_id, shipments, memos), key=lambda one: one[0]):
        count.take(item.item_id, document, refunding)
    unseen = count.left_over(shipped=int(item.shipped), credited=int(item.refunded))
    by_order = min(int(item.canceled), count.open)
    count.open -= by_order
    return ShopUnits(
        item_id=item.item_id,
        ordered=int(item.ordered),
        open=count.open,
        shipped=count.shipped,
        refunded=count.refunded,
        cancelled=count.cancelled + by_order,
        by_order=by_order,
        surplus=count.surplus,
        late_cancel=int(item.canceled) - by_order,
        unseen=unseen,
        sent=tuple(count.sent),
        credits=tuple(count.credits),
    )


def compare(shop: Iterable[ShopUnits], walmart: Iterable[WalmartUnits]) -> Differences:
    """Set like against like first, then what one side has against what is open on the other."""
    items, lines = tuple(shop), tuple(walmart)
    gone, given_up = sum(one.shipped + one.refunded for one in items), sum(one.cancelled for one in items)
    here, there = sum(one.open for one in items), sum(one.open for one in lines)
    shipped, cancelled = sum(one.shipped for one in lines), sum(one.cancelled for one in lines)
    agreed = min(gone, shipped)
    unmet, unshipped = gone - agreed, shipped - agreed
    agreed_off = min(given_up, cancelled)
    uncalled, unasked = given_up - agreed_off, cancelled - agreed_off
    confirm = min(unmet, there)
    cancel = min(uncalled, there - confirm)
    ship = min(unshipped, here)
    give_up = min(unasked, here - ship)
    # Of what was shipped, the units that were refunded since are those that Walmart may well have cancelled.
    kept = max(sum(one.shipped for one in items) - agreed - confirm, 0)
    contrary = min(unmet - confirm, unasked - give_up)
    return Differences(
        confirm=confirm,
        cancel=cancel,
        ship=ship,
        give_up=give_up,
        clash=min(contrary, kept),
        moot=contrary - min(contrary, kept),
        late=min(unshipped - ship, uncalled - cancel),
        waiting=min(here - ship - give_up, there - confirm - cancel),
    )


@dataclass(slots=True)
class _Count:
    """A shop line while its documents are taken one after the other."""

    open: int
    shipped: int = 0
    refunded: int = 0
    cancelled: int = 0
    surplus: int = 0
    sent: list[Sent] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)

    def take(self, item_id: int, document: tuple[str, int, int], refunding: Container[int]) -> None:
        kind, number, quantity = document
        if kind == "shipment":
            self.sent.append(Sent(number, item_id, quantity, self.ship(quantity)))
        else:
            self.credits.append(Credit(number, item_id, *self.credit(quantity, number in refunding)))

    def ship(self, quantity: int) -> int:
        """Units leave the house; how many of them were given up before."""
        from_open = min(quantity, self.open)
        surplus = min(quantity - from_open, self.cancelled - self.surplus)
        self.open -= from_open
        self.shipped += from_open
        self.surplus += surplus
        return surplus

    def credit(self, quantity: int, refunding: bool = False) -> tuple[int, int]:
        """Units are credited: how many of them were open, and how many had shipped."""
        from_open = min(max(quantity - self.shipped, 0) if refunding else quantity, self.open)
        from_shipped = min(quantity - from_open, self.shipped)
        self.open -= from_open
        self.cancelled += from_open
        self.shipped -= from_shipped
        self.refunded += from_shipped
        return from_open, from_shipped

    def left_over(self, *, shipped: int, credited: int) -> bool:
        """Count what Magento's totals tell of and no document does; true where there is any."""
        more_shipped = shipped - sum(one.quantity for one in self.sent)
        more_credited = credited - sum(one.cancelled + one.refunded for one in self.credits)
        if more_shipped > 0:
            self.ship(more_shipped)
        if more_credited > 0:
            self.credit(more_credited)
        return more_shipped > 0 or more_credited > 0


def _happenings(
    item_id: int, shipments: Iterable[ShopShipment], memos: Iterable[ShopCreditmemo]
) -> Iterable[tuple[tuple[datetime, int, int], tuple[str, int, int]]]:
    """The documents of one line with when they were made. Within one second what left the house comes first."""
    for shipment in shipments:
        quantity = sum(one.quantity for one in shipment.items if one.item_id == item_id)
        if quantity > 0:
            yield (shipment.created_at, 0, shipment.entity_id), ("shipment", shipment.entity_id, quantity)
    for memo in memos:
        quantity = sum(one.quantity for one in memo.items if one.item_id == item_id)
        if quantity > 0:
            yield (memo.created_at, 1, memo.entity_id), ("memo", memo.entity_id, quantity)


def has_gone_backwards(before: ShopOrder, after: ShopOrder) -> bool:
    """The shop seems to have fewer units shipped, credited or cancelled than it had: the read may be stale."""
    later: Mapping[int, ShopItem] = {item.item_id: item for item in after.items}
    return any(
        item.item_id not in later
        or later[item.item_id].shipped < item.shipped
        or later[item.item_id].refunded < item.refunded
        or later[item.item_id].canceled < item.canceled
        or later[item.item_id].invoiced < item.invoiced
        for item in before.items
    )
