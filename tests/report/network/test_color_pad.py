"""Painting a color picture in a real browser: the palette, the brush, over a sample, and Python's probabilities."""

import base64
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.report.browser import opened
from tests.report.network.test_in_browser import shown_answers, without_keys, written

RED = np.array([0xD3, 0x2F, 0x2F]) / 255


@pytest.fixture(scope="module")
def view(browser, colors, tmp_path_factory) -> Iterator[Any]:
    with opened(browser, written(colors, tmp_path_factory.mktemp("colors"))) as page:
        yield page
        without_keys(page)


def seen(page: Any) -> np.ndarray:
    """The picture that the network gets, as bytes (12, 12, 3)."""
    page.wait_for_timeout(60)
    png = page.locator("canvas.seen").evaluate("canvas => canvas.toDataURL()").partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), int)


def paint(page: Any, *places: tuple[float, float]) -> None:
    """Draw a line from place to place, as parts of the pad."""
    page.locator("canvas.pad").scroll_into_view_if_needed()
    box = page.locator("canvas.pad").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_a_filled_picture_has_pythons_probabilities(view, colors) -> None:
    view.locator("[data-color=red]").click()
    view.locator("#try .fill").click()
    expected = colors.best.model.predict_proba(np.tile(RED.astype(np.float32), 144)[None])[0]
    np.testing.assert_allclose(shown_answers(view), expected, atol=1e-5)
    assert (seen(view) == np.rint(255 * RED)).all()


@pytest.mark.parametrize(("color", "label"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_patch_of_a_color_is_recognized(view, colors, color, label) -> None:
    view.locator("#try .clear").click()
    view.locator(f"[data-color={color}]").click()
    view.locator("#try .switch button").last.click()
    paint(view, (0.3, 0.4), (0.6, 0.4), (0.6, 0.6), (0.3, 0.6))
    picture = seen(view)
    assert picture[5, 5].argmax() == label
    answers = shown_answers(view)
    assert int(np.argmax(answers)) == label
    expected = colors.best.model.predict_proba((picture / 255).astype(np.float32).reshape(1, -1))[0]
    np.testing.assert_allclose(answers, expected, atol=0.02)  # The canvas has bytes, the network gets exact shares.


def test_a_sample_can_be_picked_and_painted_over(view, colors) -> None:
    part = (colors.plan.data.original or colors.plan.data).validation
    button = view.locator(".offered .sample").nth(4)
    row = int(re.search(r"\d+", button.get_attribute("title"))[0])
    button.click()
    before = seen(view)
    assert (before == np.rint(255 * part.x[row].reshape(12, 12, 3))).all()
    expected = colors.best.model.predict_proba(part.x[row][None])[0]
    np.testing.assert_allclose(shown_answers(view), expected, atol=1e-5)
    view.locator(".palette input").fill("#ffffff")
    view.locator("#try .switch button").first.click()
    paint(view, (0.05, 0.05), (0.05, 0.95))
    after = seen(view)
    assert (after[:, 2:] == before[:, 2:]).all(), "what is not painted stays as it was"
    assert (after[2:10, 0] > before[2:10, 0]).all()
    assert sum(shown_answers(view)) == pytest.approx(1)


def test_the_palette_has_names_and_fits_a_phone(browser, colors, tmp_path) -> None:
    with opened(browser, written(colors, tmp_path), width=390, locale="ja-JP") as page:
        names = page.locator(".swatch").evaluate_all("all => all.map((each) => each.getAttribute('aria-label'))")
        assert names[:3] == ["黒", "灰色", "白"]
        assert page.locator(".swatch[aria-pressed=true]").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate("document.documentElement.lang") == "ja"


def test_only_the_main_button_paints(view) -> None:
    view.locator("#try .clear").click()
    before = seen(view)
    box = view.locator("canvas.pad").bounding_box()
    view.mouse.move(box["x"] + 40, box["y"] + 40)
    view.mouse.down(button="right")
    view.mouse.move(box["x"] + 120, box["y"] + 90, steps=4)
    view.mouse.up(button="right")
    assert (seen(view) == before).all()
