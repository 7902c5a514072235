"""Under somebody's hands: quick typing, a lost network, errors of every kind, choosing, sorting, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit, comes_true, enter, visit
from tests.browser.house import House
from webapp.domain.help import MARKS, STATUSES, help_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seen(browser: Browser, house: House) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 500})
    made = visit(context, house.site)
    enter(context, house.site)
    yield made
    context.close()


@pytest.fixture
def page(seen: Visit) -> Page:
    """The grid, where nothing is asked for by itself and nothing is chosen from before."""
    seen.page.evaluate("document.querySelectorAll('.pick:checked').forEach((box) => { box.checked = false; })")
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
    comes_true(page, "!document.querySelector('.htmx-request, .htmx-settling')")
    seen.requests.clear()
    seen.complaints.clear()
    page.locator("#q").evaluate(
        "(one) => { one.value = 'lantern'; one.dispatchEvent(new Event('input', { bubbles: true }));"
        " one.form.requestSubmit(); }"
    )
    expect(page.locator("#pill-find")).to_contain_text("lantern")
    page.wait_for_timeout(400)
    assert len([url for url in seen.requests if url.endswith("/orders/find")]) == 1, "Enter does not ask twice"
    assert seen.complaints == []


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
    expect(page.locator("#said")).to_contain_text("11 orders are no longer chosen")
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
    comes_true(page, "scrollY > 60")
    place = page.evaluate("scrollY")
    page.locator("#rows a.id").nth(2).click()
    expect(page.locator("#r-head")).to_be_visible()
    page.go_back()
    expect(page.locator("#rows tr")).to_have_count(5)
    comes_true(page, f"Math.abs(scrollY - {place}) <= 20")


PLACE = "(one) => { const box = one.getBoundingClientRect(); return [Math.round(box.left), Math.round(box.top)]; }"


@pytest.mark.parametrize("width", [768, 1024])
def test_head_and_first_column_stay_where_the_table_is_wider_than_the_window(
    seen: Visit, page: Page, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 500})
    row = page.locator("#rows tr").nth(6)
    row.evaluate("(one) => scrollTo(10000, one.offsetTop)")
    comes_true(page, "scrollX > 200 && scrollY > 200")
    assert page.locator("thead th").first.evaluate(PLACE) == [0, 48]
    assert row.locator("th").evaluate(PLACE)[0] == 0
    assert page.locator("#bar").evaluate(PLACE)[0] == 0
    assert page.locator("header.top").evaluate(PLACE) == [0, 0]
    expect(row.locator("a.id")).to_be_in_viewport(ratio=1)
    expect(row.locator("td.c-status .badge")).to_be_in_viewport(ratio=1)
    with page.context.expect_page() as opened:
        row.locator("a.id").click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("#r-head")).to_be_visible()
    opened.value.close()
    expect(row).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 500})


@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_a_desk_shows_the_whole_table_and_cuts_no_common_word(seen: Visit, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert seen.overflow() == 0
    cut = page.evaluate(
        "[...document.querySelectorAll('#rows tr:not([data-po=\"2802123872000\"])')].flatMap((row) =>"
        " [...row.querySelectorAll('.id, small, .c-buyer span, .c-items span, .sku, .badge, .chip, td')])"
        ".filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth).map((one) => one.textContent)"
    )
    assert cut == []
    page.set_viewport_size({"width": 1440, "height": 500})


def test_each_word_of_a_row_is_explained_by_key_and_by_touch(browser: Browser, seen: Visit, house: House) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 780}, has_touch=True, java_script_enabled=False)
    made = visit(context, house.site)
    enter(context, house.site)
    made.go("/orders")
    reason = help_for("Waiting for a shipment in Magento.")
    assert reason is not None
    row = made.page.locator('[data-po="2802123876600"]')
    for opens, word, one in (
        (row.locator(".badge"), "Unshipped", STATUSES[1]),
        (row.locator(".chip"), "Cancellation requested", next(one for one in MARKS if one.word.startswith("Canc"))),
        (row.locator(".hint"), reason.word, reason),
    ):
        opens.tap()
        shown = made.page.locator(".help:popover-open")
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text(word)
        expect(shown).to_contain_text(one.meaning)
        expect(shown).to_contain_text(one.next)
        expect(shown).to_be_in_viewport(ratio=1)
        made.page.locator("h1").tap()
        expect(shown).to_have_count(0)
    row.locator(".hint").focus()
    made.page.keyboard.press("Enter")
    made.page.locator(".help:popover-open a").tap()
    expect(made.page.locator("dl > div:target")).to_contain_text(reason.meaning)
    context.close()


def test_on_a_phone_the_head_says_where_one_is_and_leads_everywhere(seen: Visit, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 780})
    menu = page.locator(".places")
    for place in ("Dashboard", "Incoming", "Outgoing", "Log", "Settings", "Orders"):
        menu.locator("summary").click()
        menu.get_by_role("link", name=place).click()
        expect(menu.locator("summary")).to_have_text(place)
        expect(menu.locator("summary")).to_be_in_viewport(ratio=1)
        assert seen.overflow() <= 0
    page.set_viewport_size({"width": 1440, "height": 500})
