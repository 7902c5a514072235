"""A person's note copied into the history of the Magento order: once, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

from tests.house import House
from tests.journeys.shopping import browser, page_of, row_of, shop_order, submit
from webapp import clock, notes
from webapp.models import NoteRow, db

TEXT = "The buyer called: ring twice."


def copies(house: House, po: str) -> list[str]:
    history = shop_order(house, po)["status_histories"]
    return [line["comment"] for line in history if TEXT in str(line["comment"])]


def leave(house: House, po: str, **form: str) -> str:
    page = page_of(house, po)
    return submit(browser(house), f"{page}/notes", page, text=TEXT, **form)


def test_a_note_is_copied_only_where_that_is_wanted_and_once(house: House) -> None:
    po = house.place()
    house.drain()
    leave(house, po, request="r1")
    house.drain()
    assert copies(house, po) == []
    for _ in range(2):
        said = leave(house, po, request="r2", copy="1")
    assert said.count("Left a note.") == 2
    house.drain()
    [copied] = copies(house, po)
    assert copied.startswith(f"{TEXT}\noperator@shop.example (note ")
    page = browser(house).get(page_of(house, po)).text
    assert "Copied the note of operator@shop.example into the history of Magento order" in page


def test_a_cut_after_the_shop_has_taken_it_makes_no_second_one(house: House) -> None:
    po = house.place()
    house.drain()
    house.magento.fault("cut_after", method="POST", path=r"/V1/orders/\d+/comments$", times=1)
    leave(house, po, request="r1", copy="1")
    house.drain()
    for _ in range(4):
        clock.move(timedelta(minutes=3))
        house.drain()
    assert len(copies(house, po)) == 1


def test_a_note_that_was_deleted_meanwhile_is_not_copied(house: House) -> None:
    po = house.place()
    house.drain()
    leave(house, po, request="r1", copy="1")
    with house.app.app_context():
        note = db.session.query(NoteRow).one()
        notes.delete(row_of(house, po).id, note.id, "operator@shop.example")
    house.drain()
    assert copies(house, po) == []
    assert row_of(house, po).has_failed is False


def test_without_a_magento_order_there_is_nowhere_to_copy_it(house: House) -> None:
    house.set_policy(create_orders=False)
    po = house.place()
    house.drain()
    assert 'name="copy"' not in browser(house).get(page_of(house, po)).text
    assert "There is no Magento order to copy the note to" in leave(house, po, request="r1", copy="1")
