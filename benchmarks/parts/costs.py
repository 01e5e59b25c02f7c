"""What a search costs beside training, and what a trial costs when there are a hundred times as many."""

from dataclasses import dataclass
from statistics import median

from benchmarks.contestants import PLAIN, Contestant
from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.work import w2

COST = Contestant("zerokara", PLAIN, "benchmarks.ours:cost", "zk.tune with a run folder", {"warm_up": False})

FEW, MANY = 100, 10_000
FEW_ROUNDS, BEFORE = 5, 3
EPOCHS = {"halving": 20, "none": 5}
PROPOSING, MEMORY, TIME = 0.05, 5.0, 0.15

ABOUT = f"""zk.tune, random, with a run folder. Raced W1: the share of the study's seconds that proposing and keeping \
it took, the median of three. W2 with {FEW} trials (the median of {FEW_ROUNDS} runs) and with {MANY} (one run), raced \
by halving (20 epochs) and in full ({EPOCHS["none"]} epochs): the study's seconds for a trial, and the peak memory of \
the process, each in a fresh one."""


@dataclass(frozen=True)
class Growth:
    """The cost of few trials and of many: how many, milliseconds a trial, and peak memory in KB; all in one process?"""

    race: str
    few: tuple[int, float, float]
    many: tuple[int, float, float]
    alone: bool = True

    @property
    def memory(self) -> float:
        """KB more for each further trial."""
        return (self.many[2] - self.few[2]) / (self.many[0] - self.few[0])

    @property
    def time(self) -> float:
        """How much more time a trial takes among many, as a part of what it takes among few."""
        return self.many[1] / self.few[1] - 1


def costs(asked: Asked) -> str:
    shares = []
    if work := asked.works.get("W1"):
        found = [asked.run(COST, work, seed=seed, race="halving").answers[0] for seed in range(3)]
        shares = [cost["proposing"] / cost["seconds"] for cost in found]
    growths = [growth(asked, race) for race in EPOCHS if "W2" in asked.works]
    return section(shares, growths, asked.judge) if shares or growths else ""


def growth(asked: Asked, race: str) -> Growth:
    epochs = EPOCHS[race] // (5 if asked.quick else 1)
    few, many = (w2(n).shortened(n, epochs) for n in (FEW, MANY // (10 if asked.quick else 1)))
    # Few before and after the many: a machine that slows down in between slows both.
    order = [few] * BEFORE + [many] + [few] * (FEW_ROUNDS - BEFORE)
    found: dict[int, list[dict[str, float]]] = {few.trials: [], many.trials: []}
    for work in order:
        own = found[work.trials]
        own += asked.run(COST, work, seed=len(own), race=race).answers
    ends = [
        (trials, median(1e3 * cost["seconds"] / trials for cost in costs), median(cost["peak"] for cost in costs))
        for trials, costs in found.items()
    ]
    return Growth(race, *ends, alone=not any(cost["children"] for costs in found.values() for cost in costs))


def section(shares: list[float], growths: list[Growth], judge: bool) -> str:
    rows = [
        (f"W2, race {g.race}", trials, f"{milliseconds:.2f}", f"{peak / 1024:.0f}")
        for g in growths
        for trials, milliseconds, peak in (g.few, g.many)
    ]
    floors = []
    if shares:
        share = median(shares)
        rule = f"raced W1: proposing and bookkeeping take at most {PROPOSING:.0%}"
        floors.append(verdict(share <= PROPOSING, rule, f"{share:.1%}", judge))
    for g in growths:
        where = f"W2 from {g.few[0]} to {g.many[0]} trials, race {g.race}"
        floors.append(
            verdict(g.memory < MEMORY, f"{where}: less than {MEMORY:g} KB a trial", f"{g.memory:.1f} KB", judge)
        )
        floors.append(verdict(g.alone, f"{where}: in one process", "yes" if g.alone else "no", judge))
        rule = f"{where}: at most {TIME:.0%} more time a trial"
        floors.append(verdict(g.time <= TIME, rule, f"{g.time:+.0%}", judge))
    parts = ["## Costs: proposing, memory, many trials", ABOUT]
    if rows:
        parts.append(table(("search", "trials", "ms a trial", "peak MB"), rows))
    return "\n\n".join([*parts, "\n".join(floors)])
