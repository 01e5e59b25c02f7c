"""Encodings of inputs: what they are fitted to, what they compute, and what is refused."""

import copy
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array

import zerokara as zk
from zerokara import nn
from zerokara.data import Dataset, from_arrays, from_table, load
from zerokara.data.part import join
from zerokara.errors import InputError
from zerokara.model import Ensemble
from zerokara.nn import encodings
from zerokara.nn.encodings import (
    CATEGORY_ENCODINGS,
    NUMERIC_ENCODINGS,
    categories,
    encoding_layers,
    keep_encodings,
    learned_encodings,
    numbers,
    without_effect,
)
from zerokara.nn.layers.embedding import DIMENSION
from zerokara.nn.layers.piecewise import QUANTILE_BINS as BINS
from zerokara.rng import stream

N = 200
ONE_HOT = {"category_encoding": "one-hot"}


def table(seed: int = 0, rows: int = N) -> Dataset:
    """Return columns of all kinds: a number with gaps, one with two values, and categories of few and many values."""
    rng = stream(seed, "table")
    many = np.array([f"city {k:02}" for k in range(14)])
    cells = rng.gamma(2, 3, rows).round(2).tolist()
    columns = {
        "size": [None if k % 9 == 0 else cell for k, cell in enumerate(cells)],
        "rooms": rng.integers(1, 6, rows).tolist(),
        "floors": rng.choice([1.5, 2.5], rows).tolist(),
        "garden": (rng.random(rows) < 0.5).tolist(),
        "city": many[np.concatenate([np.arange(14), np.arange(14), rng.integers(0, 14, rows - 28)])].tolist(),
        "kind": rng.choice(["flat", "house"], rows).tolist(),
        "price": rng.normal(5, 1, rows).tolist(),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_table(columns, "price")


def layers(data: Dataset, numeric: str = "standard", category: str = "one-hot") -> list[nn.InputEncoding]:
    return encoding_layers({"numeric_encoding": numeric, "category_encoding": category}, data)


def test_the_numbers_of_a_table_are_its_number_columns_without_missing_cells() -> None:
    data = table()
    names, known = data.encoder.inputs, numbers(data)
    assert [names[place] for place in known] == ["size", "rooms", "floors"]
    size = np.array([cell for cell in data.train.table.columns["size"].values if not np.isnan(cell)])
    assert np.allclose(known[0], (size - size.mean()) / size.std(), atol=1e-6)


def test_the_numbers_of_arrays_are_features_with_more_than_two_values() -> None:
    x = np.array([[0, 1, 5, 1], [1, 1, 5, 2], [0, 1, 7, 3], [1, 1, 5, 4.0]])
    data = from_arrays(x, np.array([0, 1, 0, 1]))
    assert list(numbers(data)) == [3]
    assert list(numbers(data.scaled("standard"))) == [3]


def test_a_number_gets_quantile_bins_and_fewer_where_quantiles_are_equal() -> None:
    data = table()
    (layer,) = layers(data, "piecewise")
    assert layer.text == "numbers as 32 quantile bins beside the value"
    sizes = dict(zip(*np.unique(layer.columns, return_counts=True), strict=True))
    assert sizes == {0: BINS, 2: 5}, "rooms has five values, with an edge between two; floors has two"
    assert layer.outputs == data.n_inputs + BINS + 5
    low, width = layer.row("low")[:BINS], layer.row("width")[:BINS]
    assert np.allclose(low[1:], (low + width)[:-1])
    inside = np.histogram(numbers(data)[0], [*low, low[-1] + width[-1]])[0]
    assert inside.min() >= len(numbers(data)[0]) // BINS - 3, "bins hold equal numbers of rows"


def test_the_bins_of_a_value_are_full_below_it_and_empty_above() -> None:
    (layer,) = layers(table(), "piecewise")
    x = stream(1, "x").standard_normal((1, 50, layer.inputs)).astype(np.float32)
    y = layer.encode(x)
    assert np.array_equal(y[..., : layer.inputs], x)
    bins = y[..., layer.inputs : layer.inputs + BINS]
    assert ((bins >= 0) & (bins <= 1)).all()
    assert (np.diff(bins, axis=-1) <= 0).all()
    low, width = layer.row("low")[:BINS], layer.row("width")[:BINS]
    back = low[0] + (bins * width).sum(axis=-1)
    limited = np.clip(x[..., 0], low[0], low[-1] + width[-1])
    assert np.allclose(back, limited, atol=1e-5), "the bins add up to the value"


@pytest.mark.parametrize("kind", ["piecewise", "robust", "periodic"])
def test_without_numbers_there_is_no_layer(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = from_table({"a": ["x", "y"] * 8, "t": ["u", "v", "v", "u"] * 4}, "t")
    assert layers(data, kind, "embedding") == []


def test_robust_scaling_is_by_median_and_quartiles() -> None:
    data = table()
    (layer,) = layers(data, "robust")
    places = [0, 2, 3]
    assert layer.columns.tolist() == places
    x = data.train.x[None]
    y = layer.encode(x)
    rest = np.setdiff1d(np.arange(data.n_inputs), places)
    assert np.array_equal(y[..., rest], x[..., rest])
    lower, median, upper = np.quantile(numbers(data)[0], [0.25, 0.5, 0.75])
    z = (x[..., 0] - median) / (upper - lower)
    assert np.allclose(y[..., 0], z / np.sqrt(1 + z**2 / 9), atol=1e-6)
    assert np.abs(layer.encode(np.full((1, 1, data.n_inputs), 3e38, np.float32))[..., places]).max() <= 3


def test_categories_are_divided_by_twice_their_deviation() -> None:
    data = table()
    (layer,) = layers(data, "standard", "scaled")
    assert layer.columns.tolist() == [j for j, values in categories(data).items() if values.any()]
    x = data.train.x[None]
    y = layer.encode(x)
    rest = np.setdiff1d(np.arange(data.n_inputs), layer.columns)
    assert np.array_equal(y[..., rest], x[..., rest])
    assert np.allclose(y[..., layer.columns].std(axis=1), 0.5, atol=1e-6)
    assert (y[x == 0] == 0).all()
    both = layers(data, "robust", "scaled")
    assert [type(each).__name__ for each in both] == ["Scaled", "Robust"]
    digits = load("digits")
    assert layers(digits, "standard", "scaled") == []
    assert layers(data.scaled("standard"), "standard", "scaled") == [], "they are numbers like others"


def test_periodic_functions_are_those_of_the_formula() -> None:
    (layer,) = layers(table(), "periodic")
    network = nn.Network([layer], population=2, dtype="float64")
    x = stream(1, "x").standard_normal((1, 5, layer.inputs))
    y = network.forward(x)
    for p, k in ((0, 0), (1, 2)):
        units = slice(16 * k, 16 * k + 16)
        angle = 2 * np.pi * x[0, :, layer.columns[k], None] * layer.frequency[p, 0, units] + layer.phase[p, 0, units]
        z = np.cos(angle) @ layer.W[p, units] + layer.b[p, 0, 3 * k : 3 * k + 3]
        assert np.allclose(y[p, :, layer.inputs + 3 * k :][:, :3], z)
    assert np.array_equal(y[..., : layer.inputs], np.broadcast_to(x, (2, *x.shape[1:])))
    assert 0.05 < layer.frequency.std() < 0.15
    assert np.abs(layer.phase).max() <= np.pi


def test_an_embedding_looks_up_what_a_product_with_the_code_gives() -> None:
    """To the bit for known values; an unknown value has the shares of all as its code, and is the mean vector."""
    data = table()
    (layer,) = layers(data, category="embedding")
    place = data.encoder.inputs.index("city = city 00")
    assert layer.groups == [slice(place, place + 15)], "kind has too few values"
    network = nn.Network([layer], population=3)
    new = {name: column.take(slice(0, 4)) for name, column in data.train.table.columns.items()}
    new["city"] = zk.data.columns.column.category("city", ["city 03", "elsewhere", None, "city 13"])
    x = np.concatenate([data.train.x, data.encoder.transform(new)])
    y = network.forward(x[None])
    code, others = x[:, layer.groups[0]], np.delete(x, layer.groups[0], axis=1)
    assert np.array_equal(y[..., : others.shape[1]], np.broadcast_to(others, (3, *others.shape)))
    vectors = y[..., others.shape[1] :]
    assert vectors.shape[2] == DIMENSION
    known = (code == 1).any(axis=1)
    assert (~known).sum() == 2
    product = code @ layer.W
    assert np.array_equal(vectors[:, known], product[:, known])
    assert np.allclose(vectors[:, ~known], product[:, ~known], atol=1e-6)
    assert np.array_equal(network.take(1).forward(x[None, 3:9])[0], y[1, 3:9])

    dout = stream(2, "dout").standard_normal(y.shape).astype(np.float32)
    dx = network.backward(dout, need_dx=True)
    assert np.allclose(layer.dW, code.T @ dout[..., others.shape[1] :], atol=1e-4)
    assert np.allclose(dx[..., layer.groups[0]], dout[..., others.shape[1] :] @ layer.W.mT, atol=1e-5)


def test_all_encodings_together_act_on_their_own_inputs() -> None:
    data = table()
    periodic = layers(data, "periodic", "embedding")
    assert [type(layer).__name__ for layer in periodic] == ["Embedding", "Periodic"]
    names = [name for name in data.encoder.inputs if not name.startswith("city")]
    assert [names[place] for place in periodic[1].columns] == ["size", "rooms", "floors"]
    assert [type(layer).__name__ for layer in layers(data, "piecewise", "embedding")] == ["Piecewise", "Embedding"]
    assert learned_encodings({"numeric_encoding": "piecewise"}, data) == []
    assert learned_encodings({"category_encoding": "embedding"}, data) == ["category_encoding=embedding"]


ALL = {"numeric_encoding": NUMERIC_ENCODINGS, "category_encoding": CATEGORY_ENCODINGS}
NO_NUMBERS = [f"numeric_encoding={kind} has no effect: arrays has no numbers" for kind in NUMERIC_ENCODINGS[1:]]
NO_CATEGORIES = [f"category_encoding={kind} has no effect: arrays has no categories" for kind in CATEGORY_ENCODINGS[1:]]


def test_encodings_that_change_nothing_are_reported() -> None:
    numbers, flags = from_arrays([[0.0], [1.0], [2.0]], [0, 1, 1]), from_arrays([[0.0], [1.0], [0.0]], [0, 1, 1])
    assert without_effect(ALL, table()) == []
    assert without_effect(ALL, numbers) == NO_CATEGORIES
    assert sorted(without_effect(ALL, flags)) == sorted([*NO_NUMBERS, *NO_CATEGORIES])
    assert without_effect({"numeric_encoding": ["standard"], "category_encoding": ["one-hot"]}, flags) == []
    few = from_table({"kind": ["a", "b"] * 10, "y": ["u", "v", "v", "u"] * 5}, target="y")
    assert without_effect({"category_encoding": CATEGORY_ENCODINGS}, few) == [
        f"category_encoding=embedding has no effect: {few.name} has no categories of more than 9 values"
    ]
    for kind in ("scaled", "embedding"):
        changed = bool(encoding_layers({"numeric_encoding": "standard", "category_encoding": kind}, few))
        assert changed == (kind == "scaled")


def fitted_without_and_with_other_parts(kind: str) -> list[dict[str, np.ndarray]]:
    """Return the fixed arrays of networks for a training part alone, and beside parts that are far from it."""
    rng = stream(3, "leak")
    train, other = (zk.data.Part(rng.normal(m, 1, (60, 3)).astype(np.float32), rng.integers(0, 2, 60)) for m in (0, 50))
    data = from_arrays(train.x, train.t)
    each = [layers(data.with_parts(*parts).scaled("standard"), kind) for parts in ((train,), (train, other, other))]
    return [{name: layer.row(name) for layer in found for name in layer.fixed} for found in each]


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", NUMERIC_ENCODINGS)
def test_encodings_are_fitted_to_the_training_part_alone(kind: str) -> None:
    alone, beside = fitted_without_and_with_other_parts(kind)
    assert bool(alone) == (kind != "standard")
    assert equal(alone, beside)


@pytest.mark.parametrize("kind", ["piecewise", "robust"])
def test_a_planted_leak_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking(data: Dataset) -> dict[int, np.ndarray]:
        return numbers(data if data.validation is None else data.with_parts(join([data.train, data.validation])))

    monkeypatch.setattr(encodings, "numbers", leaking)
    assert not equal(*fitted_without_and_with_other_parts(kind))


def test_each_fold_has_its_own_bins() -> None:
    found = [layers(fold, "piecewise")[0].row("low") for fold in table().folds(3)]
    assert not np.array_equal(found[0], found[1])
    data = table()
    assert layers(data, "piecewise")[0] is not layers(data, "piecewise")[0]
    assert np.array_equal(layers(data, "piecewise")[0].row("low"), layers(table(), "piecewise")[0].row("low"))


def test_networks_that_continue_keep_their_bins() -> None:
    data, later = table(), table(seed=5)
    network = nn.Network(layers(data, "piecewise"))
    keep_encodings(network, later)
    assert np.array_equal(layers(later, "piecewise")[0].row("low"), network.layers[0].row("low"))


@pytest.mark.parametrize("kind", ["piecewise", "robust", "periodic"])
def test_sparse_samples_are_refused(kind: str) -> None:
    data = from_arrays(csr_array(np.eye(8)), np.arange(8) % 2)
    with pytest.raises(InputError, match=f"numeric_encoding={kind} needs dense samples, got sparse ones"):
        layers(data, kind)
    assert layers(data, "standard", "embedding") == []


def test_networks_with_other_bins_do_not_share_a_population() -> None:
    one, other = (nn.Network(layers(table(seed), "robust")) for seed in (0, 1))
    assert one.structure() == other.structure()
    with pytest.raises(InputError, match="equal in all networks"):
        nn.concat_networks([one, other])
    assert nn.concat_networks([one, one.take([])]).population == 1
    both = [nn.Network([*each.layers, nn.Affine(each.layers[0].outputs, 1)]) for each in (one, other, one)]
    assert [group.population for group in Ensemble.of(both).groups] == [2, 1]


DAMAGES = {
    "a place beyond the inputs": ("piecewise", "feature", 99, "must encode inputs from 0 to"),
    "half a place": ("robust", "feature", 0.5, "must encode inputs from 0 to"),
    "a bin without width": ("piecewise", "width", 0, "wider than 0"),
    "a spread of zero": ("robust", "spread", 0, "spreads above 0"),
    "a factor of zero": ("scaled", "factor", 0, "factors above 0"),
    "not a number": ("piecewise", "low", np.nan, "must be finite"),
    "groups that overlap": ("embedding", "feature", 2, "separate inputs"),
    "levels beyond the inputs": ("embedding", "levels", 99, "separate inputs"),
    "a negative level": ("embedding", "levels", -1, "separate inputs"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_arrays_are_found(name: str) -> None:
    kind, array, value, message = DAMAGES[name]
    embedding = nn.Embedding(7, 2, 5, feature=np.array([0, 4]), levels=np.array([3, 2]))
    fitted = ("standard", kind) if kind == "scaled" else (kind,)
    layer = embedding if kind == "embedding" else layers(table(), *fitted)[0]
    network = nn.Network([copy.copy(layer)])
    network.layers[0].check()
    getattr(network.layers[0], array)[..., -1] = value
    with pytest.raises(InputError, match=message):
        network.layers[0].check()


def test_a_scaled_table_is_encoded_like_arrays() -> None:
    """Its one-hot codes are no longer codes."""
    data = table().scaled("standard")
    assert layers(data, category="embedding") == []
    varied = [name for name in ("size", "rooms") if data.encoder.inputs.index(name) in numbers(data)]
    assert varied == ["size", "rooms"]
