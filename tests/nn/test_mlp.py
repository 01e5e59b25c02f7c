"""Building networks, their description in plain data, and invalid arguments."""

import json

import numpy as np
import pytest

import zerokara as zk
from tests.cases import ACTIVATIONS, CASES, DTYPES
from zerokara import nn
from zerokara.errors import InputError
from zerokara.nn.cases import POPULATION, Case


def test_layers_stand_in_the_order_of_the_book() -> None:
    network = nn.mlp(4, (5, 6), 3, "tanh", batch_norm=True, dropout=0.2)
    hidden = [nn.Affine, nn.BatchNorm, nn.Tanh, nn.Dropout]
    assert [type(layer) for layer in network.layers] == [*hidden, *hidden, nn.Affine]
    assert [type(layer) for layer in nn.mlp(4, (), 3).layers] == [nn.Affine]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_built_from_its_description_it_is_the_same(case: Case, dtype: str) -> None:
    network = case.network(dtype)
    network.forward(case.x.astype(dtype), step=0)
    text = json.dumps(nn.describe_layers(network))
    arrays = {name: value.copy() for name, value in network.arrays().items()}
    again = nn.build_network(json.loads(text), arrays)
    assert (again.population, again.dtype, json.dumps(nn.describe_layers(again))) == (POPULATION, np.dtype(dtype), text)
    assert np.array_equal(again.forward(case.x.astype(dtype)), network.forward(case.x.astype(dtype)))


def test_arrays_of_other_layers_are_refused() -> None:
    network = nn.mlp(4, (5,), 3)
    arrays = dict(network.arrays())
    with pytest.raises(InputError, match="the arrays must match the layers"):
        nn.build_network(nn.describe_layers(nn.mlp(4, (6,), 3)), arrays)
    del arrays["2.b"]
    with pytest.raises(InputError, match="the arrays must match the layers"):
        nn.build_network(nn.describe_layers(network), arrays)
    with pytest.raises(InputError, match="unknown layer 'afine': did you mean 'affine'"):
        nn.build_network([{"layer": "afine", "inputs": 4, "outputs": 3}], arrays)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks_of_a_linear_model_and_of_every_activation_give_scores(activation: str) -> None:
    for hidden in ((), (1,), (3, 2)):
        scores = nn.mlp(4, hidden, 3, activation, population=2).forward(np.ones((1, 5, 4), np.float32))
        assert scores.shape == (2, 5, 3)
        assert np.isfinite(scores).all()


def test_layers_of_the_user_are_in_no_model_file() -> None:
    class Sin(nn.Tanh):
        pass

    data = zk.data.load("digits").first(20)
    for layer in (Sin(), type("Own", (nn.Affine,), {})(10, 10)):
        network = nn.Network([nn.Affine(64, 10), layer])
        with pytest.raises(
            InputError, match=f"a model must have layers of zerokara alone, got {type(layer).__name__}: "
        ):
            zk.Model.of(network, data)


BAD = {
    "layer sizes must be whole numbers": [{"hidden": (0,)}, {"hidden": (-3,)}, {"hidden": (2.5,)}, {"inputs": 0}],
    "unknown activation 'rleu': did you mean 'relu'": [{"activation": "rleu"}],
    "0 <= dropout < 1 must hold": [{"dropout": 1.0}, {"dropout": -0.1}, {"dropout": np.nan}],
    "dropout must be one number, or one for each": [{"dropout": [0.1, 0.2]}],
    "init_scale must be one number, or one for each": [{"init_scale": [1.0, 2.0]}],
    "at least 1 network": [{"population": 0}],
}


@pytest.mark.parametrize(("rule", "options"), [(rule, o) for rule, many in BAD.items() for o in many])
def test_what_breaks_a_rule_is_refused(rule: str, options: dict) -> None:
    given = {"inputs": 4, "hidden": (5,), "outputs": 3, "activation": "relu", "population": 3} | options
    with pytest.raises(InputError, match=rule):
        nn.mlp(**given)
