"""The lists of orders as their users keep them: back and forth, views, columns, paging, choosing, and on a phone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Visit, comes_true, enter, visit
from tests.browser.house import Site, served
from tests.rows import an_order, turns
from tests.views.scene import draw
from webapp import clock
from webapp.models import AccountRow
from webapp.unit_of_work import unit_of_work

pytestmark = pytest.mark.browser

SEVENTY = 70
NEWS = '<div id="news"><a href="/orders" hx-get="/orders" hx-target="#grid" hx-swap="outerHTML">1 new order</a></div>'
TROUBLE = '<div id="pulse" class="pulse bad"></div><div id="said" hx-swap-oob="innerHTML"><b>Redis is down.</b></div>'
EMPTY_STYLES = """() => {
  for (const one of document.querySelectorAll("[id]")) {
    one.style.color = "red";
    one.style.color = "";
  }
}"""
POS = "[...document.querySelectorAll('#rows > tr[data-po]')].map((one) => one.dataset.po)"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The scene's orders and seventy plain older ones."""
    with served(tmp_path_factory.mktemp("lists")) as site:
        with site.app.app_context():
            draw()
        arrive(site, *(f"{9_000_000_000_000 + n}" for n in range(SEVENTY)), hours_ago=100)
        yield site


def arrive(site: Site, *pos: str, hours_ago: float = 0) -> None:
    with site.app.app_context(), unit_of_work() as work:
        account = work.session.query(AccountRow).first()
        assert account is not None
        for age, (po, turn) in enumerate(turns(work, account, pos).items()):
            an_order(work, account, po, turn=turn, ordered_at=clock.now() - timedelta(hours=hours_ago, seconds=age))


