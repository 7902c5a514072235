"""What a person waits for: a page's first look, its answer to a hand, and its weight, in a slow browser on a slow line.

The browser's own throttling is used: its processor four times slower, and the line that browsers call slow 4G, where
each request waits 562.5 ms and 1.6 Mbit/s come down, of which nine tenths are ours. The baseline is the same browser
without it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.figures import spread, table, verdict
from bench.grid import fill
from bench.stage import Stage, connect, forget, stage
from tests.chromium import chromium
from tests.views.scene import draw
from webapp import people
from webapp.app import create_app

ORDERS = 100_000
ROUNDS = 5
SLOWER = 4
SLOW_4G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.6e6 * 0.9 / 8,
    "uploadThroughput": 750e3 * 0.9 / 8,
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
BUDGETS = {
    "first byte": 0,
    "LCP": 1500,
    "INP": 150,
    "CLS": 0.02,
    "kB": 80,
    "requests": 8,
    "JS": 20,
    "CSS": 12,
    "HTML": 25,
}
WATCH = """
window.__seen = { LCP: 0, CLS: 0, INP: 0 };
const watch = (type, note, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...more });
watch("largest-contentful-paint", (each) => { __seen.LCP = each.startTime; });
watch("layout-shift", (each) => { if (!each.hadRecentInput) __seen.CLS += each.value; });
const longest = (each) => { if (each.interactionId) __seen.INP = Math.max(__seen.INP, each.duration); };
watch("event", longest, { durationThreshold: 16 });
"""


WEIGH = """
(() => {
  const [page] = performance.getEntriesByType("navigation");
  const all = [page, ...performance.getEntriesByType("resource").filter((each) => each.startTime < page.loadEventEnd)];
  const sum = (field, fits) => all.filter(fits).reduce((sofar, each) => sofar + each[field], 0) / 1000;
  const ends = (end) => sum("encodedBodySize", (each) => each.name.includes(end));
  return {
    "first byte": page.responseStart, kB: sum("transferSize", () => true), requests: all.length,
    JS: ends(".js"), CSS: ends(".css"), HTML: page.encodedBodySize / 1000,
  };
})()
"""
"""What came until the page was whole: kB on the line, and as packed, as the browser itself counts them."""

Figures = dict[str, float]


def main(*, quick: bool) -> None:
    """Look at each page some times, cold, throttled and not."""
    rounds = 2 if quick else ROUNDS
    with stage() as played, sync_playwright() as playwright:
        try:
            executable = chromium()
        except FileNotFoundError as error:
            print(error)
            return
        link, rich = _furnished(played, ORDERS // 10 if quick else ORDERS)
        base = f"http://127.0.0.1:{played.web()}"
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        cookies = _signed_in(browser, base + link)
        pages = {"orders": ("/orders", _hands_on_the_grid), "order": (rich, _hands_on_an_order)} | {
            "dashboard": ("/dashboard", _hands_on_the_dashboard)
        }
        print(f"\nEach page cold, {rounds} times, in {executable}; JS, CSS and HTML in kB as packed")
        for name, (path, hands) in pages.items():
            _report(
                name, [[_look(browser, cookies, base + path, hands, slow) for _ in range(rounds)] for slow in (0, 1)]
            )
        browser.close()


def _report(name: str, looks: list[list[Figures]]) -> None:
    lines = []
    for what, budget in BUDGETS.items():
        fast, slow = ([look[what] for look in some] for some in looks)
        digits = {"CLS": 3, "kB": 1, "JS": 1, "CSS": 1, "HTML": 1}.get(what, 0)
        judged = verdict(statistics.median(slow), budget, at_least=False) if budget else ""
        lines.append([what, spread(fast, digits), spread(slow, digits), judged])
    print(f"\n{table((name, 'as it is', 'slow', ''), lines)}", flush=True)


def _furnished(played: Stage, orders: int) -> tuple[str, str]:
    """So many orders, and a few with everything on their pages; the way in, and to the richest page."""
    connect(played, None)
    app = create_app(played.settings)
    fill(app, orders)
    with app.app_context():
        key, po = draw()
        link = people.first_link()
        forget(app)
    return str(link), f"/orders/{key}/{po}"


def _signed_in(browser: Browser, link: str) -> list[Any]:
    """What the browser keeps of a sign-in; the server has then answered once."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    page.goto(link.partition("/sign-in")[0] + "/dashboard")
    kept = context.cookies()
    context.close()
    return list(kept)


def _look(browser: Browser, cookies: list[Any], url: str, hands: Callable[[Page], None], slow: int) -> Figures:
    with _window(browser, cookies) as (context, page):
        if slow:
            devtools = context.new_cdp_session(page)
            devtools.send("Network.enable")
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            devtools.send("Network.emulateNetworkConditions", SLOW_4G)
        page.goto(url)
        page.wait_for_load_state("networkidle")
        found: Figures = page.evaluate(WEIGH) | {"LCP": page.evaluate("__seen.LCP")}
        hands(page)
        page.wait_for_timeout(700)
        seen: Figures = page.evaluate("__seen")
        return seen | found


@contextmanager
def _window(browser: Browser, cookies: list[Any]) -> Iterator[tuple[BrowserContext, Page]]:
    """A window with an empty store of files, 1440 pixels wide."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    context.add_cookies(cookies)
    page = context.new_page()
    page.add_init_script(WATCH)
    try:
        yield context, page
    finally:
        context.close()


def _hands_on_the_grid(page: Page) -> None:
    """Open the filters and leave them, tick two, open the actions, untick, type a search, change the list."""
    page.locator("#filters > summary").click()
    page.keyboard.press("Escape")
    picks = page.locator("#rows .pick")
    picks.nth(0).click()
    picks.nth(1).click()
    page.locator(".actions summary").click()
    page.keyboard.press("Escape")
    picks.nth(0).click()
    picks.nth(1).click()
    page.locator("#q").press_sequentially("mug 12")
    page.wait_for_timeout(2500)
    page.locator("#tab-late").click()
    page.wait_for_timeout(2500)


def _hands_on_an_order(page: Page) -> None:
    """Open a call of the log, begin a note, narrow the log."""
    page.locator("#r-log details summary").first.click()
    page.get_by_text("Add a note…").click()
    page.locator("#note-text").press_sequentially("Ring twice")
    page.locator("#log-kind").select_option("people")
    page.wait_for_timeout(2500)


def _hands_on_the_dashboard(page: Page) -> None:
    """Open the account's menu and the sources of the limits."""
    page.get_by_label("Your account").click()
    page.keyboard.press("Escape")
    page.locator("#sources summary").click()
