"""The store of a study of one process: in memory, or in the journal of a run folder."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from zerokara.engine.trial import Proposal, Trial
from zerokara.samplers.random import RandomSearch
from zerokara.samplers.registry import generation_size, make_local_sampler
from zerokara.space.space import Space
from zerokara.storage.comparison import Comparison
from zerokara.storage.proposer import Proposer
from zerokara.storage.store import Stop
from zerokara.train.ranking import Metric

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from zerokara.samplers.narrowing import Round
    from zerokara.storage.journal import Journal


class Local:
    """A study of one process; implements `zerokara.storage.store.Store`.

    Args:
        space: the search space.
        sampler: the sampler, from `make_sampler` or `make_local_sampler`.
        trials: the total number of trials.
        generation: the maximum number of trials in a generation.
        journal: the journal of the study, which is continued if it has trials; None keeps the study in memory.
        metric: names the values of the study, and sets its direction; None minimizes.
    """

    shared = False
    worker_id = ""

    def __init__(
        self,
        space: Space,
        sampler: "BaseSampler | RandomSearch",
        trials: int,
        generation: int,
        journal: "Journal | None" = None,
        metric: Metric | None = None,
    ) -> None:
        self.space, self.total = space, trials
        self._generation = generation
        self._proposer = Proposer(space, sampler, journal, metric=metric)
        self._ended = self._proposer.ended()

    @classmethod
    def in_memory(
        cls,
        space: Space,
        *,
        trials: int,
        sampler: "str | BaseSampler" = "random",
        seed: int = 0,
        generation: int | None = None,
    ) -> "Local":
        """Return a study in memory with this sampler; generation None is the default of the sampler."""
        size = generation_size(sampler, trials) if generation is None else generation
        return cls(space, make_local_sampler(sampler, space, seed, trials=trials, generation=size), trials, size)

    @property
    def seconds(self) -> float:
        return self._proposer.seconds

    @property
    def sizes(self) -> list[int]:
        begun = self._proposer.sizes
        starts = range(sum(begun), sum(begun) if self.stop else self.total, self._generation)
        return begun + [min(self._generation, self.total - start) for start in starts]

    @property
    def finished(self) -> bool:
        return len(self._ended) >= sum(self.sizes)

    @property
    def stop(self) -> Stop | None:
        return self._proposer.stop(self.total)

    def record_stop(self, stop: Stop) -> None:
        self._proposer.record_stop(stop)

    def generations(self) -> list[tuple[int, range]]:
        begun = self._proposer.sizes
        numbers = [range(start, start + size) for start, size in zip(accumulate([0, *begun]), begun, strict=False)]
        return [(number, own) for number, own in enumerate(numbers) if self._ended.keys() >= {*own}]

    def ask(self) -> tuple[int, list[Proposal]]:
        start, begun = 0, len(self._proposer.sizes)
        for number, size in enumerate(self.sizes):
            if not self._ended.keys() >= {*range(start, start + size)}:
                # One that has begun was interrupted by a kill.
                return number, self._proposer.ask_again(number) if number < begun else self._proposer.ask(size)
            start += size
        return -1, []

    def tell(self, trials: Iterable[Trial]) -> None:
        new = {trial.number: trial for trial in trials if trial.number not in self._ended}
        self._proposer.tell(new.values())
        self._ended |= new

    def report(self, trials: Iterable[Trial]) -> None:
        # A kill in the middle of a commit leaves a generation of which only some trials have ended.
        self._proposer.report(trial for trial in trials if trial.number not in self._ended)

    def ended(self) -> Mapping[int, Trial]:
        return self._ended

    def send_heartbeat(self) -> None:
        """Do nothing: there is no other process."""

    def write_comparison(self, comparison: Comparison) -> None:
        self._proposer.write_comparison(comparison)

    def rounds(self) -> "Sequence[Round]":
        return self._proposer.rounds()
