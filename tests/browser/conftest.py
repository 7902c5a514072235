"""A real server in a thread and a real browser that reports whatever it did not like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.house import House, Site, furnish, served
from tests.chromium import chromium

PATIENCE = 120_000
"""So many milliseconds may pass on a machine that has much else to do."""
expect.set_options(timeout=30_000)

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REPORT_VIOLATIONS = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(event.violatedDirective + " " + event.blockedURI);
});
window.__hidden = false;
Object.defineProperty(document, "hidden", { get: () => window.__hidden });
"""


@dataclass
class Visit:
    """A browser window, what it complained about and what it asked for."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return found

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.__violations")
        return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server of this test's own."""
    with served(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The furnished house, for all tests that change nothing in it."""
    with served(tmp_path_factory.mktemp("house")) as made:
        yield furnish(made)


@pytest.fixture(scope="session")
def newcomers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server on its first day: nothing is connected."""
    with served(tmp_path_factory.mktemp("empty")) as made:
        yield made


def visit(context: BrowserContext, site: Site) -> Visit:
    """A window that notes its complaints and requests."""
    made = Visit(context.new_page(), site)
    context.set_default_timeout(PATIENCE)
    made.page.add_init_script(REPORT_VIOLATIONS)
    made.page.on("console", made.note)
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("request", lambda request: made.requests.append(request.url))
    return made


def enter(context: BrowserContext, site: Site, role: str = "admin") -> None:
    """Sign in as somebody with this role; the page that a browser would be led to then is not loaded."""
    answer = context.request.get(site.link(role), max_redirects=0)
    assert answer.status == 303


def comes_true(page: Page, what: str) -> None:
    """Wait for an expression; asked from outside, since the page itself evaluates no text."""
    for _ in range(600):
        if page.evaluate(what):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {what}; scrolled to {page.evaluate('scrollY')}")


def look_again(page: Page) -> None:
    """The page asks for what is new, once whatever came last has settled: before that nobody hears the asking."""
    comes_true(page, "!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')")
    page.evaluate("htmx.trigger('#watch', 'back')")


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[Visit]:
    """A signed-in admin's window, with scripts, 1440 pixels wide."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    made = visit(context, site)
    enter(context, site)
    yield made
    context.close()
