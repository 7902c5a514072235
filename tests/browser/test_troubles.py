"""A neighbour's bad half hour, as the one who looks at the orders reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, expect

from sandbox.magento import MagentoSandbox
from sandbox.walmart import WalmartSandbox
from tests.browser.house import serving
from tests.house import House, build
from webapp import people, troubles

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(tmp_path: Path, valkey: str, walmart: WalmartSandbox, magento: MagentoSandbox) -> Iterator[House]:
    """The application with both stand-ins."""
    redis.Redis(unix_socket_path=valkey.removeprefix("unix://")).flushall()
    with build(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", valkey, walmart, magento) as built:
        yield built


def test_that_walmart_is_slow_and_then_away_is_read_on_the_page(
    browser: Browser, shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubles, "SLOW_TRY", 200)
    monkeypatch.setattr(troubles, "SLOW_CALL", 100)
    with shop.app.app_context():
        link = people.first_link()
    with serving(shop.app) as url:
        context = browser.new_context()
        page = context.new_page()
        page.goto(url + str(link))
        page.goto(f"{url}/orders")
        told = page.locator("#troubles")
        expect(told).to_be_empty()
        shop.walmart.fault("delay", seconds=0.3)
        for _ in range(3):
            shop.place()
        shop.drain()
        for _ in range(4):
            shop.place()
        page.reload()
        expect(told).to_contain_text(re.compile(r"Walmart has answered slowly for \d+ s\."))
        expect(told).to_contain_text(
            re.compile(r"Since \d\d:\d\d UTC a call takes \d s\. 4 waiting\. Nothing is lost\.")
        )
        shop.walmart.clear_faults()
        shop.walmart.fault("status", path="/v3/", status=503)
        shop.drain()
        for _ in range(6):
            shop.pass_time(minutes=5)
        page.reload()
        expect(told).to_contain_text(re.compile(r"Walmart has not served Seller for \d+ min\. Walmart answered 503"))
        expect(told).to_contain_text(re.compile(r"Nothing is lost\. It is tried again in \d+ (s|min)\."))
        shop.walmart.clear_faults()
        for _ in range(2):
            shop.pass_time(minutes=15)
        page.reload()
        expect(told).to_be_empty()
        expect(page.locator("#rows tr[data-status=unshipped]")).to_have_count(7)
        context.close()
