"""The results of a search: its trials, the winner, and an ensemble."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from zerokara.data import Dataset
from zerokara.engine.bracket import Candidate, top_k
from zerokara.engine.plan import Plan
from zerokara.engine.shard import untrained
from zerokara.engine.trial import Trial, ranked
from zerokara.errors import DatabaseError, InputError
from zerokara.figures.evaluation_data import ConfusionTable, Residuals
from zerokara.model import Ensemble, Model, criterion, predict_each, select
from zerokara.nn import Network
from zerokara.nn.encodings import learned_encodings
from zerokara.space.distributions import Choice
from zerokara.space.hyperparameters import show
from zerokara.space.space import Space
from zerokara.storage.comparison import Comparison
from zerokara.storage.store import Stop
from zerokara.study.averaging import FoldMean
from zerokara.study.views import evaluation
from zerokara.study.views.comparison import common_epoch, compare, importances_of, scores_at
from zerokara.train.engine import describe_engine

if TYPE_CHECKING:
    from zerokara.samplers.narrowing import Round


AVERAGED = 8
"""The number of best trials from which the mean of a search on folds is made."""
END = 0.03
"""The part of a range, on its own scale, that counts as its end."""


@dataclass(frozen=True)
class Best:
    """The winner of a study: its trial, and its network as a model, which ``make`` returns."""

    trial: Trial
    make: Callable[[], Model] = field(repr=False)

    @cached_property
    def model(self) -> Model:
        """The network as a model."""
        return self.make()

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the trial, such as ``epoch``, ``params``, ``val_loss`` or ``val_accuracy``."""
        if "trial" not in self.__dict__:  # During copying and unpickling.
            raise AttributeError(name)
        return getattr(self.trial, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self.trial) if not name.startswith("_"))})


