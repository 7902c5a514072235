"""Every page in its states: axe-core (WCAG 2.2 A and AA) in light and dark at three widths, and what it cannot see.

What it cannot see is looked at along the way: nothing sticks out at any width down to 320 pixels (1280 at 400 %),
the content policy is never touched, nothing comes from elsewhere, and the console stays silent.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Visit, enter, visit
from tests.browser.house import House, Site

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
OF_NAMES = ["link-name", "button-name"]
OF_LAYOUT = ["target-size", "scrollable-region-focusable"]
WIDTHS: tuple[tuple[int, list[str]], ...] = (
    (1440, []),
    (768, [*OF_LAYOUT, *OF_COLOUR]),
    (360, [*OF_LAYOUT, *OF_NAMES]),
)
"""Which rules at which width: all of them once, then those whose answer a theme or a width can change."""
THEMES = (("light", "dark", "light"), ("dark", "light", "dark"))
"""Themes turn about from width to width, and from page to page."""
THOROUGH = os.environ.get("AXE") == "thorough"
"""`AXE=thorough script/test tests/browser/test_axe.py`: every rule in both themes at each width, four times as long."""
NARROWEST = 320
RUN = """async ([tags, rules, part]) => {
  const only = rules.length ? { type: "rule", values: rules } : { type: "tag", values: tags };
  const rest = rules.length ? {} : { "target-size": { enabled: true } };
  const options = { runOnly: only, rules: rest, resultTypes: ["violations"], preload: false, iframes: false };
  const found = await axe.run(document.querySelector(part), options);
  return found.violations.map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 160)).slice(0, 4)]);
}"""
TOO_WIDE = """() => {
  const root = document.documentElement, over = root.scrollWidth - root.clientWidth;
  if (over <= 0) return [];
  const sticks = (one) => one.getBoundingClientRect().right > root.clientWidth + 1;
  // The table of orders may pan, but on a phone; nothing else goes with it. The tabs pan by themselves.
  const table = innerWidth > 700 ? document.querySelector("table.orders") : null;
  const out = [...document.querySelectorAll("main *")].filter(sticks)
    .filter((one) => !table || (one.checkVisibility() && !one.closest("[popover]")))
    .filter((one) => !table || !(one.contains(table) || table.contains(one) || one.closest(".tabs > a")));
  return table && !out.length ? [] : [over, ...out.slice(0, 4).map((one) => one.outerHTML.slice(0, 120))];
}"""


@dataclass(frozen=True)
class State:
    """A page, what is done on it, and which part of it that brings; the rest was looked at before."""

    path: str
    act: Callable[[Page], None] | None = None
    part: str = "html"
    turns: tuple[int, ...] = ()
    """Which of `THEMES`; none: as it comes."""


def _click(*selectors: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for selector in selectors:
            page.locator(selector).first.click()

    return act


def _asked(action: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("#rows .pick").first.check()
        page.locator("#rows .pick").nth(3).check()
        page.locator(".actions summary").click()
        page.get_by_role("button", name=action).click()
        page.locator("#dialog[open] h1").wait_for()

    return act


def _peeked(page: Page) -> None:
    page.locator("#rows .peek").first.click()
    page.locator("#rows .peeked").wait_for()


def _sent(button: str = "main .btn.primary", **fields: str) -> Callable[[Page], None]:
    """The form as somebody sends it who leaves out what it needs."""

    def act(page: Page) -> None:
        page.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })")
        for name, value in fields.items():
            page.locator(f"main [name={name}]").first.fill(value)
        page.locator(button).first.click()
        page.locator("main :is(.mistake, .flash.bad)").first.wait_for()

    return act


SOME, FEW = "/orders?status=unshipped", "/orders?status=canceled"
"""Lists of four and of one, for what opens above them: each row more is looked through as well."""
ORDER = "/orders/{key}/{po}"
PARKED = "/orders/{key}/2802123876522"
WISH = "/orders/{key}/2802123876600"
ACCOUNT = "/settings/accounts/{key}"
STORE = "/settings/stores/{store}"
SURE = "[name=step][value=look]"

PAGES: dict[str, dict[str, State]] = {
    "the grid": {
        "as it is": State("/orders", turns=(0, 1)),
        "a filter with a mistake": State("/orders?status=unshipped&total_from=x", part="#grid"),
        "filters": State("/orders?status=unshipped", _click("#filters summary"), "#bar"),
        "views": State(FEW, _click("#views summary"), "#views"),
        "display": State(FEW, _click("#display summary"), "#display"),
        "export": State(FEW, _click("#export summary"), "#export"),
        "rows chosen": State(SOME, _click("#rows .pick", ".actions summary"), "#bulk"),
        "a look at the log": State(SOME, _peeked, "#rows .peeked"),
        "keys": State(FEW, lambda page: page.keyboard.press("?"), "#keys"),
        "what a word means": State(SOME, _click("#rows .hint"), ".help:popover-open"),
        "the account menu": State(FEW, _click("header .menu:not(.places) summary"), "header"),
        "nothing found": State("/orders?status=canceled&magento=no", part="main"),
        "all done": State("/orders?tab=failed&account=none", part="#grid"),
    },
    "questions about many orders": {
        "refresh": State(SOME, _asked("Refresh…"), "#dialog"),
        "ship": State(SOME, _asked("Mark as shipped…"), "#dialog"),
        "cancel": State(SOME, _asked("Cancel…"), "#dialog"),
        "a sheet": State("/orders/ship-sheet", part="main"),
        "a sheet with mistakes": State("/orders/ship-sheet", _sent(sheet="nonsense,1\n2,x,1"), "main"),
        "jobs": State("/bulk", part="main"),
        "a job": State("/bulk/{job}", part="main"),
    },
    "an order": {
        "partly shipped": State(ORDER, _click("#r-log summary"), turns=(0, 1)),
        "parked": State(PARKED, _click("#r-next .giveup summary")),
        "hostile": State("/orders/{key}/2802123872000", part="main"),
        "to be canceled": State(WISH, part="main"),
        "undecided": State("/orders/{key}/{undecided}", part="main"),
        "a reason told": State("/orders/{key}/2802123875110", _click(".what summary"), "main"),
        "its log alone": State(ORDER + "/log", part="main"),
        "erasing": State("/orders/{key}/2802123874001/erase", part="main"),
        "a product to link": State(PARKED + "/product?sku=CBL-1M-BLK", part="main"),
        "stock": State(ORDER + "/stock", part="main"),
        "created again": State(ORDER + "/recreate", part="main"),
    },
    "by hand": {
        "ship": State(ORDER + "/ship", part="main"),
        "ship, with a mistake": State(ORDER + "/ship", _sent(carrier="Parcel Bee", number="1"), "main"),
        "ship against a wish": State(WISH + "/ship", part="main"),
        "cancel": State(WISH + "/cancel", part="main"),
        "cancel, with a mistake": State(ORDER + "/cancel", _sent(), "main"),
        "refund": State(ORDER + "/refund", part="main"),
        "refund, with a mistake": State(ORDER + "/refund", _sent(SURE), "main"),
        "deal": State("/orders/{key}/{undecided}/shipments/34/deal", part="main"),
        "address": State(ORDER + "/address", part="main"),
        "address, with a mistake": State(ORDER + "/address", _sent(name="", city=""), "main"),
        "a dialog": State(ORDER, _click(".doing [data-dialog]"), "#dialog"),
    },
    "what goes on": {
        "dashboard": State("/dashboard", turns=(0, 1)),
        "incoming": State("/incoming", part="main"),
        "failed events": State("/incoming?state=failed", part="main"),
        "an event": State("/incoming/1", part="main"),
        "replay": State("/incoming/replay?state=failed", part="main"),
        "refused": State("/incoming/refused", part="main"),
        "outgoing": State("/outgoing", part="main"),
        "parked": State("/outgoing?state=parked", part="main"),
        "a command": State("/outgoing/1", part="main"),
        "log": State("/log", part="main"),
        "polls": State("/polls", part="main"),
    },
    "settings": {
        "accounts": State("/settings/accounts"),
        "an account": State(ACCOUNT, part="main"),
        "an account, with a mistake": State(ACCOUNT, _sent(client_id=""), "main"),
        "its orders": State(ACCOUNT + "/orders", part="main"),
        "reimport": State(ACCOUNT + "/reimport", part="main"),
        "reimport, with a mistake": State(ACCOUNT + "/reimport", _sent(since="", until=""), "main"),
        "an account to remove": State(ACCOUNT + "/remove", part="main"),
        "a new account": State("/settings/accounts/new", part="main"),
        "a new account, with mistakes": State("/settings/accounts/new", _sent(), "main"),
    },
    "stores and people": {
        "stores": State("/settings/stores", part="main"),
        "a store": State(STORE, part="main"),
        "a store to remove": State(STORE + "/remove", part="main"),
        "a new store": State("/settings/stores/new", part="main"),
        "a new store, with mistakes": State("/settings/stores/new", _sent(), "main"),
        "people": State("/settings/people", part="main"),
        "people, with a mistake": State("/settings/people", _sent("#add .btn.primary"), "main"),
        "alerts": State("/settings/alerts", part="main"),
        "what the words mean": State("/help", part="main"),
        "one's account": State("/account"),
        "one's account, with a mistake": State("/account", _sent(), "main"),
        "an error": State("/nothing"),
    },
}

ON_END = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [], range = new Range();
  while (walk.nextNode()) {
    const said = walk.currentNode.data.trim();
    const around = walk.currentNode.parentElement;
    if (said.length < 4 || around.offsetWidth === 1 || !around.checkVisibility()) continue;
    range.selectNodeContents(walk.currentNode);
    const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
    if (lines > 3 && lines * 2 > said.length) found.push(said.slice(0, 60));
  }
  return found;
}"""
"""Words that stand one letter a line."""


