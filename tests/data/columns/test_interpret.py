"""Texts of a table become what they mean, in files and DataFrames alike, or are refused with their column and cell."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.marks import NEW_VALUES
from zerokara.data import from_table, load
from zerokara.data.columns.interpret import interpret
from zerokara.data.columns.numerals import Numerals, is_number
from zerokara.data.columns.texts import MISSING, TextRules, Texts
from zerokara.errors import InputError, ZerokaraWarning
from zerokara.model import Model
from zerokara.nn import mlp

N = 60
LABELS = [("no", "yes")[k % 2] for k in range(N)]


RULES = TextRules()


def read(raw, rules=RULES, typed=False):
    return interpret({name: Texts(cells) for name, cells in raw.items()}, rules, typed)


def values(raw, *args):
    return {name: column.values.tolist() for name, column in read(raw, *args).columns.items()}


@given(st.floats(-1e15, 1e15).map(lambda v: round(v, 3)), st.sampled_from([",", "'", " ", "\u202f", ""]))
def test_a_number_in_every_form_is_that_number(value, group):
    written = f"{value:,.3f}".replace(",", group)
    point = Numerals.of([written])
    assert point.values["."] == value
    comma = Numerals.of([f"{value:,.3f}".replace(",", "" if group == "," else group).replace(".", ",")])
    assert comma.values[","] == value


@given(st.lists(st.text("0123456789,.-+eE $%", max_size=12), min_size=1, max_size=4))
def test_what_python_reads_is_read_alike_and_nothing_else_is_guessed(texts):
    numerals = Numerals.of(texts)
    for k, text in enumerate(texts):
        if is_number(text) and text.strip() == text:
            assert numerals.values["."][k] == float(text) or len(texts) > 1
    for mark in numerals.decimals:
        assert len(numerals.values[mark]) == len(texts)


DECIMALS = {
    "by another column": ({"a": ["257.543", "1.000"], "b": ["51,3", "2"]}, [257543, 1000]),
    "by a group before": ({"a": ["1.257,5", "2"]}, [1257.5, 2]),
    "by two groups": ({"a": ["1,257,000", "2,000"]}, [1257000, 2000]),
    "thousands beside small numbers": ({"a": ["1,257", "999"]}, [1257, 999]),
    "decimals beside large numbers": ({"a": ["1,257", "1257"]}, [1.257, 1257]),
    "a point by default": ({"a": ["1.257", "2.000"]}, [1.257, 2]),
    "a leading zero is no group": ({"a": ["0,257", "1,000"]}, [0.257, 1]),
    "small ones with a minus": ({"a": ["-.5", "−2"]}, [-0.5, -2]),
}


@pytest.mark.parametrize("case", DECIMALS)
def test_the_decimal_mark_is_found(case):
    raw, expected = DECIMALS[case]
    assert values(raw)["a"] == expected


def test_a_guess_is_reported_and_can_be_set():
    guess = read({"a": ["1.257", "2.000"]})
    assert guess.notes(["a"]) == ["a guessed decimal mark, --decimal sets it: a ('1.257' as 1.257)"]
    assert values({"a": ["1.257", "2.000"]}, TextRules(decimal=","))["a"] == [1257, 2000]
    assert read({"a": ["1.257", "2.000"]}, TextRules(decimal=",")).notes(["a"]) == [
        "read as numbers: a ('1.257' as 1257)"
    ]
    assert read({"a": ["1.5", "2.000"]}).notes(["a"]) == []
    with pytest.raises(InputError, match=r"'a' holds numbers except '1.5' in row 0 .*: add --decimal \."):
        from_table({"a": ["1.5", "2.5", "3.5"], "b": [1, 2, 3], "y": [1, 2, 4]}, "y", decimal=",")


UNCLEAR = {
    "a comma for two": (
        {"c": [f"{k},257" for k in range(1, N + 1)]},
        r"such as '1,257', .*--decimal , or --decimal \.",
    ),
    "marks that disagree": (
        {"c": [f"{k}.257" for k in range(1, N + 1)], "d": ["1,5", "2,5"] * 30, "e": ["1.5", "2.5"] * 30},
        "'c' holds numbers such as '1.257'",
    ),
    "a stray text": ({"c": [*map(str, range(N - 1)), "many"]}, "'c' holds numbers except 'many' in row 59"),
    "a stray text among few": ({"c": [*(["1", "2", "3", "4", "5"] * 12)[:-1], "x"]}, "except 'x' in row 59"),
    "both marks": ({"c": [f"{k}{',.'[k % 2]}5" for k in range(N)]}, "'c' holds numbers except '0,5' in row 0"),
    "several signs": ({"c": [f"{'$€'[k % 2]}{k}" for k in range(N)]}, "'c' holds numbers with different signs"),
    "dates": ({"c": [f"2024-01-{1 + k % 28:02}" for k in range(N)]}, "'c' holds dates or times"),
}


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table, "file"])
@pytest.mark.parametrize("case", UNCLEAR)
def test_an_unclear_column_is_refused_with_its_cell_at_every_door(case, make, tmp_path):
    columns, message = UNCLEAR[case]
    table = {**columns, "size": list(range(N)), "y": LABELS}
    pd.DataFrame(table).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "a.csv", target="y") if make == "file" else from_table(make(table), "y")


def test_the_remedies_for_a_stray_text_work():
    table = {"c": [*map(str, range(N - 2)), "many", "NA"], "size": list(range(N)), "y": LABELS}
    with pytest.raises(
        InputError, match="--missing 'NA,many', in Python missing='NA,many'.*--categories 'c', in.*pandas category"
    ):
        from_table(table, "y")
    frame = pd.DataFrame(table).astype({"c": "category"})
    with pytest.warns(ZerokaraWarning, match="'NA' read as missing"):
        assert from_table(pd.concat([frame] * 2), "y").train.table.columns["c"].kind == "category"
    with pytest.warns(ZerokaraWarning, match=r"'(NA|many)' read as missing \(1\)|texts read as numbers"):
        data = from_table(table, "y", missing="NA,many")
    assert np.isnan(data.train.table.columns["c"].values).sum() == 2
    with pytest.warns(ZerokaraWarning, match="'NA' read as missing"):
        data = from_table(table, "y", categories="c")
    assert data.train.table.columns["c"].kind == "category"


def test_texts_that_are_numbers_are_numbers_in_a_frame_and_reported():
    table = {"a": [f"{k / 7:.6f}" for k in range(N)], "b": list(range(N)), "y": LABELS}
    with pytest.warns(ZerokaraWarning, match=r"^texts read as numbers, --categories keeps them: a \('0.000000'\)$"):
        data = from_table(pd.DataFrame(table), "y")
    assert data.encoder.inputs == ("a", "b")


def test_a_mixed_column_of_objects_is_read_as_its_texts():
    frame = pd.DataFrame({"a": [1, "2", 3.5, None] * 15, "y": LABELS})
    with pytest.warns(ZerokaraWarning, match="texts read as numbers"):
        data = from_table(frame, "y")
    assert data.train.table.columns["a"].values[:3].tolist() == [1, 2, 3.5]


def test_words_for_missing_are_reported_and_can_be_set():
    table = {"style": ["None", "Brick", "NA", "Stone"] * 15, "size": list(range(N)), "y": LABELS}
    with pytest.warns(ZerokaraWarning, match=r"'(None|NA)' read as missing \(15\), --missing sets such texts: style"):
        data = from_table(table, "y")
    assert data.train.table.columns["style"].levels == ("Brick", "Stone")
    data = from_table(table, "y", missing="none")
    assert data.train.table.columns["style"].levels == ("Brick", "NA", "None", "Stone")
    with pytest.warns(ZerokaraWarning, match="'NA' read as missing"):
        data = from_table(table, "y", missing=["NA"])
    assert data.train.table.columns["style"].levels == ("Brick", "None", "Stone")
    assert data.encoder.missing == ("NA",)


def test_a_class_that_reads_as_missing_is_warned_of_and_can_be_kept():
    table = {"size": list(range(N)), "y": ["None", "mild", "severe"] * 20}
    with pytest.warns(
        ZerokaraWarning, match="20 rows without .* left out, read as missing: 'None' in 20; --missing none"
    ):
        data = from_table(table, "y")
    assert data.classes == ("mild", "severe")
    assert from_table(table, "y", missing="none").classes == ("None", "mild", "severe")


LABEL_FORMS = {
    "leading zeros": (["007", "010", "120"], ("007", "010", "120")),
    "decimals": (["1.0", "2.0", "10.0"], ("1.0", "2.0", "10.0")),
    "whole numbers": (["2", "10", "1"], ("1", "2", "10")),
    "true and false": (["true", "false", "true"], ("false", "true")),
    "two forms of a number": (["1", "1.0", "2"], ("1", "2")),
}


@pytest.mark.parametrize("case", LABEL_FORMS)
@pytest.mark.filterwarnings("ignore::zerokara.errors.ZerokaraWarning")
def test_labels_keep_their_form(case, tmp_path):
    labels, classes = LABEL_FORMS[case]
    table = {"size": [float(k) for k in range(N)], "y": labels * 20}
    data = from_table(table, "y")
    assert data.classes == classes
    model = Model.load(Model.of(mlp(1, (), len(classes)), data).save(tmp_path / "m.safetensors"))
    assert set(map(str, model.predict({"size": [float(k) for k in range(N)]}))) <= set(classes)


@NEW_VALUES
def test_the_rows_of_a_prediction_are_read_as_those_of_training():
    """A single row shows no decimal mark, and another file has other missing cells."""
    with pytest.warns(ZerokaraWarning, match="read as numbers|read as missing"):
        data = load_text(
            "a;b;y\n" + "".join(f"{k + 1}.000;{k},5;{'uv'[k % 2]}\n" for k in range(30)) + "-;1,5;u\n", "-"
        )
    assert data.encoder.decimal == ","
    model = Model.of(mlp(data.n_inputs, (), 2), data)
    row = model.predict_proba({"a": ["2.000"], "b": ["1"]})
    assert np.array_equal(row, model.predict_proba({"a": [2000], "b": [1.0]}))
    gap = model.predict_proba({"a": ["-"], "b": [""]})
    assert np.array_equal(gap, model.predict_proba({"a": [None], "b": [np.nan]}))


def load_text(text, missing):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.csv").write_text(text)
        return load(Path(folder) / "a.csv", target="y", missing=missing)


def test_names_that_are_not_texts():
    columns = pd.MultiIndex.from_tuples([("size", "mean"), ("size", "max"), ("y", "")])
    frame = pd.DataFrame([[k, k % 3, k % 2] for k in range(N)], columns=columns)
    data = from_table(frame, ("y", ""), drop=[("size", "max")])
    assert (data.encoder.inputs, data.encoder.target) == (("size_mean",), "y")
    frame.columns = [0, 1, 2]
    data = from_table(frame, 2)
    assert (data.encoder.inputs, data.encoder.target) == (("0", "1"), "2")
    model = Model.of(mlp(2, (), 2), data)
    assert np.array_equal(model.predict(frame), model.predict(frame.rename(columns=str)))
    with pytest.raises(InputError, match="different names, got '1' twice"):
        from_table({1: [1, 2], "1": [1, 2], "y": [0, 1]}, "y")


def test_the_index_of_a_saved_frame_is_no_input():
    frame = pd.DataFrame({"a": range(N), "y": LABELS}, index=pd.Index([7 * k % N for k in range(N)], name="key"))
    with pytest.warns(ZerokaraWarning, match="columns left out: 'key' .it is the saved index of a DataFrame"):
        assert from_table(pa.Table.from_pandas(frame), "y").encoder.inputs == ("a",)
    with pytest.warns(ZerokaraWarning, match="the index 'key' of the DataFrame is not used: .* reset_index"):
        assert from_table(frame, "y").encoder.inputs == ("a",)
    assert from_table(pa.Table.from_pandas(frame), "key", drop="y").encoder.inputs == ("a",), "it may be the target"


INDEXES = {
    "rows": (pd.RangeIndex(40), None),
    "shuffled": (pd.Index(range(40, 0, -1)), None),
    "named": (pd.Index(range(40), name="id"), "the index 'id' of the DataFrame is not used"),
    "texts": (pd.Index([f"r{i}" for i in range(40)]), "the index of the DataFrame is not used"),
    "days": (pd.date_range("2020-01-01", periods=40), "the index of the DataFrame is not used"),
    "levels": (
        pd.MultiIndex.from_product([range(20), ["a", "b"]], names=["city", None]),
        "the index 'city' of the DataFrame",
    ),
}


@pytest.mark.parametrize("case", INDEXES)
def test_an_index_with_more_than_row_numbers_is_reported(case):
    index, message = INDEXES[case]
    frame = pd.DataFrame({"a": range(40), "y": ["n", "p"] * 20}).set_index(index)
    expected = pytest.warns(ZerokaraWarning, match=message) if message else nullcontext()
    with expected:
        assert from_table(frame, "y").sample_shape == (1,)


def test_a_target_far_from_zero_keeps_its_digits(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    for text in (False, True):
        seconds = 1.7e9 + 30 * x
        table = {"x": x, "y": [f"{v:.3f}" for v in seconds] if text else seconds}
        data = from_table(table, "y", "regression") if text else from_table(table, "y")
        assert abs(np.corrcoef(data.train.t[:, 0], x)[0, 1] - 1) < 1e-6
        back = data.preprocess.restore_target(data.train.t)
        assert np.abs(back[:, 0] - seconds).max() < 1e-3
        model = Model.load(Model.of(mlp(1, (), 1), data).save(tmp_path / "m.safetensors"))
        assert model.predict({"x": [0.0, 0.5]}).std() < 1e3


def test_rules_that_cannot_be_are_refused():
    for settings, message in (
        ({"decimal": ";"}, r"decimal mark must be '\.' or ',', got ';'"),
        ({"missing": [1]}, r"missing must be texts, got \[1\]"),
    ):
        with pytest.raises(InputError, match=message):
            from_table({"a": [1, 2], "y": [1, 2]}, "y", **settings)
    assert TextRules.of(None, None, ()).missing == MISSING
