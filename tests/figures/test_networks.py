"""The figures of activations and of optimizers on a surface: their data, and that they draw."""

import math

import numpy as np
import pytest

import zerokara as zk
from tests.figures.drawing import drawn
from zerokara.errors import InputError
from zerokara.figures.networks.activations import draw_activations
from zerokara.figures.networks.trajectories import trajectory_data
from zerokara.nn.layers.activations import sigmoid
from zerokara.optim.descent import BOOK_SURFACE, Surface
from zerokara.report.network.activation_panels import activation_data

X = np.random.default_rng(0).standard_normal((1000, 100))
STDS = {"1": 1.0, "0.01": 0.01, "Xavier": "lecun"}


def test_activations_are_those_of_the_books_loop() -> None:
    nets = {name: zk.nn.mlp(100, (100,) * 5, 10, "sigmoid", init=init, dtype="float64") for name, init in STDS.items()}
    data = activation_data(nets, X)
    assert [label for label, _ in data.rows] == list(STDS)
    for net, (_, panels) in zip(nets.values(), data.rows, strict=True):
        x = X
        assert len(panels) == 5
        for panel, layer in zip(panels, net.layers[::2], strict=False):
            x = sigmoid(x @ layer.W[0])
            counts, _ = np.histogram(x.ravel(), 30, (0, 1))
            np.testing.assert_allclose(panel.shares, counts / x.size, atol=1e-4)
            assert panel.deviation == pytest.approx(x.std())
    first, last = data.rows[0][1][0], data.rows[0][1][-1]
    assert first.shares[[0, -1]].sum() > 0.5, "with a deviation of 1, outputs are near 0 and 1"
    assert last.shares[[0, -1]].sum() > 0.5
    assert data.rows[1][1][4].shares[13:17].sum() > 0.99, "with 0.01 they are all the same"


def test_relu_has_its_zeros_apart_and_one_scale() -> None:
    ((_, panels),) = activation_data(zk.nn.mlp(100, (100,) * 3, 10, "relu"), X).rows
    assert len({(panel.low, panel.high) for panel in panels}) == 1
    for panel in panels:
        assert 0.4 < panel.zeros < 0.6
        assert panel.zeros + panel.shares.sum() == pytest.approx(1)


def test_outputs_that_are_not_finite_are_counted_in_their_panel() -> None:
    net = zk.nn.mlp(100, (4,), 2, "sigmoid", population=2)
    net.layers[0].b[0, 0] = [np.nan, 0, 0, 0]
    net.layers[0].b[1] = np.nan
    data = activation_data(net, X)
    some, every = (panels[0] for _, panels in data.rows)
    assert (some.not_finite, every.not_finite) == (0.25, 1)
    assert some.deviation > 0
    notes = [[text.get_text() for text in axes.texts] for axes in draw_activations(data).axes]
    assert [note[0].split("\n")[1] for note in notes] == ["25% NaN or inf", "100% NaN or inf"]


def test_a_population_has_a_row_for_each_network_and_layers_are_chosen() -> None:
    net = zk.nn.mlp(100, (20, 10), 10, "tanh", init_scale=[0.1, 1, 5], population=3)
    data = activation_data(net, X, labels=["small", "usual"])
    assert [label for label, _ in data.rows] == ["small", "usual", "network 2"]
    assert [panel.name for panel in data.rows[0][1]] == ["1 Tanh", "3 Tanh"]
    chosen = activation_data(net, X, layers=[4, 0])
    assert [panel.name for panel in chosen.rows[0][1]] == ["4 Affine", "0 Affine"]
    for wrong in ([5], [-1]):
        with pytest.raises(InputError, match=f"the layers are 0 to 4, got {wrong[0]}"):
            activation_data(net, X, layers=wrong)


def test_a_model_gets_samples_in_the_datas_units() -> None:
    data = zk.data.load("digits").first(300).split(validation=0.2, seed=0).scaled("standard")
    model = zk.Model.of(zk.nn.mlp(64, (9,), 10), data)
    ((_, ours),) = activation_data(model, data.original).rows
    ((_, theirs),) = activation_data(model.network, data.validation.x).rows
    np.testing.assert_array_equal(ours[0].shares, theirs[0].shares)


