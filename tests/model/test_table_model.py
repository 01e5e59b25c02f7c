"""A model of a table takes raw rows, of any make, and is whole in its file."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import zerokara as zk
from tests.marks import NEW_VALUES
from zerokara.data import Dataset, from_table
from zerokara.data.loaders.tables import like
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.model import Model
from zerokara.model.file import pack, unpack

N = 120


def rows(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size, city = rng.gamma(5, 20, N), rng.choice(["Bern", "Basel", "Zug"], N, p=[0.5, 0.3, 0.2])
    frame = pd.DataFrame({"size": size, "city": city, "garden": rng.random(N) < 0.3})
    frame["price"] = 1000 * size * (1 + (city == "Zug")) + 20_000 * frame["garden"]
    frame.loc[rng.random(N) < 0.1, "size"] = None
    return frame


def fitted(data: Dataset, epochs: int = 5) -> tuple[Model, zk.Trainer]:
    network = zk.nn.mlp(data.n_inputs, (16,), data.n_outputs)
    run = zk.Trainer(network, zk.optim.Adam(lr=0.02), data, batch_size=20)
    run.fit(epochs)
    return Model.of(run.trained(), data), run


@pytest.fixture(scope="module")
def regression() -> tuple[Dataset, Model, zk.Trainer]:
    data = from_table(rows(), "price").split(0.2, 0.2)
    return data, *fitted(data, 60)


@pytest.fixture(scope="module")
def classes() -> tuple[Dataset, Model, zk.Trainer]:
    frame = rows().assign(price=lambda f: np.where(f["price"] > 1e5, "high", "low"))
    data = from_table(frame, "price").split(0.2, 0.2)
    return data, *fitted(data)


@pytest.mark.parametrize("kind", ["none", "target", "standard", "range"])
def test_evaluates_to_the_bit_as_the_trainer_did(kind) -> None:
    raw = from_table(rows().assign(price=lambda f: f["price"] / 1e5), "price").split(0.25, 0.25)
    model, run = fitted(raw.scaled(kind), 2)
    seen = run.history["val_loss"][0, -1], run.history["val_score"][0, -1]
    assert model.evaluate(raw, "validation") == seen
    assert model.evaluate(raw.scaled(kind), "validation") == seen


def test_every_make_of_rows_has_the_same_answers(classes, tmp_path) -> None:
    _, model, _ = classes
    frame = rows(1).drop(columns="price")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    polars = pl.from_pandas(frame)
    made = [frame, polars, polars.to_arrow(), tmp_path / "rows.csv", str(tmp_path / "rows.parquet")]
    made += [frame.to_dict("list"), frame.iloc[:, ::-1].assign(more=1), pa.Table.from_pandas(frame)]
    answers = [model.predict_proba(each) for each in made]
    assert all(np.array_equal(each, answers[0]) for each in answers)
    assert answers[0].shape == (N, 2)
    assert set(model.predict(frame)) <= {"high", "low"}
    turned = frame.sample(frac=1, random_state=0)
    assert np.array_equal(model.predict_proba(turned), answers[0][turned.index])
    assert model.predict(frame.iloc[:0]).shape == (0,)


STORES = [f"{k:03}" for k in range(1, 9)] * 15


def coded(store, **more) -> dict:
    return {"store": store, "size": np.arange(N) % 17.0, **more}


@pytest.mark.parametrize("trained", ["texts", "floats"])
def test_a_number_written_in_another_way_is_the_same_category(trained, tmp_path) -> None:
    price = np.arange(N) % 8 * 2.5
    numbers = pd.DataFrame(coded([*map(float, STORES[1:]), None], price=price))  # A gap makes pandas' integers floats.
    texts = pd.DataFrame(coded([*STORES[1:], None], price=price))
    with warnings.catch_warnings(action="ignore"):  # Of codes that are categories.
        model, _ = fitted(from_table(texts if trained == "texts" else numbers, "price", categories=["store"]))
    assert model.encoder.codings[0].levels[0] == ("001" if trained == "texts" else "1")
    texts.to_csv(tmp_path / "texts.csv", index=False)
    numbers.to_csv(tmp_path / "numbers.csv", index=False)
    assert "3.0" in (tmp_path / "numbers.csv").read_text()
    made = [texts, numbers, numbers.astype({"store": "Int64"}), tmp_path / "texts.csv", tmp_path / "numbers.csv"]
    with pytest.warns(ZerokaraWarning, match="^store: 1 treated as unknown, at most once in training: missing$"):
        answers = [model.predict(each) for each in made]
    assert all(np.array_equal(each, answers[0]) for each in answers)


def test_what_training_lacked_is_warned_of_once_and_what_was_read_before_is_not() -> None:
    data = from_table(coded(STORES, price=np.arange(N) % 8 * 2.5), "price", categories=["store"])
    model = fitted(data)[0]
    new = coded([99, None, *map(int, STORES[2:])], price=np.arange(N) % 8 * 2.5)
    new["size"] = np.where(np.arange(N) < 3, np.nan, new["size"])
    note = (
        "store: 2 treated as unknown, at most once in training: 99, missing; "
        "size: 3 missing, none in training, replaced by the training average"
    )
    read = from_table(new, "price", categories=["store"])
    for ask in (lambda: model.predict(new), lambda: model.evaluate(read, "train")):
        with pytest.warns(ZerokaraWarning) as caught:
            ask()
        assert [str(each.message) for each in caught] == [note]
    model.evaluate(data, "train")
    model.predict(read.train.table.columns)


def test_a_file_holds_all_of_it(regression, tmp_path) -> None:
    data, model, _ = regression
    again = Model.load(model.save(tmp_path / "a.safetensors"))
    frame = rows(1)
    assert np.array_equal(again.predict(frame), model.predict(frame))
    assert again.encoder.inputs == data.encoder.inputs
    assert again.evaluate(data) == model.evaluate(data)
    assert again.about["table"]["target"] == "price"
    assert again.save(tmp_path / "b.safetensors").read_bytes() == (tmp_path / "a.safetensors").read_bytes()


def test_errors_are_in_the_targets_units(regression) -> None:
    data, model, _ = regression
    table = data.test.table
    frame = {
        name: [None if np.isnan(v) else column.levels[int(v)] for v in column.values]
        if column.levels
        else column.values
        for name, column in table.columns.items()
    }
    frame["garden"] = table.columns["garden"].values.astype(bool)
    misses = (model.predict(frame) - table.t).astype(float)
    assert model.error(data)[0] == pytest.approx(np.sqrt((misses**2).mean()), rel=1e-4)
    assert model.absolute_error(data)[0] == pytest.approx(np.abs(misses).mean(), rel=1e-4)
    assert model.evaluate(data)[1] > 0.8


@NEW_VALUES
def test_a_dataset_read_for_a_model_decides_nothing_anew(classes) -> None:
    """One class alone, a constant column and another file's values: all that a test file may have."""
    _, model, _ = classes
    frame = rows(2).assign(price="low", garden=True)
    frame.loc[0, "city"] = "Genf"
    frame.loc[1, "price"] = None
    data = like(frame, model.encoder, model.task, model.classes)
    assert len(data.train) == N - 1
    assert model.evaluate(data, "train")[1] == np.mean(model.predict(frame.drop(index=1)) == "low")
    with pytest.raises(InputError, match="labels in the target 'price' must be classes, .*, got 'middle' in row 3"):
        like(frame.assign(price=["low"] * 3 + ["middle"] * (N - 3)), model.encoder, model.task, model.classes)
    with pytest.raises(InputError, match="did you mean 'prices'"):
        like(frame.rename(columns={"price": "prices"}), model.encoder, model.task, model.classes)


