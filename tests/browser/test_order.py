"""The order's page in a browser: what it says in which order, its times, sums and log, and two people at once."""

from __future__ import annotations

import itertools
import re
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit, enter, look_again, visit
from tests.browser.house import House, Site
from tests.rows import a_line, a_parcel, a_store, an_account, an_order
from webapp import clock, notes, order_rows
from webapp.domain.shop import Behind, ItemUnits, ShopOrder, ShopShipment, ShopTrack, Units
from webapp.models import CommandRow, OrderRow, db
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

PO = "2802123876450"
TREE = """
- main:
  - navigation "The list":
    - link "← Orders"
    - link "Previous order"
    - link "Next order"
  - heading "2802123876439" [level=1]
  - text: Walmart status Partially Shipped
  - link "What Partially Shipped means"
  - text: 2 shipped · 1 to ship
  - button "Refresh"
  - link "Mark as shipped…"
  - link "Cancel…"
  - link "Refund…"
  - group: What cannot be done now
  - heading "Waiting" [level=2]
  - list:
    - listitem
  - heading "Items" [level=2]
  - table "What was ordered, with the status of each unit":
    - caption
    - rowgroup:
      - row "Product Quantity Stock Price Tax Total"
    - rowgroup:
      - row /Enamel mug, red MUG-RED .* 1 Shipped .* \\$16.97/
      - row /Enamel mug, red MUG-RED .* 1 Shipped .* \\$11.98/
      - row /Trail tee, M TEE-M .* 1 Acknowledged, not shipped yet .* \\$19.23/
  - term: Items
  - definition: $40.00
  - term: Shipping
  - definition: $4.99
  - term: Tax
  - definition: $3.19
  - term: Total
  - definition: $48.18
  - term: Charged to the buyer by Walmart, for what has shipped, in USD
  - definition: $28.95
  - heading "Parcels" [level=2]
  - list:
    - listitem:
      - text: UPS
      - link "1Z999AA10123456784"
      - text: /2 × MUG-RED .* Accepted by Walmart/
      - time
  - complementary:
    - heading "Both sides" [level=2]
    - text: Walmart
    - link "2802123876439 View on Walmart"
    - text: CO 4802123876439
    - paragraph: 2 shipped · 1 to ship
    - text: Magento
    - link "WM-2802123876439 View in Magento"
    - paragraph: processing · 3 invoiced · 3 shipped
    - heading "Delivery" [level=2]
    - term: Sold
    - definition
    - term: Ship by
    - definition
    - term: Deliver by
    - definition
    - term: Updated
    - definition
    - term: Service
    - definition: Standard
    - term: Fulfilment
    - definition: Seller
    - term: Account
    - definition
    - heading "Buyer Correct the address" [level=2]:
      - link "Correct the address"
    - text: /Maria Gonzalez 418 Alder Court/
    - link "Erase the buyer’s data…"
    - heading "Notes" [level=2]
    - article:
      - paragraph: Ring twice.
      - text: bob@shop.example ·
      - time
      - group: Change
    - group: Add a note…
  - heading "Order log" [level=2]
  - text: Show
  - combobox "Show"
  - text: Side
  - combobox "Side"
  - heading "Today" [level=3]
  - list:
    - listitem:
      - time
      - text: /Done:/
      - paragraph: Created Magento order WM-2802123876439, $48.17.
      - group
      - text: by rule
"""
"""What somebody hears of the order's page, in this order."""


