"""Trials of a cross-validated search: networks that train together, and estimators that are fitted one by one."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._validation import _fit_and_score, _warn_or_raise_about_fit_failures

from zerokara.arrays import Index
from zerokara.engine.trial import State, Trial
from zerokara.errors import InputError
from zerokara.estimators.base import STOPPED_BY_USER, NetworkEstimator
from zerokara.estimators.splits import Samples, SplitScorer, one_score
from zerokara.storage.store import Store
from zerokara.study.study import Study

Names = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Returns the parameters of an estimator, by its names, for hyperparameters of the network."""


@dataclass
class Batch:
    """Trials of a search: their parameters, the outcome of each on each split, and how far they were trained."""

    params: list[dict[str, Any]]
    outcomes: list[dict[str, Any]]
    epochs: list[int]
    states: list[str]
    study: Study | None = None


def batch_of(study: Study, scorer: SplitScorer, name: Names) -> Batch:
    """Return trials that trained together, with outcomes like those of scikit-learn's `_fit_and_score`."""
    share = study.train_seconds / max(study.epochs_trained, 1)
    results: list[dict[str, Any]] = []
    for trial in study.trials:
        for k, row in enumerate(trial.rows or (trial,)):
            score = None if row.state == "diverged" else scorer.scores.get((trial.number, 0, k))
            result: dict[str, Any] = {"fit_time": share * row.epochs, "score_time": 0.0, "fit_error": None}
            if score:
                result |= {"test_scores": score.test, "train_scores": score.train, "score_time": score.seconds}
            else:
                where = f"epoch {row.epochs} of trial {trial.number}, split {k}"
                result["fit_error"] = f"the loss stopped being finite in {where}: lower lr"
            results.append(result)
    searched = study.space.searched
    params = [name({n: trial.params[n] for n in searched if n in trial.params}) for trial in study.trials]
    epochs, states = [trial.epochs for trial in study.trials], [trial.state for trial in study.trials]
    return Batch(params, results, epochs, list(states), study)


def fitted_alone(estimator: Any, store: Store, data: Samples, name: Names, metric: str | None, **options: Any) -> Batch:
    """Return trials whose estimator scikit-learn fits, one after the other, on each split.

    Args:
        estimator: with a network somewhere in it.
        store: proposes hyperparameters of the network.
        data: what to fit.
        name: the names of the hyperparameters in ``estimator``.
        metric: which of several scores to report to the store; None: the first.
        options: those of scikit-learn's `_fit_and_score`.

    Raises:
        KeyboardInterrupt: Ctrl-C ended the training of a network.
    """
    batch = Batch([], [], [], [])
    while not store.finished:
        trials = []
        for proposal in store.ask()[1]:
            params = name({n: value for n, value in proposal.params.items() if n in store.space.searched})
            results = [_outcome(clone(estimator), data, split, parameters=params, **options) for split in data.splits]
            epochs = max(_epochs(each.pop("estimator")) for each in results)
            results = [{"train_scores": None} | each for each in results]
            value = -float(np.mean([one_score(each["test_scores"], metric) for each in results]))
            state: State = "diverged" if any(each["fit_error"] for each in results) else "complete"
            told: tuple[State, float] = (state, value) if math.isfinite(value) else ("diverged", math.inf)
            trials.append(Trial(proposal.number, proposal.params, *told, epochs, epochs, {}))
            batch.params.append(params)
            batch.outcomes += results
            batch.epochs.append(epochs)
            batch.states.append(state)
        store.tell(trials)
    return batch


def _outcome(estimator: Any, data: Samples, split: tuple[Index, Index], **options: Any) -> dict[str, Any]:
    """Return the outcome of one fit; that epochs ran out is left to the fit of the best trial to say."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        options |= {"train": split[0], "test": split[1], "return_times": True, "return_estimator": True, "verbose": 0}
        options |= {"fit_params": data.fit_params, "score_params": data.score_params}
        outcome: dict[str, Any] = _fit_and_score(estimator, data.X, data.y, **options)
    for warning in caught:
        if str(warning.message).startswith(STOPPED_BY_USER):
            raise KeyboardInterrupt
        if not issubclass(warning.category, ConvergenceWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return outcome


def _epochs(part: Any) -> int:
    """Return the most epochs of the networks anywhere in a fitted estimator; 0 if it failed."""
    if isinstance(part, NetworkEstimator):
        return int(getattr(part, "n_iter_", 0))
    if type(part).__module__.startswith("sklearn."):
        part = list(getattr(part, "__dict__", {}).values())
    return max(map(_epochs, part), default=0) if isinstance(part, list | tuple) else 0


def check_failures(outcomes: list[dict[str, Any]], error_score: float | str) -> None:
    """Give the fits that failed the score ``error_score``, with a warning, or raise."""
    errors = [each["fit_error"] for each in outcomes if each["fit_error"]]
    if errors and error_score == "raise":
        raise InputError(errors[0])
    _warn_or_raise_about_fit_failures(outcomes, error_score)
    scores = next(each["test_scores"] for each in outcomes if each["fit_error"] is None)
    failed = dict.fromkeys(scores, error_score) if isinstance(scores, dict) else error_score
    for each in outcomes:
        if each["fit_error"]:
            each |= {"test_scores": failed, "train_scores": failed}


def cv_results(search: BaseSearchCV, batches: Sequence[Batch]) -> dict[str, Any]:
    """Return the columns of ``cv_results_`` as scikit-learn does, with ``epochs`` and ``state``.

    A pruned trial ranks behind all complete trials.
    """
    params, outcomes, epochs, states = (
        [each for batch in batches for each in getattr(batch, name)]
        for name in ("params", "outcomes", "epochs", "states")
    )
    results: dict[str, Any] = search._format_results(
        params, search.n_splits_, outcomes, {"epochs": epochs, "state": states}
    )
    finished = results["state"] == "complete"
    if "pruned" in results["state"]:
        for name in [name for name in results if name.startswith("rank_test_")]:
            ranks = results[name]
            for own, first in ((finished, 0), (~finished, finished.sum())):
                ranks[own] = [first + 1 + (ranks[own] < rank).sum() for rank in ranks[own]]
    return results
