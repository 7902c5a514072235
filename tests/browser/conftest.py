"""A real server in a thread and a real browser that reports whatever it did not like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

from tests.views.conftest import PEOPLE, built, settings_in
from webapp import people
from webapp.models import db

CHROMIUM = "/usr/bin/chromium"
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
class Site:
    """The running server."""

    app: Flask
    url: str

    def link(self, role: str = "admin") -> str:
        with self.app.app_context():
            return self.url + people.issue_link(PEOPLE[role])


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
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    app = built(settings_in(tmp_path))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(app, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


def visit(context: BrowserContext, site: Site) -> Visit:
    """A window that notes its complaints and requests."""
    made = Visit(context.new_page(), site)
    made.page.add_init_script(REPORT_VIOLATIONS)
    made.page.on("console", made.note)
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("request", lambda request: made.requests.append(request.url))
    return made


@pytest.fixture
def window(browser: Browser, site: Site) -> Iterator[Visit]:
    """A signed-in admin's window, with scripts, 1440 pixels wide."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    made = visit(context, site)
    made.page.goto(site.link())
    yield made
    context.close()