@dataclass(frozen=True, eq=False)
class Results:
    """The trials of a search, and what follows from them; `zerokara.Study` also shows them.

    ``candidates`` are the best trials with their networks, best first. ``seconds`` is the duration of the search,
    ``train_seconds`` the time inside trainers, summed over workers, ``proposing_seconds`` the time to propose and
    record trials. ``interrupted`` is true if it ended early: after Ctrl-C, or after a ``failure`` of the database.
    ``rounds`` are those of a sampler with rounds. ``refitted`` has the networks that were trained as the winner, on all
    training and validation samples. ``stopped`` says which callback ended the search, if one did. ``final_networks`` is
    the number of networks of the final training: ``refit``, or as many as a limit of time allowed; None before it.
    """

    space: Space
    plan: Plan
    trials: list[Trial]
    candidates: list[Candidate]
    seconds: float
    train_seconds: float
    interrupted: bool
    proposing_seconds: float = 0.0
    rounds: "tuple[Round, ...]" = ()
    refitted: Network | None = None
    ensemble_size: int | None = None
    failure: DatabaseError | None = None
    stopped: Stop | None = None
    final_networks: int | None = None

    def __repr__(self) -> str:
        epochs = f"{self.epochs_trained:,} network-epochs"
        parts = [f"{self.plan.name}: {len(self.trials)} trials, {epochs}", self.plan.parts_text]
        if best := self.winner:
            parts += [f"best trial {best.number}", f"val_loss {best.val_loss:.4f}"]
            shown = self.plan.metric.shown
            parts += [f"{shown.label} {best.at(shown.curve):.4f}"]
            parts += [f"{name} {show(best.params[name])}" for name in self.space.searched if name in best.params]
        return f"{type(self).__name__}({', '.join(parts)})"

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that were trained."""
        return sum(trial.epochs_trained for trial in self.trials)

    @property
    def engine(self) -> str:
        """What trained the networks: the compiled kernel or NumPy, with the reason."""
        numpy_for = {name for trial in self.trials for name in learned_encodings(trial.params, self.plan.data)}
        return describe_engine(self.plan.engine, self.plan.dtype, sorted(numpy_for))

    def ranking(self, count: int | None = None) -> list[Trial]:
        """Return the trials, best first: by how far they got, then by value, ties to the lower loss."""
        return ranked(self.trials)[:count]

    def at(self, epoch: int) -> dict[int, dict[str, float]]:
        """Return the scores of each trial at an epoch, by number, for those that finished it without diverging.

        The scores are ``val_loss``, ``val_accuracy`` (``val_r2``), ``train_loss``, ``train_accuracy`` and the metric
        that the trials are ranked by.
        """
        return scores_at(self.trials, epoch, self.plan.metric)

    def importances(self, epoch: int | None = None) -> dict[str, float]:
        """Return how much each searched hyperparameter mattered for being among the best, the largest first; sum 1.

        Trials are compared at one epoch: by default the largest that nine in ten of them reached. Empty with fewer
        than ten trials.
        """
        return importances_of(self.space, self.comparison(epoch))

    def comparison(self, epoch: int | None = None) -> Comparison:
        """Return all trials that reached an epoch, as `importances` and Optuna's tools compare them."""
        epoch = common_epoch(self.trials) if epoch is None else epoch
        return compare(self.trials, max(1, epoch), self.plan.metric)

    @property
    def winner(self) -> Trial | None:
        """The trial of the winner; None if no trial finished an epoch with a finite loss."""
        return next((trial for trial in self.ranking(1) if math.isfinite(trial.value)), None)

    @cached_property
    def best(self) -> Best:
        """The winner of the search: of the trials that were compared to the end, the best by ``rank``, and its network.

        With several seeds or folds the mean decides, and the network is that of the first seed and fold.

        Raises:
            InputError: no trial finished an epoch with a finite loss.
        """
        trial = self.winner
        if trial is None:
            states = {state: sum(t.state == state for t in self.trials) for state in ("diverged", "interrupted")}
            raise InputError(
                f"a winner needs a finite validation loss, got {states['diverged']} diverged trials, "
                f"{states['interrupted']} interrupted before an epoch: lower the learning rates, or train longer"
            )
        return Best(trial, partial(self._best_model, trial))

    def _best_model(self, trial: Trial) -> Model:
        return Model.of(self.candidates[0][1][0], self.plan.parts[0], self._about(trial))

    @cached_property
    def model(self) -> Model:
        """The model to use: the mean of ``refit`` networks, trained as the winner on training and validation samples.

        With folds and without a refit, it is the weighted mean of the fold networks of the best trials, see
        `FoldMean`. With refit=0, or after an interruption, it is the winner's.
        """
        if self.fold_mean is not None:
            return self.fold_mean.model
        if self.refitted is None:
            return self.best.model
        about = self._about(self.best.trial) | {"refit": self.refitted.population}
        return Model.of(Ensemble.of(self.refitted), self.test_data, about)

    @cached_property
    def fold_mean(self) -> FoldMean | None:
        """The mean of the fold networks of the best trials, if that is the model."""
        if self.plan.folds == 1 or self.refitted is not None or not self.candidates:
            return None
        return FoldMean.of(top_k(self.candidates, self.plan, AVERAGED), self.plan, self._about(self.best.trial))

    def _about(self, trial: Trial) -> dict[str, Any]:
        about = {"trial": trial.number, "epoch": trial.epoch, "params": trial.params, "seed": self.plan.seed}
        return about | ({"loss": self.plan.loss} if self.plan.loss else {})

    @cached_property
    def test_data(self) -> Dataset:
        """The data that the model was trained on, with the test part."""
        if self.fold_mean is not None:
            return self.plan.data
        return self.plan.parts[0] if self.refitted is None else self.plan.data.pooled()

    @property
    def at_ends(self) -> dict[str, str]:
        """The searched numbers of the winner that lie at an end of their range: "lower" or "upper" by name.

        A range whose end is 0 cannot be widened there.
        """
        values = self.space.values(self.best.trial.params)
        ends = {}
        for name, part in self.space.parts.items():
            if isinstance(part, Choice) or name not in values or part.low == part.high:
                continue
            place = part.position(values[name])
            if place < END and part.low != 0:
                ends[name] = "lower"
            elif place > 1 - END:
                ends[name] = "upper"
        return ends

    @property
    def last_comparison(self) -> tuple[int, int]:
        """The last epoch that several trials reached, or the winner alone, and how many trials reached it."""
        reached = sorted((trial.epochs for trial in self.trials), reverse=True)
        epoch = min(reached[:2])
        return epoch, sum(each >= epoch for each in reached)

    def ensemble(self, k: int | None = None) -> Model:
        """Return an ensemble: the networks whose mean prediction is best on the validation samples.

        Greedy selection with replacement of up to ``k`` candidates; nothing is trained. By default ``k`` is the
        ``ensemble`` of `zerokara.tune`. With folds, the networks and the validation samples of the first fold.

        Raises:
            InputError: there is only one candidate.
        """
        if len(self.candidates) < 2:
            raise InputError(
                f"an ensemble needs several networks to select from, got {len(self.candidates)}: search with "
                "ensemble=10 and more than one trial"
            )
        data = self.plan.parts[0]
        part = data.validation
        assert part is not None
        networks = [networks[0] for _, networks in self.candidates]
        predictions = predict_each(networks, part.x, data.task)
        counts = select(
            predictions,
            part.t,
            k or self.ensemble_size or 1,
            criterion(data.task, self.plan.rank, part.weights, data.preprocess, self.plan.loss_on(data)),
        )
        picked = {str(t.number): int(n) for (t, _), n in zip(self.candidates, counts, strict=True) if n}
        return Model.of(Ensemble.of(networks, counts), data, {"trials": picked, "seed": self.plan.seed})

    def predicted(self, part: str = "validation") -> tuple[Model, Dataset, str]:
        """Return the model whose predictions on a part are shown, its data and the part.

        Of the test data that is `model`, else the winner, which has not seen the validation samples.
        """
        return (self.model, self.test_data, part) if part == "test" else (self.best.model, self.plan.parts[0], part)

    def confusion(self, part: str = "validation") -> ConfusionTable:
        """Return how often each class was predicted as each; see `predicted`."""
        return evaluation.confusion(*self.predicted(part))

    def residuals(self, part: str = "validation", output: int = 0) -> Residuals:
        """Return the truth and the prediction of one output of a regression, in its units; see `predicted`."""
        return evaluation.residuals(*self.predicted(part), output=output)

    def start(self) -> Network | None:
        """Return the network of the winner with its initial weights; None if the data are not at hand."""
        return untrained(self.best.trial, self.plan).network

    @cached_property
    def test_score(self) -> float:
        """The accuracy (or R2) of `model` on the test data, which nothing else reads; NaN without test data."""
        return math.nan if self.test_data.test is None else self.model.evaluate(self.test_data)[1]

    @cached_property
    def test_errors(self) -> dict[str, dict[str, float]]:
        """The errors of `model` on the test data, in the units of each target; empty unless it is a regression."""
        data = self.test_data
        if data.test is None or data.task != "regression":
            return {}
        model = self.model
        kinds = {"root_mean_squared_error": model.error, "mean_absolute_error": model.absolute_error}
        return {kind: dict(zip(model.classes, map(float, error(data)), strict=True)) for kind, error in kinds.items()}
