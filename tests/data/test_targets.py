import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerokara.data.targets import Targets
from zerokara.errors import InputError

# t, task asked for, class names given; task, classes and encoded t expected
CASES = [
    ([3, 1, 3, 7], None, None, "classification", ("1", "3", "7"), [1, 0, 1, 2]),
    (np.array([2, 0], np.uint8), None, ("a", "b", "c"), "classification", ("a", "b", "c"), [2, 0]),
    (["dog", "cat", "dog"], None, None, "classification", ("cat", "dog"), [1, 0, 1]),
    (["dog", "cat"], None, ("dog", "cat", "cow"), "classification", ("dog", "cat", "cow"), [0, 1]),
    (np.array(["ä", "b"], object), None, None, "classification", ("b", "ä"), [1, 0]),
    (np.array(["ä".encode(), b"b"]), None, None, "classification", ("b", "ä"), [1, 0]),
    (np.array(["b", "a"], np.dtypes.StringDType()), None, None, "classification", ("a", "b"), [1, 0]),
    (np.array([4, 2], object), None, None, "classification", ("2", "4"), [1, 0]),
    ([True, False], None, None, "classification", ("False", "True"), [1, 0]),
    ([True, True], None, ("no", "yes"), "classification", ("no", "yes"), [1, 1]),
    ([1.0, 0.0], "classification", None, "classification", ("0", "1"), [1, 0]),
    ([-1, 1], None, None, "classification", ("-1", "1"), [0, 1]),
    ([[0, 1], [1, 0]], None, None, "classification", ("0", "1"), [1, 0]),
    ([[0.0, 1.0, 0.0]], None, ("a", "b", "c"), "classification", ("a", "b", "c"), [1]),
    ([[0, 1], [1, 1]], None, None, "multilabel", ("t0", "t1"), [[0, 1], [1, 1]]),
    ([[0, 1], [0, 0]], None, ("u", "v"), "multilabel", ("u", "v"), [[0, 1], [0, 0]]),
    ([[0, 1], [1, 0]], "multilabel", None, "multilabel", ("t0", "t1"), [[0, 1], [1, 0]]),
    ([[1], [1]], None, None, "multilabel", ("t",), [[1], [1]]),
    ([1, 0], "multilabel", None, "multilabel", ("t",), [[1], [0]]),
    ([0.5, 2.0], None, None, "regression", ("t",), [[0.5], [2]]),
    ([1.0, 2.0], None, None, "regression", ("t",), [[1], [2]]),
    ([3, 4], "regression", ("price",), "regression", ("price",), [[3], [4]]),
    ([[0.5, 1.0]], None, None, "regression", ("t0", "t1"), [[0.5, 1]]),
    ([[0, 1], [1, 0]], "regression", None, "regression", ("t0", "t1"), [[0, 1], [1, 0]]),
]


@pytest.mark.parametrize(("t", "task", "names", "inferred", "classes", "encoded"), CASES)
def test_what_targets_mean(t, task, names, inferred, classes, encoded):
    targets = Targets.learn(t, task, names)
    out = targets.encode(t)
    assert (targets.task, targets.classes, out.tolist()) == (inferred, classes, encoded)
    assert out.dtype == (np.int64 if inferred == "classification" else np.float32)


REFUSED = [
    ([1, 2], "clasification", None, "unknown task 'clasification': did you mean 'classification'"),
    ([5, 5], None, None, r"at least 2 classes, got 1 in t, \('5',\)"),
    ([[2, 0], [0, 3]], None, None, "must be 0/1 or floats"),
    ([["a", "b"]], None, None, "must be 0/1 or floats"),
    ([["a", "b"]], "classification", None, "one-hot for classification, got another row 0"),
    ([[0, 1], [1, 1]], "classification", None, "one-hot for classification, got another row 1"),
    ([[0, 1], [0.5, 1]], "multilabel", None, "0 or 1, got another value in row 1 of t"),
    ([0.5, 1.0], "classification", None, "whole numbers or text, got 0.5 in row 0"),
    ([1e30, 1.0], "classification", None, "whole numbers or text, got 1e"),
    ([1.0, np.nan], None, None, "t must be finite, got nan in row 1"),
    ([[0.0, np.inf]], None, None, "t must be finite, got inf in row 0, column 1"),
    ([1.0, 1e39], None, None, "t must fit into float32"),
    (["cat", float("nan")], None, None, r"all text or all numbers, got 'cat' and nan \(row 1\)"),
    (np.array(["cat", None], object), None, None, r"all text or all numbers, got 'cat' and None \(row 1\)"),
    (np.array([1, None], object), None, None, "text labels or numbers, got dtype object"),
    (np.array(["2020-01-01"], "datetime64[D]"), None, None, "text labels or numbers"),
    (np.array([b"\xff"]), None, None, "must be UTF-8 text, got other bytes"),
    ([], None, None, r"shape \(N,\) or \(N, C\)"),
    (3, None, None, r"shape \(N,\) or \(N, C\)"),
    (np.zeros((2, 2, 2)), None, None, r"shape \(N,\) or \(N, C\)"),
    (["cow"], None, ("cat", "dog"), r"must be classes, cat, dog, got 'cow' in row 0"),
    ([0, 1, 2], None, ("a", "b"), r"must be classes, 0, 1, got 2 in row 2"),
    ([0, -1], None, ("a", "b"), r"got -1 in row 1"),
    ([0, 1], None, ("a", "a"), "different names, got 'a' twice"),
    ([[0, 1], [1, 0]], None, ("a", "b", "c"), "a column for each of 3 classes, got 2"),
    ([[0.5, 1.0]], None, ("a",), "classes must have a name for each of 2 columns of t, got 1"),
    (["a", "b"], "regression", None, "numbers only"),
]


@pytest.mark.parametrize(("t", "task", "names", "message"), REFUSED)
def test_refuses_targets_that_mean_nothing(t, task, names, message):
    with pytest.raises(InputError, match=message):
        Targets.learn(t, task, names).encode(t)


def test_labels_that_training_never_saw_are_refused_with_their_row():
    targets = Targets.learn([1, 3])
    with pytest.raises(InputError, match=r"labels in t_test must be classes, 1, 3, got 2 in row 1"):
        targets.encode([1, 2], "t_test")
    with pytest.raises(InputError, match=r"got '1' in row 0"):
        targets.encode(["1"], "t_test")


def test_one_hot_and_numbered_labels_mix_between_parts():
    assert Targets.learn([[0, 1], [1, 0]]).encode([1, 0, 1]).tolist() == [1, 0, 1]
    assert Targets.learn([0, 1]).encode([[0, 1], [1, 0]]).tolist() == [1, 0]


def test_regression_test_targets_need_as_many_columns():
    with pytest.raises(InputError, match="t_test must have 2 columns, got 1"):
        Targets.learn([[0.5, 1.5]]).encode([0.5], "t_test")


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
        | st.integers(-(2**63), 2**63 - 1),
        min_size=2,
    ).filter(lambda v: len({type(a) for a in v}) == 1)
)
def test_decoding_gives_the_labels_back(labels):
    t = np.array(labels) if isinstance(labels[0], int) else np.array(labels, object)
    if len(set(labels)) < 2:
        with pytest.raises(InputError, match="at least 2 classes"):
            Targets.learn(t)
        return
    targets = Targets.learn(t)
    assert [targets.labels[k] for k in targets.encode(t)] == labels
    assert targets.classes == tuple(str(label) for label in sorted(set(labels)))
