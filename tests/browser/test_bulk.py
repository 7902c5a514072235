"""The Actions menu by mouse, by keyboard and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from tests.browser.conftest import Visit, enter
from tests.browser.house import Site
from tests.rows import a_line, a_store, an_account, an_order, turns
from webapp import bulk, clock
from webapp.models import BulkItemRow, BulkJobRow, CommandRow, OrderRow
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

ON_TOP = """(all) => all.map((one) => {
  const at = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(at.left + 12, at.top + at.height / 2));
})"""


def drawn(site: Site, number: int = 4) -> None:
    with site.app.app_context(), unit_of_work() as work:
        account = an_account(work, a_store(work))
        for po, turn in turns(work, account, [str(2802100000000 + n) for n in range(number)]).items():
            an_order(work, account, po, (a_line(statuses={"Created": 1}),), magento=False, turn=turn)


def one_turn(site: Site) -> None:
    with site.app.app_context():
        turn = bulk.take()
        assert turn is not None
        bulk.run(turn)


def the_most_are_done(site: Site) -> None:
    """As workers leave the orders of which nothing is left to follow; the last eighty are not reached yet."""
    done = {"state": "done", "sentence": "It was acknowledged already.", "done_at": clock.now()}
    with site.app.app_context(), unit_of_work() as work:
        waiting = BulkItemRow.state == "waiting", BulkItemRow.order_id % 80 != 3, BulkItemRow.order_id < 420
        work.execute(update(BulkItemRow).where(*waiting).values(done))


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
    assert all(page.locator(".actions .sheet button").evaluate_all(ON_TOP)), "the list's own head covers none of them"
    page.get_by_role("button", name="Acknowledge…").click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Acknowledge 2 orders at Walmart?")
    expect(dialog.get_by_role("link", name="Not now")).to_be_focused()
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


def test_a_mistake_in_the_question_is_said_in_its_dialog(window: Visit, site: Site) -> None:
    with site.app.app_context(), unit_of_work() as work:
        an_order(work, an_account(work, a_store(work)), "2802123876401")
    window.go("/orders")
    page = window.page
    page.locator("#rows .pick").first.check()
    page.locator(".actions summary").click()
    page.get_by_role("button", name="Mark as shipped…").click()
    dialog = page.locator("#dialog")
    send = dialog.get_by_role("button", name="Mark as shipped: 1 order")
    send.click()
    expect(dialog.get_by_label("Carrier")).to_be_focused()
    expect(dialog.locator(".mistake")).to_have_count(2)
    expect(page).to_have_url(re.compile("/orders$"))
    dialog.get_by_label("Carrier").fill("UPS")
    dialog.get_by_label("Tracking number of").fill("1Z999AA10123456785")
    send.click()
    sure = dialog.get_by_label("The numbers are right: send them.")
    expect(sure).to_be_focused()
    sure.check()
    send.click()
    expect(page).to_have_url(re.compile("/bulk/"))
    assert window.violations() == []


def test_of_five_hundred_seven_fail_and_only_those_are_tried_again(
    window: Visit, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "SLICE", timedelta(milliseconds=1))  # one handful at a turn
    drawn(site, 500)
    page = window.page
    window.go("/orders?status=created")
    page.locator("#rows .pick").first.check()
    page.locator("#pick-all").check()
    page.locator("#every").check()
    expect(page.locator("#picked")).to_have_text("500")
    page.locator(".actions summary").click()
    page.get_by_role("button", name="Acknowledge…").click()
    question = page.locator("#dialog")
    expect(question).to_contain_text("500 orders, sold for $5,990.00.")
    question.get_by_role("button", name="Acknowledge 500 orders").dblclick()
    bar, progress = page.locator("#r-progress progress"), page.locator("#r-progress")
    expect(progress).to_contain_text("0 of 500")
    spoilt = {"address": {"planet": "Mars"}}
    with site.app.app_context(), unit_of_work() as work:
        assert work.session.query(BulkJobRow).filter(BulkJobRow.state != "draft").count() == 1, "two clicks are one job"
        work.execute(update(OrderRow).where(OrderRow.id % 80 == 3).values(spoilt))
    one_turn(site)
    expect(progress).to_contain_text("20 of 500")
    page.reload()
    expect(bar).to_have_attribute("value", "20")
    the_most_are_done(site)
    work_off(site)
    expect(bar).to_have_attribute("value", "500")
    expect(progress).to_contain_text("on its way, 7 failed.")
    ended = {"state": "done", "outcome": "Walmart took the acknowledgement.", "ended_at": clock.now()}
    with site.app.app_context(), unit_of_work() as work:
        work.execute(update(CommandRow).values(ended))
        work.execute(update(OrderRow).values(address={}))
    expect(progress).to_contain_text("500 of 500 · Ended: 493 done, 7 failed.")
    expect(page.locator("#aloud")).to_have_text("Ended: 493 done, 7 failed.")
    failed = page.locator("#r-results li")
    expect(failed).to_have_count(7)
    expect(failed.first).to_contain_text("An error in Orderbridge itself")
    failed.first.get_by_role("link", name="Log of").click()
    expect(page).to_have_url(re.compile("#r-log$"))
    page.go_back()
    page.get_by_role("button", name="Retry the failed only").click()
    expect(progress).to_contain_text("0 of 7")
    page.get_by_role("button", name="Stop").click()
    expect(progress).to_contain_text("Stopping")
    work_off(site)
    expect(progress).to_contain_text("0 of 7 · Stopped: 7 not done yet.")
    assert window.complaints == []


def test_the_same_without_scripts(browser: Browser, site: Site) -> None:
    drawn(site)
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    enter(context, site)
    page.goto(site.url + "/orders")
    page.locator("#rows .pick").nth(1).check()
    page.locator(".actions summary").click()
    page.get_by_role("button", name="Create Magento orders…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Create 1 order in Magento?")
    page.get_by_role("button", name="Create 1 order").click()
    expect(page.locator("#r-progress")).to_be_visible()
    work_off(site)
    page.reload()
    expect(page.locator("#r-progress")).to_contain_text("1 of 1")
    expect(page.locator("#r-results")).to_contain_text("Creating the Magento order.")
    page.get_by_role("link", name="← Orders").click()
    expect(page.locator("#rows tr")).to_have_count(4)
    context.close()
