"""Figures of a search: the race, the scores by hyperparameter, and the rounds of narrowing."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.figures.drawing import drawn, lines
from zerokara import figures
from zerokara.figures.plot_data import Narrowing, Panel, Race, Scatter
from zerokara.figures.style import BELOW


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


PANELS = (
    Panel("lr", np.array([1e-4, 1e-2, 1.0, 1e-3]), log=True),
    Panel("dropout", np.array([0.1, 0.2, 0.3, 0.4])),
    Panel("hidden", np.array([0.0, 1.0, 1.0, 0.0]), options=("8", "8,4")),
)


def test_the_scatter_has_a_log_axis_for_a_log_range_and_names_for_a_choice() -> None:
    scores, diverged = np.array([[0.2, 0.9, np.nan, -1.0]]), np.array([False, False, True, False])
    figure = figures.draw_scatter(
        Scatter(PANELS, scores, ("epoch 9: all 4 trials",), diverged, 1, 0.95, "winner", "r2", "line")
    )
    lr, dropout, hidden = figure.axes
    assert [axes.get_xscale() for axes in figure.axes] == ["log", "linear", "linear"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["lr", "dropout", "hidden"]
    dots = lines(lr)["epoch 9: all 4 trials"].get_xydata()
    assert [(x, y) for x, y in dots if np.isfinite(y)] == [(1e-4, 0.2), (1e-2, 0.9), (1e-3, 0.0)]
    assert lines(lr)["diverged"].get_xdata().tolist() == [1.0]
    assert (lines(dropout)["winner"].get_xdata()[0], lines(dropout)["winner"].get_ydata()[0]) == (0.2, 0.95)
    assert [text.get_text() for text in hidden.get_xticklabels()] == ["8", "8,4"]
    assert np.round(lines(hidden)["epoch 9: all 4 trials"].get_xdata()).tolist() == [0, 1, 1, 0]
    assert figure.get_suptitle() == "line (below 0 drawn at 0)"
    assert legend(figure) == ["epoch 9: all 4 trials", "diverged", "winner"]
    drawn(figure)


def test_scores_at_several_epochs_have_a_color_and_a_label_each_and_are_linked() -> None:
    scores = np.array([[0.1, 0.5, 0.6, 0.2], [np.nan, 0.8, 0.7, np.nan], [np.nan, 0.9, np.nan, np.nan]])
    labels = ("epoch 1 of 9: all 4 trials", "epoch 3: 2", "epoch 9: 1")
    figure = figures.draw_scatter(Scatter(PANELS[:1], scores, labels, np.zeros(4, bool), 1, 0.9, "winner"))
    [axes] = figure.axes
    found = [lines(axes)[label] for label in labels]
    assert len({line.get_color() for line in found}) == 3
    brightness = [np.dot(line.get_color()[:3], (0.3, 0.6, 0.1)) for line in found]
    assert brightness == sorted(brightness, reverse=True), "told apart in gray, and by the color-blind"
    for line, row in zip(found, scores, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), row)
    links = axes.collections[0].get_segments()
    assert [sorted(link[:, 1].tolist()) for link in links if len(link) > 1] == [[0.5, 0.8, 0.9], [0.6, 0.7]]
    assert all(len(set(link[:, 0])) == 1 for link in links)


@pytest.mark.parametrize(
    ("scores", "ends"), [([0.1, 0.9], (0, 1.02)), ([0.96, 0.98], (0.95, 1.02)), ([0.1, 0.3], (0, 0.32))]
)
def test_the_axis_of_scores_fits_them(scores, ends) -> None:
    data = Scatter((Panel("p", np.array([0.1, 0.2])),), np.array([scores]), ("a",), np.zeros(2, bool))
    low, high = figures.draw_scatter(data).axes[0].get_ylim()
    assert (low, high) == pytest.approx(ends, abs=0.04)
    assert low < min(scores) < max(scores) < high


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7])
def test_any_number_of_hyperparameters_is_drawn(count) -> None:
    panels = tuple(Panel(f"p{k}", np.array([0.5, 0.5])) for k in range(count))
    data = Scatter(panels, np.full((1, 2), np.nan), ("epoch 1: 2",), np.ones(2, bool))
    figure = figures.draw_scatter(data)
    assert len(figure.axes) == count
    drawn(figure)


def race(**changes: object) -> Race:
    losses = (np.array([2.0]), np.array([1.0, 0.5, 0.3, 0.2]), np.array([1.2, 0.9]), np.array([1.5, np.inf]))
    usual = {
        "losses": losses,
        "states": ("pruned", "complete", "pruned", "diverged"),
        "rungs": (1, 2),
        "best": 1,
        "epoch": 3,
        "best_loss": 0.3,
        "best_label": "winner: trial 1 at epoch 3",
        "color": PANELS[0],
        "color_label": "lr",
        "title": "some",
    }
    return Race(**{**usual, **changes})


def test_the_race_has_the_winner_on_top_and_its_stops_and_rungs() -> None:
    figure = figures.draw_race(race())
    axes, bar = figure.axes
    assert [text.get_text() for text in axes.texts][:2] == ["3 of 4\ntrain on", "1 of 3\ntrain on"]
    assert (axes.get_xscale(), axes.get_yscale(), bar.get_yscale()) == ("log", "log", "log")
    star, dots = lines(axes)["winner: trial 1 at epoch 3"], axes.collections[1]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (3, 0.3)
    above = max(each.get_zorder() for each in (*axes.collections, *(x for x in axes.get_lines() if x is not star)))
    assert star.get_zorder() > above
    winner = [line for line in axes.get_lines() if len(line.get_xdata()) == 4]
    assert winner[-1].get_ydata().tolist() == [1.0, 0.5, 0.3, 0.2]
    assert winner[-1].get_zorder() > max(each.get_zorder() for each in axes.collections)
    assert np.asarray(dots.get_offsets()).tolist() == [[1, 2.0], [2, 0.9]]
    assert lines(axes)["diverged"].get_xdata().tolist() == [2]
    assert legend(figure)[0] == "winner: trial 1 at epoch 3"
    low, high = axes.get_ylim()
    assert low < 0.2 < 2.0 < high
    drawn(figure)


def test_far_worse_first_epochs_do_not_hide_the_others() -> None:
    losses = tuple(np.array([loss, loss / 2]) for loss in (1.0, 1.1, 1.2, 1.3, 1e9))
    data = race(losses=losses, states=("complete",) * 4 + ("pruned",), rungs=(2,), color=None, epoch=2, best_loss=0.55)
    axes = figures.draw_race(data).axes[0]
    assert 1.3 < axes.get_ylim()[1] < 10
    assert "1 stopped above the axis" in [text.get_text() for text in axes.texts]


def test_a_full_search_has_no_rungs_and_linear_epochs() -> None:
    figure = figures.draw_race(race(rungs=(), states=("complete",) * 4))
    assert figure.axes[0].get_xscale() == "linear"
    assert not list(figure.axes[0].texts)


NAN = np.full(4, np.nan)


@pytest.mark.parametrize(
    "changes",
    [
        {"losses": (), "states": (), "rungs": (), "best": None, "color": None},
        {"losses": (NAN[:1],) * 4, "best": None},
        {"losses": (NAN[:0],) * 4, "best": None, "rungs": ()},
        {"color": PANELS[2]},
        {"color": Panel("x", NAN)},
        {"color": Panel("x", np.array([0.5, np.nan, 0.5, 0.5]))},
        {"color": Panel("many", np.arange(4.0), options=tuple("abcdefghij"))},
        {"losses": tuple(np.array([-1.0, 0.0, 0.1]) for _ in range(4)), "epoch": 1},
        {"losses": tuple(np.array([0.5]) for _ in range(4)), "epoch": 1, "states": ("complete",) * 4, "rungs": ()},
    ],
)
def test_any_race_is_drawn(changes) -> None:
    """Warnings are errors here."""
    assert drawn(figures.draw_race(race(**changes)))[0] > 1000


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


def test_the_winner_is_within_the_axes() -> None:
    """Its best epoch may be better than all that is drawn, and a spike of its own worse than most."""
    scores = np.array([[0.1, 0.2, 0.15, 0.12]])
    figure = figures.draw_scatter(Scatter(PANELS, scores, ("epoch 1",), np.zeros(4, bool), 1, 0.6, "winner", "r2"))
    assert all(axes.get_ylim()[1] > 0.6 for axes in figure.axes if axes.get_lines())
    losses = (np.array([1.0, 9.0, 0.5, 0.4]), *[np.array([1.0])] * 9)
    race = figures.draw_race(Race(losses, ("complete", *["pruned"] * 9), (1,), 0, 4, 0.4))
    assert race.axes[0].get_ylim()[1] > 9
