"""The table: every rule holds at its border, and every value has one text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerokara.errors import InputError
from zerokara.space.hyperparameters import HYPERPARAMETERS, complete, lookup, split

NUMBERS = [name for name, row in HYPERPARAMETERS.items() if row.kind == "number"]
SIZES = st.integers(1, 5000)

VALUES = {
    **{name: st.floats(1e-12, 0.999) for name in NUMBERS},
    "hidden": st.lists(SIZES, max_size=6).map(tuple),
    "numeric_encoding": st.sampled_from(["standard", "piecewise", "robust", "periodic"]),
    "category_encoding": st.sampled_from(["one-hot", "scaled", "embedding"]),
    "activation": st.sampled_from(["relu", "leaky_relu", "sigmoid", "tanh", "gelu"]),
    "optimizer": st.sampled_from(["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]),
    "batch_size": SIZES,
    "batch_norm": st.booleans(),
    "schedule": st.one_of(
        st.sampled_from(["constant", "cosine"]),
        st.builds("exponential:{}".format, st.floats(0.01, 0.99)),
        st.builds("step:{}:{}".format, SIZES, st.floats(0.01, 0.99)),
        st.builds("cosine:{}".format, SIZES),
    ),
}

ALLOWED = [
    ("lr", 1e-300),
    ("lr", 5),
    ("lr", np.float32(0.5)),
    ("weight_decay", 0),
    ("momentum", 0.0),
    ("beta1", 0),
    ("beta2", 0.999),
    ("dropout", 0.99),
    ("label_smoothing", 0),
    ("init_scale", 2),
    ("hidden", ()),
    ("hidden", [np.int64(3), 4]),
    ("batch_size", np.int64(1)),
    ("batch_norm", np.True_),
    ("schedule", "cosine:0"),
    ("schedule", "exponential:1"),
]
REFUSED = [
    ("lr", 0),
    ("lr", -1.0),
    ("lr", "0.1"),
    ("lr", None),
    ("lr", 1j),
    ("lr", 10**400),
    ("init_scale", 0.0),
    ("weight_decay", -1e-12),
    ("momentum", 1.0),
    ("momentum", -0.1),
    ("beta1", 1),
    ("beta2", 1.0),
    ("dropout", 1.0),
    ("label_smoothing", 1),
    *((name, value) for name in NUMBERS for value in (float("nan"), float("inf"), True, np.nan, "x")),
    ("hidden", 100),
    ("hidden", "100,100"),
    ("hidden", (100, 0)),
    ("hidden", (100, -1)),
    ("hidden", (100.0,)),
    ("hidden", (True,)),
    ("hidden", {100, 50}),
    ("activation", "swish"),
    ("activation", 3),
    ("optimizer", "ADAM"),
    ("batch_size", 0),
    ("batch_size", 64.0),
    ("batch_size", True),
    ("batch_norm", 1),
    ("batch_norm", "true"),
    ("schedule", "linear"),
    ("schedule", "exponential"),
    ("schedule", "exponential:0"),
    ("schedule", "exponential:nan"),
    ("schedule", "step:10"),
    ("schedule", "step:0:0.1"),
    ("schedule", "step:1.5:0.1"),
    ("schedule", "cosine:-1"),
    ("schedule", "constant:1"),
    ("schedule", 0.95),
]


def test_the_defaults_are_those_of_the_design():
    assert complete({}) == {
        "lr": 0.001,
        "weight_decay": 0.0,
        "clip_norm": 0.0,
        "momentum": 0.9,
        "beta1": 0.9,
        "beta2": 0.999,
        "dropout": 0.0,
        "init_scale": 1.0,
        "label_smoothing": 0.0,
        "numeric_encoding": "standard",
        "category_encoding": "one-hot",
        "hidden": (100, 100),
        "activation": "relu",
        "optimizer": "adam",
        "batch_size": 100,
        "batch_norm": False,
        "schedule": "auto",
    }


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_a_default_obeys_its_own_rule(name):
    row = lookup(name)
    assert row.check(row.default) == row.default
    assert row.help
    assert "\n" not in row.help


@pytest.mark.parametrize("name", HYPERPARAMETERS)
@given(data=st.data())
def test_a_value_and_its_text_are_the_same(name, data):
    row, value = lookup(name), data.draw(VALUES[name])
    kept = row.check(value)
    assert row.parse(row.text(value)) == kept
    assert row.text(kept) == row.text(value)
    assert type(kept) is type(row.default)


@pytest.mark.parametrize(("name", "value"), ALLOWED)
def test_what_the_rule_allows(name, value):
    kept = lookup(name).check(value)
    assert type(kept) is type(lookup(name).default)


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_the_rule_refuses(name, value):
    with pytest.raises(InputError, match=rf"{name}.* got |unknown {name}"):
        lookup(name).check(value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hidden", "100,50", (100, 50)),
        ("hidden", " 100, 50 ", (100, 50)),
        ("hidden", "linear", ()),
        ("lr", "1e-3", 0.001),
        ("batch_norm", "true", True),
        ("batch_norm", "false", False),
        ("schedule", "exponential:0.950", "exponential:0.95"),
        ("schedule", "cosine:0", "cosine"),
        ("batch_size", "64", 64),
    ],
)
def test_text_is_read(name, text, value):
    assert lookup(name).parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("hidden", text) for text in ("", "100,,50", "0", "100 50")),
        *(("lr", text) for text in ("", "fast", "nan")),
        ("batch_size", "1e2"),
        ("batch_norm", "maybe"),
        ("optimizer", ""),
    ],
)
def test_text_that_is_no_value(name, text):
    with pytest.raises(InputError, match=name):
        lookup(name).parse(text)


def test_an_error_names_the_rule_the_value_and_the_default():
    with pytest.raises(InputError, match=r"lr must be a number with lr > 0, got -1: the default is 0\.001"):
        lookup("lr").check(-1)


@pytest.mark.parametrize(
    ("act", "near"),
    [
        (lambda: complete({"learning_rat": 0.1}), "unknown hyperparameter"),
        (lambda: complete({"weight_deacy": 0.1}), "did you mean 'weight_decay'"),
        (lambda: complete({"optimizer": "adm"}), "did you mean 'adam'"),
        (lambda: complete({"activation": "rellu"}), "did you mean 'relu'"),
    ],
)
def test_an_unknown_name_offers_the_nearest(act, near):
    with pytest.raises(InputError, match=near):
        act()


def test_minus_zero_is_zero():
    assert lookup("weight_decay").text(-0.0) == lookup("weight_decay").text(0) == "0"


def test_split_parts_numbers_from_structure():
    numbers, structure = split(complete({"lr": 0.1, "hidden": (5,)}))
    assert list(numbers) == NUMBERS
    assert numbers["lr"] == 0.1
    encodings = ["numeric_encoding", "category_encoding"]
    assert list(structure) == [*encodings, "hidden", "activation", "optimizer", "batch_size", "batch_norm", "schedule"]
    assert structure["hidden"] == (5,)
