"""`inspect`: the numbers of a network are those of its arrays, its outputs and its gradients."""

import math

import numpy as np
import pytest

import zerokara as zk
from zerokara.classic.two_layer_net import TwoLayerNet
from zerokara.errors import InputError
from zerokara.report.network.histograms import histogram
from zerokara.report.network.inspected import spark

DATA = zk.data.load("digits").first(300).split(validation=0.2, seed=0)
X, T = DATA.validation.x, DATA.validation.t


def test_layers_parameters_outputs_and_gradients() -> None:
    net = zk.nn.mlp(64, (9,), 10, "relu", dropout=0.3, batch_norm=True, init_scale=2.0)
    numbers = zk.inspect(net, (X, T))
    assert [(x.index, x.text, x.parameters) for x in numbers.layers] == [
        *((0, "Affine(64, 9)", 585), (1, "BatchNorm(9)", 18), (2, "ReLU()", 0), (3, "Dropout(rate=0.3)", 0)),
        (4, "Affine(9, 10)", 100),
    ]
    y, loss = X[None], zk.nn.SoftmaxCrossEntropy()
    for shown, layer in zip(numbers.layers, net.copy().layers, strict=True):
        y = layer.forward(y)
        assert shown.width == y.shape[2]
        assert shown.outputs.counts.sum() == y.size
        assert shown.outputs.mean == pytest.approx(float(y.mean()), abs=1e-6)
        assert (shown.outputs.lowest, shown.outputs.highest) == (float(y.min()), float(y.max()))
        assert shown.zeros == np.mean(y == 0)
    assert numbers.loss == pytest.approx(float(loss.forward(y, T)[0]))
    own = net.copy()
    own.backward(loss.backward(own.forward(X[None], 0), T))
    assert [each.name for each in numbers.parameters] == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
    for each, (array, values, gradient) in zip(numbers.parameters, own.parameters(), strict=True):
        assert each.array == array
        assert each.values.deviation == pytest.approx(float(values.std()), rel=1e-5)
        assert each.gradient.highest == float(gradient.max())
        assert each.zeros == np.mean(values == 0)
    assert numbers.parameters[0].growth == pytest.approx(1, abs=0.1)
    assert numbers.parameters[1].growth is None


def test_dead_units_and_saturated_outputs_are_counted() -> None:
    net = zk.nn.mlp(64, (4,), 10, "relu")
    net.layers[0].b[0, 0] = [-1e6, -1e6, 1, 1]
    assert zk.inspect(net, X).layers[1].dead == 0.5
    for name, slope in (("sigmoid", lambda y: 4 * y * (1 - y)), ("tanh", lambda y: 1 - y * y)):
        net = zk.nn.mlp(64, (4,), 10, name, init=3.0)
        y = net.layers[1].forward(net.layers[0].forward(X[None]))
        found = zk.inspect(net, X).layers[1]
        assert found.saturated == np.mean(slope(y) < 0.01)
        assert 0 < found.saturated < 1
        assert found.dead is None


def test_nothing_is_said_of_units_whose_outputs_are_not_finite() -> None:
    for name, number in (("relu", np.inf), ("sigmoid", np.nan), ("tanh", np.nan)):
        net = zk.nn.mlp(64, (4,), 10, name)
        net.layers[0].b[0, 0, 0] = number
        found = zk.inspect(net, X)
        assert (found.layers[1].dead, found.layers[1].saturated) == (None, None)
        assert f"{len(X)} NaN or inf" in str(found)
        assert "dead" not in str(found)
        assert "saturated" not in str(found)


def test_without_targets_or_samples() -> None:
    net = zk.nn.mlp(64, (4,), 10)
    alone = zk.inspect(net, X)
    assert alone.loss is None
    assert alone.samples == len(X)
    assert alone.parameters[0].gradient is None
    assert "gradients" not in repr(alone)
    nothing = zk.inspect(net)
    assert (nothing.samples, nothing.layers[0].outputs) == (0, None)
    assert "outputs" not in repr(nothing)
    assert "W1" in repr(nothing)


def test_a_dataset_gives_its_validation_part_or_the_one_that_is_named() -> None:
    net = zk.nn.mlp(64, (4,), 10)
    assert zk.inspect(net, DATA).loss == zk.inspect(net, (X, T)).loss
    assert zk.inspect(net, DATA, part="train", samples=50).samples == 50
    with pytest.raises(InputError, match="digits has no test part"):
        zk.inspect(net, DATA, part="test")
    with pytest.raises(InputError, match="unknown part 'tests'"):
        zk.inspect(net, DATA, part="tests")


