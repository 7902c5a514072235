"""Notes on an order: left, changed, taken away, and what happens when two people are at the same one."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.views.conftest import PEOPLE, token_on
from tests.views.scene import HOSTILE, draw
from webapp import timeline
from webapp.models import NoteRow, OrderRow, db


def opened(app: Flask, operator: FlaskClient) -> tuple[str, dict[str, str]]:
    """The path of an order's page, and what each of its forms sends."""
    with app.app_context():
        key, po = draw()
    path = f"/orders/{key}/{po}"
    return path, {"csrf_token": token_on(operator, path), "request": "form-1"}


def notes(app: Flask) -> list[NoteRow]:
    with app.app_context():
        return list(db.session.execute(select(NoteRow).order_by(NoteRow.id)).scalars())


def told(app: Flask, path: str) -> list[tuple[str, str]]:
    """Who did what to notes, newest first."""
    with app.app_context():
        order = db.session.execute(select(OrderRow).where(OrderRow.po == path[-13:])).scalar_one()
        entries = timeline.log(order.account_id, order.po, order.sync_id)
    return [(entry.by, entry.sentence) for entry in entries if " note" in entry.sentence]


def test_a_note_has_its_author_and_its_time_and_stands_in_the_log(app: Flask, operator: FlaskClient) -> None:
    path, form = opened(app, operator)
    answer = operator.post(f"{path}/notes", data={**form, "text": " Leave it\r\nat the back door. "})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}#r-notes")
    (note,) = notes(app)
    assert (note.text, note.author) == ("Leave it\nat the back door.", PEOPLE["operator"])
    text = operator.get(path).text
    assert "at the back door." in text
    assert told(app, path) == [(PEOPLE["operator"], "Left a note.")]


def test_a_form_that_is_sent_twice_leaves_one_note(app: Flask, operator: FlaskClient) -> None:
    path, form = opened(app, operator)
    for _ in range(2):
        assert operator.post(f"{path}/notes", data={**form, "text": "Once."}).status_code == 303
    assert len(notes(app)) == 1
    operator.post(f"{path}/notes", data={**form, "request": "form-2", "text": "Once."})
    assert len(notes(app)) == 2
    assert operator.post(f"{path}/notes", data={**form, "request": "", "text": "x"}).status_code == 400


def test_an_empty_or_endless_note_is_refused(app: Flask, operator: FlaskClient) -> None:
    path, form = opened(app, operator)
    for text, said in (("  ", "A note needs a text."), ("x" * 2001, "at most 2,000 characters")):
        operator.post(f"{path}/notes", data={**form, "text": text})
        assert said in operator.get(path).text
    assert notes(app) == []


def test_who_is_slower_sees_both_texts_and_loses_nothing(app: Flask, operator: FlaskClient, admin: FlaskClient) -> None:
    path, form = opened(app, operator)
    operator.post(f"{path}/notes", data={**form, "text": "Call first."})
    (note,) = notes(app)
    mine = {"csrf_token": token_on(admin, path), "version": "1", "text": "Call after six."}
    assert admin.post(f"{path}/notes/{note.id}", data=mine).status_code == 303
    late = operator.post(f"{path}/notes/{note.id}", data={**form, "version": "1", "text": "Do not call."})
    assert late.status_code == 409
    for text in ("Call after six.", "Do not call.", 'name="version" value="2"'):
        assert text in late.text
    operator.post(f"{path}/notes/{note.id}", data={**form, "version": "2", "text": "Do not call."})
    assert [each.text for each in notes(app)] == ["Do not call."]
    assert told(app, path) == [
        (PEOPLE["operator"], "Changed a note."),
        (PEOPLE["admin"], f"Changed the note of {PEOPLE['operator']}."),
        (PEOPLE["operator"], "Left a note."),
    ]


def test_a_note_is_deleted_once_and_belongs_to_its_order(app: Flask, operator: FlaskClient) -> None:
    path, form = opened(app, operator)
    operator.post(f"{path}/notes", data={**form, "text": "Gone soon."})
    (note,) = notes(app)
    other = path.replace("2802123876439", "2802123876522")
    operator.post(f"{other}/notes/{note.id}/delete", data=form)
    assert len(notes(app)) == 1
    operator.post(f"{path}/notes/{note.id}/delete", data=form)
    assert notes(app) == []
    operator.post(f"{path}/notes/{note.id}/delete", data=form)
    assert "This note was deleted meanwhile." in operator.get(path).text


def test_hostile_text_stays_text_and_viewers_only_read(app: Flask, operator: FlaskClient, viewer: FlaskClient) -> None:
    path, form = opened(app, operator)
    operator.post(f"{path}/notes", data={**form, "text": HOSTILE})
    text = viewer.get(path).text
    assert "&lt;script&gt;alert(2)" in text
    assert HOSTILE not in text
    assert "Add a note" not in text
    forged = {"csrf_token": token_on(viewer, "/account"), "request": "x", "text": "x"}
    assert viewer.post(f"{path}/notes", data=forged).status_code == 403
