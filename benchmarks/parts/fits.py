"""One network, one `fit`: NetworkClassifier against MLPClassifier with the same settings, on one thread and on two."""

from dataclasses import dataclass, replace
from statistics import mean, median

import numpy as np

from benchmarks.contestants import PLAIN, Contestant
from benchmarks.parts.asked import Asked, table, verdict
from benchmarks.work import Work, log_spaced, mnist

ROUNDS = 5
FLOORS = {"W2": 6.0, "MNIST": 1.0}
THREADS = (1, 2)
WAYS = {False: "as it is", True: "standardized, a tenth held out"}
DECAY = 1e-5

SIDES = {
    "NetworkClassifier": Contestant("NetworkClassifier", PLAIN, "benchmarks.ours:fit", ""),
    "MLPClassifier": Contestant("MLPClassifier", PLAIN, "benchmarks.rivals.sklearn_fit:fit", ""),
}

ABOUT = f"""The seconds of `fit` at the same settings and epochs, Adam, in float32, weight decay {DECAY:g}, in \
fresh processes, the two in turn; medians of {ROUNDS}. Data as they are: neither scales nor holds out anything. \
Standardized, a tenth held out: `scaling="standard", validation=0.1` against a Pipeline with StandardScaler and \
`early_stopping=True`. All epochs are trained. Ours evaluates loss and accuracy on the training samples after every \
epoch too, which the other does not. Accuracy: of the networks on the validation or test samples, the mean."""


@dataclass(frozen=True)
class Fits:
    """The seconds and the mean accuracy of each round, by side."""

    work: str
    threads: int
    way: str
    seconds: dict[str, list[float]]
    accuracy: dict[str, float]

    @property
    def ratio(self) -> float:
        """How many times as long the rival takes, at the medians."""
        ours, theirs = (median(self.seconds[side]) for side in SIDES)
        return theirs / ours


def fits(asked: Asked) -> str:
    works = []
    if (w2 := asked.works.get("W2")) is not None:
        # A fit takes a tenth of a second: ten of them.
        lrs = log_spaced(w2.lrs.min(), w2.lrs.max(), 10)
        works.append(replace(w2, lrs=lrs, decays=np.full(10, DECAY)))
    if "W1" in asked.works:  # The work that has MNIST.
        large = replace(mnist(), decays=np.array([DECAY]))
        works.append(large.shortened(1, 2) if asked.quick else large)
    if not works:
        return ""
    found = [measure(asked, work, threads, whole) for work in works for threads in THREADS for whole in WAYS]
    return section(works, found, asked.judge)


def measure(asked: Asked, work: Work, threads: int, whole: bool) -> Fits:
    """Run both sides in turn."""
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    scores: dict[str, list[float]] = {side: [] for side in SIDES}
    for seed in asked.range(ROUNDS):
        for side, contestant in SIDES.items():
            [answer] = asked.run(contestant, work, seed=seed, threads=threads, whole=whole).answers
            seconds[side].append(answer["seconds"])
            scores[side] += answer["scores"]
    return Fits(work.name, threads, WAYS[whole], seconds, {side: mean(own) for side, own in scores.items()})


def section(works: list[Work], found: list[Fits], judge: bool) -> str:
    rows, floors = [], []
    for f in found:
        cells = [f"{median(f.seconds[side]):.3f} ({min(f.seconds[side]):.3f})" for side in SIDES]
        rows.append(
            (f.work, f.way, f.threads, *cells, f"{f.ratio:.2f}", *(f"{f.accuracy[side]:.3f}" for side in SIDES))
        )
        rule = f"{f.work}, {f.way}, BLAS threads {f.threads}: {FLOORS[f.work]:g} times as fast as MLPClassifier"
        floors.append(verdict(f.ratio >= FLOORS[f.work], rule, f"{f.ratio:.2f}", judge))
    about = [f"- {w.name}: {w.trials} x {w.about}, {w.epochs} epochs, {len(w.x_train):,} samples" for w in works]
    heads = ("work", "data", "threads", *(f"{side} s (least)" for side in SIDES), "ratio", "accuracy", "accuracy")
    parts = ["## Fits: one network, as an estimator", ABOUT, "\n".join(about), table(heads, rows, 2), "\n".join(floors)]
    return "\n\n".join(parts)
