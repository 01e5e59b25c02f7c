"""Spaces: what is fixed, what is searched, and the grammar of --search."""

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.samplers import RandomSampler
from scipy import stats

from zerokara.errors import InputError
from zerokara.space.adapters import Quantile
from zerokara.space.defaults import default_space
from zerokara.space.distributions import Choice, Integer, Log, Uniform
from zerokara.space.hyperparameters import HYPERPARAMETERS, complete
from zerokara.space.space import (
    Space,
    choice,
    integer,
    layers,
    log,
    parse_search,
    parse_searches,
    powers,
    uniform,
)
from zerokara.space.structures import Layers, Powers

REAL = st.floats(1e-9, 0.99)
WHOLE = st.integers(1, 4096)


def ends(numbers):
    return st.tuples(numbers, numbers).map(sorted)


RATES = st.one_of(
    ends(REAL).map(lambda pair: log(*pair)),
    ends(REAL).map(lambda pair: uniform(*pair)),
    st.lists(REAL, min_size=1, max_size=5, unique=True).map(choice),
    st.builds(lambda a, b: Quantile("beta", (a, b)), st.floats(0.5, 5), st.floats(0.5, 5)),
)
SIZES = st.one_of(
    ends(WHOLE).map(lambda pair: integer(*pair)),
    ends(WHOLE).map(lambda pair: integer(*pair, log=True)),
    st.builds(lambda low, step, k: integer(low, low + k * step, step), WHOLE, WHOLE, st.integers(0, 9)),
    st.lists(WHOLE, min_size=1, max_size=5, unique=True).map(choice),
)
POWERS = ends(st.integers(0, 12)).map(lambda pair: powers(2 ** pair[0], 2 ** pair[1]))
SPACES = st.fixed_dictionaries(
    # One of them at least has a momentum.
    {"optimizer": st.sampled_from([choice(["sgd", "momentum"]), choice(["adamw", "nesterov", "adam"]), "momentum"])},
    optional={
        "lr": RATES,
        "momentum": RATES,
        "dropout": RATES,
        "batch_size": st.one_of(SIZES, POWERS),
        "hidden": st.one_of(
            st.lists(st.lists(WHOLE, max_size=3).map(tuple), max_size=3, unique=True).map(
                lambda sizes: choice([*sizes, (7, 7, 7, 7)])
            ),
            st.builds(layers, st.tuples(st.integers(0, 1), st.integers(1, 3)), st.one_of(SIZES, POWERS)),
        ),
        "batch_norm": st.sampled_from([choice([True, False]), True]),
        "schedule": st.just(choice(["constant", "exponential:0.95", "cosine:3"])),
        "activation": st.just("tanh"),
    },
)


@given(SPACES)
def test_a_search_and_its_text_are_the_same(space):
    space = Space(space)
    again = parse_searches(space.searches())
    assert again == space.searched
    assert list(again) == list(space.searched)


@given(SPACES, st.integers(0, 2**32 - 1))
def test_what_is_drawn_obeys_every_rule_and_lies_in_its_range(space, seed):
    space = Space(space)
    trial = optuna.create_study(sampler=RandomSampler(seed)).ask()
    assert space.distributions().suggest(trial) == trial.params
    params = space.decode(trial.params)
    assert list(params) == [name for name in HYPERPARAMETERS if name in params]
    assert {**complete(params), **params} == complete(params)
    for name, found in space.searched.items():
        needs = HYPERPARAMETERS[name].needs
        assert (name in params) == (needs is None or needs.met(params[needs.name]))
        if name not in params:
            continue
        if isinstance(found, Layers):
            assert found.depth.low <= len(params[name]) <= found.depth.high
            assert len(set(params[name])) <= 1
            assert all(min(found.width.ends()) <= width <= max(found.width.ends()) for width in params[name])
        elif isinstance(found, Choice):
            assert params[name] in found.options
        else:
            low, high = found.ends()
            assert low <= params[name] <= high
    assert {name: params[name] for name in space.fixed} == space.fixed


