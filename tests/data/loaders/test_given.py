"""What a user gives as data, in any form, is one dataset with documented parts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

import zerokara as zk
from zerokara.data import as_dataset
from zerokara.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.where(X[:, 0] > 0, "yes", "no")
PRICE = X @ [1.0, 2.0, 3.0] + 100
CELLS = {"a": X[:, 0], "b": X[:, 1], "kind": Y, "price": PRICE}
PANDAS = pd.DataFrame(CELLS)
FRAMES = {"pandas": PANDAS, "polars": pl.DataFrame(CELLS), "pyarrow": pa.table(CELLS), "dict": CELLS}


def sizes(data: zk.data.Dataset) -> dict[str, int]:
    return {what: len(part) for what, part in data.parts.items()}


SPARSE = [sparse.csr_matrix, sparse.dok_matrix, sparse.dok_array]


@pytest.mark.parametrize("make", [np.asarray, *SPARSE, lambda x: x.tolist(), lambda x: x.astype("f4")])
def test_arrays_are_split_by_class_and_standardized(make: Any) -> None:
    data = as_dataset((make(X), Y))
    expected = zk.data.from_arrays(X, Y).split(0.2).scaled("standard")
    assert data.fingerprint() == expected.fingerprint()
    assert data.parts_text == "train 48, validation 12 (20 % stratified), no test"
    shares = [np.bincount(part.t) / len(part) for part in data.parts.values()]
    assert np.allclose(*shares, atol=0.05)


def test_the_seed_decides_the_split() -> None:
    one, same, other = (as_dataset((X, Y), seed=seed).fingerprint() for seed in (0, 0, 1))
    assert one == same != other


def test_targets_decide_the_task_and_an_argument_overrides_it() -> None:
    assert as_dataset((X, PRICE)).task == "regression"
    assert as_dataset((X, PRICE)).parts_text == "train 48, validation 12 (20 % random), no test"
    assert as_dataset((X, np.arange(60) % 5)).task == "classification"
    assert as_dataset((X, np.arange(60) % 5), task="regression").task == "regression"
    assert as_dataset((X, (X > 0).astype(int))).task == "multilabel"


@pytest.mark.parametrize("kind", FRAMES)
def test_every_frame_is_the_table_of_its_columns(kind: str) -> None:
    data = as_dataset(FRAMES[kind], target="price")
    assert data.fingerprint() == zk.data.from_table(CELLS, "price").split(0.2).fingerprint()
    assert data.parts_text == "train 48, validation 12 (20 % random), no test"
    assert as_dataset(FRAMES[kind], target="kind").classes == ("no", "yes")


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_columns_and_their_targets_may_come_apart(kind: str) -> None:
    frame = FRAMES[kind]
    inputs = frame[["a", "b", "kind"]]
    whole = as_dataset(frame, target="price")
    for y in (frame["price"], frame[["price"]]):
        assert as_dataset((inputs, y)).fingerprint() == whole.fingerprint()
    unnamed = as_dataset((inputs, PRICE))
    assert unnamed.train.table is not None
    assert unnamed.train.table.target == "target"
    own = as_dataset((inputs, frame["price"]), validation=(inputs[:20], PRICE[:20]), test=frame[20:30])
    assert sizes(own) == {"train": 60, "validation": 20, "test": 10}


def test_files_folders_and_names_are_loaded(tmp_path: Path) -> None:
    PANDAS.to_csv(tmp_path / "houses.csv", index=False)
    data = as_dataset(tmp_path / "houses.csv", target="price")
    assert data.parts_text == "train 48, validation 12 (20 % random), no test"
    again = as_dataset(str(tmp_path / "houses.csv"), target="price", test=str(tmp_path / "houses.csv"))
    assert sizes(again) == {"train": 48, "validation": 12, "test": 60}
    np.savez(tmp_path / "mine.npz", x=X, t=PRICE, x_test=X, t_test=PRICE)
    assert sizes(as_dataset(tmp_path / "mine.npz")) == {"train": 48, "validation": 12, "test": 60}
    assert as_dataset("digits").parts_text == "train 1,438, validation 359 (20 % stratified), no test"


SIZES = [
    ({"validation": 0.25}, {"train": 45, "validation": 15}),
    ({"validation": 10, "test": 0.1}, {"train": 44, "validation": 10, "test": 6}),
    ({"validation": None}, {"train": 60}),
    ({"validation": (X[:9], Y[:9])}, {"train": 60, "validation": 9}),
    ({"validation": (X[:9], Y[:9]), "test": 20}, {"train": 40, "validation": 9, "test": 20}),
    ({"test": (X[:7], Y[:7])}, {"train": 48, "validation": 12, "test": 7}),
    ({"validation": (X[:9], Y[:9]), "test": (X[:7], Y[:7])}, {"train": 60, "validation": 9, "test": 7}),
]


@pytest.mark.parametrize(("given", "expected"), SIZES, ids=[str(list(given)) for given, _ in SIZES])
def test_parts_are_given_or_held_out(given: dict[str, Any], expected: dict[str, int]) -> None:
    assert sizes(as_dataset((X, Y), **given)) == expected


def test_own_parts_are_encoded_and_scaled_as_the_training_samples() -> None:
    data = as_dataset((X, Y), validation=(X, Y), test=(X[::-1], Y[::-1]))
    assert data.validation is not None
    assert data.test is not None
    assert np.array_equal(data.validation.x, data.train.x)
    assert np.array_equal(data.test.t, data.train.t[::-1])
    table = as_dataset(PANDAS, target="price", validation=PANDAS)
    assert table.validation is not None
    assert np.array_equal(table.validation.x, table.train.x)
    assert np.array_equal(table.validation.t, table.train.t)


DIGITS = zk.data.load("digits").first(200)


def test_a_dataset_keeps_its_parts_and_gets_those_it_lacks() -> None:
    split = DIGITS.split(0.3, 0.2, seed=1)
    for data in (split, split.scaled("standard"), DIGITS.split(0.2)):
        assert as_dataset(data) is data
    assert as_dataset(DIGITS, seed=3).fingerprint() == DIGITS.split(0.2, seed=3).fingerprint()
    scaled = as_dataset(DIGITS.scaled("range"), test=0.1)
    assert scaled.fingerprint() == DIGITS.split(0.2, 0.1).scaled("range").fingerprint()


def test_a_dataset_with_a_test_part_alone_is_split_as_if_at_once() -> None:
    at_once = DIGITS.split(0.25, 0.2, seed=4)
    tested = DIGITS.split(None, 0.2, seed=4)
    data = as_dataset(tested, validation=0.25)
    assert data.fingerprint() == at_once.fingerprint()
    assert data.split_settings == at_once.split_settings
    table = zk.data.from_table(CELLS, "kind")
    again = as_dataset(table.split(None, 0.2, seed=4).scaled("standard"))
    assert again.fingerprint() == table.split(0.2, 0.2, seed=4).scaled("standard").fingerprint()


def test_images_with_numbers_as_targets_have_them_standardized() -> None:
    images = RNG.random((40, 4, 4))
    data = as_dataset((images, 1000 + 50 * RNG.normal(size=40)))
    assert data.preprocess.kind == "target"
    assert abs(data.train.t.mean()) < 1e-4
    assert as_dataset((images, np.arange(40) % 2)).preprocess.kind == "none"
    assert as_dataset((255 * images, np.arange(40) % 2)).preprocess.kind == "range"


def test_a_part_without_weights_has_weight_one_beside_one_with_weights() -> None:
    data = zk.data.from_arrays(X, Y, weights=np.arange(60.0), x_val=X[:20], t_val=Y[:20])
    weights = data.pooled().train.weights
    assert weights is not None
    assert len(weights) == 80
    assert weights.mean() == pytest.approx(1)


PAIR = (X, Y)
FAULTS: list[tuple[Any, dict[str, Any], str]] = [
    (X, {}, r"data must be a Dataset, \(X, y\), .*, got a ndarray: pass an array with its targets, \(X, y\)"),
    (None, {}, r"got a NoneType: pass"),
    ((X, Y, Y), {}, r"got a tuple: pass"),
    (PANDAS, {}, r"needs a target, .* target=NAME, one of a, b, kind, price"),
    (PANDAS, {"target": "prise"}, "did you mean 'price'"),
    ((PANDAS, "price"), {}, r"y must have a target for each sample, got 'price': for a column pass target='price'"),
    ((PANDAS, PANDAS["price"]), {}, "X must not have the column of the targets, got 'price' in both: drop it from X"),
    ((PANDAS[["a"]], Y[:9]), {}, "X and y must have one length, got 60 rows and 9 targets: correct one"),
    ((PANDAS[["a"]], PANDAS[["b", "price"]]), {}, "y of a table must be one column, got 2"),
    (PAIR, {"target": "price"}, r"target does not apply to \(X, y\), got target='price': leave it out"),
    (PAIR, {"validation": X}, r"validation must be \(X, y\), a fraction or a number, got a ndarray"),
    (PAIR, {"validation": 1.5}, "validation must be a fraction between 0 and 1 or a count, got 1.5"),
    (PAIR, {"test": (X, np.full(60, "maybe"))}, "labels in t_test must be classes, no, yes, got 'maybe' in row 0"),
    (DIGITS, {"target": "price"}, "target does not apply to a Dataset, which has its own, got target='price'"),
    (DIGITS, {"validation": PAIR}, "validation does not apply to a Dataset, which has its own"),
    (DIGITS.split(0.2, 0.1), {"validation": 0.3}, "split needs an unsplit dataset"),
    ("digits", {"target": "price"}, "target needs a table"),
    ("digits", {"test": PAIR}, "test of digits must be a fraction or a number of samples, got a tuple: pass test=0.2"),
    ("digits", {"drop": ["a"]}, "drop needs a table"),
    (PAIR, {"drop": ["a"]}, r"drop does not apply to \(X, y\) of arrays, got drop=\['a'\]: leave it out"),
]


@pytest.mark.parametrize(("data", "given", "message"), FAULTS, ids=[message[:40] for *_, message in FAULTS])
def test_what_does_not_fit_is_an_error_that_says_what_to_pass(data: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_dataset(data, **given)


def test_own_validation_rows_have_their_weights() -> None:
    rows = {"a": np.arange(40.0), "w": np.arange(40) % 3 + 1.0, "y": np.sqrt(np.arange(40.0))}
    data = as_dataset(rows, target="y", weights="w", validation=rows)
    assert data.validation is not None
    assert np.array_equal(data.validation.weights, data.train.weights)
