"""The orders grid: what it shows, how it is asked, what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from tests.rows import a_line, a_store, an_account, an_order, turns
from tests.views.conftest import statements, token_on
from tests.views.scene import draw
from webapp import clock
from webapp.models import AccountRow, OrderRow, db
from webapp.unit_of_work import unit_of_work
from webapp.views import showing

HTMX = {"HX-Request": "true"}


def pos(text: str) -> list[str]:
    return re.findall(r'data-po="(\d+)"', text)


def many(app: Flask, number: int, first: int = 0) -> AccountRow:
    """So many orders, the first the oldest; two of them always share their second."""
    with app.app_context(), unit_of_work() as work:
        found = db.session.query(AccountRow).first()
        account = found or an_account(work, a_store(work))
        pos = [str(9_000_000_000_000 + n) for n in range(first, first + number)]
        for n, (po, turn) in enumerate(turns(work, account, pos).items(), first):
            at = clock.now() - timedelta(days=2) + timedelta(minutes=n // 2)
            an_order(work, account, po, ordered_at=at.replace(microsecond=0), turn=turn)
        return account


def test_the_page_says_whose_clock_its_times_are_on(app: Flask, admin: FlaskClient) -> None:
    many(app, 1)
    assert "<small>Times are those of America/Los Angeles." in admin.get("/orders").text
    with app.app_context(), unit_of_work() as work:
        an_order(
            work,
            an_account(work, a_store(work, name="East", time_zone="America/New_York"), name="East"),
            "1796277083022",
        )
    assert "Times are those of each order’s store." in admin.get("/orders").text
    assert "<small>Times are" not in admin.get("/orders?status=canceled").text


def test_every_column_is_filled(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        key, po = draw()
    text = admin.get("/orders").text
    heads = re.findall(r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)', text)
    names = ["Walmart PO #", "Sale date", "Ship by", "Magento #", "Items", "Buyer", "Fulfilment", "Total"]
    assert heads == [*names, "Walmart status"]
    row = next(row for row in text.split("<tr ") if f'data-po="{po}"' in row)
    assert f'data-account="{key}"' in row
    assert 'data-status="partially-shipped"' in row
    assert f'href="/orders/{key}/{po}"' in row
    assert 'href="https://shop.example/admin/sales/order/view/order_id/876440/" target="_blank"' in row
    assert 'href="https://shop.example/admin/catalog/product/edit/id/42/"' in row
    assert "<b>2 ×</b> " in row, "two lines of one unit are shown as two mugs"
    for words in (
        "CO 4802123876439",
        "Maria Gonzalez",
        "$48.18",
        "2 shipped · 1 to ship",
        "in 25 h",
        "Partially Shipped",
    ):
        assert words in row
    assert "Waiting for a tracking number on shipment 000000131." in row


def test_display_says_beforehand_that_an_arrow_saves_what_else_is_chosen(app: Flask, viewer: FlaskClient) -> None:
    many(app, 1)
    text = viewer.get("/orders").text
    menu = text[text.index('id="display"') : text.index("Move Sale date")]
    assert "An arrow moves its column at once, and saves all that is chosen here." in menu
    form = {"csrf_token": token_on(viewer, "/orders"), "column": ["sold", "shop", "items"], "down": "sold"}
    text = viewer.post("/orders/display", data=form | {"density": "compact"}, follow_redirects=True).text
    heads = re.findall(r'<th scope="col" class="h-(\w+)', text)
    assert heads == ["po", "shop", "sold", "items", "status"]
    assert '<table class="orders compact' in text
    assert '<details class="menu" id="display" open>' in text, "the next move is at hand"


def test_a_row_says_first_that_the_shop_does_not_answer(app: Flask, viewer: FlaskClient) -> None:
    many(app, 1)
    outage = "Waiting for Magento: Magento is in maintenance mode."
    with app.app_context(), unit_of_work() as work:
        work.session.query(OrderRow).one().waiting_for = ["Acknowledged as soon as the Magento order exists.", outage]
    text = viewer.get("/orders").text
    assert re.findall(r'class="why[^"]*"[^>]*>([^<]+)<', text) == [outage]
    assert 'popovertarget="help-waiting-for-magento"' in text
    assert text.count('id="help-waiting-for-magento"') == 1


def test_each_row_says_what_is_special_about_it(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
    rows = {
        found[1]: found[0]
        for found in re.findall(r'(<tr id="order.*?data-po="(\d+)".*?</tr>)', admin.get("/orders").text, re.S)
    }
    assert "2 h late" in rows["2802123875110"]
    assert "Refunded $12.19 of $36.57." in rows["2802123874001"]
    assert "Deleted in Magento" in rows["2802123872000"]
    assert 'class="why bad"' in rows["2802123876522"]
    assert "Cancellation requested" in rows["2802123876600"]
    assert "Walmart (WFS)" in rows["2802123871111"]
    assert "CA$66.67" in rows["2802123871111"]
    assert "1 shipped · 1 canceled" in rows["2802123871112"]
    assert "CBL-1M-BLK" in rows["2802123876522"]
    assert "catalog/product" not in rows["2802123876522"], "an unlinked SKU is plain text"
    under_way = {po for po, row in rows.items() if "hx-trigger" in row}
    assert under_way == {"2802123876701"}


MISSES = "Waiting for a product with the SKU MUG-RED in Magento."
CANCELED_AND_ANOTHER = (a_line(statuses={"Cancelled": 1}), a_line("2", "TEE-M"))


@pytest.mark.parametrize(
    ("waiting_for", "changes", "is_offered"),
    [
        ([MISSES], {}, True),
        (["Magento refused to create the product MUG-RED; try it again or give it up."], {}, True),
        ([MISSES], {"products": True}, False),
        ([MISSES], {"lines": CANCELED_AND_ANOTHER}, False),
        (["Waiting for Magento: Magento is in maintenance mode."], {}, False),
        (["Creating the Magento order."], {}, False),
        ([], {}, False),
    ],
)
def test_a_product_is_to_be_linked_only_where_the_shop_has_said_that_it_has_none(
    app: Flask, operator: FlaskClient, waiting_for: list[str], changes: dict[str, Any], is_offered: bool
) -> None:
    with app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        values: dict[str, Any] = {"magento": False, "products": False, "wants_magento": True}
        an_order(work, account, "2802123870001", **values | {"waiting_for": waiting_for} | changes)
        key = account.key
    for text in (operator.get("/orders").text, operator.get(f"/orders/{key}/2802123870001").text):
        assert bool(re.search(r'href="[^"]*/product\?sku=MUG-RED"[^>]*>Link…', text)) == is_offered


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=created", 2),
        ("status=unshipped", 3),
        ("status=partially-shipped", 2),
        ("status=shipped", 2),
        ("status=canceled", 1),
        ("magento=no", 3),
        ("magento=yes", 7),
        ("magento=no&status=created", 2),
        ("magento=failed", 1),
        ("magento=waiting", 1),
        ("magento=deleted", 1),
        ("by=walmart", 1),
        ("market=ca", 2),
        ("tab=needs-action", 3),
        ("tab=to-acknowledge", 1),
        ("tab=late", 1),
        ("tab=cancellation-requested", 1),
        ("tab=to-ship&sort=due", 4),
        ("tab=refunds", 1),
        ("sides=differ", 2),
        ("problem=failed", 1),
        ("problem=answer&sides=agree", 1),
        ("store=gone", 0),
        ("items=mug red", 2),
        ("total_from=40&total_to=70", 5),
        ("total_from=$40.00&total_to=$1,000.00", 5),
        ("status=nonsense&magento=maybe&after=x&before=1.2.3&sort=-nothing&tab=none&at=-1", 10),
    ],
)
def test_filters_are_the_address_and_counts_agree(app: Flask, admin: FlaskClient, query: str, expected: int) -> None:
    with app.app_context():
        draw()
    text = admin.get(f"/orders?{query}").text
    assert len(pos(text)) == expected
    current = re.search(r'id="tab-[^>]*aria-current="page"[^>]*>([^<]+) <b>(\d+)</b>', text)
    assert current is not None
    assert int(current[2]) == expected


@pytest.mark.parametrize(
    ("field", "typed", "shown"),
    [
        ("due_from", "2026-12-01", "2026-12-01T00:00"),
        ("due_to", "2026-12-01", "2026-12-01T23:59"),
        ("sold_to", "2026-12-01 14:30", "2026-12-01T14:30"),
        ("sold_from", "2026-12-01T14:30:05", "2026-12-01T14:30:05"),
        ("sold_from", "2026-12-01T20:00:00+00:00", "2026-12-01T12:00"),
        ("due_from", "soon", ""),
    ],
)
def test_a_time_that_a_link_brought_stands_in_its_field_as_a_browser_takes_it(
    app: Flask, admin: FlaskClient, field: str, typed: str, shown: str
) -> None:
    with app.app_context():
        draw()
    text = admin.get("/orders", query_string={field: typed}).text
    assert f'name="{field}" value="{shown}" type="datetime-local"' in text


@pytest.mark.parametrize(
    ("field", "query", "sentence"),
    [
        ("total_from", "total_from=abc", "The total “abc” cannot be read. Write it like 12.50."),
        ("sold_to", "sold_to=2026-13-01", "The sale date “2026-13-01” cannot be read."),
        ("due_to", "due_from=2026-11-02&due_to=2026-11-01", "The ship-by date begins after it ends."),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_at_its_field_and_the_tabs_count_without_it(
    app: Flask, admin: FlaskClient, field: str, query: str, sentence: str
) -> None:
    with app.app_context():
        draw()
    text = admin.get(f"/orders?status=shipped&{query}").text
    told = re.search(
        rf'name="{field}"[^>]* aria-describedby="([^"]+)">\s*<p class="mistake" id="([^"]+)"[^>]*>(.*?)</p>', text
    )
    assert told is not None
    assert told[1] == told[2]
    assert sentence in told[3]
    assert text.count("aria-invalid") == 1
    assert pos(text) == []
    counted = r'id="tab-([\w-]+)".*?<b>(\d+)</b>'
    assert re.findall(counted, text) == re.findall(counted, admin.get("/orders?status=shipped").text)


def test_a_long_search_is_short_in_its_pill_and_whole_on_the_second_look(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
    token = token_on(admin, "/orders")
    typed = "lantern " * 700
    text = admin.post("/orders/find", data={"csrf_token": token, "q": typed}, follow_redirects=True).text
    pill = re.search(r'id="pill-find"[^>]*><span title="([^"]+)">Found by <b dir="auto">([^<]+)</b>', text)
    assert pill is not None
    assert len(pill[2]) == 40
    assert pill[2].endswith("…")
    assert pill[1] == typed[:200]


def test_filters_combine_and_each_goes_away_with_a_click(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
        other = db.session.query(AccountRow).filter_by(name="Sierra Kitchen").one().key
    text = admin.get(f"/orders?account={other}&magento=no&status=shipped").text
    assert pos(text) == ["2802123871111"]
    assert 'id="pill-account" href="/orders?status=shipped&amp;magento=no"' in text
    assert f'id="pill-magento" href="/orders?status=shipped&amp;account={other}"' in text
    assert 'Account <b dir="auto">Sierra Kitchen</b>' in text
    assert "Clear filters" in text


def test_paging_neither_repeats_nor_skips_while_orders_arrive(app: Flask, admin: FlaskClient) -> None:
    many(app, 120)
    seen: list[str] = []
    url: str | None = "/orders"
    while url:
        text = admin.get(url).text
        seen += pos(text)
        many(app, 7, first=120 + len(seen))
        link = re.search(r'rel="next" href="([^"]+)"', text)
        url = link[1].replace("&amp;", "&") if link else None
    assert seen == [f"{9_000_000_000_000 + n}" for n in reversed(range(120))]


def test_the_way_back_leads_to_the_same_pages_and_ends_at_a_full_first_one(app: Flask, admin: FlaskClient) -> None:
    many(app, 130)
    pages = [admin.get("/orders").text]
    for _ in range(2):
        link = re.search(r'rel="next" href="([^"]+)"', pages[-1])
        assert link is not None
        pages.append(admin.get(link[1].replace("&amp;", "&")).text)
    assert [len(pos(page)) for page in pages] == [50, 50, 30]
    back = re.search(r'rel="prev" href="([^"]+)"', pages[2])
    assert back is not None
    second = admin.get(back[1].replace("&amp;", "&")).text
    assert pos(second) == pos(pages[1])
    back = re.search(r'rel="prev" href="([^"]+)"', second)
    assert back is not None
    first = admin.get(back[1].replace("&amp;", "&")).text
    assert pos(first) == pos(pages[0])
    assert 'rel="prev"' not in first
    assert "1–50 of 130 orders" in first


def test_counts_are_exact_up_to_a_thousand_and_then_about_right_of_all(app: Flask, admin: FlaskClient) -> None:
    many(app, 1000)
    assert "1–50 of 1,000 orders" in admin.get("/orders").text
    many(app, 4, first=1000)
    text = admin.get("/orders").text
    assert "1–50 of about 1,000 orders" in text
    assert "<b>1,000+</b>" in text
    assert "1–50 of 1,000+ orders" in admin.get("/orders?status=unshipped").text


def test_a_page_costs_eight_statements_at_most(app: Flask, admin: FlaskClient) -> None:
    many(app, 120)
    busy = "/orders?status=unshipped&sold_from=2026-01-01&sort=due&tab=late"
    for url in ("/orders", busy, "/orders?after=0.999999999999999.1"):
        with statements(app) as run:
            assert admin.get(url).status_code == 200
        assert len([each for each in run if not each.startswith(("BEGIN", "PRAGMA"))]) <= 8, run


def test_htmx_gets_the_part_and_back_gets_the_whole(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        draw()
    part = admin.get("/orders?status=created&account=&magento=", headers=HTMX)
    assert "<html" not in part.text
    assert len(pos(part.text)) == 2
    assert part.headers["HX-Push-Url"] == "/orders?status=created"
    assert '<div id="said" hx-swap-oob="innerHTML">2 orders</div>' in part.text
    restored = admin.get("/orders?status=created", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in restored.text


def test_a_row_under_way_is_sent_only_when_it_is_other(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        key, _ = draw()
    text = admin.get("/orders").text
    found = re.search(r'hx-get="(/orders/[^"]+/row\?version=\d+)"', text)
    assert found is not None
    assert admin.get(found[1], headers=HTMX).status_code == 204
    with app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).filter_by(po="2802123876701").one()
        order.under_way, order.changed_at, order.waiting_for = False, clock.now(), []
    row = admin.get(found[1], headers=HTMX)
    assert row.status_code == 200
    assert "hx-trigger" not in row.text, "a settled row asks no more"
    assert row.text.strip().startswith("<tr ")
    assert len(row.data) <= 2_500
    assert admin.get(f"/orders/{key}/0/row", headers=HTMX).status_code == 404


def test_news_tell_of_new_orders_and_of_rows_that_changed(app: Flask, admin: FlaskClient) -> None:
    with app.app_context():
        key, _ = draw()
    text = admin.get("/orders").text
    found = re.search(r'id="news" hx-get="([^"]+)" hx-trigger="every 1s', text)
    assert found is not None
    url = found[1].replace("&amp;", "&")
    seen = ",".join(".".join(each) for each in re.findall(r'id="order-(\d+)".*?data-version="(\d+)"', text))
    assert admin.get(f"{url}&seen={seen}", headers=HTMX).status_code == 204
    with app.app_context(), unit_of_work() as work:
        account = work.session.query(AccountRow).filter_by(key=key).one()
        an_order(work, account, "2802123879999")
        work.session.query(OrderRow).filter_by(po="2802123875110").one().changed_at = clock.now()
    news = admin.get(f"{url}&seen={seen}", headers=HTMX).text
    assert "1 new order" in news
    assert 'href="/orders"' in news
    assert pos(news) == ["2802123875110"]
    assert 'hx-swap-oob="true"' in news
    told = re.search(r'hx-get="(/orders/news[^"]+)"', news)
    assert told is not None
    assert "new=1" in told[1], "what was told once is not told again"


def test_older_pages_hear_no_news(app: Flask, admin: FlaskClient) -> None:
    many(app, 60)
    link = re.search(r'rel="next" href="([^"]+)"', admin.get("/orders").text)
    assert link is not None
    assert '<div id="news"></div>' in admin.get(link[1].replace("&amp;", "&")).text


def test_empty_states_say_what_to_do(app: Flask, admin: FlaskClient) -> None:
    assert "Connect your shop and your Walmart account" in admin.get("/orders").text
    with app.app_context(), unit_of_work() as work:
        an_account(work, a_store(work))
    assert "No orders yet" in admin.get("/orders").text
    assert "No order fits these filters" in admin.get("/orders?status=shipped").text


def test_demo_orders_step_back_when_a_real_account_is_there(app: Flask, admin: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as work:
        demo = an_account(work, a_store(work, "Sandbox", is_demo=True), "Sandbox")
        an_order(work, demo, "1000000000001")
        key = demo.key
    text = admin.get("/orders").text
    assert pos(text) == ["1000000000001"]
    assert "· demo" in text
    with app.app_context(), unit_of_work() as work:
        an_order(work, an_account(work, a_store(work)), "2000000000002", (a_line(),))
    text = admin.get("/orders").text
    assert pos(text) == ["2000000000002"]
    assert "<b>1</b>" in text
    assert pos(admin.get(f"/orders?account={key}").text) == ["1000000000001"]


def test_the_order_settings_of_the_account_are_one_click_away(
    app: Flask, operator: FlaskClient, viewer: FlaskClient
) -> None:
    with app.app_context():
        key, _ = draw()
    one = f'href="/settings/accounts/{key}/orders">Order settings'
    assert one in operator.get(f"/orders?account={key}").text
    assert 'href="/settings/accounts">Order settings' in operator.get("/orders").text
    assert ">Order settings</a>" not in viewer.get(f"/orders?account={key}").text


def test_home_is_the_grid(admin: FlaskClient, stranger: FlaskClient) -> None:
    assert admin.get("/").headers["Location"] == "/orders"
    assert stranger.get("/").status_code == 303


@pytest.mark.parametrize(("key", "po"), [("ab12", "2802123876522"), ("a b", "x y?z"), ("ü", "1#2")])
def test_addresses_that_are_written_out_are_those_of_their_routes(app: Flask, key: str, po: str) -> None:
    with app.test_request_context():
        assert showing.order_url(key, po) == url_for("order.show", account_key=key, po=po)


def test_a_row_leads_back_to_the_list_it_stands_in_and_tells_what_has_changed(app: Flask, admin: FlaskClient) -> None:
    """Whatever was drawn for another list or person, or before something changed."""
    with app.app_context():
        key, po = draw()
    lists_seen = ["/orders", "/orders?sort=total", "/orders?sort=-total"]
    for path in lists_seen * 2:
        args = path.partition("?")[2]
        behind = f"?list={quote(args, safe='')}" if args else ""
        assert f'href="/orders/{key}/{po}{behind}"' in admin.get(path).text
    under_way = an_order_under_way(app)
    for path, behind in (("/orders", ""), ("/orders?sort=total", "&amp;list=sort%3Dtotal")):
        row = admin.get(path).text.partition(f'hx-get="/orders/{key}/{under_way}/row?')[2]
        assert re.match(rf'version=\d+{behind}"', row)
    with app.app_context(), unit_of_work() as work:
        work.session.query(OrderRow).filter_by(po=po).one().buyer = "Zoe Newname"
    assert "Zoe Newname" in admin.get("/orders").text


def an_order_under_way(app: Flask) -> str:
    """One of those that are there becomes one; its number."""
    with app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).filter_by(status="Unshipped").first()
        assert order is not None
        order.under_way = True
        return order.po


def test_a_viewer_sees_no_row_as_it_was_drawn_for_who_may_act(
    app: Flask, operator: FlaskClient, viewer: FlaskClient
) -> None:
    with app.app_context():
        draw()
        with unit_of_work() as work:
            parked = work.session.query(OrderRow).filter_by(po="2802123876522").one()
            parked.waiting_for = ["Waiting for a product with the SKU CBL-1M-BLK in Magento."]
    for client, may_act in ((operator, True), (viewer, False)) * 2:
        text = client.get("/orders").text
        assert ('class="pick"' in text, "Link…" in text) == (may_act, may_act)
