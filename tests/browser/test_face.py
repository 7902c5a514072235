"""The pages in a real browser: every theme and width, with scripts and without, alive and calm."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, enter, look_again, visit
from tests.browser.house import Site
from tests.rows import ALDER_COURT, a_line, a_store, an_account, an_order, turns
from tests.views.scene import draw
from webapp import clock
from webapp.models import AccountRow, ChangeRow, NoteRow, OrderRow
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

PASSWORD = "four quiet words here"


def drawn(site: Site) -> tuple[str, str]:
    with site.app.app_context():
        return draw()


def arrive(site: Site, *pos: str, hours_ago: float = 0) -> None:
    """Orders that a worker stores while somebody looks at the page, the first one last."""
    with site.app.app_context(), unit_of_work() as work:
        account = work.session.query(AccountRow).first()
        assert account is not None
        for age, (po, turn) in enumerate(turns(work, account, pos).items()):
            an_order(work, account, po, turn=turn, ordered_at=clock.now() - timedelta(hours=hours_ago + age))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_newcomer_finds_the_way_with_and_without_scripts(browser: Browser, site: Site, scripts: bool) -> None:
    drawn(site)
    arrive(site, *(f"{9_000_000_000_000 + n}" for n in range(45)), hours_ago=100)
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(site.link())
    page.get_by_role("link", name="Choose an e-mail address and a password").click()
    page.get_by_label("E-mail address").fill("owner@shop.example")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    page.get_by_label("Main").get_by_role("link", name="Orders").click()
    page.get_by_role("link", name="Older →").click()
    expect(page).to_have_url(re.compile("after="))
    page.get_by_role("link", name="← Newer").click()
    expect(page.locator("#rows tr")).to_have_count(50)
    page.get_by_label("Lists").get_by_role("link", name="To ship").click()
    expect(page).to_have_url(re.compile("tab=to-ship"))
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Magento order", exact=True).select_option("waiting")
    page.get_by_role("button", name="Show orders").click()
    expect(page.get_by_text("No order fits these filters")).to_be_visible()
    page.get_by_role("link", name="Clear filters").first.click()
    page.locator("#rows a.id").nth(3).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2802123876439")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("Reading the order on both sides now.")).to_be_visible()
    page.get_by_label("Main").get_by_role("link", name="Outgoing").click()
    page.get_by_text("Give up…").click()
    page.get_by_label("Why is it given up?").fill("sold elsewhere")
    page.get_by_role("button", name="Give up", exact=True).click()
    expect(page.get_by_text("Given up; the reason stands in the log.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Outgoing")
    page.get_by_label("By state").get_by_role("link", name="Given up").click()
    expect(page.get_by_text("sold elsewhere").first).to_be_visible()
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail address").fill("owner@shop.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site.url}/orders")
    context.close()


def test_new_orders_come_on_top_by_themselves(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")
    window.page.mouse.move(5, 5)
    arrive(site, "2802123879999")
    expect(window.page.locator("#rows tr").first).to_have_attribute("data-po", "2802123879999")
    expect(window.page.locator("#rows tr").first).to_have_class("fresh")
    expect(window.page.locator("#rows tr.fresh")).to_have_count(1)
    assert window.complaints == []


UNDER = """() => {
  const place = (one) => one.getBoundingClientRect(), bar = document.querySelector("#news a"), box = place(bar);
  const header = place(document.querySelector("header"));
  const fits = box.bottom <= header.bottom && box.width >= 60 && box.right <= innerWidth;
  const covered = [...document.querySelectorAll("header :is(a, summary, .pulse)")].filter((one) => one !== bar
    && one.checkVisibility() && place(one).right > box.left && place(one).left < box.right);
  return fits ? covered.map((one) => one.outerHTML) : "out of the header";
}"""
"""What in the header is covered by the news; they must stand in it."""


def test_rows_stay_put_under_the_pointer_and_the_news_wait(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")
    third = window.page.locator("#rows tr").nth(2)
    third.hover()
    po, place = third.get_attribute("data-po"), third.bounding_box()
    arrive(site, "2802123879999")
    bar = window.page.locator("#news a")
    expect(bar).to_contain_text("1 new order")
    window.page.wait_for_timeout(1500)
    assert third.get_attribute("data-po") == po
    assert third.bounding_box() == place, "the bar itself moves nothing either"
    # At another width the pointer rests on something else: whose focus is in the rows is still busy with them.
    third.locator("a").first.focus()
    for width in (360, 700, 768, 1024, 1440):
        window.page.set_viewport_size({"width": width, "height": 900})
        window.page.evaluate("scrollTo(0, 200)")
        expect(bar).to_be_in_viewport(ratio=1)
        assert window.page.evaluate(UNDER) == [], f"at {width} it covers nothing that can be pressed"
    bar.click()
    expect(window.page.locator("#rows tr").first).to_have_attribute("data-po", "2802123879999")
    assert window.complaints == []


def test_a_row_under_way_settles_in_place_or_turns_to_its_error_and_asks_no_more(window: Visit, site: Site) -> None:
    drawn(site)
    with site.app.app_context(), unit_of_work() as work:
        other = work.session.query(OrderRow).filter_by(po="2802123875110").one()
        other.under_way, other.waiting_for = True, ["Sending the shipment to Walmart."]
    window.go("/orders")
    row, sent = (window.page.locator(f'[data-po="{po}"]') for po in ("2802123876701", "2802123875110"))
    expect(row.locator(".busy")).to_be_visible()
    expect(sent.locator(".busy")).to_have_text("Sending the shipment to Walmart.")
    with site.app.app_context(), unit_of_work() as work:
        other = work.session.query(OrderRow).filter_by(po="2802123875110").one()
        other.under_way, other.waiting_for, other.changed_at = False, [], clock.now()
        other.attention = "Walmart does not know this carrier."
        order = work.session.query(OrderRow).filter_by(po="2802123876701").one()
        order.under_way, order.waiting_for, order.changed_at = (
            False,
            ["Waiting for a shipment in Magento."],
            clock.now(),
        )
    expect(row).to_contain_text("Waiting for a shipment in Magento.")
    expect(sent.locator(".why.bad")).to_have_text("Walmart does not know this carrier.")
    assert row.get_attribute("hx-get") is sent.get_attribute("hx-get") is None
    window.requests.clear()
    window.page.wait_for_timeout(2500)
    assert not [url for url in window.requests if "/row" in url]


def test_a_settled_row_that_changes_is_renewed_too(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")
    with site.app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).filter_by(po="2802123875110").one()
        order.status, order.changed_at = "Shipped", clock.now()
    row = window.page.locator('[data-po="2802123875110"]')
    expect(row).to_have_attribute("data-status", "shipped")
    assert window.complaints == []


def test_nothing_is_asked_for_in_a_hidden_tab_less_after_errors_and_never_after_signing_out(
    window: Visit, site: Site
) -> None:
    drawn(site)
    page = window.page
    page.clock.install()
    window.go("/orders")
    page.evaluate("window.__hidden = true")
    page.wait_for_load_state("networkidle")
    window.requests.clear()
    page.clock.run_for(60_000)
    page.request.get(site.url + "/health/live")  # one way to the server and back: what was asked for is known by now
    assert window.requests == []
    with page.expect_request("**/orders/news*"):
        page.evaluate("window.__hidden = false; document.dispatchEvent(new Event('visibilitychange'))")
    away = re.compile("/(news|row|pulse)")
    page.route(away, lambda route: route.fulfill(status=503, body="away"))
    with page.expect_response(lambda answer: answer.status == 503 and "/orders/news" in answer.url):
        pass
    window.requests.clear()
    for _ in range(5):
        page.clock.run_for(1000)
    asked = [url for url in window.requests if "/orders/news" in url]
    assert len(asked) <= 2, "after 2 s, after 4 more, and not again before 8 more"
    with page.expect_request("**/orders/news*"):
        page.clock.run_for(10_000)
    page.unroute_all(behavior="wait")
    other = page.context.new_page()
    other.goto(site.url + "/account")
    other.get_by_label("Your account").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(re.compile("/sign-in"))
    page.clock.fast_forward(70_000)
    expect(page).to_have_url(re.compile("/sign-in"))
    page.wait_for_load_state("networkidle")
    window.requests.clear()
    page.clock.run_for(60_000)
    page.request.get(site.url + "/health/live")  # one way to the server and back: what was asked for is known by now
    assert window.requests == []


def test_what_is_open_or_being_typed_is_left_alone(window: Visit, site: Site) -> None:
    key, _ = drawn(site)
    window.go(f"/orders/{key}/2802123876522")
    window.page.get_by_text("Give up…").click()
    window.page.get_by_label("Why is it given up?").fill("half a sen")
    window.page.get_by_text("Add a note…").click()
    window.page.locator("#note-text").fill("half a note")
    typing = window.page.get_by_label("Why is it given up?")
    typing.focus()
    with site.app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).filter_by(po="2802123876522").one()
        order.counts, order.attention, order.changed_at = "1 somewhere", "Something else happened.", clock.now()
        work.add(
            NoteRow(order_id=order.id, request_id="x", author="bob", text="Written elsewhere.", written_at=clock.now())
        )
    look_again(window.page)
    expect(window.page.locator("#r-head")).to_contain_text("1 somewhere")
    expect(typing).to_be_focused()
    expect(typing).to_have_value("half a sen")
    expect(window.page.locator("#r-next")).not_to_contain_text("Something else happened.")
    expect(window.page.locator("#r-notes")).to_contain_text("Written elsewhere.")
    expect(window.page.locator("#note-text")).to_be_visible()
    expect(window.page.locator("#note-text")).to_have_value("half a note")
    typing.blur()
    look_again(window.page)
    expect(window.page.locator("#r-next")).to_contain_text("Something else happened.", timeout=12_000)
    expect(typing).to_have_value("half a sen")


def test_an_open_call_stays_open_and_the_log_is_narrowed_in_place(window: Visit, site: Site) -> None:
    key, po = drawn(site)
    window.go(f"/orders/{key}/{po}")
    call = window.page.locator("#r-log details").nth(1)
    call.locator("summary").click()
    with site.app.app_context(), unit_of_work() as work:
        order = work.session.query(OrderRow).filter_by(po=po).one()
        work.add(ChangeRow(sync_id=order.sync_id, at=clock.now(), kind="status", by="rule", sentence="It was seen."))
        order.changed_at = clock.now()
    look_again(window.page)
    expect(window.page.locator("#r-log")).to_contain_text("It was seen.")
    expect(window.page.locator("#r-log details[open] pre")).to_contain_text("purchaseOrderId")
    window.page.locator("#log-kind").focus()
    window.page.locator("#log-kind").select_option("people")
    expect(window.page).to_have_url(re.compile(r"\?kind=people"))
    expect(window.page.locator("#r-log .log li")).to_have_count(1)
    expect(window.page.locator("#log-kind")).to_be_focused()
    window.page.reload()
    expect(window.page.locator("#r-log .log li")).to_have_count(1)
    assert window.complaints == []


def test_back_brings_the_same_page_back(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")
    tabs = window.page.get_by_label("Lists")
    tabs.get_by_role("link", name="To ship").click()
    expect(window.page.locator("#rows tr")).to_have_count(4)
    tabs.get_by_role("link", name="Late").click()
    expect(window.page.locator("#rows tr")).to_have_count(1)
    window.page.go_back()
    expect(window.page.locator("#rows tr")).to_have_count(4)
    window.page.go_back()
    expect(window.page.locator("#rows tr")).to_have_count(10)
    expect(window.page.locator("header.top")).to_have_count(1)
    window.page.go_forward()
    expect(window.page.locator("#rows tr")).to_have_count(4)
    assert window.complaints == []


def test_the_new_list_is_announced_and_focus_stays(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")
    tab = window.page.locator("#tab-to-acknowledge")
    tab.focus()
    tab.press("Enter")
    expect(window.page.locator("#said")).to_have_text("1 order")
    expect(window.page.locator("#tab-to-acknowledge")).to_be_focused()
    window.page.get_by_label("Search orders").fill("cable")
    expect(window.page).to_have_url(re.compile(r"tab=to-acknowledge&find=\w+$"))
    expect(window.page.locator("#said")).to_have_text("1 order")
    expect(window.page.get_by_label("Search orders")).to_be_focused()


def test_an_error_shows_as_a_notice_and_never_in_a_row(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")

    def fails() -> str:
        raise RuntimeError("broken on purpose")

    site.app.view_functions["orders.index"] = fails
    window.page.locator("#tab-late").click()
    expect(window.page.locator("#problem")).to_contain_text("That went wrong on our side")
    expect(window.page.locator("#rows tr")).to_have_count(10)


def test_an_ended_session_leads_to_the_door_and_back(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders?status=shipped")
    window.page.context.clear_cookies()
    window.page.locator("#tab-late").click()
    expect(window.page).to_have_url(re.compile(r"/sign-in\?next=%2Forders%3Fstatus%3Dshipped|/sign-in\?next=/orders"))
    assert window.page.locator("#rows").count() == 0


def test_targets_are_large_enough_for_a_thumb(browser: Browser, site: Site) -> None:
    drawn(site)
    context = browser.new_context(viewport={"width": 360, "height": 780}, has_touch=True)
    seen = visit(context, site)
    enter(context, site)
    seen.go("/orders")
    for target in seen.page.locator("header a:visible, header summary, .tabs a, .pill select, .foot a").all():
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24, target.inner_text()
    context.close()


PLACES = """
(page) => [...page.querySelectorAll("*")].flatMap((one) => [...one.childNodes]).filter((one) => one.nodeType === 3)
  .flatMap((text) => ["AB1", "CD2", "EF3"].filter((word) => text.data.includes(word)).map((word) => {
    const left = (at) => {
      const range = document.createRange();
      range.setStart(text, text.data.indexOf(word) + at);
      range.setEnd(text, text.data.indexOf(word) + at + 1);
      return range.getBoundingClientRect().left;
    };
    return [word, Math.sign(left(1) - left(0))];
  }))
"""
"""Of each word that follows a sign that turns text, whether its second letter stands to the right (1) of its first."""


@pytest.mark.parametrize("width", [1440, 360])
def test_no_sign_turns_the_text_after_it(browser: Browser, site: Site, width: int) -> None:
    with site.app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        address = replace(ALDER_COURT, name="Maria \u202eCD2")
        an_order(
            work, account, "2802123876439", (a_line("1", "SKU-\u202eAB1", "Mug \u2067\u202eEF3"),), address=address
        )
        key = account.key
    context = browser.new_context(viewport={"width": width, "height": 900})
    window = visit(context, site)
    enter(context, site)
    for path, words in ((f"/orders/{key}/2802123876439", {"AB1", "CD2", "EF3"}), ("/orders", {"AB1", "CD2"})):
        window.go(path)
        found: list[tuple[str, int]] = window.page.locator("main").evaluate(PLACES)
        shown = [(word, way) for word, way in found if way]
        assert {word for word, _ in shown} >= words, path
        assert {way for _, way in shown} == {1}, path
        assert window.overflow() <= 0
    context.close()
