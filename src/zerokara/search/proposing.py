"""What to try next: an Optuna study that is asked and told a generation at a time."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from zerokara.errors import unknown
from zerokara.search.space import Space
from zerokara.search.trial import Proposal, Trial

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from zerokara.search.journal import Journal

DIVERGED = 1e39
"""The value told for a diverged trial: above every float32, yet finite: Optuna's samplers drop a NaN."""


def _random(seed: int) -> "BaseSampler":
    from optuna.samplers import RandomSampler

    return RandomSampler(seed)


SAMPLERS: dict[str, Callable[[int], "BaseSampler"]] = {"random": _random}
"""What can propose: makes the Optuna sampler of one trial from a seed."""


def make_sampler(name: str, seed: int) -> "BaseSampler":
    """Return the sampler of this name, which proposes the same for a trial's number at every start."""
    from zerokara.search.reseeding import Reseeded

    if name not in SAMPLERS:
        raise unknown("sampler", name, SAMPLERS)
    return Reseeded(SAMPLERS[name], seed)


class Proposer:
    """Proposes trials of a space and learns how they ended, in one Optuna study.

    Args:
        space: what is searched.
        sampler: what chooses, from ``make_sampler``.
        journal: where the study is kept, and goes on from if it holds one; None keeps it in memory.

    >>> from zerokara.search.space import log
    >>> proposer = Proposer(Space({"lr": log(1e-4, 1e-1)}), make_sampler("random", seed=0))
    >>> [proposal] = proposer.ask(1)
    >>> proposal.number, 1e-4 <= proposal.params["lr"] <= 1e-1
    (0, True)
    >>> proposer.tell([Trial(0, proposal.params, "complete", value=0.5, epochs=1, epoch=1, curves={})])
    >>> proposer.study.best_value
    0.5
    """

    def __init__(
        self, space: Space, sampler: "BaseSampler", journal: "Journal | None" = None, name: str = "zerokara"
    ) -> None:
        import optuna

        self._space = space
        self._journal = journal
        with self._generation():
            self._storage = journal.storage() if journal else optuna.storages.InMemoryStorage()
            self.study = optuna.create_study(
                storage=self._storage, sampler=sampler, study_name=name, load_if_exists=True
            )
        self._study_id = self._storage.get_study_id_from_name(name)

    def ask(self, count: int) -> list[Proposal]:
        """Return the next trials to run, all proposed from what has been told so far."""
        ranges = self._space.distributions()
        with self._generation():
            trials = [self.study.ask(ranges) for _ in range(count)]
        return [Proposal(trial.number, self._space.decode(trial.params)) for trial in trials]

    def tell(self, trials: Iterable[Trial]) -> None:
        """Record how trials ended, in the order of their numbers, whatever order they ended in.

        A trial that did not simply complete has its state as an attribute; samplers learn from a diverged
        one that it was the worst, and from an interrupted one nothing.
        """
        from optuna.trial import TrialState

        with self._generation():
            for trial in sorted(trials, key=lambda trial: trial.number):
                if trial.state == "complete":
                    self.study.tell(trial.number, trial.value)
                    continue
                key = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, trial.number)
                self._storage.set_trial_user_attr(key, "state", trial.state)
                if trial.state == "diverged":
                    self.study.tell(trial.number, DIVERGED)
                else:
                    self.study.tell(trial.number, state=TrialState.FAIL)

    @contextmanager
    def _generation(self) -> Iterator[None]:
        """Commit what the block logs at its end; keep Optuna quiet meanwhile, and nowhere else."""
        import optuna

        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(max(verbosity, optuna.logging.WARNING))
        try:
            with warnings.catch_warnings(), self._journal.generation() if self._journal else nullcontext():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                yield
        finally:
            optuna.logging.set_verbosity(verbosity)
