"""A person's note copied into the history of the Magento order, once.

The text stands in the note alone; a second time, in the command's row, only while a copy of it is in doubt, and in no
excerpt of a call. Magento may send it back by webhook: that goes with the other bodies, after their days.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import select, update

from webapp.connectors.http import ConnectorError
from webapp.domain.commands import CopyNote, Side
from webapp.effects import Effect, effect_of
from webapp.models import CommandRow, NoteRow, db
from webapp.outbox import Outcome, Unneeded
from webapp.scene import Scene
from webapp.unit_of_work import Work

COMMENT, AUTHOR = "comment", "author"


@dataclass(frozen=True, slots=True)
class _Note:
    text: str
    author: str


def copy(scene: Scene, command: CopyNote) -> Outcome:
    """Read the history first: a copy that is there is adopted, also where the note was changed or deleted meanwhile.

    What was sent once is sent again, if at all, as it was. Raises ConnectorError or Unneeded.
    """
    effect, note = effect_of(scene), _read(command)
    if scene.magento_order_id != command.order:
        _forget(effect)
        raise Unneeded("Another Magento order is linked by now.")
    if note is None:
        _forget(effect)
        if not effect.was_sent:
            raise Unneeded("The note was deleted.")
    acts, mark = scene.both.magento.acts, f"(note {command.note}, copied by Orderbridge: {scene.task.id})"
    author = effect.kept[AUTHOR] if effect.was_sent else note.author if note else ""
    if any(mark in line for line in acts.comments(command.order)):
        return Outcome(_told(scene, f"The note of {author} is in", " already"), partial(_end, scene, effect))
    if effect.was_sent:
        effect.prove_absent(scene.account.policy.settle_after, Side.MAGENTO, "The copy of the note")
    if note is None:
        raise Unneeded("The note was deleted before Magento had it.")
    comment = effect.kept[COMMENT] if effect.was_sent else f"{note.text}\n{author} {mark}"
    _send(scene, command, effect, comment, author)
    return Outcome(_told(scene, f"Copied the note of {author} into"), partial(_end, scene, effect))


def forget(work: Work, sync_id: int, note_id: int) -> None:
    """Take the text of a note out of what was sent of it."""
    mine = select(CommandRow).where(CommandRow.sync_id == sync_id, CommandRow.kind == CopyNote.__name__)
    kept = mine.where(CommandRow.frozen.is_not(None)).with_for_update().execution_options(populate_existing=True)
    for row in work.execute(kept).scalars():
        if row.arguments["note"] == note_id and row.frozen:
            row.frozen = _without_text(row.frozen)


def _read(command: CopyNote) -> _Note | None:
    """The note as it is now. SQLite may give the number of one that was deleted to another, so that is not enough."""
    row = db.session.get(NoteRow, command.note, populate_existing=True)
    if row is None or not row.text or row.request_id != (command.request or row.request_id):
        return None
    return _Note(row.text, row.author)


def _send(scene: Scene, command: CopyNote, effect: Effect, comment: str, author: str) -> None:
    payload = {COMMENT: comment, AUTHOR: author}
    try:
        effect.send(payload, lambda: scene.both.magento.acts.comment(command.order, comment))
    except ConnectorError:
        if not effect.was_sent:
            _forget(effect)
        raise


def _told(scene: Scene, what: str, more: str = "") -> str:
    return f"{what} the history of Magento order {scene.increment_id}{more}."


def _forget(effect: Effect) -> None:
    if effect.kept.get(COMMENT):
        effect.note(**{COMMENT: ""})


def _end(scene: Scene, effect: Effect, work: Work) -> None:
    """With the copy in Magento, nothing more is to be sent."""
    mine = update(CommandRow).where(CommandRow.id == scene.task.id)
    work.execute(mine.values(frozen=_without_text(effect.kept)))


def _without_text(kept: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in kept.items() if name != COMMENT}
