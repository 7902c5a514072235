"""The forms of an order's page: only what is allowed, mistakes beside their fields, nothing twice."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec import to_builtins
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.rows import ALDER_COURT, a_command, a_line, a_parcel, a_store, an_account, an_order, reread
from tests.views.conftest import token_on
from tests.views.scene import draw
from webapp import clock
from webapp.accounts import policy_to_json
from webapp.domain.order import Line, Tracking
from webapp.domain.policy import Policy
from webapp.domain.shop import ItemUnits, ShopOrder, ShopShipment
from webapp.models import AccountRow, ChangeRow, CommandRow, OrderRow, db
from webapp.unit_of_work import unit_of_work

PO = "2802123876439"
WISH = {"intent_to_cancel": "CUSTOMER_REQUESTED"}
HTMX = {"HX-Request": "true"}
TEMPLATES = Path(__file__).parents[2] / "templates"
NUMBER = "1Z999AA10123456784"


def drawn(app: Flask, *lines: Line, po: str = PO, market: str = "us", paused: bool = False, **changes: Any) -> str:
    """An order with these lines; the address of its page."""
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work, po), po, marketplace=market, is_paused=paused)
        an_order(work, account, po, lines or (a_line("1"), a_line("2")), **changes)
        return f"/orders/{account.key}/{po}"


def sent(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """A form, posted with its token and a number of its own."""
    return client.post(path, data=filled(client, fields))


def sent_by_htmx(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """The same in a dialog."""
    return client.post(path, data=filled(client, fields), headers=HTMX)


def filled(client: FlaskClient, fields: dict[str, str]) -> dict[str, str]:
    named = {name.replace("__", "-"): value for name, value in fields.items()}
    return {"csrf_token": token_on(client, "/account"), "request": "r-1", **named}


def issued(app: Flask) -> list[tuple[str, dict[str, Any], str]]:
    with app.app_context():
        rows = db.session.execute(select(CommandRow).order_by(CommandRow.id)).scalars()
        return [(row.kind, row.arguments, row.issued_by) for row in rows]


def said(app: Flask) -> str:
    with app.app_context():
        return "\n".join(db.session.execute(select(ChangeRow.sentence).order_by(ChangeRow.id)).scalars())


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("cancel", "Everything is canceled already."),
        ("accept", "The buyer does not ask to cancel anything open."),
        ("ship", "Nothing is left to ship."),
        ("refund", "Nothing of it has shipped, so the buyer paid nothing and there is nothing to refund."),
    ],
)
def test_a_form_that_came_too_late_says_once_why(app: Flask, operator: FlaskClient, act: str, why: str) -> None:
    path = drawn(app, a_line("1", statuses={"Cancelled": 1}))
    late = sent_by_htmx(operator, f"{path}/{act}", quantity__1="1", carrier="UPS", number=NUMBER, **WHY)
    assert (late.status_code, late.text.count(why)) == (422, 1)
    assert f'<p role="alert">{why}</p>' in late.text


def mistakes_in(text: str) -> dict[str, str]:
    found = re.findall(r'<small class="mistake" id="m-([^"]+)" role="alert">.*?</svg>([^<]+)</small>', text, re.S)
    return dict(found)


def in_magento(*shipments: int) -> ShopOrder:
    """The Magento order with so many shipments, by their ids."""
    sent = tuple(ShopShipment(one, f"00000000{one}", 9, clock.now(), (ItemUnits(60, 1),)) for one in shipments)
    return ShopOrder(9, f"WM-{PO}", PO, 1, "processing", "processing", Decimal("11.98"), (), shipments=sent)


SHIPPED = {"Shipped": 1}
NOT_SHIPPED = "Nothing has shipped yet, so there is nothing to refund."
NOT_IN_MAGENTO = "Magento shows no shipment, so there is nothing to resend. One that is made there is found by itself."
ALL_REFUNDED = "All that was charged is refunded already."
LINK = {"ship": "Mark as shipped…", "cancel": "Cancel…", "refund": "Refund…", "resend": "Resend shipping"}
UNSENT, SENT = ({"magento_seen": to_builtins(seen)} for seen in (in_magento(), in_magento(1)))
MATRIX: tuple[tuple[str, dict[str, int], dict[str, Any], set[str]], ...] = (
    ("created", {"Created": 1}, {}, {"cancel"}),
    ("created, shipped in Magento", {"Created": 1}, SENT, {"cancel", "resend"}),
    ("created, not linked", {"Created": 1}, {"magento": False}, {"cancel"}),
    ("unshipped", {"Acknowledged": 1}, {}, {"ship", "cancel"}),
    ("unshipped, nothing sent", {"Acknowledged": 1}, UNSENT, {"ship", "cancel"}),
    ("unshipped, shipped in Magento", {"Acknowledged": 1}, SENT, {"ship", "cancel", "resend"}),
    ("unshipped, not linked", {"Acknowledged": 1}, {"magento": False}, {"ship", "cancel"}),
    ("partly shipped", {"Shipped": 1, "Acknowledged": 1}, SENT, {"ship", "cancel", "refund", "resend"}),
    ("shipped", SHIPPED, SENT, {"refund", "resend"}),
    ("shipped, not in Magento", SHIPPED, {}, {"refund"}),
    ("shipped, not linked", SHIPPED, {"magento": False}, {"refund"}),
    ("shipped and canceled", {"Shipped": 1, "Cancelled": 1}, SENT, {"refund", "resend"}),
    ("canceled", {"Cancelled": 1}, SENT, set()),
    ("WFS, open", {"Acknowledged": 1}, {"ship_node": "WFSFulfilled"}, set()),
    ("WFS, shipped", SHIPPED, {"ship_node": "WFSFulfilled", "magento": False}, set()),
    ("3PL", {"Acknowledged": 1}, {"ship_node": "3PLFulfilled"}, set()),
    ("Mexico, shipped", SHIPPED, {"market": "mx", **SENT}, {"resend"}),
    ("paused", {"Acknowledged": 1}, {"paused": True, **SENT}, set()),
)


def test_only_what_is_allowed_has_a_button_and_the_rest_a_reason(app: Flask, operator: FlaskClient) -> None:
    for at, (name, statuses, more, allowed) in enumerate(MATRIX):
        path = drawn(app, a_line("1", statuses=statuses), po=f"{2802123000000 + at}", **more)
        page = operator.get(path).text
        bar = page[page.index('<div class="doing">') : page.index('data-region="next"')]
        shown = {key for key, words in LINK.items() if re.search(rf'(?:<a|<button) class="btn[^>]*>{words}</', bar)}
        assert shown == allowed, name
        reasons = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", bar)
        assert {words for words, _ in reasons} == {LINK[key].rstrip("…") for key in LINK.keys() - allowed}, name
        assert all(reason.strip().endswith(".") for _, reason in reasons), name
        for key in ("ship", "cancel", "refund"):
            form = operator.get(f"{path}/{key}").text
            assert ('<form class="asking"' in form) is (key in allowed), f"{name}: {key}"
            assert sent(operator, f"{path}/{key}", quantity__1="1", all__1="on").status_code == 422, f"{name}: {key}"
    assert issued(app) == []


@pytest.mark.parametrize(
    ("statuses", "changes", "told"),
    [
        (
            {"Cancelled": 1},
            {},
            {
                "Cancel": "Everything is canceled already.",
                "Refund": "Nothing of it has shipped, so the buyer paid nothing and there is nothing to refund.",
                "Resend shipping": "Everything is canceled at Walmart, so no shipment can be sent any more.",
            },
        ),
        (
            {"Acknowledged": 1},
            {},
            {
                "Refund": NOT_SHIPPED + " Cancel what is open instead.",
                "Resend shipping": NOT_IN_MAGENTO,
            },
        ),
        (SHIPPED, {}, {"Cancel": "Nothing is open any more. What has shipped can be refunded."}),
        (SHIPPED, {"refunded": Decimal("11.98")}, {"Cancel": "Nothing is open any more.", "Refund": ALL_REFUNDED}),
        (SHIPPED, {"market": "mx"}, {"Cancel": "Nothing is open any more."}),
    ],
)
def test_what_cannot_be_done_leads_nowhere_that_cannot_be_done_either(
    app: Flask, operator: FlaskClient, statuses: dict[str, int], changes: dict[str, Any], told: dict[str, str]
) -> None:
    refunded = {name: changes.pop(name) for name in ("refunded",) if name in changes}
    path = drawn(app, a_line("1", statuses=statuses, **refunded), **changes)
    reasons = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", operator.get(path).text))
    assert reasons | told == reasons


@pytest.mark.parametrize(
    ("kind", "state", "is_offered"),
    [
        ("ConfirmShipment", "parked", True),
        ("ConfirmShipment", "dismissed", True),
        ("ConfirmShipment", "queued", False),
        ("ConfirmShipment", "done", False),
        ("AcknowledgeOrder", "parked", False),
    ],
)
def test_what_was_refused_or_given_up_can_be_sent_again_without_a_magento_shipment(
    app: Flask, operator: FlaskClient, kind: str, state: str, is_offered: bool
) -> None:
    path = drawn(app)
    arguments = {"units": [{"line": "1", "quantity": 1}], "number": NUMBER} if kind == "ConfirmShipment" else {}
    by = {"dismissed_by": "ada@x.example"} if state == "dismissed" else {}
    ended = None if state == "queued" else clock.now()
    with app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).one()
        a_command(work, order, kind, state=state, arguments=arguments, ended_at=ended, **by)
    page = operator.get(path).text
    assert (">Resend shipping</button>" in page, NOT_IN_MAGENTO in page) == (is_offered, not is_offered)
    sent(operator, f"{path}/resend")
    assert ("Resend the shipping information" in said(app)) is is_offered


def test_a_parcel_is_told_once_however_often_the_form_comes(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app)
    form = operator.get(f"{path}/ship").text
    assert '<option value="OnTrac">' in form
    assert 'name="quantity-1" inputmode="numeric"' in form
    given = {"carrier": "ups", "number": NUMBER, "quantity__1": "1", "quantity__2": "0"}
    for _ in range(2):
        answer = sent(operator, f"{path}/ship", **given)
        assert (answer.status_code, answer.headers["Location"]) == (303, path)
    [(kind, arguments, by)] = issued(app)
    assert (kind, by) == ("ConfirmShipment", "bob@shop.example")
    assert arguments["units"] == [{"line": "1", "quantity": 1}]
    assert arguments["parcel"]["carrier"] == "UPS"
    assert "Mark as shipped with UPS 1Z999AA10123456784: 1 × MUG-RED (line 1). Asked for by hand." in said(app)
    again = operator.get(f"{path}/ship").text
    assert "on its way to Walmart" in again
    assert 'name="quantity-1"' not in again


SHIP_MISTAKES: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"number": "1Z<b>"}, "number", "letters and digits only"),
    ({"carrier": "Parcel Bee"}, "url", "does not list the carrier Parcel Bee"),
    ({"carrier": "Parcel Bee", "url": "http://bee.example/1"}, "url", "must begin with https://"),
    ({"carrier": ""}, "carrier", "Choose the carrier."),
    ({"quantity__1": "7"}, "quantity-1", "Line 1 has 1 to ship, not 7."),
    ({"quantity__1": "one"}, "quantity-1", "A whole number"),
    ({"quantity__1": "0"}, "quantity", "at least one unit"),
)


def test_a_mistake_stands_beside_its_field_and_what_was_typed_stays(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app)
    for typed, field, sentence in SHIP_MISTAKES:
        given = {"carrier": "UPS", "number": NUMBER, "quantity__1": "1", **typed}
        for send, htmx in ((sent, False), (sent_by_htmx, True)):
            answer = send(operator, f"{path}/ship", **given)
            assert answer.status_code == 422
            assert list(mistakes_in(answer.text)) == [field]
            assert sentence in mistakes_in(answer.text)[field]
            assert ("<html" in answer.text) is not htmx
            for value in given.values():
                assert not value or f'value="{escape(value)}"' in answer.text
    assert issued(app) == []


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("ABCDEF", "This does not look like a number of UPS"),
        ("1Z999AA10123456785", "This does not look like a number of UPS"),
        ("1Z999AA10000000001", "Line 2 of this order has the number 1Z999AA10000000001 already."),
        ("1z 999 aa1 0000000001", "Line 2 of this order has the number 1z 999 aa1 0000000001 already."),
        ("1Z999AA10123456784", "Order 2802100000001 has the number 1Z999AA10123456784 already."),
    ],
)
def test_a_number_that_may_be_a_slip_is_asked_about_once(
    app: Flask, operator: FlaskClient, number: str, sentence: str
) -> None:
    parcel = Tracking("UPS", "1Z999AA10000000001", "", "Standard", clock.now())
    path = drawn(app, a_line("1"), a_line("2", statuses={"Shipped": 1}, tracking=parcel))
    with app.app_context(), unit_of_work() as work:
        other = a_line("1", statuses={"Shipped": 1}, tracking=a_parcel())
        address = replace(ALDER_COURT, name="Somebody Else")
        an_order(work, work.session.query(AccountRow).one(), "2802100000001", (other,), address=address)
    given = {"carrier": "UPS", "number": number, "quantity__1": "1"}
    assert "sure" not in operator.get(f"{path}/ship").text
    for send in (sent, sent_by_htmx):
        answer = send(operator, f"{path}/ship", **given)
        assert answer.status_code == 422
        assert sentence in mistakes_in(answer.text)["sure"]
        assert "The number is right: send it." in answer.text
    [sure] = re.findall(r'name="sure" value="([^"]+)"', answer.text)
    for changed in ({"number": "ABCDEFG"}, {"carrier": "USPS"}):
        assert "sure" in mistakes_in(sent(operator, f"{path}/ship", **{**given, **changed}, sure=sure).text)
    again = sent(operator, f"{path}/ship", **{**given, "quantity__1": "9"}, sure=sure)
    assert f'name="sure" value="{sure}" checked' in again.text
    assert issued(app) == []
    assert sent(operator, f"{path}/ship", sure=sure, **given).status_code == 303
    assert [arguments["number"] for _, arguments, _ in issued(app)] == [number]


@pytest.mark.parametrize(("wishing", "named"), [(("1",), "line 1"), (("1", "3"), "lines 1, 3")])
def test_the_lines_whose_buyer_asked_to_cancel_are_named(
    app: Flask, operator: FlaskClient, wishing: tuple[str, ...], named: str
) -> None:
    path = drawn(app, *(a_line(one, **(WISH if one in wishing else {})) for one in ("1", "2", "3")))
    assert f"The buyer asked to cancel {named}. Ship anyway." in operator.get(f"{path}/ship").text
    given = {"carrier": "UPS", "number": NUMBER, **{f"quantity__{one}": "1" for one in ("1", "2", "3")}}
    assert (
        f"The buyer asked to cancel {named}. Tick that you ship anyway." in sent(operator, f"{path}/ship", **given).text
    )


WRONG_AT_ONCE: tuple[tuple[dict[str, str], set[str]], ...] = (
    ({"quantity__1": "one", "quantity__2": "0"}, {"quantity-1", "sure"}),
    ({"quantity__1": "9"}, {"quantity-1", "sure"}),
    ({"quantity__2": "1"}, {"anyway", "sure"}),
    ({"quantity__1": "one", "quantity__2": "1"}, {"quantity-1", "anyway", "sure"}),
    ({"quantity__1": "0"}, {"quantity", "sure"}),
    ({"quantity__1": "", "url": "bee.example"}, {"quantity", "url", "sure"}),
    ({"quantity__2": "2", "carrier": ""}, {"quantity-2", "carrier", "anyway"}),
)


@pytest.mark.parametrize(("typed", "fields"), WRONG_AT_ONCE)
def test_all_that_is_wrong_with_a_parcel_is_told_at_once(
    app: Flask, operator: FlaskClient, typed: dict[str, str], fields: set[str]
) -> None:
    path = drawn(app, a_line("1"), a_line("2", **WISH))
    slip = {"carrier": "FedEx", "number": "99999999999", "quantity__1": "1", **typed}
    assert set(mistakes_in(sent(operator, f"{path}/ship", **slip).text)) == fields


def test_a_number_with_other_signs_says_also_what_its_carriers_look_like(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app)
    wrong = {"carrier": "FedEx", "number": "9999.9999/999", "quantity__1": "1"}
    assert mistakes_in(sent(operator, f"{path}/ship", **wrong).text) == {
        "number": "Enter the tracking number: letters and digits only, Walmart takes no other signs."
        " This does not look like a number of FedEx: most have 12 or 15 digits,"
        " of which the last one checks the others."
    }
    empty = mistakes_in(sent(operator, f"{path}/ship", **wrong | {"number": ""}).text)
    assert "FedEx" not in empty["number"]


def test_htmx_is_sent_to_the_orders_page_when_it_is_done(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app)
    answer = sent_by_htmx(operator, f"{path}/ship", carrier="UPS", number=NUMBER, quantity__1="1")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, path)
    assert "Telling Walmart that it has shipped." in operator.get(path).text


def test_what_the_buyer_wants_canceled_ships_only_after_a_warning(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", **WISH), a_line("2"))
    form = operator.get(f"{path}/ship").text
    assert re.search(r'name="quantity-1"[^>]* value="0"', form)
    given = {"carrier": "UPS", "number": NUMBER, "quantity__1": "1", "quantity__2": "1"}
    assert "anyway" in mistakes_in(sent(operator, f"{path}/ship", **given).text)
    assert sent(operator, f"{path}/ship", anyway="on", **given).status_code == 303
    assert [kind for kind, *_ in issued(app)] == ["ConfirmShipment"]
    assert "although the buyer asked to cancel" in said(app)


def test_lines_are_canceled_each_with_its_quantity_and_reason(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", statuses={"Acknowledged": 2}), a_line("2"), a_line("3", **WISH))
    form = operator.get(f"{path}/cancel").text
    assert "Walmart then sets the item&#39;s stock to zero" in form
    own = re.search(r'<select name="reason-1".*?</select>', form, re.S)
    assert own is not None
    assert "The buyer asked to cancel" not in own[0], "that reason is only for lines whose buyer did"
    assert "reason" in mistakes_in(sent(operator, f"{path}/cancel", quantity__1="1").text)
    forged = sent(operator, f"{path}/cancel", quantity__1="1", reason="CUSTOMER_REQUESTED_SELLER_TO_CANCEL")
    assert "has not asked" in mistakes_in(forged.text)["reason-1"]
    given = {"reason": "SELLER_CANCEL_PRICING_ERROR", "reason__2": "SELLER_CANCEL_OUT_OF_STOCK"}
    for _ in range(2):
        answer = sent(operator, f"{path}/cancel", quantity__1="1", quantity__2="1", quantity__3="0", **given)
        assert answer.status_code == 303
    made = {arguments["reason"]: arguments["units"] for _, arguments, _ in issued(app)}
    assert made == {
        "SELLER_CANCEL_PRICING_ERROR": [{"line": "1", "quantity": 1}],
        "SELLER_CANCEL_OUT_OF_STOCK": [{"line": "2", "quantity": 1}],
    }


WHY = {"reason": "SELLER_CANCEL_PRICING_ERROR"}
NO_REASON, NO_NUMBER = "Choose one of Walmart's reasons.", "A whole number of units."
TOO_MANY = "Line 1 has 1 to cancel, not 2."
CANCEL_MISTAKES: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    ({"quantity__1": "2"}, {"reason": NO_REASON, "quantity-1": TOO_MANY}),
    ({"quantity__1": "2", **WHY}, {"quantity-1": TOO_MANY}),
    (
        {"quantity__1": "2", "quantity__2": "two"},
        {"reason": NO_REASON, "quantity-1": TOO_MANY, "quantity-2": NO_NUMBER},
    ),
    ({"quantity__1": "2", "quantity__2": "two", **WHY}, {"quantity-1": TOO_MANY, "quantity-2": NO_NUMBER}),
    ({"quantity__1": "-1"}, {"reason": NO_REASON, "quantity-1": NO_NUMBER}),
    ({"quantity__1": "-1", "reason__1": WHY["reason"]}, {"quantity-1": NO_NUMBER}),
    ({"quantity__2": "1"}, {"reason": NO_REASON}),
    ({"quantity__1": "0"}, {"reason": NO_REASON, "quantity": "Choose at least one unit to cancel."}),
    ({"quantity__1": "0", "reason__1": WHY["reason"]}, {"quantity": "Choose at least one unit to cancel."}),
    (
        {"quantity__1": "2", "quantity__2": "1", "reason__2": "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"},
        {
            "reason": NO_REASON,
            "quantity-1": TOO_MANY,
            "reason-2": "The buyer has not asked to cancel line 2; Walmart takes that reason only where one has.",
        },
    ),
)


def test_all_mistakes_of_a_cancellation_are_told_at_once_and_what_was_typed_stays(
    app: Flask, operator: FlaskClient
) -> None:
    path = drawn(app)
    for typed, told in CANCEL_MISTAKES:
        for send in (sent, sent_by_htmx):
            answer = send(operator, f"{path}/cancel", **typed)
            assert answer.status_code == 422
            assert {name: unescape(said) for name, said in mistakes_in(answer.text).items()} == told, typed
            for name, value in typed.items():
                if name.startswith("quantity"):
                    named = name.replace("__", "-")
                    assert re.search(rf'name="{named}"[^>]* value="{value}"', answer.text), typed
            assert not typed.get("reason") or f'value="{typed["reason"]}" selected' in answer.text
    assert issued(app) == []


def hidden_in(text: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text))


@pytest.mark.parametrize(
    ("left", "typed"), [({"Acknowledged": 1}, "1"), ({"Acknowledged": 2}, "0")], ids=["one unit", "more than one"]
)
def test_the_one_unit_that_is_left_stands_in_the_form_already(
    app: Flask, operator: FlaskClient, left: dict[str, int], typed: str
) -> None:
    path = drawn(
        app, a_line("1", statuses=left), a_line("2", statuses={"Shipped": 1}), a_line("3", statuses={"Shipped": 1})
    )
    text = operator.get(f"{path}/cancel").text
    assert re.search(r'name="quantity-1"[^>]* value="([^"]*)"', text)[1] == typed  # type: ignore[index]


@pytest.mark.parametrize(
    ("form", "fields", "said"),
    [
        ("cancel", {"reason": "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"}, "Line 1 has 0 to cancel, not 1."),
        ("ship", {"carrier": "UPS", "number": "1Z999AA10123456784"}, "Line 1 has 0 to ship, not 1."),
    ],
)
def test_what_somebody_else_did_meanwhile_is_said_at_its_line(
    app: Flask, operator: FlaskClient, form: str, fields: dict[str, str], said: str
) -> None:
    path = drawn(app, a_line("1", statuses={"Cancelled": 1}), a_line("2"))
    answer = sent(operator, f"{path}/{form}", quantity__1="1", **fields)
    assert answer.status_code == 422
    row = re.search(r'<tr class="past">.*?</tr>', answer.text, re.DOTALL)
    assert row is not None
    assert said in row[0]
    assert issued(app) == []


def test_all_that_is_left_is_canceled_after_one_question_whatever_was_typed(app: Flask, operator: FlaskClient) -> None:
    going = a_line("4", statuses={"Shipped": 1})
    path = drawn(app, a_line("1", statuses={"Acknowledged": 2}, price="22.00", tax="1.96"), a_line("2"), going)
    assert 'name="step" value="all">Cancel all that is left…</button>' in operator.get(f"{path}/cancel").text
    for reason in ("", "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"):
        wrong = sent(operator, f"{path}/cancel", step="all", quantity__1="7", reason=reason)
        assert wrong.status_code == 422
        assert 'name="quantity-1" inputmode="numeric" maxlength="7" autocomplete="off" value="7"' in wrong.text
    given = {"reason": "SELLER_CANCEL_PRICING_ERROR", "reason__2": "SELLER_CANCEL_OUT_OF_STOCK"}
    for typed in ({}, {"quantity__1": "7"}, {"quantity__1": "one", "quantity__2": "0"}):
        sure = sent(operator, f"{path}/cancel", step="all", **given, **typed)
        assert sure.status_code == 200
        assert "Cancel 3 units, sold for $35.94?" in sure.text
        assert re.findall(r"line (\d)</small></td><td>([^<]+)</td>", sure.text) == [("1", "2 units"), ("2", "1 unit")]
        assert "Walmart then sets the item&#39;s stock to zero" in sure.text
    assert issued(app) == []
    kept = hidden_in(sure.text)
    changed = sent(operator, f"{path}/cancel", **{**kept, "step": "change"}).text
    assert re.search(r'name="quantity-1"[^>]* value="2"', changed)
    for _ in range(2):
        assert sent(operator, f"{path}/cancel", **kept).status_code == 303
    made = {arguments["reason"]: arguments["units"] for _, arguments, _ in issued(app)}
    assert made == {
        "SELLER_CANCEL_PRICING_ERROR": [{"line": "1", "quantity": 2}],
        "SELLER_CANCEL_OUT_OF_STOCK": [{"line": "2", "quantity": 1}],
    }
    assert sent(operator, f"{path}/cancel", step="all", **given).status_code == 422


def test_all_that_was_left_is_judged_again_when_it_is_sent(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", statuses={"Acknowledged": 2}))
    kept = hidden_in(sent(operator, f"{path}/cancel", step="all", reason="SELLER_CANCEL_PRICING_ERROR").text)
    sent(operator, f"{path}/ship", carrier="UPS", number=NUMBER, quantity__1="1", request="r-0")
    late = sent(operator, f"{path}/cancel", **kept)
    assert "Line 1 has 1 to cancel, not 2. 1 of it is on its way already." in mistakes_in(late.text)["quantity-1"]
    assert [kind for kind, *_ in issued(app)] == ["ConfirmShipment"]


@pytest.mark.parametrize(
    ("statuses", "form", "is_offered"),
    [
        ([{"Acknowledged": 1}], "cancel", False),
        ([{"Acknowledged": 2}], "cancel", True),
        ([{"Acknowledged": 1}, {"Shipped": 1}], "cancel", False),
        ([{"Acknowledged": 1}, {"Created": 1}], "cancel", True),
        ([{"Shipped": 1}, {"Acknowledged": 1}], "refund", False),
        ([{"Shipped": 2}], "refund", True),
        ([{"Shipped": 1}, {"Shipped": 1}], "refund", True),
    ],
)
def test_all_that_is_left_is_offered_where_it_is_more_than_one_unit(
    app: Flask, operator: FlaskClient, statuses: list[dict[str, int]], form: str, is_offered: bool
) -> None:
    path = drawn(app, *(a_line(str(at), statuses=one) for at, one in enumerate(statuses, 1)))
    assert ("all that is left…</button>" in operator.get(f"{path}/{form}").text) is is_offered


def test_all_that_is_left_is_refunded_after_one_question_whatever_was_typed(app: Flask, operator: FlaskClient) -> None:
    shipped = a_line("1", statuses=SHIPPED, tracking=a_parcel(), shipping="4.99")
    path = drawn(app, shipped, a_line("2", statuses=SHIPPED), a_line("3", statuses=SHIPPED), a_line("4"))
    sent(operator, f"{path}/refund", step="send", reason="Others", all__3="on", confirmed="11.98", request="r-0")
    assert [kind for kind, *_ in issued(app)] == ["RefundLines"]
    wrong = sent(operator, f"{path}/refund", step="all", reason="Because", amount__1__PRODUCT="4")
    assert list(mistakes_in(wrong.text)) == ["reason"]
    assert 'value="4"' in wrong.text
    for typed in ({}, {"amount__1__PRODUCT": "4"}, {"amount__1__PRODUCT": "four", "tax__2__PRODUCT": "99"}):
        sure = sent(operator, f"{path}/refund", step="all", reason="DamagedItem", comment="Sorry", **typed)
        assert sure.status_code == 200
        assert "Refund $28.95?" in sure.text
        told = "All that is left to refund, of 2 units in 2 lines. Without line 3, of which a refund is on its way."
        assert told in sure.text
    kept = hidden_in(sure.text)
    for _ in range(2):
        assert sent(operator, f"{path}/refund", **{**kept, "step": "send"}).status_code == 303
    _, (_, made, _) = issued(app)
    assert (made["is_full"], [one["line"] for one in made["lines"]]) == (True, ["1", "2"])
    part = sent(operator, f"{path}/refund", step="look", reason="DamagedItem", amount__1__PRODUCT="4")
    assert "All that is left to refund" not in part.text


@pytest.mark.parametrize(
    ("is_on", "said"),
    [
        (True, "Magento gets a credit memo for it once Walmart shows the refund."),
        (False, "Make it in Magento yourself;"),
    ],
)
def test_what_becomes_of_a_refund_in_magento_is_said_before_it_is_sent(
    app: Flask, operator: FlaskClient, is_on: bool, said: str
) -> None:
    path = drawn(app, a_line("1", statuses=SHIPPED))
    with app.app_context(), unit_of_work() as work:
        settings = policy_to_json(Policy(create_credit_memos=is_on))
        work.execute(update(AccountRow).values(settings=settings))
    sure = sent(operator, f"{path}/refund", step="look", reason="DamagedItem", all__1="on")
    assert said in unescape(sure.text)


def test_each_form_has_a_title_and_a_heading_of_its_own_and_reasons_in_words(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", statuses=SHIPPED), a_line("2"))
    forms = ("", "/ship", "/cancel", "/refund", "/product?sku=MUG-RED", "/options?sku=MUG-RED", "/address")
    pages = [operator.get(f"{path}{form}").text for form in (*forms, "/recreate")]
    titles = [re.findall(r"<title>(.*?)</title>", page)[0] for page in pages]
    headings = [re.findall(r"<h1[^>]*>(.*?)</h1>", page)[0] for page in pages]
    assert len(set(titles)) == len(set(headings)) == len(pages)
    assert all(PO in title for title in titles)
    refund = unescape(pages[3])
    assert '<option value="DamagedItem">The item is damaged</option>' in refund
    sure = sent(operator, f"{path}/refund", step="look", reason="DamagedItem", all__1="on").text
    assert "Reason: The item is damaged (DamagedItem)." in sure


def test_a_refund_is_shown_whole_before_it_is_sent(app: Flask, operator: FlaskClient) -> None:
    shipped = a_line("1", statuses=SHIPPED, tracking=a_parcel(), shipping="4.99")
    path = drawn(app, shipped, a_line("2", statuses=SHIPPED))
    given = {"reason": "DamagedItem", "comment": "Sorry", "amount__1__PRODUCT": "11.00", "all__2": "on"}
    sure = sent(operator, f"{path}/refund", step="look", **given)
    assert sure.status_code == 200
    assert "Refund $28.95?" in sure.text
    assert "Line 1: Walmart refunds tax and shipping too" in sure.text
    assert "$16.97 in all" in sure.text
    assert issued(app) == []
    kept = hidden_in(sure.text)
    assert "Refund $28.95?" in sent(operator, f"{path}/refund", **{**kept, "step": "send", "confirmed": "1.00"}).text
    changed = sent(operator, f"{path}/refund", **{**kept, "step": "change"}).text
    assert 'name="amount-1-PRODUCT"' in changed
    assert 'value="11.00"' in changed
    for _ in range(2):
        assert sent(operator, f"{path}/refund", **{**kept, "step": "send"}).status_code == 303
    full, partial = [arguments for _, arguments, _ in issued(app)]
    assert (full["is_full"], full["lines"][0]["line"]) == (True, "2")
    assert (partial["is_full"], partial["lines"][0]["charges"][0]["amount"]) == (False, "11.00")
    assert "A refund of it is on its way" not in operator.get(f"{path}/refund").text, "nothing is left to choose"
    assert "on its way" in operator.get(f"{path}/refund").text


REFUND_MISTAKES: tuple[tuple[dict[str, str], str, str], ...] = (
    ({"amount__1__PRODUCT": "11.01"}, "amount-1-PRODUCT", "has $11.00 of product left to refund, not $11.01"),
    ({"amount__1__SHIPPING": "5"}, "amount-1-SHIPPING", "has $4.99 of shipping left"),
    ({"tax__1__PRODUCT": "0.99"}, "tax-1-PRODUCT", "has $0.98 of tax on product left"),
    ({"amount__1__PRODUCT": "-1"}, "amount-1-PRODUCT", "not below zero"),
    ({"amount__1__PRODUCT": "four"}, "amount-1-PRODUCT", "An amount such as 4.50"),
    ({"amount__1__PRODUCT": "4.50 EUR"}, "amount-1-PRODUCT", "This order is in USD."),
    ({"tax__1__PRODUCT": "MX$1"}, "tax-1-PRODUCT", "This order is in USD."),
    ({}, "amounts", "Enter an amount"),
    ({"amount__1__PRODUCT": "1", "reason": "Because"}, "reason", "Walmart's reasons"),
)


def test_never_more_than_was_charged_of_each_kind(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", statuses=SHIPPED, shipping="4.99"), a_line("2", statuses={"Cancelled": 1}))
    for typed, field, sentence in REFUND_MISTAKES:
        answer = sent(operator, f"{path}/refund", **{"reason": "Others", "step": "send", "confirmed": "1", **typed})
        assert answer.status_code == 422
        assert list(mistakes_in(answer.text)) == [field]
        assert sentence in unescape(mistakes_in(answer.text)[field])
    assert issued(app) == []


def test_what_never_shipped_is_not_refunded(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", price="22.00", tax="2.00", statuses={"Shipped": 1, "Cancelled": 1}))
    form = operator.get(f"{path}/refund").text
    assert "Everything that is left, $12.00" in form
    typed = {"reason": "Others", "amount__1__PRODUCT": "12.00", "step": "look"}
    assert "has $11.00" in sent(operator, f"{path}/refund", **typed).text


def test_a_buyer_is_answered_on_the_page(app: Flask, operator: FlaskClient) -> None:
    sentence = "The buyer asked to cancel line 1. Accept it, or ship anyway."
    path = drawn(app, a_line("1", **WISH), attention=sentence)
    page = operator.get(path).text
    assert page.index("Accept: cancel it…") < page.index("Ship anyway")
    question = operator.get(f"{path}/accept").text
    assert "Cancel 1 unit, sold for $11.98, as the buyer asked?" in question
    assert "This cannot be taken back." in question
    assert issued(app) == []
    for _ in range(2):
        assert sent(operator, f"{path}/accept", quantity__1="1").status_code == 303
    assert "Nothing is to be accepted" in operator.get(f"{path}/accept").text
    [(kind, arguments, _)] = issued(app)
    assert (kind, arguments["reason"]) == ("CancelLines", "CUSTOMER_REQUESTED_SELLER_TO_CANCEL")
    assert "Accept: cancel it" not in operator.get(path).text


@pytest.mark.parametrize(
    ("shown", "now"),
    [
        ((a_line("1", **WISH), a_line("2")), (a_line("1", **WISH), a_line("2", **WISH))),
        ((a_line("1", **WISH), a_line("2", **WISH)), (a_line("1", **WISH), a_line("2", statuses={"Shipped": 1}))),
        (
            (a_line("1", statuses={"Shipped": 1, "Acknowledged": 1}, **WISH),),
            (a_line("1", statuses={"Acknowledged": 2}, **WISH),),
        ),
    ],
    ids=["more lines", "fewer lines", "more units"],
)
def test_a_cancellation_is_accepted_as_it_was_shown_or_asked_for_again(
    app: Flask, operator: FlaskClient, shown: tuple[Line, ...], now: tuple[Line, ...]
) -> None:
    path = drawn(app, *shown)
    agreed = hidden(operator.get(f"{path}/accept").text)
    with app.app_context(), unit_of_work() as work:
        reread(work, PO, *now)
    again = sent(operator, f"{path}/accept", **agreed)
    assert again.status_code == 422
    assert "What is to be canceled has changed meanwhile, so nothing was canceled." in again.text
    assert issued(app) == []
    assert hidden(again.text) != agreed
    assert sent(operator, f"{path}/accept", **hidden(again.text)).status_code == 303
    [(_, arguments, _)] = issued(app)
    units = {f"quantity-{unit['line']}": str(unit["quantity"]) for unit in arguments["units"]}
    assert units == hidden(again.text)


def hidden(text: str) -> dict[str, str]:
    """The units of a question, by the name of their field."""
    return dict(re.findall(r'<input type="hidden" name="(quantity-[^"]+)" value="(\d+)">', text))


ACCEPT = "The buyer asked to cancel line 1. Accept it, or ship anyway."
CHOOSE = "Walmart wants a reason for canceling (credit memo 1). Cancel it on the order's page with a reason."
SHIPMENT = "Waiting for a shipment in Magento."
WISHES, CHOICE = (
    "Waiting for you: the buyer asked to cancel line 1.",
    "Waiting for you: choose why it is canceled at Walmart (credit memo 1).",
)


@pytest.mark.parametrize(
    ("attention", "waiting", "shown"),
    [
        (ACCEPT, [WISHES], []),
        (ACCEPT, [WISHES, CHOICE], [CHOICE]),
        (CHOOSE, [CHOICE, "Waiting for a shipment in Magento."], ["Waiting for a shipment in Magento."]),
        (CHOOSE, [WISHES], [WISHES]),
        (None, [WISHES], [WISHES]),
    ],
)
def test_what_somebody_is_asked_for_does_not_wait_once_more(
    app: Flask, operator: FlaskClient, attention: str | None, waiting: list[str], shown: list[str]
) -> None:
    page = operator.get(drawn(app, a_line("1", **WISH), attention=attention, waiting_for=waiting)).text
    card = page[page.index('data-region="next"') : page.index('data-region="items"')]
    assert re.findall(r'<li dir="auto">([^<]+)', unescape(card)) == shown


@pytest.mark.parametrize(
    ("statuses", "wants", "told"), [({"Cancelled": 1}, False, "No order"), ({"Created": 1}, True, "No order yet")]
)
def test_an_order_that_never_comes_to_magento_is_not_waited_for(
    app: Flask, operator: FlaskClient, statuses: dict[str, int], wants: bool, told: str
) -> None:
    path = drawn(app, a_line("1", statuses=statuses), magento=False, wants_magento=wants)
    assert f'<span class="dim">{told}</span>' in operator.get(path).text


def test_a_buyers_wish_is_no_failure_in_the_log(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", **WISH))
    with app.app_context(), unit_of_work() as work:
        turn = work.session.execute(select(OrderRow.sync_id)).scalar_one()
        wish = "The buyer asked to cancel."
        work.add(ChangeRow(sync_id=turn, at=clock.now(), kind="cancel", by="rule", sentence=wish))
    [entry] = [one for one in operator.get(path).text.split("<li") if wish in one]
    assert '<span class="unseen">Seen: </span>' in entry


def test_or_the_order_is_shipped_anyway(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", **WISH), attention="The buyer asked to cancel line 1. Accept it, or ship anyway.")
    assert sent(operator, f"{path}/ship-anyway").status_code == 303
    with app.app_context():
        assert (db.session.execute(select(OrderRow)).scalar_one().choices or {})["ship_anyway"] == ["1"]
    assert "Ship anyway" not in operator.get(path).text
    assert "You have decided to ship it anyway." in sent_and_seen(operator, f"{path}/ship-anyway", path)


ANYWAY = "Ships although the buyer asked to cancel"
TABS = ("needs-action", "cancellation-requested")


def listed_in(client: FlaskClient) -> list[str]:
    """The tabs that ask somebody for something and have the order."""
    return [tab for tab in TABS if f'data-po="{PO}"' in client.get(f"/orders?tab={tab}").text]


@pytest.mark.parametrize(("units", "waits"), [("2", False), ("1", True)])
def test_a_shipment_that_is_being_told_is_said_at_once(
    app: Flask, operator: FlaskClient, units: str, *, waits: bool
) -> None:
    path = drawn(app, a_line("1", statuses={"Acknowledged": 2}), waiting_for=[SHIPMENT])
    parcel = {"quantity__1": units, "carrier": "UPS", "number": NUMBER}
    assert sent(operator, f"{path}/ship", **parcel).status_code == 303
    for text in (operator.get(path).text, operator.get("/orders").text):
        assert "Sending the shipment to Walmart." in text
    assert (SHIPMENT in operator.get(path).text) is waits


BOX = {"carrier": "UPS", "number": NUMBER, "anyway": "on"}
SENDS, CANCELS = "Sending the shipment to Walmart.", "Canceling at Walmart."
ASKED_OF_IT: dict[str, tuple[str, dict[str, str], dict[str, list[str]]]] = {
    "all is canceled": ("cancel", {"quantity__1": "2", **WHY}, {"Under way": [CANCELS]}),
    "one is canceled": ("cancel", {"quantity__1": "1", **WHY}, {"Under way": [CANCELS], "Waiting": [SHIPMENT]}),
    "the wish is accepted": ("accept", {"quantity__1": "2"}, {"Under way": [CANCELS]}),
    "all ships": ("ship", {"quantity__1": "2", **BOX}, {"Under way": [SENDS]}),
    "one ships": (
        "ship",
        {"quantity__1": "1", **BOX},
        {"Under way": [SENDS], "Waiting": [SHIPMENT]},
    ),
    "it ships anyway": ("ship-anyway", {}, {"Waiting": [SHIPMENT]}),
}


@pytest.mark.parametrize("case", ASKED_OF_IT)
def test_what_is_under_way_is_what_was_asked_for_and_waiting_is_not(
    app: Flask, operator: FlaskClient, case: str
) -> None:
    way, fields, told = ASKED_OF_IT[case]
    path = drawn(app, a_line("1", statuses={"Acknowledged": 2}, **WISH), waiting_for=[SHIPMENT])
    assert sent(operator, f"{path}/{way}", **fields).status_code == 303
    # No turn comes in between.
    page, row = operator.get(path).text, operator.get("/orders").text
    assert standing(page) == told
    busy = re.findall(r'<p class="why busy" [^>]*>([^<]+)', row)
    assert busy == told.get("Under way", [])


def standing(page: str) -> dict[str, list[str]]:
    """The sentences under each heading of what an order waits for."""
    card = page[page.index('data-region="next"') : page.index('data-region="items"')]
    parts = re.findall(r"<h2><svg.*?</svg>(Under way|Waiting)</h2>(.*?)</section>", card, re.DOTALL)
    return {title: re.findall(r'<li dir="auto">([^<]+)', unescape(part)) for title, part in parts}


@pytest.mark.parametrize("way", ["ship-anyway", "ship"])
def test_what_ships_anyway_asks_nobody_until_the_buyer_asks_for_more(
    app: Flask, operator: FlaskClient, way: str
) -> None:
    path = drawn(app, a_line("1", **WISH), a_line("2"), attention=ACCEPT, waiting_for=[WISHES, SHIPMENT])
    assert listed_in(operator) == list(TABS)
    parcel = {"quantity__1": "1", "carrier": "UPS", "number": NUMBER, "anyway": "on"} if way == "ship" else {}
    assert sent(operator, f"{path}/{way}", **parcel).status_code == 303
    # No turn comes in between: the shop may be away.
    assert listed_in(operator) == []
    for text in (operator.get(path).text, operator.get("/orders").text):
        assert ANYWAY in text
        for gone in (ACCEPT, WISHES, "</svg>Cancellation requested", "Needs you"):
            assert gone not in text
    assert SHIPMENT in operator.get(path).text
    with app.app_context(), unit_of_work() as work:
        reread(work, PO, a_line("1", **WISH), a_line("2", **WISH))
    assert listed_in(operator) == list(TABS)
    with app.app_context(), unit_of_work() as work:
        reread(work, PO, a_line("1", statuses=SHIPPED, **WISH), a_line("2"))
    assert listed_in(operator) == []
    assert ANYWAY not in operator.get("/orders").text


def test_a_wish_that_is_being_accepted_asks_nobody(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, a_line("1", **WISH), attention=ACCEPT, waiting_for=[WISHES])
    assert sent(operator, f"{path}/accept", quantity__1="1").status_code == 303
    assert ACCEPT not in operator.get(path).text


def sent_and_seen(client: FlaskClient, path: str, page: str) -> str:
    """What the page says after a form."""
    assert sent(client, path).status_code == 303
    return client.get(page).text


NEXT = (
    (
        "Walmart knows no carrier Bee. Choose in the account's settings which carrier it is.",
        "admin",
        '/orders?carrier=Bee">Map the carrier</a>',
    ),
    (
        "Walmart knows no carrier without a name. Choose in the account's settings which carrier it is.",
        "admin",
        '/orders#g-shipments">Map the carrier</a>',
    ),
    ("Walmart wants a reason for canceling (credit memo 1). Cancel it …", "operator", "Cancel with a reason…"),
    ("Walmart wants a reason for canceling (credit memo 1). Cancel it …", "admin", "Choose one for all"),
    ("Walmart cancels what has not shipped on 2026-12-01. Ship it.", "operator", "Mark as shipped…</a>"),
    ("1 × MUG was shipped in Magento but is canceled at Walmart.", "operator", "I have dealt with it"),
)


def test_the_next_best_act_stands_beside_what_needs_it(app: Flask, operator: FlaskClient, admin: FlaskClient) -> None:
    for at, (attention, role, words) in enumerate(NEXT):
        path = drawn(app, po=f"{2802123000000 + at}", attention=attention)
        page = {"operator": operator, "admin": admin}[role].get(path).text
        part = page[page.index('data-region="next"') : page.index('data-region="items"')]
        assert words in part
        assert ("I have dealt with it" in part) is ("dealt" in words)


def test_what_a_person_has_dealt_with_is_not_asked_for_again(app: Flask, operator: FlaskClient) -> None:
    sentence = "1 × MUG was shipped in Magento but is canceled at Walmart."
    path = drawn(app, attention=sentence)
    assert sent(operator, f"{path}/settle", sentence=sentence).status_code == 303
    with app.app_context():
        assert (db.session.execute(select(OrderRow)).scalar_one().choices or {})["settled"] == [sentence]
    assert "not asked for any more" in sent_then(operator, f"{path}/settle", path, sentence="Another one.")


def test_nothing_is_under_way_of_a_paused_account(app: Flask, operator: FlaskClient) -> None:
    sentence = "1 × MUG was shipped in Magento but is canceled at Walmart."
    for po, paused in (("2802123000001", False), ("2802123000002", True)):
        path = drawn(app, po=po, paused=paused, attention=sentence)
        assert sent(operator, f"{path}/settle", sentence=sentence).status_code == 303
        with app.app_context():
            row = db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()
            assert row.under_way is not paused


def sent_then(client: FlaskClient, path: str, page: str, **fields: str) -> str:
    assert sent(client, path, **fields).status_code == 303
    return client.get(page).text


def test_a_viewer_sees_why_and_cannot_forge(app: Flask, viewer: FlaskClient) -> None:
    path = drawn(app)
    page = viewer.get(path).text
    assert re.search(r'<button class="btn" disabled aria-describedby="only-operators">Mark as shipped…', page)
    assert "signed in as viewer; acting needs the role operator" in page
    assert viewer.get(f"{path}/ship").status_code == 403
    given = {"carrier": "UPS", "number": NUMBER, "quantity__1": "1"}
    assert sent(viewer, f"{path}/ship", **given).status_code == 403
    assert issued(app) == []


def test_a_mexican_seller_finds_his_own_carriers_and_reasons(app: Flask, operator: FlaskClient) -> None:
    path = drawn(app, market="mx")
    with app.app_context(), unit_of_work() as work:
        own = {"own_carriers": {"Abeja": "https://abeja.example/{number}"}}
        work.session.query(AccountRow).one().settings = own
    assert "Estafeta" in operator.get(f"{path}/ship").text
    assert "MIRAKL_REFUND_15" in operator.get(f"{path}/cancel").text
    assert sent(operator, f"{path}/ship", carrier="abeja", number="T1", quantity__1="1").status_code == 303
    [(_, arguments, _)] = issued(app)
    assert arguments["other_carrier"] is True
    assert arguments["parcel"]["url"] == "https://abeja.example/T1"
    assert Decimal(arguments["units"][0]["quantity"]) == 1


@pytest.mark.parametrize(
    ("po", "chosen", "why"),
    [("2802123874001", "no", "Nothing is left to ship"), ("2802123876439", "yes", "Labels are printed from")],
)
def test_magento_is_to_change_too_while_anything_can_ship(
    app: Flask, admin: FlaskClient, po: str, chosen: str, why: str
) -> None:
    with app.app_context():
        key, _ = draw()
    form = admin.get(f"/orders/{key}/{po}/address").text
    assert re.findall(r'name="magento" value="(\w+)"[^>]* checked', form) == [chosen]
    assert why in form


def test_what_closes_a_form_is_never_called_like_what_cancels_an_order() -> None:
    link = re.compile(r"<a ([^>]*)>(.*?)</a>", re.DOTALL)
    pages = {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in TEMPLATES.rglob("*.html")}
    leads = {
        name: [words for about, words in link.findall(text) if 'class="btn' in about or "data-close" in about]
        for name, text in pages.items()
    }
    assert sum(map(len, leads.values())) > 40
    assert [name for name, words in leads.items() if any("Cancel" in one for one in words)] == []
    assert [name for name, text in pages.items() if re.search(r"<button[^>]*>\s*Cancel\s*</button>", text)] == []
    for name in ("orders/address.html", "orders/sheet.html", "settings/new.html", "settings/store_new.html"):
        assert "Not now" in leads[name], name