def test_fixed_values_defaults_and_searched_ones_together_are_all():
    space = Space({"hidden": [64], "lr": log(1e-3, 1), "dropout": 0})
    assert space.searched == {"lr": Log(1e-3, 1)}
    assert space.fixed == {name: value for name, value in complete({"hidden": (64,)}).items() if name != "lr"}


def test_the_order_of_a_space_does_not_matter():
    pairs = list(default_space().items())
    one, other = Space(dict(pairs)), Space(dict(reversed(pairs)))
    assert list(one.distributions().items()) == list(other.distributions().items())


def test_the_default_space_searches_three_numbers():
    space = Space(default_space())
    assert space.searches() == ["lr=log:0.0001:0.1", "weight_decay=log:1e-06:0.01", "dropout=uniform:0:0.5"]


def test_options_are_kept_clean():
    space = Space({"lr": choice([1, np.float64(0.5)]), "hidden": choice([[100], "50,50", "linear"])})
    assert space.searched == {"lr": Choice((1.0, 0.5)), "hidden": Choice(((100,), (50, 50), ()))}


def test_the_distributions_of_others_in_a_space():
    space = Space(
        {
            "lr": stats.loguniform(1e-4, 1e-1),
            "dropout": stats.beta(2, 5),
            "batch_size": stats.randint(1, 65),
            "optimizer": optuna.distributions.CategoricalDistribution(["sgd", "adam"]),
            "hidden": optuna.distributions.CategoricalDistribution(["100,100", "linear"]),
        }
    )
    assert space.searches() == [
        "lr=log:0.0001:0.1",
        "dropout=scipy:beta:2:5",
        "hidden=choice:100,100|linear",
        "optimizer=choice:sgd|adam",
        "batch_size=integer:1:64",
    ]
    raw = {"lr": 0.01, "dropout": 0.5, "hidden": "100,100", "optimizer": "sgd", "batch_size": 3}
    params = space.decode(raw)
    assert params["dropout"] == stats.beta(2, 5).ppf(0.5)
    assert (params["hidden"], params["batch_size"]) == ((100, 100), 3)