@contextmanager
def window(browser: Browser, site: Site, role: str = "admin", **options: Any) -> Iterator[Visit]:
    """Somebody's window at the grid, where nothing is asked for by itself."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 500}, **options})
    made = visit(context, site)
    enter(context, site, role)
    made.page.add_init_script("window.__hidden = true")
    made.go("/orders?tab=all")
    yield made
    assert made.complaints == []
    context.close()


def rows_of(page: Page) -> list[str]:
    found: list[str] = page.evaluate(POS)
    return found


def state_of(page: Page) -> tuple[list[str], list[str], str | None]:
    pills = page.locator(".pill").all_inner_texts()
    return rows_of(page), pills, page.locator(".tabs [aria-current]").get_attribute("id")


@pytest.mark.parametrize("size", [(1440, 900), (360, 780)], ids=["desk", "phone"])
def test_a_long_page_opens_whole_and_back_from_an_order_is_where_one_was(
    browser: Browser, shop: Site, size: tuple[int, int]
) -> None:
    width, height = size
    with window(browser, shop, viewport={"width": width, "height": height}) as seen:
        page = seen.page
        for row in page.locator("#rows > tr").all():
            expect(row).to_be_visible()
        assert page.locator("#rows > tr").count() == 50
        row = page.locator("#rows > tr").nth(40)
        row.evaluate("(one) => scrollTo(0, one.getBoundingClientRect().top + scrollY - 300)")
        comes_true(page, "scrollY > 1000")
        place = page.evaluate("scrollY")
        for _ in range(3):
            row.locator("a.id").click()
            expect(page.locator("#r-head")).to_be_visible()
            page.go_back()
            expect(row).to_be_in_viewport(ratio=1)
            comes_true(page, f"Math.abs(scrollY - {place}) <= 20")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_list_is_narrowed_by_dates_also_where_the_fields_came_after_the_first_paint(
    browser: Browser, shop: Site, scripts: bool
) -> None:
    with window(browser, shop, java_script_enabled=scripts) as seen:
        page = seen.page
        for _ in range(2):
            page.locator("#filters > summary").click()
            page.locator("#f-sold-to").fill("2001-01-01T12:00")
            page.get_by_role("button", name="Show orders").click()
            expect(page.locator("#pill-sold")).to_contain_text("2001")
            expect(page.locator("#rows > tr")).to_have_count(0)
            page.locator("#filters > summary").click()
            expect(page.locator("#f-sold-to")).to_have_value("2001-01-01T12:00")
            expect(page.locator("#f-due-from")).to_have_value("")
            page.locator("#pill-sold").click()
            expect(page.locator("#rows > tr")).to_have_count(50)


def test_a_date_is_kept_also_where_the_scripts_do_not_come(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        page.route("**/static/*.js*", lambda route: route.abort())
        page.goto(shop.url + "/orders?sold_to=2001-01-01T12:00")
        page.locator("#filters > summary").click()
        page.locator("#f-items").fill("mug")
        page.get_by_role("button", name="Show orders").click()
        expect(page.locator("#pill-items")).to_be_visible()
        expect(page.locator("#pill-sold")).to_contain_text("2001")
        seen.complaints.clear()


def test_five_steps_back_and_five_forth_are_where_one_was(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        been = []

        def rest(place: int) -> None:
            page.evaluate(f"scrollTo(0, {place})")
            comes_true(page, f"Math.abs(scrollY - {place}) < 2")
            been.append((page.url, state_of(page), place))

        steps = ("#older", "#tab-to-ship", "#sort-total", "#older", "#sort-due")
        for step, place in zip(steps, (400, 300, 120, 240, 380), strict=True):
            rest(place)
            page.locator(step).evaluate("(one) => one.click()")
            expect(page).not_to_have_url(been[-1][0])
            comes_true(page, "!document.querySelector('.htmx-request, .htmx-settling')")
        rest(160)
        for move, way in ((page.go_back, been[-2::-1]), (page.go_forward, been[1:])):
            for url, state, place in way:
                move()
                expect(page).to_have_url(url)
                # The address is there before the list; two lists may begin with the same order.
                comes_true(page, f"{POS}.join() === {','.join(state[0])!r}")
                comes_true(page, f"Math.abs(scrollY - {place}) <= 20")
                assert state_of(page) == state
        with window(browser, shop, "viewer") as other:
            other.page.goto(been[3][0])
            assert state_of(other.page) == been[3][1], "the address is the whole state, for anybody"


def test_nothing_is_chosen_or_let_go_while_a_list_is_on_its_way(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        held: list[Route] = []
        page.locator("#rows .pick").nth(0).check()
        page.locator("#rows .pick").nth(1).check()
        page.route(re.compile("sort=sold"), lambda route: held.append(route))
        with page.expect_request(re.compile("sort=sold")):
            page.locator("#sort-sold").click()
        page.locator("#rows .pick").nth(0).click()
        page.locator("#rows .pick").nth(2).click()
        expect(page.locator("#rows .pick:checked")).to_have_count(2)
        page.locator("#choose-none").click()
        expect(page.locator(".pick:checked")).to_have_count(0)
        comes_true(page, "!document.querySelector('.htmx-request, .htmx-settling')")
        page.locator("#rows .pick").nth(2).check()
        expect(page.locator("#picked")).to_have_text("1")
        seen.complaints.clear()  # that the first request was let go


def test_the_last_of_two_quick_taps_is_meant(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        slow: list[Route] = []
        page.route(re.compile("tab=late"), lambda route: slow.append(route))
        with page.expect_event("requestfailed") as late:
            with page.expect_request(re.compile("tab=late")):
                page.locator("#tab-late").click()
            # News that come meanwhile wait: they do not take the place of what somebody asked for.
            page.route("**/orders/news*", lambda route: route.fulfill(content_type="text/html", body=NEWS))
            page.mouse.move(5, 5)
            page.evaluate("window.__hidden = false; htmx.trigger('#news', 'back')")
            expect(page.locator("#news a")).to_have_text("1 new order")
            assert [route.request.failure for route in slow] == [None]
            page.evaluate("window.__hidden = true")
            page.locator("#tab-refunds").click()
        assert "tab=late" in late.value.url, "nobody waits for it any more"
        expect(page.locator("#tab-refunds")).to_have_attribute("aria-current", "page")
        expect(page).to_have_url(re.compile("tab=refunds"))
        assert all("htmx:" in said for said in seen.complaints), "in its own words: one request was let go"
        seen.complaints.clear()
        page.route("**/pulse*", lambda route: route.fulfill(content_type="text/html", body=TROUBLE))
        page.evaluate(HEAR)
        page.evaluate("window.__hidden = false; htmx.trigger('#pulse', 'back'); window.__hidden = true")
        expect(page.locator("#said")).to_have_text("Redis is down.")
        page.locator("#tab-all").click()
        # A trouble is never left out for what came after it: it is read with that, or before it where that comes late.
        expect(page.locator("#aloud")).to_have_text(re.compile(r"1–50 of \d+ orders$"))
        heard = page.evaluate("window.__heard")
        assert any("Redis is down." in said for _, said in heard), heard


def test_three_filters_less_one_agree_in_address_pills_rows_and_count(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        page.locator("#filters summary").click()
        page.get_by_label("Both sides").select_option("differ")
        page.get_by_label("Problem").select_option("else")
        page.locator("#f-items").fill("third")
        page.get_by_role("button", name="Show orders").click()
        expect(page.locator(".pill")).to_have_count(3)
        expect(page).to_have_url(re.compile("problem=else.*sides=differ.*items=third"))
        assert rows_of(page) == ["2802123872000"]
        for gone, left, count in (("items", "Problem something else", 1), ("problem", "Both sides differ", 2)):
            page.locator(f"#pill-{gone}").click()
            expect(page.locator(f"#pill-{gone}")).to_have_count(0)
            expect(page).not_to_have_url(re.compile(gone))
            expect(page.locator(".pills")).to_contain_text(left)
            expect(page.locator("#rows > tr")).to_have_count(count)
            expect(page.locator("#tab-all b")).to_have_text(str(count))
            expect(page.locator(".foot")).to_contain_text(f"{count} order")


def test_views_are_kept_renamed_begun_with_shared_and_deleted(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen, window(browser, shop, "operator") as other:
        page, theirs = seen.page, other.page

        def save(name: str, *ticks: str) -> None:
            page.locator("#views > summary").click()
            page.get_by_label("Save this list as").fill(name)
            for tick in ticks:
                page.locator("#views .sheet > form").get_by_label(tick).check()
            page.get_by_role("button", name="Save the view").click()
            expect(page.locator(".flash")).to_have_text("The view is saved.")

        page.goto(f"{shop.url}/orders?tab=late&sort=due")
        save("My late ones")
        page.goto(f"{shop.url}/orders?status=shipped")
        save("Gone", "Share with the team", "Begin with it")
        theirs.reload()
        theirs.locator("#views > summary").click()
        expect(theirs.locator(".named > a")).to_have_text([re.compile("^Gone")])
        theirs.locator(".named > a").click()
        expect(theirs).to_have_url(re.compile("status=shipped"))
        page.goto(f"{shop.url}/orders")
        expect(page).to_have_url(re.compile(r"\?status=shipped$"))
        page.locator("#views > summary").click()
        page.get_by_label("Change the view My late ones").click()
        page.get_by_label("Name", exact=True).locator("visible=true").fill("Overdue")
        page.get_by_role("button", name="Save", exact=True).locator("visible=true").click()
        expect(page.locator(".flash")).to_have_text("The view is changed.")
        page.reload()
        page.locator("#views > summary").click()
        expect(page.locator(".named > a").filter(has_text="Overdue")).to_have_attribute("href", re.compile("tab=late"))
        for name in ("Overdue", "Gone"):
            page.reload()
            page.locator("#views > summary").click()
            page.get_by_label(f"Change the view {name}").click()
            page.get_by_role("button", name="Delete").locator("visible=true").click()
            expect(page.locator(".flash")).to_have_text("The view is deleted.")
        page.goto(f"{shop.url}/orders")
        expect(page).to_have_url(f"{shop.url}/orders")
        expect(page.locator("#rows > tr")).to_have_count(50)
        theirs.reload()
        expect(theirs.locator(".named")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 660, 360])
@pytest.mark.parametrize("name", ["Late in US", "Everything that was canceled by somebody since the summer"])
def test_the_name_of_the_view_stands_beside_the_heading(browser: Browser, shop: Site, width: int, name: str) -> None:
    with window(browser, shop, viewport={"width": width, "height": 700}) as seen:
        page = seen.page
        page.goto(f"{shop.url}/orders?status=canceled")
        shown, tabs = page.locator("#view"), page.locator("#tab-all")
        expect(shown).to_be_hidden()
        before = tabs.bounding_box()
        page.locator("#views > summary").click()
        page.get_by_label("Save this list as").fill(name)
        page.get_by_role("button", name="Save the view").click()
        expect(shown).to_have_text(f"View {name}")
        page.reload()
        assert tabs.bounding_box() == before, "it costs no line"
        assert seen.overflow() <= 0
        beside = "() => document.querySelector('#view').offsetTop < document.querySelector('h1').offsetTop + 20"
        assert page.evaluate(beside)
        page.locator("#tab-refunds").click()
        expect(shown).to_be_hidden()
        page.locator("#views > summary").click()
        page.locator(".named > a").filter(has_text=name).click()
        expect(shown).to_have_text(f"View {name}")
        page.locator("#views > summary").click()
        page.get_by_label(f"Change the view {name}").click()
        page.get_by_role("button", name="Delete").locator("visible=true").click()
        expect(page.locator(".flash")).to_have_text("The view is deleted.")


@pytest.mark.parametrize("width", [1440, 1280, 760, 390])
def test_what_is_said_above_the_list_makes_no_page_wider(browser: Browser, shop: Site, width: int) -> None:
    with window(browser, shop, viewport={"width": width, "height": 700}) as seen:
        page = seen.page
        page.goto(f"{shop.url}/orders?by=walmart")
        before = seen.overflow()
        page.locator("#views > summary").click()
        page.get_by_label("Save this list as").fill("By Walmart")
        page.get_by_role("button", name="Save the view").click()
        flash = page.locator(".flash")
        expect(flash).to_have_text("The view is saved.")
        box = flash.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width
        assert seen.overflow() == before
        page.locator("#views > summary").click()
        page.get_by_label("Change the view By Walmart").click()
        page.get_by_role("button", name="Delete").locator("visible=true").click()
        expect(page.locator(".flash")).to_have_text("The view is deleted.")


def test_rows_that_are_renewed_leave_nothing_in_the_console(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        # As an extension, or a tool that takes pictures, leaves the fields of a page.
        page.evaluate(EMPTY_STYLES)
        for step in ("#sort-total", "#tab-all"):
            page.locator(step).click()
            expect(page.locator("#rows [style]")).to_have_count(0)
            comes_true(page, "!document.querySelector('.htmx-request, .htmx-settling')")
            page.evaluate(EMPTY_STYLES)
        assert seen.violations() == []


def test_columns_and_rows_are_as_one_left_them_in_any_browser(browser: Browser, shop: Site) -> None:
    heads = "[...document.querySelectorAll('thead th')].map((one) => one.className.split(' ')[0].slice(2))"
    with window(browser, shop, "operator") as seen, window(browser, shop) as another:
        page = seen.page
        page.locator("#display summary").click()
        page.get_by_role("button", name="Move Ship by forward").click()
        expect(page.get_by_role("button", name="Move Ship by forward")).to_be_focused()
        back = page.get_by_role("button", name="Move Sale date back")
        back.click()
        expect(back).to_be_focused()
        page.locator("#display [value=by][type=checkbox]").uncheck()
        page.get_by_label("Compact").check()
        page.get_by_label("To a page").select_option("25")
        page.locator("#display").get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#rows > tr")).to_have_count(25)
        with window(browser, shop, "operator") as elsewhere:
            assert elsewhere.page.evaluate(heads) == ["po", "due", "shop", "sold", "items", "buyer", "total", "status"]
            expect(elsewhere.page.locator("table.compact #rows > tr")).to_have_count(25)
            expect(elsewhere.page.locator(".foot")).to_contain_text(re.compile(r"1–25 of \d+ orders"))
        assert another.page.evaluate(heads)[1] == "sold", "each person's own"


def test_a_column_that_reached_an_end_leaves_the_focus_in_its_row(browser: Browser, shop: Site) -> None:
    with window(browser, shop, "viewer") as seen:
        page = seen.page
        page.locator("#display summary").click()
        for column, way, other in (("Sale date", "forward", "back"), ("Total", "back", "forward")):
            page.get_by_role("button", name=f"Move {column} {way}").press("Enter")
            expect(page.get_by_label(f"Move {column} {way}")).to_be_disabled()
            expect(page.get_by_role("button", name=f"Move {column} {other}")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Move Total forward")).to_be_focused()


def test_compact_rows_have_one_line_and_a_second_only_for_what_is_urgent(browser: Browser, shop: Site) -> None:
    high = "([...rows]) => rows.map((one) => [one.offsetHeight, !!one.querySelector('.chip, small.bad')])"
    cut = """(all) => all.filter((one) => {
      const box = one.getBoundingClientRect(), cell = one.closest("td").getBoundingClientRect();
      return !box.width || box.left < cell.left + 8 || box.right > cell.right || box.bottom > cell.bottom;
    }).map((one) => one.outerHTML)"""
    with window(browser, shop, viewport={"width": 1280, "height": 700}) as seen:
        page = seen.page
        page.locator("#display summary").click()
        page.get_by_label("Compact").check()
        page.locator("#display").get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("table.compact")).to_be_visible()
        for width in (1280, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") == width
            rows = page.locator("#rows > tr").evaluate_all(high)
            assert {is_urgent for _, is_urgent in rows} == {True, False}
            assert max(height for height, is_urgent in rows if not is_urgent) <= 36, "one line"
            assert max(height for height, _ in rows) <= 64, "two at most"
            urgent = page.locator("#rows td > :is(.chip, small.bad, .badge)")
            expect(urgent.filter(has_text="Cancellation requested")).to_have_count(1)
            expect(urgent.filter(has_text="Sides differ")).to_have_count(1)
            assert urgent.evaluate_all(cut) == []
            assert page.locator("#rows .hint").evaluate_all(cut) == [], "what it waits for is explained in every row"
            beyond = page.locator("#rows .beyond:visible")
            assert beyond.count() == page.locator("#rows .c-items:has(div ~ div)").count() > 0, "no item goes unsaid"
            assert beyond.evaluate_all(cut) == []
        page.locator("#display summary").click()
        page.locator("#display").get_by_role("button", name="As it was at first").click()
        expect(page.locator("table.compact")).to_have_count(0)


def test_columns_that_are_hidden_give_their_room_to_what_a_compact_row_waits_for(browser: Browser, shop: Site) -> None:
    covered = """(all) => all.filter((one) => {
      const box = one.getBoundingClientRect(), hit = document.elementFromPoint(box.x + box.width / 2, box.y + 8);
      return !one.contains(hit);
    }).map((one) => one.outerHTML)"""
    with window(browser, shop, "operator", viewport={"width": 1280, "height": 900}) as seen:
        page = seen.page
        page.locator("#display summary").click()
        for column in ("sold", "due", "by", "total"):
            page.locator(f"#display [value={column}][type=checkbox]").uncheck()
        page.get_by_label("Compact").check()
        page.locator("#display").get_by_role("button", name="Save", exact=True).click()
        row = page.locator('[data-po="2802123875110"]')
        sentence = row.locator(".why")
        expect(sentence).to_have_text("Waiting for a shipment in Magento.")
        cell, end = row.locator(".c-status").bounding_box(), sentence.bounding_box()
        assert cell is not None
        assert end is not None
        assert end["x"] + end["width"] <= cell["x"] + cell["width"] - 80, "the sentence ends before its buttons begin"
        visible = page.locator("#rows tr:nth-child(-n+8) :is(.hint, .peek, .to-link)")
        assert visible.evaluate_all(covered) == []
        row.locator(".hint").click()
        expect(page.locator(".help:popover-open")).to_be_visible()
        expect(page.locator(".help:popover-open")).to_contain_text("shipment")
        page.keyboard.press("Escape")
        page.locator("#display summary").click()
        page.locator("#display").get_by_role("button", name="As it was at first").click()
        expect(page.locator("table.compact")).to_have_count(0)


def test_ten_that_arrive_between_two_pages_repeat_and_skip_none(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        before = rows_of(page)
        page.locator("#older").click()
        expect(page.locator("#newer")).to_be_visible()
        second = rows_of(page)
        expect(page.locator(".foot")).to_contain_text(f"51–{50 + len(second)} of {50 + len(second)} orders")
        arrive(shop, *(f"{8_000_000_000_000 + n}" for n in range(10)))
        page.reload()
        assert rows_of(page) == second
        page.locator("#newer").click()
        expect(page.locator("#older")).to_be_visible()
        assert rows_of(page) == before
        page.locator("#newer").click()
        expect(page.locator("#newer")).to_have_count(0)
        assert rows_of(page)[:10] == [f"{8_000_000_000_000 + n}" for n in range(10)]


HEAR = """
window.__heard = [];
new MutationObserver(() => window.__heard.push([Date.now(), document.querySelector("#aloud").textContent]))
  .observe(document.querySelector("#aloud"), { childList: true });