class Looking:
    """One window that looks at states."""

    def __init__(self, seen: Visit) -> None:
        self.seen = seen
        self.turn = 0

    def at(self, path: str, state: State) -> list[Any]:
        """What is wrong with this state, with the width and theme at which it is."""
        page, found = self.seen.page, []
        self.seen.go(path)
        if state.act:
            state.act(page)
        page.evaluate("window.__hidden = true")
        page.evaluate(AXE_SCRIPT)
        for turn in (0, 1) if THOROUGH else state.turns or (self.turn,):
            for (width, rules), theme in zip(WIDTHS, THEMES[turn], strict=True):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
                found += [
                    (width, theme, *each) for each in page.evaluate(RUN, [TAGS, [] if THOROUGH else rules, state.part])
                ]
                found += self._badly_set(width)
        page.set_viewport_size({"width": NARROWEST, "height": 640})
        found += self._badly_set(NARROWEST)
        page.set_viewport_size({"width": WIDTHS[0][0], "height": 900})
        self.turn = 1 - self.turn
        return found + self._complaints(path)

    def _badly_set(self, width: int) -> list[Any]:
        wide, on_end = (self.seen.page.evaluate(each) for each in (TOO_WIDE, ON_END))
        return [(width, what, *each) for what, each in (("too wide", wide), ("on end", on_end)) if each]

    def _complaints(self, path: str) -> list[Any]:
        """What the browser did not like; that a page answers 404 or 422 as it should is no complaint."""
        seen = self.seen
        said = [text for text in seen.complaints if "status of 4" not in text]
        away = [url for url in seen.requests if not url.startswith(seen.site.url)]
        found = [*said, *away, *seen.violations()]
        seen.complaints.clear()
        seen.requests.clear()
        return found


