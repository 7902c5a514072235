"""What can go out: one frozen dataclass per effect on the other side, in the imperative."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args

from webapp.domain.order import ZERO, Charge, Tracking
from webapp.domain.shop import ItemUnits, Units


class Side(StrEnum):
    """The neighbour that a call speaks to; commands speak to the first two."""

    WALMART = "Walmart"
    MAGENTO = "Magento"
    HOOK = "The address for alerts"


@dataclass(frozen=True, slots=True)
class AcknowledgeOrder:
    """Tell Walmart that the whole order was taken. Walmart allows repeats."""

    generation: int = 1


@dataclass(frozen=True, slots=True)
class CreateMagentoOrder:
    """Create the order in the shop, or adopt the one that is already there."""

    generation: int = 1


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """Create a simple product for a Walmart SKU that the shop lacks, or adopt the one that has appeared."""

    sku: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class ReserveStock:
    """Take units of a product out of the shop's stock while their order waits for its Magento order."""

    sku: str
    quantity: int
    generation: int = 1


@dataclass(frozen=True, slots=True)
class ReleaseStock:
    """Give back what the ReserveStock of this cause took, for the reason `because`."""

    sku: str
    reservation: str
    because: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CreateInvoice:
    """Invoice the Magento order, of which Walmart has taken the payment: all of it, or only units that stay."""

    generation: int = 1
    items: tuple[ItemUnits, ...] = ()


@dataclass(frozen=True, slots=True)
class SetMagentoStatus:
    """Show the order's state by a status of the merchant's choice. Once for each status that it reaches."""

    status: str
    reached: str


@dataclass(frozen=True, slots=True)
class SendOrderMail:
    """Let the shop send its order e-mail to the buyer, once for each Magento order that is made here."""

    order: int


@dataclass(frozen=True, slots=True)
class UpdateMagentoAddress:
    """Give the Magento order the address as a person corrected it, in the correction `version`. It may be repeated."""

    version: int
    order: int


@dataclass(frozen=True, slots=True)
class CopyNote:
    """Copy a person's note into the history of the Magento order, where the buyer does not see it.

    `request` is the form that brought the note: the number of a deleted note may come again.
    """

    note: int
    order: int
    request: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmShipment:
    """Tell Walmart that units have left in one parcel: of a Magento shipment, or as a person says (`parcel`).

    A shipment's carrier and method are looked up right before it is sent, so that a mapping that was put right counts.
    """

    units: tuple[Units, ...]
    shipment: int = 0
    shipment_number: str = ""
    number: str = ""
    parcel: Tracking | None = None
    other_carrier: bool = False
    request: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CorrectTracking:
    """Give Walmart another tracking number for units that it has as shipped with `before`."""

    units: tuple[Units, ...]
    shipment: int
    shipment_number: str
    before: str
    number: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CancelLines:
    """Cancel open units at Walmart. `cause` is what asked for it (`memo:17`, `order:12`, `buyer`, `request:…`)."""

    units: tuple[Units, ...]
    reason: str
    cause: str
    because: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class LineMoney:
    """Money of one Walmart line, as positive charges; so many of its units come back whole, else it is money alone.

    `before` is what Walmart showed refunded on the line when this was decided.
    """

    line: str
    charges: tuple[Charge, ...]
    units: int = 0
    before: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return sum((charge.amount + charge.tax for charge in self.charges), ZERO)


@dataclass(frozen=True, slots=True)
class RefundLines:
    """Give a buyer money back for shipped lines: for a credit memo of Magento, or as a person says (`request`).

    Full and partial refunds are calls of their own. `note` says what differs from the memo.
    """

    lines: tuple[LineMoney, ...]
    is_full: bool
    reason: str
    comment: str = ""
    memo: int = 0
    memo_number: str = ""
    request: str = ""
    note: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class BookRefund:
    """Set a credit memo against what Walmart has refunded already; nothing is paid."""

    lines: tuple[LineMoney, ...]
    memo: int
    memo_number: str
    note: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class AskAboutMemo:
    """A credit memo that cannot be settled without the merchant: it is parked at once, with the question."""

    memo: int
    memo_number: str
    question: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CreateShipment:
    """Ship in Magento what Walmart shows shipped in one parcel."""

    items: tuple[ItemUnits, ...]
    units: tuple[Units, ...]
    tracking: Tracking | None = None
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CancelMagentoOrder:
    """Cancel what is open in the Magento order and not invoiced: `items` of it, because Walmart cancelled them."""

    order: int
    items: tuple[ItemUnits, ...]
    because: str = ""
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CreateCreditMemo:
    """Credit in Magento what was cancelled or refunded at Walmart. Amounts are Magento's: shipping is net of tax."""

    items: tuple[ItemUnits, ...]
    lines: tuple[LineMoney, ...]
    shipping: Decimal = ZERO
    adjustment: Decimal = ZERO
    cancelled: bool = False
    because: str = ""
    generation: int = 1


