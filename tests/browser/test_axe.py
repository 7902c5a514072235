"""Every page in its states, looked at by axe-core: WCAG 2.2 A and AA, light and dark, at three widths."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.browser.conftest import Site
from tests.views.conftest import built, settings_in
from tests.views.scene import draw
from webapp import notes
from webapp.models import OrderRow, db

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
OF_LAYOUT = ["target-size", "scrollable-region-focusable"]
LOOKS: tuple[tuple[int, str, list[str]], ...] = (
    (1440, "light", []),
    (1440, "dark", OF_COLOUR),
    (768, "dark", [*OF_LAYOUT, *OF_COLOUR]),
    (360, "light", [*OF_LAYOUT, *OF_COLOUR]),
)
"""Width, theme, and which rules: all of them once, then those whose answer a theme or a width can change."""
RUN = """async ([tags, rules]) => {
  const only = rules.length ? { type: "rule", values: rules } : { type: "tag", values: tags };
  const rest = rules.length ? {} : { "target-size": { enabled: true } };
  const found = await axe.run(document, { runOnly: only, rules: rest, resultTypes: ["violations"] });
  return found.violations.map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 160)).slice(0, 4)]);
}"""


@dataclass
class Looked:
    """One window for all states, on one server."""

    page: Page
    url: str
    key: str
    po: str

    def found(self) -> list[Any]:
        """Violations in this state, in light and dark and at each width."""
        self.page.evaluate(AXE_SCRIPT)
        found = []
        for width, scheme, rules in LOOKS:
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            found += [(width, scheme, *each) for each in self.page.evaluate(RUN, [TAGS, rules])]
        self.page.set_viewport_size({"width": LOOKS[0][0], "height": 900})
        return found


@pytest.fixture(scope="module")
def looked(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    folder: Path = tmp_path_factory.mktemp("axe")
    app = built(settings_in(folder))
    with app.app_context():
        key, po = draw()
        row = db.session.query(OrderRow).filter_by(po=po).one()
        notes.add(row.id, "Ring twice.", "bob@shop.example", "r1")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site = Site(app, f"http://127.0.0.1:{server.server_port}")
    context = browser.new_context(viewport={"width": LOOKS[0][0], "height": 900})
    page = context.new_page()
    page.goto(site.link())
    yield Looked(page, site.url, key, po)
    context.close()
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()


def _opened(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.click()


def _nothing(_page: Page) -> None:
    return None


def _chosen(page: Page) -> None:
    page.locator("#rows .pick").first.check()
    page.locator(".actions summary").click()


def _asked(page: Page) -> None:
    _chosen(page)
    page.get_by_role("button", name="Refresh…").click()
    page.locator("#dialog[open] h1").wait_for()


def _peeked(page: Page) -> None:
    page.locator("#rows .peek").first.click()
    page.locator("#rows .peeked").wait_for()


STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "the grid": ("/orders", _nothing),
    "a filter open": ("/orders?status=unshipped&sold_from=x", _nothing),
    "views open": ("/orders", _opened("#views summary")),
    "display open": ("/orders", _opened("#display summary")),
    "export open": ("/orders", _opened("#export summary")),
    "rows chosen": ("/orders", _chosen),
    "a question": ("/orders", _asked),
    "a look at the log": ("/orders", _peeked),
    "keys": ("/orders", lambda page: page.keyboard.press("?")),
    "nothing found": ("/orders?status=canceled&magento=no", _nothing),
    "all done": ("/orders?tab=failed&account=none", _nothing),
    "the account menu": ("/orders", _opened("header .menu summary")),
    "an order": ("/orders/{key}/{po}", _opened("#r-log summary")),
    "a parked order": ("/orders/{key}/2802123876522", _nothing),
    "a hostile order": ("/orders/{key}/2802123872000", _nothing),
    "erasing": ("/orders/{key}/2802123874001/erase", _nothing),
    "a product to link": ("/orders/{key}/2802123876522/product?sku=CBL-1M-BLK", _nothing),
    "outgoing": ("/outgoing", _nothing),
    "incoming": ("/incoming", _nothing),
    "an event": ("/incoming/1", _nothing),
    "actions on many": ("/bulk", _nothing),
    "accounts": ("/settings/accounts", _nothing),
    "an account": ("/settings/accounts/{key}", _nothing),
    "its orders": ("/settings/accounts/{key}/orders", _nothing),
    "a new account": ("/settings/accounts/new", _nothing),
    "stores": ("/settings/stores", _nothing),
    "people": ("/settings/people", _nothing),
    "alerts": ("/settings/alerts", _nothing),
    "what the words mean": ("/help", _nothing),
    "a reason told": ("/orders/{key}/2802123875110", _opened(".what summary")),
    "one's account": ("/account", _nothing),
    "an error": ("/nothing", _nothing),
}


@pytest.mark.parametrize("name", STATES)
def test_nothing_keeps_anybody_out(looked: Looked, name: str) -> None:
    path, act = STATES[name]
    looked.page.goto(looked.url + path.format(key=looked.key, po=looked.po))
    act(looked.page)
    assert looked.found() == []


def test_nor_at_the_door(looked: Looked, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{looked.url}/sign-in")
    assert Looked(page, looked.url, looked.key, looked.po).found() == []
    page.close()
