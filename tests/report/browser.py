"""A real Chromium for tests of pages: opened from disk, without a network; an error in its console fails the test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from zerokara.report.page import EXPORT, IMPORT, STATIC, modules

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "To test pages in a browser, install the Debian package chromium and the package playwright from PyPI"


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser of Playwright; the test is skipped where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip(MISSING)
    sync_api = pytest.importorskip("playwright.sync_api", reason=MISSING)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, headless=True)
        yield browser
        browser.close()


@contextmanager
def module_page(browser: Any, name: str) -> Iterator[Any]:
    """Yield an empty page in which the functions of one of the page's modules, and of those it needs, are known."""
    page = browser.new_page()
    sources = [(STATIC / each).read_text(encoding="utf-8") for each in modules(name, [])]
    page.add_script_tag(content="\n".join(EXPORT.sub("", IMPORT.sub("", source)) for source in sources))
    yield page
    page.close()


@contextmanager
def opened(
    browser: Any, file: Path, width: int = 1400, height: int = 900, scheme: str = "light", locale: str = "en-US"
) -> Iterator[Any]:
    """Yield the page of a file, all of its sections rendered. No request may leave it, no error may be printed."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        offline=True,
        color_scheme=scheme,
        locale=locale,
        reduced_motion="reduce",  # Else places move while a page scrolls smoothly.
    )
    errors: list[str] = []
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = file.absolute().as_uri()
    page.goto(address)
    try:
        page.wait_for_selector("body[data-ready]", state="attached")
        yield page
    finally:
        context.close()
        assert not errors, errors
    others = [url for url in asked if url.partition("#")[0] != address and not url.startswith(("data:", "blob:"))]
    assert not others, others
