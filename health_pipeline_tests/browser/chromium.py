"""A headless Chromium of this machine, driven by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = {"width": 1600, "height": 1000}


def missing() -> str | None:
    """What this machine lacks, None when nothing."""
    try:
        import playwright.sync_api  # noqa: F401 - is it there?
    except ImportError:
        return "playwright is not installed: pip install -e '.[browser]'"
    if shutil.which("chromium") is None:
        return "chromium is not installed: apt-get install chromium"
    return None


@contextmanager
def page(**more: Any) -> Iterator[Any]:
    """An empty page; `page.errors` collects what it writes to the console as an error.

    `more`: what playwright's `new_page` takes, such as viewport and color_scheme.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        shown = browser.new_page(**{"viewport": SIZE, **more})
        shown.errors = []
        shown.on("console", lambda m: shown.errors.append(m.text) if m.type == "error" else None)
        shown.on("pageerror", lambda error: shown.errors.append(str(error)))
        try:
            yield shown
        finally:
            browser.close()
