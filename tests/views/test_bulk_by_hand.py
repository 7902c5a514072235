"""Many orders by hand: shipped by typed numbers or from a sheet, resent, canceled with a reason; each counted first."""

from __future__ import annotations

import html
import io
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import ALDER_COURT, a_line, a_parcel, a_store, an_account, an_order, reread
from tests.views.conftest import token_on
from tests.views.test_bulk import asked, outcomes, work_off
from webapp import clock, order_rows, sheets
from webapp.domain.order import Address
from webapp.domain.shop import ItemUnits, ShopOrder, ShopShipment
from webapp.models import CommandRow, OrderRow, db
from webapp.unit_of_work import unit_of_work

WISH = {"intent_to_cancel": "CUSTOMER_REQUESTED"}
ONE, TWO, THREE, FOUR = (f"{2802100000000 + number}" for number in range(1, 5))


def drawn(app: Flask) -> dict[str, int]:
    """Two orders ready to ship, one with a buyer who wants out, one that has shipped; by their POs."""
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work), marketplace="us")
        an_order(work, account, ONE, (a_line("1"),))
        an_order(work, account, TWO, (a_line("1", statuses={"Acknowledged": 2}), a_line("2", "TEE")))
        an_order(work, account, THREE, (a_line("1", **WISH),))
        an_order(work, account, FOUR, (a_line("1", statuses={"Shipped": 1}),))
        return {row.po: row.id for row in work.session.query(OrderRow)}


def issued(app: Flask, kind: str) -> list[dict[str, object]]:
    with app.app_context():
        rows = db.session.execute(select(CommandRow).where(CommandRow.kind == kind).order_by(CommandRow.id)).scalars()
        return [row.arguments for row in rows]


def post(client: FlaskClient, path: str, **fields: object) -> tuple[int, str, str]:
    """Status, address and text of the answer."""
    data = {"csrf_token": token_on(client, "/account"), **fields}
    answer = client.post(path, data=data, content_type="multipart/form-data")
    return answer.status_code, answer.headers.get("Location", ""), html.unescape(answer.text)


def test_many_are_canceled_with_a_reason_after_what_it_means_was_said(app: Flask, operator: FlaskClient) -> None:
    ids = drawn(app)
    path, page = asked(operator, "cancel", *ids.values())
    for words in (
        "Cancel what is open of 3 orders at Walmart?",
        "3 units, sold for $23.96.",
        "Nothing is open any more",
        "This cannot be taken back.",
        "stock to zero",
    ):
        assert words in page
    status, _, text = post(operator, f"{path}/start")
    assert status == 422
    assert "Choose one of Walmart's reasons." in text
    for _ in range(2):
        assert post(operator, f"{path}/start", **{"reason-us": "SELLER_CANCEL_PRICING_ERROR"})[0] == 303
    work_off(app)
    assert len(issued(app, "CancelLines")) == 3
    assert outcomes(app)[ids[FOUR]][0] == "skipped"
    assert {one["reason"] for one in issued(app, "CancelLines")} == {"SELLER_CANCEL_PRICING_ERROR"}


@pytest.mark.parametrize(
    ("chosen", "is_offered"), [([THREE], True), ([ONE], False), ([ONE, THREE], False), ([THREE, FOUR], True)]
)
def test_the_buyers_wish_is_a_reason_only_where_every_buyer_asked(
    app: Flask, operator: FlaskClient, chosen: list[str], *, is_offered: bool
) -> None:
    ids = drawn(app)
    _, page = asked(operator, "cancel", *(ids[po] for po in chosen))
    assert "Pricing error" in page
    assert ("CUSTOMER_REQUESTED_SELLER_TO_CANCEL" in page) is is_offered
    assert ("Only for lines whose buyer did ask." in page) is is_offered


def test_an_order_of_which_other_units_are_open_by_now_is_passed_over(app: Flask, operator: FlaskClient) -> None:
    ids = drawn(app)
    path, _ = asked(operator, "cancel", *ids.values())
    with app.app_context(), unit_of_work() as work:
        reread(work, ONE, a_line("1", statuses={"Acknowledged": 2}))
    post(operator, f"{path}/start", **{"reason-us": "SELLER_CANCEL_PRICING_ERROR"})
    work_off(app)
    assert len(issued(app, "CancelLines")) == 2
    state, sentence = outcomes(app)[ids[ONE]]
    assert state == "skipped"
    assert "What is to be canceled has changed meanwhile, so nothing was canceled." in sentence