def test_the_page_is_heard_in_the_order_in_which_it_is_needed_and_its_log_is_copied_from(
    browser: Browser, house: House
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    seen = visit(context, house.site)
    enter(context, house.site)
    seen.go(house.path("/orders/{key}/{po}"))
    expect(seen.page.locator("main")).to_match_aria_snapshot(TREE)
    entry = seen.page.locator(".log li").first
    entry.locator("summary").click()
    copy = entry.get_by_role("button", name="Copy the correlation id").first
    copy.click()
    expect(copy).to_have_text("Copied")
    assert seen.page.evaluate("getSelection().toString()") == entry.locator("code.all").first.inner_text()
    context.close()


CURRENCIES = {"USD": "$1,234.50", "JPY": "¥1,234", "KWD": "KWD 1,234.500"}


def test_times_are_the_stores_and_exact_on_focus_and_sums_stand_right_in_their_currency(
    window: Visit, site: Site
) -> None:
    paths = {}
    with site.app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work, time_zone="Asia/Kathmandu"))
        for at, (currency, said) in enumerate(CURRENCIES.items()):
            price = re.sub(r"[^\d.]", "", said)
            shipped: dict[str, Any] = {"statuses": {"Shipped": 1}, "tracking": a_parcel(), "refunded": Decimal("3")}
            line = a_line("1", price=price, tax="0", **shipped)
            row = an_order(work, account, f"{int(PO) + at}", (line,), currency=currency)
            paths[currency] = f"/orders/{account.key}/{row.po}"
        sold = row.ordered_at
    page = window.page
    for currency, path in paths.items():
        window.go(path)
        expect(page.locator(".l-total").last).to_contain_text(CURRENCIES[currency].replace(" ", "\xa0"))
        looks = page.locator(".l-total, .sums dd").evaluate_all(
            "(all) => all.map((one) => [getComputedStyle(one).textAlign, getComputedStyle(one).fontVariantNumeric])"
        )
        assert {tuple(one) for one in looks} == {("right", "tabular-nums")}
        paid_back = {"USD": "−$3.00", "JPY": "−¥3", "KWD": "−KWD 3.000"}[currency].replace(" ", "\xa0")
        expect(page.locator(".sums")).to_contain_text(paid_back)
    sale = page.locator("#r-delivery time").first
    minutes = (sold.hour * 60 + sold.minute + 5 * 60 + 45) % (24 * 60)
    expect(sale).to_contain_text(f"{minutes // 60:02}:{minutes % 60:02}")
    assert sale.get_attribute("datetime") == f"{sold:%Y-%m-%dT%H:%M:%SZ}"
    expect(page.locator("#r-delivery")).to_contain_text("ago")
    exact = f'"{sold:%Y-%m-%d %H:%M:%S} UTC"'
    bubble = "(one) => getComputedStyle(one, '::after').content"
    assert sale.evaluate(bubble) == "none"
    page.locator("#r-sides a").last.focus()
    page.keyboard.press("Tab")
    expect(sale).to_be_focused()
    assert sale.evaluate(bubble) == exact
    assert sale.get_attribute("title") == exact.strip('"')
    assert window.overflow() <= 0


def shared(site: Site) -> str:
    """The path of an order with a note and a shipment of two numbers."""
    with site.app.app_context():
        with unit_of_work() as work:
            account = an_account(work, a_store(work))
            lines = (a_line("1", "MUG"), a_line("2", "TEE"))
            row = an_order(work, account, PO, lines)
            row.magento_items = msgspec.to_builtins(
                [Behind(60 + at, one.sku, (Units(one.number, 1),)) for at, one in enumerate(lines)]
            )
            tracks = (ShopTrack(1, "T-ONE", "ups", "UPS"), ShopTrack(2, "T-TWO", "ups", "UPS"))
            shipment = ShopShipment(34, "000000034", 9, clock.now(), (ItemUnits(60, 1), ItemUnits(61, 1)), tracks)
            state = ("processing", "processing", row.total, ())
            order_rows.set_shop(row, ShopOrder(9, f"WM-{PO}", PO, 1, *state, shipments=(shipment,)))
            number, path = row.id, f"/orders/{account.key}/{PO}"
        notes.add(number, "Ring twice.", "ann@shop.example", "r1")
        return path


def change_note(page: Page, text: str) -> None:
    page.locator("#r-notes summary").first.click()
    page.get_by_label("The note").fill(text)
    page.get_by_role("button", name="Save").click()


