"""The result of a search: its trials, the winner, and an ensemble."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zerokara.data import Dataset
from zerokara.engine.bracket import Candidate
from zerokara.engine.plan import Plan
from zerokara.engine.shard import retrain
from zerokara.engine.trial import Trial, ranked
from zerokara.errors import DatabaseError, InputError
from zerokara.model import Ensemble, Model, criterion, predict_each, select
from zerokara.nn import Network
from zerokara.space.hyperparameters import show
from zerokara.space.space import Space

if TYPE_CHECKING:
    from zerokara.samplers.narrowing import Round


@dataclass(frozen=True)
class Best:
    """The winner of a study: its trial, and its network as a model."""

    trial: Trial
    model: Model

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the trial, such as ``epoch``, ``params``, ``val_loss`` or ``val_accuracy``."""
        if "model" not in self.__dict__:  # During copying and unpickling.
            raise AttributeError(name)
        trial, model = self.__dict__["trial"], self.__dict__["model"]
        if name.startswith("val_") and name in trial.curves:
            return trial.at(name)
        return trial.val_score if name == f"val_{model.metric}" else getattr(trial, name)


@dataclass(frozen=True, eq=False)
class Study:
    """The trials of a search and their results. Returned by `zerokara.tune`.

    ``candidates`` are the best trials with their networks, best first. ``seconds`` is the duration of the search,
    ``train_seconds`` the time inside trainers, summed over workers, ``proposing_seconds`` the time to propose and
    record trials. ``interrupted`` is true if it ended early: after Ctrl-C, or after a ``failure`` of the database.
    ``rounds`` are those of a sampler with rounds. With ``refit`` the winner is trained again, on all training data.
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
    refit: bool = False
    ensemble_size: int | None = None
    failure: DatabaseError | None = None

    def __repr__(self) -> str:
        parts = [f"{self.plan.data.name}: {len(self.trials)} trials, {self.epochs_trained:,} network-epochs"]
        for best in (trial for trial in self.ranking(1) if math.isfinite(trial.value)):
            parts += [f"best trial {best.number}", f"val_loss {best.val_loss:.4f}"]
            shown = self.plan.metric.shown
            parts += [f"{shown.label} {best.at(shown.curve):.4f}"]
            parts += [f"{name} {show(best.params[name])}" for name in self.space.searched if name in best.params]
        return f"Study({', '.join(parts)})"

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that were trained."""
        return sum(trial.epochs_trained for trial in self.trials)

    def ranking(self, count: int | None = None) -> list[Trial]:
        """Return the trials, best first: by value, ties to the lower loss, diverged ones last."""
        return ranked(self.trials)[:count]

    @cached_property
    def best(self) -> Best:
        """The winner: the trial with the best value of the metric ``rank``, by default the lowest validation loss.

        With several seeds or folds the mean decides, and the model is the network of the first seed and fold; with
        ``refit`` it is one trained on all training and validation samples for as many epochs.

        Raises:
            InputError: no trial finished an epoch with a finite loss.
        """
        if not self.candidates:
            states = {state: sum(t.state == state for t in self.trials) for state in ("diverged", "interrupted")}
            raise InputError(
                f"a winner needs a finite validation loss, got {states['diverged']} diverged trials, "
                f"{states['interrupted']} interrupted before an epoch: lower the learning rates, or train longer"
            )
        trial, network = self.candidates[0]
        about = {"trial": trial.number, "epoch": trial.epoch, "params": trial.params, "seed": self.plan.seed}
        if self.plan.loss:
            about["loss"] = self.plan.loss
        if self.refit:
            network, about = self._refitted(trial), about | {"refit": True}
        return Best(trial, Model.of(network, self.test_data, about))

    @cached_property
    def test_data(self) -> Dataset:
        """The data that the winner's model was trained on, with the test part."""
        return self.plan.data.pooled() if self.refit else self.plan.parts[0]

    def _refitted(self, trial: Trial) -> Network:
        run = retrain(trial, self.plan, trial.epoch, self.test_data)
        if not len(run.rows):
            raise InputError(
                f"the winner must train to the end, got trial {trial.number}, which diverged in the refit: lower the "
                "learning rates, or leave refit out"
            )
        return run.trained()

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
        networks = [network for _, network in self.candidates]
        predictions = predict_each(networks, part.x, data.task)
        counts = select(
            predictions,
            part.t,
            k or self.ensemble_size or 1,
            criterion(data.task, self.plan.rank, part.weights, data.preprocess, self.plan.loss_on(data)),
        )
        picked = {str(t.number): int(n) for (t, _), n in zip(self.candidates, counts, strict=True) if n}
        return Model.of(Ensemble.of(networks, counts), data, {"trials": picked, "seed": self.plan.seed})

    @cached_property
    def test_score(self) -> float:
        """The winner's accuracy (or R2) on the test data, which nothing else reads; NaN without test data."""
        return math.nan if self.test_data.test is None else self.best.model.evaluate(self.test_data)[1]

    @cached_property
    def test_errors(self) -> dict[str, dict[str, float]]:
        """The winner's errors on the test data, in the units of each target; empty unless it is a regression."""
        data = self.test_data
        if data.test is None or data.task != "regression":
            return {}
        model = self.best.model
        kinds = {"root_mean_squared_error": model.error, "mean_absolute_error": model.absolute_error}
        return {kind: dict(zip(model.classes, map(float, error(data)), strict=True)) for kind, error in kinds.items()}
