"""What all optimizers share: hyperparameters per network, `take`, concatenation, and rules for hyperparameters."""

import math

import numpy as np
import pytest

from tests.cases import DTYPES, OPTIMIZERS, optimizer
from zerokara import nn, optim
from zerokara.errors import InputError
from zerokara.optim import concat_optimizers
from zerokara.optim.optimizer import RULES

P = 5
every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


def stepped(name: str, dtype: str = "float32") -> tuple[nn.Network, optim.Optimizer]:
    network = nn.mlp(3, (4,), 2, population=P, dtype=dtype)
    rule = optimizer(name, P).start(network)
    for step in range(3):
        network.grads[:] = np.sin(network.params * (step + 1 + np.arange(P)[:, None]))
        rule.step(network)
    return network, rule


def equal(a: optim.Optimizer, b: optim.Optimizer) -> bool:
    names = (*a.hyperparameters, *a.state)
    return type(a) is type(b) and a.t == b.t and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


@every_optimizer
def test_take_of_take(name: str) -> None:
    _, rule = stepped(name)
    for first, second in (([4, 0, 2], [1]), ([0, 0, 1], [2, 0]), ([True, False, True, False, True], [1, 1, 2])):
        rows = np.arange(P)[np.array(first)][np.array(second)]
        assert equal(rule.take(first).take(second), rule.take(rows))
    assert equal(rule.take(3), rule.take([3]))
    assert equal(rule.take(range(P)), rule)
    assert len(rule.take([]).lr) == len(rule.take([False] * P).lr) == 0


@every_optimizer
def test_concat_undoes_take(name: str) -> None:
    _, rule = stepped(name)
    assert equal(concat_optimizers([rule.take([0]), rule.take([1, 2]), rule.take([3, 4])]), rule)
    assert equal(concat_optimizers([rule.take(4), rule.take([]), rule.take(1)]), rule.take([4, 1]))


@every_optimizer
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_was_taken_lives_by_itself_and_goes_on_alike(name: str, dtype: str) -> None:
    network, rule = stepped(name, dtype)
    rows = [3, 1]
    few, few_rule = network.take(rows), rule.take(rows)
    before = {n: getattr(rule, n).copy() for n in (*rule.hyperparameters, *rule.state)}
    few.grads[:] = np.cos(few.params)
    few_rule.step(few)
    assert rule.t == 3
    assert few_rule.t == 4
    assert all(np.array_equal(getattr(rule, n), value) for n, value in before.items())
    network.grads[:] = np.cos(network.params)
    rule.step(network)
    assert np.array_equal(few.params, network.params[rows])
    assert equal(few_rule, rule.take(rows))


@every_optimizer
def test_start_gives_everyone_a_state_and_leaves_the_rule_alone(name: str) -> None:
    rule = optim.OPTIMIZERS[name](lr=0.5)
    network = nn.mlp(3, (4,), 2, population=P, dtype="float64")
    started = rule.start(network)
    assert rule.lr.shape == ()
    assert all(getattr(started, n).shape == (P,) for n in started.hyperparameters)
    for n in started.state:
        state = getattr(started, n)
        assert (state.shape, state.dtype) == (network.params.shape, network.dtype)
        assert not state.any()
    network.grads[:] = 1.0
    started.step(network)
    again = started.start(network)
    assert again.t == 0
    assert not any(getattr(again, n).any() for n in again.state)


def test_only_optimizers_of_one_kind_and_step_go_together() -> None:
    _, adam = stepped("adam")
    network, sgd = stepped("sgd")
    with pytest.raises(InputError, match="Adam at step 3, SGD at step 3"):
        concat_optimizers([adam, sgd])
    sgd_later = sgd.take(range(P))
    sgd_later.step(network)
    with pytest.raises(InputError, match="SGD at step 3, SGD at step 4"):
        concat_optimizers([sgd, sgd_later])


@every_optimizer
def test_the_table_of_numbers_is_complete(name: str) -> None:
    kind = optim.OPTIMIZERS[name]
    assert {"lr", "weight_decay"} <= set(kind.hyperparameters) <= set(RULES)
    defaults = kind()
    assert all(RULES[n][1](getattr(defaults, n)).all() for n in kind.hyperparameters)


BAD = {
    "clip_norm": (-1e-9, math.nan, math.inf),
    "lr": (0.0, -1.0, math.nan, math.inf),
    "weight_decay": (-1e-9, math.nan, math.inf),
    "momentum": (-0.1, 1.0, math.nan),
    "beta1": (-0.1, 1.0, math.nan),
    "beta2": (-0.1, 1.0, math.nan),
    "decay_rate": (-0.1, 1.0, math.nan),
}


@every_optimizer
def test_numbers_out_of_their_range_are_refused(name: str) -> None:
    kind = optim.OPTIMIZERS[name]
    for n in kind.hyperparameters:
        for value in BAD[n]:
            with pytest.raises(InputError, match=f"{n} < .*must hold, got"):
                kind(**{n: value})
            with pytest.raises(InputError, match=f"{n} < .*must hold, got"):
                kind(**{n: [0.5, value]})


def test_as_many_numbers_as_networks() -> None:
    with pytest.raises(InputError, match=r"lr must be one number, or one for each .*, got the shape \(2,\)"):
        optim.SGD(lr=[0.1, 0.2]).start(nn.mlp(2, (), 2, population=3))


@every_optimizer
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_denormal_numbers_become_zero(name: str, decay: float) -> None:
    """An input that was not 0 for a while, and then is: without a gradient averages shrink, with decay weights too.

    Numbers below the least normal one of float32 make each step several times slower.
    """
    network = nn.mlp(3, (4,), 2, population=2)
    rule = optim.OPTIMIZERS[name](lr=0.1, weight_decay=[decay, 0.0]).start(network)
    for _ in range(1000):
        network.grads[:] = 1e-3 if rule.t < 10 else 0.0
        rule.step(network)
    least = np.finfo(np.float32).tiny
    for array in (network.params, *(getattr(rule, n) for n in rule.state)):
        assert not ((array != 0) & (np.abs(array) < least)).any()
        assert np.isfinite(array).all()
    assert network.params[1].any(), "weights that nothing pulls stay"
