import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerokara.data import from_arrays, load
from zerokara.data.split import split_order
from zerokara.errors import InputError


def numbered(n, classes=2, test=0):
    """A dataset whose sample i is the number i."""
    x, t = np.arange(n)[:, None], np.arange(n) % classes
    official = {"x_test": 1000 + x[:test], "t_test": t[:test]} if test else {}
    return from_arrays(x, t, weights=np.arange(1, n + 1), classes=[str(k) for k in range(classes)], **official)


def ids(part):
    return part.x[:, 0].astype(int).tolist()


SIZES = st.floats(0.02, 0.45) | st.integers(1, 10)


@given(n=st.integers(100, 200), validation=SIZES, test=SIZES, seed=st.integers(0, 2**32), stratify=st.booleans())
def test_parts_are_disjoint_and_cover_everything(n, validation, test, seed, stratify):
    data = numbered(n)
    cut_data = data.split(validation, test, seed, stratify)
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
    data = numbered(500, test=3).split(validation=0.2, seed=7)
    other = numbered(500, test=3).split(validation=150, seed=7)
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
    n = len(t)
    count = min(max(1, int(n * share)), n - 1)
    order = np.random.default_rng(seed).permutation(n)
    taken, rest = split_order(order, count, t)
    assert len(taken) == count
    assert sorted([*taken, *rest]) == list(range(n))
    got = np.bincount(t[taken], minlength=len(counts))
    assert (np.abs(got - np.array(counts) * count / n) < 1).all()
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
    (lambda: numbered(4).split(0), r"at least 1 sample, got 0: leave it out"),
    (lambda: numbered(4).split(-3), r"at least 1 sample, got -3"),
    (lambda: numbered(4).split(4), r"must leave samples for training, got 4 of 4"),
    (lambda: numbered(4).split(2, 2), r"validation must leave samples for training, got 2 of 2"),
    (lambda: numbered(4).split(1, 4), r"test must leave samples for training, got 4 of 4"),
    (lambda: numbered(4).split("0.5"), r"fraction or a count, got '0.5'"),
    (lambda: numbered(4).split(True), r"fraction or a count, got True"),
    (lambda: numbered(8, test=2).split(test=0.2), r"has an official test part \(2 samples\), got test=0.2"),
    (
        lambda: from_arrays(np.eye(4), [1.0, 2, 3, 4]).split(1, stratify=True),
        r"needs classes, got the task regr",
    ),
    (lambda: numbered(9).split().split(), r"split needs an unsplit dataset"),
    (lambda: numbered(9).split(validation=None).split(), r"split needs an unsplit dataset"),
    (lambda: numbered(9).split().first(3), r"first needs an unsplit dataset"),
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


def test_stratify_refuses_to_take_every_sample_of_a_class():
    t = ["a"] * 9 + ["b"]
    with pytest.raises(InputError, match=r"no training sample of class 'b', which has 1 in all"):
        from_arrays(np.arange(10)[:, None], t).split(9, stratify=True)


def test_a_part_whose_weights_are_all_zero_is_refused():
    data = from_arrays(np.eye(4), [0, 1, 0, 1], weights=[0, 0, 0, 1])
    with pytest.raises(InputError, match="must not all be 0 in one part"):
        data.split(2)
