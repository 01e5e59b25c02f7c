"""The raced search of W1 against the full search, seed by seed, and against the textbook loop."""

from dataclasses import dataclass
from statistics import median

from benchmarks.contestants import CONTESTANTS, PLAIN
from benchmarks.parts.asked import OURS, Asked, table, verdict
from benchmarks.report import fastest
from benchmarks.work import Work

SEEDS = 20
RACE = "halving:3:1"
FOUND, SHARE, FACTOR = 0.9, 1 / 8, 115.0


@dataclass(frozen=True)
class Pair:
    """Both searches of one seed: (winner, its loss, network-epochs, seconds) each."""

    seed: int
    full: tuple[int, float, int, float]
    raced: tuple[int, float, int, float]

    @property
    def found(self) -> bool:
        """Whether the race found the same winner, or one with an equal or lower validation loss."""
        return self.raced[0] == self.full[0] or self.raced[1] <= self.full[1]


def races(asked: Asked) -> str:
    if (work := asked.works.get("W1")) is None:
        return ""
    pairs = []
    for seed in asked.range(SEEDS):
        runs = [asked.run(OURS, work, seed=seed, race=race) for race in ("none", RACE)]
        full, raced = ((*(r.answers[0][key] for key in ("best", "loss", "epochs")), r.seconds) for r in runs)
        pairs.append(Pair(seed, full, raced))
    return section(pairs, textbook(asked, work), asked.judge)


def textbook(asked: Asked, work: Work) -> tuple[float, str]:
    """Return the seconds of the textbook loop as its users run it: those of the table, or from a part of its trials."""
    if row := fastest(asked.rows, work.name, "textbook loop", PLAIN):
        return row.median, f"the median of {len(row.seconds)} above"
    loop = next(c for c in CONTESTANTS if c.name == "textbook loop" and c.way == PLAIN)
    few = work.shortened(max(1, work.trials // 10), work.epochs)
    return (
        asked.run(loop, few).seconds * work.trials / few.trials,
        f"{few.trials} trials, times {work.trials / few.trials:g}",
    )


def section(pairs: list[Pair], loop: tuple[float, str], judge: bool) -> str:
    found = sum(pair.found for pair in pairs)
    share = max(pair.raced[2] / pair.full[2] for pair in pairs)
    seconds = median(pair.raced[3] for pair in pairs)
    rows = [
        (
            p.seed,
            p.full[0],
            f"{p.full[1]:.4f}",
            f"{p.full[3]:.2f}",
            p.raced[0],
            f"{p.raced[1]:.4f}",
            f"{p.raced[3]:.2f}",
        )
        for p in pairs
    ]
    heads = ("seed", "full: winner", "loss", "s", "raced: winner", "loss", "s")
    return "\n\n".join(
        [
            "## Races: W1 by halving against the full search",
            f"zk.tune, random, {RACE}; winner: the number of the trial; loss: its validation loss, "
            f"by which trials are ranked. The textbook loop ({loop[1]}) takes {loop[0]:.1f} s.",
            table(heads, rows, 0),
            "\n".join(
                [
                    verdict(
                        found >= FOUND * len(pairs),
                        f"same winner, or none with a higher loss, in {FOUND:.0%} of the seeds",
                        f"{found} of {len(pairs)}",
                        judge,
                    ),
                    verdict(share <= SHARE, "at most 1/8 of the epochs", f"1/{1 / share:.1f}", judge),
                    verdict(
                        loop[0] / seconds >= FACTOR,
                        f"W1 at {FACTOR:g} times textbook loop, {PLAIN}",
                        f"{loop[0] / seconds:.1f} ({seconds:.2f} s)",
                        judge,
                    ),
                ]
            ),
        ]
    )
