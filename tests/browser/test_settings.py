"""Settings in a browser: rights as one sees them, people who come and go, two admins at one form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import enter, visit
from tests.browser.house import Site, furnish
from tests.views.conftest import PEOPLE
from webapp import alert_channels, people
from webapp.domain.alerts import Kind
from webapp.models import AccountRow, OrderRow, StoreRow
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

SETTINGS_WITH_NAMES = ("/settings/people", "/settings/alerts", "/settings/accounts", "/settings/stores", "/dashboard")
STRAYING = """() => [...document.querySelectorAll(".card *, .head *")].filter((one) => {
  const edge = one.closest(".card, .head").getBoundingClientRect(), box = one.getBoundingClientRect();
  return one.checkVisibility() && box.width > 1 && !one.closest(".tabs, svg") && box.right > edge.right + 1;
}).map((one) => one.outerHTML.slice(0, 90))"""


@pytest.fixture
def admin(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    seen = visit(context, site)
    enter(context, site)
    yield seen.page
    assert seen.violations() == []
    context.close()


@pytest.fixture
def other(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    yield context
    context.close()


def test_a_role_and_a_closed_door_count_from_the_next_click_on(admin: Page, other: BrowserContext, site: Site) -> None:
    house = furnish(site)
    order = site.url + house.path("/orders/{key}/{po}")
    theirs = other.new_page()
    enter(other, site, "viewer")
    theirs.goto(order)
    expect(theirs.get_by_text("You are signed in as viewer; acting needs the role operator.").first).to_be_visible()
    expect(theirs.get_by_role("button", name="Refresh")).to_have_count(0)
    token = theirs.locator('input[name="csrf_token"]').first.input_value()
    for path, role in ((f"{order}/refresh", "operator"), (site.url + "/settings/people", "admin")):
        forged = theirs.request.post(path, form={"csrf_token": token, "email": "x@shop.example", "role": "admin"})
        assert (forged.status, f"needs the role {role}" in forged.text()) == (403, True)
    admin.goto(f"{site.url}/settings/people")
    row = admin.locator("tr", has_text=PEOPLE["viewer"])
    row.get_by_role("combobox").select_option("operator")
    row.get_by_role("button", name="Change").click()
    expect(admin.get_by_text("is operator now")).to_be_visible()
    theirs.goto(order)
    expect(theirs.get_by_role("button", name="Refresh")).to_be_visible()
    admin.locator("tr", has_text=PEOPLE["viewer"]).get_by_role("button", name="Disable").click()
    expect(admin.get_by_text("cannot sign in any more")).to_be_visible()
    theirs.get_by_role("button", name="Refresh").click()
    expect(theirs.get_by_role("heading", name="You are not signed in")).to_be_visible()
    admin.locator("tr", has_text=PEOPLE["admin"]).get_by_role("button", name="Disable").click()
    expect(admin.get_by_text("is the last admin. Make somebody else an admin first.")).to_be_visible()


def test_names_without_any_blank_cut_nothing_off(admin: Page, site: Site) -> None:
    house = furnish(site)
    name = "Ñ" * 120
    with site.app.app_context(), unit_of_work() as work:
        for row in (*work.session.query(AccountRow), *work.session.query(StoreRow)):
            row.name = f"{name[: -len(row.name)]}{row.name.replace(' ', '')}"
        order = work.session.query(OrderRow).filter_by(po=house.names["po"]).one()
        order.address = {**order.address, "name": name}
    email = f"{'a' * 60}@{'b' * 60}.shop.example"
    with site.app.app_context():
        people.add_user(email, "viewer", "a long enough password", PEOPLE["admin"])
        wish = alert_channels.Wish("mail", email, True, (Kind.SERVER.value,), alert_channels.USUALLY)
        alert_channels.add(wish, PEOPLE["admin"])
    for path in (*SETTINGS_WITH_NAMES, house.path("/orders/{key}/{po}"), house.path("/settings/accounts/{key}")):
        admin.goto(site.url + path)
        for width in (1440, 1280, 1000, 700, 390):
            admin.set_viewport_size({"width": width, "height": 900})
            assert admin.evaluate(STRAYING) == [], (path, width)


def test_two_admins_at_one_form_and_a_mistake_at_its_field(admin: Page, other: BrowserContext, site: Site) -> None:
    path = site.url + furnish(site).path("/settings/accounts/{key}/orders")
    theirs = other.new_page()
    enter(other, site)
    theirs.goto(path)
    admin.goto(path)
    days = admin.get_by_label("Days for which stock is held")
    days.fill("15")
    admin.get_by_label("Hold stock while an order waits").check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator("#m-reserve_for")).to_have_text("A whole number from 1 to 14.")
    expect(admin.get_by_label("Hold stock while an order waits")).to_be_checked()
    days = admin.get_by_label("Days for which stock is held")
    expect(days).to_have_value("15")
    days.fill("3")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_text("Saved:").first).to_be_visible()
    changes = admin.locator("#changes")
    expect(changes).to_contain_text("Days for which stock is held")
    expect(changes).to_contain_text(PEOPLE["admin"])
    theirs.get_by_label("Days for which stock is held").fill("7")
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_text("Somebody changed these settings while you had them open")).to_be_visible()
    expect(theirs.locator("#m-reserve_for")).to_have_text("Stored by now: 3.")
    expect(theirs.get_by_label("Days for which stock is held")).to_have_value("7")
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_text("Saved:").first).to_be_visible()


def test_a_newcomer_is_led_and_the_test_of_a_connection_answers_in_place(admin: Page, site: Site) -> None:
    admin.goto(f"{site.url}/orders")
    expect(admin.get_by_role("heading", name="Connect your shop and your Walmart account")).to_be_visible()
    admin.get_by_role("link", name="Do it: Connect the Magento store").click()
    admin.get_by_label("Base address").fill("https://localhost:1")
    admin.get_by_role("button", name="Test the connection").click()
    expect(admin.locator("#verdict .flash.bad")).to_be_visible()
    expect(admin.get_by_label("Base address")).to_have_value("https://localhost:1")
