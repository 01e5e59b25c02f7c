"""The page of a run in Chromium: its size, the time to its first view, and how long its charts take to follow."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.parts.asked import Asked, table, verdict

TRIALS = (100, 1000, 5000)
EPOCHS = 27
ROUNDS = 5
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FIRST_VIEW = {1000: 0.3, 5000: 1.0}
"""The most seconds to the first view, by trials."""
WAIT = 300_000
"""Milliseconds for which a rival's first plot is waited for."""

ABOUT = f"""zk.tune of digits, random, raced by halving to {EPOCHS} epochs. Its report.html, opened from disk in \
Chromium at 1400 x 900, the median of {ROUNDS}: milliseconds until the first section is painted and until all are; \
then until the next frame but one is painted after the pointer moves in the race, after a filter, and after the slider \
moves. Beside it, optuna-dashboard on the same journal, from its address to its first plot, its server running."""

MEASURE = """async () => {
  const z = window.zerokara, found = {};
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const time = async (name, call) => {
    const times = [];
    for (let k = 0; k < 5; k++) {
      const start = performance.now();
      call(k);
      await frame();
      times.push(performance.now() - start);
    }
    found[name] = times.sort((a, b) => a - b)[2];
  };
  const race = document.querySelector(".race .u-over"), box = race.getBoundingClientRect();
  const at = (k) => ({ clientX: box.left + 100 + 20 * k, clientY: box.top + 200 });
  await time("hover", (k) => race.dispatchEvent(new PointerEvent("pointermove", at(k))));
  await time("filter", (k) => z.filter.set("every", (row) => row % (k + 2) === 0));
  z.filter.clear();
  const rungs = [...document.querySelectorAll(".race .marks button")];
  await time("slider", (k) => rungs[k % rungs.length].click());
  return found;
}"""


@contextmanager
def browser() -> Iterator[Any]:
    """Yield Chromium, driven by Playwright; they come with ``make test``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


def opened(chromium: Any, file: Path) -> dict[str, float]:
    """Return what one opening of a page takes, in milliseconds."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, offline=True)
    page = context.new_page()
    page.goto(file.absolute().as_uri())
    page.wait_for_selector("body[data-ready]", state="attached")
    everything = page.evaluate("performance.now()")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    found = {"first": first, "all": everything} | page.evaluate(MEASURE)
    context.close()
    return {name: float(value) for name, value in found.items()}


def page_of(trials: int, folder: Path) -> Path:
    """Write the page of a search, and return its path."""
    run = [sys.executable, "-m", "zerokara"]
    out = str(folder / f"run-{trials}")
    options = ["--trials", str(trials), "--epochs", str(EPOCHS), "--out", out]
    subprocess.run([*run, "tune", "digits", *options], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*run, "report", out], check=True, stdout=subprocess.DEVNULL)
    return Path(out) / "report.html"


def dashboard(chromium: Any, journal: Path) -> float:
    """Return the seconds that optuna-dashboard takes to its first plot of a journal."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("optuna-dashboard")), str(journal), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        studies: list[dict[str, Any]] = []
        while not studies and server.poll() is None:
            time.sleep(0.2)
            with suppress(OSError), urllib.request.urlopen(f"{address}/api/studies", timeout=120) as answer:
                studies = json.load(answer)["study_summaries"]
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        start = time.perf_counter()
        page.goto(f"{address}/dashboard/studies/{studies[0]['study_id']}")
        page.wait_for_selector(".js-plotly-plot .trace, .js-plotly-plot canvas", timeout=WAIT)
        return time.perf_counter() - start
    finally:
        server.terminate()
        server.wait()


def pages(asked: Asked) -> str:
    counts = [trials // (20 if asked.quick else 1) for trials in TRIALS]
    rows, floors = [], []
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        for trials in counts:
            file = page_of(trials, Path(folder))
            times = [opened(chromium, file) for _ in range(2 if asked.quick else ROUNDS)]
            found = {name: median(each[name] for each in times) for name in times[0]}
            size = file.stat().st_size / 1e6
            rows.append((trials, f"{size:.2f}", *(f"{value:.0f}" for value in found.values())))
            if limit := FIRST_VIEW.get(trials):
                rule = f"{trials:,} trials: the first view in {limit} s"
                floors.append(verdict(found["first"] < 1000 * limit, rule, f"{found['first']:.0f} ms", asked.judge))
        rival = dashboard(chromium, Path(folder) / f"run-{counts[-1]}" / "journal.log")
    heads = ("trials", "MB", "first view", "all", "hover", "filter", "slider")
    beside = f"optuna-dashboard with {counts[-1]:,} trials: {rival:.1f} s to its first plot."
    return "\n\n".join(["## The page of a run", ABOUT, table(heads, rows), beside, "\n".join(floors)])
