"""What scorers say of networks that train together: asked wherever a race pauses, and remembered."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.model_selection._validation import _score

from zerokara.engine.plan import Key
from zerokara.estimators.splits import Fold, Shown
from zerokara.nn import Network

Scores = float | dict[str, float]
"""One score, or several by name."""


@dataclass(frozen=True)
class Verdict:
    """What was said of a network after so many epochs; ``seconds`` is what scoring the test samples took."""

    epochs: int
    test: Scores
    train: Scores | None
    seconds: float


class Jury:
    """Scores every network on its own split, as `zerokara.engine.plan.Jury` describes.

    Args:
        folds: the splits.
        scorer: one of scikit-learn's, or whatever is called with an estimator, samples and targets.
        metric: which of several scores ranks; None is the first of them.
        error_score: what stands where scoring fails, or "raise".

    Attributes:
        found: the latest verdict on each network.
    """

    def __init__(
        self,
        folds: Sequence[Fold],
        scorer: Callable[..., Any],
        *,
        metric: str | None = None,
        error_score: float | str = "raise",
    ) -> None:
        self.folds, self.scorer, self.metric = folds, scorer, metric
        self.error_score = error_score
        self.found: dict[Key, Verdict] = {}

    def __call__(self, key: Key, epochs: int, network: Callable[[], Network]) -> float:
        """Return minus the score of a network, which is asked for only if it has trained since it was last judged."""
        verdict = self.found.get(key)
        if verdict is None or verdict.epochs != epochs:
            verdict = self.found[key] = self._verdict(self.folds[key[2]], epochs, network())
        return -single(verdict.test, self.metric)

    def _verdict(self, fold: Fold, epochs: int, network: Network) -> Verdict:
        estimator = fold.estimator(network)
        started = time.perf_counter()
        test = self._scores(estimator, fold.test)
        seconds = time.perf_counter() - started
        train = self._scores(estimator, fold.train) if fold.train else None
        return Verdict(epochs, test, train, seconds)

    def _scores(self, estimator: Any, shown: Shown) -> Scores:
        found: Scores = _score(estimator, shown.X, shown.y, self.scorer, dict(shown.params), self.error_score)
        return found


def single(scores: Mapping[str, float] | float, metric: str | None) -> float:
    """Return the score of this name, or the first.

    >>> single({"r2": 0.5, "max_error": -3.0}, "max_error"), single(0.5, None)
    (-3.0, 0.5)
    """
    if not isinstance(scores, Mapping):
        return scores
    return scores[metric] if metric is not None and metric in scores else next(iter(scores.values()))
