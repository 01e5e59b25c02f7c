"""The time to a good network: zerokara raced by halving against Optuna driving PyTorch eager, with its pruners."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.contestants import PER_CORE, PLAIN, Contestant
from benchmarks.parts.asked import OURS, Asked, table, verdict
from benchmarks.work import Work

SEEDS = 10
WITHIN = 1.02
FLOORS = {"W1": 2.5, "W2": 6.0}
PRUNERS = ("HyperbandPruner", "SuccessiveHalvingPruner", "SuccessiveHalvingPruner, as it comes")

RACED = Contestant("zerokara", PLAIN, "benchmarks.ours:trace", "zk.tune, halving", {"race": "halving"})
OPTUNA = Contestant("Optuna with PyTorch eager", PER_CORE, "benchmarks.rivals.optuna_race:run", "", {"shared": False})

Trace = list[tuple[float, float]]
"""The (seconds, validation loss) of each epoch that beat all before it."""

ABOUT = """The seconds from the call until the validation loss of some network, at some epoch, is within 2 % of the \
best of the full search of the same seed (100 random trials). Both sides have their own full search, of the same trials \
as the race; the goal is the easier of the two. zerokara races its 100 trials; Optuna goes on with new ones until the \
goal is reached or its budget is spent, which is the time of its own full search without a pruner. A miss, ours too, \
counts as that budget. Optuna: RandomSampler, one process per core with one thread each, one study in a journal file \
in memory, a report and a question to the pruner after each epoch; training data are not scored."""


@dataclass(frozen=True)
class Seed:
    """One seed of one work: the best loss of each full search, the budget in seconds, and the traces by name."""

    ours: float
    theirs: float
    budget: float
    traces: dict[str, Trace]

    @property
    def goal(self) -> float:
        """The loss to reach."""
        return WITHIN * max(self.ours, self.theirs)

    def seconds(self, name: str) -> float | None:
        """Return when a contestant reached the goal; None if it missed."""
        return next((at for at, loss in self.traces[name] if loss <= self.goal and at <= self.budget), None)


def rival_races(asked: Asked) -> str:
    works = [asked.works[name] for name in FLOORS if name in asked.works]
    if not works:
        return ""
    parts = ["## Rival races: the time to a good network", ABOUT]
    for work in works:
        seeds = [measure(asked, work, seed) for seed in asked.range(SEEDS)]
        parts += section(work.name, seeds, not asked.quick)
    return "\n\n".join(parts)


def measure(asked: Asked, work: Work, seed: int) -> Seed:
    ours = asked.run(OURS, work, seed=seed, race="none").answers[0]["loss"]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        full = asked.run(OPTUNA, work, {"journal": f"{folder}/full"}, seed=seed)
        theirs = min(loss for answer in full.answers for _, loss, _ in answer)
        found = Seed(ours, theirs, full.seconds, {})
        found.traces["zerokara"] = asked.run(RACED, work, seed=seed).answers[0]
        for number, pruner in enumerate(PRUNERS):
            aside = {"journal": str(Path(folder) / str(number)), "goal": WITHIN * min(ours, theirs), "budget": found.budget}
            run = asked.run(OPTUNA, work, aside, seed=seed, pruner=pruner)
            found.traces[pruner] = sorted((at, loss) for answer in run.answers for at, loss, _ in answer)
    return found


def section(work: str, seeds: list[Seed], judge: bool) -> list[str]:
    middle, rows = {}, []
    for name in seeds[0].traces:
        reached = [seed.seconds(name) for seed in seeds]
        counted = [seed.budget if at is None else at for at, seed in zip(reached, seeds, strict=True)]
        middle[name] = median(counted)
        hits = sum(at is not None for at in reached)
        cells = (f"{seconds:.2f}" for seconds in (middle[name], min(counted), max(counted)))
        rows.append((name if name == "zerokara" else f"{OPTUNA.name}, {name}", *cells, f"{hits} of {len(seeds)}"))
    best = min((name for name in middle if name != "zerokara"), key=middle.__getitem__)
    ratio = middle[best] / middle["zerokara"]
    bests = (median(seed.ours for seed in seeds), median(seed.theirs for seed in seeds))
    return [
        f"### {work}",
        table((work, "median s", "min", "max", "reached"), rows),
        f"Median best loss of the full searches: ours {bests[0]:.4f}, theirs {bests[1]:.4f}; "
        f"median budget: {median(seed.budget for seed in seeds):.1f} s.",
        verdict(ratio >= FLOORS[work], f"{work} at {FLOORS[work]:g} times the better pruner ({best})", f"{ratio:.2f}", judge),
    ]
