"""S1: the procedure of section 6.5: coarse powers of ten, sample, evaluate, narrow, repeat.

The initial ranges combine the book's coarse 10^-3 to 10^3 with the 10^-6 and 10^-8 where its search begins. There are
five rounds of twenty networks; after each round the ranges shrink around the best networks so far. Then a Bayesian
sampler, the tree-structured Parzen estimator, proposes the same number of trials.
"""

from matplotlib.figure import Figure
from picture import picture
from row import row

import zerokara as zk
from zerokara.engine.trial import Trial

RANGES = {"lr": (1e-6, 1e3), "weight_decay": (1e-8, 1e3)}
NETWORK = {"hidden": (100,) * 6, "optimizer": "sgd", "batch_size": 100}


def search(sampler: str, trials: int = 100, epochs: int = 50) -> zk.Study:
    """Search with a sampler, ranked by validation loss: on a hundred images many accuracies are equal."""
    data = zk.data.load("mnist").first(500).split(validation=0.2, seed=0, stratify=False)
    space = {name: zk.log(*ends) for name, ends in RANGES.items()} | NETWORK
    return zk.tune(
        data, space, trials=trials, epochs=epochs, sampler=sampler, race="none", seed=0, keep_best=False, refit=0
    )


def best(trials: list[Trial], name: str, low: float, high: float) -> float:
    """Return the best validation accuracy at low <= hyperparameter < high, or 0 if all diverged."""
    here = [trial for trial in trials if low <= trial.params[name] < high and trial.state != "diverged"]
    return max((trial.val_score for trial in here), default=0.0)


def draw(studies: dict[str, zk.Study]) -> Figure:
    """Draw the trials of each search in order, from the top down, over the ranges of its rounds."""
    figure = Figure(figsize=(12, 7.2), layout="constrained")
    grid = figure.subplots(len(studies), len(RANGES), sharex="col", sharey=True)
    for line, (title, study) in zip(grid, studies.items(), strict=True):
        finished, diverged = [], []
        for trial in study.trials:
            (diverged if trial.state == "diverged" else finished).append(trial)
        for axes, name in zip(line, RANGES, strict=True):
            for ranges in study.rounds:
                low, high = ranges.ends(name)
                axes.barh(ranges.trials, high - low, 1, low, color="#e6e6e6")
            x, y, accuracy = zip(*((t.params[name], t.number, t.val_score) for t in finished), strict=True)
            dots = axes.scatter(x, y, 22, accuracy, vmin=0, vmax=0.9, clip_on=False, zorder=3)
            style = {"color": "#b3261e", "ms": 5, "clip_on": False}
            axes.plot([t.params[name] for t in diverged], [t.number for t in diverged], "x", **style)
            axes.plot(study.best.params[name], study.best.number, "*", color="#e0752d", mec="black", ms=16, zorder=4)
            axes.set(xscale="log", xlim=RANGES[name], xlabel=name, ylim=(len(study.trials), -1))
            axes.label_outer()
        line[0].set(ylabel="trial")
        line[0].set_title(title, loc="left", weight="bold")
    figure.colorbar(dots, ax=grid, label="validation accuracy (cross: diverged; star: best)", aspect=40)
    return figure


def main() -> None:
    """Search with both samplers, print the rounds and the best accuracy in each power of ten, and draw the trials."""
    narrow, bayes = search("narrowing"), search("tpe")
    for number, ranges in enumerate(narrow.rounds, start=1):
        print(f"round {number}:", ", ".join("{} {:.1g} to {:.1g}".format(name, *ranges.ends(name)) for name in RANGES))
    trials = [*narrow.trials, *bayes.trials]
    print("\nbest accuracy from 10^k to 10^(k+1)")
    for name, (low, _) in RANGES.items():
        powers = {k: best(trials, name, 10.0**k, 10.0 ** (k + 1)) for k in range(-8, 3) if 10.0**k >= low}
        print(f"{name}:", ", ".join(f"k={k}: {score:.2f}" for k, score in powers.items()))
    reached = [best(trials, "lr", *ends) for ends in ((1e-6, 1e-3), (1e-3, 1e-2), (1e-2, 1), (1, 1e3))]
    decays = [best(trials, "weight_decay", 10.0**k, 10.0 ** (k + 1)) for k in range(-8, -1)]
    row(
        "S1",
        "The procedure: five rounds of narrowing; then a Bayesian sampler with the same budget",
        "works with a learning rate of 0.001 to 0.01 and a weight decay of 1e-8 to 1e-6",
        "best accuracy {:.2f} at learning rates below 0.001, {:.2f} at 0.001 to 0.01, {:.2f} at 0.01 to 1, where the "
        "course's search does not go, {:.2f} above; ".format(*reached)
        + f"in each power of ten of the weight decay up to 0.1 it is {min(decays):.2f} to {max(decays):.2f}; winners "
        + " and ".join(f"{s.best.val_accuracy:.2f} at a rate of {s.best.params['lr']:.3f}" for s in (narrow, bayes)),
        narrow.seconds + bayes.seconds,
        picture(draw({"narrowing, five rounds": narrow, "Bayesian (tpe)": bayes}), "s1_narrowing"),
    )


if __name__ == "__main__":
    main()
