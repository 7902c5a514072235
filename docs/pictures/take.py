"""Starts the demo in a temporary folder, waits for its first orders, and takes the pictures that the docs show."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
ORDERS = 11
SCALE = 1.5
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Take every picture anew."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="pictures") as data:
        server = subprocess.Popen(
            [sys.executable, "-m", "jobs.supervisor", "--port", str(port), "--data", data],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            _take(_sign_in_link(server))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def _take(link: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"), args=FLAGS
        )
        first = _context(browser, "light", 1440)
        page = first.new_page()
        page.goto(link)
        _wait_for_orders(page)
        order = (
            page.locator("tbody tr[data-status=unshipped]", has=page.locator(".c-shop a"))
            .locator("a")
            .first.get_attribute("href")
            or "/orders"
        )
        waiting = page.locator("tbody tr", has_text="No product").locator("a").first.get_attribute("href") or order
        base, state = re.sub(r"/sign-in.*", "", link), first.storage_state()
        pages = {"grid": "/orders", "order": order, "waiting": waiting}
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 360)):
            context = _context(browser, scheme, width, state)
            for name, path in pages.items():
                _picture(context.new_page(), base + path, _file_name(name, scheme, width))
            context.close()
        browser.close()


def _context(browser: Browser, scheme: str, width: int, state: object = None) -> BrowserContext:
    return browser.new_context(
        viewport={"width": width, "height": 860},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=SCALE,
        storage_state=state,  # type: ignore[arg-type]
    )


def _picture(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_timeout(500)
    page.screenshot(path=HERE / name)


def _file_name(name: str, scheme: str, width: int) -> str:
    parts = [name] + (["dark"] if scheme == "dark" else []) + (["phone"] if width < 500 else [])
    return "-".join(parts) + ".png"


def _wait_for_orders(page: Page) -> None:
    until = time.monotonic() + 90
    while page.locator("tbody tr[data-po]").count() < ORDERS and time.monotonic() < until:
        page.wait_for_timeout(1000)
        page.reload()


def _sign_in_link(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        found = re.search(r"http://\S+/sign-in/\S+", line)
        if found:
            return found.group()
    raise SystemExit("The server ended before it printed its sign-in link.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
