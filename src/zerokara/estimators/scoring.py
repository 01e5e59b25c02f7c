"""Scores of networks that train together: computed at every rung, and cached."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from sklearn.model_selection._validation import _score

from zerokara.engine.plan import NetworkId
from zerokara.estimators.splits import Fold, ScorerInput
from zerokara.nn import Network

Scores = float | dict[str, float]
"""One score, or several by name."""


@dataclass(frozen=True)
class NetworkScore:
    """The scores of a network after so many epochs; ``seconds`` is the time to score the test samples."""

    epochs: int
    test: Scores
    train: Scores | None
    seconds: float


@dataclass(eq=False)
class SplitScorer:
    """A `zerokara.engine.plan.Scorer` that scores every network on its own split.

    Args:
        folds: the splits.
        scorer: a scorer of scikit-learn, or a function of an estimator, samples and targets.
        metric: which of several scores to rank by; None: the first.
        error_score: the score where scoring fails, or "raise".

    Attributes:
        scores: the latest scores of each network.
    """

    folds: Sequence[Fold]
    scorer: Callable[..., Any]
    _: KW_ONLY
    metric: str | None = None
    error_score: float | str = "raise"
    scores: dict[NetworkId, NetworkScore] = field(default_factory=dict, init=False)

    def __call__(self, network_id: NetworkId, epochs: int, network: Callable[[], Network]) -> float:
        """Return minus the score of a network; ``network`` is called only if it has trained since its last score."""
        score = self.scores.get(network_id)
        if score is None or score.epochs != epochs:
            score = self.scores[network_id] = self._score_network(self.folds[network_id[2]], epochs, network())
        return -one_score(score.test, self.metric)

    def _score_network(self, fold: Fold, epochs: int, network: Network) -> NetworkScore:
        estimator = fold.estimator(network)
        started = time.perf_counter()
        test = self._scores(estimator, fold.test)
        seconds = time.perf_counter() - started
        train = self._scores(estimator, fold.train) if fold.train else None
        return NetworkScore(epochs, test, train, seconds)

    def _scores(self, estimator: Any, given: ScorerInput) -> Scores:
        scores: Scores = _score(estimator, given.X, given.y, self.scorer, dict(given.params), self.error_score)
        return scores


def one_score(scores: Mapping[str, float] | float, metric: str | None) -> float:
    """Return the score with this name, or the first.

    >>> one_score({"r2": 0.5, "max_error": -3.0}, "max_error"), one_score(0.5, None)
    (-3.0, 0.5)
    """
    if not isinstance(scores, Mapping):
        return scores
    return scores[metric] if metric is not None and metric in scores else next(iter(scores.values()))
