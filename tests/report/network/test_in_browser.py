"""The network's part of the page in a real browser: pointing, opening, drawing, sliding, stepping."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zerokara as zk
from tests.report.browser import opened
from zerokara.report.network import collect, kept_arrays, network_data
from zerokara.report.page import page_html
from zerokara.study.study import Study


def written(study: Study, folder: Path, samples: bool = True, **changes: Any) -> Path:
    """Write the page of a study's network alone."""
    network = network_data(study, kept_arrays(study, samples))
    file = folder / "page.html"
    file.write_text(page_html({"title": "test", "search": None, "network": network | changes}), encoding="utf-8")
    return file


def shown_answers(page: Any) -> list[float]:
    page.wait_for_timeout(60)
    return [float(each.get_attribute("data-value")) for each in page.locator("#try .answers [data-value]").all()]


def without_keys(page: Any) -> None:
    """No text of the page is the key of a text that the dictionary lacks."""
    assert not re.findall(r"\b(?:winner|try|steps?|weights|sample|confusion)\.[a-z]\w*", page.inner_text("main"))


@pytest.fixture(scope="module")
def view(browser, digits, tmp_path_factory) -> Iterator[Any]:
    """The page of the digits, open for several tests; each begins with what it needs."""
    with opened(browser, written(digits, tmp_path_factory.mktemp("digits"))) as page:
        yield page
        without_keys(page)


def test_a_cell_of_the_confusion_matrix_opens_into_its_pictures(view, digits) -> None:
    counts = digits.confusion().counts
    cells = view.locator("table.confusion td button")
    for truth, predicted in [(0, 0), *np.argwhere(counts * (1 - np.eye(10)))[:2]]:
        cells.nth(10 * int(truth) + int(predicted)).click()
        assert view.locator(".opened .sample").count() == min(12, counts[truth, predicted])
    captions = view.locator(".opened .caption").all_inner_texts()
    assert all(f"said {predicted} " in caption for caption in captions)
    without_keys(view)


def test_a_picked_sample_has_pythons_probabilities(view, digits) -> None:
    model, part = digits.best.model, digits.plan.data.validation
    for k in (0, 5, 11):
        button = view.locator(".offered .sample").nth(k)
        row = int(re.search(r"\d+", button.get_attribute("title"))[0])
        button.click()
        np.testing.assert_allclose(shown_answers(view), model.predict_proba(part.x[row])[0], atol=1e-5)


def test_drawing_gives_probabilities(view) -> None:
    """A small drawing in a corner is centered and enlarged as the training pictures are."""
    answers = []
    for right, down, size in ((140, 40, 200), (210, 20, 120)):
        view.locator("#try .clear").click()
        empty = shown_answers(view)
        view.locator("canvas.pad").scroll_into_view_if_needed()
        box = view.locator("canvas.pad").bounding_box()
        view.mouse.move(box["x"] + right, box["y"] + down)
        view.mouse.down()
        view.mouse.move(box["x"] + right, box["y"] + down + size, steps=8)
        view.mouse.up()
        answers.append(shown_answers(view))
        assert sum(empty) == pytest.approx(1)
        assert sum(answers[-1]) == pytest.approx(1)
        assert len(answers[-1]) == 10
        assert int(np.argmax(answers[-1])) == 1, "a vertical stroke"
    np.testing.assert_allclose(*answers, atol=0.02)


def test_stepping_by_keys_and_buttons_shows_the_numbers_of_the_training(view, digits) -> None:
    step = collect.keep(digits)["step"]
    view.locator("#steps .pill").first.click()
    view.locator("#steps .go-next").click()
    view.keyboard.press("ArrowRight")
    view.keyboard.press("ArrowLeft")
    assert view.inner_text("#steps .counter").startswith("Step 2 of ")
    for item, array in ((1, step["layers"][0]["parameters"]["W"]["before"]), (3, step["layers"][0]["y"])):
        canvas = view.locator("#steps canvas.cells").nth(item)
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        rows, columns = array.shape
        cell = 2, 3
        place = {"x": (cell[1] + 0.5) * box["width"] / columns, "y": (cell[0] + 0.5) * box["height"] / rows}
        canvas.hover(position=place)
        shown = view.inner_text("#steps .readout b").replace("−", "-")
        assert np.float32(shown) == array[cell]
    for _ in range(30):
        view.keyboard.press("ArrowRight")
    assert view.locator("#steps .go-next").is_disabled()
    assert view.inner_text("#steps .step-title").startswith("Affine3")
    assert view.locator("#steps .equation").count() == 2
    without_keys(view)


