"""The book's networks and layers: what shares memory, what is read at each call, which shapes and targets do."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import zerokara as zk
from zerokara.classic import two_layer_net, two_layer_net0
from zerokara.classic.common import layers
from zerokara.classic.common.gradient import numerical_gradient
from zerokara.classic.common.multi_layer_net import MultiLayerNet
from zerokara.classic.common.multi_layer_net_extend import MultiLayerNetExtend
from zerokara.classic.common.optimizer import SGD
from zerokara.classic.common.trainer import Trainer
from zerokara.classic.common.util import shuffle_dataset, smooth_curve
from zerokara.classic.cs231n.data_utils import load_CIFAR10, load_CIFAR_batch
from zerokara.classic.cs231n.vis_utils import visualize_grid
from zerokara.errors import InputError

RNG = np.random.default_rng(0)
X, LABELS = RNG.random((7, 6)), RNG.integers(0, 3, 7)
HE, XAVIER = (2 / 300) ** 0.5, (1 / 300) ** 0.5
DEEP = {
    "plain": lambda: MultiLayerNet(6, [5, 4], 3),
    "sigmoid": lambda: MultiLayerNet(6, [5, 4], 3, activation="sigmoid", weight_init_std=0.5, weight_decay_lambda=0.1),
    "linear": lambda: MultiLayerNet(6, [], 3),
    "batch norm": lambda: MultiLayerNetExtend(6, [5, 4], 3, use_batchnorm=True, weight_decay_lambda=0.1),
    "dropout": lambda: MultiLayerNetExtend(6, [5, 4], 3, use_dropout=True, dropout_ration=0.3),
    "all": lambda: MultiLayerNetExtend(6, [5], 3, "sigmoid", 0.1, 0.1, True, 0.2, True),
}
SHALLOW = {
    "book": lambda: two_layer_net.TwoLayerNet(6, 5, 3, 0.5),
    "write-up": lambda: two_layer_net0.TwoLayerNet(6, 5, 3, 0.5),
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    np.random.seed(0)


@pytest.mark.parametrize("name", DEEP)
def test_params_layers_and_network_share_memory(name: str) -> None:
    net = DEEP[name]()
    assert isinstance(net.network, zk.nn.Network)
    assert (net.network.population, net.network.dtype) == (1, np.float64)
    before = net.predict(X)
    np.testing.assert_array_equal(net.network.forward(X[None])[0], before)
    for key, value in net.params.items():
        assert np.shares_memory(value, net.network.params), key
    last = max(key for key in net.params if key[:1] == "b" and key[1:].isdecimal())
    net.params[last] += 1.0
    np.testing.assert_allclose(net.predict(X), before + 1)
    assert net.layers["Affine1"].W is not None
    np.testing.assert_array_equal(net.layers["Affine1"].W, net.params["W1"])


@pytest.mark.parametrize("name", DEEP)
def test_gradients_are_those_of_central_differences(name: str) -> None:
    net = DEEP[name]()
    loss = net._training_loss
    net._training_loss = lambda x, t: (np.random.seed(3), loss(x, t))[1]  # the same masks for every loss
    written, numerical = net.gradient(X, LABELS), net.numerical_gradient(X, LABELS)
    assert list(written) == list(numerical)
    assert set(written) == set(net.params)
    for key in written:
        np.testing.assert_allclose(written[key], numerical[key], atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", SHALLOW)
def test_gradients_of_the_two_layer_networks(name: str) -> None:
    net = SHALLOW[name]()
    written, numerical = net.gradient(X, LABELS), net.numerical_gradient(X, LABELS)
    for key in written:
        np.testing.assert_allclose(written[key], numerical[key], atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", [*DEEP, *SHALLOW])
def test_labels_and_one_hot_are_the_same(name: str) -> None:
    net, t = (DEEP | SHALLOW)[name](), np.eye(3)[LABELS]
    assert net.loss(X, t) == pytest.approx(net.loss(X, LABELS), rel=1e-14)
    assert net.accuracy(X, t) == net.accuracy(X, LABELS)
    np.random.seed(1)
    labels = net.gradient(X, LABELS)
    np.random.seed(1)
    one_hot = net.gradient(X, t)
    for key in labels:
        np.testing.assert_array_equal(labels[key], one_hot[key])


@pytest.mark.parametrize("name", [*DEEP, *SHALLOW])
def test_one_image_a_batch_and_pictures(name: str) -> None:
    net = (DEEP | SHALLOW)[name]()
    batch = net.predict(X)
    assert batch.shape == (7, 3)
    one = net.predict(X[0])
    assert one.shape == (3,)
    np.testing.assert_allclose(one, batch[0], atol=1e-14)
    np.testing.assert_array_equal(net.predict(X.reshape(7, 2, 3)), batch)
    assert net.loss(X[0], LABELS[0]) == pytest.approx(net.loss(X[:1], LABELS[:1]))
    assert net.accuracy(X[0], LABELS[0]) in (0, 1)


@pytest.mark.parametrize("name", [*DEEP, *SHALLOW])
def test_gradients_of_one_batch_outlive_the_next(name: str) -> None:
    net = (DEEP | SHALLOW)[name]()
    first = net.gradient(X[:3], LABELS[:3])
    kept = {key: value.copy() for key, value in first.items()}
    net.gradient(X[3:], LABELS[3:])
    for key in first:
        np.testing.assert_array_equal(first[key], kept[key])


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.parametrize("name", [*DEEP, *SHALLOW])
def test_a_copy_learns_by_itself(name: str, twin) -> None:
    net = (DEEP | SHALLOW)[name]()
    net.gradient(X, LABELS)
    other, before = twin(net), net.loss(X, LABELS)
    assert other.loss(X, LABELS) == before
    for _ in range(30):
        SGD(lr=0.1).update(other.params, other.gradient(X, LABELS))
    assert other.loss(X, LABELS) < before == net.loss(X, LABELS)
    if name in DEEP:
        assert all(np.shares_memory(value, other.network.params) for value in other.params.values())
        np.testing.assert_array_equal(other.network.forward(X[None])[0], other.predict(X))


def test_a_users_own_network_of_these_layers_is_copied_whole() -> None:
    W = RNG.random((6, 3))
    params, layer = copy.deepcopy(({"W": W}, layers.Affine(W, np.zeros(3))))
    params["W"] *= 0
    assert not layer.forward(X).any()


def test_zerokaras_own_optimizers_train_the_network_beneath() -> None:
    net = MultiLayerNet(6, [5], 3)
    before = net.loss(X, LABELS)
    rule, loss = zk.optim.SGD(lr=0.1).start(net.network), zk.nn.SoftmaxCrossEntropy()
    for _ in range(30):
        net.gradient(X, LABELS)
        net.network.backward(loss.backward(net.network.forward(X[None]), LABELS))
        rule.step(net.network)
    assert net.loss(X, LABELS) < before


@pytest.mark.parametrize("name", SHALLOW)
def test_other_arrays_may_be_put_into_the_two_layer_networks(name: str) -> None:
    net, other = SHALLOW[name](), SHALLOW[name]()
    for key in net.params:
        net.params[key] = other.params[key] * 1.0
    np.testing.assert_array_equal(net.predict(X), other.predict(X))
    for key, grad in net.gradient(X, LABELS).items():
        net.params[key] = net.params[key] - 0.1 * grad
    assert net.loss(X, LABELS) < other.loss(X, LABELS)


@pytest.mark.parametrize("name", [*DEEP, *SHALLOW])
def test_an_optimizer_reaches_the_network_through_the_dict(name: str) -> None:
    net = (DEEP | SHALLOW)[name]()
    before = net.loss(X, LABELS)
    optimizer = SGD(lr=0.1)
    for _ in range(30):
        optimizer.update(net.params, net.gradient(X, LABELS))
    assert net.loss(X, LABELS) < before


@pytest.mark.parametrize(
    ("given", "scale"),
    [("relu", HE), ("He", HE), ("sigmoid", XAVIER), ("Xavier", XAVIER), (0.5, 0.5)],
)
def test_initial_weights(given: str | float, scale: float) -> None:
    net = MultiLayerNet(300, [200], 10, weight_init_std=given)
    np.random.seed(0)
    np.testing.assert_allclose(net.params["W1"], scale * np.random.randn(300, 200), rtol=1e-15)
    np.testing.assert_allclose(net.params["W2"].std(), scale * (1 if given == 0.5 else 1.5**0.5), rtol=0.05)
    assert not net.params["b1"].any()


def test_a_saved_network_is_restored(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    net = two_layer_net0.TwoLayerNet(6, 5, 3)
    net.save_params()
    other = two_layer_net0.TwoLayerNet(file="weight_bias_params_0.pkl")
    np.testing.assert_array_equal(other.predict(X), net.predict(X))
    with open("weight_bias_params_0.pkl", "rb") as file:
        assert list(pickle.load(file)) == ["W1", "b1", "W2", "b2"]


@pytest.mark.parametrize("content", [{"W1": np.eye(2)}, [1, 2], {"W1": 1, "b1": 2, "W2": 3, "b2": 4}])
def test_weights_that_are_none_are_refused(content, tmp_path) -> None:
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="must contain a dict of the arrays W1, b1, W2, b2"):
        two_layer_net.TwoLayerNet(6, 5, 3, file=tmp_path / "w.pkl")


def test_dropout_is_the_courses() -> None:
    layer, x = layers.Dropout(0.3), np.ones((200, 50))
    np.testing.assert_array_equal(layer.forward(x, train_flg=False), x * 0.7)
    np.random.seed(5)
    y = layer.forward(x)
    np.random.seed(5)
    np.testing.assert_array_equal(y, np.random.rand(200, 50) > 0.3)
    np.testing.assert_array_equal(layer.backward(x), y)
    assert layer.dropout_ratio == 0.3


def test_batch_normalization_is_the_courses() -> None:
    gamma, beta, x = np.array([2.0, 1.0]), np.array([1.0, 0.0]), RNG.random((50, 2))
    layer = layers.BatchNormalization(gamma, beta)
    y = layer.forward(x)
    mean, var = x.mean(axis=0), x.var(axis=0)
    np.testing.assert_allclose(y, gamma * (x - mean) / np.sqrt(var + 10e-7) + beta, atol=1e-12)
    np.testing.assert_allclose(layer.running_mean, 0.1 * mean)
    np.testing.assert_allclose(layer.running_var, 0.1 * var)
    expected = gamma * (x - 0.1 * mean) / np.sqrt(0.1 * var + 10e-7) + beta
    np.testing.assert_allclose(layer.forward(x, train_flg=False), expected, atol=1e-12)
    gamma *= 2
    np.testing.assert_allclose(layer.forward(x) - beta, 2 * (y - beta), atol=1e-12)
    assert layers.BatchNormalization(gamma, beta, running_mean=mean, running_var=var).running_var is not None


@pytest.mark.parametrize("kind", [layers.Relu, layers.Sigmoid, lambda: layers.Affine(RNG.random((2, 3)), np.zeros(3))])
def test_layers_by_themselves(kind) -> None:
    layer, x, weight = kind(), RNG.standard_normal((4, 2)), RNG.random((4, 3))
    out = layer.forward(x)
    dout = weight[:, : out.shape[1]]
    dx = layer.backward(dout.copy())
    np.testing.assert_allclose(dx, numerical_gradient(lambda x: np.sum(layer.forward(x) * dout), x), atol=1e-7)


def test_a_layers_arrays_may_be_replaced() -> None:
    layer = layers.Affine(np.ones((2, 3)), np.zeros(3))
    layer.W = np.full((2, 5), 2.0)
    layer.b = np.ones(5)
    assert layer.forward(np.ones((1, 2))).tolist() == [[5.0] * 5]
    layer.backward(np.ones((1, 5)))
    assert layer.dW.shape == (2, 5)


def test_batches_are_drawn_with_replacement_and_epochs_are_fractions() -> None:
    net = MultiLayerNet(6, [5], 3)
    trainer = Trainer(net, X, LABELS, X, LABELS, epochs=4, mini_batch_size=2, verbose=False)
    assert (trainer.iter_per_epoch, trainer.max_iter) == (3.5, 14)
    trainer.train()
    assert len(trainer.train_loss_list) == 14
    assert len(trainer.train_acc_list) == len(trainer.test_acc_list) == 2  # steps 0 and 7 alone
    assert trainer.optimizer.lr == 0.01


def test_the_trainer_evaluates_the_first_samples_and_says_so(capsys) -> None:
    net = MultiLayerNet(6, [5], 3)
    Trainer(net, X, LABELS, X, LABELS, 1, 7, "Adam", {"lr": 0.1}, 2).train()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["train loss", "=== epoch"]
    assert [line.strip("= ").split(":")[0] for line in lines[2:]] == ["Final Test Accuracy", "test acc"]
    assert lines[1].startswith("=== epoch:1, train acc:")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiLayerNet(6, [5], 3, activation="rleu"), "did you mean 'relu'"),
        (lambda: MultiLayerNet(6, [5], 3, weight_init_std="hee"), "did you mean 'he'"),
        (lambda: MultiLayerNet(6, [0], 3), "whole numbers, 1 or above, got 6-0-3"),
        (lambda: MultiLayerNet(6, [5.0], 3), "whole numbers, 1 or above"),
        (
            lambda: MultiLayerNet(6, [5], 3).predict(X[:, :5]),
            r"expects 6 inputs per sample, got x of the shape \(7, 5\)",
        ),
        (lambda: MultiLayerNet(6, [5], 3).predict(np.zeros((2, 3))), r"expects 6 inputs"),
        (lambda: MultiLayerNet(6, [5], 3).accuracy(X, LABELS[:3]), "a target for each of 7 samples"),
        (lambda: Trainer(None, X, LABELS, X, LABELS, optimizer="adm"), "did you mean 'adam'"),
        (lambda: numerical_gradient(np.sum, np.arange(3)), "needs an array of floats, got int64"),
        (lambda: smooth_curve([1.0, 2.0]), "11 points"),
    ],
)
def test_what_is_refused(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_shuffling_keeps_pairs_together() -> None:
    for shape in ((20, 3), (20, 3, 2), (20, 1, 3, 2)):
        x = np.arange(np.prod(shape)).reshape(shape)
        x_new, t_new = shuffle_dataset(x, np.arange(20))
        np.testing.assert_array_equal(x_new, x[t_new])
        assert sorted(t_new) == list(range(20))
        assert list(t_new) != list(range(20))


def test_a_smooth_curve_keeps_its_length_and_mean() -> None:
    noisy = np.sin(np.linspace(0, 6, 200)) + RNG.normal(0, 0.3, 200)
    smooth = smooth_curve(noisy)
    assert smooth.shape == (200,)
    assert np.abs(np.diff(smooth)).mean() < 0.4 * np.abs(np.diff(noisy)).mean()


def test_a_grid_of_images() -> None:
    images = np.stack([np.full((2, 2, 3), 5.0), np.arange(12.0).reshape(2, 2, 3), -np.arange(12.0).reshape(2, 2, 3)])
    grid = visualize_grid(images, padding=1)
    assert grid.shape == (5, 5, 3)
    assert not grid[:2, :2].any()
    assert (grid[:2, 3:].min(), grid[:2, 3:].max()) == (0, 255)
    assert not grid[2].any()
    assert not grid[3:, 3:].any()
    assert np.isfinite(grid).all()


def test_only_the_course_apis_draw_from_the_global_generator() -> None:
    root = Path(zk.__file__).parent
    draws = re.compile(r"np\.random\.(?!SeedSequence|Generator|PCG64|default_rng|RandomState)")
    found = {path.relative_to(root).parts[0] for path in root.rglob("*.py") if draws.search(path.read_text())}
    assert found == {"classic"}


def test_cifar_batches_are_turned_to_height_width_color(tmp_path) -> None:
    pixels = RNG.integers(0, 256, (2, 3, 32, 32)).astype(np.uint8)
    for k, name in enumerate((*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")):
        batch = {"data": pixels.reshape(2, -1), "labels": [k, 9]}
        (tmp_path / name).write_bytes(pickle.dumps({key.encode(): value for key, value in batch.items()}, 2))
    x, y, x_test, y_test = load_CIFAR10(tmp_path)
    assert (x.shape, x.dtype, y.tolist()) == ((10, 32, 32, 3), np.float64, [0, 9, 1, 9, 2, 9, 3, 9, 4, 9])
    np.testing.assert_array_equal(x_test, pixels.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(x[4:6], x_test)
    assert y_test.tolist() == [5, 9]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([1], "must be a dict"),
        ({b"data": np.zeros((2, 5)), b"labels": [1, 2]}, r"must be uint8 \(N, 3072\)"),
        ({b"data": np.zeros((1, 3072))}, "missing: labels"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}, "0 to 9"),
    ],
)
def test_what_is_no_cifar_batch_is_refused(content, told, tmp_path) -> None:
    (tmp_path / "batch").write_bytes(pickle.dumps(content, 2))
    with pytest.raises(InputError, match=told):
        load_CIFAR_batch(tmp_path / "batch")
