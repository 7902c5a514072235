"""The forms of an order's page: in a dialog with scripts, as pages of their own without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from tests.browser.conftest import Visit, enter
from tests.browser.house import Site
from tests.rows import a_line, a_parcel, a_store, an_account, an_order
from webapp.models import CommandRow, db
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

PO = "2802123876439"


def drawn(site: Site) -> str:
    with site.app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        shipped = a_line("1", statuses={"Shipped": 1}, tracking=a_parcel(), shipping="4.99")
        an_order(work, account, PO, (shipped, a_line("2"), a_line("3")))
        return f"/orders/{account.key}/{PO}"


def issued(site: Site) -> list[str]:
    with site.app.app_context():
        return list(db.session.execute(select(CommandRow.kind).order_by(CommandRow.id)).scalars())


def test_a_mistake_is_said_in_the_dialog_and_what_was_typed_stays(window: Visit, site: Site) -> None:
    path, page = drawn(site), window.page
    window.go(path)
    page.locator(".doing").get_by_role("link", name="Mark as shipped…").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_label("Carrier")).to_be_focused()
    dialog.get_by_label("Carrier").fill("Parcel Bee")
    dialog.get_by_label("Tracking number").fill("BEE-1")
    dialog.get_by_label("Units of line 3 to ship").fill("0")
    dialog.get_by_role("button", name="Mark as shipped").click()
    expect(dialog.get_by_label("Tracking address")).to_be_focused()
    expect(dialog.locator(".mistake")).to_contain_text("Walmart does not list the carrier Parcel Bee")
    expect(dialog.get_by_label("Tracking number")).to_have_value("BEE-1")
    dialog.get_by_label("Tracking address").fill("https://bee.example/BEE-1")
    dialog.get_by_role("button", name="Mark as shipped").dblclick()
    expect(page.get_by_text("Telling Walmart that it has shipped.")).to_be_visible()
    expect(page.locator("#r-parcels")).to_contain_text("Parcel Bee BEE-1")
    assert issued(site) == ["ConfirmShipment"]
    assert window.violations() == []


def test_a_refund_without_scripts_on_a_phone(browser: Browser, site: Site) -> None:
    path = drawn(site)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    enter(context, site)
    page.goto(site.url + path)
    page.get_by_role("link", name="Refund…").click()
    page.get_by_label("Product", exact=True).fill("11.01")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".mistake")).to_contain_text("has $11.00 of product left to refund, not $11.01")
    page.get_by_label("Product", exact=True).fill("11.00")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refund $16.97?")
    expect(page.get_by_text("$16.97 in all")).to_be_visible()
    assert issued(site) == []
    page.get_by_role("button", name="Refund $16.97").click()
    expect(page.get_by_text("Refunding at Walmart.")).to_be_visible()
    assert issued(site) == ["RefundLines"]
    context.close()


def test_all_that_is_left_is_canceled_in_the_dialog(window: Visit, site: Site) -> None:
    path, page = drawn(site), window.page
    window.go(path)
    page.locator(".doing").get_by_role("link", name="Cancel…").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Units of line 2 to cancel").fill("7")
    dialog.get_by_role("button", name="Cancel all that is left…").click()
    expect(dialog.locator(".mistake")).to_have_text("Choose one of Walmart's reasons.")
    expect(dialog.get_by_label("Units of line 2 to cancel")).to_have_value("7")
    dialog.get_by_label("Reason", exact=True).select_option("SELLER_CANCEL_PRICING_ERROR")
    dialog.get_by_role("button", name="Cancel all that is left…").click()
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Cancel 2 units, sold for $23.96?")
    assert issued(site) == []
    dialog.get_by_role("button", name="Cancel them at Walmart").dblclick()
    expect(page.get_by_text("Canceling at Walmart.").first).to_be_visible()
    assert issued(site) == ["CancelLines"]
    assert window.violations() == []


def test_all_that_is_left_is_asked_about_without_scripts_on_a_phone(browser: Browser, site: Site) -> None:
    with site.app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        open_lines = (a_line("2", statuses={"Acknowledged": 2}), a_line("3", statuses={"Shipped": 1}))
        an_order(work, account, PO, (a_line("1", statuses={"Shipped": 1}), *open_lines))
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    enter(context, site)
    for form, reason, asked in (
        ("cancel", "SELLER_CANCEL_PRICING_ERROR", "Cancel 2 units, sold for $11.98?"),
        ("refund", "DamagedItem", "Refund $23.96?"),
    ):
        page.goto(f"{site.url}/orders/{account.key}/{PO}/{form}")
        page.get_by_label("Reason", exact=True).select_option(reason)
        page.get_by_role("button", name="all that is left…").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(asked)
        width: int = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360
    expect(page.get_by_text("All that is left to refund, of 2 units in 2 lines.")).to_be_visible()
    assert issued(site) == []
    context.close()
