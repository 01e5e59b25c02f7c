"""Pictures of each part of a run's page, for the documentation: ``python docs/tools/screenshots.py``, with Chromium."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

OUT = Path(__file__).parents[1] / "page"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ALONE = """header, nav { display: none !important } .layout { display: block !important; padding: 0 !important }
section { padding: 20px !important; width: 1120px }"""
"""Styles of a section without the frame of the page."""
COMMAND = ["tune", "digits", "--trials", "100", "--seed", "0"]
LONG = ["tune", "digits", "--trials", "80", "--generation", "40", "--epochs", "1620", "--race", "halving:3:20"]


def main() -> None:
    """Run a search, and write a picture of each section of its page."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "zerokara", *COMMAND, "--out", f"{folder}/digits-1"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        # The commands that the page shows are those of a run in its usual place.
        subprocess.run([sys.executable, "-m", "zerokara", "report", "digits-1"], check=True, cwd=folder)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        file = (Path(folder) / "digits-1" / "report.html").as_uri()
        sections(browser, file)
        phone(browser, file)
        board(browser, Path(folder) / "digits-2")
        browser.close()


def sections(browser: Browser, file: str) -> None:
    """Write a picture of each section."""
    page = browser.new_page(viewport={"width": 1300, "height": 900}, reduced_motion="reduce", color_scheme="light")
    page.goto(file)
    page.wait_for_selector("body[data-ready]", state="attached")
    page.add_style_tag(content=ALONE)
    page.wait_for_timeout(500)
    for section in page.locator("main > section").all():
        path = OUT / f"{section.get_attribute('id')}.png"
        section.screenshot(path=path)
        shrink(path)
        print(path)


def phone(browser: Browser, file: str) -> None:
    """Write a picture of the first view on a phone, in the dark."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="ja-JP")
    page.goto(file)
    page.wait_for_selector("body[data-ready]", state="attached")
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / "phone.png")
    shrink(OUT / "phone.png")


def board(browser: Browser, run: Path) -> None:
    """Write pictures of a board while a race trains: on a wide screen, and on a phone in the dark."""
    command = [sys.executable, "-m", "zerokara", *LONG, "--out", str(run), "--board"]
    search = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=run.parent)
    assert search.stdout
    address = next(line for line in search.stdout if line.startswith("the board: ")).split()[-1]
    wide = {"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce", "color_scheme": "light"}
    narrow = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    for name, settings in (("board.png", wide), ("board-phone.png", narrow)):
        page = browser.new_page(**settings)
        page.goto(address)
        page.wait_for_selector("body[data-ready]", state="attached")
        while page.evaluate("window.zerokara.data.search.rungs.length") < 2:
            page.wait_for_timeout(100)
        if settings is wide:
            page.evaluate("document.getElementById('race').scrollIntoView()")
        page.wait_for_timeout(2000)
        page.screenshot(path=OUT / name)
        page.close()
        shrink(OUT / name)
        print(OUT / name)
    search.kill()
    search.communicate()


def shrink(path: Path) -> None:
    """Write a picture again with 128 colors, in a third of the size."""
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
