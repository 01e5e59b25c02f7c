"""`explain`: the networks of the library and of the courses, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.classic.common.multi_layer_net_extend import MultiLayerNetExtend
from zerokara.classic.cs231n.classifiers.neural_net import TwoLayerNet as CourseNet
from zerokara.classic.two_layer_net import TwoLayerNet
from zerokara.errors import InputError

X = np.random.default_rng(0).normal(size=(5, 4))
T = np.array([0, 2, 1, 1, 0])
HOT = np.eye(3, dtype=int)[T]


def gradients(page: object) -> dict[str, np.ndarray]:
    """The gradients of a page by the book's names: W1, b1, W2, b2."""
    layers = [layer for layer in page.step["layers"] if layer["kind"] == "Affine"]
    return {f"{name}{k}": layer["parameters"][name]["gradient"] for k, layer in enumerate(layers, 1) for name in "Wb"}


@pytest.mark.parametrize("t", [T, HOT], ids=["labels", "one-hot"])
def test_the_books_two_layer_network(t) -> None:
    np.random.seed(0)
    net = TwoLayerNet(4, 6, 3, weight_init_std=0.5)
    net.params["b2"] = np.array([0.1, 0.2, 0.3])
    page = zk.explain(net, X, t)
    for name, gradient in net.gradient(X, t).items():
        np.testing.assert_array_equal(gradients(page)[name].reshape(gradient.shape), gradient)
    assert page.step["loss"]["value"] == pytest.approx(net.loss(X, t), rel=1e-15)
    assert [layer["kind"] for layer in page.step["layers"]] == ["Affine", "Sigmoid", "Affine"]


def test_the_network_of_the_other_course() -> None:
    np.random.seed(0)
    net = CourseNet(4, 6, 3, std=0.5)
    loss, expected = net.loss(X, T)
    page = zk.explain(net, X, T)
    assert page.step["loss"]["value"] == pytest.approx(loss, rel=1e-15)
    for name, gradient in expected.items():
        np.testing.assert_allclose(gradients(page)[name].reshape(gradient.shape), gradient, rtol=1e-14)


def test_a_deep_network_of_the_book_with_everything() -> None:
    np.random.seed(0)
    net = MultiLayerNetExtend(4, [6, 5], 3, use_dropout=True, use_batchnorm=True)
    before = {name: value.copy() for name, value in net.params.items()}
    page = zk.explain(net, X, T)
    kinds = [layer["kind"] for layer in page.step["layers"]]
    assert kinds[:4] == ["Affine", "CourseBatchNorm", "ReLU", "CourseDropout"]
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, before[name])


def test_a_model_takes_samples_in_the_datas_units(prices) -> None:
    model = prices.best.model
    rows = {"size": [50.0, 90.0], "city": ["Bern", None], "garden": [True, False]}
    step = zk.explain(model, rows, [[150_000.0], [300_000.0]]).step
    assert step["loss"]["kind"] == "SquaredError"
    shown = model.preprocess.restore_target(step["layers"][-1]["y"])
    np.testing.assert_allclose(shown, model.predict(rows), rtol=1e-6)


def test_a_model_of_pictures_takes_one_or_several(pictures) -> None:
    model, x = pictures.best.model, pictures.plan.data.original.train.x[:3]
    for given in (x, x.reshape(3, 28, 28), x[0], x[0].reshape(28, 28)):
        step = zk.explain(model, given, [0] * (len(given) if len(given) == 3 else 1)).step
        count = step["samples"]
        np.testing.assert_allclose(step["layers"][-1]["y"], model.scores(x[:count]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("t", "loss"),
    [
        ([0, 1], "SoftmaxCrossEntropy"),
        ([[0, 1], [1, 0]], "SoftmaxCrossEntropy"),
        ([[1, 1], [0, 1]], "SigmoidCrossEntropy"),
        ([[0.5, 1], [2, 3]], "SquaredError"),
    ],
)
def test_the_targets_tell_the_loss(t, loss) -> None:
    net = zk.nn.mlp(2, (3,), 2)
    assert zk.explain(net, [[1, 2], [3, 4]], t).step["loss"]["kind"] == loss


def test_one_sample_is_a_batch_of_one() -> None:
    page = zk.explain(zk.nn.mlp(2, (3,), 2), [1.0, 2.0], [1])
    assert page.step["x"].shape == (1, 2)
    assert page.title == "Network 2-3-2, one step on 1 sample"


def test_a_notebook_shows_the_page_in_a_frame(tmp_path) -> None:
    page = zk.explain(zk.nn.mlp(2, (3,), 2), [[1.0, 2.0]], [1], optimizer=zk.optim.Adam(0.01))
    assert page._repr_html_().startswith("<iframe")
    assert "&lt;!doctype html&gt;" in page._repr_html_()
    assert page.save(tmp_path / "step.html").read_text().startswith("<!doctype html>")


def test_the_example_of_the_page_runs(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[3] / "docs/how-to/report.md").read_text(encoding="utf-8")
    section = page.partition("## Every number of a step")[2]
    exec(section.split("```python\n")[1].split("```")[0], {})
    assert (tmp_path / "step.html").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("net", "x", "t", "words"),
    [
        (zk.nn.mlp(2, (), 2, population=3), [[1, 2]], [0], "takes one network, got 3"),
        ("a name", [[1, 2]], [0], "got str"),
        (zk.nn.mlp(2, (), 2), [[1, 2, 3]], [0], "must have 2 inputs per sample, got 3"),
        (zk.nn.mlp(2, (), 2), [[1, 2]], [5], "from 0 to 1, got 5"),
        (zk.nn.mlp(2, (), 2), [[1, 2]], [[0.5]], "a column for each of 2 outputs"),
        (zk.nn.mlp(2, (), 2), [], [], "must have one sample or more"),
    ],
)
def test_what_does_not_fit_is_refused(net, x, t, words) -> None:
    with pytest.raises(InputError, match=words):
        zk.explain(net, x, t)
