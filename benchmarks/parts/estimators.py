"""What tuned estimators are worth in the same time: ours against scikit-learn's searches over its own networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from statistics import mean, median, stdev
from typing import Any

from benchmarks.contestants import PLAIN, Contestant
from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.splits import DATA, split
from benchmarks.work import Work

SPLITS, FIRST_SEED = 20, 1000
EPOCHS = 100
QUICK = {"trials": 6, "epochs": 10}
START, MORE = 4, 1.1

OURS = Contestant("zerokara", PLAIN, "benchmarks.ours:tuned", "TunedNetworkClassifier, TunedNetworkRegressor")
SEARCHES = {
    "RandomizedSearchCV": Contestant("RandomizedSearchCV", PLAIN, "benchmarks.rivals.sklearn_search:search", "random"),
    "HalvingRandomSearchCV": Contestant(
        "HalvingRandomSearchCV", PLAIN, "benchmarks.rivals.sklearn_search:search", "halving"
    ),
}
TREES = Contestant("HistGradientBoosting", PLAIN, "benchmarks.rivals.sklearn_search:boosted", "as it comes")

ABOUT = f"""Accuracy, or R2, on a quarter of the samples, over {SPLITS} splits (seeds {FIRST_SEED} to \
{FIRST_SEED + SPLITS - 1}, on which nothing was tuned) that all contestants share, on two cores, in float32. Ours is \
TunedNetworkClassifier() or TunedNetworkRegressor() as they come: the default search of `zk.tune`, whose model is a \
weighted mean of fold networks. The searches go over MLPClassifier or MLPRegressor, as a user would write them: the \
learning rate from 3e-4 to 3e-2, the weight decay from 1e-5 to 0.1 (alpha divided by the batch size), three sets of \
layers, the batch size that ours takes, at most {EPOCHS} epochs, five folds, inputs standardized by a Pipeline and \
targets by a TransformedTargetRegressor, `n_jobs=2`. Equal time: in every split a search gets so \
many candidates that it takes at least the seconds that ours took there; a search that was shorter is run again with \
more, and only the last one counts. The halving search has `min_resources="exhaust"`, so that its last rung has all \
samples. Each runs in a fresh process that is warm: the clock is that of `fit`, refitting included, with no worker \
processes to start. Mean and standard error over the splits; ahead: the mean of our score less theirs, split by \
split, and that in its standard errors."""


@dataclass(frozen=True)
class Result:
    """What a contestant came to in one split: the seconds of `fit`, the score, how many candidates or trials."""

    seconds: float
    score: float
    count: int = 0


Results = Mapping[str, list[Result]]
"""The results of each contestant, in the order of the splits; ours first."""


def estimators(asked: Asked) -> str:
    names = list(DATA)[:2] if asked.quick else list(DATA)
    found = {name: measure(asked, name) for name in names}
    return section(found, asked.judge)


def measure(asked: Asked, name: str) -> Results:
    """Run all contestants on all splits of a data set."""
    found: dict[str, list[Result]] = {side: [] for side in (OURS.name, *SEARCHES, TREES.name)}
    counts = dict.fromkeys(SEARCHES, START)
    for k in asked.range(SPLITS):
        seed = FIRST_SEED + k
        work = split(name, seed, EPOCHS // 10 if asked.quick else EPOCHS)
        ours = run(asked, OURS, work, seed=seed, **(QUICK if asked.quick else {}))
        found[OURS.name].append(ours)
        for side, contestant in SEARCHES.items():
            last = found[side][-1] if found[side] else None
            count = enough(last, ours.seconds) if last else counts[side]
            while True:
                result = run(asked, contestant, work, kind=contestant.detail, seed=seed, count=count)
                if result.seconds >= ours.seconds:
                    break
                count = max(count + 1, enough(result, ours.seconds))
            found[side].append(result)
        found[TREES.name].append(run(asked, TREES, work, seed=seed))
    return found


def run(asked: Asked, contestant: Contestant, work: Work, **settings: Any) -> Result:
    [answer] = asked.run(contestant, work, **settings).answers
    return Result(**answer)


def enough(past: Result, seconds: float) -> int:
    """Return how many candidates will take so many seconds, and a little more, going by a search of the past."""
    return max(1, ceil(past.count * MORE * seconds / past.seconds))


def error(values: list[float]) -> float:
    """Return the standard error of a mean; of one value there is none: 0."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def ahead(found: Results, side: str) -> tuple[float, float]:
    """Return the mean of our score less another's, split by split, and its standard error."""
    differences = [own.score - other.score for own, other in zip(found[OURS.name], found[side], strict=True)]
    return mean(differences), error(differences)


def in_errors(difference: float, of: float) -> str:
    """Return a difference in its standard errors."""
    return f"{difference / of:+.1f}" if of else ("0" if not difference else f"{difference:+.4f}, no spread")


def section(data: Mapping[str, Results], judge: bool) -> str:
    rows, floors = [], []
    for name, found in data.items():
        for side, results in found.items():
            scores = [result.score for result in results]
            cells = [f"{mean(scores):.4f}", f"{error(scores):.4f}"]
            difference, of = ahead(found, side)
            cells += ["", ""] if side == OURS.name else [f"{difference:+.4f}", in_errors(difference, of)]
            seconds = [result.seconds for result in results]
            count = median(result.count for result in results)
            cells += [f"{median(seconds):.2f}", f"{min(seconds):.2f}", f"{count:g}" if count else ""]
            rows.append((name, side, *cells))
    for side in SEARCHES:
        won = [ahead(found, side)[0] > 0 for found in data.values()]
        for name, found in data.items():
            difference, of = ahead(found, side)
            rule = f"{name}: not behind {side} by more than one standard error"
            said = f"{difference:+.4f}, standard error {of:.4f}"
            floors.append(verdict(difference >= -of, rule, said, judge))
        floors.append(verdict(sum(won) * 2 > len(won), f"ahead of {side} on most", f"{sum(won)} of {len(won)}", judge))
    heads = ("data", "contestant", "mean", "standard error", "ahead", "in errors", "median s", "least s", "tried")
    return "\n\n".join(["## Estimators: quality in the same time", ABOUT, table(heads, rows, 2), "\n".join(floors)])
