"""A person's note copied into the history of the Magento order: once, whatever happens on the way."""

from __future__ import annotations

import pytest

from tests.driving import attempts_of, call_posts, command_of
from tests.house import House
from tests.journeys.shopping import browser, page_of, row_of, shop_order, submit
from webapp import notes
from webapp.connectors.magento_acts import Acts
from webapp.models import NoteRow, db

TEXT = "The buyer called: ring twice."
OPERATOR = "operator@shop.example"
SETTLED = {"seconds": 121}


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


def only_note(house: House, po: str) -> tuple[int, int]:
    """The numbers of the order and of its note."""
    with house.app.app_context():
        return row_of(house, po).id, db.session.query(NoteRow).one().id


def in_doubt(house: House, fault: str) -> str:
    """An order with a note on its way to Magento, of whose copy no answer came."""
    po = house.place()
    house.drain()
    house.magento.fault(fault, method="POST", path=r"/V1/orders/\d+/comments$", times=1)
    leave(house, po, request="r1", copy="1")
    house.drain()
    return po


def kept_of(house: House, po: str) -> str:
    """All that is kept of the copy and of the order's calls."""
    return f"{command_of(house, po, 'CopyNote').frozen} {[one.calls for one in attempts_of(house, po)]}"


def test_what_lags_behind_is_looked_for_twice_before_it_would_be_sent_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    po = in_doubt(house, "cut_after")
    with monkeypatch.context() as lagging:
        lagging.setattr(Acts, "comments", lambda *_: [])
        house.pass_time(seconds=15)
        house.pass_time(**SETTLED)
        command = command_of(house, po, "CopyNote")
        assert command.reason == "The copy of the note is still not there; looking once more."
    house.pass_time(seconds=15)
    assert command_of(house, po, "CopyNote").state == "done"
    assert (len(copies(house, po)), call_posts(house, "/comments")) == (1, 1)


def test_a_note_changed_in_doubt_is_sent_again_as_it_was(house: House) -> None:
    po = in_doubt(house, "cut_before")
    with house.app.app_context():
        notes.change(*only_note(house, po), "Something else.", 1, OPERATOR)
    house.pass_time(**SETTLED)
    house.pass_time(seconds=15)
    assert (len(copies(house, po)), call_posts(house, "/comments")) == (1, 2)
    assert TEXT not in kept_of(house, po)


def test_a_note_changed_after_a_refusal_goes_as_it_reads_now(house: House) -> None:
    po = house.place()
    house.drain()
    house.magento.fault("status", status=429, method="POST", path=r"/V1/orders/\d+/comments$", times=1)
    leave(house, po, request="r1", copy="1")
    house.drain()
    assert TEXT not in kept_of(house, po)
    with house.app.app_context():
        notes.change(*only_note(house, po), f"{TEXT} And wait.", 1, OPERATOR)
    house.pass_time(**SETTLED)
    [copied] = copies(house, po)
    assert copied.startswith(f"{TEXT} And wait.\n")


@pytest.mark.parametrize(
    ("fault", "state", "said"), [("cut_after", "done", "already"), ("cut_before", "dismissed", "before Magento had it")]
)
def test_a_note_deleted_in_doubt_leaves_no_text_and_says_what_became_of_it(
    house: House, fault: str, state: str, said: str
) -> None:
    po = in_doubt(house, fault)
    with house.app.app_context():
        notes.delete(*only_note(house, po), OPERATOR)
    assert TEXT not in kept_of(house, po)
    house.pass_time(**SETTLED)
    house.pass_time(seconds=15)
    command = command_of(house, po, "CopyNote")
    assert (command.state, said in command.outcome + command.reason) == (state, True)
    assert call_posts(house, "/comments") == 1


def test_a_note_deleted_while_its_copy_is_sent_counts_as_copied(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    po = house.place()
    house.drain()
    leave(house, po, request="r1", copy="1")
    mine, sent = only_note(house, po), Acts.comment

    def sent_and_deleted(acts: Acts, order_id: int, comment: str) -> None:
        sent(acts, order_id, comment)
        notes.delete(*mine, OPERATOR)

    monkeypatch.setattr(Acts, "comment", sent_and_deleted)
    house.drain()
    command = command_of(house, po, "CopyNote")
    assert (command.state, command.tries) == ("done", 1)
    assert f"Copied the note of {OPERATOR} into" in command.outcome
    assert TEXT not in kept_of(house, po)


def test_a_new_note_is_copied_also_where_a_deleted_one_had_its_number(house: House) -> None:
    po = house.place()
    house.drain()
    for request in ("r1", "r2"):
        leave(house, po, request=request, copy="1")
        house.drain()
        if request == "r1":
            with house.app.app_context():
                notes.delete(*only_note(house, po), OPERATOR)
    assert len(copies(house, po)) == 2


def test_a_note_that_was_deleted_meanwhile_is_not_copied(house: House) -> None:
    po = house.place()
    house.drain()
    leave(house, po, request="r1", copy="1")
    with house.app.app_context():
        notes.delete(*only_note(house, po), OPERATOR)
    house.drain()
    assert copies(house, po) == []
    assert row_of(house, po).has_failed is False


def test_without_a_magento_order_there_is_nowhere_to_copy_it(house: House) -> None:
    house.set_policy(create_orders=False)
    po = house.place()
    house.drain()
    assert 'name="copy"' not in browser(house).get(page_of(house, po)).text
    said = leave(house, po, request="r1", copy="1")
    assert "The note is kept. It was not copied: there is no Magento order" in said
    assert TEXT in said
    assert [one.kind for one in house.commands(po) if one.kind == "CopyNote"] == []
