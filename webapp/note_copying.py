"""A person's note copied into the history of the Magento order, once."""

from __future__ import annotations

from webapp.domain.commands import CopyNote
from webapp.models import NoteRow, db
from webapp.outbox import Outcome, Unneeded
from webapp.scene import Scene


def copy(scene: Scene, command: CopyNote) -> Outcome:
    """Read the history first: a copy that is there is adopted. The text is read from the note and kept nowhere else.

    Raises ConnectorError or Unneeded.
    """
    note = db.session.get(NoteRow, command.note, populate_existing=True)
    if note is None or not note.text:
        raise Unneeded("The note was deleted.")
    if scene.magento_order_id != command.order:
        raise Unneeded("Another Magento order is linked by now.")
    mark = f"(note {note.id} in Orderbridge)"
    told = f"{note.text}\n{note.author} {mark}"
    acts = scene.both.magento.acts
    if any(mark in line for line in acts.comments(command.order)):
        return Outcome(f"The note of {note.author} is in the history of Magento order {scene.increment_id} already.")
    acts.comment(command.order, told)
    return Outcome(f"Copied the note of {note.author} into the history of Magento order {scene.increment_id}.")