@pytest.mark.parametrize(
    ("net", "x", "message"),
    [
        ({}, X, "activations need a network or more"),
        (zk.nn.mlp(99, (3,), 2), X, "x must have 99 inputs per sample, got 100"),
        (zk.nn.mlp(100, (3,), 2), X[0], r"x must have one sample or more, \(N, D\), got the shape \(100,\)"),
        ("net", X, "plot takes a zerokara.nn.Network, a Model"),
    ],
)
def test_activations_refuse_what_they_cannot_draw(net: object, x: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        zk.plot.activations(net, x)


def test_the_figure_of_activations_is_drawn() -> None:
    figure = zk.plot.activations({"a": zk.nn.mlp(100, (5, 4), 2), "b": zk.nn.mlp(100, (5,), 2, init=0.0)}, X)
    assert [axes.get_title() for axes in figure.axes if axes.axison] == ["1 ReLU", "3 ReLU", "1 ReLU"]
    assert drawn(figure)[0] == 1500


def test_trajectories_have_their_points_and_heights() -> None:
    rules = [("SGD", zk.optim.SGD(0.95)), ("Adam", zk.optim.Adam(lr=[0.1, 0.3]))]
    data = trajectory_data(rules, BOOK_SURFACE, (-7.0, 2.0), 30)
    assert [label for label, _, _ in data.paths] == ["SGD", "Adam, lr 0.1", "Adam, lr 0.3"]
    for _, points, heights in data.paths:
        np.testing.assert_allclose(heights, points[:, 0] ** 2 / 20 + points[:, 1] ** 2)
        assert (points >= [data.x.min(), data.y.min()]).all()
        assert (points <= [data.x.max(), data.y.max()]).all()
    np.testing.assert_allclose(data.z, data.x**2 / 20 + data.y**2)
    assert (np.diff(data.levels) > 0).all()


def test_a_way_that_diverges_leaves_the_others_in_sight() -> None:
    rules = [("SGD", zk.optim.SGD(3.0)), ("Adam", zk.optim.Adam(0.3))]
    data = trajectory_data(rules, BOOK_SURFACE, (-7.0, 2.0), 400)
    assert data.x.max() - data.x.min() < 50
    figure = zk.plot.trajectories(dict(rules), steps=2000)
    assert figure.axes[0].get_title() == "SGD: diverged"
    drawn(figure)


@pytest.mark.parametrize("lr", [1.05, 1.5, 3.0, [1.05, 3.0]])
def test_a_way_that_only_climbs_is_seen(lr) -> None:
    """Where no point is below the start, the first steps set the window."""
    data = trajectory_data([("SGD", zk.optim.SGD(lr=lr))], BOOK_SURFACE, (-7.0, 2.0), 30)
    first = np.stack([points[1] for _, points, _ in data.paths])
    assert (first > [data.x.min(), data.y.min()]).all()
    assert (first < [data.x.max(), data.y.max()]).all()
    assert np.ptp(data.x) < 20
    assert np.ptp(data.y) < 120


def test_the_default_figure_has_six_optimizers() -> None:
    figure = zk.plot.trajectories()
    titles = [axes.get_title().split(":")[0] for axes in figure.axes]
    assert titles[0] == "SGD, lr 0.95"
    assert len(titles) == 6
    drawn(figure)


def test_any_surface_start_and_limits() -> None:
    def bowl(x, y):
        return (x - 3) ** 2 + y**2

    figure = zk.plot.trajectories(
        [zk.optim.SGD(0.1), zk.optim.SGD(0.3)], bowl, (0, 1), steps=5, limits=((-1, 4), (-2, 2))
    )
    assert [axes.get_title().split(":")[0] for axes in figure.axes] == ["SGD, lr 0.1", "SGD, lr 0.3"]
    assert figure.axes[0].get_xlim() == (-1, 4)
    flat = Surface(lambda x, y: 0.0, lambda x, y: (0 * x, 0 * y))
    drawn(zk.plot.trajectories(zk.optim.Adam(0.1), flat))


@pytest.mark.parametrize("wrong", [[], ["sgd"], {"a": 0.1}, {}, 5, "sgd", zk.optim.SGD])
def test_something_else_than_optimizers_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match=r"optimizers must be one or more of zerokara\.optim"):
        zk.plot.trajectories(wrong)
    for start in ((1, 2, 3), (1, math.nan), "ab", 1):
        with pytest.raises(InputError, match=r"start must be a point"):
            zk.plot.trajectories(start=start)


@pytest.mark.parametrize(
    ("surface", "message"),
    [
        ("bowl", "a function of two arrays x and y, got TypeError"),
        (lambda x: x, "a function of two arrays x and y, got TypeError"),
        (lambda x, y: math.sin(x), "write it with NumPy functions such as np.sin"),
        (lambda x, y: x if x > 0 else y, "write it with NumPy functions such as np.sin and np.where"),
        (lambda x, y: None, "a number for each point, got object"),
        (lambda x, y: 1j * x, "a number for each point, got complex128"),
        (lambda x, y: [1.0, 2.0], r"the shape \(2,\) for 3 points"),
    ],
)
def test_a_surface_that_cannot_be_drawn_is_refused(surface: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        zk.plot.trajectories(zk.optim.SGD(0.1), surface)
