"""Products of an order's lines in a browser: linked, and chosen by their options, in the dialog."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from sandbox.magento import MagentoSandbox
from tests.browser.conftest import Visit, enter, visit
from tests.browser.house import Site
from tests.rows import a_line, a_store, an_account, an_order
from webapp import vault
from webapp.models import LineRow, MissingSkuRow, db
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

PO = "2802123876440"


@pytest.fixture(scope="module")
def shop() -> Iterator[MagentoSandbox]:
    with MagentoSandbox() as magento:
        yield magento


def drawn(site: Site, shop: MagentoSandbox) -> str:
    """The path of an order that waits: for a tee's options, and for a mug that the shop lacks."""
    with site.app.app_context(), unit_of_work() as work:
        store = a_store(work, url=shop.url, credentials=vault.seal({"token": shop.token}))
        account = an_account(work, store)
        lines = (
            a_line("1", "FH-TEE-LOGO", "Organic Cotton Tee, Sand, M"),
            a_line("2", "MUG-OLD", "Fernhollow Stoneware"),
        )
        row = an_order(work, account, PO, lines, magento=False, products=False, attention="A product is missing.")
        for line in row.lines:
            if line.sku == "FH-TEE-LOGO":
                line.product_id, line.product_type = 21, "configurable"
        for sku in ("FH-TEE-LOGO", "MUG-OLD"):
            work.add(MissingSkuRow(sync_id=row.sync_id, sku=sku, store_id=store.id))
        return f"/orders/{account.key}/{PO}"


def kept(site: Site) -> dict[str, str | None]:
    with site.app.app_context():
        return {line.sku: line.linked_sku for line in db.session.query(LineRow)}


def test_options_and_products_are_chosen_in_the_dialog_and_focus_goes_where_one_expects(
    window: Visit, site: Site, shop: MagentoSandbox
) -> None:
    path, page = drawn(site, shop), window.page
    window.go(path)
    expect(page.get_by_role("link", name="Set options of FH-TEE-LOGO", exact=True)).to_be_visible()
    page.get_by_role("link", name="Set options of FH-TEE-LOGO…").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Set the options of FH-TEE-LOGO")
    frame, legend = (dialog.locator(one).bounding_box() for one in (".variants", ".variants legend"))
    assert frame is not None
    assert legend is not None
    assert legend["y"] > frame["y"], "it stands inside its frame, not across it"
    likely = dialog.get_by_role("radio", name="Color: Sand, Size: M")
    expect(likely).to_be_checked()
    expect(likely).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Set options of FH-TEE-LOGO…")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("radio", name="Color: Sand, Size: L").check()
    dialog.get_by_label("Remember it for later orders").uncheck()
    dialog.get_by_role("button", name="Use this variant").click()
    expect(page.get_by_role("status").filter(has_text="FH-TEE-LOGO is FH-TEE-LOGO-SAN-L in Magento")).to_be_visible()
    assert kept(site)["FH-TEE-LOGO"] == "FH-TEE-LOGO-SAN-L"

    page.get_by_role("link", name="Link MUG-OLD…").click()
    search = dialog.get_by_label("Search your Magento catalog")
    expect(search).to_be_focused()
    expect(dialog.locator("#found li").first).to_be_visible()
    search.fill("kettle")
    search.press("Enter")
    expect(dialog.locator("#found")).to_contain_text("FH-KETTLE-17")
    search.fill("no such thing")
    dialog.get_by_role("button", name="Search").click()
    expect(dialog.locator("#found")).to_contain_text("No product fits")
    expect(page).to_have_url(site.url + path)
    search.fill("tee")
    dialog.get_by_role("link", name="Set options of FH-TEE-LOGO").click()
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Set the options of MUG-OLD")
    expect(page).to_have_url(site.url + path)
    dialog.get_by_role("link", name="Link another product…").click()
    expect(search).to_be_focused()
    with page.expect_response(lambda answer: "q=sand" in answer.url):
        search.fill("sand")
    link = dialog.get_by_role("button", name="Link FH-MUG-350-SND")
    expect(link).to_be_visible()
    shop.remove_product("FH-MUG-350-SND")
    link.click()
    expect(dialog.locator(".problem")).to_have_text("Magento has no product with the SKU FH-MUG-350-SND.")
    expect(dialog).to_be_visible()
    assert kept(site)["MUG-OLD"] is None
    assert window.violations() == []


def test_who_links_second_sees_the_other_product_in_the_dialog(
    window: Visit, browser: Browser, site: Site, shop: MagentoSandbox
) -> None:
    path = drawn(site, shop)
    context = browser.new_context()
    other = visit(context, site)
    enter(context, site, "operator")
    for one in (window, other):
        one.go(path)
        one.page.get_by_role("link", name="Link MUG-OLD…").click()
        search = one.page.get_by_label("Search your Magento catalog")
        expect(search).to_be_focused()
        search.fill("FH-")
    other.page.get_by_role("button", name="Link FH-KETTLE-17").click()
    expect(other.page.get_by_role("status").filter(has_text="MUG-OLD is FH-KETTLE-17")).to_be_visible()
    context.close()
    dialog = window.page.locator("#dialog")
    dialog.get_by_role("button", name="Link FH-LAMP-DESK-2", exact=True).click()
    mine = dialog.get_by_role("button", name="Link FH-LAMP-DESK-2 all the same")
    expect(mine).to_be_focused()
    expect(
        dialog.get_by_role("alert").filter(has_text="it is FH-KETTLE-17 now. You chose FH-LAMP-DESK-2.")
    ).to_be_visible()
    mine.click()
    expect(window.page.get_by_role("status").filter(has_text="MUG-OLD is FH-LAMP-DESK-2 in Magento")).to_be_visible()
    assert [said for said in window.complaints if "hx-" in said] == []
