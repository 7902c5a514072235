"""One order's page, its log, and what a person may do there."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.rows import a_call, a_change, a_command, a_line, a_store, an_account, an_attempt, an_order
from tests.views.conftest import PEOPLE, statements, token_on
from tests.views.scene import draw
from tests.views.test_order_settings import save
from webapp import clock, timeline
from webapp.models import AccountRow, CommandRow, EventRow, OrderRow, db
from webapp.unit_of_work import unit_of_work

PARTS = re.compile(r'data-region="([^"]+)" data-version="([^"]+)"')
HTMX = {"HX-Request": "true"}
STREET, PHONE, EMAIL = "418 Alder Court", "5095550134", "maria.gonzalez@relay.example"


def test_the_page_answers_what_was_bought_shipped_and_done(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    with statements(app) as run:
        text = operator.get(f"/orders/{key}/{po}").text
    assert len([each for each in run if not each.startswith(("BEGIN", "PRAGMA"))]) <= 13
    for words in (
        "Partially Shipped",
        "2 shipped · 1 to ship",
        "Waiting for a tracking number on shipment 000000131.",
        "View on Walmart",
        "sales/order/view/order_id/876440/",
        "1 Acknowledged, not shipped yet",
        "Shipping",
        "$4.99",
        "$48.18",
        "1Z999AA10123456784",
        "2 × MUG-RED",
        STREET,
        PHONE,
        EMAIL,
        "processing · 3 invoiced · 3 shipped",
        "Fulfilment",
    ):
        assert words in text
    assert "differ by" not in text


def test_what_was_filled_in_for_magento_is_said(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        key, _ = draw()
    text = viewer.get(f"/orders/{key}/2802123876522").text
    assert "Walmart gave no telephone: “0000” was filled in because Magento demands a value." in text


def test_the_log_tells_the_story_newest_first(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
        order = db.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()
        entries = timeline.log(order.account_id, po, order.sync_id)
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert {entry.kind for entry in entries} == {"event", "attempt", "change"}
    text = operator.get(f"/orders/{key}/{po}").text
    assert text.index("Created Magento order WM-2802123876439") < text.index("Webhook from Walmart: PO_CREATED.")
    assert "503 · 92 ms · 1st try" in text
    assert "200 · 184 ms · 2nd try" in text
    assert "7f3a9c10-5d1e-4b77-a61c-09c4f5b2d001" in text
    assert "Came 2 times; it counts once." in text
    assert "owner@north.example" in text


def test_a_wait_of_a_moment_is_no_news_and_one_that_lasts_is(app: Flask) -> None:
    with app.app_context(), unit_of_work() as work:
        order = an_order(work, an_account(work, a_store(work)), "2802123876439")
        began = clock.now()
        for seconds, sentence in (
            (0, "Creating."),
            (1, "Acknowledging."),
            (1, "Waiting for Magento."),
            (90, "Invoicing."),
        ):
            a_change(work, order, sentence, "waiting").at = began + timedelta(seconds=seconds)
        a_change(work, order, "Waiting for a shipment.", "waiting").at = began + timedelta(seconds=91)
        work.flush()
        told = [entry.sentence for entry in timeline.log(order.account_id, order.po, order.sync_id)]
        assert told == ["Waiting for a shipment.", "Waiting for Magento."]
        still = ["Invoicing."]
        assert "Invoicing." in [e.sentence for e in timeline.log(order.account_id, order.po, order.sync_id, still)]


def test_a_viewer_sees_the_name_and_nothing_nearer(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    for text in (viewer.get(f"/orders/{key}/{po}").text, viewer.get("/orders").text):
        assert "Maria Gonzalez" in text
        for near in (STREET, PHONE, EMAIL, "99201"):
            assert near not in text
    event = viewer.get("/incoming/1").text
    assert "PO_CREATED" in event
    for near in (STREET, PHONE, EMAIL, "maria@relay.example"):
        assert near not in event, "what came in is told to a viewer without its body"


def test_the_link_to_walmart_follows_the_account_s_own_pattern(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    page = f"/orders/{key}/{po}"
    assert f"seller.walmart.com/orders/manage-orders?poNumber={po}" in admin.get(page).text
    assert "An address such as https://" in save(admin, key, walmart_order_url="javascript:alert({po})").text
    save(admin, key, walmart_order_url="https://seller.example/o/{po}?tab=1")
    assert f'href="https://seller.example/o/{po}?tab=1"' in admin.get(page).text


def test_who_may_read_them_is_led_to_the_order_settings_of_the_account(
    app: Flask, admin: FlaskClient, operator: FlaskClient, viewer: FlaskClient
) -> None:
    with app.app_context():
        key, po = draw()
    where = f"/settings/accounts/{key}/orders"
    assert f'href="{where}' in admin.get(f"/orders/{key}/{po}").text
    assert admin.get(where, follow_redirects=True).status_code == 200
    assert where in operator.get(f"/orders/{key}/{po}").text
    assert where not in viewer.get(f"/orders/{key}/{po}").text


def test_no_buyer_stands_in_a_title_or_an_address(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    text = operator.get(f"/orders/{key}/{po}").text
    assert re.search(r"<title>Order \d+ · Orderbridge</title>", text)
    assert not re.search(r'(?:href|hx-get|action)="[^"]*(?:Maria|Alder|relay)', text)


def test_a_total_that_does_not_add_up_is_said(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        order = an_order(work, account, "2802123876439")
        order.total += 5
        key = account.key
    assert "differ by $5.00" in operator.get(f"/orders/{key}/2802123876439").text


def test_three_fates_of_one_line_are_told_apart(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        line = a_line(statuses={"Shipped": 1, "Acknowledged": 1, "Cancelled": 1})
        an_order(work, account, "2802123876439", (line,))
        key = account.key
    text = operator.get(f"/orders/{key}/2802123876439").text
    assert "1 Acknowledged, not shipped yet · 1 Canceled · 1 Shipped" in text
    assert '<i class="s-shipped"></i><i class="s-unshipped"></i><i class="s-canceled"></i>' in text


def test_refresh_records_a_wish_and_comes_back(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    path = f"/orders/{key}/{po}"
    answer = operator.post(f"{path}/refresh", data={"csrf_token": token_on(operator, path)})
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert "Reading the order on both sides now." in operator.get(path).text
    with app.app_context():
        newest = db.session.execute(select(EventRow).order_by(EventRow.id.desc()).limit(1)).scalar_one()
        assert (newest.source, newest.po, newest.headers) == ("merchant", po, {"by": PEOPLE["operator"]})


def test_a_parked_command_is_tried_again_or_given_up_with_a_reason(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, _ = draw()
        parked = db.session.execute(select(CommandRow.id).where(CommandRow.state == "parked")).scalar_one()
    path = f"/orders/{key}/2802123876522"
    text = operator.get(path).text
    assert "Needs you" in text
    assert text.count("Choose another prefix in the settings.") == 2, "once on top, once in the log"
    form = {"csrf_token": token_on(operator, path)}
    assert operator.post(f"/orders/{key}/2802123876439/commands/{parked}/retry", data=form).status_code == 404
    operator.post(f"{path}/commands/{parked}/dismiss", data={**form, "reason": " "})
    page = operator.get(path).text
    assert page.count("Say why it is given up") == 1, "at its field alone"
    assert f'<details class="giveup" id="giveup-{parked}" open>' in page
    assert f'aria-invalid="true" aria-describedby="m-why-{parked}" autofocus' in page
    operator.post(f"{path}/commands/{parked}/retry", data=form)
    assert state_of(app, parked) == "queued"
    operator.post(f"{path}/commands/{parked}/retry", data=form)
    assert "is not among the failed ones any more" in operator.get(path).text
    with app.app_context(), unit_of_work() as work:
        work.session.get_one(CommandRow, parked).state = "parked"
    operator.post(f"{path}/commands/{parked}/dismiss", data={**form, "reason": "sold elsewhere"})
    assert state_of(app, parked) == "dismissed"
    assert "sold elsewhere" in operator.get(path).text


def state_of(app: Flask, command_id: int) -> str:
    with app.app_context():
        return db.session.get_one(CommandRow, command_id).state


def test_the_live_part_is_sent_only_when_it_is_other(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    text = operator.get(f"/orders/{key}/{po}").text
    found = re.search(r'id="watch" hx-get="([^"]+)" hx-trigger="every (\d+)s', text)
    assert found is not None
    assert found[2] == "10", "at rest it asks seldom"
    shown = ",".join(f"{name}.{version}" for name, version in PARTS.findall(text))
    look = f"{html.unescape(found[1])}&seen={shown}"
    assert PARTS.findall(operator.get(look, headers=HTMX).text) == []
    with app.app_context(), unit_of_work() as work:
        order = work.session.execute(select(OrderRow).where(OrderRow.po == po)).scalar_one()
        order.under_way, order.changed_at = True, clock.now() + timedelta(seconds=61)
        order.waiting_for = ["Canceling at Walmart."]
        a_change(work, order, "Something was seen.")
    renewed = operator.get(look, headers=HTMX).text
    assert renewed.strip().startswith('<div id="watch"')
    assert 'hx-trigger="every 2s' in renewed
    assert [name for name, _ in PARTS.findall(renewed)] == ["next", "delivery", "log"]


def test_what_is_new_each_time_makes_no_part_another_one(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    first, second = (operator.get(f"/orders/{key}/{po}").text for _ in range(2))
    assert PARTS.findall(first) == PARTS.findall(second)
    numbers = [set(re.findall(r'name="request" value="([^"]+)"', text)) for text in (first, second)]
    assert numbers[0]
    assert not numbers[0] & numbers[1]


def test_only_web_addresses_become_links(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work, admin_url="javascript:alert(1)//"))
        line = a_line(statuses={"Shipped": 1})
        order = an_order(work, account, "2802123876439", (line,))
        order.lines[0].quantities = [
            {
                "status": "Shipped",
                "amount": 1,
                "tracking": {"carrier": "X", "number": "N1", "url": "javascript:alert(2)"},
            }
        ]
        key = account.key
    text = operator.get(f"/orders/{key}/2802123876439").text
    assert "N1" in text
    assert "javascript:" not in text


def test_commands_of_every_state_have_their_sentence(app: Flask, operator: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        order = an_order(work, account, "2802123876439")
        a_command(work, order, state="running")
        a_command(work, order, "KindFromTheFuture", state="queued")
        a_command(work, order, "CreateInvoice", state="dismissed", reason="Not needed any more.")
        failed = a_command(work, order, "CreateMagentoOrder", state="queued", tries=1, reason="Magento was slow.")
        an_attempt(
            work, order, failed, "Magento was slow.", outcome="failed", calls=[a_call(status=None, error="time-out")]
        )
        key = account.key
    text = operator.get(f"/orders/{key}/2802123876439").text
    for words in (
        "Acknowledging…",
        "KindFromTheFuture: next in turn.",
        "Invoice the Magento order: not done.",
        "time-out",
    ):
        assert words in text
    assert "Create the Magento order: tried again soon." in text
    assert "Next try" in text


def test_the_magento_order_is_created_with_one_click_and_again_after_a_question(
    app: Flask, operator: FlaskClient, viewer: FlaskClient
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        bare = an_order(work, account, "2802123876439", magento=False)
        gone = an_order(work, account, "2802123876440", magento_is_gone=True)
        off = an_order(work, account, "2802123876441", magento_state="canceled", magento_status="canceled")
        key, first, second, third = account.key, bare.po, gone.po, off.po
    path = f"/orders/{key}/{first}"
    assert "Create order" not in viewer.get(path).text
    assert re.search(r'id="do-create" class="btn primary"', operator.get(path).text)
    form = {"csrf_token": token_on(operator, path)}
    for _ in range(2):
        operator.post(f"{path}/create", data=form)
    page = operator.get(path).text
    assert "It is on its way already." in page
    assert re.search(r'id="do-create" disabled', page), "asked for once, it is not offered again"
    assert "It is asked for already" in page
    for path in (f"/orders/{key}/{third}", "/orders"):
        page = operator.get(path).text
        assert re.search(r'gone"[^>]*>WM-2802123876441', page)
        assert "Canceled in Magento" in page
        assert "Deleted in Magento" in operator.get(path.replace(third, second)).text
    path = f"/orders/{key}/{second}"
    assert "Create the order again…" in operator.get(path).text
    asked = operator.get(f"{path}/recreate", headers=HTMX).text
    assert "was deleted. Create the order there again, with -2 behind its number?" in asked
    assert "<html" not in asked
    for _ in range(2):
        operator.post(f"{path}/recreate", data={**form, "former": "WM-2802123876440"})
    page = operator.get(path).text
    assert "in place of WM-2802123876440: asked for by hand." in page
    assert "It cannot be created again" in operator.get(f"{path}/recreate").text
    with app.app_context():
        row = db.session.execute(select(OrderRow).where(OrderRow.po == second)).scalar_one()
        assert (row.creation_asked, len(row.magento_former or ())) == (1, 1)


def test_orders_of_a_paused_account_say_that_nothing_goes_on(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
        waits = "Waiting for a tracking number on shipment 000000131."
        for is_store, words in ((False, "Its account is paused: resume it"), (True, "Its store is paused: resume")):
            with unit_of_work() as work:
                account = work.execute(select(AccountRow).where(AccountRow.key == key)).scalar_one()
                (account.store if is_store else account).is_paused = True
            page = operator.get(f"/orders/{key}/{po}").text
            assert words in page
            assert waits in page
            assert words in operator.get(f"/orders/{key}/{po}/row", headers={"HX-Request": "true"}).text


def test_what_is_not_as_one_expects_and_stays_so_is_said_on_the_page(app: Flask, viewer: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        said = "Walmart gave back $5.00 on line 1 that no credit memo in Magento tells of."
        an_order(work, account, "2802123876441", remarks=[said])
    assert said in viewer.get(f"/orders/{account.key}/2802123876441").text


@pytest.mark.parametrize(
    ("reason", "way"),
    [
        (
            "The order's number is taken by another order. Choose another prefix in the settings.",
            ">Open the order settings<",
        ),
        ("Walmart did not accept the client ID and secret.", '">Open the account</a>'),
        ("Magento did not accept the access token.", '">Open the store</a>'),
        (
            "We can't save the address: Phone Number is required.",
            '/address">Correct the address</a>',
        ),
        ("“MUG-RED” cannot be put into a Magento cart.", '#r-items">Look at the items</a>'),
        ("Magento does not allow to cancel order WM-1 as it is complete.", ">Open the Magento order<"),
        ("Walmart answered 400: the line cannot be shipped.", ">Open it in Seller Center<"),
        ("An error in Orderbridge itself (KeyError).", "Copy the number of the failure"),
    ],
)
def test_a_failure_has_the_button_that_leads_to_what_mends_it(
    app: Flask, admin: FlaskClient, reason: str, way: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        row = an_order(work, account, "2802123876442")
        command = a_command(work, row, "CreateInvoice", state="parked", reason=reason, ended_at=clock.now())
    text = html.unescape(admin.get(f"/orders/{account.key}/2802123876442").text)
    assert reason in text
    assert way in text
    named = f"{account.key[:8]}-{command.id}"
    assert (f">{named}</code>" in text and f"/outgoing/{command.id}" in text) is ("Copy" in way)


READ, ACT = (
    {"method": "GET", "url": "https://shop.example/V1/orders/7"},
    {"url": "https://shop.example/V1/order/7/ship"},
)
REFUSED = {"method": "GET", "url": "https://shop.example/V1/orders/7", "status": 503}
TOKEN = {"url": "https://shop.example/V1/integration/admin/token"}


@pytest.mark.parametrize(
    ("calls", "shown"),
    [
        ((READ, ACT, READ), "POST <code>/V1/order/7/ship</code>"),
        ((TOKEN, READ), "GET <code>/V1/orders/7</code>"),
        ((ACT, REFUSED), "GET <code>/V1/orders/7</code> · 503"),
    ],
)
def test_a_try_shows_the_call_that_did_it_or_failed(
    app: Flask, viewer: FlaskClient, calls: tuple[dict[str, Any], ...], shown: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        order = an_order(work, account, "2802123870001")
        made = [a_call(side="Magento", **call) for call in calls]
        an_attempt(work, order, None, "Shipped in Magento 1.", calls=made)
        key = account.key
    assert f"Magento {shown}" in viewer.get(f"/orders/{key}/2802123870001").text


@pytest.mark.parametrize(
    ("statuses", "charged"),
    [
        ({"Shipped": 1, "Acknowledged": 1}, "$5.99"),
        ({"Shipped": 1, "Cancelled": 1}, "$5.99"),
        ({"Shipped": 1, "Delivered": 1}, "$11.98"),
        ({"Acknowledged": 2}, "nothing yet"),
        ({"Cancelled": 2}, "nothing"),
    ],
)
def test_the_buyer_is_charged_for_what_shipped(
    app: Flask, viewer: FlaskClient, statuses: dict[str, int], charged: str
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        an_order(work, account, "2802123870001", (a_line(statuses=statuses),))
        key = account.key
    text = viewer.get(f"/orders/{key}/2802123870001").text
    assert (
        f"<dt>Charged to the buyer <small>by Walmart, for what has shipped, in USD</small></dt><dd>{charged}</dd>"
        in text
    )


def test_what_a_person_is_told_waits_for_the_page_though_another_tab_renews_itself(
    app: Flask, operator: FlaskClient
) -> None:
    with app.app_context():
        key, po = draw()
    path = f"/orders/{key}/{po}"
    form = {"csrf_token": token_on(operator, path)}
    assert operator.post(f"{path}/refresh", data=form).status_code == 303
    assert operator.get(f"{path}/live?state=x&seen=", headers={"HX-Request": "true"}).status_code == 200
    told = r'<p class="flash [^>]*role="status">.*?</svg>([^<]*)</p>'
    assert len(re.findall(told, operator.get(path).text)) == 1
    assert re.findall(told, operator.get(path).text) == []


def test_a_mistake_stays_while_the_page_renews_itself(app: Flask, operator: FlaskClient) -> None:
    with app.app_context():
        key, _ = draw()
        command = db.session.execute(select(CommandRow.id).where(CommandRow.state == "parked")).scalar_one()
    path = f"/orders/{key}/2802123876522"
    form = {"csrf_token": token_on(operator, "/account"), "reason": ""}
    page = operator.post(f"{path}/commands/{command}/dismiss", data=form, follow_redirects=True).text
    assert f'id="m-why-{command}"' in page
    seen = ",".join(f"{n}.{v}" for n, v in re.findall(r'data-region="([^"]+)" data-version="([^"]+)"', page))
    renewed = operator.get(f"{path}/live?state=x&seen={seen}", headers={"HX-Request": "true"}).text
    assert 'data-region="next"' not in renewed