def test_a_row_of_a_table_can_be_changed(browser, prices, tmp_path) -> None:
    model, part = prices.best.model, prices.plan.data.validation
    with opened(browser, written(prices, tmp_path)) as page:
        number = int(page.locator(".offered .pill").nth(3).inner_text())
        page.locator(".offered .pill").nth(3).click()
        scores = model.outputs(prices.plan.data, "validation")[1]
        expected = model.preprocess.restore_target(scores)[number]
        assert shown_answers(page) == pytest.approx(expected.tolist(), rel=1e-5)
        page.locator(".field select").first.select_option("Bern")
        page.locator(".field input[type=range]").first.evaluate(
            "slider => { slider.value = slider.max; slider.dispatchEvent(new Event('input')); }"
        )
        size = float(page.locator(".field input[type=range]").first.input_value())
        garden = page.locator(".field select").nth(1).input_value()
        cells = {"size": [size], "city": ["Bern"], "garden": [{"true": True, "false": False}.get(garden)]}
        assert shown_answers(page) == pytest.approx(model.predict(cells)[0].tolist(), rel=1e-5)
        assert page.locator(".winner-residuals circle").count() == 2 * len(part)
        page.locator("#steps canvas.cells").first.hover(position={"x": 5, "y": 30})
        assert f"({model.encoder.inputs[0]})" in page.inner_text("#steps .readout")
        without_keys(page)


def test_what_is_left_out_is_said(browser, digits, pictures, tmp_path) -> None:
    with opened(browser, written(digits, tmp_path, samples=False)) as page:
        assert "kept no mini-batch" in page.inner_text("#steps")
        assert "kept no samples" in page.inner_text("#try")
        page.locator("table.confusion td button:not([disabled])").first.click()
        assert page.locator(".sample").count() == 0
        without_keys(page)
    with opened(browser, written(pictures, tmp_path, model=None)) as page:
        assert "more than the 8 MB" in page.inner_text("#try")
    with opened(browser, written(pictures, tmp_path, networks=3), locale="ja-JP") as page:
        assert "3 個のネットワーク" in page.inner_text("#try")
        without_keys(page)


def test_a_page_without_kept_numbers_shows_what_the_model_tells(browser, digits, tmp_path) -> None:
    network = network_data(digits, {})
    file = tmp_path / "page.html"
    file.write_text(page_html({"title": "test", "search": None, "network": network}), encoding="utf-8")
    with opened(browser, file, width=390) as page:
        assert "no report.npz" in page.inner_text("#winner")
        assert len(shown_answers(page)) == 10
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_page_is_drawn_again_in_other_colors_and_words(view) -> None:
    for key in "tltl":
        view.keyboard.press(key)
        view.wait_for_selector("body[data-ready]", state="attached")
    assert view.locator("#steps .equation").count() > 0


def test_a_notebooks_frame_steps_too(browser) -> None:
    net = zk.nn.mlp(4, (3,), 2, "sigmoid", dtype="float64")
    page = browser.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    explained = zk.explain(net, np.eye(4), [0, 1, 0, 1])
    page.set_content(explained._repr_html_())
    frame = page.frame_locator("iframe")
    frame.locator(".go-next").click()
    frame.locator("body").press("ArrowRight")
    assert frame.locator(".step-title").inner_text().startswith("Sigmoid1")
    y = explained.step["layers"][1]["y"]
    canvas = frame.locator("canvas.cells").last
    canvas.hover(position={"x": 5, "y": 5})
    shown = frame.locator(".readout b").last.inner_text().replace("−", "-")
    assert float(shown) == y[0, 0]
    page.close()
    assert not errors, errors
