"""Encoding a column gives the same inputs in training and prediction, for any rows and any order of columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerokara.data import Encoder, from_table
from zerokara.data.columns.coding import FAR, Coding
from zerokara.data.columns.column import Column, category
from zerokara.data.loaders.tables import read_rows
from zerokara.errors import InputError

NUMBERS = st.none() | st.floats(-1e38, 1e38) | st.sampled_from([0.0, 1.0, -3.0])
CELLS = {
    "number": NUMBERS,
    "boolean": st.none() | st.booleans(),
    "category": st.none() | st.sampled_from(["a", "b", "c", "ü", "", "1", "is missing"]),
}


def column(name, kind, cells):
    if kind == "category":
        return category(name, cells)
    return Column(name, kind, np.array([np.nan if cell is None else float(cell) for cell in cells], float))


@st.composite
def tables(draw):
    """Draw columns of one length, of any kind, and rows to take."""
    n, kinds = draw(st.integers(1, 12)), draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
    cells = [draw(st.lists(CELLS[kind], min_size=n, max_size=n)) for kind in kinds]
    columns = {
        f"{kind} {k}": column(f"{kind} {k}", kind, c) for k, (kind, c) in enumerate(zip(kinds, cells, strict=True))
    }
    return columns, np.array(draw(st.lists(st.integers(0, n - 1), max_size=12)), int)


def fit(columns):
    return Encoder("t", tuple(Coding.fit(each) for each in columns.values()))


@given(tables())
def test_encoding_is_finite_bounded_and_has_a_name_for_each_input(drawn):
    columns, _ = drawn
    encoder = fit(columns)
    x = encoder.transform(columns)
    assert x.shape == (len(next(iter(columns.values()))), len(encoder.inputs))
    assert x.dtype == np.float32
    assert (np.abs(x) <= FAR).all()
    assert len(set(encoder.inputs)) == len(encoder.inputs)


@given(tables())
def test_rows_taken_in_any_order_are_encoded_as_among_all(drawn):
    """The levels may have other numbers, as in another file."""
    columns, rows = drawn
    encoder = fit(columns)
    some = {name: each.take(rows).pruned() for name, each in columns.items()}
    assert np.array_equal(encoder.transform(some), encoder.transform(columns)[rows])


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_columns_and_others_beside_them_change_nothing(drawn, random):
    columns, _ = drawn
    encoder, names = fit(columns), list(columns)
    random.shuffle(names)
    mixed = {"more": column("more", "number", [1] * len(columns[names[0]]))} | {name: columns[name] for name in names}
    assert np.array_equal(encoder.transform(mixed), encoder.transform(columns))
    notes = encoder.notes(mixed, left_out=["more"])
    assert encoder.notes(mixed) == [*notes, "not used: 'more'"]
    assert len(notes) <= sum(name.startswith("category") for name in columns), "of training rows, only what came once"


@given(tables(), tables())
def test_an_encoder_comes_back_from_what_a_file_stores(drawn, other):
    columns, _ = drawn
    encoder = fit(columns)
    again = Encoder.restore(encoder.describe(), encoder.statistics())
    assert again.inputs == encoder.inputs
    new = {name: other[0].get(name, columns[name]) for name in columns}
    if len({len(each) for each in new.values()}) == 1:
        assert np.array_equal(again.transform(new), encoder.transform(new))


@given(
    st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=30), st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=9)
)
def test_numbers_keep_their_order(train, new):
    coding = Coding.fit(column("a", "number", train))
    x = coding.transform(column("a", "number", np.sort(new)))[:, 0]
    assert (np.diff(x) >= 0).all()


def test_a_number_is_scaled_by_its_mean_and_standard_deviation():
    coding = Coding.fit(column("a", "number", [1, 2, 3, 6, None]))
    assert coding.statistics.tolist() == pytest.approx([3, np.sqrt(3.5), 0.2], rel=1e-15)
    x = coding.transform(column("a", "number", [3, 6, 1e30, -1e30, None]))
    assert x[:, 0].tolist() == pytest.approx([0, 3 / np.sqrt(3.5), FAR, -FAR, 0])
    assert x[:, 1].tolist() == [0, 0, 0, 0, 1]


SPREADS = {
    "equal numbers": ([0.1] * 3, 0.1, 1),
    "none": ([None], 0, 1),
    "one": ([None, 2], 2, 1),
    "squares beyond float64": ([-1e38, 1e38], 0, 1e38),
    "squares below float64": ([-1e-200, 1e-200], 0, 1e-200),
    "far from zero": ([1.7e9, 1.7e9 + 2], 1.7e9 + 1, 1),
}


@pytest.mark.parametrize("name", SPREADS)
def test_the_scaling_of_odd_numbers(name):
    cells, mean, deviation = SPREADS[name]
    coding = Coding.fit(column("a", "number", cells))
    assert coding.statistics[:2].tolist() == pytest.approx([mean, deviation], rel=1e-12, abs=0)
    assert np.isfinite(coding.transform(column("a", "number", cells))).all()


def test_the_numbers_of_older_models_are_clipped_toward_three():
    """Models of version 0.1 must predict as they did."""
    older = {"target": "t", "columns": [{"name": "a", "kind": "number"}]}
    encoder = Encoder.restore(older, {"0": np.array([50.0, 50, 1 / 102])})
    x = encoder.transform({"a": column("a", "number", [50, 100, 1e30, -1e30, None])})
    assert x[:, 0].tolist() == pytest.approx([0, 1 / np.sqrt(1 + 1 / 9), 3, -3, 0])
    assert encoder.describe()["columns"] == older["columns"]
    assert encoder.clipped
    assert not fit({"a": column("a", "number", [1, 2])}).clipped


def test_a_value_that_came_once_and_a_new_one_are_unknown():
    coding = Coding.fit(category("c", ["a", "a", "b", "b", "rare"]))
    assert coding.inputs == ("c = a", "c = b", "c is unknown")
    x = coding.transform(category("c", ["b", "rare", "new", None]))
    assert x.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]


def test_an_unknown_value_that_training_lacked_becomes_the_average():
    """The input for unknown values was never trained: using it would add the noise of its initial weights."""
    coding = Coding.fit(category("c", ["a", "a", "a", "b", "b", "b", "b", "b"]))
    assert coding.transform(category("c", ["a", "new", None])).tolist() == [
        [1, 0, 0],
        [0.375, 0.625, 0],
        [0.375, 0.625, 0],
    ]


SAME_NUMBERS = {
    "leading zeros": (["007", "008"], ["7", "8.0", "07"], [0, 1, 0]),
    "floats": (["3.0", "4.0"], ["3", "4e0", "5"], [0, 1, 2]),
    "whole numbers": (["3", "4"], ["3.0", "004"], [0, 1]),
    "two of one number": (["7", "007"], ["007", "7", "07"], [0, 1, 2]),
    "digits beyond float64": (["10000000000000000", "10000000000000001"], ["010000000000000001", "1e16"], [1, 0]),
    "true and false": (["True", "False"], ["true", "FALSE"], [1, 0]),
    "other texts": (["a", "B"], ["A", "b", "a"], [2, 2, 1]),
}


@pytest.mark.parametrize("case", SAME_NUMBERS)
def test_a_text_counts_as_the_one_category_that_is_the_same_number(case):
    levels, cells, places = SAME_NUMBERS[case]
    coding = Coding.fit(category("c", [*levels * 2, "rare"]))
    new = category("c", cells)
    assert coding.transform(new).argmax(axis=1).tolist() == places
    assert coding.describe_new(new).startswith("c: ") == (2 in places)


def test_missing_cells_are_a_value_of_a_category():
    coding = Coding.fit(category("c", ["a", "a", None, None]))
    assert coding.inputs == ("c = a", "c is missing", "c is unknown")
    assert coding.transform(category("c", [None, "a"])).tolist() == [[0, 1, 0], [1, 0, 0]]


def test_a_boolean_and_its_share():
    coding = Coding.fit(column("b", "boolean", [True, True, True, False]))
    assert coding.transform(column("b", "boolean", [True, None, False])).tolist() == [[1], [0.75], [0]]


TRAINED = {"n": [1.5, 2, 3, 4], "b": [True, False, True, True], "c": ["1", "2", "1", "2"], "y": [0, 1, 1, 0]}
GOOD = {"n": [2.0], "b": [True], "c": ["1"]}
OTHER = {
    "whole numbers for texts": {"c": [1]},
    "floats for texts": {"c": [1.0]},
    "zero and one for booleans": {"b": [1]},
    "whole numbers for numbers": {"n": [2]},
}


@pytest.mark.parametrize("case", OTHER)
def test_another_type_that_says_the_same_is_taken(case):
    encoder = from_table(TRAINED, "y", categories="c").encoder
    found = encoder.transform(read_rows(GOOD | OTHER[case], encoder).columns)
    assert np.array_equal(found, encoder.transform(read_rows(GOOD, encoder).columns))


WRONG = {
    "text for numbers": (
        {"n": ["3", "many"], "b": [True] * 2, "c": ["1"] * 2},
        "'n' must hold numbers, .*'many' in row 1",
    ),
    "booleans for numbers": (GOOD | {"n": [True]}, "'n' must hold numbers, as in training, got true and false"),
    "dates for numbers": (
        GOOD | {"n": np.array(["2020-01-01"], "M8[D]")},
        "'n' must hold numbers, .*got dates or times",
    ),
    "dates for texts": (
        GOOD | {"c": np.array(["2020-01-01"], "M8[D]")},
        "'c' must hold texts or whole numbers, .*dates",
    ),
    "text for booleans": (GOOD | {"b": ["yes"]}, "'b' must hold true or false, .*got 'yes' in row 0"),
    "numbers for booleans": (GOOD | {"b": [2]}, "'b' must hold true or false, .*got numbers"),
    "infinity": (GOOD | {"n": [np.inf]}, "'n' must have finite numbers .*got inf in row 0"),
    "a missing column": (
        {"nn": [1], "b": [True], "c": ["1"]},
        "must have the columns 'n', .*did you mean 'nn'",
    ),
    "missing columns": (
        {"b": [True]},
        "must have the columns 'n', 'c', as in training, got no such: there are no others",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_another_type_or_a_missing_column_is_refused_by_name(case):
    frame, message = WRONG[case]
    encoder = from_table(TRAINED, "y", categories="c").encoder
    with pytest.raises(InputError, match=message):
        encoder.transform(read_rows(frame, encoder).columns)


def test_new_values_are_noted():
    encoder = from_table(TRAINED, "y", categories="c").encoder
    rows = {"n": [None, 1], "b": [None, None], "c": ["9", None], "z": [1, 2], "y": [0, 1]}
    assert encoder.notes(read_rows(rows, encoder).columns) == [
        "n: 1 missing, none in training, replaced by the training average",
        "b: 2 missing, none in training, replaced by the training average",
        "c: 2 treated as unknown, at most once in training: 9, missing",
        "not used: 'z'",
    ]
    assert encoder.notes(read_rows(GOOD, encoder).columns) == []


def sound():
    encoder = from_table(TRAINED, "y", categories="c").encoder
    return encoder.describe(), encoder.statistics()


def broken(**changes):
    """Return a description and statistics of three columns, with the first column changed."""
    description, statistics = sound()
    columns = [{**description["columns"][0], **changes}, *description["columns"][1:]]
    return {**description, "columns": columns}, statistics


UNSOUND = {
    "no table": (["a"], {}),
    "no columns": ({"target": "y", "columns": []}, {}),
    "no target": ({**sound()[0], "target": 3}, sound()[1]),
    "columns of another kind": ({"target": "y", "columns": ["n"]}, {"0": np.ones(3)}),
    "an array too few": (sound()[0], {"0": np.ones(3)}),
    "an unknown kind": broken(kind="date"),
    "a name that is no text": broken(name=3),
    "levels that are no texts": broken(levels=[1]),
    "levels that are no list": broken(levels="ab"),
    "two columns of one name": broken(name="b"),
    "a spread of zero": (sound()[0], sound()[1] | {"0": np.array([0.0, 0, 0])}),
    "NaN": (sound()[0], sound()[1] | {"0": np.array([np.nan, 1, 0])}),
    "a share above one": (sound()[0], sound()[1] | {"1": np.array([2.0, 0])}),
    "too many numbers": (sound()[0], sound()[1] | {"1": np.ones(5)}),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_an_unsound_description_is_refused(case):
    with pytest.raises(InputError):
        Encoder.restore(*UNSOUND[case])


@pytest.mark.parametrize("once", ["007", "7.0"])
def test_another_spelling_that_occurs_once_counts_as_the_value(once) -> None:
    """Else nothing would train the input for unknown values, whose share says that something did."""
    texts = ["7"] * 30 + ["8"] * 29 + [once]
    coding = Coding.fit(category("c", texts))
    assert coding.statistics[-1] == 0
    assert coding.transform(category("c", texts)).sum(axis=0).tolist() == [31, 29, 0]
