import json
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zerokara.data import from_arrays, load
from zerokara.data.split import split_order
from zerokara.errors import InputError, ZerokaraWarning


def numbered(n, classes=2, test=0):
    """A dataset whose sample i is the number i."""
    x, t = np.arange(n)[:, None], np.arange(n) % classes
    official = {"x_test": 1000 + x[:test], "t_test": t[:test]} if test else {}
    return from_arrays(x, t, weights=np.arange(1, n + 1), classes=[str(k) for k in range(classes)], **official)


def ids(part):
    return part.x[:, 0].astype(int).tolist()


def warnings_off(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


SIZES = st.floats(0.02, 0.45) | st.integers(1, 10)


@given(n=st.integers(100, 200), validation=SIZES, test=SIZES, seed=st.integers(0, 2**32), stratify=st.booleans())
def test_parts_are_disjoint_and_cover_everything(n, validation, test, seed, stratify):
    data = numbered(n)
    cut_data = warnings_off(lambda: data.split(validation, test, seed, stratify))  # Few samples may lack a class.
    parts = (cut_data.train, cut_data.validation, cut_data.test)
    assert sorted(i for part in parts for i in ids(part)) == list(range(n))
    for part in parts:
        assert np.array_equal(part.t, np.array(ids(part)) % 2)
        # weights come along, their mean 1 in every part
        assert np.allclose(part.weights, (part.x[:, 0] + 1) / (part.x[:, 0] + 1).mean(), rtol=1e-5)
    n_test = int(n * test) if isinstance(test, float) else test
    left = n - n_test
    assert len(cut_data.test) == n_test
    assert len(cut_data.validation) == (int(left * validation) if isinstance(validation, float) else validation)


@given(seed=st.integers(0, 2**32))
def test_the_seed_alone_decides_the_shuffle(seed):
    data = numbered(50)
    again = [data.split(seed=s).fingerprint() for s in (seed, seed, seed + 1)]
    assert again[0] == again[1] != again[2]


def test_the_global_random_state_plays_no_part():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    data = numbered(50).split()
    assert np.array_equal(np.random.get_state()[1], before)
    np.random.seed(1)
    assert numbered(50).split().fingerprint() == data.fingerprint()


def test_the_validation_part_is_the_beginning_of_the_shuffle_as_in_the_course():
    data = numbered(500, test=3).split(validation=0.2, seed=7, stratify=False)
    other = numbered(500, test=3).split(validation=150, seed=7, stratify=False)
    assert len(data.validation) == 100
    assert ids(other.validation)[:100] == ids(data.validation)


def test_an_official_test_part_is_kept():
    data = numbered(10, test=4).split()
    assert ids(data.test) == [1000, 1001, 1002, 1003]
    assert numbered(10).split().test is None
    assert numbered(10).split(validation=None, test=3).validation is None


@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(lambda c: sum(c) > 1),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_a_stratified_cut_is_exact_in_total_and_within_one_of_every_share(counts, share, seed):
    t = np.repeat(np.arange(len(counts)), counts)
    n, classes = len(t), np.count_nonzero(counts)
    assume(n > classes)
    count = min(max(1, int(n * share)), n - classes)
    order = np.random.default_rng(seed).permutation(n)
    taken, rest = split_order(order, count, t)
    assert len(taken) == count
    assert sorted([*taken, *rest]) == list(range(n))
    got, wanted = np.bincount(t[taken], minlength=len(counts)), np.array(counts) * count / n
    assert (got < np.maximum(counts, 1)).all()  # A sample of every class stays.
    if (np.ceil(wanted) < np.maximum(counts, 1)).all():
        assert (np.abs(got - wanted) < 1).all()
    # both keep the shuffled order
    position = np.argsort(order)
    assert (np.diff(position[taken]) > 0).all()
    assert (np.diff(position[rest]) > 0).all()


def test_what_rounding_leaves_over_goes_to_the_largest_remainders():
    t = np.repeat([0, 1, 2], [5, 3, 2])  # shares of 4 of 10: 2.0, 1.2, 0.8
    taken, _ = split_order(np.arange(10), 4, t)
    assert np.bincount(t[taken]).tolist() == [2, 1, 1]


def test_digits_are_stratified_in_every_part():
    data = load("digits").split(0.2, 0.2, stratify=True)
    proportions = np.bincount(load("digits").train.t) / 1797
    for part in (data.train, data.validation, data.test):
        assert np.abs(np.bincount(part.t) / len(part) - proportions).max() < 1 / len(part) + 1e-3


def test_the_record_of_the_split_is_json():
    data = numbered(50).first(np.int64(40)).split(np.float64(0.25), np.int32(4), seed=np.int64(3), stratify=True)
    settings = {"train_size": 40, "validation": 0.25, "test": 4, "seed": 3, "stratify": True}
    assert json.loads(json.dumps(data.split_settings)) == settings


REFUSED = [
    (lambda: numbered(4).split(0.2), r"validation must have at least 1 sample, got 0.2 of 4"),
    (lambda: numbered(4).split(1.5), r"between 0 and 1 or a count, got 1.5"),
    (lambda: numbered(4).split(1.0), r"between 0 and 1 or a count, got 1.0"),
    (lambda: numbered(4).split(0.0), r"between 0 and 1 or a count, got 0.0"),
    (lambda: numbered(4).split(-0.1), r"between 0 and 1"),
    (lambda: numbered(4).split(float("nan")), r"between 0 and 1 or a count, got nan"),
    (lambda: numbered(4).split(0), r"at least 1 sample, got 0: try 0.2"),
    (lambda: numbered(4).split(-3), r"at least 1 sample, got -3"),
    (lambda: numbered(4).split(4), r"must leave samples for training, got 4 of 4"),
    (lambda: numbered(4).split(2, 2), r"validation must leave samples for training, got 2 of 2"),
    (lambda: numbered(4).split(1, 4), r"test must leave samples for training, got 4 of 4"),
    (lambda: numbered(3).split(), r"validation .* got 0.2 of 3: pass validation=0.5 or --validation 0.5"),
    (lambda: numbered(90).split(test=0.001), r"test .* got 0.001 of 90: pass test=0.2 or --test 0.2"),
    (lambda: numbered(1).split(), r"got 0.2 of 1: add samples"),
    (lambda: numbered(4).folds(5), r"folds .* from 2 to the 4 samples, got 5: try 4"),
    (lambda: numbered(9).folds(1), r"folds .* from 2 to the 9 samples, got 1: try 5"),
    (lambda: numbered(1).folds(2), r"got 2: add samples"),
    (lambda: numbered(4).split("0.5"), r"fraction or a count, got '0.5'"),
    (lambda: numbered(4).split(True), r"fraction or a count, got True"),
    (lambda: numbered(8, test=2).split(test=0.2), r"has an official test part \(2 samples\), got test=0.2"),
    (
        lambda: from_arrays(np.eye(4), [1.0, 2, 3, 4]).split(1, stratify=True),
        r"needs classes, got the task regr",
    ),
    (lambda: numbered(9).split(4).split(), r"split needs an unsplit dataset"),
    (lambda: numbered(9).split(validation=None).split(), r"split needs an unsplit dataset"),
    (lambda: numbered(9).split(4).first(3), r"first needs an unsplit dataset"),
    (lambda: numbered(9).scaled("range").split(), r"split needs an unscaled dataset"),
    (lambda: numbered(9).scaled("range").first(3), r"first needs an unscaled dataset"),
    (lambda: numbered(9).scaled("range").scaled("center"), r"can be scaled once, got .* scaled by range"),
    (lambda: numbered(9).first(0), r"train size must be 1 to 9, .* got 0"),
    (lambda: numbered(9).first(10), r"train size must be 1 to 9, .* got 10"),
    (lambda: numbered(9).first(True), r"train size must be"),
    (lambda: numbered(9).first(2.5), r"train size must be"),
]


@pytest.mark.parametrize(("action", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_refuses_cuts_that_cannot_be(action, message):
    with pytest.raises(InputError, match=message):
        action()


def labeled(*counts):
    """A dataset with so many samples of each class."""
    t = np.repeat(np.arange(len(counts)), counts)
    return from_arrays(np.arange(len(t))[:, None], t)


def test_stratify_refuses_to_take_every_sample_of_a_class():
    with pytest.raises(InputError, match=r"a training sample of each of 2 classes, got 9 of 10 samples for validation"):
        labeled(9, 1).split(9, stratify=True)


@pytest.mark.parametrize("seed", range(5))
def test_a_rare_class_is_in_every_part_by_default(seed):
    data = labeled(990, 10).split(test=0.2, seed=seed)
    assert [np.bincount(part.t)[1] for part in data.parts.values()] == [6, 2, 2]
    assert data.split_settings["stratify"] is True
    with pytest.warns(ZerokaraWarning, match="no validation samples of class '1'"):
        labeled(990, 10).split(20, seed=3, stratify=False)


@pytest.mark.parametrize("stratify", [None, True, False])
def test_a_class_that_a_part_lacks_is_warned_of_with_its_count(stratify):
    with pytest.warns(ZerokaraWarning) as caught:
        data = labeled(990, 1).split(2, seed=1, stratify=stratify)
    assert [str(warning.message) for warning in caught] == [
        "no validation samples of class '1' (1 in all): not measured by the validation score"
    ]
    assert np.bincount(data.train.t)[1] == 1


def test_a_test_class_without_training_samples_is_warned_of():
    x = np.arange(8)[:, None]
    data = from_arrays(x, [0, 1] * 4, x_test=x[:3], t_test=[0, 1, 2], classes=["a", "b", "c"])
    with pytest.warns(ZerokaraWarning) as caught:
        data.split(0.25)
    assert [str(warning.message).split(" '")[0] for warning in caught] == [
        "no training samples of class",
        "no validation samples of class",
    ]


def test_what_cannot_be_stratified_is_split_with_a_warning():
    with pytest.warns(ZerokaraWarning) as caught:
        data = labeled(1, 1, 1, 1, 1).split(0.2)
    assert "the split is not stratified: " in str(caught[0].message)
    assert "5 classes with one sample" in str(caught[0].message)
    assert data.split_settings["stratify"] is False
    again = warnings_off(lambda: labeled(1, 1, 1, 1, 1).split(0.2, stratify=False))
    assert again.fingerprint() == data.fingerprint()


def test_the_record_of_a_default_split_repeats_it():
    for counts in ([90, 10], [50, 3, 1]):
        data = warnings_off(lambda counts=counts: labeled(*counts).split(0.3, seed=4))
        again = warnings_off(lambda counts=counts, data=data: labeled(*counts).split(**data.split_settings))
        assert again.fingerprint() == data.fingerprint()


def test_folds_are_stratified_by_default():
    assert [np.bincount(fold.validation.t).tolist() for fold in labeled(95, 5).folds(5)] == [[19, 1]] * 5
    plain = labeled(80, 20).split(0.2, stratify=False)
    assert {np.bincount(fold.validation.t)[1] for fold in plain.folds(5)} != {4}
    assert not plain.stratified


def test_classes_that_folds_lack_are_warned_of():
    with pytest.warns(ZerokaraWarning) as caught:
        labeled(90, 3, 1).folds(5)
    assert [str(warning.message) for warning in caught] == [
        "some of the 5 folds have no samples of 2 of 3 classes, '1' (3 in all), '2' (1 in all)",
        "some folds have no training samples of class '2' (1 in all)",
    ]


def test_regression_is_not_stratified():
    data = from_arrays(np.eye(10), np.arange(10.0)).split()
    assert (data.stratified, data.split_settings["stratify"]) == (False, False)
    assert from_arrays(np.eye(10), np.arange(10.0)).folds(5)[0].stratified is False


def test_a_part_whose_weights_are_all_zero_is_refused():
    data = from_arrays(np.eye(4), [0, 1, 0, 1], weights=[0, 0, 0, 1])
    with pytest.raises(InputError, match="must not all be 0 in one part"):
        data.split(2)
