"""The Actions menu by mouse, by keyboard and without scripts."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.house import Site
from tests.rows import a_line, a_store, an_account, an_order
from webapp import bulk
from webapp.unit_of_work import unit_of_work


def drawn(site: Site, number: int = 4) -> None:
    with site.app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        for n in range(number):
            an_order(work, account, f"{2802100000000 + n}", (a_line(statuses={"Created": 1}),), magento=False)


def work_off(site: Site) -> None:
    with site.app.app_context():
        while turn := bulk.take():
            bulk.run(turn)


def test_the_question_opens_in_a_dialog_and_the_job_is_watched(window: Visit, site: Site) -> None:
    drawn(site)
    window.go("/orders")
    page = window.page
    page.locator("#rows .pick").nth(0).check()
    page.locator("#rows .pick").nth(2).check()
    page.locator(".actions summary").click()
    page.get_by_role("button", name="Acknowledge…").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Acknowledge 2 orders at Walmart?")
    expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    page.locator(".actions summary").click()
    page.get_by_role("button", name="Acknowledge…").click()
    dialog.get_by_role("button", name="Acknowledge 2 orders").click()
    expect(page).to_have_url(re.compile("/bulk/"))
    expect(page.locator("#r-progress")).to_contain_text("0 of 2")
    work_off(site)
    expect(page.locator("#r-progress")).to_contain_text("2 of 2")
    expect(page.locator("#r-results li")).to_have_count(2)
    assert window.complaints == []


def test_the_same_without_scripts(browser: Browser, site: Site) -> None:
    drawn(site)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.goto(site.link())
    page.goto(site.url + "/orders")
    page.locator("#rows .pick").nth(1).check()
    page.locator(".actions summary").click()
    page.get_by_role("button", name="Create Magento orders…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Create 1 order in Magento?")
    page.get_by_role("button", name="Create 1 order").click()
    work_off(site)
    page.reload()
    expect(page.locator("#r-progress")).to_contain_text("1 of 1")
    expect(page.locator("#r-results")).to_contain_text("Creating the Magento order.")
    page.get_by_role("link", name="← Orders").click()
    expect(page.locator("#rows tr")).to_have_count(4)
    context.close()
