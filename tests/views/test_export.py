"""The list as a CSV file: the same rows and columns, safe to open, only for those who may have it, and on record."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import ALDER_COURT, a_line, a_store, an_account, an_order
from tests.views.conftest import PEOPLE, token_on
from tests.views.scene import draw
from tests.views.test_grid import many, pos
from webapp import clock, order_rows
from webapp.domain.corrected import Corrected
from webapp.models import OrderRow, SettingChangeRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views import order_export
from webapp.views.order_export import plain


def fetched(client: FlaskClient, **form: object) -> list[dict[str, str]]:
    answer = client.post("/orders/export", data={"csrf_token": token_on(client, "/orders"), **form})
    assert answer.status_code == 200, answer.text[:300]
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="orders-20')
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("asks", ["", "status=unshipped", "tab=needs-action&sort=total", "by=walmart", "sort=due"])
def test_the_file_has_the_rows_of_the_list_in_their_order(app: Flask, operator: FlaskClient, asks: str) -> None:
    with app.app_context():
        draw()
    rows = fetched(operator, asks=asks, list="1")
    assert [row["Walmart PO #"] for row in rows] == pos(operator.get(f"/orders?{asks}").text)


def test_a_long_list_is_whole(app: Flask, operator: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_export, "AT_ONCE", 7)
    many(app, 31)
    rows = fetched(operator, list="1")
    assert len({row["Walmart PO #"] for row in rows}) == len(rows) == 31
    assert [row["Sale date"] for row in rows] == sorted((row["Sale date"] for row in rows), reverse=True)


def test_the_file_has_the_columns_of_the_view(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        draw()
    row = next(row for row in fetched(operator, list="1") if row["Walmart PO #"] == "2802123876439")
    assert row["Items"] == "2 × Enamel mug, red; 1 × Trail tee, M"
    assert (row["Total"], row["Currency"], row["Refunded"]) == ("48.18", "USD", "0.00")
    assert row["Time zone"] == "America/Los_Angeles"
    assert (row["Buyer"], row["Units"]) == ("Maria Gonzalez", "3")
    assert row["What it waits for"] == "Waiting for a tracking number on shipment 000000131."
    assert not {"Street", "Telephone", "E-mail"} & row.keys()
    form = {"csrf_token": token_on(operator, "/orders"), "column": ["po", "status"], "size": "50", "save": "1"}
    operator.post("/orders/display", data=form)
    assert list(fetched(operator, list="1")[0]) == [
        "Walmart PO #",
        "Customer order #",
        "Status",
        "Units by status",
        "What it waits for",
    ]


def test_only_what_was_ticked_and_its_address_where_that_is_asked_for(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        _, po = draw()
        order_id = db.session.execute(select(OrderRow.id).where(OrderRow.po == po)).scalar_one()
    rows = fetched(operator, order=str(order_id), addresses="on")
    assert [(row["Walmart PO #"], row["Street"], row["Postal code"]) for row in rows] == [
        (po, "418 Alder Court", "99201")
    ]
    assert rows[0]["Telephone"] == "5095550134"
    with app.app_context(), unit_of_work() as work:
        new = replace(ALDER_COURT, address1="420 Alder Court", phone="")
        row = work.session.get_one(OrderRow, order_id)
        order_rows.set_correction(row, Corrected(new, "new@relay.example", 1, "maren@shop.example", clock.now()))
    (row_of_file,) = fetched(operator, order=str(order_id), addresses="on")
    held = [row_of_file[name] for name in ("Street", "Telephone", "E-mail")]
    assert held == ["420 Alder Court", "", "new@relay.example"], "a corrected address stands in place of Walmart's"


def test_what_a_buyer_wrote_is_no_formula_and_a_negative_amount_a_number(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work), "=HYPERLINK(1)")
        line = a_line("1", "-SKU", '=cmd|" /C calc"!A0, "x"\r\n')
        address = replace(ALDER_COURT, name="＝1+1", address1="@SUM(A1)", phone="+15095550134")
        an_order(work, account, "2802123876000", (line,), address=address, refunded=Decimal("-3.5"))
    (row,) = fetched(operator, list="1", addresses="on")
    assert row["Buyer"] == "'＝1+1"
    assert row["Account"] == "'=HYPERLINK(1)"
    assert row["SKUs"] == "'-SKU"
    assert (row["Street"], row["Telephone"]) == ("'@SUM(A1)", "'+15095550134")
    assert row["Items"].startswith('1 × =cmd|" /C calc"'), "a number stands before it"
    assert row["Refunded"] == "-3.50"


def test_who_took_what_is_on_record_and_no_search_with_it(app: Flask, operator: FlaskClient) -> None:
    many(app, 3)
    fetched(operator, asks="magento=yes&find=abcdef", list="1", addresses="on")
    with app.app_context():
        (kept,) = db.session.execute(select(SettingChangeRow)).scalars()
        assert (kept.by, kept.subject) == (PEOPLE["operator"], "Exports")
        assert kept.after == "3 orders with addresses, telephones and e-mails; /orders?magento=yes&find=abcdef"


def test_viewers_get_no_file_and_an_empty_list_is_none(app: Flask, viewer: FlaskClient, operator: FlaskClient) -> None:
    many(app, 1)
    assert "/orders/export" not in viewer.get("/orders").text
    refused = viewer.post("/orders/export", data={"csrf_token": token_on(viewer, "/account"), "list": "1"})
    assert refused.status_code == 403
    for form, sentence in (({"list": "1", "asks": "status=canceled"}, "holds no orders"), ({}, "Tick the boxes")):
        data = {"csrf_token": token_on(operator, "/orders"), **form}
        answer = operator.post("/orders/export", data=data, follow_redirects=True)
        assert sentence in answer.text


@pytest.mark.parametrize(
    ("amount", "said"),
    [("0", "0.00"), ("1234.5", "1234.50"), ("-0.125", "-0.125"), ("100", "100.00"), ("1E+3", "1000.00")],
)
def test_an_amount_is_a_number_for_any_program(amount: str, said: str) -> None:
    assert plain(Decimal(amount)) == said
