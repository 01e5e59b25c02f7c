"""A study: trials proposed by the generation, trained as populations, ranked, and the winner."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zerokara.blas import one_thread
from zerokara.errors import InputError
from zerokara.model import Model
from zerokara.nn import Network
from zerokara.search.generation import better, train_generation
from zerokara.search.plan import Plan, check_counts
from zerokara.search.progress import Progress, Watch
from zerokara.search.proposing import Proposer, generation_size, make_sampler
from zerokara.search.race import make_race
from zerokara.search.space import Space
from zerokara.search.trial import Trial
from zerokara.search.workers import cores, interruptible
from zerokara.train import Epoch

if TYPE_CHECKING:
    from zerokara.search.journal import Journal
    from zerokara.search.narrowing import Round


@dataclass(frozen=True)
class Best:
    """The winner of a study: its trial, and its network as a model."""

    trial: Trial
    model: Model

    def __getattr__(self, name: str) -> Any:
        """Give the trial's own ``number``, ``epoch``, ``params``, ``val_loss``, and ``val_accuracy`` or ``val_r2``."""
        trial, model = self.__dict__["trial"], self.__dict__["model"]
        return trial.val_score if name == f"val_{model.metric}" else getattr(trial, name)


@dataclass(frozen=True, eq=False)
class Study:
    """What was tried, and what came of it. Made by `zerokara.tune`.

    ``seconds`` runs from the first question to the last answer, ``train_seconds`` is the sum over workers of the
    time inside trainers, ``proposing_seconds`` that of asking, telling and keeping the study. ``interrupted`` tells
    that Ctrl-C ended it early. ``rounds`` are those of a sampler that has rounds.
    """

    space: Space
    plan: Plan
    trials: list[Trial]
    network: tuple[int, Network] | None
    seconds: float
    train_seconds: float
    interrupted: bool
    proposing_seconds: float = 0.0
    rounds: "tuple[Round, ...]" = ()

    @property
    def epochs_trained(self) -> int:
        """The network-epochs that were trained."""
        return sum(trial.epochs for trial in self.trials)

    def ranking(self, count: int | None = None) -> list[Trial]:
        """Return the trials from the best down: by value, ties to the lower number, diverged ones last."""
        return sorted(self.trials, key=lambda trial: trial.rank_key)[:count]

    @cached_property
    def best(self) -> Best:
        """The winner: the trial with the lowest validation loss, or the highest accuracy with rank="accuracy".

        Raises:
            InputError: no trial finished an epoch with a finite loss.
        """
        if self.network is None:
            states = {state: sum(t.state == state for t in self.trials) for state in ("diverged", "interrupted")}
            raise InputError(
                f"no trial has a finite validation loss ({states['diverged']} diverged, {states['interrupted']} "
                "interrupted before their first epoch): lower the learning rates, or train for longer"
            )
        number, network = self.network
        trial = self.trials[number]
        about = {"trial": number, "epoch": trial.epoch, "params": trial.params, "seed": self.plan.seed}
        return Best(trial, Model.of(network, self.plan.data, about))

    @cached_property
    def test_score(self) -> float:
        """The winner's accuracy (or R2) on the test data, which nothing else looks at; NaN where there are none."""
        test = self.plan.data.test
        return math.nan if test is None else self.best.model.evaluate(self.plan.data)[1]

    @cached_property
    def test_errors(self) -> dict[str, dict[str, float]]:
        """A regression winner's errors on the test data in each target's own units; empty of other tasks."""
        data = self.plan.data
        if data.test is None or data.task != "regression":
            return {}
        model = self.best.model
        kinds = {"root_mean_squared_error": model.error, "mean_absolute_error": model.absolute_error}
        return {kind: dict(zip(model.classes, map(float, error(data)), strict=True)) for kind, error in kinds.items()}


def search(
    plan: Plan,
    space: Space,
    *,
    trials: int = 100,
    sampler: str = "random",
    race: str = "none",
    generation: int | None = None,
    workers: int | None = None,
    journal: "Journal | None" = None,
    progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Study:
    """Try ``trials`` proposals of ``space`` and return the study; see `zerokara.tune`, which calls this.

    Args:
        generation: trials proposed at once, at most; None leaves it to the sampler.
        journal: where the study is kept; None keeps it in memory.
        progress: called about four times a second, and once at the end.
        on_epoch: called with every epoch of every population, from the thread that trained it.
    """
    workers = cores() if workers is None else workers
    generation = generation_size(sampler, trials) if generation is None else generation
    check_counts(trials=trials, generation=generation, workers=workers)
    rules = make_race(race)
    maker = make_sampler(sampler, space, plan.seed, trials=trials, generation=generation)
    proposer = Proposer(space, maker, journal)
    sizes = [min(generation, trials - start) for start in range(0, trials, generation)]
    epochs = sum(bracket.epochs for size in sizes for bracket in rules.brackets(size, plan.epochs))
    watch = Watch(trials, epochs, on_epoch)
    done: list[Trial] = []
    best: tuple[Trial, Network] | None = None
    train_seconds = 0.0

    def tick() -> None:
        if progress:
            progress(watch.progress())

    with interruptible() as stop, one_thread():
        for size in sizes:
            if stop.is_set():
                break
            found = train_generation(proposer.ask(size), plan, rules, workers, watch, stop, tick)
            proposer.tell(found.trials)
            done += found.trials
            best = better(best, found.best)
            train_seconds += found.seconds
        interrupted = stop.is_set()
    seconds = time.perf_counter() - watch.started
    tick()
    winner = (best[0].number, best[1]) if best else None
    rounds = tuple(proposer.rounds())
    return Study(space, plan, done, winner, seconds, train_seconds, interrupted, proposer.seconds, rounds)