"""


def test_five_that_arrive_wait_behind_a_bar_and_are_told_aloud_but_not_one_by_one(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        page.clock.install()
        page.reload()
        page.evaluate(HEAR)
        page.locator("#rows tr").nth(2).hover()
        stood = rows_of(page)
        for n in range(5):
            arrive(shop, f"{7_000_000_000_000 + n}", hours_ago=-n / 60)
            # Only once htmx has taken up the element that the last answer brought, does it hear.
            comes_true(page, "!document.querySelector('.htmx-request, .htmx-added, .htmx-settling, .htmx-swapping')")
            page.evaluate("window.__hidden = false; htmx.trigger('#news', 'back'); window.__hidden = true")
            expect(page.locator("#news a")).to_contain_text(f"{n + 1} new order")
        assert rows_of(page) == stood
        page.clock.fast_forward(5_000)
        expect(page.locator("#aloud")).to_have_text("5 new orders")
        page.locator("#news a").click()
        expect(page.locator("#rows tr").first).to_have_attribute("data-po", "7000000000004")
        page.clock.fast_forward(5_000)
        expect(page.locator("#aloud")).to_contain_text("1–50 of")
        heard = page.evaluate("window.__heard")
        assert all(later - sooner >= 5_000 for (sooner, _), (later, _) in itertools.pairwise(heard)), heard
        assert page.locator("#aloud").get_attribute("aria-live") == "polite"


def test_what_is_chosen_survives_sorting_paging_and_looks_for_news_but_no_filter(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        chosen = page.locator("#rows tr:has(:checked)")
        expect(page.locator("#older")).to_be_visible()
        picked = [rows_of(page)[at] for at in (0, 2)]
        for po in picked:
            page.locator(f'[data-po="{po}"] .pick').check()
        page.evaluate("window.__hidden = false; htmx.trigger('#news', 'back'); window.__hidden = true")
        page.locator("#sort-sold").focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("sort=sold"))
        expect(page.locator("#said")).to_contain_text("1–50 of")
        expect(chosen).to_have_count(0)
        expect(page.locator("#picked")).to_have_text("2")
        page.locator("#rows .pick").first.check()
        expect(page.locator("#picked")).to_have_text("3")
        page.locator(".actions summary").click()
        page.get_by_role("button", name="Refresh…").click()
        expect(page.locator("#dialog[open]")).to_contain_text("3 orders")
        for po in picked:
            expect(page.locator("#dialog")).to_contain_text(po)
        page.keyboard.press("Escape")
        page.locator("#older").click()
        expect(page.locator("#newer")).to_be_visible()
        expect(chosen).to_have_count(2)
        assert sorted(chosen.evaluate_all("(all) => all.map((one) => one.dataset.po)")) == sorted(picked)
        page.locator(f'[data-po="{picked[0]}"] .pick').uncheck()
        expect(page.locator("#picked")).to_have_text("2")
        expect(page.locator("#said")).not_to_contain_text("no longer chosen")
        page.locator("#pick-all").check()
        page.locator("#every").check()
        every = page.locator("#picked").inner_text()
        page.locator("#newer").click()
        expect(page.locator("#newer")).to_have_count(0)
        expect(page.locator("#every")).to_be_checked()
        expect(page.locator("#picked")).to_have_text(every)
        expect(page.locator("#rows .pick:not(:checked)")).to_have_count(0)
        for way in (page.go_back, page.go_forward):
            page.locator("#grid").evaluate("(one) => one.classList.add('old')")
            way()
            expect(page.locator("#grid:not(.old)")).to_be_visible()
            expect(page.locator("#picked")).to_have_text(every)
        with page.expect_response(re.compile("/orders")):
            page.locator("#choose-none").click()
        expect(page.locator("#bulk")).to_be_hidden()
        page.locator("#rows .pick").first.check()
        page.locator("#tab-to-ship").click()
        expect(page.locator("#said")).to_contain_text("no longer chosen")
        expect(page.locator("#bar")).to_contain_text("1 order is no longer chosen: this is another list.")
        expect(page.locator(".pick:checked")).to_have_count(0)
        expect(page.locator("#bulk")).to_be_hidden()


IN_GREY = """
document.documentElement.style.filter = "grayscale(1)";
const place = document.body.appendChild(document.createElement("div"));
place.id = "in-grey";
place.style.cssText = "position: fixed; inset: 0 auto auto 0; z-index: 99; padding: 20px; background: white";
window.__at = (badge) => {
  const one = badge.cloneNode(true);
  one.style.cssText = "color: black; background: white";
  place.replaceChildren(one);
};
null;
"""


def test_a_reader_hears_a_plain_table_and_each_status_has_its_own_sign(browser: Browser, shop: Site) -> None:
    with window(browser, shop) as seen:
        page = seen.page
        heard = page.locator("table.orders").aria_snapshot()
        assert heard.startswith("- 'table \"Orders: 1–50 of")
        assert '- columnheader "Sale date"' in heard
        assert re.search(r'- rowheader "Choose order 2802123876701 2802123876701 CO \d+"', heard)
        assert page.locator("[role=grid], [role=gridcell]").count() == 0
        assert page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
        signs = page.locator("#rows .badge").evaluate_all(
            "(all) => all.map((one) => [one.textContent.trim(), one.querySelector('use').getAttribute('href')])"
        )
        told = {tuple(sign) for sign in signs}
        words, drawn = {word for word, _ in told}, {sign for _, sign in told}
        assert len(told) == len(words) == len(drawn) == 5, "without colour too"
        marks = page.locator("#rows .chip .i").evaluate_all("(all) => all.map((one) => one.checkVisibility())")
        assert len(marks) >= 2
        assert all(marks), "a mark has its icon at any width"
        page.evaluate(IN_GREY)
        seen_as: dict[str, set[bytes]] = {}
        words_of = [word for word, _ in signs]
        for at in [at for at, word in enumerate(words_of) if words_of[:at].count(word) < 3]:
            page.evaluate("(at) => window.__at(document.querySelectorAll('#rows .badge')[at])", at)
            seen_as.setdefault(words_of[at], set()).add(page.locator("#in-grey .i").screenshot())
        assert {len(pictures) for pictures in seen_as.values()} == {1}, "a status looks the same in each row"
        assert len(seen_as) == len(set().union(*seen_as.values())) == 5, "and has a shape that no other has"


@pytest.fixture
def phone(browser: Browser, shop: Site) -> Iterator[Page]:
    small = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with window(browser, shop, "operator", **small) as seen:
        yield seen.page
        assert seen.overflow() <= 0


def test_eight_tasks_by_thumb(phone: Page) -> None:
    tapped: Callable[[str], None] = lambda selector: phone.locator(selector).first.tap()  # noqa: E731
    phone.get_by_label("Search orders").fill("cable")
    expect(phone.locator("#rows > tr")).to_have_count(1)
    tapped("#pill-find")
    expect(phone.locator("#pill-find")).to_have_count(0)
    expect(phone.get_by_label("Search orders")).to_have_value("")
    tapped("#filters > summary")
    box = phone.locator("#filters .sheet").bounding_box()
    assert box is not None
    assert (box["x"], box["width"], round(box["y"] + box["height"])) == (0, 360, 740), "a sheet at the thumb"
    phone.locator("#f-status").select_option("canceled")
    phone.get_by_role("button", name="Show orders").tap()
    expect(phone.locator("#rows > tr[data-po]")).to_have_count(1)
    assert rows_of(phone) == ["2802123873888"]
    tapped("#pill-status")
    expect(phone.locator("#pill-status")).to_have_count(0)
    for tab in ("#tab-late", "#tab-all"):
        tapped(tab)
        expect(phone.locator(tab)).to_have_attribute("aria-current", "page")
    tapped("#sort-due")
    expect(phone).to_have_url(re.compile(r"orders\?sort=due$"))
    expect(phone.locator(".h-due")).to_have_attribute("aria-sort", "ascending")
    phone.locator('[data-po="2802123875110"] .peek').focus()
    for many in (1, 0):
        tapped('[data-po="2802123875110"] .peek')
        expect(phone.locator(".peeked").filter(has_text="In full")).to_have_count(many)
    tapped('[data-po="2802123875110"] a.id')
    expect(phone.locator("#r-head")).to_contain_text("Unshipped")
    phone.go_back()
    for po in ("2802123875110", "2802123876600"):
        phone.locator(f'[data-po="{po}"] .pick').tap()
    expect(phone.locator("#picked")).to_have_text("2")
    tapped(".actions summary")
    phone.get_by_role("button", name="Refresh…").tap()
    expect(phone.locator("#dialog[open]")).to_contain_text("2 orders")
    for button in phone.locator("#dialog .btn:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert size["height"] >= 40