def test_of_two_people_at_once_the_second_sees_both_and_loses_nothing(
    window: Visit, browser: Browser, site: Site
) -> None:
    path = shared(site)
    context = browser.new_context()
    other, mine = visit(context, site), window.page
    enter(context, site, "operator")
    for one in (other, window):
        one.go(path)
        one.page.evaluate("window.__hidden = true")
    change_note(other.page, "Ring three times.")
    expect(other.page.locator("#r-notes")).to_contain_text("Ring three times.")
    change_note(mine, "Do not ring.")
    expect(mine.locator("#dialog h1")).to_have_text("Somebody else changed this note")
    expect(mine.locator("#dialog")).to_contain_text("Ring three times.")
    expect(mine.get_by_label("As you wrote it")).to_have_value("Do not ring.")
    mine.get_by_role("button", name="Keep mine").click()
    expect(mine.locator("#r-notes")).to_contain_text("Do not ring.")

    for one in (other, window):
        one.go(f"{path}/address")
    other.page.get_by_label("City").fill("Seattle")
    mine.get_by_label("City").fill("Portland")
    for page in (other.page, mine):
        page.get_by_label("Leave it as it is").check()
        page.get_by_role("button", name="Save").click()
    clash = mine.get_by_role("alert").filter(has_text="Somebody else corrected this address")
    expect(clash).to_contain_text("City Seattle")
    expect(mine.get_by_label("City")).to_have_value("Portland")
    mine.get_by_role("button", name="Save").click()
    expect(mine.locator("#r-buyer")).to_contain_text("Portland")

    for one in (other, window):
        one.go(path)
        one.page.get_by_role("link", name="Deal the numbers…").click()
    theirs, dialog = other.page.locator("#dialog"), mine.locator("#dialog")
    theirs.get_by_label("Tracking number of line 1").select_option("T-TWO")
    theirs.get_by_label("Tracking number of line 2").select_option("T-ONE")
    theirs.get_by_role("button", name="Deal them so").click()
    expect(other.page.get_by_role("status").filter(has_text="as you dealt them")).to_be_visible()
    dialog.get_by_label("Tracking number of line 1").select_option("T-ONE")
    dialog.get_by_role("button", name="Deal them so").click()
    expect(dialog.get_by_role("alert").filter(has_text="Somebody else dealt")).to_contain_text("line 1 has T-TWO")
    expect(dialog.get_by_label("Tracking number of line 1")).to_have_value("T-ONE")
    dialog.get_by_role("button", name="Deal them so all the same").click()
    expect(mine.get_by_role("status").filter(has_text="as you dealt them")).to_be_visible()
    context.close()


def test_a_lost_network_and_an_ended_session_lose_nothing_that_was_typed(window: Visit, site: Site) -> None:
    path, page = shared(site), window.page
    window.go(path)
    page.evaluate("window.__hidden = true")
    page.locator(".doing").get_by_role("link", name="Mark as shipped…").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Carrier").fill("UPS")
    dialog.get_by_label("Tracking number").fill("1Z999AA10123456784")
    page.context.set_offline(True)
    dialog.get_by_role("button", name="Mark as shipped").click()
    expect(dialog.locator(".problem")).to_contain_text("What you typed stays")
    expect(dialog.get_by_label("Tracking number")).to_have_value("1Z999AA10123456784")
    page.context.set_offline(False)
    dialog.get_by_role("button", name="Mark as shipped").click()
    expect(page.get_by_text("Telling Walmart that it has shipped.")).to_be_visible()
    with site.app.app_context():
        assert [one.kind for one in db.session.query(CommandRow)] == ["ConfirmShipment"]

    page.evaluate("window.__hidden = true")
    page.locator("#note-more").click()
    page.locator("#note-text").fill("The buyer called.")
    page.context.clear_cookies()
    page.locator("#note-add").click()
    problem = page.locator("#problem")
    expect(problem).to_contain_text("You are not signed in any more")
    expect(page.locator("#note-text")).to_have_value("The buyer called.")
    expect(page).to_have_url(site.url + path)
    with page.context.expect_page() as opened:
        problem.get_by_role("link", name="Sign in in another tab").click()
    opened.value.goto(site.link())
    opened.value.close()
    page.locator("#note-add").click()
    expect(problem).to_contain_text("It is renewed, with what you typed: send it again.")
    page.locator("#note-add").click()
    expect(page.locator("#r-notes article")).to_have_count(2)
    expect(page.locator("#said")).to_have_text("Note added.")
    expect(page.locator("#r-notes")).to_contain_text("The buyer called.")
    expect(page.locator("#note-text")).to_have_value("")
    expect(page.locator("#note-add")).to_be_focused()
    expect(problem).to_be_empty()

    page.locator("#r-notes article").first.locator("summary").press("Enter")
    page.locator("#r-notes article").first.get_by_role("button", name="Delete").click()
    expect(page.locator("#r-notes article")).to_have_count(1)
    expect(page.get_by_role("heading", name="Notes")).to_be_focused()
    assert window.violations() == []


