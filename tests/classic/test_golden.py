"""The courses' own numbers. Those of the book were measured with its repository at commit 07b1161."""

import numpy as np
import pytest

from zerokara.classic import two_layer_net, two_layer_net0
from zerokara.classic.common import functions
from zerokara.classic.common.gradient import numerical_gradient, numerical_gradient_2d
from zerokara.classic.common.multi_layer_net import MultiLayerNet
from zerokara.classic.common.multi_layer_net_extend import MultiLayerNetExtend
from zerokara.classic.common.trainer import Trainer
from zerokara.classic.cs231n.classifiers.neural_net import TwoLayerNet
from zerokara.classic.cs231n.gradient_check import eval_numerical_gradient


def toy() -> tuple[TwoLayerNet, np.ndarray, np.ndarray]:
    np.random.seed(0)
    net = TwoLayerNet(4, 10, 3, std=1e-1)
    np.random.seed(1)
    return net, 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])


SCORES = [
    [-0.81233741, -1.27654624, -0.70335995],
    [-0.17129677, -1.18803311, -0.47310444],
    [-0.51590475, -1.01354314, -0.8504215],
    [-0.15419291, -0.48629638, -0.52901952],
    [-0.00618733, -0.12435261, -0.15226949],
]


def test_cs231n_scores() -> None:
    net, X, _ = toy()
    assert np.abs(net.loss(X) - SCORES).sum() < 1e-7
    assert net.predict(X).tolist() == np.argmax(SCORES, axis=1).tolist()


def test_cs231n_loss() -> None:
    net, X, y = toy()
    loss, _ = net.loss(X, y, reg=0.05)
    assert abs(loss - 1.30378789133) < 1e-12


def test_cs231n_gradients() -> None:
    net, X, y = toy()
    _, grads = net.loss(X, y, reg=0.05)
    for name, written in grads.items():
        numerical = eval_numerical_gradient(lambda _: net.loss(X, y, reg=0.05)[0], net.params[name], verbose=False)
        error = np.max(np.abs(written - numerical) / np.maximum(1e-8, np.abs(written) + np.abs(numerical)))
        assert error < 1e-8, name


def test_cs231n_toy_training() -> None:
    net, X, y = toy()
    history = net.train(X, y, X, y, learning_rate=1e-1, reg=5e-6, num_iters=100, verbose=False)
    assert history["loss_history"][-1] < 0.2
    assert len(history["loss_history"]) == 100
    assert history["val_acc_history"][-1] == 1.0


def test_cs231n_epochs_are_whole_steps(capsys) -> None:
    net, X, y = toy()
    history = net.train(X, y, X, y, learning_rate_decay=0.5, num_iters=7, batch_size=2, verbose=True)
    assert len(history["train_acc_history"]) == len(history["val_acc_history"]) == 4  # 5 // 2: steps 0, 2, 4, 6
    assert capsys.readouterr().out.startswith("iteration 0 / 7: loss 1.")


Y = np.array(
    [
        *(1.06677078e-02, 1.58301147e-04, 4.30344051e-04, 2.15528250e-01, 5.69069698e-06),
        *(7.67599761e-01, 3.01648834e-05, 3.11577786e-03, 1.66547787e-03, 7.98536697e-04),
    ]
)


def test_errors_of_one_answer() -> None:
    t = np.eye(10)[5]
    assert functions.mean_squared_error(Y, t) == pytest.approx(0.05029471401664868, abs=1e-9)
    assert functions.sum_squared_error(Y, t) == functions.mean_squared_error(Y, t)
    assert functions.cross_entropy_error(Y, t) == pytest.approx(0.26448667049407959, abs=1e-7)
    assert functions.cross_entropy_error(Y, np.array(5)) == functions.cross_entropy_error(Y, t)
    assert functions.cross_entropy_error(np.zeros(10), t) == pytest.approx(16.11809565095832)


