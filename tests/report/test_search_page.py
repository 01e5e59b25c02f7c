"""The page of a search in a browser: every part is drawn, and all of them follow one another."""

import re
from pathlib import Path
from typing import Any

import pytest

import zerokara as zk
from tests.report.browser import opened
from zerokara.report.data import run_page
from zerokara.study.run_folder import RunFolder

SECTIONS = ["glance", "race", "scatter", "importances", "parallel", "table", "winner", "try", "steps"]


def state(page: Any, code: str) -> Any:
    """Return an expression of the page's state, of which `z` is the object that all sections share."""
    return page.evaluate(f"(() => {{ const z = window.zerokara; return {code}; }})()")


FIND = """selector => {
  const target = document.querySelector(selector);
  const box = target.getBoundingClientRect();
  const at = (x, y) => {
    target.dispatchEvent(new PointerEvent("pointermove", { clientX: x, clientY: y }));
    return window.zerokara.hover.get();
  };
  for (let y = Math.round(box.top + 0.05 * box.height); y < box.bottom; y += 4)
    for (let x = Math.round(box.left + 0.2 * box.width); x < box.left + 0.8 * box.width; x += 25)
      if (at(x, y) >= 0 && at(x, y) === at(x, y + 3)) return [x, y + 1];
}"""
"""Finds a place of an element where a trial is under the pointer."""


def hover_something(page: Any, selector: str) -> int:
    """Move the pointer to the first place of a chart that has a trial; return its row."""
    page.locator(selector).first.scroll_into_view_if_needed()
    place = page.evaluate(FIND, selector)
    assert place, f"no trial in {selector}"
    page.mouse.move(*place)
    row = int(state(page, "z.hover.get()"))
    assert row >= 0
    return row


