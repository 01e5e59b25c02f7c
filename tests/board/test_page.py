"""The page of a board in a real Chromium, while a real search trains: killed, resumed, moved, stopped and deleted."""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

import zerokara as zk
from tests.board.conftest import LONG, wait_until
from zerokara.board.serve import serving
from zerokara.errors import InputError

WATCH_PLOTS = """(window.plots = [], window.uPlot = new Proxy(uPlot, {
  construct(made, given) { const plot = new made(...given); plots.push(plot); return plot; },
}), 0)"""
RACE = "plots.findLast(plot => plot.root.isConnected && plot.root.closest('.race-plot'))"
"""Keeps the plots that are made from now on; the plot of the race."""
Start = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def board_page(browser: Any, address: str, **settings: Any) -> Iterator[Any]:
    """Yield the page of a board, rendered; an error in its console fails the test, and so does a request elsewhere."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce", **settings)
    errors: list[str] = []
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("body[data-ready]", state="attached")
    yield page
    context.close()
    assert not errors, errors
    assert not [url for url in asked if not url.startswith((address.rsplit("/", 2)[0], "data:", "blob:"))]


def of_page(page: Any, code: str) -> Any:
    return page.evaluate(f"(() => {{ const z = window.zerokara; return {code}; }})()")


def wait_for(page: Any, code: str) -> None:
    wait_until(lambda: of_page(page, code))  # Playwright's own evaluates a text in the page, which its policy refuses.


def says(page: Any, text: str) -> None:
    page.locator(".message", has_text=text).wait_for()


def in_state(page: Any, state: str) -> None:
    page.locator(f".now .state.{state}").wait_for()


def test_a_run_that_trains_is_killed_resumed_moved_stopped_and_deleted(
    browser: Any, start: Start, tmp_path: Path
) -> None:
    run, moved = tmp_path / "mine", tmp_path / "elsewhere"
    search = start("tune", "digits", *LONG, "--out", run)
    wait_until((run / "journal.pid").exists)
    with serving([run]) as address, board_page(browser, address) as page:
        # Curves grow while a generation trains, and what the reader has chosen stays.
        in_state(page, "training")
        wait_for(page, "z.trials.count === 6 && z.trials.longest > 20")
        assert of_page(page, "z.trials.state.includes('training')")
        of_page(page, WATCH_PLOTS)
        page.locator("#language").click()
        page.locator("#language").click()
        wait_for(page, f"{RACE} && document.body.dataset.ready === 'en'")
        of_page(page, f"{RACE}.setScale('x', {{ min: 2, max: 9 }})")
        page.locator("#table input").fill("trial<4")
        of_page(page, "z.select.set(2)")
        page.locator("#trial .small-plot").first.wait_for()
        length = of_page(page, "z.trials.longest")
        wait_for(page, f"z.trials.longest > {length + 20}")
        assert of_page(page, f"[{RACE}.scales.x.min, {RACE}.scales.x.max]") == [2, 9]
        assert of_page(page, "[z.select.get(), z.filter.count()]") == [2, 4]
        assert page.locator("#table input").input_value() == "trial<4"
        page.locator(".survivors .rung").first.wait_for()
        assert "left" in page.locator(".now .left").inner_text()

        search.send_signal(signal.SIGKILL)
        search.wait()
        says(page, f"Process {search.pid}, which trained this run, was killed.")
        assert not page.locator(".stop").is_visible()
        assert of_page(page, "z.trials.count") == 6

        start("resume", run)
        in_state(page, "training")
        says(page, "The search was resumed.")
        length = of_page(page, "z.trials.longest")
        wait_for(page, f"z.trials.longest > {length}")

        page.locator(".stop").click()
        page.locator(".ask .yes").click()
        in_state(page, "stopped")
        says(page, "The search was stopped before all its trials had run (the stop button).")
        study = zk.open(run)
        assert study.stopped is not None
        assert study.stopped.callback == "zerokara.board"
        # The page has all of the run's numbers then, its winner's network too, without a reload.
        page.locator("#try").wait_for()
        losses = of_page(page, "[...z.trials.ranked('val_loss')]")
        assert losses == [trial.val_loss for trial in study.trials]
        assert of_page(page, "z.trials.state") == [trial.state for trial in study.trials]
        assert of_page(page, "[...z.trials.curve('val_loss', 3)]") == study.trials[3].curves["val_loss"].tolist()
        assert of_page(page, "[z.select.get(), z.filter.count()]") == [2, 4]

        run.rename(moved)
        says(page, f"The folder was moved to {moved}.")
        shutil.rmtree(moved)
        in_state(page, "gone")
        says(page, "was moved or deleted")
        assert of_page(page, "z.trials.count") == 6


def test_several_runs_side_by_side_in_japanese_and_on_a_phone(browser: Any, finished: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    zk.tune("digits", {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}, trials=3, epochs=2, out=other, samples=False)
    with serving([finished, other]) as address, board_page(browser, address, locale="ja-JP") as page:
        assert page.locator(".run").count() == 2
        wait_until(lambda: page.locator(".run .state").all_inner_texts() == ["完了"] * 2)
        best = zk.open(other).best
        best_text = f"最良：試行{best.number}、{100 * best.val_accuracy:.1f}\N{NO-BREAK SPACE}%"
        assert best_text in page.locator(".run").nth(1).inner_text()
        page.locator(".run").nth(1).click()
        page.wait_for_url(f"{address}1/")
        wait_for(page, "z && z.trials.count === 3")
        page.locator("#sections a[data-section=table]").click()  # The mark of a section leaves that of the run.
        page.locator("#sections a[data-section=table][aria-current]").wait_for()
        assert page.locator(".run").nth(1).get_attribute("aria-current") == "page"
        page.locator("#language").click()
        wait_until(lambda: page.locator(".now .state").inner_text() == "finished")
        page.set_viewport_size({"width": 390, "height": 844})
        assert of_page(page, "document.documentElement.scrollWidth") <= 390
        assert not page.locator(".stop").is_visible()


def test_a_board_that_ends_says_so(browser: Any, finished: Path) -> None:
    with ExitStack() as open_board:
        address = open_board.enter_context(serving([finished]))
        with board_page(browser, address) as page:
            wait_for(page, "document.querySelector('.message').hidden")
            open_board.close()
            says(page, "The board has ended, or is not reachable.")
            assert of_page(page, "z.trials.count") == 8


def test_without_the_token(browser: Any, address: str) -> None:
    page = browser.new_page()
    for path in ("/", "/0/", "/wrong/0/"):
        answer = page.goto(urljoin(address, path))
        assert (answer.status, page.locator("body").inner_text().strip()) == (403, "refused: no token")
    page.close()


@pytest.mark.parametrize("resumed", [False, True], ids=["tune", "resume"])
def test_a_search_with_a_board(browser: Any, start: Start, tmp_path: Path, resumed: bool) -> None:
    """Its page has all results when the search has ended, and the board ends with it."""
    words: tuple[object, ...] = ("tune", "digits", *LONG, "--out", tmp_path / "mine")
    if resumed:
        killed = start(*words)
        wait_until((tmp_path / "mine" / "journal.pid").exists)
        killed.kill()
        killed.wait()
        words = ("resume", tmp_path / "mine")
    search = start(*words, "--board")
    assert search.stdout
    address = next(line for line in search.stdout if line.startswith("the board: ")).split()[-1]
    with board_page(browser, address) as page:
        in_state(page, "training")
        wait_for(page, "z.trials.longest > 20")
        page.locator(".stop").click()
        page.locator(".ask .yes").click()
        in_state(page, "stopped")
        says(page, "The board has ended")
        assert of_page(page, "z.data.network !== null")
    assert search.wait() == 0


def test_a_board_without_a_folder(finished: Path) -> None:
    with pytest.raises(InputError, match="board=True without out: add out="):
        zk.tune("digits", {"lr": 0.01}, trials=1, epochs=1, board=True)
