"""Figures draw their data as they say, whatever the data: without a warning, each artist where it belongs."""

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from PIL import Image

from zerokara import figures
from zerokara.errors import InputError, OutsideError
from zerokara.figures.curves import wrap
from zerokara.figures.plot_data import Curve, Curves, Learning, Narrowing, Panel, Scatter, Weights
from zerokara.figures.style import BELOW

NAN = np.full(4, np.nan)


def curve(rank: int = 1, **changes: object) -> Curve:
    rise = np.linspace(0.1, 0.8, 10)
    usual = {"score": 0.8, "train": rise + 0.1, "validation": rise, "params": {"lr": 0.01}, "epoch": 10}
    return Curve(rank=rank, number=rank + 30, **{**usual, **changes})


def drawn(figure: Figure) -> tuple[int, int]:
    """The size of the picture, as it is written: whatever matplotlib would complain of shows here."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    with Image.open(file) as image:
        return image.size


def lines(axes) -> dict[str, object]:
    return {line.get_label(): line for line in axes.get_lines()}


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6, 7, 12, 19, 20])
def test_the_grid_has_five_columns_and_a_panel_for_each(count) -> None:
    figure = figures.draw_curves(Curves(tuple(curve(k + 1) for k in range(count))))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == count
    spec = figure.axes[0].get_gridspec()
    assert (spec.nrows, spec.ncols) == (-(-count // 5), min(count, 5))
    assert [axes.get_title() for axes in shown] == [f"Best-{k + 1} (0.8000)" for k in range(count)]
    assert [bool(axes.get_ylabel()) for axes in shown] == [k % 5 == 0 for k in range(count)]
    # The epochs stand below the last panel of each column, wherever that is.
    assert [bool(axes.get_xlabel()) for axes in shown] == [k + 5 >= count for k in range(count)]
    figure.draw_without_rendering()
    labeled = [any(t.get_text() and t.get_visible() for t in axes.get_xticklabels()) for axes in shown]
    assert labeled == [k + 5 >= count for k in range(count)]
    assert len(figure.legends) == 1


def test_twenty_panels_are_1600_pixels_wide() -> None:
    assert drawn(figures.draw_curves(Curves(tuple(curve(k) for k in range(1, 21)))))[0] == 1600


def test_validation_is_solid_training_dashed_and_the_score_runs_from_0_to_1() -> None:
    one = curve(params={"lr": 0.00923471, "hidden": (100, 50)})
    axes = figures.draw_curves(Curves((one,))).axes[0]
    found = lines(axes)
    assert set(found) == {"validation", "training"}
    assert found["validation"].get_linestyle() == "-"
    assert found["training"].get_linestyle() == "--"
    assert np.array_equal(found["validation"].get_ydata(), one.validation)
    assert np.array_equal(found["training"].get_ydata(), one.train)
    assert found["training"].get_xdata().tolist() == list(range(1, 11))
    assert axes.get_ylim() == (0, 1)
    assert axes.get_xlim() == (1, 10)
    assert axes.texts[0].get_text() == "trial 31 · lr 0.009235 · hidden 100,50"


@pytest.mark.parametrize(("mark", "epoch", "place"), [(True, 7, (7, 0.5667)), (True, 0, None), (False, 7, None)])
def test_the_epoch_kept_is_marked(mark, epoch, place) -> None:
    figure = figures.draw_curves(Curves((curve(epoch=epoch),), mark=mark))
    dot = lines(figure.axes[0]).get("epoch kept")
    assert (dot is not None) == (place is not None)
    if place:
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == pytest.approx(place, abs=1e-4)
        assert "epoch kept" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_scores_below_0_are_drawn_at_0_and_the_title_says_so() -> None:
    figure = figures.draw_curves(Curves((curve(validation=np.array([-3.0, 0.2]), epoch=1),), "r2", True, "line"))
    found = lines(figure.axes[0])
    assert found["validation"].get_ydata().tolist() == [0, 0.2]
    assert found["epoch kept"].get_ydata() == [0]
    assert figure.get_suptitle() == "line (below 0 drawn at 0)"
    assert figure.axes[0].get_ylabel() == "R²"


def test_what_was_measured_every_other_epoch_is_one_line() -> None:
    train = np.array([np.nan, 0.4, np.nan, 0.8])
    found = lines(figures.draw_curves(Curves((curve(train=train, validation=train),))).axes[0])
    assert found["training"].get_xdata().tolist() == [2, 4]


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
    assert figure.axes[1].get_title() == "Best-2 (diverged)"
    assert len(lines(figure.axes[1])["validation"].get_xdata()) == 0


def test_a_long_title_leaves_room_for_the_legend() -> None:
    figure = figures.draw_curves(EDGES["long title"])
    figure.draw_without_rendering()
    assert figure.get_suptitle().endswith("…")
    assert figure._suptitle.get_window_extent().x1 < figure.legends[0].get_window_extent().x0


def test_the_scatter_has_a_log_axis_for_a_log_range_and_names_for_a_choice() -> None:
    scores = np.array([0.2, 0.9, np.nan, -1.0])
    panels = (
        Panel("lr", np.array([1e-4, 1e-2, 1.0, 1e-3]), log=True),
        Panel("dropout", np.array([0.1, 0.2, 0.3, 0.4])),
        Panel("hidden", np.array([0.0, 1.0, 1.0, 0.0]), options=("8", "8,4")),
    )
    figure = figures.draw_scatter(Scatter(panels, scores, 1, "r2", "line"))
    lr, dropout, hidden = figure.axes
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "linear", "linear"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["lr", "dropout", "hidden"]
    assert lines(lr)["trial"].get_xdata().tolist() == [1e-4, 1e-2, 1e-3]
    assert lines(lr)["trial"].get_ydata().tolist() == [0.2, 0.9, 0.0]
    assert lines(lr)["diverged"].get_xdata().tolist() == [1.0]
    assert (lines(dropout)["best"].get_xdata()[0], lines(dropout)["best"].get_ydata()[0]) == (0.2, 0.9)
    assert [text.get_text() for text in hidden.get_xticklabels()] == ["8", "8,4"]
    assert np.round(lines(hidden)["trial"].get_xdata()).tolist() == [0, 1, 0]
    assert figure.get_suptitle() == "line (below 0 drawn at 0)"
    drawn(figure)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7])
def test_any_number_of_hyperparameters_is_drawn(count) -> None:
    panels = tuple(Panel(f"p{k}", np.array([0.5, 0.5])) for k in range(count))
    figure = figures.draw_scatter(Scatter(panels, np.array([np.nan, np.nan]), None))
    assert sum(axes.get_visible() for axes in figure.axes) == count
    drawn(figure)


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
def test_weights_are_drawn_one_image_a_unit(shape) -> None:
    images = np.linspace(-1, 1, np.prod(shape)).reshape(shape)
    figure = figures.draw_weights(Weights(images, "First layer"))
    shown = [axes.get_images()[0] for axes in figure.axes if axes.get_images()]
    assert len(shown) == shape[0]
    assert all(same_color(axes.get_facecolor(), "white") for axes in figure.axes)
    if images.ndim == 3:
        assert all(image.get_clim() == (-1, 1) for image in shown)
        assert np.array_equal(shown[0].get_array(), images[0])
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


def test_wrapping_tears_no_part() -> None:
    parts = ["trial 7", *(f"name_{k} {k / 7:.4g}" for k in range(12))]
    found = wrap(parts)
    assert len(found) == 2
    assert found[1].endswith(" …")
    words = " · ".join(found).removesuffix(" …").split(" · ")
    assert words == parts[: len(words)]
    assert wrap(["a" * 100, "b"]) == ["a" * 100, "b"]


@pytest.mark.parametrize("scores", [[np.nan, np.nan], [-3.0, 0.5], [0.5, 0.5]])
@pytest.mark.parametrize("panels", [1, 2, 4, 5])
def test_narrowing_is_drawn_whatever_came_of_it(scores, panels) -> None:
    panel = Panel("lr", np.array([0.1, 0.1]))
    data = Narrowing(
        (panel,) * panels, (((0.0, 1.0), (0.1, 0.1)),) * panels, np.array([0, 1]), np.array(scores), None, "r2", "t"
    )
    figure = figures.draw_narrowing(data)
    assert drawn(figure)[1] > 200
    assert figure.get_suptitle() == ("t" + BELOW if min(scores) < 0 else "t")
