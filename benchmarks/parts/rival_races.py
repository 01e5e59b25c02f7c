"""The time to a good network: zerokara raced by halving against Optuna driving PyTorch eager, with its pruners."""

import os
import tempfile
from dataclasses import dataclass
from statistics import median

from benchmarks.contestants import PER_CORE, PLAIN, Contestant
from benchmarks.parts.asked import OURS, Asked, table, verdict
from benchmarks.work import Work

SEEDS = 10
WITHIN = 1.02
FLOORS = {"W1": 2.3, "W2": 4.0}
PRUNERS = ("HyperbandPruner", "SuccessiveHalvingPruner", "SuccessiveHalvingPruner, as it comes")

RUNGS = {"W1": (8, 1), "W2": (6, 4)}
"""The eta and the first rung of ours, and of the pruner that has the same rungs: of eta 2 to 8 and all first rungs,
good ones on seeds 100 to 135, which are not measured here. On W1 the first epoch tells the winner; on W2 the third
does not yet."""

BEST = {"keep_best": True}
UNSCORED = {**BEST, "evaluate_train_every": 1_000}
RACED = Contestant(OURS.name, PLAIN, "benchmarks.ours:trace", "zk.tune, halving", UNSCORED)
OPTUNA = Contestant("Optuna with PyTorch eager", PER_CORE, "benchmarks.rivals.optuna_race:run", "", {"shared": False})

Trace = list[tuple[float, float]]
"""The (seconds, validation loss) of each epoch that beat all before it."""

ABOUT = """The seconds from the call until the validation loss of some network, at some epoch, is within 2 % of the \
best of a full search of the same seed (100 random trials). Both sides have their own full search, and race its trials \
first; they go on with new ones until every goal is reached or the budget is spent: the time of Optuna's full search, \
without a pruner. A miss, ours too, counts as that budget. Three goals: ours for all, which is judged; the easier one \
of both full searches; and each its own. Our trials start from the same weights in a seed, theirs each from its own, \
so their best one is the luckier. Ours ranks trials by their best epoch (keep_best). The better pruner is judged. \
Optuna: RandomSampler, one process per core with one thread each, one study in a journal file in memory, a report and \
a question to the pruner after each epoch; its pruners are Hyperband with eta 3, and successive halving with the rungs \
of ours and with its own settings. Neither scores its training data."""

GOALS = ("ours", "easier", "own")
JUDGED = "ours"


@dataclass(frozen=True)
class Seed:
    """One seed of one work: the best loss of each full search, the budget in seconds, and the traces by name."""

    ours: float
    theirs: float
    budget: float
    traces: dict[str, Trace]

    def goal(self, kind: str, name: str) -> float:
        """Return the loss that a contestant must reach."""
        own = self.ours if name == RACED.name else self.theirs
        return WITHIN * {"easier": max(self.ours, self.theirs), "ours": self.ours, "own": own}[kind]

    def reached(self, kind: str, name: str) -> float | None:
        """Return the seconds after which a contestant reached the goal; None if it missed."""
        goal = self.goal(kind, name)
        return next((at for at, loss in self.traces[name] if loss <= goal and at <= self.budget), None)

    def counted(self, kind: str, name: str) -> float:
        """Return the seconds that count: a miss costs the whole budget."""
        at = self.reached(kind, name)
        return self.budget if at is None else at


def rival_races(asked: Asked) -> str:
    works = [asked.works[name] for name in FLOORS if name in asked.works]
    if not works:
        return ""
    parts = ["## Rival races: the time to a good network", ABOUT]
    for work in works:
        seeds = [measure(asked, work, seed) for seed in asked.range(SEEDS)]
        parts += section(work.name, seeds, asked.judge)
    return "\n\n".join(parts)


def measure(asked: Asked, work: Work, seed: int) -> Seed:
    """Run both full searches of a seed, then the races."""
    eta, first = RUNGS[work.name]
    ours = asked.run(OURS, work, seed=seed, race="none", **BEST).answers[0]["loss"]
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        full = asked.run(OPTUNA, work, {"journal": f"{folder}/full"}, seed=seed)
        theirs = min(loss for answer in full.answers for _, loss, _ in answer)
        found = Seed(ours, theirs, full.seconds, {})
        # The hardest of the goals: what comes before it is in the trace.
        aside = {"goal": WITHIN * min(ours, theirs), "budget": found.budget}
        near = {**aside, "goal": WITHIN * ours}
        run = asked.run(RACED, work, near, seed=seed, race=f"halving:{eta}:{first}")
        found.traces[RACED.name] = run.answers[0]
        for number, pruner in enumerate(PRUNERS):
            kept = {**aside, "journal": f"{folder}/{number}"}
            run = asked.run(OPTUNA, work, kept, seed=seed, pruner=pruner, eta=eta, first=first)
            found.traces[pruner] = sorted((at, loss) for answer in run.answers for at, loss, _ in answer)
    return found


def middle(seeds: list[Seed], kind: str, name: str) -> float:
    """Return the median of a contestant's seconds over the seeds."""
    return median(seed.counted(kind, name) for seed in seeds)


def section(work: str, seeds: list[Seed], judge: bool) -> list[str]:
    names = list(seeds[0].traces)
    rivals = [name for name in names if name != RACED.name]
    rows = []
    for name in names:
        cells = [name if name == RACED.name else f"{OPTUNA.name}, {name}"]
        for kind in GOALS:
            hits = sum(seed.reached(kind, name) is not None for seed in seeds)
            cells += [f"{middle(seeds, kind, name):.2f}", f"{hits} of {len(seeds)}"]
        rows.append(cells)
    ratios = {}
    for kind in GOALS:
        best = min(rivals, key=lambda name: middle(seeds, kind, name))
        ratios[kind] = (middle(seeds, kind, best) / middle(seeds, kind, RACED.name), best)
    ours, theirs = (median(getattr(seed, side) for seed in seeds) for side in ("ours", "theirs"))
    heads = [work, *(head for kind in GOALS for head in (f"{kind}: median s", "reached"))]
    ratio, best = ratios[JUDGED]
    others = ", ".join(f"{kind} {value:.2f}" for kind, (value, _) in ratios.items() if kind != JUDGED)
    rule = f"{work} at {FLOORS[work]:g} times the better pruner ({best})"
    return [
        f"### {work}",
        table(heads, rows),
        f"Median of the full searches' best losses: ours {ours:.4f}, theirs {theirs:.4f}; "
        f"median budget {median(seed.budget for seed in seeds):.1f} s.",
        verdict(ratio >= FLOORS[work], rule, f"{ratio:.2f} (to the other goals: {others})", judge),
    ]
