"""Populations: one flat array, `take` and its laws, and no gradients that are not requested."""

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import CASES, DTYPES, law
from zerokara import nn
from zerokara.errors import InputError
from zerokara.nn.cases import OUTPUTS, POPULATION, Case

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def trained_a_bit(case: Case, dtype: str = "float64") -> nn.Network:
    """Return the networks of a case with running statistics and parameters that all differ."""
    network, loss = case.network(dtype), case.loss()
    for step in range(2):
        scores = network.forward(case.x.astype(dtype), step)
        network.backward(loss.backward(scores, case.t))
        network.params -= 0.1 * network.grads
    return network


def equal(a: nn.Network, b: nn.Network) -> bool:
    one, other = a.arrays(), b.arrays()
    return one.keys() == other.keys() and all(
        np.array_equal(value, other[name]) and value.dtype == other[name].dtype for name, value in one.items()
    )


@every_case
def test_every_array_is_a_view_or_has_a_row_for_every_network(case: Case) -> None:
    network = case.network("float32")
    assert all(len(value) == POPULATION for value in network.arrays().values())
    for _, value, gradient in network.parameters():
        assert np.shares_memory(value, network.params)
        assert np.shares_memory(gradient, network.grads)
    assert network.size == network.params.shape[1] == sum(v[0].size for _, v, _ in network.parameters())
    names = [name for name, _, _ in network.parameters() if name.endswith(".W")]
    assert network.decayed == sum(network.arrays()[name][0].size for name in names)
    network.params[:, : network.decayed] = 7
    assert all((value == 7).all() == name.endswith(".W") for name, value, _ in network.parameters())


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
def test_take_of_take(case: Case, dtype: str) -> None:
    network = trained_a_bit(case, dtype)
    for first, second in (([2, 0], [1]), ([0, 0, 1], [2, 0]), ([True, False, True], [1, 1]), ([-1, 1], [0, 1])):
        rows = np.arange(POPULATION)[np.array(first)][np.array(second)]
        assert equal(network.take(first).take(second), network.take(rows))


@every_case
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_of_any_kind_learns_by_itself_and_like_the_original(
    case: Case, duplicate: Callable[[nn.Network], nn.Network]
) -> None:
    network = trained_a_bit(case)
    other, before = duplicate(network), network.copy()
    other.params += 1
    assert equal(network, before)
    other.params -= 1
    assert all(np.shares_memory(value, other.params) for _, value, _ in other.parameters())
    other.params[:] = network.params  # Adding 1 and taking it away rounds.
    for net in (network, other):
        net.backward(case.loss().backward(net.forward(case.x, 2), case.t))
    assert np.array_equal(network.grads, other.grads)
    assert equal(network, other)


def test_a_pickle_holds_no_batch_and_no_gradient() -> None:
    network = nn.mlp(100, (50,), 10)
    network.backward(network.forward(np.ones((1, 1000, 100), np.float32), 0))
    assert len(pickle.dumps(network)) < 1.2 * network.params.nbytes


@every_case
def test_take_of_one_of_none_and_of_all(case: Case) -> None:
    network = trained_a_bit(case)
    assert equal(network.take(1), network.take([1]))
    assert equal(network.take(np.int64(1)), network.take([False, True, False]))
    assert equal(network.take(range(POPULATION)), network)
    assert equal(network.copy(), network)
    for nobody in ([], [False] * POPULATION):
        empty = network.take(nobody)
        assert empty.population == 0
        assert empty.forward(case.x, step=0).shape == (0, *case.x.shape[1:2], OUTPUTS)
        empty.backward(np.zeros((0, *case.x.shape[1:2], OUTPUTS)))


@every_case
def test_concat_undoes_take(case: Case) -> None:
    network = trained_a_bit(case)
    parts = [network.take([0]), network.take([1, 2])]
    joined = nn.concat_networks(parts)
    assert equal(joined, network)
    assert np.array_equal(joined.forward(case.x, step=4), network.forward(case.x, step=4))
    assert equal(nn.concat_networks([network.take(2), network.take(0)]), network.take([2, 0]))
    assert equal(nn.concat_networks([network.take([]), network]), network)
    for _, value, gradient in joined.parameters():
        assert np.shares_memory(value, joined.params)
        assert np.shares_memory(gradient, joined.grads)


