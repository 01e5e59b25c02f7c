"""Spaces: what is fixed, what is searched, and the grammar of --search."""

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.samplers import RandomSampler
from scipy import stats

from zerokara.errors import InputError
from zerokara.search.distributions import Choice, Integer, Log, Uniform
from zerokara.search.foreign import Quantile
from zerokara.search.hyperparameters import HYPERPARAMETERS, complete
from zerokara.search.space import (
    Space,
    choice,
    default_space,
    integer,
    log,
    parse_search,
    parse_searches,
    uniform,
)

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
SPACES = st.fixed_dictionaries(
    {},
    optional={
        "lr": RATES,
        "momentum": RATES,
        "dropout": RATES,
        "batch_size": SIZES,
        "hidden": st.lists(st.lists(WHOLE, max_size=3).map(tuple), min_size=1, max_size=4, unique=True).map(choice),
        "optimizer": st.sampled_from([choice(["sgd", "adam"]), choice(["adamw"]), "momentum"]),
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
    params = space.decode(optuna.create_study(sampler=RandomSampler(seed)).ask(space.distributions()).params)
    assert list(params) == list(HYPERPARAMETERS)
    assert complete(params) == params
    for name, found in space.searched.items():
        if isinstance(found, Choice):
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
        ({"batch_size": uniform(1, 64)}, "by integer or choice, got uniform"),
        ({"batch_size": stats.poisson(64)}, "by integer or choice, got scipy"),
        ({"hidden": integer(1, 64)}, "by choice, got integer"),
        ({"lr": choice([0.1, -1])}, "lr > 0, got -1"),
        ({"lr": choice([1, 1.0])}, "must differ, got 1 twice"),
        ({"hidden": choice([(5,), [5]])}, "must differ, got 5 twice"),
        ({"optimizer": choice(["adam", "sdg"])}, "did you mean 'sgd'"),
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
        ("lr=log", "written log:LOW:HIGH"),
        ("lr=log:1e-6", "--search lr=log:1e-6: it must be written log:LOW:HIGH"),
        ("lr=log:1:2:3", "written log:LOW:HIGH"),
        ("lr=log:1e-6:fast", "must have numbers, got '1e-6:fast'"),
        ("lr=log:1e-6:", "must have numbers"),
        ("lr=log:0:1", "0 < low <= high, got low=0.0, high=1.0"),
        ("lr=log:1:0.1", "0 < low <= high, got low=1.0, high=0.1"),
        ("lr=uniform:nan:1", "a finite number as low"),
        ("lr=uniform:0.1:inf", "a finite number as high"),
        ("dropout=uniform:0:1", "0 <= dropout < 1, got 1.0"),
        ("batch_size=integer:1:2:3:4", "written integer:LOW:HIGH"),
        ("batch_size=integer:1.5:2", "must have whole numbers"),
        ("batch_size=integer:1:64:2", "a whole number of steps"),
        ("batch_size=log:1:64", "by integer or choice, got log"),
        ("hidden=choice:100,x", "hidden must be"),
        ("optimizer=choice:", "unknown optimizer ''"),
        ("optimizer=choice:adam|adam", "must differ, got adam twice"),
        ("lr=scipy:lognorm:x", "must have numbers"),
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
