"""Dashboard, webhook log, outgoing, log and polls in a real browser: what stands there after each click.

Each walk is taken with scripts and without, on one server, each with orders of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import enter
from tests.browser.house import Site, served
from tests.rows import a_change, a_command, a_line, a_store, an_account, an_event, an_order
from webapp import clock
from webapp.models import AccountRow, EventRow, OrderRow, PollRow, SyncRow, db
from webapp.unit_of_work import Work, unit_of_work

pytestmark = pytest.mark.browser

Walk = Callable[[str], Page]
_POS = count(2802123870000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("activity")) as made:
        with made.app.app_context(), unit_of_work() as work:
            account = an_account(work, a_store(work))
            polled = clock.now() - timedelta(minutes=1)
            due = clock.now() + timedelta(hours=1)
            found = {"read": 12, "new": 2, "changed": 0}
            for kind in ("orders", "open"):
                given = {"account_id": account.id, "due_at": due, "succeeded_at": polled, "found": found}
                work.add(PollRow(kind=kind, name=kind, **given))
        yield made


@pytest.fixture(scope="module", params=["with scripts", "without"])
def window(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Page]:
    """An admin's window for all walks."""
    context = browser.new_context(java_script_enabled=request.param == "with scripts")
    page = context.new_page()
    enter(context, site)
    yield page
    context.close()


@pytest.fixture
def at(window: Page, site: Site) -> Walk:
    def go(path: str) -> Page:
        window.goto(site.url + path)
        return window

    return go


def new_order(work: Work, **changes: Any) -> OrderRow:
    return an_order(work, work.session.query(AccountRow).one(), str(next(_POS)), **changes)


def handled(app: Flask) -> None:
    """The workers have answered for whatever was replayed."""
    with app.app_context(), unit_of_work() as work:
        for row in work.session.query(EventRow).filter_by(state="received"):
            row.state, row.handled_at = "handled", clock.now()


def a_busy_day(work: Work) -> None:
    """Orders, events and commands of every sort that the dashboard counts. It is noon at the store."""
    account = work.session.query(AccountRow).one()
    account.store.time_zone = f"Etc/GMT{clock.now().hour - 12:+d}"
    for ship_in in (timedelta(hours=-3), timedelta(hours=5), *(timedelta(days=n) for n in (1, 2, 3, 4, 5, 6, 9))):
        new_order(work, ship_in=ship_in)
    for age in (0.2, 1.5, 2.5, 3.5, 6):
        sold = {"ordered_at": clock.now() - timedelta(hours=age), "acknowledge_by": clock.now() + timedelta(hours=1)}
        new_order(work, lines=(a_line(statuses={"Created": 1}),), **sold)
    new_order(work, lines=(a_line(statuses={"Cancelled": 1}),))
    order = new_order(work, lines=(a_line(intent_to_cancel="BUYER"),), attention="Somebody has to look.")
    turn = work.session.get_one(SyncRow, order.sync_id)
    turn.look_again_at = turn.wake_from = clock.now() - timedelta(minutes=1)
    turn.trouble = "Waiting for Magento: Magento is in maintenance mode."
    order.has_failed = True
    ended = {"state": "parked", "ended_at": clock.now(), "reason": "Magento is not amused."}
    a_command(work, order, "CreateMagentoOrder", **ended)
    for changes in ({}, {"state": "running"}, {"next_attempt_at": clock.now() - timedelta(minutes=1)}):
        a_command(work, order, **changes)
    for seconds in (0.2, 3, 20, 120, 900):
        at = clock.now() - timedelta(hours=1)
        an_event(work, order, received_at=at, handled_at=at + timedelta(seconds=seconds))
    an_event(work, order, state="waiting", handled_at=None)


LISTED = {"/outgoing": "#list .feed > li", "/incoming": ".activity tbody tr", "/dashboard": "#list li"}


def test_every_number_of_the_dashboard_is_that_of_the_list_it_opens(browser: Browser, site: Site) -> None:
    with site.app.app_context(), unit_of_work() as work:
        a_busy_day(work)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enter(context, site)
    page.goto(site.url + "/dashboard")
    numbers = page.locator("a.tile, .chart a.link")
    found = numbers.evaluate_all(
        "(all) => all.map((one) => [one.href, one.innerText, one.closest('li, tr').innerText])"
    )
    # Each list opens in one window beside the dashboard, which stays as it was counted.
    numbers.evaluate_all("(all) => all.forEach((one) => { one.target = 'beside' })")
    with page.expect_popup() as opened:
        numbers.first.click()
    beside = opened.value
    for place, (url, number, name) in enumerate(found):
        count = re.search(r"\d+", number)
        assert count is not None, name
        assert count[0] != "0", f"{name}: nothing was made for it"
        numbers.nth(place).dispatch_event("click")
        expect(beside).to_have_url(url)
        where = re.sub(rf"{site.url}(/\w+).*", r"\1", url)
        if where == "/orders":
            expect(beside.locator(".foot p")).to_have_text(re.compile(rf"\b{count[0]} orders?\b"))
        else:
            expect(beside.locator(LISTED[where])).to_have_count(int(count[0]))
    assert len(found) == 6 + 9 + 5 + 2 + 1 + 5 + 6
    page.goto(site.url + "/dashboard")
    page.locator("#sources summary").click()
    expect(page.locator("#sources li").first).to_contain_text("Seller Performance Standards (US)")
    page.locator("section", has_text="The flow of news").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Polls")
    context.close()


