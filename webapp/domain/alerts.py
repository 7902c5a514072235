"""When a merchant who is not looking is told of something: once for each cause, again only where it has grown since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LASTS = timedelta(minutes=5)
"""A trouble of the server that is over sooner is told to nobody: it mends itself."""
SAME_WITHIN = timedelta(minutes=10)
"""A cause that was seen so lately, and is here again, goes on: what comes and goes within it is told once."""
AGAIN_AFTER = timedelta(hours=24)
"""A cause that has grown is told again so much later; what is urgent, at once."""
MOST_TOLD = 20
"""So many causes stand in a message; of the others it tells the number."""


class Kind(StrEnum):
    """What an alert is about; a channel chooses among these."""

    FAILED = "failed"
    NEEDS_ACTION = "needs-action"
    ACKNOWLEDGE = "acknowledge"
    LATE = "late"
    CANCELLATION = "cancellation"
    SERVER = "server"

    @property
    def words(self) -> str:
        return _WORDS[self]

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_WORDS = {
    Kind.FAILED: "Failed",
    Kind.NEEDS_ACTION: "Needs action",
    Kind.ACKNOWLEDGE: "Acknowledgement due",
    Kind.LATE: "Late",
    Kind.CANCELLATION: "Cancellation requested",
    Kind.SERVER: "Not running as it should",
}
_MEANINGS = {
    Kind.FAILED: "Something was refused or given up, and waits for somebody: once for each reason.",
    Kind.NEEDS_ACTION: "An order cannot go on by itself, such as one whose SKU the shop lacks: once for each reason.",
    Kind.ACKNOWLEDGE: "45 minutes before Walmart's four hours end, or after, an order is not acknowledged.",
    Kind.LATE: "The ship-by date has passed and something is still open.",
    Kind.CANCELLATION: "A buyer asked to cancel what has not shipped.",
    Kind.SERVER: "Walmart does not serve an account, a shop cannot be read, polls are late, Redis or the workers are "
    "gone, for five minutes; or a webhook came with a used id and another body.",
}


URGENT = frozenset({Kind.ACKNOWLEDGE, Kind.CANCELLATION})
"""Each further order has its own hours: none may wait a day because another one stands. How often a message goes out
bounds a flood."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is wrong now. `key` stays the same while it is; `number` is how many orders it is about, at least.

    `headline` is a sentence, `detail` more of it, `path` the page on this server where it is looked at.
    """

    key: str
    kind: Kind
    headline: str
    detail: str = ""
    path: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of a cause: since when it is there, and when it was told.

    `number` is the lowest since it was told: what exceeds it has grown.
    """

    began_at: datetime
    raised_at: datetime | None = None
    number: int = 0


def is_to_be_raised(cause: Cause, known: Known, now: datetime) -> bool:
    """Whether it is told now: when it has lasted long enough, and again where it has grown, a day later or urgent."""
    if known.raised_at is None:
        return cause.kind is not Kind.SERVER or now - known.began_at >= LASTS
    has_grown = cause.number > known.number
    return has_grown and (cause.kind in URGENT or now - known.raised_at >= AGAIN_AFTER)


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out; it holds no buyer's data."""

    subject: str
    text: str


def message(causes: Sequence[Cause], address: str) -> Message:
    """All that is new in one message; `address` is where this server is reached."""
    parts = [part for cause in causes[:MOST_TOLD] for part in _part(cause, address)]
    if len(causes) > MOST_TOLD:
        parts.append(f"And {len(causes) - MOST_TOLD} more: {address}/dashboard\n")
    end = (
        "Each cause is told once, and once more a day later if it has grown; orders to acknowledge and cancellations "
        "that come in addition are told at once. "
        f"Who is told of what: {address}/settings/alerts"
    )
    return Message(_subject(causes), "\n".join([*parts, end]) + "\n")


def _subject(causes: Sequence[Cause]) -> str:
    first = causes[0].headline.rstrip(".")
    more = f", and {len(causes) - 1} more" if len(causes) > 1 else ""
    return f"Orderbridge: {first[:120]}{more}"


def _part(cause: Cause, address: str) -> list[str]:
    told = [f"{cause.kind.words}: {cause.headline}"]
    if cause.detail:
        told.append(f"  {cause.detail}")
    if cause.path:
        told.append(f"  {address}{cause.path}")
    return [*told, ""]
