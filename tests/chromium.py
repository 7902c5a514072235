"""Which browser there is."""

from __future__ import annotations

import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is the same engine without its windows, for a third of the processor. script/test has the same list."""
NOT_THERE = "There is no Chromium here. Debian's is installed by: apt-get install chromium-headless-shell"


def chromium() -> str:
    """The path of the browser that is used; FileNotFoundError says how to install one."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(NOT_THERE)
