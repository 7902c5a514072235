"""An order's log as its page shows it: by day, narrowed by what is looked for, a stretch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from webapp import timeline
from webapp.domain.commands import Side
from webapp.models import CommandRow, OrderRow
from webapp.queries import moment_of, version
from webapp.timeline import Entry, Narrowed
from webapp.views import words

KIND_WORDS = (
    ("", "everything"),
    ("in", "what came in"),
    ("calls", "calls and commands"),
    ("changes", "changes seen"),
    ("people", "what people did"),
    ("trouble", "trouble"),
)
SIDE_WORDS = (("", "both sides"), *((side.value, side.value) for side in (Side.WALMART, Side.MAGENTO)))


@dataclass(frozen=True, slots=True)
class LogShown:
    """A stretch of the log. `older` is where the one before begins; `parked` waits for a person, whatever is shown."""

    wanted: Narrowed
    days: tuple[tuple[str, tuple[Entry, ...]], ...]
    older: str
    parked: list[Entry]
    has_open: bool


def shown(row: OrderRow, zone: str, args: Mapping[str, str], issued: Sequence[CommandRow] | None = None) -> LogShown:
    """The stretch that an address asks for; what makes no sense in it is left out.

    `issued`: all commands of the order, where they were read already.
    """
    kind, side = args.get("kind", ""), args.get("side", "")
    wanted = Narrowed(
        kind if kind in timeline.KINDS else "",
        side if side in {each.value for each in Side} else "",
    )
    before = moment_of(args.get("before", ""))
    found = timeline.read(row.account_id, row.po, row.sync_id, row.waiting_for, before, issued)
    entries = [entry for entry in found.entries if wanted.fits(entry)]
    return LogShown(
        wanted=wanted,
        days=tuple((day, tuple(mine)) for day, mine in groupby(entries, key=lambda entry: words.day(entry.at, zone))),
        older=str(version(found.older) + 1) if found.older else "",
        parked=[entry for entry in found.entries if entry.is_parked],
        has_open=any(entry.is_open for entry in found.entries),
    )