def test_a_number_may_be_whole():
    params = Space({"init_scale": integer(1, 4)}).decode({"init_scale": 3})
    assert params["init_scale"] == 3.0
    assert type(params["init_scale"]) is float


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({"learning_rate": 0.1}, "unknown hyperparameter 'learning_rate'"),
        ({"weight_deacy": log(1e-8, 1e-4)}, "did you mean 'weight_decay'"),
        ({"lr": [0.1, 0.01]}, r"zk\.choice"),
        ({"lr": range(1, 3)}, r"zk\.choice"),
        ({"lr": np.array([0.1, 0.2])}, r"zk\.choice"),
        ({"optimizer": ["sgd", "adam"]}, r"zk\.choice"),
        ({"hidden": [(100,), (50,)]}, r"zk\.choice"),
        ({"hidden": range(1, 3)}, r"zk\.choice"),
        ({"lr": 0}, "lr > 0, got 0"),
        ({"momentum": uniform(0.5, 1)}, r"momentum=uniform:0\.5:1 .* 0 <= momentum < 1, got 1\.0"),
        ({"dropout": uniform(-0.1, 0.5)}, "0 <= dropout < 1, got -0.1"),
        ({"lr": uniform(0, 1)}, "lr > 0, got 0.0"),
        ({"lr": stats.norm(0, 1)}, "lr > 0, got -3.09"),
        ({"lr": integer(0, 1)}, "lr > 0, got 0"),
        ({"batch_size": integer(0, 64)}, "batch_size must be a whole number >= 1, got 0"),
        ({"batch_size": uniform(1, 64)}, "with powers, integer or choice, got uniform"),
        ({"batch_size": stats.poisson(64)}, "with powers, integer or choice, got scipy"),
        ({"hidden": integer(1, 64)}, "with layers or choice, got integer"),
        ({"lr": choice([0.1, -1])}, "lr > 0, got -1"),
        ({"lr": choice([1, 1.0])}, "must differ, got 1 twice"),
        ({"hidden": choice([(5,), [5]])}, "must differ, got 5 twice"),
        ({"optimizer": choice(["adam", "sdg"])}, "did you mean 'sgd'"),
        ({"lr": powers(1, 2)}, "got powers"),
        ({"batch_size": layers((1, 2), (16, 32))}, "got layers"),
        (
            {"momentum": uniform(0, 0.9)},
            "needs the optimizer momentum or nesterov, got optimizer=adam: set --opt",
        ),
        ({"beta1": uniform(0, 0.9), "optimizer": "sgd"}, "beta1 needs the optimizer adam or adamw, got optimizer=sgd"),
        (
            {"momentum": choice([0, 0.9]), "optimizer": choice(["sgd", "rmsprop"])},
            r"momentum needs .* got optimizer=choice:sgd\|rmsprop",
        ),
        ({"dropout": uniform(0, 0.5), "hidden": ()}, "dropout needs a hidden layer, got hidden=linear"),
        ({"activation": choice(["relu", "tanh"]), "hidden": layers(0, 16)}, "a hidden layer, got hidden=layers:0:0:"),
    ],
)
def test_a_space_that_breaks_a_rule(space, says):
    with pytest.raises(InputError, match=says):
        Space(space)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("lr=log:1e-6:1e-2", "lr", Log(1e-6, 1e-2)),
        (" lr = log:1e-6:1e-2 ", "lr", Log(1e-6, 1e-2)),
        ("dropout=uniform:0:0.5", "dropout", Uniform(0, 0.5)),
        ("dropout=uniform:0:0.5:0.1", "dropout", Uniform(0, 0.5, 0.1)),
        ("batch_size=integer:16:64", "batch_size", Integer(16, 64)),
        ("batch_size=integer:16:64:16", "batch_size", Integer(16, 64, 16)),
        ("batch_size=integer:16:64:log", "batch_size", Integer(16, 64, log=True)),
        ("batch_size=choice:32|64", "batch_size", Choice((32, 64))),
        ("batch_size=powers:16:64", "batch_size", Powers(16, 64)),
        ("hidden=layers:1:4:16:256", "hidden", Layers(Integer(1, 4), Powers(16, 256))),
        ("hidden=layers:0:2:powers:16:32", "hidden", Layers(Integer(0, 2), Powers(16, 32))),
        ("hidden=layers:1:4:integer:50:200:50", "hidden", Layers(Integer(1, 4), Integer(50, 200, 50))),
        ("hidden=layers:3:3:integer:16:256:log", "hidden", Layers(Integer(3, 3), Integer(16, 256, log=True))),
        ("hidden=layers:1:2:choice:50|80", "hidden", Layers(Integer(1, 2), Choice((50, 80)))),
        ("hidden=choice:100,100|50|linear", "hidden", Choice(((100, 100), (50,), ()))),
        ("schedule=choice:constant|step:10:0.5", "schedule", Choice(("constant", "step:10:0.5"))),
        ("batch_norm=choice:true|false", "batch_norm", Choice((True, False))),
        ("lr=scipy:lognorm:1:scale=0.01", "lr", Quantile("lognorm", (1.0,), (("scale", 0.01),))),
    ],
)
def test_a_search_is_read(text, name, found):
    assert parse_search(text) == (name, found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lr", "must be NAME=KIND:..., got 'lr'"),
        ("", "must be NAME=KIND"),
        ("=log:1:2", "unknown hyperparameter ''"),
        ("rl=log:1e-6:1e-2", "unknown hyperparameter 'rl': did you mean 'lr'"),
        ("lr=logg:1e-6:1e-2", "unknown kind of range 'logg': did you mean 'log'"),
        ("lr=0.1", "unknown kind of range '0.1'"),
        ("lr=", "unknown kind of range ''"),
        ("lr=log", "expected log:LOW:HIGH"),
        ("lr=log:1e-6", "--search lr=log:1e-6: invalid range 'log:1e-6': expected log:LOW:HIGH"),
        ("lr=log:1:2:3", "expected log:LOW:HIGH"),
        ("lr=log:1e-6:fast", "invalid range 'log:1e-6:fast': expected log:LOW:HIGH with numbers"),
        ("lr=log:1e-6:", "with numbers"),
        ("lr=log:0:1", "0 < low <= high, got low=0.0, high=1.0"),
        ("lr=log:1:0.1", "0 < low <= high, got low=1.0, high=0.1"),
        ("lr=uniform:nan:1", "a finite number as low"),
        ("lr=uniform:0.1:inf", "a finite number as high"),
        ("dropout=uniform:0:1", "0 <= dropout < 1, got 1.0"),
        ("batch_size=integer:1:2:3:4", "expected integer:LOW:HIGH"),
        ("batch_size=integer:1.5:2", "with whole numbers"),
        ("batch_size=integer:1:64:2", "a whole number of steps"),
        ("batch_size=log:1:64", "with powers, integer or choice, got log"),
        ("hidden=choice:100,x", "hidden must be"),
        ("optimizer=choice:", "unknown optimizer ''"),
        ("optimizer=choice:adam|adam", "must differ, got adam twice"),
        ("lr=scipy:lognorm:x", "with numbers"),
        ("batch_size=powers:16:100", "a power of two as high, such as 32 or 64, got low=16, high=100"),
        ("batch_size=powers:0:8", "a power of two as low"),
        ("batch_size=powers:64:16", "low <= high"),
        ("batch_size=powers:16", "expected powers:LOW:HIGH"),
        ("hidden=layers:1:4", "invalid range 'layers:1:4': expected layers:FEWEST:MOST:LOW:HIGH"),
        ("hidden=layers:1:4:100", "invalid range 'layers:1:4:100': expected layers"),
        ("hidden=layers:4:1:16:32", "low <= high"),
        ("hidden=layers:-1:1:16:32", "a depth >= 0"),
        ("hidden=layers:1:2:50:100", "a power of two as low"),
        ("hidden=layers:1:2:integer:0:4", "widths >= 1"),
        ("hidden=layers:1:2:choice:8|x", "a width must be a whole number, got 'x'"),
        ("hidden=layers:1:2:log:16:256", "whole numbers or a choice"),
        ("hidden=layers:1:2:layers:1:2:8:16", "a width must be a range of whole numbers, got 'layers:1:2:8:16'"),
        ("hidden=layers:1:2:integers:1:2", "unknown kind of range 'integers': did you mean 'integer'"),
        ("hidden=layers:1:2:16:32:8", "unknown kind of range '16'"),
    ],
)
def test_a_search_that_says_nothing(text, says):
    with pytest.raises(InputError) as caught:
        parse_search(text)
    assert says in str(caught.value)


def test_a_name_is_searched_once():
    with pytest.raises(InputError, match="got lr twice"):
        parse_searches(["lr=log:1:2", "dropout=uniform:0:0.5", "lr=log:1:3"])
    assert list(parse_searches(["dropout=uniform:0:0.5", "lr=log:1:2"])) == ["dropout", "lr"]


@pytest.mark.parametrize(
    ("space", "points"),
    [
        ({"lr": choice([0.1, 0.2, 0.3]), "hidden": choice([(4,), ()])}, 6),
        ({"lr": log(0.1, 0.2), "hidden": choice([(4,), ()])}, None),
        ({"optimizer": choice(["adam", "momentum", "nesterov"]), "momentum": choice([0.5, 0.9])}, 5),
        ({"hidden": layers((0, 2), (4, 16)), "dropout": choice([0.0, 0.5])}, 1 + 2 * 3 * 2),
        ({}, 1),
    ],
    ids=str,
)
def test_how_many_points_a_space_has(space, points) -> None:
    assert Space(space).distributions().n_points() == points
