"""Figures draw their data as they say, whatever the data: without a warning, each artist where it belongs."""

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from tests.figures.drawing import drawn, lines
from zerokara import figures
from zerokara.errors import InputError, OutsideError
from zerokara.figures.canvas import png_bytes
from zerokara.figures.curves import wrap
from zerokara.figures.plot_data import Curve, Curves, Learning, Weights

NAN = np.full(4, np.nan)


def curve(rank: int = 1, **changes: object) -> Curve:
    rise = np.linspace(0.1, 0.8, 10)
    usual = {"score": 0.8, "train": rise + 0.1, "validation": rise, "params": {"lr": 0.01}, "epoch": 10}
    return Curve(rank=rank, number=rank + 30, **{**usual, **changes})


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def drawn_curve(figure: Figure, name: str, epochs: int, low: float = 0, high: float = 1) -> np.ndarray:
    """The points of the only panel's line, from inches back to epochs and scores."""
    _, frame, training, validation = (lines.get_segments() for lines in figure.axes[0].collections)
    (left, bottom), (right, _) = frame[0]
    top = frame[1][1][1]
    points = {"training": training, "validation": validation}[name][0]
    x = 1 + (points[:, 0] - left) / (right - left) * (epochs - 1)
    return np.column_stack([x, low + (points[:, 1] - bottom) / (top - bottom) * (high - low)])


@pytest.mark.parametrize("count", [1, 2, 5, 7, 20])
def test_the_grid_has_five_columns_and_a_panel_for_each(count) -> None:
    figure = figures.draw_curves(Curves(tuple(curve(k + 1) for k in range(count))))
    assert len(figure.axes) == 1, "twenty axes take six times as long"
    titles = [text for text in figure.axes[0].texts if text.get_text().startswith("Best-")]
    assert [title.get_text() for title in titles] == [f"Best-{k + 1} (0.8000)" for k in range(count)]
    assert len({title.get_position()[0] for title in titles}) == min(5, count)
    assert len({title.get_position()[1] for title in titles}) == -(-count // 5)
    assert texts(figure).count("accuracy") == -(-count // 5)
    # The epochs stand below the last panel of each column, wherever that is.
    assert texts(figure).count("epoch") == min(5, count)
    assert len(figure.legends) == 1
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    width, height = figure.get_size_inches() * figure.dpi
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)
    overlaps = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.overlaps(b)]
    assert not overlaps


def test_pictures_have_150_dots_per_inch(tmp_path) -> None:
    path = figures.save_figure(figures.draw_curves(Curves(tuple(curve(k) for k in range(1, 21)))), tmp_path / "c.png")
    with Image.open(path) as image:
        assert image.size[0] > 2000
        assert image.info["dpi"][0] == pytest.approx(150, abs=0.1)


