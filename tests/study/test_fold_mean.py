"""The model of a search on folds: the weighted mean of its best trials' networks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zerokara as zk
from zerokara.data import Part
from zerokara.study.averaging import PRIOR_SAMPLES, eligible, mean_weights, out_of_fold

SPACE = {"lr": zk.log(1e-3, 1e-1), "hidden": (8,), "numeric_encoding": zk.choice(["standard", "piecewise"])}


def table(task: str, rows: int = 120) -> tuple[dict[str, list[object]], str]:
    rng = np.random.default_rng(0)
    size, town = rng.normal(5, 2, rows), rng.choice(["A", "B", "C"], rows)
    value = np.sin(size) + (town == "B") + rng.normal(0, 0.1, rows)
    size[::17] = np.nan
    target = {"regression": value, "classification": np.where(value > 0.5, "high", "low")}[task]
    return {"size": size.tolist(), "town": town.tolist(), "y": target.tolist()}, "y"


@pytest.fixture(scope="module", params=["classification", "regression"])
def study(request: pytest.FixtureRequest) -> zk.Study:
    rows, target = table(request.param)
    return zk.tune(rows, SPACE, target=target, folds=3, trials=4, epochs=6, race="none", test=0.25)


def test_the_model_is_the_weighted_mean_of_the_fold_networks(study: zk.Study) -> None:
    mean, raw = study.fold_mean, study.plan.data.test.table.columns
    assert mean is not None
    assert sum(mean.weights.values()) == pytest.approx(1)
    expected = 0.0
    for trial, networks in study.candidates:
        for fold, network in enumerate(networks):
            alone = zk.Model.of(network, study.plan.parts[fold])
            rows = {name: _cells(column) for name, column in raw.items()}
            own = alone.predict(rows) if study.plan.task == "regression" else alone.predict_proba(rows)
            expected = expected + mean.weights.get(trial.number, 0) * own / study.plan.folds
    got = study.model.predict(rows) if study.plan.task == "regression" else study.model.predict_proba(rows)
    assert np.allclose(got, expected, atol=1e-5)
    assert study.test_score == pytest.approx(study.model.evaluate(study.test_data)[1])


def _cells(column: object) -> list[object]:
    values = column.values
    if column.kind != "category":
        return [None if np.isnan(value) else value for value in values.tolist()]
    return [None if np.isnan(value) else column.levels[int(value)] for value in values.tolist()]


def test_each_fold_has_its_own_encoder_learned_from_its_training_rows(study: zk.Study) -> None:
    encoders = [member.encoder for member in study.model.members]
    assert len(encoders) == 3
    for encoder, part in zip(encoders, study.plan.parts, strict=True):
        known = part.train.table.columns["size"].present
        assert encoder.codings[0].statistics[0] == pytest.approx(known.mean())
    assert len({encoder.codings[0].statistics[0] for encoder in encoders}) == 3


def test_the_score_is_that_of_samples_the_networks_were_not_trained_on(study: zk.Study) -> None:
    mean, rows = study.fold_mean, []
    for fold, data in enumerate(study.plan.parts):
        networks = [(trial, networks[fold]) for trial, networks in study.candidates if trial.number in mean.weights]
        own = zk.model.Ensemble.of(
            [network for _, network in networks], [round(1000 * mean.weights[t.number]) for t, _ in networks]
        )
        model = zk.Model.of(own, data)
        chosen, scores = model.outputs(data, "validation")
        if study.plan.task == "regression":
            rows.append((data.preprocess.restore_target(scores), data.preprocess.restore_target(chosen.t)))
        else:
            rows.append((scores.argmax(axis=1), chosen.t))
    y, t = (np.concatenate(each) for each in zip(*rows, strict=True))
    if study.plan.task == "regression":
        expected = 1 - ((y - t) ** 2).sum() / ((t - t.mean()) ** 2).sum()
    else:
        expected = (y == t).mean()
    assert mean.score == pytest.approx(expected, abs=1e-5)
    assert len(mean.part) == len(study.plan.data.train)


def test_the_model_file_gives_the_same_predictions(study: zk.Study, tmp_path) -> None:
    again = zk.Model.load(study.model.save(tmp_path / "model.safetensors"))
    assert again.evaluate(study.test_data) == study.model.evaluate(study.test_data)
    assert again.about["trials"] == {str(n): weight for n, weight in study.fold_mean.weights.items()}


def test_a_refit_replaces_the_mean() -> None:
    rows, target = table("regression")
    study = zk.tune(rows, SPACE, target=target, folds=3, trials=2, epochs=3, refit=2)
    assert study.fold_mean is None
    assert study.model.population == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from(["classification", "multilabel", "regression"]))
def test_the_weighted_mean_has_at_most_the_loss_of_the_plain_mean(seed: int, trials: int, task: str) -> None:
    p, part = _predictions(seed, trials, task)
    weights = mean_weights(p, part, task)
    assert (weights >= 0).all()
    assert 990 <= weights.sum() <= 1010
    assert _loss(_mean(p, weights), part.t, task) <= _loss(p.mean(axis=0), part.t, task) * 1.01 + 1e-9


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from(["classification", "multilabel", "regression"]))
def test_with_many_samples_it_has_at_most_the_loss_of_the_best_trial(seed: int, trials: int, task: str) -> None:
    p, part = _predictions(seed, trials, task)
    many = np.tile(np.arange(len(part.t)), 50)
    weights = mean_weights(p[:, many], Part(part.t[many], part.t[many]), task)
    losses = [_loss(each, part.t, task) for each in p]
    assert _loss(_mean(p, weights), part.t, task) <= min(losses) * 1.01 + 1e-9


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_with_few_samples_the_weights_are_nearer_to_equal_ones(task: str) -> None:
    p, part = _predictions(3, 3, task)
    spreads = [
        float(np.ptp(mean_weights(p[:, rows], Part(part.t[rows], part.t[rows]), task)))
        for rows in (np.arange(2), np.tile(np.arange(2), 30))
    ]
    assert spreads[0] < 0.75 * spreads[1]


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_the_weights_are_the_best_on_a_grid(task: str) -> None:
    p, part = _predictions(3, 3, task)
    weights = mean_weights(p, part, task) / 1000
    grid = [(a, b, 1 - a - b) for a, b in itertools.product(np.linspace(0, 1, 51), repeat=2) if a + b <= 1 + 1e-9]
    best = min(_objective(p, np.array(w), part.t, task) for w in grid)
    assert _objective(p, weights, part.t, task) <= best + 0.002 * abs(best)


@pytest.mark.parametrize("task", ["classification", "multilabel", "regression"])
def test_a_weight_of_two_counts_as_a_sample_twice_but_for_the_prior(task: str) -> None:
    p, part = _predictions(5, 3, task)
    twice = np.r_[np.arange(len(part.t)), np.arange(10)]
    sample = np.ones(len(part.t))
    sample[:10] = 2
    weighted = mean_weights(p, Part(part.t, part.t, sample), task)
    assert np.abs(weighted - mean_weights(p[:, twice], Part(part.t[twice], part.t[twice]), task)).max() <= 20
    thousandths = Part(part.t, part.t, sample / 1000)
    assert np.array_equal(mean_weights(p, thousandths, task), weighted), "only their ratios count"


def test_the_weights_do_not_depend_on_the_order_of_trials() -> None:
    p, part = _predictions(7, 4, "regression")
    order = np.array([2, 0, 3, 1])
    assert np.abs(mean_weights(p[order], part, "regression") - mean_weights(p, part, "regression")[order]).max() <= 1


def _predictions(seed: int, trials: int, task: str) -> tuple[np.ndarray, Part]:
    rng = np.random.default_rng(seed)
    n, c = 60, 3
    raw = rng.normal(size=(trials, n, c))
    if task == "regression":
        t = rng.normal(size=(n, c))
        return (t + raw * rng.uniform(0.2, 2, (trials, 1, 1))).astype(np.float32), Part(t, t)
    if task == "multilabel":
        t = (rng.random((n, c)) < 0.4).astype(np.float32)
        return (1 / (1 + np.exp(-(raw + 2 * t)))).astype(np.float32), Part(t, t)
    t = rng.integers(0, c, n)
    e = np.exp(raw + 1.5 * np.eye(c)[t])
    return (e / e.sum(axis=-1, keepdims=True)).astype(np.float32), Part(t, t)


def _mean(p: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (p * (weights / weights.sum())[:, None, None]).sum(axis=0)


def _objective(p: np.ndarray, w: np.ndarray, t: np.ndarray, task: str) -> float:
    """Return the loss of the mean, less the logarithm of the prior, for each sample."""
    with np.errstate(divide="ignore"):
        if task == "regression":
            least = min(_loss(each, t, task) for each in p)
            prior = PRIOR_SAMPLES * len(w) * least * ((w - 1 / len(w)) ** 2).sum()
        else:
            prior = -PRIOR_SAMPLES * np.log(np.maximum(w, 0)).sum()
        return _loss((p * w[:, None, None]).sum(axis=0), t, task) + float(prior) / len(t)


def _loss(p: np.ndarray, t: np.ndarray, task: str) -> float:
    if task == "regression":
        return float(((p - t) ** 2).mean())
    right = p[np.arange(len(t)), t] if task == "classification" else np.where(t > 0, p, 1 - p)
    return float(-np.log(right).mean())


def test_out_of_fold_predictions_cover_every_sample_once(study: zk.Study) -> None:
    predictions, part = out_of_fold(study.candidates, study.plan)
    assert predictions.shape[:2] == (len(study.candidates), len(study.plan.data.train))
    assert len(part.t) == len(study.plan.data.train)


def test_a_trial_joins_the_default_networks_only_if_it_is_better_by_more_than_the_standard_error() -> None:
    rows, target = table("regression")
    given = {"target": target, "folds": 3, "trials": 9, "epochs": 8, "race": "none"}
    study = zk.tune(rows, SPACE, first=["lr=0.003 numeric_encoding=standard"], **given)
    default, *others = sorted((trial for trial, _ in study.candidates), key=lambda trial: trial.number)
    assert default.number == 0
    chosen = {trial.number for trial, _ in eligible(study.candidates, study.plan)}
    for trial in others:
        gains = np.array([a.value - b.value for a, b in zip(default.rows, trial.rows, strict=True)])
        assert (trial.number in chosen) == (gains.mean() > gains.std(ddof=1) / np.sqrt(3))
    assert 0 in chosen
    assert 1 < len(chosen) < len(study.candidates)
    assert study.fold_mean.weights.keys() <= chosen
    best = zk.tune(rows, SPACE, first=["lr=0.05 numeric_encoding=piecewise"], **given)
    assert 0 in {trial.number for trial, _ in eligible(best.candidates, best.plan)}


def test_an_ensemble_beside_it_does_not_change_it() -> None:
    rows, target = table("classification")
    how = {"target": target, "folds": 2, "trials": 12, "epochs": 3, "race": "none"}
    alone, beside = (zk.tune(rows, SPACE, **how, ensemble=ensemble).fold_mean for ensemble in (None, 2))
    assert alone.weights == beside.weights