Command = (
    AcknowledgeOrder
    | CreateMagentoOrder
    | CreateProduct
    | ReserveStock
    | ReleaseStock
    | CreateInvoice
    | SetMagentoStatus
    | SendOrderMail
    | UpdateMagentoAddress
    | CopyNote
    | ConfirmShipment
    | CorrectTracking
    | CancelLines
    | RefundLines
    | BookRefund
    | AskAboutMemo
    | CreateShipment
    | CancelMagentoOrder
    | CreateCreditMemo
)

KINDS: dict[str, type[Command]] = {kind.__name__: kind for kind in get_args(Command)}

BOTH_WAYS = (
    ConfirmShipment,
    CorrectTracking,
    CancelLines,
    RefundLines,
    BookRefund,
    AskAboutMemo,
    CreateShipment,
    CancelMagentoOrder,
    CreateCreditMemo,
)
"""Kinds that carry a status across. What was sent of them is followed up, whatever the plan says."""

SIDES: dict[str, Side] = {
    "AcknowledgeOrder": Side.WALMART,
    "CreateMagentoOrder": Side.MAGENTO,
    "CreateProduct": Side.MAGENTO,
    "ReserveStock": Side.MAGENTO,
    "ReleaseStock": Side.MAGENTO,
    "CreateInvoice": Side.MAGENTO,
    "SetMagentoStatus": Side.MAGENTO,
    "SendOrderMail": Side.MAGENTO,
    "UpdateMagentoAddress": Side.MAGENTO,
    "CopyNote": Side.MAGENTO,
    "ConfirmShipment": Side.WALMART,
    "CorrectTracking": Side.WALMART,
    "CancelLines": Side.WALMART,
    "RefundLines": Side.WALMART,
    "BookRefund": Side.WALMART,
    "AskAboutMemo": Side.WALMART,
    "CreateShipment": Side.MAGENTO,
    "CancelMagentoOrder": Side.MAGENTO,
    "CreateCreditMemo": Side.MAGENTO,
}

SETTLES_IN = dict.fromkeys(("CreateProduct", "CreateInvoice"), timedelta(seconds=120))
"""How long an effect may stay unseen after a doubtful call. A kind that is not here may be tried again at once: the
other side itself takes it only once (the order by its number), or twice without harm, or its handler waits itself."""

MAGENTO_ALONE = frozenset(
    {"CreateProduct", "CreateInvoice", "SetMagentoStatus", "CreateShipment", "CancelMagentoOrder", "CreateCreditMemo"}
    | {"UpdateMagentoAddress", "CopyNote", "SendOrderMail", "ReserveStock", "ReleaseStock"}
)
"""Kinds that never ask Walmart anything, and so go on while Walmart does not serve the account. What they rest on there
cannot be undone: a unit that is shipped, cancelled or refunded stays so."""

KEEP_DOUBT = frozenset({"ReserveStock", "ReleaseStock"})
"""Kinds that set a quantity, which shows no mark of who set it: what was sent is kept on every further try, so that it
is adopted or asked about, until a person says that it never arrived."""

CHANGE_NOTHING = frozenset({"BookRefund", "AskAboutMemo"})
"""Kinds that only compare, or ask a person, and so take no token of any limit."""


TRIED_ON = frozenset({"AcknowledgeOrder"})
"""Kinds that no schedule ends: they are tried until they are done, or not needed any more, however long that takes."""


class CommandState(StrEnum):
    """A command's life. It ends done, dismissed or parked, never deleted."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"
    DISMISSED = "dismissed"


UNDER_WAY = frozenset({CommandState.QUEUED, CommandState.RUNNING})


@dataclass(frozen=True, slots=True)
class Issued:
    """A command that was issued before, as the plan needs to know it."""

    kind: str
    cause: str
    state: CommandState
    done_at: datetime | None = None
    reason: str = ""
    given_up: bool = False
    waits: str = ""
    was_sent: bool = False
    by_person: bool = False
    by: str = ""
    """Who asked for it, where a person did."""
    ended_at: datetime | None = None
    command: Command | None = None
    frozen: Mapping[str, Any] = field(default_factory=dict)
    """What was sent, and what its handler noted about it."""

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


def issued_of(kind: type[Command], issued: Iterable[Issued]) -> tuple[Issued, ...]:
    """All earlier commands of one kind, in the order they were issued."""
    return tuple(one for one in issued if one.kind == kind.__name__)


def refused_of(issued: Iterable[Issued]) -> tuple[Issued, ...]:
    """Those that wait for a person and say why, in the order they were issued."""
    return tuple(one for one in issued if one.state is CommandState.PARKED and one.reason)