def test_validation_is_solid_training_dashed_and_the_score_runs_from_0_to_1() -> None:
    one = curve(params={"lr": 0.00923471, "hidden": (100, 50)})
    figure = figures.draw_curves(Curves((one,)))
    _, _, training, validation = figure.axes[0].collections
    assert training.get_linestyle()[0][1] is not None
    assert validation.get_linestyle()[0][1] is None
    for name, values in (("validation", one.validation), ("training", one.train)):
        found = drawn_curve(figure, name, 10)
        np.testing.assert_allclose(found, np.column_stack([np.arange(1, 11), values]))
    assert {"0", "0.2", "1", "10"} <= set(texts(figure))
    assert "trial 31 · lr 0.00923 · hidden 100,50" in texts(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["validation", "training"]


def test_after_a_race_the_axes_fit_the_data() -> None:
    """Each panel has its own epochs, and all have the scores that are shown."""
    long, short = np.linspace(0.80, 0.99, 50), np.linspace(0.85, 0.9, 3)
    curves = (curve(train=long, validation=long, epoch=50), curve(2, train=short, validation=short, epoch=3))
    figure = figures.draw_curves(Curves(curves, fitted=True))
    assert {"1", "3", "50", "0.8", "0.85", "0.95"} <= set(texts(figure))
    assert "0.6" not in texts(figure)
    _, frame, _, validation = (lines.get_segments() for lines in figure.axes[0].collections)
    for k in range(2):
        base = frame[2 * k]
        np.testing.assert_allclose(validation[k][[0, -1], 0], base[:, 0], err_msg="from side to side")
    figure = figures.draw_curves(Curves(curves))
    assert {"0", "0.6", "10"} <= set(texts(figure))


@pytest.mark.parametrize(("mark", "epoch", "place"), [(True, 7, (7, 0.5667)), (True, 0, None), (False, 7, None)])
def test_the_epoch_kept_is_marked(mark, epoch, place) -> None:
    figure = figures.draw_curves(Curves((curve(epoch=epoch),), mark=mark))
    dot = lines(figure.axes[0]).get("epoch kept")
    assert (dot is not None) == (place is not None)
    if place:
        line = figure.axes[0].collections[3].get_segments()[0]
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == pytest.approx(tuple(line[epoch - 1]))
        assert "epoch kept" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_scores_below_0_are_drawn_at_0_and_the_title_says_so() -> None:
    figure = figures.draw_curves(Curves((curve(validation=np.array([-3.0, 0.2]), epoch=1),), "r2", True, "line"))
    assert drawn_curve(figure, "validation", 10)[:, 1] == pytest.approx([0, 0.2])
    assert figure.get_suptitle() == "line (below 0 drawn at 0)"
    assert "R²" in texts(figure)


def test_what_was_measured_every_other_epoch_is_one_line() -> None:
    train = np.array([np.nan, 0.4, np.nan, 0.8])
    figure = figures.draw_curves(Curves((curve(train=train, validation=train),)))
    assert drawn_curve(figure, "training", 4)[:, 0] == pytest.approx([2, 4])


EDGES = {
    "nothing": Curves(()),
    "diverged": Curves((curve(), curve(2, score=np.nan, train=NAN, validation=NAN, epoch=4, state="diverged"))),
    "diverged alone": Curves((curve(score=np.nan, train=NAN, validation=NAN, state="diverged"),), mark=True),
    "no epoch": Curves((curve(score=np.nan, train=NAN[:0], validation=NAN[:0], epoch=0, state="interrupted"),)),
    "infinite": Curves((curve(train=np.array([0.1, np.inf]), validation=np.array([0.1, -np.inf])),), mark=True),
    "one epoch": Curves((curve(train=np.array([0.1]), validation=np.array([0.2]), epoch=1),), mark=True),
    "many params": Curves((curve(params={f"hyperparameter_{k}": 1 / 3 for k in range(20)}),)),
    "no params": Curves((curve(params={}),)),
    "dollars": Curves((curve(params={"a": "$x^$"}),), title="$x^$"),
    "long title": Curves((curve(),), title="a very long name of a dataset, " * 20),
    "thousand epochs": Curves((curve(train=np.linspace(0, 1, 1000), validation=np.linspace(0, 1, 1000)),)),
}


@pytest.mark.parametrize("name", EDGES)
def test_any_curves_are_drawn(name) -> None:
    """Warnings are errors here."""
    assert drawn(figures.draw_curves(EDGES[name]))[0] >= 1000


def test_a_diverged_trial_is_titled_so() -> None:
    figure = figures.draw_curves(EDGES["diverged"])
    assert "Best-2 (diverged)" in texts(figure)
    assert len(figure.axes[0].collections[3].get_segments()[1]) == 0


def test_a_long_title_is_cut_and_the_legend_is_below_it() -> None:
    figure = figures.draw_curves(EDGES["long title"])
    figure.draw_without_rendering()
    assert figure.get_suptitle().endswith("…")
    title = figure._suptitle.get_window_extent()
    assert title.x1 < figure.bbox.x1
    assert title.y0 > figure.legends[0].get_window_extent().y1 - 1


def learned(**changes: object) -> Learning:
    fall = np.linspace(2.0, 0.5, 8)
    usual = {"train_loss": fall, "val_loss": fall, "train_score": 1 - fall / 3, "val_score": 1 - fall / 3}
    return Learning(**{**usual, **changes})


@pytest.mark.parametrize(
    ("data", "scale"),
    [
        (learned(), "linear"),
        (learned(epoch=3), "linear"),
        (learned(train_loss=np.geomspace(1e6, 1, 8)), "log"),
        (learned(train_loss=np.array([0.0, 1e9] * 4)), "linear"),
        (learned(val_loss=NAN, val_score=NAN, epoch=2), "linear"),
        (Learning(NAN, NAN, NAN, NAN), "linear"),
        (Learning(NAN[:1], NAN[:1], NAN[:1], NAN[:1], "r2"), "linear"),
        (learned(val_score=np.array([-5.0] * 8), metric="r2", epoch=2), "linear"),
    ],
)
def test_a_run_is_drawn_as_loss_and_score(data, scale) -> None:
    figure = figures.draw_learning(data)
    left, right = figure.axes
    assert left.get_yscale() == scale
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss", {"accuracy": "accuracy", "r2": "R²"}[data.metric])
    assert right.get_ylim() == (0, 1)
    assert right.get_lines()[1].get_ydata().min(initial=0) >= 0
    drawn(figure)


@pytest.mark.parametrize("shape", [(1, 4, 4), (10, 4, 4), (23, 4, 6), (5, 4, 4, 3)])
def test_weights_are_drawn_as_blocks_of_images(shape) -> None:
    images = np.linspace(-1, 1, np.prod(shape)).reshape(shape)
    names = ("trained", "at the start", "difference")
    figure = figures.draw_weights(Weights(tuple((name, images) for name in names), "First layer"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(names)
    for axes in figure.axes:
        shown = axes.get_images()[0].get_array()
        height, width = shape[1:3]
        assert shown.shape[0] == -(-shape[0] // 10) * (height + 1) - 1
        for k in (0, shape[0] - 1):
            top, left = k // 10 * (height + 1), k % 10 * (width + 1)
            part = np.asarray(shown)[top : top + height, left : left + width]
            np.testing.assert_allclose(part, images[k] if images.ndim == 3 else (images[k] + 1) / 2)
        if images.ndim == 3:
            assert axes.get_images()[0].get_clim() == (-1, 1)
    drawn(figure)


@pytest.mark.parametrize(
    ("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89PNG")]
)
@pytest.mark.filterwarnings("ignore:.*no installed font has the characters")
def test_a_figure_is_saved_by_its_name(tmp_path, kind, start) -> None:
    path = figures.save_figure(figures.draw_curves(Curves((curve(),), title="手書き数字")), tmp_path / f"some.{kind}")
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]


def test_another_kind_of_file_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="did you mean 'png'"):
        figures.save_figure(figures.draw_curves(Curves((curve(),))), tmp_path / "some.pgn")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_an_outside_error(tmp_path) -> None:
    with pytest.raises(OutsideError, match="must be writable"):
        figures.save_figure(figures.draw_curves(Curves((curve(),))), tmp_path / "nowhere" / "some.png")


def test_the_same_data_make_the_same_picture(tmp_path) -> None:
    paths = [figures.save_figure(figures.draw_curves(Curves((curve(),))), tmp_path / f"{k}.png") for k in range(2)]
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_pyplot_is_never_loaded_and_figures_are_freed(tmp_path) -> None:
    """In a process of its own, with a backend that does not exist: nobody may ask for it."""
    code = (
        "import gc, sys, weakref, numpy as np\n"
        "from zerokara import figures\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from zerokara.figures.plot_data import Learning\n"
        "y = np.linspace(0.1, 0.9, 5)\n"
        "figure = figures.draw_learning(Learning(y, y, y, y))\n"
        f"figures.save_figure(figure, {str(tmp_path / 'some.png')!r})\n"
        "kept = weakref.ref(figure); del figure; gc.collect()\n"
        "print(kept() is None, 'matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.parametrize("opaque", [True, False])
def test_a_png_has_every_pixel(opaque: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4), np.uint8)
    pixels[..., 3] |= 255 if opaque else 0
    with Image.open(io.BytesIO(png_bytes(pixels, 150))) as image:
        assert image.mode == ("RGB" if opaque else "RGBA")
        assert round(image.info["dpi"][0]) == 150
        assert np.array_equal(np.asarray(image.convert("RGBA")), pixels)


def test_a_saved_figure_has_the_pixels_of_matplotlibs_own_file(tmp_path) -> None:
    figure = figures.draw_curves(Curves((curve(),)))
    path = figures.save_figure(figure, tmp_path / "ours.png")
    with rc_context({"text.hinting": "none"}):
        figure.savefig(tmp_path / "theirs.png", dpi=150, metadata={"Title": "x"})
    with Image.open(path) as ours, Image.open(tmp_path / "theirs.png") as theirs:
        assert theirs.info["Title"] == "x"
        assert np.array_equal(np.asarray(ours.convert("RGBA")), np.asarray(theirs))
    assert path.stat().st_size < (tmp_path / "theirs.png").stat().st_size


@pytest.mark.parametrize("broken", [False, True])
def test_matplotlib_is_imported_in_a_thread_and_its_error_comes_when_something_is_drawn(broken: bool) -> None:
    code = (
        "import sys, threading\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] == 'matplotlib':\n"
        "            print(threading.current_thread().name)\n"
        f"            if {broken}: raise ImportError('broken')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from zerokara import figures\n"
        "from zerokara.figures.style import new_figure\n"
        "figures.preload(); figures.preload()\n"
        "new_figure(1, 1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split()[0] == "zerokara-figures"
    assert ("MainThread" in done.stdout, "ImportError: broken" in done.stderr) == (broken, broken)


def test_wrapping_tears_no_part() -> None:
    parts = ["trial 7", *(f"name_{k} {k / 7:.4g}" for k in range(12))]
    found = wrap(parts)
    assert len(found) == 2
    assert found[1].endswith(" …")
    words = " · ".join(found).removesuffix(" …").split(" · ")
    assert words == parts[: len(words)]
    assert wrap(["a" * 100, "b"]) == ["a" * 100, "b"]
