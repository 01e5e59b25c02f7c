"""A study: trials proposed by the generation, trained as populations, ranked, and the winner."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zerokara.data import Dataset
from zerokara.engine.bracket import Finalist
from zerokara.engine.plan import Plan
from zerokara.engine.shard import retrain
from zerokara.engine.trial import Trial, ranked
from zerokara.errors import DatabaseError, InputError
from zerokara.model import Ensemble, Model, criterion, predict_each, select
from zerokara.nn import Network
from zerokara.space.hyperparameters import show
from zerokara.space.space import Space
from zerokara.train.metrics import METRICS

if TYPE_CHECKING:
    from zerokara.samplers.narrowing import Round


@dataclass(frozen=True)
class Best:
    """The winner of a study: its trial, and its network as a model."""

    trial: Trial
    model: Model

    def __getattr__(self, name: str) -> Any:
        """Give the trial's own ``number``, ``epoch``, ``params``, ``val_loss``, and ``val_accuracy`` or ``val_r2``."""
        if "model" not in self.__dict__:  # While a copy or a pickle is being made.
            raise AttributeError(name)
        trial, model = self.__dict__["trial"], self.__dict__["model"]
        return trial.val_score if name == f"val_{model.metric}" else getattr(trial, name)


@dataclass(frozen=True, eq=False)
class Study:
    """What was tried, and what came of it. Made by `zerokara.tune`.

    ``seconds`` runs from the first question to the last answer, ``train_seconds`` is the sum over workers of the
    time inside trainers, ``proposing_seconds`` that of asking, telling and keeping the study. ``interrupted`` tells
    that Ctrl-C ended it early. ``rounds`` are those of a sampler that has rounds. ``finalists`` are the best trials
    whose networks were kept, best first. With ``refit`` the winner's model is trained anew, on all training data.
    ``failure`` is the error of the database that ended it early, if one did.
    """

    space: Space
    plan: Plan
    trials: list[Trial]
    finalists: list[Finalist]
    seconds: float
    train_seconds: float
    interrupted: bool
    proposing_seconds: float = 0.0
    rounds: "tuple[Round, ...]" = ()
    refit: bool = False
    ensemble_size: int | None = None
    failure: DatabaseError | None = None

    def __repr__(self) -> str:
        found = [f"{self.plan.data.name}: {len(self.trials)} trials, {self.epochs_trained:,} network-epochs"]
        for best in (trial for trial in self.ranking(1) if math.isfinite(trial.value)):
            found += [f"best trial {best.number}", f"val_loss {best.val_loss:.4f}"]
            found += [f"val_{METRICS[self.plan.data.task]} {best.val_score:.4f}"]
            found += [f"{name} {show(best.params[name])}" for name in self.space.searched if name in best.params]
        return f"Study({', '.join(found)})"

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that were trained."""
        return sum(trial.epochs_trained for trial in self.trials)

    def ranking(self, count: int | None = None) -> list[Trial]:
        """Return the trials from the best down: by value, ties to the lower loss, diverged ones last."""
        return ranked(self.trials)[:count]

    @cached_property
    def best(self) -> Best:
        """The winner: the trial with the lowest validation loss, or the highest accuracy with rank="accuracy".

        With several seeds or folds that is the lowest mean, and the model is the network of the first seed and the
        first fold, or with ``refit`` one trained on all training and validation samples for as many epochs.

        Raises:
            InputError: no trial finished an epoch with a finite loss.
        """
        if not self.finalists:
            states = {state: sum(t.state == state for t in self.trials) for state in ("diverged", "interrupted")}
            raise InputError(
                f"no trial has a finite validation loss ({states['diverged']} diverged, {states['interrupted']} "
                "interrupted before their first epoch): lower the learning rates, or train for longer"
            )
        trial, network = self.finalists[0]
        about = {"trial": trial.number, "epoch": trial.epoch, "params": trial.params, "seed": self.plan.seed}
        if self.refit:
            network, about = self._refitted(trial), about | {"refit": True}
        return Best(trial, Model.of(network, self._data, about))

    @cached_property
    def _data(self) -> Dataset:
        """The data that the winner's model was trained on."""
        return self.plan.data.pooled() if self.refit else self.plan.parts[0]

    def _refitted(self, trial: Trial) -> Network:
        run = retrain(trial, self.plan, trial.epoch, self._data)
        if not len(run.rows):
            raise InputError(
                f"the winner, trial {trial.number}, diverged when it was refitted on all training data: "
                "lower the learning rates, or leave refit out"
            )
        return run.trained()

    def ensemble(self, k: int | None = None) -> Model:
        """Return the model of several trained networks whose mean answers best on the validation samples.

        Greedy selection with replacement, at most ``k`` picks among the networks that were kept; nothing is trained.
        By default ``k`` is what `zerokara.tune` was told. With folds, the networks of the first fold, judged on it.

        Raises:
            InputError: only the winner's network was kept.
        """
        if len(self.finalists) < 2:
            raise InputError(
                f"an ensemble is picked among several networks, got {len(self.finalists)}: search more trials, with "
                "ensemble=10, say, so that the networks of the best are kept"
            )
        data = self.plan.parts[0]
        part = data.validation
        assert part is not None
        networks = [network for _, network in self.finalists]
        predictions = predict_each(networks, part.x, data.task)
        counts = select(
            predictions, part.t, k or self.ensemble_size or 1, criterion(data.task, self.plan.rank, part.weights)
        )
        picked = {str(t.number): int(n) for (t, _), n in zip(self.finalists, counts, strict=True) if n}
        return Model.of(Ensemble.of(networks, counts), data, {"trials": picked, "seed": self.plan.seed})

    @cached_property
    def test_score(self) -> float:
        """The winner's accuracy (or R2) on the test data, which nothing else looks at; NaN where there are none."""
        return math.nan if self._data.test is None else self.best.model.evaluate(self._data)[1]

    @cached_property
    def test_errors(self) -> dict[str, dict[str, float]]:
        """A regression winner's errors on the test data in each target's own units; empty of other tasks."""
        data = self._data
        if data.test is None or data.task != "regression":
            return {}
        model = self.best.model
        kinds = {"root_mean_squared_error": model.error, "mean_absolute_error": model.absolute_error}
        return {kind: dict(zip(model.classes, map(float, error(data)), strict=True)) for kind, error in kinds.items()}