CLICKED = """(one) => {
  const place = () => [one.offsetLeft, one.offsetTop, one.offsetWidth, one.offsetHeight].join();
  const wheel = () => getComputedStyle(one, "::after").opacity;
  const before = place();
  one.click();
  const told = [one.getAttribute("aria-busy"), wheel()];
  return new Promise((done) => setTimeout(() => done([...told, wheel(), before === place()]), 450));
}"""


def test_twenty_looks_leave_hands_alone_and_a_click_is_answered_at_once(window: Visit, site: Site) -> None:
    path, page = shared(site), window.page
    page.set_viewport_size({"width": 1440, "height": 600})
    window.go(path)
    page.locator("#why-nots summary").click()
    page.locator("#note-more").click()
    note = page.locator("#note-text")
    note.fill("half a note")
    note.evaluate("(one) => one.setSelectionRange(4, 4)")
    place = page.evaluate("scrollY")
    for look in range(20):
        with site.app.app_context(), unit_of_work() as work:
            order = work.session.query(OrderRow).one()
            order.counts, order.changed_at = f"{look} somewhere", clock.now() + timedelta(minutes=look)
        look_again(page)
        expect(page.locator("#r-head")).to_contain_text(f"{look} somewhere")
    expect(note).to_be_focused()
    expect(note).to_have_value("half a note")
    assert note.evaluate("(one) => one.selectionStart") == 4
    assert page.evaluate("scrollY") == place
    expect(page.locator("#why-nots dl")).to_be_visible()
    note.fill("")
    page.evaluate("window.__hidden = true")

    view = site.app.view_functions["order.refresh"]

    def slowly(**address: str) -> Any:
        time.sleep(1.5)
        return view(**address)

    site.app.view_functions["order.refresh"] = slowly
    button = page.locator("#do-refresh")
    assert button.evaluate(CLICKED) == ["true", "0", "1", True], "busy at once, then a wheel, nothing moves"
    expect(page.get_by_text("Reading the order on both sides now.")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 360])
def test_long_and_hostile_text_stays_within_its_place(browser: Browser, house: House, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    seen = visit(context, house.site)
    enter(context, house.site)
    seen.go(house.path("/orders/{key}/2802123872000"))
    assert seen.overflow() <= 0
    cells = seen.page.locator("#r-items tbody tr").first.locator("td:visible")
    boxes = [box for cell in cells.all() if (box := cell.bounding_box())]
    apart = [
        one["x"] + one["width"] <= other["x"] + 1 or other["x"] + other["width"] <= one["x"] + 1
        for one, other in itertools.combinations(boxes, 2)
        if one["y"] < other["y"] + other["height"] - 1 and other["y"] < one["y"] + one["height"] - 1
    ]
    assert all(apart)
    expect(seen.page.locator("#r-items")).to_contain_text("SKU-WITHOUT-ANY-SPACE-" * 9)
    hebrew = seen.page.locator("#r-items .l-product > span[dir=auto]").nth(1)
    assert hebrew.evaluate("(one) => getComputedStyle(one).direction") == "rtl"
    assert seen.page.locator("#r-buyer img, #r-items img, #r-next img").count() == 0
    context.close()