def test_one_webhook_is_replayed_and_tells_of_both_attempts(at: Walk, site: Site) -> None:
    with site.app.app_context(), unit_of_work() as work:
        kind = f"FAILED_{next(_POS)}"
        an_event(work, new_order(work), state="failed", reason="The body is not JSON.", type=kind)
    page = at("/incoming?show=failed")
    page.get_by_role("link", name=kind).click()
    expect(page.locator(".feed").first.locator("li")).to_have_count(1)
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("status").filter(has_text="eplay")).to_be_visible()
    expect(page.get_by_role("button", name="Replay")).to_have_count(0)
    expect(page.locator(".feed").first.locator("li")).to_have_count(2)
    handled(site.app)
    page.reload()
    expect(page.locator(".head .how")).to_have_text("Done")
    expect(page.locator(".feed").first).to_contain_text("The body is not JSON.")


def test_a_range_of_webhooks_is_replayed_after_a_question_that_counts(at: Walk, site: Site) -> None:
    kind = f"RANGE_{next(_POS)}"
    with site.app.app_context(), unit_of_work() as work:
        order = new_order(work)
        for hours in (1, 2, 3, 60):  # what is typed is the store's time, up to half a day from ours
            an_event(work, order, type=kind, received_at=clock.now() - timedelta(hours=hours))
    page = at(f"/incoming?type={kind}")
    expect(page.locator(".activity tbody tr")).to_have_count(4)
    page.goto(f"{page.url}&since={clock.now() - timedelta(days=1):%Y-%m-%dT%H:%M}")
    expect(page.locator(".activity tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Replay all of these…").click()
    expect(page.get_by_role("heading", name="Replay 3 events?")).to_be_visible()
    page.get_by_role("button", name="Replay 3 events").click()
    expect(page.get_by_text("3 events replayed.")).to_be_visible()
    with site.app.app_context():
        events = db.session.query(EventRow).filter_by(type=kind).order_by(EventRow.received_at)
        assert [row.state for row in events] == ["handled", "received", "received", "received"]
    handled(site.app)


def test_what_failed_is_tried_again_and_given_up_by_its_cause(at: Walk, site: Site) -> None:
    with site.app.app_context(), unit_of_work() as work:
        for words in ("first", "first", "second"):
            reason = f"{words} reason of this walk."
            ended = {"state": "parked", "ended_at": clock.now(), "reason": reason}
            a_command(work, new_order(work, has_failed=True), "CreateMagentoOrder", **ended)
    page = at("/outgoing")
    page.locator(".causes a", has_text="first reason").click()
    expect(page.locator("#list .feed > li")).to_have_count(2)
    page.get_by_role("button", name="Try all 2 again").click()
    expect(page.get_by_role("status").filter(has_text="2 commands tried again now.")).to_be_visible()
    expect(page.locator(".causes a", has_text="first reason")).to_have_count(0)
    page.locator(".causes a", has_text="second reason").click()
    page.locator("#giveup-all summary").click()
    page.get_by_label("Why are they given up?").or_(page.get_by_label("Why is it given up?")).first.fill(
        "Sold by phone."
    )
    page.locator("#giveup-all").get_by_role("button").click()
    expect(page.get_by_role("status").filter(has_text="given up")).to_be_visible()
    page.get_by_role("link", name=re.compile("Given up")).click()
    expect(page.locator("#list .feed > li").first).to_contain_text("Sold by phone.")
    with site.app.app_context(), unit_of_work() as work:
        for row in work.session.query(OrderRow):
            row.has_failed = False


def test_the_log_is_narrowed_and_what_is_looked_for_stays_out_of_the_address(at: Walk, site: Site) -> None:
    with site.app.app_context(), unit_of_work() as work:
        order = new_order(work)
        for sentence in ("At Walmart: 1 to ship.", "called Maria Gonzalez back"):
            a_change(work, order, sentence, "person", "bob@shop.example")
    page = at("/log")
    page.get_by_label("Words").fill("maria")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".feed.all li").first).to_contain_text("called Maria Gonzalez back")
    assert "maria" not in page.url.lower()
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_label("Words")).to_have_value("")
    page.get_by_label("One row an order").check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Clear")).to_be_visible()
    pos = page.locator(".feed.all a.id").all_inner_texts()
    assert len(pos) == len(set(pos)) > 1
    page.locator(".feed.all a.id").first.click()
    expect(page.get_by_role("heading", name="Order log")).to_be_visible()


def test_polls_say_what_they_found_and_one_comes_now(at: Walk, site: Site) -> None:
    page = at("/polls")
    row = page.locator("tr", has_text="Changed orders").first
    expect(row).to_contain_text("12 read, 2 new")
    row.get_by_role("button").click()
    expect(page.get_by_role("status").filter(has_text="It is read now")).to_be_visible()
    expect(page.locator("tr", has_text="Changed orders").first).to_contain_text("now")
    page.get_by_role("link", name="Reimport some days…").click()
    expect(page.get_by_label("From")).to_be_visible()
