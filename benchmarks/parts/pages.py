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
moves. Cold: in a browser that was just started, with a new profile; warm: in one that has shown the page before. CPU: \
the milliseconds that the page's own thread computed until all was painted, which a busy machine does not change much. \
Beside it, optuna-dashboard on the same journal, from its address to its first plot, its server running."""

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
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(file.absolute().as_uri())
    page.wait_for_selector("body[data-ready]", state="attached")
    everything = page.evaluate("performance.now()")
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    busy = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    found = {"first": first, "all": everything, "cpu": 1000 * busy["TaskDuration"]} | page.evaluate(MEASURE)
    context.close()
    return {name: float(value) for name, value in found.items()}


def openings(file: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Return the medians of several openings, cold and warm."""
    cold, warm = [], []
    for _ in range(rounds):
        with browser() as chromium:
            cold.append(opened(chromium, file))
            warm.append(opened(chromium, file))
    return {
        way: {name: median(each[name] for each in times) for name in times[0]}
        for way, times in (("cold", cold), ("warm", warm))
    }


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
    with tempfile.TemporaryDirectory() as folder:
        for trials in counts:
            file = page_of(trials, Path(folder))
            size = file.stat().st_size / 1e6
            for way, found in openings(file, 2 if asked.quick else ROUNDS).items():
                rows.append((f"{trials:,}", way, f"{size:.2f}", *(f"{value:.0f}" for value in found.values())))
                if limit := FIRST_VIEW.get(trials):
                    rule = f"{trials:,} trials, {way}: the first view in {limit} s"
                    floors.append(verdict(found["first"] < 1000 * limit, rule, f"{found['first']:.0f} ms", asked.judge))
        with browser() as chromium:
            rival = [dashboard(chromium, Path(folder) / f"run-{trials}" / "journal.log") for trials in counts[1:]]
    heads = ("trials", "browser", "MB", "first view", "all", "CPU", "hover", "filter", "slider")
    shown = "; ".join(f"{trials:,} trials: {time:.1f} s" for trials, time in zip(counts[1:], rival, strict=True))
    beside = f"optuna-dashboard to its first plot: {shown}."
    return "\n\n".join(["## The page of a run", ABOUT, table(heads, rows, 2), beside, "\n".join(floors)])