def test_a_model_sees_its_own_scaling() -> None:
    scaled = DATA.scaled("standard")
    model = zk.Model.of(zk.nn.mlp(64, (4,), 10), scaled)
    wanted = zk.inspect(model.network, (scaled.validation.x, T)).loss
    for data in (DATA, scaled, (X, T)):
        assert zk.inspect(model, data).loss == pytest.approx(wanted, rel=1e-5)
    assert zk.inspect(model, X).layers[0].outputs.mean == zk.inspect(model, DATA).layers[0].outputs.mean


def test_a_model_of_a_table(prices) -> None:
    model, data = prices.best.model, prices.plan.parts[0]
    numbers = zk.inspect(model, data)
    assert numbers.loss == pytest.approx(model.evaluate(data, "validation")[0], rel=1e-5)
    assert numbers.parameters[0].growth == pytest.approx(1, abs=0.3), "known from the model's hyperparameters"
    rows = {"size": [50.0, 90.0], "city": ["Bern", None], "garden": [True, False]}
    assert zk.inspect(model, rows).samples == 2
    pair = zk.inspect(model, (rows, [500.0, 700.0]))
    target = model.preprocess.transform_target(np.array([[500.0], [700.0]]))
    assert pair.loss == pytest.approx(0.5 * float(((model.scores(rows) - target) ** 2).mean()), rel=1e-5)


def test_networks_of_a_population_and_of_an_ensemble() -> None:
    net = zk.nn.mlp(64, (4,), 10, init_scale=[1, 2], population=2)
    model = zk.Model.of(zk.model.Ensemble.of(net), DATA)
    for many in (net, model):
        first, second = (zk.inspect(many, X, network=k) for k in range(2))
        assert second.parameters[0].values.deviation == pytest.approx(2 * first.parameters[0].values.deviation)
        assert "network 1 of 2 (0 to 1)" in second.title
        with pytest.raises(InputError, match="the networks are 0 to 1, got 2"):
            zk.inspect(many, network=2)


def test_what_is_unknown_of_a_loaded_network_is_left_out(tmp_path) -> None:
    path = zk.Model.of(zk.nn.mlp(64, (4,), 10), DATA).save(tmp_path / "m.safetensors")
    loaded = zk.inspect(zk.Model.load(path))
    assert all(each.growth is None for each in loaded.parameters)
    assert "initial" not in repr(loaded)
    assert zk.inspect(zk.Model.load(path).network).parameters[0].growth is None
    assert "initial" in repr(zk.inspect(zk.nn.mlp(64, (4,), 10)))


def test_encodings_are_shown() -> None:
    table = {"a": np.linspace(0, 1, 60), "b": np.linspace(3, 1, 60), "t": ["x", "y"] * 30}
    data = zk.data.from_table(table, "t").split(0.3, seed=0)
    space = {"numeric_encoding": "periodic", "hidden": (4,)}
    model = zk.tune(data, space, trials=1, epochs=2, progress=None, refit=0).best.model
    numbers = zk.inspect(model, data)
    assert numbers.layers[0].text.startswith("Periodic(")
    names = [each.name for each in numbers.parameters]
    assert names == ["Periodic.frequency", "Periodic.phase", "Periodic.W", "Periodic.b", "W1", "b1", "W2", "b2"]


def test_a_network_of_the_course() -> None:
    np.random.seed(0)
    net = TwoLayerNet(64, 5, 10, weight_init_std=0.5)
    numbers = zk.inspect(net, (X, T))
    assert numbers.loss == pytest.approx(net.loss(X, T))
    assert numbers.title == "TwoLayerNet"
    with pytest.raises(InputError, match="inspect takes a zerokara.nn.Network"):
        zk.inspect("net")


def test_nan_and_infinity_are_counted() -> None:
    net = zk.nn.mlp(64, (4,), 10)
    net.layers[0].W[0, 0, :2] = [math.nan, math.inf]
    numbers = zk.inspect(net, (X, T))
    assert numbers.parameters[0].not_finite == 2
    assert "] 2 NaN or inf" in repr(numbers)


def test_the_text_of_all_layers_and_of_one() -> None:
    numbers = zk.inspect(zk.nn.mlp(64, (9,), 10, "sigmoid"), (X, T))
    text = repr(numbers)
    for part in (
        "0      Affine(64, 9)",
        "total",
        f"outputs for {len(X)} samples",
        "% saturated",
        "gradients of the loss",
    ):
        assert part in text
    assert "█" in text
    plain = "\n".join(numbers.lines(ascii=True))
    assert plain.isascii()
    one = numbers.lines(layer=1, ascii=True)
    assert not any("Affine" in line for line in one[1:])
    place = one.index("outputs of layer 1")
    assert one[place + 1].split() == ["from", "to", "count"]
    counts = [int(line.split()[2].replace(",", "")) for line in one[place + 2 : place + 42]]
    assert counts == numbers.layers[1].outputs.counts.tolist()
    with pytest.raises(InputError, match="the layers are 0 to 2, got 3"):
        numbers.lines(layer=3)
    assert "&lt;" not in text
    assert "<pre>" in numbers._repr_html_()


