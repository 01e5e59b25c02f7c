"""Exercises by hand: lists, whole numbers and single numbers go in, and every value of the book can be looked at."""

import copy
import warnings

import numpy as np
import pytest

from zerokara.classic.common import functions, layers, optimizer, util
from zerokara.classic.common.gradient import numerical_gradient, numerical_gradient_2d
from zerokara.classic.common.multi_layer_net import MultiLayerNet
from zerokara.classic.common.multi_layer_net_extend import MultiLayerNetExtend
from zerokara.classic.common.trainer import Trainer
from zerokara.classic.cs231n.classifiers.neural_net import TwoLayerNet as Cs231nNet
from zerokara.classic.cs231n.vis_utils import visualize_grid
from zerokara.classic.two_layer_net import TwoLayerNet
from zerokara.classic.two_layer_net0 import TwoLayerNet as WriteUpNet
from zerokara.errors import InputError

FORMS = {
    "lists": lambda values: values,
    "whole numbers": np.array,
    "small whole numbers": lambda values: np.array(values, np.int8),
    "pixels": lambda values: np.array(values, np.uint8),
    "32 bits": lambda values: np.array(values, np.float32),
}
FUNCTIONS = [
    (functions.identity_function, [[1, 2]], [[1, 2]]),
    (functions.step_function, [[0, 2]], [[0, 1]]),
    (functions.sigmoid, [[0, 2]], [[0.5, 0.88079708]]),
    (functions.sigmoid_grad, [[0, 2]], [[0.25, 0.10499359]]),
    (functions.relu, [[0, 2]], [[0, 2]]),
    (functions.relu_grad, [[0, 2]], [[1, 1]]),
    (functions.softmax, [[1, 2], [0, 0]], [[0.26894142, 0.73105858], [0.5, 0.5]]),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("function", "x", "y"), FUNCTIONS, ids=[each[0].__name__ for each in FUNCTIONS])
def test_functions_take_what_exercises_pass(function, x, y, form: str) -> None:
    np.testing.assert_allclose(function(FORMS[form](x)), y, rtol=2e-6)
    np.testing.assert_allclose(function(FORMS[form](x[0])), y[0], rtol=2e-6)
    number = function(x[0][0])
    assert np.shape(number) == ()
    np.testing.assert_allclose(number, 1 if function is functions.softmax else y[0][0], rtol=2e-6)


@pytest.mark.parametrize("form", FORMS)
def test_losses_take_what_exercises_pass(form: str) -> None:
    y, t = FORMS[form]([[0, 1], [1, 0]]), FORMS[form]([[1, 0], [1, 0]])
    assert functions.sum_squared_error(y, t) == functions.mean_squared_error(y[0], t[0]) == 1
    for targets in (t, [0, 0], np.zeros(2), np.zeros((2, 1), np.uint8)):
        assert functions.cross_entropy_error(y, targets) == pytest.approx(-np.log(1e-7) / 2, rel=1e-6)
    assert functions.cross_entropy_error(y[0], 0) == pytest.approx(-np.log(1e-7), rel=1e-6)
    assert functions.softmax_loss(y, t) == pytest.approx((np.log(1 + np.e) + np.log(1 + 1 / np.e)) / 2, rel=1e-5)
    last = layers.SoftmaxWithLoss()
    assert last.loss is last.y is last.t is None
    assert last.forward(y, [0, 0]) == last.loss == pytest.approx(functions.softmax_loss(y, t))
    np.testing.assert_allclose(last.backward(), (functions.softmax(y) - [[1, 0], [1, 0]]) / 2, rtol=1e-6)
    assert last.t.tolist() == [0, 0]


