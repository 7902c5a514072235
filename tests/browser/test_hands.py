"""Under somebody's hands: quick typing, a lost network, errors of every kind, choosing, sorting, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit, visit
from tests.browser.house import House

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seen(browser: Browser, house: House) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 500})
    made = visit(context, house.site)
    made.page.goto(house.site.link())
    yield made
    context.close()


@pytest.fixture
def page(seen: Visit) -> Page:
    """The grid, where nothing is asked for by itself."""
    seen.go("/orders")
    seen.page.evaluate("window.__hidden = true")
    seen.requests.clear()
    return seen.page


def test_the_last_word_typed_wins_with_few_requests(seen: Visit, page: Page) -> None:
    page.locator("#q").press_sequentially("mug", delay=20)
    expect(page.locator("#rows tr")).not_to_have_count(11)
    page.locator("#q").fill("lantern")
    page.locator("#q").fill("cable")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows tr")).to_have_attribute("data-po", "2802123876522")
    assert len([url for url in seen.requests if url.endswith("/orders/find")]) <= 3
    expect(page.locator("#q")).to_be_focused()


def test_a_lost_network_loses_nothing(page: Page) -> None:
    page.locator("#filters > summary").click()
    page.locator("#f-items").fill("half a wor")
    page.context.set_offline(True)
    page.get_by_role("button", name="Show orders").click()
    expect(page.locator("#problem")).to_contain_text("The server does not answer.")
    expect(page.locator("#rows tr")).to_have_count(11)
    expect(page.locator("#f-items")).to_have_value("half a wor")
    page.context.set_offline(False)
    page.locator("#filters > summary").click()
    page.locator("#f-items").fill("cable")
    page.get_by_role("button", name="Show orders").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#problem")).to_be_empty()


def failing(house: House, status: int) -> Callable[..., Any]:
    """A view that answers with this error."""

    def fails(**_address: str) -> None:
        house.site.app.aborter(status)

    return fails


def test_no_error_is_ever_shown_inside_a_row_or_in_place_of_the_list(page: Page, house: House) -> None:
    views = house.site.app.view_functions
    kept = {name: views[name] for name in ("order.peek", "orders.index", "orders.bulk")}
    page.locator("#rows .pick").first.check()
    try:
        for status in (401, 403, 404, 409, 422, 429, 500):
            for name in kept:
                views[name] = failing(house, status)
            for opens in ("#rows .peek", "#tab-late"):
                page.evaluate("document.querySelector('#problem').replaceChildren()")
                page.locator(opens).first.click()
                expect(page.locator("#problem .flash.bad")).to_be_visible()
                expect(page.locator("#rows > tr")).to_have_count(11)
    finally:
        views.update(kept)


def test_a_stretch_is_chosen_with_shift_and_let_go_aloud(page: Page) -> None:
    picks = page.locator("#rows .pick")
    picks.nth(1).click()
    picks.nth(4).click(modifiers=["Shift"])
    expect(page.locator("#rows .pick:checked")).to_have_count(4)
    expect(page.locator("#picked")).to_have_text("4")
    page.locator("#pick-all").click()
    expect(page.locator("#picked")).to_have_text("11")
    page.locator("#tab-to-ship").click()
    expect(page.locator("#said")).to_contain_text("11 no longer chosen")
    expect(page.locator("#rows .pick:checked")).to_have_count(0)


def test_one_column_at_a_time_says_that_it_sorts(page: Page) -> None:
    for column, ways in (("total", {"ascending", "descending"}), ("due", {"ascending", "descending"})):
        found = set()
        for _ in range(2):
            before = page.url
            page.locator(f"#sort-{column}").focus()
            page.keyboard.press("Enter")
            expect(page).not_to_have_url(before)
            expect(page.locator(f"#sort-{column}")).to_be_focused()
            expect(page.locator("[aria-sort]")).to_have_count(1)
            found.add(page.locator(f"th:has(#sort-{column})").get_attribute("aria-sort"))
        assert found == ways


def test_back_from_an_order_is_where_one_was(page: Page) -> None:
    page.locator("#tab-to-ship").click()
    expect(page.locator("#rows tr")).to_have_count(5)
    page.mouse.wheel(0, 160)
    page.wait_for_function("scrollY > 60")
    place = page.evaluate("scrollY")
    page.locator("#rows a.id").nth(2).click()
    expect(page.locator("#r-head")).to_be_visible()
    page.go_back()
    expect(page.locator("#rows tr")).to_have_count(5)
    page.wait_for_function(f"Math.abs(scrollY - {place}) <= 20")
