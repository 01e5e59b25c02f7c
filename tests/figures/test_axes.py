"""Figures drawn within axes that are given, and shown by a notebook."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import zerokara as zk
from zerokara.errors import InputError

DATA = zk.data.load("digits").first(300).split(validation=0.2, seed=0)


@pytest.fixture(scope="module")
def study() -> zk.Study:
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (8, 4)])}
    return zk.tune(DATA, space, trials=12, epochs=4, workers=1, refit=0)


@pytest.fixture(scope="module")
def line() -> zk.Study:
    x = np.linspace(0, 1, 80)[:, None]
    data = zk.data.from_arrays(x, 3 * x[:, 0]).split(validation=0.3, seed=0)
    return zk.tune(data, {"activation": zk.choice(["relu", "tanh"]), "hidden": (4,)}, trials=3, epochs=3, refit=0)


def test_one_figure_of_several_plots(study, line) -> None:
    figure = Figure(figsize=(15, 14), layout="constrained")
    FigureCanvasAgg(figure)
    race, scatter, shares, confusion, residuals, options = figure.subplots(3, 2).ravel()
    assert study.plot.race(ax=race) is figure
    assert study.plot.scatter("lr", ax=scatter) is figure
    assert study.plot.importances(ax=shares) is figure
    assert study.plot.confusion(ax=confusion) is figure
    assert line.plot.residuals(ax=residuals) is figure
    assert line.plot.race(ax=options) is figure
    assert len(figure.axes) == 6, "no axes are added beside those given"
    assert (race.get_ylabel(), scatter.get_xlabel(), shares.get_xlabel()) == ("validation loss", "lr", "importance")
    assert (confusion.get_xlabel(), residuals.get_xlabel()) == ("predicted", "t, true")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert all(titles)
    assert not figure.get_suptitle()
    labels = [text.get_text() for text in options.get_legend().get_texts()]
    assert {"activation relu", "activation tanh"} <= set(labels)
    figure.draw_without_rendering()
    for axes in (confusion, race):
        title = axes._left_title.get_window_extent()
        above = [text for text in axes.texts if text.get_window_extent().y0 > axes.bbox.y1]
        assert len(above) > 1
        assert not any(text.get_window_extent().overlaps(title) for text in above), axes.get_title(loc="left")


def test_axes_take_one_hyperparameter(study) -> None:
    axes = Figure().subplots()
    with pytest.raises(InputError, match=r"ax takes one hyperparameter, got lr, hidden: name one, as in scatter\('lr'"):
        study.plot.scatter(ax=axes)
    assert study.plot.scatter("hidden", ax=axes) is axes.figure


def test_a_notebook_shows_a_figure_without_pyplot(study) -> None:
    content, about = study.plot.importances()._repr_png_()
    with Image.open(io.BytesIO(content)) as image:
        assert image.size[0] > 1000
    assert 400 < about["width"] < 800
