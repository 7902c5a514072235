"""From order to order within the list that one came from, and back to it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.views.conftest import token_on
from tests.views.scene import draw
from tests.views.test_grid import many, pos
from webapp import clock
from webapp.models import OrderRow, db
from webapp.unit_of_work import unit_of_work


def opened(text: str, po: str) -> str:
    """Where the grid's link to this order leads."""
    found = re.search(rf'href="(/orders/[^/"]+/{po}[^"]*)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def step(text: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', text)
    return found[1].replace("&amp;", "&") if found else ""


@pytest.mark.parametrize(
    "asks",
    ["", "status=unshipped", "tab=needs-action", "sort=due", "sort=-total", "sort=status", "magento=yes&sort=due"]
    + ["total_from=40&total_to=70", "items=mug", "tab=to-ship&sold_from=2020-01-01"],
)
def test_next_and_previous_walk_the_list_as_it_stands(app: Flask, operator: FlaskClient, asks: str) -> None:
    with app.app_context():
        draw()
    text = operator.get(f"/orders?{asks}").text
    order, path, walked = pos(text), opened(text, pos(text)[0]), []
    assert len(order) > 1
    while path:
        walked.append(urlsplit(path).path.rpartition("/")[2])
        last, path = path, step(operator.get(path).text, "next")
    assert walked == order
    back = step(operator.get(last).text, "prev")
    assert urlsplit(back).path.endswith(order[-2])


def test_the_way_back_keeps_filter_sort_and_page(app: Flask, operator: FlaskClient) -> None:
    many(app, 60)
    first = operator.get("/orders?magento=yes&sort=total").text
    second = step(first, "next")
    page = operator.get(second).text
    shown = operator.get(opened(page, pos(page)[0])).text
    assert "← Orders, filtered" in shown
    back = re.search(r'href="([^"]+)">← Orders', shown)
    assert back is not None
    assert back[1].replace("&amp;", "&") == second
    assert urlsplit(step(shown, "prev")).path.endswith(pos(first)[-1]), "the page before is walked into"


def test_a_search_stays_out_of_the_address_and_leads_on(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        draw()
    form = {"csrf_token": token_on(operator, "/orders"), "asks": "", "buyer": "Maria"}
    listed = operator.post("/orders/find", data=form)
    text = operator.get(listed.headers["Location"]).text
    path = opened(text, pos(text)[0])
    assert "maria" not in path.lower()
    page = operator.get(path).text
    assert urlsplit(step(page, "next")).path.endswith(pos(text)[1])
    assert "maria" not in step(page, "next").lower()


def test_an_order_that_left_the_list_keeps_its_place(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        draw()
    text = operator.get("/orders?tab=to-ship").text
    order = pos(text)
    path = opened(text, order[1])
    with app.app_context(), unit_of_work() as work:
        gone = work.session.query(OrderRow).filter_by(po=order[1]).one()
        gone.to_ship, gone.changed_at = False, clock.now()
    page = operator.get(path).text
    assert urlsplit(step(page, "prev")).path.endswith(order[0])
    assert urlsplit(step(page, "next")).path.endswith(order[2])


def test_after_doing_something_one_is_still_in_the_list(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
        assert db.session.query(OrderRow).count() > 2
    path = opened(operator.get("/orders?sort=due").text, po)
    form = {"csrf_token": token_on(operator, path)}
    headers = {"Referer": f"http://localhost{path}"}
    answer = operator.post(f"/orders/{key}/{po}/refresh", data=form, headers=headers)
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"list": ["sort=due"]}
    strange = {"Referer": "http://localhost/orders?list=sort%3Ddue"}
    assert "list" not in operator.post(f"/orders/{key}/{po}/refresh", data=form, headers=strange).headers["Location"]
