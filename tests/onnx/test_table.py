"""An ONNX file of a table takes raw rows and answers as the model does: compared with onnxruntime on all kinds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

import zerokara as zk
from tests.marks import NEW_VALUES
from zerokara.data import Dataset, Encoder, from_table, load
from zerokara.data.columns.coding import Coding
from zerokara.data.columns.column import Column, category
from zerokara.data.columns.interpret import interpret
from zerokara.data.columns.texts import MISSING, TextRules
from zerokara.data.preprocess import Preprocess
from zerokara.model import Ensemble, Model, ModelMember
from zerokara.onnx import read_signature

onnxruntime = pytest.importorskip("onnxruntime")  # Its wheels come later than a Python.

pytestmark = NEW_VALUES

N = 240
NUMBERS = "tensor(double)"


def feeds(session: onnxruntime.InferenceSession, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return rows as a user gives them: each column as it stands in a DataFrame."""
    return {
        each.name: frame[[each.name]].to_numpy(float if each.type == NUMBERS else object)
        for each in session.get_inputs()
    }


def compare(model: Model, rows: Any, frame: pd.DataFrame, folder: Path) -> None:
    """Assert that the file, checked by onnx as it is written, answers rows as the model to 1e-5 of their spread."""
    session = onnxruntime.InferenceSession(model.to_onnx(folder / "model.onnx"))
    first, *more = session.run(None, feeds(session, frame))
    expected = model.predict(rows)
    if model.task == "regression":
        assert not more
        assert first.dtype == np.float64
        assert (np.abs(first - expected) <= 1e-5 * (np.abs(expected) + model.preprocess.target_scale)).all()
        return
    assert np.allclose(more[0], model.predict_proba(rows), rtol=0, atol=1e-5)
    assert first.tolist() == expected.tolist()


