"""Notes that people leave on an order for each other. Who wrote, changed or deleted one stands in the order's log."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp import clock, note_copying, outbox
from webapp.domain.commands import CopyNote
from webapp.models import AccountRow, ChangeRow, NoteRow, OrderRow, db
from webapp.outbox import Refusal
from webapp.unit_of_work import Work, unit_of_work

LONGEST = 2000
NOT_COPIED = (
    "It was not copied: there is no Magento order to copy it to. Once there is one, add it again with the tick."
)


class WrongText(Refusal):
    """What was written is no note."""


class Conflict(Exception):
    """Somebody else changed the note meanwhile; `text` is how it reads now."""

    def __init__(self, text: str) -> None:
        super().__init__("Somebody else changed this note while you wrote.")
        self.text = text


def of_order(order_id: int) -> list[NoteRow]:
    """The order's notes, newest first."""
    wanted = select(NoteRow).where(NoteRow.order_id == order_id).order_by(NoteRow.id.desc())
    return list(db.session.execute(wanted).scalars())


def find(order_id: int, note_id: int) -> NoteRow | None:
    """One note, if it is this order's."""
    wanted = select(NoteRow).where(NoteRow.id == note_id, NoteRow.order_id == order_id)
    return db.session.execute(wanted).scalar_one_or_none()


def add(order_id: int, text: str, by: str, request_id: str, *, to_magento: bool = False) -> str:
    """Keep a note, and copy it into the history of the Magento order where that is wanted.

    A form sent twice, known by its `request_id`, leaves one. The answer says why a note that is kept is not copied;
    it is empty where all went as wished. Raises Refusal for an empty note.
    """
    text = _checked(text)
    try:
        with unit_of_work() as work:
            order = _order(work, order_id)
            note = NoteRow(order_id=order_id, author=by, text=text, written_at=clock.now(), request_id=request_id)
            work.add(note)
            work.flush()
            missed = NOT_COPIED if to_magento and not _copy(work, order, note, by) else ""
            _tell(work, order, by, f"Left a note. {missed}".strip())
            return missed
    except IntegrityError:
        return ""


def change(order_id: int, note_id: int, text: str, seen: int, by: str) -> None:
    """Give a note another text, if it still is the version that was `seen`. Raises Refusal, or Conflict where not."""
    with unit_of_work() as work:
        order, note = _order(work, order_id), _note(work, order_id, note_id)
        text = _checked(text)
        if note.text == text:
            return
        if note.version != seen:
            raise Conflict(note.text)
        note.text, note.version, note.changed_at, note.changed_by = text, note.version + 1, clock.now(), by
        _tell(work, order, by, f"Changed the note of {note.author}." if note.author != by else "Changed a note.")


def delete(order_id: int, note_id: int, by: str) -> None:
    """Take a note away, and its text out of what was sent of it. Raises Refusal where it is gone already."""
    with unit_of_work() as work:
        order, note = _order(work, order_id), _note(work, order_id, note_id)
        work.session.delete(note)
        note_copying.forget(work, order.sync_id, note_id)
        _tell(work, order, by, f"Deleted the note of {note.author}." if note.author != by else "Deleted a note.")


def _copy(work: Work, order: OrderRow, note: NoteRow, by: str) -> bool:
    """Ask for the copy; False where there is nothing to copy it to."""
    if order.magento_order_id is None or order.magento_is_gone:
        return False
    account = work.session.get_one(AccountRow, order.account_id)
    wanted = CopyNote(note.id, order.magento_order_id, note.request_id)
    outbox.issue(work, order.sync_id, account.key, order.po, [wanted], by)
    return True


def _checked(text: str) -> str:
    text = text.strip().replace("\r\n", "\n")
    if not text:
        raise WrongText("A note needs a text.")
    if len(text) > LONGEST:
        raise WrongText(f"A note has at most {LONGEST:,} characters; this one has {len(text):,}.")
    return text


def _order(work: Work, order_id: int) -> OrderRow:
    row = work.session.get(OrderRow, order_id, populate_existing=True)
    if row is None:
        raise Refusal("This order is not known any more; reload the page.")
    return row


def _note(work: Work, order_id: int, note_id: int) -> NoteRow:
    row = work.session.get(NoteRow, note_id, populate_existing=True)
    if row is None or row.order_id != order_id:
        raise Refusal("This note was deleted meanwhile.")
    return row


def _tell(work: Work, order: OrderRow, by: str, sentence: str) -> None:
    """In the log, and to every page that shows the order."""
    now = clock.now()
    work.add(ChangeRow(sync_id=order.sync_id, at=now, kind="note", by=by, sentence=sentence))
    work.execute(update(OrderRow).where(OrderRow.id == order.id).values(changed_at=now))