X = np.random.RandomState(1).rand(60, 20)
T = np.random.RandomState(2).randint(0, 5, 60)


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize(
    ("optimizer", "settings", "first", "last", "accuracies", "size"),
    [
        ("SGD", {}, 1.6346569243095916, 1.5189452531517922, [4, 5, 5, 8, 9, 10], 121.94190505673994),
        (
            "Momentum",
            {"activation": "sigmoid", "weight_init_std": "xavier", "weight_decay_lambda": 0.1},
            3.2150983342608033,
            1.9378204447728673,
            [3, 3, 5, 7, 7, 7],
            48.51861516903301,
        ),
        (
            "nesterov",
            {"weight_init_std": 0.3},
            1.6006128764248337,
            1.4478757305149315,
            [4, 7, 9, 7, 9, 10],
            103.03178430077541,
        ),
        (
            "AdaGrad",
            {"use_dropout": True, "dropout_ration": 0.3},
            1.5836679617435545,
            1.5431692661043808,
            [7, 4, 11, 11, 9, 10],
            124.72674520991929,
        ),
        (
            "RMSprop",
            {"use_batchnorm": True, "weight_decay_lambda": 0.01},
            12.820972926821394,
            1.4686965626732935,
            [8, 9, 5, 11, 8, 11],
            118.41207360026469,
        ),
        (
            "adam",
            {"use_dropout": True, "use_batchnorm": True, "activation": "sigmoid"},
            1.6659449404272686,
            1.6852087206108401,
            [2, 5, 7, 7, 7, 7],
            179.16508750918666,
        ),
    ],
)
def test_a_seed_gives_the_books_numbers(optimizer, settings, first, last, accuracies, size, one_hot) -> None:
    np.random.seed(7)
    extended = any(name.startswith("use") for name in settings)
    net = (MultiLayerNetExtend if extended else MultiLayerNet)(20, [12, 11], 5, **settings)
    t = np.eye(5)[T] if one_hot else T
    options = {"epochs": 6, "mini_batch_size": 20, "optimizer": optimizer, "optimizer_param": {"lr": 0.05}}
    trainer = Trainer(net, X, t, X[:30], t[:30], **options, verbose=False)
    trainer.train()
    assert trainer.train_loss_list[0] == pytest.approx(first, rel=1e-10)
    assert trainer.train_loss_list[-1] == pytest.approx(last, rel=1e-8)
    assert (30 * np.array(trainer.test_acc_list)).round(9).tolist() == accuracies
    assert sum(np.abs(value).sum() for value in net.params.values()) == pytest.approx(size, rel=1e-8)


@pytest.mark.parametrize("kind", [two_layer_net.TwoLayerNet, two_layer_net0.TwoLayerNet])
def test_a_seed_gives_the_two_layer_networks_numbers(kind) -> None:
    np.random.seed(7)
    net, t = kind(20, 7, 5, 0.5), np.eye(5)[T]
    assert net.loss(X, t) == pytest.approx(1.6340263828414587, abs=1e-12 if kind is two_layer_net.TwoLayerNet else 1e-6)
    expected = {"W1": 0.6341400664871175, "b1": 0.0552050920015, "W2": 0.7764377359772041, "b2": 0.22577146860750913}
    assert {name: np.abs(g).sum() for name, g in net.gradient(X, t).items()} == pytest.approx(expected, rel=1e-10)


def test_the_log_of_zero() -> None:
    nets = [kind(1, 1, 2) for kind in (two_layer_net.TwoLayerNet, two_layer_net0.TwoLayerNet)]
    for net in nets:
        net.params.update(W2=np.zeros((1, 2)), b2=np.array([1000.0, 0.0]))
    book, write_up = (net.loss(np.zeros((1, 1)), np.array([1])) for net in nets)
    assert book == pytest.approx(-np.log(1e-7))
    assert write_up == 1000.0


def test_gradient_of_a_sum_of_squares() -> None:
    x = np.array([[3.0, 4.0], [0.0, 2.0]])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.sum(x**2), x), 2 * x, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient_2d(lambda x: np.sum(x**2), x), 2 * x, atol=1e-8)
    assert x.tolist() == [[3.0, 4.0], [0.0, 2.0]]