def _window(browser: Browser, site: Site, role: str = "") -> Iterator[Looking]:
    context = browser.new_context(viewport={"width": WIDTHS[0][0], "height": 900})
    seen = visit(context, site)
    if role:
        enter(context, site, role)
    yield Looking(seen)
    context.close()


@pytest.fixture(scope="module")
def admin(browser: Browser, house: House) -> Iterator[Looking]:
    yield from _window(browser, house.site, "admin")


@pytest.mark.parametrize("kind", PAGES)
def test_no_page_keeps_anybody_out(admin: Looking, house: House, kind: str) -> None:
    found = {name: admin.at(house.path(state.path), state) for name, state in PAGES[kind].items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


EMPTY = ("/orders", "/dashboard", "/incoming", "/outgoing", "/log", "/polls", "/bulk", "/settings/accounts")


def test_nor_does_an_empty_one(browser: Browser, newcomers: Site) -> None:
    for look in _window(browser, newcomers, "admin"):
        found = {path: look.at(path, State(path, part="main")) for path in (*EMPTY, "/settings/stores")}
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_nor_the_door(browser: Browser, house: House) -> None:
    doors = {
        "sign in": State("/sign-in"),
        "a wrong password": State("/sign-in", _sent(email="nobody@shop.example", password="no")),
        "a used link": State("/sign-in/used-long-ago"),
    }
    for look in _window(browser, house.site):
        found = {name: look.at(state.path, state) for name, state in doors.items()}
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_what_a_viewer_may_not_do_keeps_nobody_out_either(browser: Browser, house: House) -> None:
    for look in _window(browser, house.site, "viewer"):
        states = {"order": State(ORDER), "refused": State(ORDER + "/ship"), "grid": State("/orders", part="#grid")}
        found = {name: look.at(house.path(state.path), state) for name, state in states.items()}
        assert {name: wrong for name, wrong in found.items() if wrong} == {}