def test_a_histogram_in_one_line() -> None:
    assert spark(np.array([0, 0, 1, 0, 400, 400, 0, 100])) == " ▁█▁"
    assert spark(np.zeros(8, int)) == "    "
    assert spark(np.array([0, 0, 1, 0, 400, 400, 200, 200]), ascii=True) == " .@="


def test_sparse_samples() -> None:
    from scipy.sparse import csr_array

    x = (np.random.default_rng(0).random((60, 30)) > 0.8).astype(np.float32)
    t = np.arange(60) % 3
    sparse, dense = (zk.data.from_arrays(each, t).split(0.3, seed=0) for each in (csr_array(x), x))
    net = zk.nn.mlp(30, (4,), 3)
    assert zk.inspect(net, sparse).loss == pytest.approx(zk.inspect(net, dense).loss)
    assert zk.nn.gradcheck(net, sparse).ok


def test_numbers_that_are_not_finite_are_counted_not_shown_as_zeros() -> None:
    net = zk.nn.mlp(64, (4,), 10, "sigmoid")
    net.params[:] = np.nan
    numbers = zk.inspect(net, (X, T))
    shown = [numbers.layers[1].outputs, numbers.parameters[0].values, numbers.parameters[0].gradient]
    assert all(math.isnan(each.mean) and math.isnan(each.lowest) for each in shown)
    assert [each.not_finite for each in shown] == [4 * len(X), 256, 256]
    lines = repr(numbers).splitlines()
    tables = [line for line in lines if line.startswith(("W1", "1 ", "2 ")) and "[" in line]
    assert all("NaN or inf" in line for line in tables)
    assert len(tables) == 4


def test_large_equal_values_have_a_histogram() -> None:
    for value in (1e38, 1e300, -1e16):
        found = histogram(np.full(9, value))
        assert found.counts.sum() == 9
        assert found.low < value < found.high
    assert histogram(np.array([1.0, 1.0 + 2**-52])).counts.sum() == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "digits"}, "x must hold numbers"),
        ({"data": X, "network": 1}, "the networks are 0 to 0, got 1"),
        ({"data": X, "network": "a"}, "network must be a whole number"),
        ({"data": DATA, "samples": 0}, "samples must be a whole number, 1 or above, got 0"),
        ({"data": DATA, "samples": 1.5}, "samples must be a whole number, 1 or above, got 1.5"),
        ({"net": "model.safetensors"}, r"got str: pass zerokara.Model.load\('model.safetensors'\)"),
        ({"net": zk.estimators.NetworkClassifier()}, "got NetworkClassifier: pass its model_, which fit sets"),
    ],
)
def test_what_is_refused_says_what_to_pass(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        zk.inspect(**{"net": zk.nn.mlp(64, (4,), 10), **given})


@pytest.mark.parametrize("names", [[1, 2, 3], ["no", "perhaps", "yes"]])
def test_labels_of_a_model_are_in_the_datas_units(names: list[object]) -> None:
    x = np.random.default_rng(0).random((30, 4))
    t = np.array(names)[np.arange(30) % 3]
    data = zk.data.from_arrays(x, t)
    model = zk.Model.of(zk.nn.mlp(4, (5,), 3), data)
    wanted = zk.inspect(model, data).loss
    assert zk.inspect(model, (x, t)).loss == pytest.approx(wanted, rel=1e-5)
    assert zk.inspect(model, (x, np.eye(3)[np.arange(30) % 3])).loss == pytest.approx(wanted, rel=1e-5)
    assert zk.explain(model, x, t).step["loss"]["value"] == pytest.approx(wanted, rel=1e-5)
    with pytest.raises(InputError, match="unknown class 'maybe'"):
        zk.inspect(model, (x, ["maybe"] * 30))


@pytest.mark.parametrize("kind", [bool, str])
def test_boolean_labels_are_booleans_or_texts(kind: type) -> None:
    x, t = np.random.default_rng(0).random((30, 4)), np.arange(30) % 3 > 0
    data = zk.data.from_arrays(x, t)
    model = zk.Model.of(zk.nn.mlp(4, (5,), 2), data)
    assert zk.inspect(model, (x, t.astype(kind))).loss == pytest.approx(zk.inspect(model, data).loss, rel=1e-5)


@pytest.mark.parametrize("t", [["a"] * 2, [1.0] * 3, None])
def test_targets_of_a_regression_are_numbers_for_each_sample(prices, t: object) -> None:
    rows = {"size": [50.0, 90.0], "city": ["Bern", None], "garden": [True, False]}
    for look in (lambda: zk.inspect(prices.best.model, (rows, t)), lambda: zk.explain(prices.best.model, rows, t)):
        with pytest.raises(InputError, match="t must have a row of numbers for each of 2 samples"):
            look()
