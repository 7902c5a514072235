"""Everything is reached: by keys alone, at any zoom and spacing, in forced colours, at rest, and within few bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit, enter, visit
from tests.browser.house import House

pytestmark = pytest.mark.browser

COVERED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  if (one === document.body || !box.width || !box.height) return "";
  const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 20), 1), innerWidth - 1);
  const seen = [box.top + 2, box.top + box.height / 2, box.bottom - 2].some((y) => {
    const top = document.elementFromPoint(x, y);
    return top && (one.contains(top) || top.contains(one) || one.labels?.[0]?.contains(top));
  });
  return seen ? "" : one.outerHTML.slice(0, 120);
}"""
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }`);
  document.adoptedStyleSheets = [sheet];
}"""
CUT = """() => [...document.querySelectorAll("main :is(.btn, .badge, .chip)")]
  .filter((one) => one.scrollWidth > one.clientWidth + 2).map((one) => one.outerHTML.slice(0, 90))"""
STRAYING = """(cells) => [...document.querySelectorAll(cells)].flatMap((cell) => {
  const edge = cell.getBoundingClientRect();
  return [...cell.querySelectorAll("*")].filter((one) => {
    const box = one.getBoundingClientRect();
    return one.checkVisibility() && box.width && (box.right > edge.right + 1 || box.left < edge.left - 1);
  }).map((one) => cell.className + ": " + one.outerHTML.slice(0, 90));
})"""
FOCUSED = "document.activeElement.id || document.activeElement.tagName"


@pytest.fixture(scope="module")
def seen(browser: Browser, house: House) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    made = visit(context, house.site)
    enter(context, house.site)
    yield made
    context.close()


@pytest.fixture
def page(seen: Visit) -> Iterator[Page]:
    """The grid, at 1440 pixels, where nothing is asked for by itself."""
    seen.page.set_viewport_size({"width": 1440, "height": 900})
    seen.go("/orders")
    seen.page.evaluate("window.__hidden = true")
    yield seen.page
    seen.page.emulate_media(forced_colors="none", reduced_motion="no-preference")


def test_keys_alone_lead_through_the_grid_and_its_menus(page: Page) -> None:
    keys = page.keyboard
    keys.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.locator("h1").click()
    keys.press("j")
    keys.press("j")
    second = page.locator("#rows tr").nth(1)
    expect(second.locator("a.id")).to_be_focused()
    keys.press("x")
    expect(second.locator(".pick")).to_be_checked()
    page.locator(".actions summary").focus()
    keys.press("Enter")
    keys.press("Tab")
    expect(page.get_by_role("button", name="Acknowledge…")).to_be_focused()
    keys.press("Escape")
    expect(page.locator(".actions summary")).to_be_focused()
    keys.press("Enter")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#dialog[open] h1")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#dialog")).not_to_be_visible()
    assert page.evaluate(FOCUSED) != "BODY"
    keys.press("?")
    expect(page.locator("#keys")).to_be_visible()
    keys.press("Escape")
    for menu in ("filters", "views", "display", "export"):
        summary = page.locator(f"#{menu} > summary")
        page.locator("#rows .pick").nth(1).uncheck()
        summary.focus()
        keys.press("Enter")
        keys.press("Tab")
        assert page.evaluate(f"document.querySelector('#{menu}').contains(document.activeElement)")
        keys.press("Escape")
        expect(summary).to_be_focused()


@pytest.mark.parametrize("width", [1440, 360])
def test_what_has_the_focus_is_never_hidden_below_what_sticks(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 420})
    page.locator("#rows .pick").first.check()
    covered = []
    for key, times in (("Tab", 60), ("Shift+Tab", 45)):
        for _ in range(times):
            page.keyboard.press(key)
            covered.append(page.evaluate(COVERED))
    assert {each for each in covered if each} == set()


def test_a_list_that_went_leaves_the_focus_in_the_new_one(page: Page) -> None:
    page.goto(page.url + "?status=unshipped")
    page.locator("#pill-status").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pill-status")).to_have_count(0)
    expect(page.locator("#rows a.id").first).to_be_focused()


@pytest.mark.parametrize("path", ["/orders", "/orders/{key}/{po}", "/dashboard", "/settings/accounts/{key}/orders"])
def test_wider_spacing_loses_nothing(seen: Visit, house: House, path: str) -> None:
    seen.go(house.path(path))
    seen.page.evaluate(SPACED)
    for width in (1440, 360, 320):
        seen.page.set_viewport_size({"width": width, "height": 800})
        assert width > 1180 or seen.overflow() <= 0, f"{width}: only a table may be wider than the window"
        assert seen.page.evaluate(CUT) == [], width
    seen.page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize(("width", "cells"), [(1440, "#rows > tr > *"), (1024, "#rows > tr > *"), (360, "#rows > tr")])
def test_names_of_two_hundred_letters_stay_in_their_cells(page: Page, width: int, cells: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.locator('[data-po="2802123872000"]')).to_be_visible()
    assert page.evaluate(STRAYING, cells) == []


def test_forced_colours_leave_edges_where_colour_alone_told(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    style: Any = "(e) => [getComputedStyle(e).borderTopStyle, parseFloat(getComputedStyle(e).borderTopWidth) > 0]"
    for selector in (".badge", ".chip.bad", "#filters > summary", "#q"):
        assert page.locator(selector).first.evaluate(style) == ["solid", True], selector
    page.locator("#tab-late").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.locator("#tab-late").evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    on, off = (
        page.locator(f".tabs a{which}").first.evaluate("(e) => getComputedStyle(e).borderBottomColor")
        for which in ("[aria-current]", ":not([aria-current])")
    )
    assert on != off


def test_nothing_moves_for_who_wants_no_motion(page: Page) -> None:
    running = "document.getAnimations().filter((each) => each.playState === 'running').length"
    expect(page.locator(".why.busy")).to_be_visible()
    assert page.evaluate(running) > 0
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(running) == 0


def test_the_first_look_at_the_orders_is_light(
    browser: Browser, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    enter(context, house.site)
    cold = visit(context, house.site)
    cold.page.add_init_script("window.__hidden = true")
    cold.go("/orders")
    cold.page.wait_for_load_state("networkidle")
    found: list[tuple[str, int, int]] = cold.page.evaluate(
        "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
        ".map((each) => [each.name, each.transferSize, each.encodedBodySize])"
    )
    total = sum(whole for _, whole, _ in found)
    scripts, styles = (sum(body for url, _, body in found if end in url) for end in (".js", ".css"))
    with capsys.disabled():
        print(f"\norders page, cold: {len(found)} requests, {total} bytes, scripts {scripts}, styles {styles}")
    assert len(found) <= 8
    assert total <= 80_000
    assert scripts <= 20_000
    assert styles <= 12_000
    assert all(url.startswith(house.site.url) for url, _, _ in found)
    kept = cold.page.evaluate("[...Object.values(localStorage), ...Object.values(sessionStorage)]")
    assert set(kept) <= {"/orders"}, "htmx keeps the present path and nothing else"
    context.close()
