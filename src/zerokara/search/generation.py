"""One generation of trials, from proposals to results: populations train in lockstep and race at rungs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zerokara.nn import Network
from zerokara.search.cohort import shards
from zerokara.search.plan import Plan
from zerokara.search.population import Population, regroup
from zerokara.search.progress import Watch
from zerokara.search.race import Bracket, Race
from zerokara.search.trial import Proposal, Trial
from zerokara.search.workers import work_through


@dataclass(frozen=True)
class Generation:
    """The trials of a generation by number, the best with its network, and the seconds inside trainers."""

    trials: list[Trial]
    best: tuple[Trial, Network] | None
    seconds: float


def train_generation(
    proposals: Sequence[Proposal],
    plan: Plan,
    race: Race,
    workers: int,
    watch: Watch,
    stop: threading.Event,
    tick: Callable[[], None],
) -> Generation:
    """Train the proposals, dealt to the brackets of the race in order, until the race or ``stop`` ends it."""
    parts, start = [], 0
    for bracket in race.brackets(len(proposals), plan.epochs):
        own = proposals[start : start + bracket.trials]
        parts.append(_train_bracket(own, plan, bracket, workers, watch, stop, tick))
        start += bracket.trials
    trials = sorted((trial for part in parts for trial in part.trials), key=lambda trial: trial.number)
    return Generation(trials, better(*(part.best for part in parts)), sum(part.seconds for part in parts))


def _train_bracket(
    proposals: Sequence[Proposal],
    plan: Plan,
    bracket: Bracket,
    workers: int,
    watch: Watch,
    stop: threading.Event,
    tick: Callable[[], None],
) -> Generation:
    populations = [Population(shard, plan) for shard in shards(proposals, plan, workers)]
    settled: list[Trial] = []
    best: tuple[Trial, Network] | None = None
    seconds = 0.0
    for rung in bracket.rungs:

        def advance(population: Population, rung: int = rung) -> None:
            try:
                population.advance(rung, watch.epoch, stop.is_set)
            except BaseException:
                stop.set()  # Or the other populations would train on for nothing.
                raise

        work_through(populations, advance, workers, tick)
        seconds += sum(population.seconds for population in populations)
        standing = [(population, population.trials()) for population in populations]
        going: set[int] = set()
        if rung < plan.epochs and not stop.is_set():
            ranked = sorted((trial for _, trials in standing for trial in trials), key=lambda t: t.rank_key)
            alive = {trial.number for trial in ranked if trial.state != "diverged"}
            going = alive.intersection(bracket.survivors([trial.number for trial in ranked]))
        for population, trials in standing:
            leaving = [trial for trial in trials if trial.number not in going]
            # The winner may come from any rung: those who go on can get worse.
            best = better(best, population.best(leaving))
            if not stop.is_set():
                leaving = [replace(t, state="pruned") if t.state == "interrupted" else t for t in leaving]
            settled += leaving
            watch.settle(leaving)
        if not going:
            break
        populations = regroup(populations, going, workers)
    return Generation(settled, best, seconds)


def better(*candidates: tuple[Trial, Network] | None) -> tuple[Trial, Network] | None:
    """Return the best of the candidates by value, ties to the lower number."""
    return min((c for c in candidates if c), key=lambda candidate: candidate[0].rank_key, default=None)