@given(st.data())
@law(30)
def test_take_picks_what_the_index_picks(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    network = case.network("float32")
    rows = st.lists(st.integers(-POPULATION, POPULATION - 1), max_size=5)
    index = data.draw(rows | st.lists(st.booleans(), min_size=POPULATION, max_size=POPULATION))
    taken = network.take(index)
    for name, value in network.arrays().items():
        wanted = value[np.array(index, bool if index and isinstance(index[0], bool) else int)]
        assert np.array_equal(taken.arrays()[name], wanted)


@every_case
def test_what_was_taken_or_copied_lives_by_itself(case: Case) -> None:
    network = trained_a_bit(case)
    for other in (network.copy(), network.take([0, 1, 2]), nn.concat_networks([network])):
        before = {name: value.copy() for name, value in network.arrays().items()}
        fixed = {f"{i}.{name}" for i, layer in enumerate(other.layers) for name in layer.fixed}
        for name, value in other.arrays().items():
            value *= 1 if name in fixed else 0.5
        other.grads += 1
        other.forward(case.x, step=0)
        assert all(np.array_equal(value, before[name]) for name, value in network.arrays().items())


@every_case
def test_take_leaves_behind_what_the_forward_pass_kept(case: Case) -> None:
    network = case.network("float64")
    network.forward(case.x, step=0)
    assert any(name in layer.__dict__ for layer in network.layers for name in layer.cache)
    taken = network.take([0])
    assert not any(name in layer.__dict__ for layer in taken.layers for name in layer.cache)
    assert network.backward(np.ones((POPULATION, *case.x.shape[1:2], OUTPUTS)), need_dx=True) is not None


@every_case
def test_put_overwrites_those_networks_alone(case: Case) -> None:
    network, other = case.network("float64"), trained_a_bit(case)
    wanted = nn.concat_networks([other.take(1), network.take(1), other.take(0)])
    network.put([2, 0], other.take([0, 1]))
    assert equal(network, wanted)
    network.put([False] * 3, other.take([]))
    assert equal(network, wanted)


@every_case
def test_load_takes_what_arrays_gives(case: Case) -> None:
    network = case.network("float64")
    network.load({name: value.copy() for name, value in trained_a_bit(case).arrays().items()})
    assert equal(network, trained_a_bit(case))


STRANGERS = {
    "sizes": nn.mlp(4, (6,), 3, dropout=0.1),
    "activation": nn.mlp(4, (5,), 3, "tanh", dropout=0.1),
    "precision": nn.mlp(4, (5,), 3, dropout=0.1, dtype="float64"),
    "layers": nn.mlp(4, (5,), 3),
    "batch norm": nn.mlp(4, (5,), 3, batch_norm=True, dropout=0.1),
    "seed of the dropout masks": nn.mlp(4, (5,), 3, dropout=0.1, seed=1),
    "replicate of the dropout masks": nn.mlp(4, (5,), 3, dropout=0.1, replicate=1),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_networks_that_would_train_otherwise_do_not_go_together(what: str) -> None:
    with pytest.raises(InputError, match="networks must have one structure"):
        nn.concat_networks([nn.mlp(4, (5,), 3, dropout=0.1), STRANGERS[what]])


def test_slopes_and_momenta_must_agree_too() -> None:
    for one, other in (
        (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),
        (nn.BatchNorm(3), nn.BatchNorm(3, momentum=0.5)),
    ):
        with pytest.raises(InputError, match="networks must have one structure"):
            nn.concat_networks([nn.Network([one]), nn.Network([other])])


class Spy(nn.Layer):
    """Returns its inputs and records whether a gradient was requested."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        return x

    def backward(self, dout, need_dx=True):  # type: ignore[no-untyped-def]
        self.asked.append(need_dx)
        return dout if need_dx else None


def test_no_gradient_of_the_data_unless_asked_for() -> None:
    before, between = Spy(), Spy()
    network = nn.Network([before, nn.Affine(3, 4), between, nn.Affine(4, 2)])
    x, dout = np.ones((1, 5, 3), np.float32), np.ones((1, 5, 2), np.float32)
    network.forward(x, 0)
    assert network.backward(dout) is None
    assert (before.asked, between.asked) == ([], [True])
    asked = network.grads.copy()
    dx = network.backward(dout, need_dx=True)
    assert dx is not None
    assert dx.shape == (1, 5, 3)
    assert (before.asked, between.asked) == ([True], [True, True])
    assert np.array_equal(network.grads, asked)


@pytest.mark.parametrize("layer", [nn.Affine(3, 3), nn.BatchNorm(3)], ids=["affine", "batch norm"])
def test_a_first_layer_that_learns_gives_no_gradient_of_the_data(layer: nn.Layer) -> None:
    network = nn.Network([layer])
    network.forward(np.ones((1, 5, 3), np.float32), 0)
    assert network.backward(np.ones((1, 5, 3), np.float32)) is None
    assert layer.backward(np.ones((1, 5, 3), np.float32), need_dx=False) is None


@pytest.mark.parametrize("dtype", ["int32", "float16", "complex128", "bool"])
def test_only_floats_of_single_or_double_precision(dtype: str) -> None:
    with pytest.raises(InputError, match="float32 or float64, got"):
        nn.mlp(3, (), 2, dtype=dtype)


@pytest.mark.parametrize("population", [0, -1])
def test_a_population_is_not_empty_at_first(population: int) -> None:
    with pytest.raises(InputError, match="at least 1 network"):
        nn.Network([nn.Affine(3, 2)], population)


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
def test_precision_is_kept_throughout(case: Case, dtype: str) -> None:
    network = trained_a_bit(case, dtype)
    x = case.x.astype(dtype)
    t = case.t if case.t.dtype.kind == "i" else case.t.astype(dtype)
    scores = network.forward(x, step=0)
    loss = case.loss()
    dx = network.backward(loss.backward(scores, t, None), need_dx=True)
    arrays = [scores, dx, network.forward(x), loss.forward(scores, t), *network.arrays().values(), network.grads]
    assert {array.dtype for array in arrays if array is not None} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((5, 4)), r"x must be an array \(1, N, D\), or \(2, N, D\) .*got the shape \(5, 4\): pass x.reshape"),
        (np.ones(4), r"got the shape \(4,\)"),
        (np.ones((3, 5, 4)), r"got the shape \(3, 5, 4\)"),
        (
            np.ones((1, 5, 3)),
            "x must have 4 inputs per sample, got 3: pass such samples, or build a network with 3 inputs",
        ),
        ([[[1.0] * 4]], "got list"),
    ],
)
def test_samples_that_do_not_fit_are_refused(x: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        nn.mlp(4, (5,), 3, population=2).forward(x)


class Doubled(nn.Layer):
    """y = [x, x], a layer that does not say its sizes."""

    def forward(self, x, step=None):  # type: ignore[no-untyped-def]
        self.inputs = x  # A name that means something else here.
        return np.concatenate([x, x], axis=2)

    def backward(self, dout, need_dx=True):  # type: ignore[no-untyped-def]
        return dout[..., : self.inputs.shape[2]] + dout[..., self.inputs.shape[2] :]


@pytest.mark.parametrize(
    ("between", "message"),
    [
        ([], r"layer 1, Affine\(21, 10\), must take the 20 outputs of the layers before it, got 21"),
        ([nn.ReLU(), nn.Dropout()], r"layer 3, Affine\(21, 10\)"),
        ([nn.BatchNorm(19)], r"layer 1, BatchNorm\(19\), must take the 20 outputs"),
    ],
)
def test_layers_fit_each_other(between: list[nn.Layer], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nn.Network([nn.Affine(64, 20), *between, nn.Affine(21, 10)])


def test_layers_of_unknown_sizes_are_taken() -> None:
    network = nn.Network([nn.Affine(4, 5), Doubled(), nn.Affine(10, 3)], dtype="float64")
    assert nn.gradcheck(network, (np.ones((2, 4)), [0, 1])).ok
    assert nn.Network([Doubled(), nn.Affine(4, 3)]).inputs is None
    assert nn.gradcheck(nn.Network([Doubled(), nn.Affine(8, 3)]), (np.ones((2, 4)), [0, 1])).ok


def test_own_layers_may_have_other_widths_and_axes() -> None:
    class Both(nn.ReLU):
        """Of twice as many features: the positive and the negative parts."""

        def forward(self, x, step=None):
            return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=-1)

    class Broken(nn.Layer):
        def forward(self, x, step=None):
            raise RuntimeError("a fault of this layer")

        def backward(self, dout, need_dx=True):
            return dout

    net = nn.Network([nn.Affine(3, 4), Both(), nn.Affine(8, 2)], 1)
    assert net.forward(np.ones((1, 5, 3), np.float32)).shape == (1, 5, 2)
    with pytest.raises(RuntimeError, match="a fault of this layer"):
        nn.Network([Broken()], 1).forward(np.ones((1, 2, 3, 3)))
