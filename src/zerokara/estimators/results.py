"""What a search found, in the columns of scikit-learn's ``cv_results_``."""

from typing import Any

import numpy as np

from zerokara.arrays import Array
from zerokara.search.study import Study


def search_results(study: Study) -> dict[str, Array]:
    """Return one entry a trial under each name, in the order of the trials.

    ``param_NAME`` for what was searched, and ``params``; ``split0_test_score`` and so on, a network each (folds
    within seeds), with ``mean_test_score``, ``std_test_score`` and ``mean_train_score``: accuracy, or R2;
    ``mean_test_loss``; ``rank_test_score``, 1 for the best, by what the study ranks by; ``mean_fit_time``,
    seconds: networks train together, so this is the trial's share of the whole by its epochs; ``state`` and ``epochs``.
    """
    trials = study.trials
    rows = [trial.rows or (trial,) for trial in trials]
    splits = np.array([[row.val_score for row in own] for own in rows], float)
    place = {trial.number: rank for rank, trial in enumerate(study.ranking(), 1)}
    share = study.train_seconds / max(study.epochs_trained, 1)
    params = [{name: trial.params[name] for name in study.space.searched} for trial in trials]
    columns: dict[str, list[Any]] = {f"param_{name}": [p[name] for p in params] for name in study.space.searched}
    return {
        "mean_fit_time": np.array(
            [share * trial.epochs_trained / len(own) for trial, own in zip(trials, rows, strict=True)]
        ),
        **{name: _objects(column) for name, column in columns.items()},
        "params": _objects(params),
        **{f"split{k}_test_score": column for k, column in enumerate(splits.T)},
        "mean_test_score": splits.mean(axis=1),
        "std_test_score": splits.std(axis=1),
        "rank_test_score": np.array([place[trial.number] for trial in trials]),
        "mean_train_score": np.array([trial.train_score for trial in trials]),
        "mean_test_loss": np.array([trial.val_loss for trial in trials]),
        "state": np.array([trial.state for trial in trials]),
        "epochs": np.array([trial.epochs for trial in trials]),
    }


def _objects(values: list[Any]) -> Array:
    """Return an array with one value an entry, tuples whole."""
    array = np.empty(len(values), object)
    array[:] = values
    return array