def test_a_regression_is_evaluated_on_numbers_alone(regression) -> None:
    _, model, _ = regression
    with pytest.raises(InputError, match="the target 'price' must be numbers, as in training, got texts such as"):
        like(rows().assign(price="dear"), model.encoder, model.task, model.classes)


def test_rows_without_names_and_other_data_are_refused(classes, regression) -> None:
    _, model, _ = classes
    with pytest.raises(InputError, match="must have named columns, got a ndarray"):
        model.predict(np.zeros((2, model.encoder and len(model.encoder.inputs))))
    with pytest.raises(InputError, match=r"tables for classification of 'price', got digits: no table"):
        model.evaluate(zk.data.load("digits"), "train")
    with pytest.raises(InputError, match=r"tables for classification of 'price', got table: regression"):
        model.evaluate(regression[0])
    with pytest.raises(InputError, match="has no validation part"):
        model.evaluate(from_table(rows().assign(price=["high", "low"] * (N // 2)), "price"), "validation")


def changed(description, arrays, case):
    if case == "a level that is a number":
        description["table"]["columns"][1]["levels"][0] = 7
    elif case == "an array too few":
        del arrays["table.2"]
    elif case == "no table":
        del description["table"]
    elif case == "another width":
        description["table"]["columns"].append({"name": "more", "kind": "boolean"})
        arrays["table.3"] = np.zeros(2)
    elif case == "a spread of zero":
        arrays["table.0"] = np.zeros(3)
    return description, arrays


UNSOUND = {
    "a level that is a number": "levels of column 'city' must be texts",
    "an array too few": "an array for each of 3 columns, got 2",
    "no table": "the arrays of a network and of its scaling",
    "another width": "the table's columns must give the sample shape \\(8,\\), got \\(7,\\)",
    "a spread of zero": "a spread above 0",
}


@pytest.mark.parametrize("case", UNSOUND)
def test_a_damaged_table_in_a_file_is_refused(case, classes, tmp_path) -> None:
    path = classes[1].save(tmp_path / "a.safetensors")
    path.write_bytes(pack(*changed(*unpack(path.read_bytes()), case)))
    with pytest.raises(InputError, match=f"not a valid model file: .*{UNSOUND[case]}"):
        Model.load(path)


def test_predicting_needs_numpy_and_safetensors_alone(classes, tmp_path) -> None:
    """All else is kept from being imported; a file or a DataFrame then names the extra."""
    _, model, _ = classes
    path, frame = model.save(tmp_path / "a.safetensors"), rows(1).head(3)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    code = f"""
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {{"narwhals", "pyarrow", "pandas", "polars", "optuna", "rich", "scipy"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}")
sys.meta_path.insert(0, Wall())
from zerokara.model import Model
nan = float("nan")
model = Model.load({str(path)!r})
print(*model.predict({frame.to_dict("list")!r}))
class Frame: pass
for rows in ({str(tmp_path / "rows.csv")!r}, Frame()):
    try: model.predict(rows)
    except Exception as error: print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answers, file, other = done.stdout.splitlines()
    assert answers.split() == list(model.predict(frame))
    assert file.startswith("InputError")
    assert "python -m pip install narwhals pyarrow" in file
    assert "needs narwhals, which is not installed: python -m pip install narwhals pyarrow" in other


def test_a_study_of_a_table_gives_the_same_bits_again() -> None:
    frame = rows()
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,)}
    studies = [
        zk.tune(from_table(make(frame), "price").split(0.2, 0.2), space, trials=4, epochs=3, workers=workers)
        for make, workers in ((lambda f: f, 1), (pl.from_pandas, 2))
    ]
    one, other = (study.best.model for study in studies)
    assert np.array_equal(one.network.params, other.network.params)
    assert [t.val_loss for t in studies[0].trials] == [t.val_loss for t in studies[1].trials]
    assert set(studies[0].test_errors) == {"root_mean_squared_error", "mean_absolute_error"}
    assert (
        studies[0].test_errors["mean_absolute_error"]["price"]
        == studies[0].model.absolute_error(studies[0].test_data)[0]
    )