@pytest.mark.parametrize("form", FORMS)
def test_layers_take_what_exercises_pass(form: str) -> None:
    given = FORMS[form]
    affine = layers.Affine(given([[1, 2], [3, 4]]), given([0, 1]))
    assert affine.x is affine.original_x_shape is affine.dW is affine.db is None
    np.testing.assert_array_equal(affine.forward(given([[1, 1], [2, 0]])), [[4, 7], [2, 5]])
    np.testing.assert_array_equal(affine.x, [[1, 1], [2, 0]])
    np.testing.assert_array_equal(affine.backward(given([[1, 0], [0, 1]])), [[1, 3], [2, 4]])
    np.testing.assert_array_equal(affine.dW, [[1, 2], [1, 0]])
    assert (affine.db.tolist(), affine.original_x_shape) == ([1, 1], (2, 2))
    relu = layers.Relu()
    assert relu.mask is None
    np.testing.assert_array_equal(relu.forward(given([[0, 2]])), [[0, 2]])
    assert relu.mask.tolist() == [[True, False]]
    np.testing.assert_array_equal(relu.backward(given([[5, 6]])), [[0, 6]])
    sigmoid = layers.Sigmoid()
    assert sigmoid.out is None
    assert sigmoid.forward(given([[0]])).tolist() == sigmoid.out.tolist() == [[0.5]]
    assert sigmoid.backward(given([[4]])).tolist() == [[1.0]]
    dropout = layers.Dropout(0.5)
    assert dropout.mask is None
    np.random.seed(0)
    y = dropout.forward(given([[1, 2, 3]]))
    np.random.seed(0)
    np.testing.assert_array_equal(dropout.mask, np.random.rand(1, 3) > 0.5)
    np.testing.assert_array_equal(y, [[1, 2, 3]] * dropout.mask)
    np.testing.assert_array_equal(dropout.backward(given([[1, 1, 1]])), dropout.mask)
    assert dropout.forward(given([[1, 2, 3]]), train_flg=False).tolist() == [[0.5, 1.0, 1.5]]
    dropout.dropout_ratio = 0.0
    assert dropout.forward(given([1, 2])).tolist() == [1, 2]


def test_a_layers_whole_numbers_may_be_changed_in_place() -> None:
    W, b = np.array([[1], [2]]), 0
    affine = layers.Affine(W, b)
    assert affine.W is W
    assert affine.forward([[1, 1]]).tolist() == [[3.0]]
    W += 1
    assert affine.forward([[1, 1]]).tolist() == [[5.0]]
    affine.backward([[2]])
    affine.b -= 0.5 * affine.db
    assert affine.forward([1, 1]).tolist() == [4.0]
    assert layers.Affine(np.ones((2, 3)), 1).forward([[0, 1], [1, 1]]).tolist() == [[2.0] * 3, [3.0] * 3]


def test_numbers_go_through_layers() -> None:
    relu, sigmoid = layers.Relu(), layers.Sigmoid()
    assert (relu.forward(-2), relu.mask, relu.backward(3)) == (0, True, 0)
    assert (sigmoid.forward(0), sigmoid.out, sigmoid.backward(1)) == (0.5, 0.5, 0.25)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("gamma", "beta"), [(2, 1), (2.0, 1.0), ([2, 2], [1, 1]), (np.array([2, 2]), np.ones(2))])
def test_batch_normalization_takes_what_exercises_pass(gamma, beta, form: str) -> None:
    norm = layers.BatchNormalization(gamma, beta)
    assert norm.momentum == 0.9
    for name in ("input_shape", "running_mean", "running_var", "batch_size", "xc", "std", "dgamma", "dbeta"):
        assert getattr(norm, name) is None, name
    np.testing.assert_allclose(norm.forward(FORMS[form]([[1, 2], [3, 6]])), [[-1, -1], [3, 3]], rtol=1e-5)
    assert (norm.input_shape, norm.batch_size) == ((2, 2), 2)
    np.testing.assert_allclose(norm.xc, [[-1, -2], [1, 2]], rtol=1e-6)
    np.testing.assert_allclose(norm.xn, [[-1, -1], [1, 1]], rtol=1e-5)
    np.testing.assert_allclose(norm.std, [1, 2], rtol=1e-5)
    np.testing.assert_allclose(norm.running_mean, [0.2, 0.4], rtol=1e-6)
    np.testing.assert_allclose(norm.running_var, [0.1, 0.4], rtol=1e-6)
    np.testing.assert_allclose(norm.backward(FORMS[form]([[1, 0], [0, 0]])), np.zeros((2, 2)), atol=2e-6)
    np.testing.assert_allclose(norm.dgamma, [-1, 0], rtol=1e-5)
    assert norm.dbeta.tolist() == [1, 0]


