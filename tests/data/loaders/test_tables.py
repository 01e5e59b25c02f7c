"""Tables of all types give the same dataset; column roles, errors, and what is fitted on which part."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from zerokara.data import from_table, load
from zerokara.errors import InputError

ROWS = {
    "size": [1.5, None, 3.0, 40.0, 5.5, 6.0],
    "rooms": [1, 2, 2, 3, 3, 4],
    "city": ["Bern", "Basel", None, "Bern", "Basel", "Bern"],
    "garden": [True, False, True, None, False, True],
    "price": [10.5, 20.0, 31.0, 40.0, 51.0, 60.0],
}
SORT = pd.CategoricalDtype(["Bern", "Basel", "Zug"])
FRAMES = {
    "dict": ROWS,
    "pandas": pd.DataFrame(ROWS),
    "pandas, nullable": pd.DataFrame(ROWS).convert_dtypes(),
    "pandas, objects": pd.DataFrame(ROWS).astype(object),
    "pandas, another index": pd.DataFrame(ROWS, index=[5, 3, 3, 0, 9, 1]),
    "pandas, categories": pd.DataFrame(ROWS).astype({"city": SORT}),
    "polars": pl.DataFrame(ROWS),
    "polars, categories": pl.DataFrame(ROWS).with_columns(pl.col("city").cast(pl.Categorical)),
    "pyarrow": pa.table(ROWS),
    "pyarrow, dictionary": pa.table({**ROWS, "city": pa.array(ROWS["city"]).dictionary_encode()}),
    "arrays": {**ROWS, "rooms": np.array(ROWS["rooms"], np.int8), "price": np.array(ROWS["price"])},
}


@pytest.mark.parametrize("make", FRAMES)
def test_every_make_of_table_is_one_dataset(make):
    data, plain = from_table(FRAMES[make], "price"), from_table(ROWS, "price")
    assert np.array_equal(data.train.x, plain.train.x)
    assert np.array_equal(data.train.t, plain.train.t)
    assert data.encoder.inputs == plain.encoder.inputs
    assert data.fingerprint() == plain.fingerprint()
    assert data.describe() == "table: 6 rows, 4 columns as 8 inputs, 1 target; train 6"


def test_a_file_is_the_same_dataset_under_its_own_name(tmp_path):
    pd.DataFrame(ROWS).to_csv(tmp_path / "houses.csv", index=False)
    data = load(tmp_path / "houses.csv", target="price")
    assert data.name == "houses"
    assert data.fingerprint() == from_table(ROWS, "price").fingerprint()


def test_what_each_column_becomes():
    data = from_table(ROWS, "price")
    assert data.encoder.inputs == (
        *("size", "size is missing", "rooms"),
        *("city = Basel", "city = Bern", "city is unknown"),  # Missing once: unknown.
        *("garden", "garden is missing"),
    )
    x = data.train.x
    assert x.dtype == np.float32
    assert x[:, 1].tolist() == [0, 1, 0, 0, 0, 0]
    assert x[1, 0] == 0, "the mean"
    sizes = [size for size in ROWS["size"] if size is not None]
    assert x[3, 0] == pytest.approx((40 - np.mean(sizes)) / np.std(sizes))


TASKS = [
    (["a", "b", "a", "a"], None, "classification", ("a", "b")),
    ([True, False, True, True], None, "classification", ("False", "True")),
    ([0, 1, 1, 0], None, "classification", ("0", "1")),
    ([0.0, 1.0, 1.0, 0.0], None, "classification", ("0", "1")),
    ([1, 2, 3, 4], None, "regression", ("y",)),
    ([3, 5, 7] * 5, None, "classification", ("3", "5", "7")),
    (list(range(11)) * 5, None, "regression", ("y",)),
    ([0.5, 1.5, 0.5, 1.5], None, "regression", ("y",)),
    ([0, 1, 1, 0], "regression", "regression", ("y",)),
    ([True, False, True, True], "regression", "regression", ("y",)),
    (list(range(11)) * 2, "classification", "classification", tuple(map(str, range(11)))),
]


@pytest.mark.parametrize(("t", "asked", "task", "classes"), TASKS)
def test_the_task_is_inferred_from_the_target_and_can_be_set(t, asked, task, classes):
    data = from_table({"a": np.linspace(0, 1, len(t)), "y": t}, "y", asked)
    assert (data.task, data.classes) == (task, classes)
    assert data.train.table.settings["task"] == task
    assert ("as asked" if asked else "--task sets it") in data.train.table.column_info[-1].note


def test_the_role_of_every_column_is_reported():
    n = 30
    frame = {
        "id": [f"H{k}" for k in range(n)],
        "land": ["CH"] * n,
        "nothing": [None] * n,
        "": list(range(n)),
        "zip": [3000 + k % 5 for k in range(n)],
        "count": list(range(n)),
        "away": [datetime.date(2020, 1, 1)] * n,
        "y": [None, *range(1, n)],
    }
    with pytest.warns(UserWarning, match="left out") as caught:
        data = from_table(frame, "y", drop="away", categories=["zip"])
    assert [str(each.message) for each in caught] == [
        "1 row without a target is left out",
        "columns left out: 'id' (its texts are all different, as in an identifier); 'land' (it is constant); 'nothing' "
        "(it is empty); '' (it has no name (the row numbers of a saved DataFrame?))",
    ]
    info = {each.name: (each.role, each.kind, each.note) for each in data.train.table.column_info}
    assert info["id"] == ("left out", "category", "its texts are all different, as in an identifier")
    assert info["land"] == ("left out", "category", "it is constant: 'CH' in every row")
    assert info["nothing"][0::2] == ("left out", "it is empty")
    assert info[""][0::2] == ("left out", "it has no name (the row numbers of a saved DataFrame?)")
    assert info["away"] == ("left out", "time", "as asked")
    assert info["zip"] == ("input", "category", "5 values: 3000, 3001, 3002, 3003, ...")
    assert "it counts the rows" in info["count"][2]
    assert info["y"][:2] == ("target", "regression")
    assert data.train.table.column_info[-1].missing == 1
    assert len(data.train) == n - 1


def texts(n, make):
    return {"c": [make(k) for k in range(n)], "a": np.arange(n) % 7, "y": np.arange(n) * 1.5}


REFUSED = {
    "dates": (
        texts(9, lambda k: datetime.date(2020, 1, 1 + k)),
        "'c' holds dates or times, such as .*take them out of the table.*--drop 'c', in Python drop=.*'c'.* of zk",
    ),
    "dates as text": (texts(9, lambda k: f"{k + 1}.3.2020"), "'c' holds dates or times, such as 1.3.2020"),
    "times as text": (texts(9, lambda k: f"1{k}:30"), "'c' holds dates or times"),
    "pandas dates": (pd.DataFrame(texts(9, lambda k: pd.Timestamp(2020, 1, 1 + k))), "'c' holds dates"),
    "polars durations": (pl.DataFrame(texts(9, lambda k: datetime.timedelta(k))), "'c' holds dates or times"),
    "text": (
        texts(9, lambda k: f"it was a fine stay {k}"),
        "'c' holds text .*numbers computed from it.*drop=\\['c'\\]",
    ),
    "much text": (texts(300, lambda k: f"it was a fine stay {k // 2}"), "'c' holds text"),
    "too many": (
        texts(300, lambda k: f"c{k // 2}"),
        "'c' has 150 different values, more than 100: .*--max-categories 150, in Python max_categories=150 of zk",
    ),
    "an odd cell": (texts(99, lambda k: "x" if k == 4 else str(k)), "'c' holds numbers except 'x' in row 4"),
    "signs": (texts(99, lambda k: f"{'$€'[k % 2]}{k}"), "'c' holds numbers with different signs, such as '\\$0' and"),
    "both decimal marks": (
        texts(9, lambda k: f"{k}{',.'[k % 2]}5"),
        "'c' holds numbers except '1.5' in row 1 .*: write all of them with the same decimal mark",
    ),
    "a comma for two": (texts(9, lambda k: f"{k + 1},000"), "'c' holds numbers such as '1,000', .*--decimal"),
    "mixed": (texts(9, lambda k: k if k % 2 else b"x"), "'c' holds values that are not all numbers, texts or booleans"),
    "lists": (pl.DataFrame(texts(9, lambda k: [k])), "'c' holds values of the type List"),
    "infinity": (texts(9, lambda k: float("inf") if k == 4 else k), "column 'c' must have finite .*got inf in row 4"),
    "beyond float32": (texts(9, lambda k: 1e300 if k == 4 else k), "got 1e.300 in row 4"),
    "no input": ({"id": ["a", "b", "c"], "y": [1, 2, 3]}, "needs an input column .*'id' .its texts are all different"),
    "one row": ({"a": [1], "y": [1]}, "at least 2 rows with the target 'y', got 1"),
    "constant target": ({"a": [1, 2, 3], "y": [5, 5, 5]}, "'y' must differ between rows, got 5 in all 3"),
    "a target near to zero": (
        {"a": [1, 2, 3], "y": [0, 2e-300, 5e-300]},
        "deviation of each column of t must be above 1e-150, got numbers from 0 to 5e-300 in column 0: multiply",
    ),
    "infinite target": ({"a": [1, 2, 3], "y": [5, np.inf, 5]}, "'y' must have finite numbers .*got inf in row 1"),
    "a target of dates": ({"a": [1, 2], "y": [datetime.date(2020, 1, 1)] * 2}, "target 'y' must be numbers, .*dates"),
    "a target of names": ({"a": [1, 2, 3], "y": ["a", "b", "c"]}, "3 different texts in 3 rows"),
    "no target": ({"a": [1, 2, 3], "z": [5, 5, 5], "yy": [1, 2, 3]}, "unknown target 'y': did you mean 'yy'"),
    "two lengths": ({"a": [1, 2, 3], "y": [5, 5]}, "one length, got {'a': 3, 'y': 2}"),
    "no lists": ({"a": 1, "y": 2}, "'a' must be a list of cells, got 1"),
    "no table": (np.eye(3), "must have named columns, got a ndarray"),
    "a lazy frame": (pl.LazyFrame({"a": [1]}), "got LazyFrame: call its collect"),
    "two names": (pd.DataFrame([[1, 2, 3]], columns=["a", "a", "y"]), "different names, got 'a' twice"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_network_cannot_take_is_refused_by_name_with_the_remedy(case):
    frame, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        from_table(frame, "y")


SETTINGS = [
    ({"target": None}, "a table needs a target, .* got None: add --target NAME, .*one of size, rooms, city"),
    ({"target": "prise"}, "did you mean 'price'"),
    ({"task": "regresion"}, "did you mean 'regression'"),
    ({"task": "multilabel"}, "unknown task 'multilabel'"),
    ({"task": "classification"}, "classes must be texts or whole numbers below 2.*, got 10.5 in 'price'"),
    ({"target": "huge", "task": "classification"}, "whole numbers below 2.*, got 1e.16 in 'huge': choose regression"),
    ({"target": "city", "task": "regression"}, "regression needs numbers in 'city', got texts such as 'Basel'"),
    ({"drop": ["sizes"]}, "unknown column 'sizes': did you mean 'size'"),
    ({"categories": ["sizes"]}, "unknown column 'sizes'"),
    ({"drop": "price"}, "must name inputs, got the target 'price'"),
    ({"max_categories": 1}, "max_categories must be a whole number, 2 or above"),
]


@pytest.mark.parametrize(("settings", "message"), SETTINGS)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        from_table({**ROWS, "huge": [10**16, 2 * 10**16] * 3}, **{"target": "price", **settings})


def test_the_cap_can_be_raised_and_a_category_may_be_numbers():
    data = from_table(texts(300, lambda k: f"c{k // 2}"), "y", max_categories=150)
    assert data.n_inputs == 150 + 1 + 1
    coded = from_table(texts(30, lambda k: k % 4), "y", categories="c")
    assert coded.encoder.inputs[:5] == ("c = 0", "c = 1", "c = 2", "c = 3", "c is unknown")


STORES = [10**16 + k % 8 for k in range(40)]
MAKES = {
    "pandas": pd.DataFrame,
    "pandas, nullable": lambda table: pd.DataFrame({**table, "store": pd.array(table["store"], "Int64")}),
    "polars": pl.DataFrame,
    "polars of 128 bits": lambda table: pl.DataFrame(table, schema_overrides={"store": pl.Int128}),
    "pyarrow": pa.table,
    "arrays": lambda table: {**table, "store": np.array(table["store"], np.uint64)},
    "lists": dict,
}


def stores(make, cells):
    return MAKES[make]({"store": cells, "a": list(range(40)), "y": [k / 7 for k in range(40)]})


@pytest.mark.parametrize("make", MAKES)
def test_integers_beyond_float64_keep_their_digits_or_are_refused(make):
    frame, both = stores(make, STORES), f"'store' holds whole .* such as {10**16} and {10**16 + 1}: use smaller"
    column = from_table(frame, "y", categories=["store"]).train.table.columns["store"]
    assert column.levels == tuple(str(10**16 + k) for k in range(8))
    with pytest.raises(InputError, match=f"{both}.*--categories 'store', in Python categories=.'store'. of"):
        from_table(frame, "y")
    with pytest.raises(InputError, match=f"the target {both}"):
        from_table(frame, "store")
    apart = from_table(stores(make, [2**54 + 4 * (k % 8) for k in range(40)]), "y").train.table.columns["store"]
    assert (apart.kind, apart.values[3]) == ("number", 2**54 + 12)


def test_an_identifier_beyond_float64_is_left_out_as_a_text_would_be():
    rows = {"id": [2**60 + k for k in range(40)], "a": list(range(40)), "y": [k / 7 for k in range(40)]}
    with pytest.warns(UserWarning, match=r"columns left out: 'id' \(its texts are all different"):
        data = from_table(rows, "y")
    assert data.encoder.inputs == ("a",)


def test_integers_beyond_float64_in_other_columns(tmp_path):
    gap = pl.DataFrame({"store": [None, *STORES[1:]], "y": [k / 7 for k in range(40)]})
    for frame in (gap, gap.to_pandas(use_pyarrow_extension_array=True), gap.to_arrow()):
        column = from_table(frame, "y", categories=["store"]).train.table.columns["store"]
        assert (len(column.levels), np.isnan(column.values).sum()) == (8, 1)
    listed = stores("pandas", STORES).astype({"store": "category"})
    assert len(from_table(listed, "y").train.table.columns["store"].levels) == 8
    parquet.write_table(stores("pyarrow", STORES), tmp_path / "big.parquet")
    assert load(tmp_path / "big.parquet", "y", drop=["store"]).encoder.inputs == ("a",)


def houses(n=200, seed=0):
    rng = np.random.default_rng(seed)
    size = rng.gamma(5, 20, n)
    return {
        "size": np.where(rng.random(n) < 0.1, np.nan, size),
        "city": rng.choice(["Bern", "Basel", "Zug"], n).tolist(),
        "price": 1000 * size + rng.normal(0, 100, n),
    }


def changed(frame, rows, factor=1e6):
    """Return the frame with changed cells in some rows."""
    return {
        "size": np.where(np.isin(np.arange(200), rows), factor, frame["size"]),
        "city": ["Genf" if k in set(rows.tolist()) else city for k, city in enumerate(frame["city"])],
        "price": np.where(np.isin(np.arange(200), rows), factor, frame["price"]),
    }


def test_everything_is_fitted_on_the_training_rows_alone():
    frame = houses()
    numbered = from_table({**frame, "row": np.arange(200.0)}, "price").split(0.2, 0.2, seed=3)
    rows = {part: getattr(numbered, part).table.columns["row"].values for part in ("train", "validation", "test")}
    assert sorted(np.concatenate(list(rows.values()))) == list(range(200))
    data = from_table(frame, "price").split(0.2, 0.2, seed=3)
    others = np.concatenate([rows["validation"], rows["test"]])
    spoiled = from_table(changed(frame, others), "price").split(0.2, 0.2, seed=3)
    assert np.array_equal(spoiled.train.x, data.train.x)
    assert np.array_equal(spoiled.train.t, data.train.t)
    assert spoiled.encoder.describe() == data.encoder.describe()
    assert np.array_equal(spoiled.preprocess.target_scale, data.preprocess.target_scale)
    assert not np.array_equal(spoiled.test.x, data.test.x)


def test_folds_are_fitted_anew_from_raw_rows():
    rows = from_table(houses(), "price").split(0.2, seed=0).train
    data = from_table(houses(), "price")
    parts = np.array_split(np.arange(len(rows)), 4)
    medians = set()
    for k in range(4):
        rest = np.concatenate([part for j, part in enumerate(parts) if j != k])
        fold = data.with_parts(rows.take(rest), rows.take(parts[k]))
        alone = data.with_parts(rows.take(rest))
        assert np.array_equal(fold.train.x, alone.train.x)
        assert fold.train.t.mean() == pytest.approx(0, abs=1e-5)
        medians.add(fold.encoder.codings[0].statistics[0])
    assert len(medians) == 4


def test_first_and_split_keep_rows_together_and_their_order():
    data = from_table(houses(), "price").first(50)
    assert data.split_settings == {"train_size": 50}
    assert data.train.table.t[:, 0].tolist() == houses()["price"][:50].tolist()
    cut = data.split(10, 10, seed=1, stratify=False)
    assert np.allclose(cut.preprocess.restore_target(cut.test.t), cut.test.table.t, rtol=1e-5)
    with pytest.raises(InputError, match="needs an unsplit dataset"):
        cut.split(5)


def test_a_table_may_be_scaled_further_once():
    data = from_table(houses(), "price").split(0.2, 0.2)
    assert data.preprocess.kind == "target"
    assert data.train.t.std() == pytest.approx(1, abs=1e-5)
    standard = data.scaled("standard")
    assert np.allclose(standard.train.x.mean(axis=0), 0, atol=1e-5)
    assert np.array_equal(standard.train.t, data.train.t)
    assert np.array_equal(data.scaled("none").train.t, data.train.table.t.astype(np.float32))
    assert np.array_equal(data.scaled("target").train.t, data.train.t)
    with pytest.raises(InputError, match="can be scaled once"):
        standard.scaled("range")
    classes = from_table({**houses(), "price": np.arange(200) % 2}, "price").split(0.2)
    assert classes.preprocess.kind == "none"


@pytest.mark.parametrize("change", ["cell", "level", "order", "name", "target", "split"])
def test_any_change_of_a_table_changes_its_fingerprint(change):
    rows = {name: list(cells) for name, cells in ROWS.items()}
    if change == "cell":
        rows["rooms"][0] = 9
    elif change == "level":
        rows["city"] = [c and c.replace("Bern", "Zug") for c in rows["city"]]
    elif change == "order":
        rows = {name: cells[::-1] for name, cells in rows.items()}
    elif change == "name":
        rows = {name.replace("size", "area"): cells for name, cells in rows.items()}
    elif change == "target":
        rows["price"][0] += 1
    data = from_table(rows, "price")
    assert (data.split(2) if change == "split" else data).fingerprint() != from_table(ROWS, "price").fingerprint()