def test_trying_a_cancellation_again_asks_first_with_what_is_open_by_then(app: Flask, operator: FlaskClient) -> None:
    ids, reason = drawn(app), {"reason-us": "SELLER_CANCEL_PRICING_ERROR"}
    path, _ = asked(operator, "cancel", ids[ONE])
    post(operator, f"{path}/start", **reason)
    work_off(app)
    with app.app_context(), unit_of_work() as work:
        refused = work.session.query(CommandRow).filter_by(kind="CancelLines").one()
        refused.state, refused.reason, refused.ended_at = "parked", "Walmart: no.", clock.now()
        reread(work, ONE, a_line("1", statuses={"Acknowledged": 2}))
    before = issued(app, "CancelLines")
    _, path, _ = post(operator, f"{path}/again")
    work_off(app)
    assert issued(app, "CancelLines") == before, "nobody was shown the second unit yet"
    page = operator.get(path).text
    assert "Cancel what is open of 1 order at Walmart?" in page
    assert "2 units, sold for $11.98." in page
    post(operator, f"{path}/start", **reason)
    work_off(app)
    assert [one["units"] for one in issued(app, "CancelLines")[1:]] == [[{"line": "1", "quantity": 2}]]


def test_each_order_with_a_number_is_marked_as_shipped(app: Flask, operator: FlaskClient) -> None:
    ids = drawn(app)
    path, page = asked(operator, "ship", *ids.values())
    assert "Mark 2 orders as shipped at Walmart?" in page
    assert "answer the buyer on the order&#39;s page first." in page
    status, _, text = post(operator, f"{path}/start", **{f"number-{ids[ONE]}": "  "})
    assert status == 422
    assert "Choose the carrier." in text
    assert "Enter a tracking number for at least one order." in text
    odd = {"carrier-us": "Pigeon post", f"number-{ids[ONE]}": "1Z#", f"number-{ids[TWO]}": "1Z2"}
    status, _, text = post(operator, f"{path}/start", **odd)
    assert status == 422
    assert "Walmart does not list the carrier Pigeon post. Enter it with its tracking address" in text
    assert "Letters and digits only, Walmart takes no other signs: 1Z#." in text
    assert 'value="1Z2"' in text, "what was typed stays"
    given = {"carrier-us": "UPS", f"number-{ids[ONE]}": "1Z1"}
    status, _, text = post(operator, f"{path}/start", **given)
    assert status == 422
    assert "1Z1: This does not look like a number of UPS: most begin with 1Z and have 18 signs" in text
    given["sure"] = sure_in(text)
    for _ in range(2):
        assert post(operator, f"{path}/start", **given)[0] == 303
    work_off(app)
    [one] = issued(app, "ConfirmShipment")
    assert (one["number"], one["units"]) == ("1Z1", [{"line": "1", "quantity": 1}])
    assert outcomes(app)[ids[TWO]] == ("skipped", "No tracking number was entered for it.")


def sure_in(text: str) -> str:
    """What the tick says that is offered with a question."""
    found = re.search(r'name="sure" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def elsewhere(**changes: str) -> Address:
    return replace(ALDER_COURT, name="Somebody Else", **changes)


GOOD, OTHER = "1Z999AA10123456784", "1z 999 aa1 01 2345 6784"


@pytest.mark.parametrize(
    ("typed", "shipped", "address", "told"),
    [
        ((GOOD, OTHER), "G1", ALDER_COURT, ""),
        ((GOOD, OTHER), "G1", elsewhere(), f"{OTHER} stands at several orders."),
        (("", GOOD), OTHER, elsewhere(), f"Line 3 of order {TWO} has the number {GOOD} already."),
        ((GOOD, ""), OTHER, elsewhere(), f"Order {TWO} has the number {GOOD} already."),
        ((GOOD, ""), OTHER, ALDER_COURT, ""),
    ],
    ids=["one parcel", "written otherwise", "the order's own", "another order's", "one parcel, another day"],
)
def test_a_number_that_is_used_is_asked_about(
    app: Flask, operator: FlaskClient, typed: tuple[str, str], shipped: str, address: Address, told: str
) -> None:
    """Two orders to one address may be in one parcel."""
    lines = (a_line("1"), a_line("3", statuses={"Shipped": 1}, tracking=a_parcel(shipped)))
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work), marketplace="us")
        ids = [an_order(work, account, ONE, (a_line("1"),)).id, an_order(work, account, TWO, lines, address=address).id]
    path, _ = asked(operator, "ship", *ids)
    given = {f"number-{one}": number for one, number in zip(ids, typed, strict=True)}
    status, _, text = post(operator, f"{path}/start", **{"carrier-us": "UPS"}, **given)
    assert (status, told in text) == (422 if told else 303, True)