def test_the_settings_of_batch_normalization_may_be_changed() -> None:
    x = np.array([[0.0, 0.0], [2.0, 4.0]])
    norm = layers.BatchNormalization(1, 0, running_mean=0, running_var=1)
    np.testing.assert_allclose(norm.forward(x, train_flg=False), x, rtol=1e-5)
    norm.momentum = 0.0
    norm.forward(x)
    assert norm.running_mean.tolist() == [1.0, 2.0]
    norm.running_mean, norm.running_var = np.zeros(2), np.full(2, 4.0)
    np.testing.assert_allclose(norm.forward(x, train_flg=False), x / 2, rtol=1e-5)
    norm.gamma = norm.gamma - 0.5 * norm.dgamma if norm.dgamma is not None else 3
    np.testing.assert_allclose(norm.forward(x, train_flg=False), 3 * x / 2, rtol=1e-5)
    twin = copy.deepcopy(norm)
    twin.running_mean = None
    assert (twin.running_mean.tolist(), norm.forward(x.reshape(2, 2, 1, 1)).shape) == ([0, 0], (2, 2, 1, 1))


NETWORKS = {
    "deep": lambda: MultiLayerNet(2, [3], 2),
    "batch norm and dropout": lambda: MultiLayerNetExtend(2, [3], 2, use_batchnorm=True, use_dropout=True),
    "book": lambda: TwoLayerNet(2, 3, 2),
    "write-up": lambda: WriteUpNet(2, 3, 2),
    "whole weights": lambda: whole(TwoLayerNet(2, 3, 2)),
}


def whole(net: TwoLayerNet) -> TwoLayerNet:
    net.params.update(W1=np.array([[1, 2, 3], [4, 5, 6]]), b1=[0, 1, 2], W2=np.ones((3, 2), int), b2=np.zeros(2))
    return net


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_take_lists(name: str) -> None:
    np.random.seed(0)
    net, x, t = NETWORKS[name](), [[1, 2], [3, 4], [5, 6]], [0, 1, 1]
    arrays = np.array(x, float), np.array(t)
    np.testing.assert_array_equal(net.predict(x), net.predict(arrays[0]))
    assert net.loss(x, t) == net.loss(*arrays)
    assert net.accuracy(x, t) == net.accuracy(*arrays) == net.accuracy(x, np.eye(2, dtype=int)[t])
    np.random.seed(1)
    grads = net.gradient(x, t)
    np.random.seed(1)
    for key, value in net.gradient(*arrays).items():
        np.testing.assert_array_equal(grads[key], value)
    assert net.accuracy(x[0], 0) in (0, 1)


def test_the_network_of_cs231n_takes_lists() -> None:
    np.random.seed(0)
    net, X, y = Cs231nNet(2, 3, 2, std=0.1), [[1, 2], [3, 4], [5, 6]], [0, 1, 1]
    loss, grads = net.loss(X, y, reg=0.1)
    expected, arrays = net.loss(np.array(X, float), np.array(y), reg=0.1)
    assert loss == expected
    assert all(np.array_equal(grads[key], arrays[key]) for key in arrays)
    assert net.loss(X[0], 0)[0] > 0
    assert net.predict(X[0]) in (0, 1)
    net.params["b2"] = np.array([0, 0])
    history = net.train(X, y, X, y, num_iters=3, batch_size=2)
    assert np.isfinite(history["loss_history"]).all()
    assert visualize_grid(np.zeros((1, 2, 2, 3)).tolist()).shape == (2, 2, 3)
    high = np.array([-100, 100] * 6, np.int8).reshape(1, 2, 2, 3)
    assert set(visualize_grid(high).ravel()) == {0.0, 255.0}


def test_trainers_shuffles_and_optimizers_take_lists() -> None:
    net, x, t = MultiLayerNet(2, [3], 2), [[1, 2], [3, 4], [5, 6]], [0, 1, 1]
    trainer = Trainer(net, x, t, x, t, epochs=2, mini_batch_size=3, verbose=False)
    trainer.train()
    assert (trainer.train_size, len(trainer.train_loss_list), trainer.current_iter) == (3, 2, 2)
    shuffled, labels = util.shuffle_dataset(x, t)
    assert sorted(zip(shuffled.tolist(), labels.tolist(), strict=True)) == sorted(zip(x, t, strict=True))
    for kind in optimizer.OPTIMIZERS.values():
        params = {"W": [1, 2], "n": 3, "b": np.array([1.0])}
        kind(lr=0.5).update(params, {"W": [1, 1], "n": 1, "b": [1]})
        assert (np.shape(params["W"]), type(params["n"])) == ((2,), float)
        assert (np.array(params["W"]) < [1, 2]).all()


