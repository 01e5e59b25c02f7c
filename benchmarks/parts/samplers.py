"""What the samplers find with the same epochs, seed by seed: random, narrowing, TPE and CMA-ES."""

from statistics import quantiles

from benchmarks.parts.asked import OURS, Asked, table, verdict

SEEDS = 20
SAMPLERS = ("random", "narrowing", "tpe", "cmaes")
WINS = {"W1": 0.7}

ABOUT = """The best validation loss of 100 trials without a race, over the seeds. Searched: the learning rate of the \
work (W1 1e-6 to 1e-2, W2 1e-4 to 1e-1), weight decay 1e-8 to 1e-4, dropout 0 to 0.5. Samplers that learn are asked \
for a fifth of the trials at a time. Wins: the seeds with a lower loss than random's at the same seed, whose networks \
start from the same weights and see the same mini-batches."""

Losses = dict[str, list[float]]
"""The best validation loss of each seed, by sampler."""


def samplers(asked: Asked) -> str:
    parts = ["## Samplers: what they find with the same epochs", ABOUT]
    for name in ("W1", "W2"):
        if work := asked.works.get(name):
            losses: Losses = {sampler: [] for sampler in SAMPLERS}
            for seed in asked.range(SEEDS):
                for sampler in SAMPLERS:
                    run = asked.run(OURS, work, wide=True, sampler=sampler, seed=seed, warm_up=False)
                    losses[sampler].append(run.answers[0]["loss"])
            parts += section(name, losses, asked.judge)
    return "\n\n".join(parts) if len(parts) > 2 else ""


def wins(losses: Losses, sampler: str) -> int:
    """Return in how many seeds a sampler beat random."""
    return sum(own < random for own, random in zip(losses[sampler], losses["random"], strict=True))


def quartiles(values: list[float]) -> list[float]:
    """Return the lower quartile, the median and the upper quartile, each interpolated between the values."""
    return quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def section(work: str, losses: Losses, judge: bool) -> list[str]:
    seeds = len(losses["random"])
    rows = []
    for sampler, values in losses.items():
        low, middle, high = quartiles(values)
        won = "" if sampler == "random" else f"{wins(losses, sampler)} of {seeds}"
        rows.append((sampler, f"{middle:.4f}", f"{low:.4f}", f"{high:.4f}", won))
    ours, random = quartiles(losses["narrowing"])[1], quartiles(losses["random"])[1]
    floors = [
        verdict(
            ours <= random,
            f"{work}: narrowing's median is no higher than random's",
            f"{ours:.4f} to {random:.4f}",
            judge,
        )
    ]
    if work in WINS:
        won = wins(losses, "narrowing")
        rule = f"{work}: narrowing is better than random in {WINS[work]:.0%} of the seeds"
        floors.append(verdict(won >= WINS[work] * seeds, rule, f"{won} of {seeds}", judge))
    heads = (work, "median loss", "lower quartile", "upper quartile", "wins against random")
    return [f"### {work}", table(heads, rows), "\n".join(floors)]
