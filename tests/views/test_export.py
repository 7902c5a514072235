"""The list as a CSV file: the same rows and columns, safe to open, only for those who may have it, and on record."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import ALDER_COURT, a_line, a_store, an_account, an_order
from tests.views.conftest import PEOPLE, token_on
from tests.views.scene import draw
from tests.views.test_grid import many, pos
from webapp import clock, exports, order_rows
from webapp.domain.corrected import Corrected
from webapp.models import AccountRow, ExportPartRow, ExportRow, OrderRow, SettingChangeRow, db
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


def asked(client: FlaskClient, **form: object) -> str:
    """Where the file is that is made in the background."""
    answer = client.post("/orders/export", data={"csrf_token": token_on(client, "/orders"), "list": "1", **form})
    assert answer.status_code == 303, answer.text[:300]
    return answer.headers["Location"]


def written(app: Flask) -> None:
    """What a worker does until no file is left to it."""
    with app.app_context():
        while turn := exports.take():
            exports.run(turn)


@pytest.fixture
def long(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty-one orders, more than are written at once; a worker writes four at a time."""
    monkeypatch.setattr(order_export, "MOST_AT_ONCE", 30)
    monkeypatch.setattr(exports, "AT_ONCE", 4)
    many(app, 31)


def test_a_very_long_list_is_written_in_the_background(
    app: Flask, operator: FlaskClient, admin: FlaskClient, long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = asked(operator, addresses="on")
    monkeypatch.setattr(exports, "SLICE", timedelta(0))
    with app.app_context():
        first = exports.take()
        assert first is not None
        assert exports.take() is None, "one worker has it"
        exports.run(first)
    page = operator.get(path).text
    assert "<b>4 of 31</b>" in page
    assert 'http-equiv="refresh"' in page
    assert operator.get(f"{path}/file").headers["Location"] == path, "half a file is none"
    with app.app_context(), unit_of_work() as work:
        an_order(work, work.session.query(AccountRow).one(), "2802123870999")
    written(app)
    page = operator.get(path).text
    assert "The file is whole." in page
    part = operator.get(path, headers={"HX-Request": "true"}).text
    assert 'id="said" hx-swap-oob="innerHTML">The file is whole.' in part
    assert "hx-get" not in page[page.index('id="export-of"') :]
    answer = operator.get(f"{path}/file")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="orders-20')
    monkeypatch.setattr(order_export, "MOST_AT_ONCE", 100)
    now = fetched(operator, list="1", addresses="on")
    then = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert then == [row for row in now if row["Walmart PO #"] != "2802123870999"], "the list is frozen when it is asked"
    assert admin.get(path).status_code == admin.get(f"{path}/file").status_code == 404, "it is nobody else's"
    for _ in range(2):
        clock.move(timedelta(hours=11))
        assert len(operator.get(f"{path}/file").text.splitlines()) == 32
    clock.move(timedelta(hours=3))
    assert "There is no such file." in operator.get(path).text


def test_a_worker_that_died_at_a_file_is_followed_and_one_that_breaks_says_so(
    app: Flask, operator: FlaskClient, long: None
) -> None:
    path = asked(operator)
    with app.app_context():
        dead = exports.take()
        assert dead is not None
        clock.move(exports.LEASE + timedelta(seconds=1))
        second = exports.take()
        assert second is not None
        exports.run(dead)
        exports.run(second)
        assert db.session.query(ExportPartRow).count() == 8, "whoever lost it writes nothing"
    assert len(operator.get(f"{path}/file").text.splitlines()) == 32
    path = asked(operator)
    with app.app_context(), unit_of_work() as work:
        work.session.query(ExportRow).filter_by(state="waiting").one().columns = ["nonsense"]
    for _ in range(exports.MOST_TRIES):
        with pytest.raises(KeyError):
            written(app)
        clock.move(exports.LEASE + timedelta(seconds=1))
    written(app)
    assert "It could not be written." in operator.get(path).text


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
        "Walmart status",
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
    operator.post("/orders/display", data={"csrf_token": token_on(operator, "/account"), "column": ["po", "status"]})
    (bare,) = fetched(operator, order=str(order_id), addresses="on")
    assert (bare["Buyer"], "Sale date" in bare) == (rows[0]["Buyer"], False), "no address without its name"
    assert "Buyer" not in fetched(operator, order=str(order_id))[0]
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


def test_no_sign_in_a_file_turns_what_is_beside_it(app: Flask, operator: FlaskClient) -> None:
    hebrew = "כוס אמייל (50%) אדומה"
    with app.app_context(), unit_of_work() as work:
        line = a_line("1", "SKU-\u202eAB", f"{hebrew} \u2067gpj.exe")
        address = replace(ALDER_COURT, name="\u200e=HYPERLINK(1)", address1="418 \u202dCourt\u2069")
        an_order(work, an_account(work, a_store(work)), "2802123876000", (line,), address=address)
    (row,) = fetched(operator, list="1", addresses="on")
    assert row["SKUs"] == "SKU-�AB"
    assert row["Items"] == f"1 × {hebrew} �gpj.exe"
    assert row["Street"] == "418 �Court�"
    assert row["Buyer"] == "'=HYPERLINK(1)", "a mark hides no formula"


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
