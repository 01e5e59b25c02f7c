"""Greedy selection: against a plain loop, and the laws that it keeps."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zerokara as zk
from tests.cases import law
from zerokara.data import Part
from zerokara.errors import InputError
from zerokara.model import Ensemble, Model, criterion, predict_each, select
from zerokara.nn import mlp
from zerokara.rng import stream
from zerokara.train import evaluate

TASKS = ("classification", "multilabel", "regression")
RANKS = ("loss", "accuracy")


def problem(seed: int, task: str, population: int = 12, samples: int = 40, outputs: int = 3):
    """Return predictions (P, N, C) that differ in how good they are, targets and sample weights."""
    rng = stream(seed, "test")
    t = rng.normal(size=(samples, outputs))
    noise = rng.normal(size=(population, samples, outputs)) * rng.uniform(1.5, 2, (population, 1, 1))
    weights = rng.random(samples) + 0.1
    if task == "regression":
        return t + noise, t, weights
    scores = 2 * t + noise
    if task == "multilabel":
        return 1 / (1 + np.exp(-scores)), (t > 0).astype(float), weights
    p = np.exp(scores)
    return p / p.sum(axis=-1, keepdims=True), t.argmax(axis=1), weights


def plain(predictions, t, k, loss) -> list[int]:
    """Return the counts of greedy selection, one network tried after the other."""
    best, best_loss, picks = [], np.inf, []
    for _ in range(k):
        tried = [(loss(predictions[[*picks, j]].mean(axis=0)[None], t)[0], j) for j in range(len(predictions))]
        cost, pick = min(tried)
        picks.append(pick)
        if cost < best_loss - 1e-12:
            best, best_loss = list(picks), cost
    return np.bincount(best, minlength=len(predictions)).tolist()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_picks_as_a_plain_loop_does(task, weighted, seed) -> None:
    predictions, t, weights = problem(seed, task)
    loss = criterion(task, weights=weights if weighted else None)
    counts = select(predictions, t, 15, loss)
    assert counts.tolist() == plain(predictions, t, 15, loss)
    assert np.count_nonzero(counts) > 1


SETTINGS = {
    "seed": st.integers(0, 10**6),
    "task": st.sampled_from(TASKS),
    "rank": st.sampled_from(RANKS),
    "k": st.integers(1, 20),
    "population": st.integers(1, 20),
}


@law(150)
@given(**SETTINGS)
def test_is_never_worse_than_the_best_network_alone(seed, task, rank, k, population) -> None:
    predictions, t, weights = problem(seed, task, population)
    loss = criterion(task, rank, weights)
    counts = select(predictions, t, k, loss)
    assert 1 <= counts.sum() <= k
    whole = loss(np.average(predictions, axis=0, weights=counts)[None], t)[0]
    assert whole <= loss(predictions, t).min() * (1 + 1e-9)


@law(100)
@given(**SETTINGS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_networks_does_not_matter(seed, task, rank, k, population, order) -> None:
    """But for ties, which losses of this kind do not have."""
    predictions, t, _ = problem(seed, task, population)
    loss = criterion(task)
    turned = list(range(population))
    order.shuffle(turned)
    counts = select(predictions, t, k, loss)
    assert np.array_equal(select(predictions[turned], t, k, loss), counts[turned])


@pytest.mark.parametrize(("task", "rank"), [*itertools.product(TASKS, RANKS)])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_network_is_judged_to_the_bit_as_if_it_were_alone(task, rank, outputs) -> None:
    predictions, t, weights = problem(0, task, 9, 1000, outputs)
    for given_weights in (None, weights):
        loss = criterion(task, rank, given_weights)
        whole = loss(predictions, t)
        assert whole.shape == (9,)
        assert np.array_equal(whole, np.concatenate([loss(predictions[[k]], t) for k in range(9)]))


@pytest.mark.parametrize(("task", "rank"), [*itertools.product(TASKS, RANKS)])
@pytest.mark.parametrize("weighted", [False, True])
def test_judges_as_a_search_does(task, rank, weighted) -> None:
    _, t, weights = problem(1, task)
    x, w = stream(2, "test").normal(size=(40, 5)), weights / weights.mean() if weighted else None
    networks = mlp(5, (8,), 3, population=4, init_scale=[0.5, 0.7, 1, 1.5], dtype="float64")
    loss, score = evaluate(networks, Part(x, t, w), task)
    found = criterion(task, rank, w)(predict_each(networks, x, task), t)
    assert np.allclose(found, loss if rank == "loss" else 1 - score, rtol=1e-9)


def test_a_constant_target_has_an_r2_of_0() -> None:
    predictions = stream(0, "test").normal(size=(2, 10, 2))
    t = np.stack([np.full(10, 3.0), predictions[0, :, 1]], axis=1)
    assert criterion("regression", "accuracy")(predictions, t)[0] == 0.5


def test_ties_go_to_the_lower_index_and_the_smaller_ensemble() -> None:
    predictions, t, _ = problem(0, "classification", 3)
    same = predictions[[1, 1, 1]]
    for rank in RANKS:
        assert select(same, t, 8, criterion("classification", rank)).tolist() == [1, 0, 0]
    many = predictions[np.r_[1, 1, [0] * 30, 2, 1, 1]]
    for best in range(3):
        counts = select(many, t, 1, lambda p, t, best=best: np.abs(p[:, 0, 0] - predictions[best, 0, 0]))
        assert np.flatnonzero(counts).tolist() == [{0: 2, 1: 0, 2: 32}[best]]


def test_a_probability_of_0_is_a_high_loss_and_no_infinity() -> None:
    sure = np.array([[[1.0, 0.0]], [[0.5, 0.5]]], np.float32)
    for task, t in (("classification", np.array([1])), ("multilabel", np.array([[0.0, 1.0]]))):
        costs = criterion(task)(sure, t)
        assert np.isfinite(costs).all()
        assert 16 < costs[0] < 100


def test_a_network_that_says_nan_is_never_picked() -> None:
    predictions, t, _ = problem(0, "classification", 4)
    predictions[0] = np.nan
    counts = select(predictions, t, 10, criterion("classification"))
    assert counts[0] == 0
    assert np.array_equal(counts[1:], select(predictions[1:], t, 10, criterion("classification")))
    with pytest.raises(InputError, match="must have a finite validation loss, got NaN"):
        select(predictions[[0, 0]], t, 10, criterion("classification"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k must be a whole number of picks, 1 or above, got 0"),
        ({"k": 2.0}, "k must be a whole number of picks"),
        ({"k": True}, "k must be a whole number of picks"),
        (
            {"predictions": np.ones((3, 4))},
            r"must have the shape \(P, N, C\), none of them 0, got \(3, 4\)",
        ),
        ({"predictions": np.ones((0, 4, 2))}, "none of them 0"),
        ({"t": np.zeros(7, int)}, "each of the 40 samples must have a target, got 7"),
    ],
)
def test_misuse_is_told(change, message) -> None:
    predictions, t, _ = problem(0, "classification")
    given_all = {"predictions": predictions, "t": t, "k": 3, "loss": criterion("classification")}
    with pytest.raises(InputError, match=message):
        select(**(given_all | change))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("clasification",), "did you mean 'classification'"), (("regression", "acuracy"), "did you mean 'accuracy'")],
)
def test_an_unknown_criterion_is_told(arguments, message) -> None:
    with pytest.raises(InputError, match=message):
        criterion(*arguments)


def test_the_selected_of_real_networks_are_the_model_that_was_judged(digits) -> None:
    networks = zk.nn.concat_networks([mlp(64, (16,), 10, seed=seed) for seed in range(12)])
    run = zk.Trainer(networks, zk.optim.Adam(lr=0.01), digits)
    run.fit(20)
    part = digits.validation
    said = predict_each(run.network, part.x, digits.task)
    loss = criterion(digits.task, weights=part.weights)
    counts = select(said, part.t, 20, loss)
    whole = Model.of(Ensemble.of(run.network, counts), digits)
    alone = [Model.of(run.network.take(k), digits).evaluate(digits, "validation")[0] for k in range(12)]
    assert np.allclose(loss(said, part.t), alone, rtol=1e-5)
    validation = whole.evaluate(digits, "validation")[0]
    assert validation == pytest.approx(loss(np.average(said, axis=0, weights=counts)[None], part.t)[0], rel=1e-5)
    assert validation < min(alone)
    assert np.count_nonzero(counts) > 1
