"""What can go out: one frozen dataclass per effect on the other side, in the imperative."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Side(StrEnum):
    """The neighbour that a command speaks to."""

    WALMART = "Walmart"
    MAGENTO = "Magento"


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
class CreateInvoice:
    """Invoice all of the Magento order: Walmart has taken the payment."""

    generation: int = 1


@dataclass(frozen=True, slots=True)
class SetMagentoStatus:
    """Show the order's state by a status of the merchant's choice. Once for each status that it reaches."""

    status: str
    reached: str


Command = AcknowledgeOrder | CreateMagentoOrder | CreateProduct | CreateInvoice | SetMagentoStatus

KINDS: dict[str, type[Command]] = {
    kind.__name__: kind
    for kind in (AcknowledgeOrder, CreateMagentoOrder, CreateProduct, CreateInvoice, SetMagentoStatus)
}

SIDES: dict[str, Side] = {
    "AcknowledgeOrder": Side.WALMART,
    "CreateMagentoOrder": Side.MAGENTO,
    "CreateProduct": Side.MAGENTO,
    "CreateInvoice": Side.MAGENTO,
    "SetMagentoStatus": Side.MAGENTO,
}

SETTLES_IN = {"CreateProduct": timedelta(seconds=120), "CreateInvoice": timedelta(seconds=120)}
"""How long an effect may stay unseen after a doubtful call. A kind that is not here may be repeated at once: the other
side itself takes it only once (the order by its number), or twice without harm."""

IN_WORDS = {
    "AcknowledgeOrder": ("Acknowledge at Walmart", "Acknowledged at Walmart", "Acknowledging…"),
    "CreateMagentoOrder": (
        "Create the Magento order",
        "Created the Magento order",
        "Creating the Magento order…",
    ),
    "CreateProduct": ("Create the product", "Created the product", "Creating the product…"),
    "CreateInvoice": ("Invoice the Magento order", "Invoiced the Magento order", "Invoicing…"),
    "SetMagentoStatus": ("Set the Magento status", "Set the Magento status", "Setting the Magento status…"),
}
"""Per kind: what it will do, what it did, what it is doing; the order log and the queue share the words."""

DOING = {
    "AcknowledgeOrder": "Acknowledging at Walmart",
    "CreateMagentoOrder": "Creating the Magento order",
    "CreateProduct": "Creating the product in Magento",
    "CreateInvoice": "Invoicing the Magento order",
    "SetMagentoStatus": "Setting the Magento status",
}
"""Per kind: how the order's sentence begins while the command is under way."""

MAGENTO_ALONE = frozenset({"CreateProduct", "CreateInvoice", "SetMagentoStatus"})
"""Kinds that never ask Walmart anything, and so go on while Walmart does not serve the account."""


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

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


def cause_of(command: Command) -> str:
    """The part of the idempotency key that names why this command is wanted, not the state it was wanted in."""
    match command:
        case SetMagentoStatus(status, reached):
            return f"{reached}:{status}"
        case CreateProduct(sku, generation):
            return f"{generation}:{sku}"
        case _:
            return str(command.generation)


def issued_of(kind: type[Command], issued: Iterable[Issued]) -> tuple[Issued, ...]:
    """All earlier commands of one kind, in the order they were issued."""
    return tuple(one for one in issued if one.kind == kind.__name__)