def test_of_many_odd_numbers_three_are_named_and_each_change_is_asked_about_anew(
    app: Flask, operator: FlaskClient
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work), marketplace="us")
        ids = [an_order(work, account, f"28021000001{at:02}", (a_line("1"),)).id for at in range(9)]
    path, _ = asked(operator, "ship", *ids)
    given = {"carrier-us": "UPS", **{f"number-{one}": f"1Z{at}" for at, one in enumerate(ids)}}
    text = post(operator, f"{path}/start", **given)[2]
    assert text.count("This does not look like a number of UPS") == 3
    assert "And 6 more. Look for a slip" in text
    sure = sure_in(text)
    for changed in ({f"number-{ids[8]}": "1Z88"}, {"carrier-us": "FedEx"}):
        assert post(operator, f"{path}/start", **{**given, **changed, "sure": sure})[0] == 422
    assert post(operator, f"{path}/start", **given, sure=sure)[0] == 303


def test_shipments_are_resent_only_where_there_can_be_any(app: Flask, operator: FlaskClient) -> None:
    ids = drawn(app)
    with app.app_context(), unit_of_work() as work:
        work.session.get_one(OrderRow, ids[ONE]).magento_order_id = None
        for po in (TWO, FOUR):
            sent = ShopShipment(7, "000000007", 9, clock.now(), (ItemUnits(60, 1),))
            shop = ShopOrder(9, f"WM-{po}", po, 1, "processing", "processing", Decimal(24), (), shipments=(sent,))
            order_rows.set_shop(work.session.get_one(OrderRow, ids[po]), shop)
    path, page = asked(operator, "resend", *ids.values())
    assert "Send again what Walmart lacks of the shipments of 2 orders?" in page
    assert "No Magento order is linked" in page
    assert "Magento shows no shipment, so there is nothing to resend." in page
    post(operator, f"{path}/start")
    work_off(app)
    assert {po for po, one in ids.items() if outcomes(app)[one][0] == "skipped"} == {ONE, THREE}
    assert outcomes(app)[ids[TWO]] == ("done", "Both sides are read again; what Walmart lacks is sent.")
    assert issued(app, "ConfirmShipment") == []


SHEET = f"""PO;Line;Qty;Carrier;Tracking number;Tracking URL
{ONE};;;UPS;1Z1;
{TWO};1;1;OnTrac;C1;
WM-{TWO};1;1;OnTrac;C2;
{TWO};1;1;OnTrac;C3;
{TWO};2;;Bee;B1;https://bee.example/B1
{THREE};;;UPS;1Z3;
{FOUR};;;UPS;1Z4;
99;;;UPS;1Z5;
{ONE};9;;UPS;1Z6;
;;;UPS;1Z7;

{TWO};2;x;UPS;1Z8;
"""
MISTAKES = {
    5: "Line 1 has 0 to ship, not 1.",
    7: "Cancellation requested: answer the buyer on the order's page first.",
    8: "Nothing is left to ship.",
    9: "There is no order 99 here.",
    10: "The order has no line 9.",
    11: "The order is missing.",
    13: "x is no number of units.",
}


def test_a_sheet_is_looked_at_row_by_row_and_then_sent_once(app: Flask, operator: FlaskClient) -> None:
    ids = drawn(app)
    assert "Look at each row" in operator.get("/orders/ship-sheet").text
    status, _, text = post(operator, "/orders/ship-sheet", sheet=SHEET, request="r-1")
    assert status == 200
    assert "4 of 11 rows can go, for 2 orders" in text
    rows = dict(re.findall(r'<tr><td data-label="Row">(\d+)</td>.*?<td>(.*?)</td></tr>', text))
    for at, sentence in MISTAKES.items():
        assert sentence in rows[str(at)], at
    assert "1 × MUG-RED (line 1) with OnTrac C2" in rows["4"]
    assert "does not look like a number of UPS" in rows["2"]
    assert "It goes unless you change it." in rows["2"]
    assert issued(app, "ConfirmShipment") == [], "looking does nothing"
    for _ in range(2):
        status, path, _ = post(operator, "/orders/ship-sheet", sheet=SHEET, request="r-1", step="send")
        assert (status, path[:6]) == (303, "/bulk/")
        work_off(app)
    told = [(one["number"], one["units"], one["other_carrier"]) for one in issued(app, "ConfirmShipment")]
    assert told == [
        ("1Z1", [{"line": "1", "quantity": 1}], False),
        ("C1", [{"line": "1", "quantity": 1}], False),
        ("C2", [{"line": "1", "quantity": 1}], False),
        ("B1", [{"line": "2", "quantity": 1}], True),
    ]
    assert outcomes(app)[ids[ONE]][0] == "done"