def houses(seed: int = 0) -> pd.DataFrame:
    """Return columns of every kind, named as outputs and constants of the graph are, with gaps and large numbers."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"value": rng.gamma(5, 20, N), "labels": rng.choice(["Bern", "Basel", "Zürich"], N)})
    frame["garden"] = rng.random(N) < 0.3
    frame["built"] = rng.integers(1950, 2024, N)
    frame["a, b"] = rng.choice(["", "x", "犬"], N)
    frame["income"] = rng.normal(1e9, 1e5, N)
    frame["heated"] = pd.Series(rng.random(N) < 0.5, dtype=object)
    frame["zip"] = rng.choice([8001, 3000, 12], N)
    frame["price"] = 1000 * frame["value"] * (1 + (frame["labels"] == "Bern")) + frame["income"] - 1e9
    for name in ("value", "labels", "heated", "income"):
        frame.loc[rng.random(N) < 0.1, name] = None
    return frame


def new(seed: int = 1) -> pd.DataFrame:
    """Return rows with values and gaps that training had not."""
    frame = houses(seed)
    frame.loc[::7, "labels"] = "Genf"
    frame.loc[::5, "zip"] = 1
    frame["built"] = frame["built"].astype(float)
    frame.loc[::6, "built"] = None
    frame["garden"] = frame["garden"].astype(object)
    frame.loc[::8, "garden"] = None
    frame.loc[3, "value"] = 3e38
    return frame


def three(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(price=pd.cut(frame["price"], 3, labels=["low", "middle", "high"]).astype(str))


def trained(data: Dataset, epochs: int = 4, population: int = 1, **options: Any) -> zk.Trainer:
    network = zk.nn.mlp(data.n_inputs, (16,), data.n_outputs, population=population, **options)
    run = zk.Trainer(network, zk.optim.Adam(lr=0.02), data, batch_size=20)
    run.fit(epochs)
    return run


KINDS = {
    "regression": lambda frame: frame,
    "two classes": lambda frame: frame.assign(price=np.where(frame["price"] > 1e5, 1, 0)),
    "three classes": three,
}


@pytest.mark.parametrize("scaling", [None, "standard"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_column_answers_alike(kind, scaling, tmp_path) -> None:
    frame = KINDS[kind](houses())
    if kind == "regression" and scaling:
        frame["price"] /= 1e5
    data = from_table(frame, "price", categories=["zip"]).split(0.2, 0.2)
    assert [coding.kind[0] for coding in data.encoder.codings] == [*"ncbncnbc"]
    data = data.scaled(scaling) if scaling else data
    run = trained(data, 10, population=3, init_scale=[0.5, 1, 1.5])
    none = [frame[:0]] if kind == "regression" else []  # Of no rows onnxruntime's ArgMax keeps the axis of the classes.
    for model in (Model.of(run.trained(1), data), Model.of(Ensemble.of(run.network, [5, 1, 2]), data)):
        for rows in (frame, new(), frame[:1], *none):
            compare(model, rows, rows, tmp_path)


@pytest.mark.parametrize("write", [pd.DataFrame.to_csv, pd.DataFrame.to_parquet])
def test_the_rows_of_files_answer_alike(write, tmp_path) -> None:
    """The texts of a CSV file go in as they stand there, gaps and all; those of a Parquet file as Polars has them."""
    suffix = write.__name__.removeprefix("to_")
    paths = [tmp_path / f"{name}.{suffix}" for name in ("old", "new")]
    for path, frame in zip(paths, (houses(), new()), strict=True):
        write(frame, path, index=False)
    data = zk.data.load(str(paths[0]), target="price", categories=["zip"]).split(0.2)
    model = Model.of(trained(data).trained(), data)
    if suffix == "csv":
        raw = pd.read_csv(paths[1], dtype=str, keep_default_na=False)
        for name in ("garden", "heated"):
            raw[name] = raw[name].map({"True": 1, "False": 0, "": None})
        raw = raw.replace(dict.fromkeys(("value", "income", "built"), ""), None)
    else:
        raw = pl.read_parquet(paths[1]).to_pandas()
    compare(model, paths[1], raw, tmp_path)


REAL = {"wine": load_wine, "breast cancer": load_breast_cancer, "diabetes": load_diabetes}


@pytest.mark.parametrize("name", REAL)
def test_real_tables_of_numbers_answer_alike(name, tmp_path) -> None:
    bunch = REAL[name](as_frame=True)
    frame = bunch.frame
    if name != "diabetes":
        frame = frame.assign(target=bunch.target_names[bunch.target])
    frame = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.05).assign(target=frame["target"])
    data = from_table(frame, "target").split(0.2, 0.2)
    model = Model.of(trained(data, 20).trained(), data)
    assert model.evaluate(data)[1] > (0.25 if name == "diabetes" else 0.9)
    compare(model, frame, frame, tmp_path)
    assert [each.domain for each in onnx.load(tmp_path / "model.onnx").opset_import] == [""], "texts alone need more"


def test_a_study_and_an_ensemble_of_several_structures_answer_alike(tmp_path) -> None:
    data = from_table(three(houses()), "price").split(0.2, 0.2)
    space = {"lr": zk.log(1e-3, 1e-1), "hidden": zk.choice([(8,), (16, 8)])}
    study = zk.tune(data, space, trials=9, epochs=4, race="none", ensemble=6)
    others = [trained(data, 2, population=2, init_scale=[1, 2]).network, study.best.model.network]
    for model in (study.best.model, study.ensemble(), Model.of(Ensemble.of(others, [1, 2, 3]), data)):
        compare(model, new(), new(), tmp_path)
    assert len(model.ensemble.groups) == 2


def test_large_numbers_need_double_precision(tmp_path) -> None:
    """float32 has steps of 64 at 1e9: what was spread over 1e5 would move by 1e-3."""
    data = from_table(houses()[["income", "price"]].dropna(), "price").split(0.2)
    model = Model.of(trained(data, 30).trained(), data)
    session = onnxruntime.InferenceSession(model.to_onnx(tmp_path / "model.onnx"))
    x = houses()[["income"]].dropna().to_numpy(float)
    exact, rounded = (session.run(None, {"income": each})[0] for each in (x, x.astype(np.float32).astype(float)))
    expected = model.predict({"income": x[:, 0]})
    assert np.abs(exact - expected).max() < 1e-5 * expected.std()
    assert np.abs(rounded - expected).max() > 1e-4 * expected.std()


TEXTS = ["a", "b", "", "ü 犬", "is missing", "NA", "a, b"]
CELLS = {
    # onnxruntime takes a median below float32's least number, 1e-45, for 0 and leaves the subtraction out.
    "number": st.none()
    | st.floats(-(2.0**127), 2.0**127, width=32, allow_subnormal=False)
    | st.sampled_from([0.0, 2000.0, 1e9, 1e9 + 1]),
    "boolean": st.none() | st.booleans(),
    "category": st.none() | st.sampled_from(TEXTS),
}


def column(name: str, kind: str, cells: list[Any]) -> Column:
    if kind == "category":
        return category(name, cells)
    return Column(name, kind, np.array([np.nan if cell is None else float(cell) for cell in cells], float))


@st.composite
def two_tables(draw):
    """Give training rows and others of the same columns, of any kinds and cells: [(kind, cells, cells)]."""
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=5))
    n, m = draw(st.integers(1, 10)), draw(st.integers(1, 6))
    return [(kind, *(draw(st.lists(CELLS[kind], min_size=k, max_size=k)) for k in (n, m))) for kind in kinds]


@given(two_tables(), st.sampled_from(MISSING))
@settings(max_examples=150, deadline=None)
def test_random_rows_of_random_tables_answer_alike(tmp_path_factory, tables, mark) -> None:
    train = {str(k): column(str(k), kind, cells) for k, (kind, cells, _) in enumerate(tables)}
    train = interpret(train, TextRules()).columns
    encoder = Encoder("t", tuple(Coding.fit(each) for each in train.values()))
    wide = len(encoder.inputs)
    network = zk.nn.mlp(wide, (4,), 1, init_scale=1.0)
    model = Model(
        (ModelMember(Ensemble.of(network), Preprocess.identity(wide, 1), encoder),), "regression", ("t",), (wide,)
    )
    given_rows, rows = {}, {}
    for coding in encoder.codings:
        kind, _, cells = tables[int(coding.name)]
        if kind == "category":
            cells = [mark if cell is None else cell for cell in cells]  # Any text that was missing in training.
            given_rows[coding.name] = np.array([[cell] for cell in cells], object)
        else:
            given_rows[coding.name] = np.array([[np.nan if cell is None else float(cell)] for cell in cells], float)
        rows[coding.name] = cells if kind == "category" else column(coding.name, kind, cells).values
    path = model.to_onnx(tmp_path_factory.getbasetemp() / "random.onnx")
    found = onnxruntime.InferenceSession(path).run(None, given_rows)[0]
    assert np.allclose(found, model.predict(rows), rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def model() -> Model:
    data = from_table(three(houses()), "price", categories=["zip"]).split(0.2, 0.2)
    return Model.of(trained(data).trained(), data)


def test_nothing_python_has_for_a_gap_is_taken_for_a_text(model, tmp_path) -> None:
    session = onnxruntime.InferenceSession(model.to_onnx(tmp_path / "model.onnx"))
    row = feeds(session, houses()[:1])
    answers = []
    for gap in (None, float("nan"), pd.NA, "", "NA", np.nan):
        row["labels"] = np.array([[gap]], object)
        answers.append(session.run(None, row)[1])
    assert all(np.array_equal(each, answers[0]) for each in answers)
    row["labels"] = np.array([["Genf"]], object)
    assert not np.array_equal(session.run(None, row)[1], answers[0])


def test_the_file_says_what_goes_in(model, tmp_path) -> None:
    path = model.to_onnx(tmp_path / "model.onnx")
    whole = onnx.load(path)
    assert sorted((each.domain, each.version) for each in whole.opset_import) == [("", 17), ("ai.onnx.ml", 3)]
    assert whole.ir_version == 8
    given_names, said = read_signature(path)
    assert [(each.name, each.shape, each.kind) for each in given_names[:3]] == [
        ("value", "(N, 1)", "float64"),
        ("labels", "(N, 1)", "text"),
        ("garden", "(N, 1)", "float64"),
    ]
    assert [each.about for each in given_names[:5]] == [
        "a number; NaN where it is missing",
        "a text such as Basel, Bern, Zürich; '' where it is missing",
        "0 or 1; NaN where it is missing",
        "a number; NaN where it is missing",
        "a text such as x, 犬; '' where it is missing",
    ]
    assert [(each.name, each.shape, each.kind) for each in said] == [
        ("label", "(N,)", "text"),
        ("probabilities", "(N, 3)", "float32"),
    ]
    facts = {each.key: each.value for each in whole.metadata_props}
    assert json.loads(facts["features"]) == list(model.encoder.inputs)
    assert json.loads(facts["table"]) == model.encoder.describe()
    again = Model.load(model.save(tmp_path / "m.safetensors")).to_onnx(tmp_path / "again.onnx")
    assert again.read_bytes() == path.read_bytes()


NAMES = (
    "label",
    "probabilities",
    "label_",
    "labels",
    "0.W",
    "Concat_0",
    "IsNaN_0",
    "table.number.median",
    "x",
    " ",
    "ü",
)


def test_columns_may_be_called_as_anything_in_the_graph_is(tmp_path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=40) for name in NAMES if name.strip()})
    frame["t"] = np.where(frame["label"] > 0, "yes", "no")
    data = from_table(frame, "t")
    model = Model.of(trained(data).trained(), data)
    compare(model, frame, frame, tmp_path)
    assert [each.name for each in read_signature(tmp_path / "model.onnx")[1]] == ["label__", "probabilities_"]


def test_a_csv_file_has_the_marks_of_the_graph(tmp_path) -> None:
    lines = ["c,d", *(f"{mark},1" for mark in MISSING), *("a,2", "b,2", "b,1")]
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    with pytest.warns(UserWarning, match=r"read as missing \(1\)"):
        data = load(tmp_path / "rows.csv", target="d")
    assert np.isnan(data.train.table.columns["c"].values).sum() == len(MISSING)
