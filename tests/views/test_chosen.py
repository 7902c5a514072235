"""What is chosen in the list goes along with whatever asks for it: kept by the same list, let go aloud by another."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.views.test_grid import HTMX, many
from webapp.models import OrderRow, db
from webapp.unit_of_work import unit_of_work

BACK = {"HX-Request": "true", "HX-History-Restore-Request": "true"}


@pytest.fixture
def ids(app: Flask) -> list[int]:
    """Sixty orders in their list, the newest first: fifty of them are on its first page."""
    many(app, 60)
    with app.app_context():
        return [row.id for row in db.session.query(OrderRow).order_by(OrderRow.ordered_at.desc(), OrderRow.id.desc())]


def chosen_in(text: str) -> tuple[set[int], set[int], str]:
    """The rows that are ticked, those that are held for another page, and how many it says there are."""
    held = re.search(r'<div id="held"[^>]*>(.*?)</div>', text)
    number = re.search(r'id="picked">(\d*)<', text)
    assert held is not None
    assert number is not None
    ticked = re.findall(r'<tr [^>]*>\s*<th [^>]*><input class="pick"[^>]* value="(\d+)"[^>]* checked>', text)
    return {int(one) for one in ticked}, {int(one) for one in re.findall(r'value="(\d+)"', held[1])}, number[1]


@pytest.mark.parametrize("headers", [HTMX, BACK], ids=["asked for", "gone back to"])
def test_sorting_and_paging_keep_what_is_chosen_on_whatever_page_it_stands(
    ids: list[int], operator: FlaskClient, headers: dict[str, str]
) -> None:
    given = {**headers, "Chosen": f"{ids[0]},{ids[3]},{ids[55]};"}
    text = operator.get("/orders?sort=-total", headers=given).text
    ticked, held, number = chosen_in(text)
    assert ticked | held == {ids[0], ids[3], ids[55]}
    assert number == "3"
    assert "no longer chosen" not in text
    ticked, held, number = chosen_in(operator.get("/orders", headers=given).text)
    assert (ticked, held, number) == ({ids[0], ids[3]}, {ids[55]}, "3")
    assert "1 on another page" in operator.get("/orders", headers=given).text


def test_everything_that_matches_stays_chosen_on_each_page(ids: list[int], operator: FlaskClient) -> None:
    text = operator.get("/orders", headers={**HTMX, "Chosen": f"{ids[0]},all;sort=due"}).text
    assert chosen_in(text) == (set(ids[:50]), set(), "60")
    assert re.search(r'id="every"[^>]* checked', text)


def test_what_has_left_the_list_or_is_of_another_one_is_let_go_aloud(
    app: Flask, ids: list[int], operator: FlaskClient, viewer: FlaskClient
) -> None:
    with app.app_context(), unit_of_work() as work:
        work.session.get_one(OrderRow, ids[1]).total = Decimal(5000)
    given = {**HTMX, "Chosen": f"{ids[0]},{ids[1]},{ids[1]},x,{'9' * 30};total_to=1000"}
    text = operator.get("/orders?total_to=1000", headers=given).text
    assert chosen_in(text) == ({ids[0]}, set(), "1")
    told = "1 order is no longer chosen: it has left this list."
    assert text.count(told) == 3, "in the bar with and without something chosen, and aloud"
    other = operator.get("/orders?sold_from=2020-01-01", headers={**HTMX, "Chosen": f"{ids[0]},{ids[2]};"}).text
    assert chosen_in(other) == (set(), set(), "")
    assert "2 orders are no longer chosen: this is another list." in other
    assert "checked" not in viewer.get("/orders", headers=given).text.split('id="rows"')[1], (
        "who may not act has no boxes"
    )
    assert operator.get("/orders", headers={**HTMX, "Chosen": f"{'1,' * 9000};%%%&=&"}).status_code == 200


def test_a_list_read_anew_is_no_further_step_on_the_way_back(ids: list[int], operator: FlaskClient) -> None:
    here = {**HTMX, "HX-Current-URL": "http://localhost/orders?sort=due"}
    assert ids
    assert operator.get("/orders?sort=due", headers=here).headers["HX-Push-Url"] == "false"
    assert operator.get("/orders", headers=here).headers["HX-Push-Url"] == "/orders"
