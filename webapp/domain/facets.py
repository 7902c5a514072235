"""Where an order belongs in the lists, in one whole number: its account, problem, status, Magento side and flags.

Orders of one facet are alike for every filter and tab, so each list is a handful of facets, and one index over
(facet, date) serves all of them in any combination. The database computes the number from the order's own columns
(`models.orders.FACET`), so it can never disagree with them; this module reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache

from webapp.domain.order import OrderStatus

STATUSES = tuple(OrderStatus)
"""In the order of an order's life, which is also the order in which a list by status stands."""


class InShop(IntEnum):
    """The Magento side: there, deleted there, failed with a reason, still to be made, or never to be made.

    What a rule of the merchant's holds is still to be made: nothing went wrong.
    """

    LINKED = 0
    DELETED = 1
    FAILED = 2
    WAITING = 3
    EXCLUDED = 4


class ShippedBy(IntEnum):
    """Who ships."""

    SELLER = 0
    WALMART = 1
    OTHERS = 2


class Problem(IntEnum):
    """What a person has to see to, by what kind of help it needs; `slug` stands in addresses, `words` are shown."""

    NONE = 0
    PRODUCT = 1
    CARRIER = 2
    REASON = 3
    ANSWER = 4
    LATE = 5
    FAILED = 6
    ELSE = 7
    HELD = 8

    @property
    def slug(self) -> str:
        return self.name.lower()

    @property
    def words(self) -> str:
        return _PROBLEMS[self]


_PROBLEMS = {
    Problem.NONE: "none",
    Problem.PRODUCT: "no product in Magento",
    Problem.CARRIER: "carrier not known to Walmart",
    Problem.REASON: "reason to cancel is missing",
    Problem.ANSWER: "buyer waits for an answer",
    Problem.LATE: "about to be canceled by Walmart",
    Problem.FAILED: "refused or failed",
    Problem.ELSE: "something else",
    Problem.HELD: "held by a rule of yours",
}
FLAGS = (
    "needs_action",
    "to_acknowledge",
    "to_ship",
    "is_open",
    "has_failed",
    "wants_to_cancel",
    "is_refunded",
    "differs",
)
SHIPPED_BY_AT, IN_SHOP_AT, STATUS_AT, PROBLEM_AT, ACCOUNT_AT = 8, 10, 13, 16, 20
"""At which bit each part begins; the flags come first, in their order."""


@dataclass(frozen=True, slots=True)
class Facet:
    """What all orders of one facet have in common."""

    account_id: int
    status: OrderStatus
    in_shop: InShop
    shipped_by: ShippedBy
    problem: Problem = Problem.NONE
    needs_action: bool = False
    to_acknowledge: bool = False
    to_ship: bool = False
    is_open: bool = False
    has_failed: bool = False
    wants_to_cancel: bool = False
    is_refunded: bool = False
    differs: bool = False
    """Magento shows shipped, canceled or deleted what Walmart does not, or the other way round."""

    @property
    def may_be_late(self) -> bool:
        """The seller still has to ship something, so the ship-by date counts."""
        return self.is_open and self.shipped_by is ShippedBy.SELLER


@lru_cache(maxsize=4096)
def unfold(code: int) -> Facet:
    """The facet behind a stored number; a page asks for the same few hundreds of times."""
    return Facet(
        code >> ACCOUNT_AT,
        STATUSES[code >> STATUS_AT & 7],
        InShop(code >> IN_SHOP_AT & 7),
        ShippedBy(code >> SHIPPED_BY_AT & 3),
        Problem(code >> PROBLEM_AT & 15),
        *(bool(code >> bit & 1) for bit in range(len(FLAGS))),
    )


class Tab(StrEnum):
    """What a merchant asks first; `words` and `meaning` are shown."""

    ALL = "all"
    NEEDS_ACTION = "needs-action"
    TO_ACKNOWLEDGE = "to-acknowledge"
    TO_SHIP = "to-ship"
    SHIP_TODAY = "ship-today"
    LATE = "late"
    FAILED = "failed"
    CANCELLATION = "cancellation-requested"
    REFUNDS = "refunds"

    @property
    def words(self) -> str:
        return self.value.replace("-", " ").capitalize()

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]

    def takes(self, facet: Facet) -> bool:
        """Orders of this facet belong here; to LATE and SHIP_TODAY only with a ship-by date that presses."""
        match self:
            case Tab.NEEDS_ACTION:
                return facet.needs_action
            case Tab.TO_ACKNOWLEDGE:
                return facet.to_acknowledge
            case Tab.TO_SHIP | Tab.SHIP_TODAY:
                return facet.to_ship
            case Tab.LATE:
                return facet.may_be_late
            case Tab.FAILED:
                return facet.has_failed
            case Tab.CANCELLATION:
                return facet.wants_to_cancel
            case Tab.REFUNDS:
                return facet.is_refunded
            case Tab.ALL:
                return True


_MEANINGS = {
    Tab.ALL: "Every order.",
    Tab.NEEDS_ACTION: "The order cannot go on by itself: the reason stands under the status.",
    Tab.TO_ACKNOWLEDGE: "At least one unit is not acknowledged at Walmart yet.",
    Tab.TO_SHIP: "Acknowledged units that you still have to ship.",
    Tab.SHIP_TODAY: "Acknowledged units to be shipped by the end of today, those that are late among them.",
    Tab.LATE: "The ship-by date has passed and something is still open.",
    Tab.FAILED: "Something was refused, or tried for three days without success: try it again or give it up.",
    Tab.CANCELLATION: "The buyer asked to cancel units that have not shipped, and waits for your answer.",
    Tab.REFUNDS: "Part or all of the total was paid back to the buyer.",
}