def drag(page: Any, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag between two places of an element, in shares of its size."""
    page.locator(selector).first.scroll_into_view_if_needed()
    box = page.locator(selector).first.bounding_box()
    page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=4)
    page.mouse.up()


def test_first_glance(browser: Any, file: Path, run: Path) -> None:
    study = zk.open(run)
    best = study.best.trial
    with opened(browser, file) as page:
        ids = [each.get_attribute("id") for each in page.locator("main > section").all()]
        assert [each for each in ids if each in SECTIONS] == SECTIONS
        lead = page.locator(".glance .lead").inner_text().replace("\N{NO-BREAK SPACE}", " ")
        error = 100 * study.summary["validation"]["standard_error"]
        assert f"Trial {best.number} won: at epoch {best.epoch}" in lead
        assert f"{100 * best.val_score:.1f} ± {error:.1f} %" in lead
        base = study.summary["validation"]["base"]["val_accuracy"]
        assert f"would get {100 * base:.1f} %" in lead
        assert f"{100 * study.test_score:.1f} ±" in page.locator(".glance .second").inner_text()
        shares = {each.get_attribute("data-name"): float(each.get_attribute("data-share"))
                  for each in page.locator(".glance .share").all()}  # fmt: skip
        assert shares == study.importances()
        rows = sorted(study.at(study.comparison().epoch).items(), key=lambda item: item[1]["val_loss"])[:5]
        lr = [study.trials[number].params["lr"] for number, _ in rows]
        found = re.search(r"lr from (\S+) to (\S+)\.$", page.locator(".where").inner_text())
        assert found
        assert [float(text) for text in found.groups()] == pytest.approx([min(lr), max(lr)], rel=0.05)


def test_the_page_has_pythons_numbers(browser: Any, file: Path, run: Path) -> None:
    study = zk.open(run)
    with opened(browser, file) as page:
        for row in (0, 7, study.best.trial.number):
            for name in ("val_loss", "train_score"):
                assert state(page, f"[...z.trials.curve('{name}', {row})]") == study.trials[row].curves[name].tolist()
        for epoch in (1, 3, 9):
            values = state(page, f"[...z.trials.at('val_score', {epoch})].map((v) => Number.isNaN(v) ? null : v)")
            scores = study.at(epoch)
            assert values == [scores.get(trial.number, {}).get("val_accuracy") for trial in study.trials]
            page.evaluate(f"window.zerokara.epoch.set({epoch})")
            shares = {each.get_attribute("data-name"): float(each.get_attribute("data-share"))
                      for each in page.locator(".importances .share").all()}  # fmt: skip
            assert shares == study.importances(epoch)


def test_hover_and_click(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        for chart in (".race .u-over", ".scatter .over", ".parallel .over"):
            row = hover_something(page, chart)
            assert f"Trial {row}" in page.locator(".tip").inner_text()
            assert page.locator(".table tr.hover").count() == page.locator(f'.table tr[data-row="{row}"]').count()
            page.mouse.down()
            page.mouse.up()
            assert page.locator("#trial h2").inner_text().startswith(f"Trial {row}")
            assert page.locator("#trial canvas").count() == 2
            assert f"--trial {row}" in page.locator("#trial .command code").inner_text()
            page.keyboard.press("n")
            assert state(page, "z.trials.place[z.select.get()]") == min(29, state(page, f"z.trials.place[{row}] + 1"))
            page.keyboard.press("Escape")
            assert page.locator("#trial").is_hidden()


def test_a_brush_filters_everywhere(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        everything = state(page, "z.filter.count()")
        drag(page, ".scatter .over", (0.5, 0.3), (0.95, 0.6))
        some = state(page, "z.filter.count()")
        assert 0 < some < everything == 30
        assert page.locator(".table .soft").inner_text() == f"{some} of 30 trials"
        lr = state(page, "[...z.trials.panels[0].x].filter((_, row) => z.filter.passes(row))")
        label = page.locator(".filters .chip").inner_text()
        low, high = map(float, re.findall(r"[\d.e-]*\d", label.partition(":")[2]))
        assert low * 0.99 <= min(lr) <= max(lr) <= high * 1.01
        drag(page, ".parallel .over", (0.95, 0.05), (0.95, 0.5))
        assert page.locator(".filters .chip").count() == 2
        assert state(page, "z.filter.count()") <= some
        page.get_by_role("button", name="Show all").click()
        assert state(page, "z.filter.count()") == 30
        assert page.locator(".filters").is_hidden()


def test_the_slider_lets_the_losers_go(browser: Any, file: Path, run: Path) -> None:
    study = zk.open(run)
    with opened(browser, file) as page:
        picture = page.locator(".race canvas").first
        whole = picture.screenshot()
        page.locator(".race .marks button").nth(1).click()
        there = [trial for trial in study.trials if trial.epochs >= 3]
        on = [trial for trial in study.trials if trial.epochs > 3]
        text = f"At epoch 3: {len(there)} trials got here, {len(on)} train on."
        assert page.locator(".race .says").inner_text() == text
        assert state(page, "z.epoch.get()") == 3
        assert "reached epoch 3" in page.locator(".scatter .says").inner_text()
        page.wait_for_timeout(100)
        assert picture.screenshot() != whole
        page.locator(".race input[type=range]").press("End")
        assert "whole race" in page.locator(".race .says").inner_text()
        assert "a fair comparison" in page.locator(".scatter .says").inner_text()
        page.get_by_role("button", name="each at its own").click()
        assert "at the epoch that ranks it" in page.locator(".scatter .says").inner_text()


def test_the_curves_that_are_shown(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        picture = page.locator(".race canvas").first
        seen = {picture.screenshot()}
        page.locator(".race select").first.select_option("val_score")
        seen.add(picture.screenshot())
        page.locator(".race .switch").first.get_by_role("button", name="log").click()
        seen.add(picture.screenshot())
        drag(page, ".race .u-over", (0.3, 0.3), (0.7, 0.7))
        page.wait_for_timeout(100)
        seen.add(picture.screenshot())
        assert len(seen) == 4
        page.locator(".race select").nth(1).select_option(label="hidden")
        assert "hidden" in page.locator(".race .key").inner_text()


def test_the_table(browser: Any, file: Path, run: Path) -> None:
    study = zk.open(run)

    def column(page: Any, k: int) -> list[str]:
        return [each.inner_text() for each in page.locator(f".table tr[data-row] td:nth-child({k})").all()]

    with opened(browser, file) as page:
        assert column(page, 2)[:3] == [str(trial.number) for trial in study.ranking(3)]
        page.locator(".table th button", has_text="lr").click()
        rows = "[...document.querySelectorAll('.table tr[data-row]')]"
        shown = state(page, f"{rows}.map((row) => z.trials.panels[0].x[row.dataset.row])")
        assert shown == sorted(trial.params["lr"] for trial in study.trials)[: len(shown)]
        assert page.locator('.table th[aria-sort="ascending"]').inner_text() == "lr"
        page.locator(".table th button", has_text="lr").click()
        assert page.locator('.table th[aria-sort="descending"]').count() == 1
        search = page.locator(".table input")
        search.fill("lr<0.01 epochs >= 3 hidden=16")
        wanted = [t for t in study.trials if t.params["lr"] < 0.01 and t.epochs >= 3 and t.params["hidden"] == (16,)]
        assert page.locator(".table .soft").inner_text() == f"{len(wanted)} of 30 trials"
        search.fill("color=red")
        assert "color=red" in page.locator(".table .wrong").inner_text()
        search.fill("")
        page.locator(".table th button", has_text="trial").first.click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        assert Path(download.value.path()).read_text() == (run / "trials.csv").read_text()


def test_language_colors_and_keys(browser: Any, file: Path) -> None:
    with opened(browser, file) as page:
        page.locator("#language").click()
        page.wait_for_selector('body[data-ready="ja"]', state="attached")
        assert page.locator("#race h2").inner_text() == "学習の競争"
        assert page.locator("main > section").count() >= len(SECTIONS)
        assert page.evaluate("document.documentElement.lang") == "ja"
        page.keyboard.press("l")
        page.wait_for_selector('body[data-ready="en"]', state="attached")
        before = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.keyboard.press("t")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
        page.keyboard.press("?")
        assert page.locator("dialog[open]").count() == 1
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        assert state(page, "z.select.get() === z.data.search.winner")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1400, "light")])
def test_it_fits_any_width(browser: Any, file: Path, width: int, scheme: str) -> None:
    with opened(browser, file, width=width, scheme=scheme, locale="ja-JP") as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("h2").first.inner_text() == "ひと目でわかる結果"


def test_narrowing_plays(browser: Any, tmp_path: Path) -> None:
    data = zk.data.load("digits").first(200).split(validation=0.2, seed=0)
    space = {"lr": zk.log(1e-3, 1e3), "activation": zk.choice(["relu", "tanh"]), "hidden": (8,), "optimizer": "sgd"}
    zk.tune(data, space, trials=18, epochs=2, sampler="narrowing", generation=6, out=tmp_path / "run")
    file = tmp_path / "page.html"
    file.write_text(run_page(zk.open(tmp_path / "run"), RunFolder(tmp_path / "run")), encoding="utf-8")
    with opened(browser, file) as page:
        assert "Round 3 of 3" in page.locator(".narrowing .says").inner_text()
        page.locator(".narrowing input[type=range]").press("Home")
        assert "Round 1 of 3: lr 0.001 – 1000; activation relu, tanh" in page.locator(".narrowing .says").inner_text()
        row = hover_something(page, ".narrowing .over")
        assert state(page, "z.trials.number[z.hover.get()]") < 6
        assert row >= 0


def test_a_search_that_has_no_winner_yet(browser: Any, run: Path, tmp_path: Path) -> None:
    """A killed run: nothing but its config and its journal."""
    for name in ("config.toml", "journal.log"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    journal = (run / "journal.log").read_text().splitlines(keepends=True)
    (tmp_path / "journal.log").write_text("".join(line for line in journal[: len(journal) // 8]))
    study = zk.open(tmp_path)
    (tmp_path / "page.html").write_text(run_page(study, RunFolder(tmp_path)), encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        assert "zerokara resume" in page.locator(".next").inner_text()


def test_one_network(browser: Any, tmp_path: Path) -> None:
    data = zk.data.load("digits").first(200).split(validation=0.2, test=0.2, seed=0)
    study = zk.tune(data, {"lr": 0.05, "hidden": (8,)}, trials=1, epochs=2, refit=0, out=tmp_path / "run")
    (tmp_path / "page.html").write_text(run_page(study, RunFolder(tmp_path / "run")), encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        assert page.title() == page.locator("h1").inner_text() == "digits: one network"
        assert page.locator("main > section").first.get_attribute("id") == "glance"
        assert page.locator("#race").count() == 0
        lead = page.locator(".glance .lead").inner_text()
        assert lead.startswith(f"The network has, at epoch {study.best.epoch}, a validation accuracy of ")