def test_one_number_at_two_orders_of_a_sheet_is_said_beside_both(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work), marketplace="us")
        for po, address in ((ONE, ALDER_COURT), (TWO, elsewhere())):
            an_order(work, account, po, (a_line("1"), a_line("2")), address=address)
    parcels = ((ONE, 1, GOOD), (ONE, 2, GOOD), (TWO, 1, OTHER), (TWO, 2, "1Z999AA10123456700"))
    sheet = "order,line,carrier,tracking number\n" + "".join(f"{po},{line},UPS,{one}\n" for po, line, one in parcels)
    _, _, text = post(operator, "/orders/ship-sheet", sheet=sheet, request="r-1")
    rows = re.findall(r'<tr><td data-label="Row">\d+</td>.*?<td>(.*?)</td></tr>', text)
    assert ["stands at several orders." in row for row in rows] == [True, True, True, False]


def test_a_row_tells_everything_that_is_wrong_with_it(app: Flask, operator: FlaskClient) -> None:
    drawn(app)
    sheet = (
        "order,line,quantity,carrier,tracking number,tracking url\n"
        f"99,1,x,,1Z#,http://a\n{ONE},1,x,,1Z#,\n{ONE},9,1,Bee,1Z#,\n{TWO},1,9,Bee,,\n{FOUR},,,,1Z1,\n{ONE},9,x,Bee,1Z#,\n"
    )
    status, _, text = post(operator, "/orders/ship-sheet", sheet=sheet, request="r-1")
    assert (status, "No row can go" in text) == (422, True)
    rows = dict(re.findall(r'<tr><td data-label="Row">(\d+)</td>.*?<td>(.*?)</td></tr>', text))
    number, carrier = "Enter the tracking number:", "Choose the carrier."
    wrong = {
        2: ("There is no order 99", "x is no number of units.", carrier, number, "must begin with https://"),
        3: ("x is no number of units.", carrier, number),
        4: ("The order has no line 9.", number, "Walmart does not list the carrier Bee"),
        5: ("Line 1 has ", number, "Walmart does not list the carrier Bee"),
        6: ("Nothing is left to ship.", carrier),
        7: ("x is no number of units.", "The order has no line 9.", number, "Walmart does not list the carrier Bee"),
    }
    for at, sentences in wrong.items():
        assert rows[str(at)].count('class="mistake"') == len(sentences), at
        assert [one for one in sentences if one not in rows[str(at)]] == [], at
    assert f'/{ONE}"' in text, "the page of an order that a row is wrong about is a click away"


def test_what_is_no_sheet_is_said(app: Flask, operator: FlaskClient, viewer: FlaskClient) -> None:
    drawn(app)
    for sheet, sentence in (
        ("", "The sheet is empty."),
        (f"{ONE},UPS,1Z1", "The first row must name the columns; missing: order, carrier, number."),
        ("order,carrier\n1,UPS", "missing: number"),
        ('order,carrier,number\n"1,UPS', "cannot be read as CSV"),
    ):
        status, _, text = post(operator, "/orders/ship-sheet", sheet=sheet, request="r-1")
        assert status == 422
        assert sentence in text
    file = (io.BytesIO(f"order,carrier,tracking\n'{ONE},UPS,1Z1\n".encode("utf-8-sig")), "parcels.csv")
    assert "1 of 1 rows can go" in post(operator, "/orders/ship-sheet", file=file, request="r-1")[2]
    assert viewer.get("/orders/ship-sheet").status_code == 403
    assert post(viewer, "/orders/ship-sheet", sheet=SHEET, request="r-1")[0] == 403


def test_a_sheet_larger_than_other_forms_is_looked_at_and_sent(app: Flask, operator: FlaskClient) -> None:
    drawn(app)
    note = ",".join(["x" * 999] * (sheets.LONGEST // 1_000 - 1))
    sheet = f"order,carrier,number,note\n{ONE},UPS,1Z1,{note}\n"
    status, _, text = post(operator, "/orders/ship-sheet", sheet=sheet, request="r-1")
    assert status == 200
    assert "1 of 1 rows can go" in text
    assert text.count('action="/orders/ship-sheet" enctype="multipart/form-data"') == 2
    assert post(operator, "/orders/ship-sheet", sheet=sheet, request="r-1", step="send")[0] == 303
    assert post(operator, "/orders/find", q=sheet)[0] == 413, "other forms stay small"
