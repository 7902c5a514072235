"""Files of many orders, made in the background: frozen as they were asked for, then written by a worker in parts."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from flask import current_app
from sqlalchemy import delete, or_, select, update

from webapp import clock, vault
from webapp.columns import NOW
from webapp.models import ExportPartRow, ExportRow, db
from webapp.queue import Bell
from webapp.unit_of_work import Work, rest, unit_of_work

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
"""A file may hold addresses, so it is kept no longer than this."""
LEASE = timedelta(seconds=60)
SLICE = timedelta(seconds=20)
"""One worker stays with a file so long before it lets others have their turn."""
AT_ONCE = 500
MOST_TRIES = 3
"""So often a worker may end in the middle of the same part; then the file is given up."""
WRITER = "orderbridge_export_writer"
"""Under this name the application keeps what turns orders into lines of a file; pages and files say the same."""

Writer = Callable[[Sequence[int], Sequence[str], bool], str]

_IS_FREE = or_(ExportRow.claimed_until.is_(None), ExportRow.claimed_until < NOW)
FREE = select(ExportRow.id).where(ExportRow.state == "waiting", _IS_FREE).order_by(ExportRow.id).limit(1)


class Lost(Exception):
    """Another worker writes this file now, or it was taken away: stop and write nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A file that is held by this worker."""

    export_id: int
    fence: int


def ask(order_ids: Sequence[int], columns: Sequence[str], by: str, *, with_address: bool) -> str:
    """Let a file be made of these orders, in this order; its key."""
    with unit_of_work() as work:
        row = ExportRow(
            key=vault.new_key(),
            by=by,
            columns=list(columns),
            with_address=with_address,
            order_ids=zlib.compress(msgspec.json.encode(list(order_ids))),
            total=len(order_ids),
            asked_at=clock.now(),
        )
        work.add(row)
        work.ring(Bell.INBOUND)
        return row.key


def forget_old(work: Work) -> None:
    """Files that have had their time go, with all their parts."""
    work.execute(delete(ExportRow).where(ExportRow.asked_at < clock.now() - KEPT))


def forget_buyer(work: Work, order_id: int) -> None:
    """Files with addresses that this order stands in go, whether written already or not."""
    with_address = select(ExportRow.id, ExportRow.order_ids).where(ExportRow.with_address.is_(True))
    found = [row.id for row in work.execute(with_address).all() if order_id in _ids_of(row.order_ids)]
    work.execute(delete(ExportRow).where(ExportRow.id.in_(found)))


def find(key: str, by: str) -> ExportRow | None:
    """The file with this key as it is now, for nobody but who asked for it; None once it is too old."""
    mine = ExportRow.key == key, ExportRow.by == by, ExportRow.asked_at >= clock.now() - KEPT
    wanted = select(ExportRow).where(*mine).execution_options(populate_existing=True)
    return db.session.execute(wanted).scalar_one_or_none()


def text_of(export_id: int) -> Iterator[str]:
    """What is written of it, part by part; between them the database is let go."""
    begin = -1
    while True:
        later = ExportPartRow.export_id == export_id, ExportPartRow.begin > begin
        part = db.session.execute(select(ExportPartRow).where(*later).order_by(ExportPartRow.begin).limit(1)).scalar()
        if part is None:
            return
        begin = part.begin
        yield zlib.decompress(part.body).decode()
        rest()


def take() -> Turn | None:
    """The file that waits the longest, held for this worker; None where none does."""
    export_id = db.session.execute(FREE, {"now": clock.now()}).scalar_one_or_none()
    if export_id is None:
        return None
    with unit_of_work() as work:
        held = {"claimed_until": clock.now() + LEASE, "fence": ExportRow.fence + 1, "tries": ExportRow.tries + 1}
        won = update(ExportRow).where(ExportRow.id == export_id, _IS_FREE).values(held)
        if not work.changed(won.execution_options(synchronize_session=False), {"now": clock.now()}):
            return None
        row = work.session.get_one(ExportRow, export_id, populate_existing=True)
        if row.tries <= MOST_TRIES:
            return Turn(export_id, row.fence)
        row.state, row.ended_at = "failed", clock.now()
        return None


def run(turn: Turn) -> None:
    """Write for a while, then let it go; it comes again as long as an order is left."""
    until = clock.now() + SLICE
    try:
        while _write_part(turn) and clock.now() < until:
            pass
        _keep(turn, tries=0, claimed_until=None)
    except Lost:
        log.info("export=%s was taken over", turn.export_id)


def _write_part(turn: Turn) -> bool:
    """The next lines; whether any are left after them."""
    row = db.session.get(ExportRow, turn.export_id, populate_existing=True)
    if row is None or row.fence != turn.fence:
        raise Lost
    begin, total, columns, with_address = row.written, row.total, row.columns, row.with_address
    ids = _ids_of(row.order_ids)[begin : begin + AT_ONCE]
    writer: Writer = current_app.extensions[WRITER]
    body = zlib.compress(writer(ids, columns, with_address).encode())
    rest()
    written = min(begin + AT_ONCE, total)
    is_left = written < total
    ended = {} if is_left else {"state": "done", "ended_at": clock.now()}
    part = ExportPartRow(export_id=turn.export_id, begin=begin, body=body)
    _keep(turn, part, written=written, tries=0, claimed_until=clock.now() + LEASE, **ended)
    return is_left


def _ids_of(packed: bytes) -> list[int]:
    return msgspec.json.decode(zlib.decompress(packed), type=list[int])


def _keep(turn: Turn, part: ExportPartRow | None = None, **values: object) -> None:
    with unit_of_work() as work:
        mine = update(ExportRow).where(ExportRow.id == turn.export_id, ExportRow.fence == turn.fence)
        if not work.changed(mine.values(**values)):
            raise Lost
        if part is not None:
            work.add(part)
        if work.session.get_one(ExportRow, turn.export_id, populate_existing=True).state == "waiting":
            work.ring(Bell.INBOUND)