def test_outputs_of_all_layers_can_be_kept() -> None:
    for net in (MultiLayerNet(2, [3, 3], 2), MultiLayerNetExtend(2, [3, 3], 2, use_batchnorm=True)):
        for twin in (net, copy.deepcopy(net)):
            outputs = [np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 1.0]])]
            for layer in twin.layers.values():
                outputs.append(layer.forward(outputs[-1]))
            kept = [output.copy() for output in outputs]
            assert any((output < 0).any() for output in outputs[1:-1])
            again = outputs[0]
            for layer, output in zip(twin.layers.values(), kept[1:], strict=True):
                again = layer.forward(again)
                np.testing.assert_array_equal(again, output)
            for output, copied in zip(outputs, kept, strict=True):
                np.testing.assert_array_equal(output, copied)
            inputs = outputs[1].copy()
            twin.layers["Activation_function1"].forward(inputs)
            np.testing.assert_array_equal(inputs, outputs[1])


def test_networks_have_the_books_attributes() -> None:
    net = TwoLayerNet(4, 5, 3)
    net.gradient(np.ones((2, 4)), np.array([0, 1]))
    assert list(net.layers) == ["Affine1", "Sigmoid1", "Affine2"]
    assert net.layers["Affine1"].dW.shape == (4, 5)
    assert net.lastLayer.y.shape == (2, 3)
    deep = MultiLayerNetExtend(4, [5, 6], 3, weight_decay_lambda=0.1, use_batchnorm=True)
    names = ("input_size", "output_size", "hidden_size_list", "hidden_layer_num", "weight_decay_lambda")
    assert [getattr(deep, name) for name in names] == [4, 3, [5, 6], 2, 0.1]
    assert (deep.use_dropout, deep.use_batchnorm, deep.last_layer.loss) == (False, True, None)
    assert deep.layers["BatchNorm1"].momentum == 0.9


def twice(norm: layers.BatchNormalization) -> None:
    norm.forward(np.ones((3, 4)))
    norm.forward(np.ones((6, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: functions.cross_entropy_error(np.eye(3), [0, 1]), "a target for each of 3 samples, .*give 3 labels"),
        (lambda: functions.cross_entropy_error(np.eye(3), [0]), "a target for each of 3 samples"),
        (lambda: functions.cross_entropy_error(np.eye(3), [0, 1, 3]), "whole numbers from 0 to 2, got 3"),
        (lambda: functions.cross_entropy_error(np.eye(3), [0, -1, 2]), "whole numbers from 0 to 2, got -1"),
        (lambda: functions.cross_entropy_error(np.eye(3), [0, 0.5, 2]), r"whole numbers from 0 to 2, got 0\.5"),
        (lambda: layers.Affine([1, 2], 0), r"W must be \(inputs, outputs\), got the shape \(2,\)"),
        (lambda: layers.BatchNormalization(np.ones(2), 0).forward(np.ones((3, 4))), "each of the 4 features, got 2"),
        (lambda: twice(layers.BatchNormalization(1, 0)), "statistics of 4 features, got 2"),
        (lambda: layers.Affine(np.ones((2, 3)), [1, 2]).forward([1, 2]), "each of the 3 outputs, got 2"),
        (lambda: numerical_gradient(np.sum, [1.0, 2.0]), "needs an array of floats, got list"),
        (lambda: numerical_gradient_2d(np.sum, [[1.0, 2.0]]), "needs an array of floats, got list"),
        (lambda: numerical_gradient(np.sum, 3.0), r"got float: give np\.array\(x, float\)"),
    ],
)
def test_what_cannot_be_right_is_refused(make, message: str) -> None:
    with warnings.catch_warnings(action="error"), pytest.raises(InputError, match=message):
        make()


def test_a_numerical_gradient_of_one_number() -> None:
    assert numerical_gradient(lambda x: x**2, np.array(3, float)) == pytest.approx(6)
